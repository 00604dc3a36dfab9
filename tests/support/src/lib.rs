//! What the black-box suites share.

pub mod clock;
pub mod databases;
pub mod smtp_server;

pub use clock::TestClock;
pub use databases::{Engine, TestDatabase, engines};
