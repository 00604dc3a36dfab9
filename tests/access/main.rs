//! Who may do what, and who sees what: the table of all operations, walked with real requests, and the rules behind it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod house;
mod table;
mod walk;
