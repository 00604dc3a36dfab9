//! The binary as whoever installs it meets it: its settings, its start, its end.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod commands;
mod contract;
mod demo;
mod kill;
mod process;
mod settings;
mod up;
