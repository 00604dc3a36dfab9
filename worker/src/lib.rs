//! The reminder engine: schedule, lease, check again, render, send, record.

pub mod transport;
