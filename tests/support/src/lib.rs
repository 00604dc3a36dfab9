//! What the black-box suites share.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says what it leaves out or behind"
)]

pub mod clock;
pub mod databases;

pub use clock::TestClock;
pub use databases::{Engine, TestDatabase, engines};
