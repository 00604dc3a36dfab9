//! What the API and the worker have in common.
//!
//! `domain` holds the rules and does no I/O; `storage` carries them out with Diesel; `mail` turns facts into words.
//! `storage` and `mail` may use `domain`, never the reverse.

pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod failpoint;
pub mod letter;
pub mod links;
pub mod mail;
pub mod storage;
pub mod telemetry;

pub use clock::Clock;
pub use error::{Error, Result};
