//! The rules of a studio, as pure functions and types: nothing here does I/O or reads a clock.

pub mod id;
pub mod instant;
pub mod text;

pub use id::*;
pub use instant::Instant;
