//! The reminder engine against servers that misbehave, and beside other engines.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and the tables are worth reading"
)]

mod chores;
mod engine;
mod faults;
mod model;
mod month;
mod place;
mod removal;
mod studio;
mod workers;
