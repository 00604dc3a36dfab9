//! Copies SQLite's log into its file while writes go on.
//!
//! SQLite does so by itself, in the write that finds the log long: all that wait behind that write then wait for the copying
//! too. Done beside them, little is left for that write to do.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::dialect::{DatabaseUrl, Db};
use crate::error::{Error, Result};

/// So many writes make it worth while: about a quarter of what the log holds when SQLite turns to it itself.
const WORTH_WHILE: usize = 128;

/// The thread that copies, where the engine wants that. It ends when this is dropped.
pub(super) struct LogCopier {
    wake: Option<SyncSender<()>>,
    written: usize,
}

impl LogCopier {
    /// Starts it on a connection of its own.
    pub(super) fn start(url: &DatabaseUrl) -> Result<Self> {
        let Some(connection) = url.open_copier().map_err(Error::internal)? else {
            return Ok(Self {
                wake: None,
                written: 0,
            });
        };
        let (wake, woken) = sync_channel(1);
        std::thread::Builder::new()
            .name("log copier".into())
            .spawn(move || serve(connection, &woken))
            .map_err(Error::internal)?;
        Ok(Self {
            wake: Some(wake),
            written: 0,
        })
    }

    /// Takes note of so many more writes.
    pub(super) fn has_written(&mut self, writes: usize) {
        self.written += writes;
        if self.written < WORTH_WHILE {
            return;
        }
        self.written = 0;
        if let Some(wake) = &self.wake {
            // Where it's still at work it will be woken again soon enough.
            let _busy = wake.try_send(());
        }
    }
}

fn serve(mut connection: Db, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        // What isn't copied now is copied later: the log holds it.
        if let Err(error) = connection.copy_log() {
            tracing::warn!(error = %error, "the log couldn't be copied into the database file");
        }
    }
}
