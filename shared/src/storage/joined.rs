//! Threads whose end is waited for: one that still holds a connection keeps the database from being closed.

use std::thread::{self, JoinHandle};

/// Waits for its thread when it's dropped. Whatever tells the thread to end must be dropped before.
pub(super) struct Joined(Option<JoinHandle<()>>);

impl Joined {
    /// Waits for this one.
    pub(super) fn with(thread: JoinHandle<()>) -> Self {
        Self(Some(thread))
    }

    /// Waits for none.
    pub(super) fn nothing() -> Self {
        Self(None)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // A thread that drops it itself can't wait for its own end.
        if let Some(thread) = self.0.take()
            && thread.thread().id() != thread::current().id()
        {
            let _panicked = thread.join();
        }
    }
}
