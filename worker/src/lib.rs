//! The reminder engine: schedule, lease, check again, render, send, record.
//!
//! Correctness rests on the ledger, never on a timer: [`Engine::tick`] does what is due and returns what came of it,
//! so that a test can drain it. The metronome only calls it.

mod digest;
mod engine;
mod failpoint;
mod metronome;
pub mod transport;

pub use engine::{Engine, EngineOptions, TickOutcome, new_id};
pub use metronome::Running;
