//! The client's pages and the calendar feeds, from outside, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod appointment;
mod client;
mod erased;
mod erasure;
mod feeds;
mod life;
mod links;
mod place;
mod wording;
