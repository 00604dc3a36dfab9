//! The reminder engine: schedule, lease, check again, render, send, record.
//!
//! Correctness rests on the ledger, never on a timer: [`Engine::tick`] does what is due and returns what came of it,
//! so that a test can drain it. The metronome only calls it.

mod delivery;
mod digest;
mod engine;
mod metronome;
mod options;
mod outcome;
mod pause;
pub mod transport;

pub use engine::Engine;
pub use metronome::Running;
pub use options::{EngineOptions, new_id};
pub use outcome::TickOutcome;
