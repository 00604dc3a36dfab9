//! The rules of a studio, as pure functions and types: nothing here does I/O or reads a clock.

pub mod availability;
pub mod client;
pub mod gap;
pub mod hours;
pub mod id;
pub mod instant;
pub mod interval;
pub mod local_time;
pub mod lot;
pub mod nonconformity;
pub mod number;
pub mod overlap;
pub mod patch;
pub mod pigment;
pub mod practitioner;
pub mod reminder;
pub mod salt;
pub mod schedule;
pub mod session;
pub mod studio;
pub mod task;
pub mod template;
pub mod text;
mod text_enum;
pub mod vocabulary;

pub use id::*;
pub use instant::Instant;
pub use local_time::TimeZoneName;
pub use vocabulary::*;
