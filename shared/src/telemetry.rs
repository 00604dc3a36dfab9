//! The log: lines for a person on a terminal, JSON otherwise, always to standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::LogFilter;

/// Starts the log of this process. It can be started once.
pub fn start(filter: &LogFilter) -> Result<(), TryInitError> {
    let log = fmt()
        .with_env_filter(filter.to_filter())
        .with_writer(io::stderr);
    if io::stderr().is_terminal() {
        log.with_target(false).finish().try_init()
    } else {
        log.json().flatten_event(true).finish().try_init()
    }
}
