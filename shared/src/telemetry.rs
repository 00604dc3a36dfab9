//! The log: lines for a person on a terminal, JSON otherwise, always to standard error.

use std::io::{self, IsTerminal};

use tracing::Metadata;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::LogFilter;

/// Starts the log of this process. It can be started once. What is no concern of ours is left out at any level.
pub fn start(
    filter: &LogFilter,
    is_our_concern: fn(&Metadata<'_>) -> bool,
) -> Result<(), TryInitError> {
    let log = fmt()
        .with_env_filter(filter.to_filter())
        .with_writer(io::stderr);
    if io::stderr().is_terminal() {
        log.with_target(false)
            .finish()
            .with(filter_fn(is_our_concern))
            .try_init()
    } else {
        log.json()
            .flatten_event(true)
            .finish()
            .with(filter_fn(is_our_concern))
            .try_init()
    }
}
