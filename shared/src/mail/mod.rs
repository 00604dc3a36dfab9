//! Mails: facts into words.
