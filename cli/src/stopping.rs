//! Being asked to stop.

use std::io;
use std::process;

/// So a shell reports a command that was interrupted.
const INTERRUPTED: i32 = 130;

/// The signals that ask a process to stop: ctrl-c, and SIGTERM where there is one.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// From now on these signals no longer end the process by themselves.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// From now on these signals no longer end the process by themselves.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next of them.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the next of them.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        // Where ctrl-c can't be listened for, the process ends by it as any other does.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whoever asks a second time doesn't want to wait for what is under way.
    pub(crate) fn exit_at_the_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("asked twice to stop: leaving at once");
            process::exit(INTERRUPTED);
        });
    }
}
