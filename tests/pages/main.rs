//! The client's pages and the calendar feeds, from outside, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod appointment;
mod client;
mod feeds;
mod links;
mod place;
