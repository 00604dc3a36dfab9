//! The log: lines for a person on a terminal, JSON otherwise, always to standard error.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::LogFilter;

/// Starts the log of this process. It can be started once.
pub fn start(filter: &LogFilter) -> Result<(), TryInitError> {
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

/// The HTTP server calls it an error of ours when somebody sends what isn't HTTP, or goes away: that's no one's to mend
/// here, and anybody could fill the log with it. It has nothing else to say at this level that isn't told elsewhere.
fn is_our_concern(event: &Metadata<'_>) -> bool {
    !(*event.level() == Level::ERROR && event.target().starts_with("actix_http::h1"))
}
