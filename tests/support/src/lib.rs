//! What the black-box suites share.

pub mod smtp_server;
