//! The binary as whoever installs it meets it: its settings, its start, its end.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![cfg_attr(
    feature = "failpoints",
    expect(clippy::panic, reason = "a process that doesn't end is a surprise")
)]
#![expect(
    clippy::print_stdout,
    reason = "a proof by chance says how much it tried"
)]

mod audit;
mod commands;
mod contract;
#[cfg(feature = "failpoints")]
mod crash;
mod demo;
mod kill;
mod privacy;
mod process;
mod settings;
mod up;
