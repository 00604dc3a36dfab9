//! What the black-box suites share.

mod answer;
pub mod builders;
pub mod certificates;
pub mod clock;
mod contract;
pub mod databases;
pub mod http;
pub mod privacy;
pub mod salon;
pub mod smtp_server;

pub use clock::TestClock;
pub use databases::{Engine, TestDatabase, engines};
pub use http::{Answer, Caller, TestServer};
