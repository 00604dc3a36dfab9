//! The one writer of a process: it takes the writes that wait, runs them one after the other and commits them together.
//!
//! The disk's flush is what a durable write costs, so sharing it is what makes many writes cheap. The price is care:
//! when anything about the shared transaction is in doubt, none of its writes is acknowledged; the group is rolled
//! back and each write is run again alone.
//!
//! A write that fails must leave nothing behind. Most that fail are refused before they have stored anything; so where the
//! engine can tell that, a group is first run without savepoints, which cost SQLite a copy of each page that is touched.
//! When a write fails later than that, the group is rolled back and run again with a savepoint around each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use diesel::Connection as _;
use tokio::sync::oneshot;

use super::dialect::{DatabaseUrl, Db, is_out_of_room};
use super::log_copier::LogCopier;
use super::transaction::{NO_ROOM, NO_ROOM_SECONDS};
use crate::error::{Error, Result};
use crate::failpoint;

/// So many writes share one commit at most: enough to hide the flush, few enough that the first needn't wait long for the last.
const LARGEST_GROUP: usize = 32;
/// So many writes may wait; further ones are turned away, to be tried again later.
const QUEUE_LENGTH: usize = 4096;

/// A write that waits for its turn. It may be run more than once, and is told of the end exactly once.
pub(super) trait Write: Send {
    /// Runs inside of a savepoint, so that a failure undoes itself; what it answers is kept until [`Write::finish`].
    fn run(&mut self, connection: &mut Db);
    /// Runs without one, and says whether it succeeded; what a failed one has stored is still there.
    fn run_bare(&mut self, connection: &mut Db) -> bool;
    /// Tells the waiting caller: the kept answer when the commit succeeded, else why not.
    fn finish(self: Box<Self>, committed: Result<()>);
}

/// A write made of a closure.
pub(super) struct ClosureWrite<T, F> {
    closure: F,
    answer: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T, F> ClosureWrite<T, F> {
    pub(super) fn new(closure: F) -> (Self, oneshot::Receiver<Result<T>>) {
        let (caller, answer) = oneshot::channel();
        (
            Self {
                closure,
                answer: None,
                caller,
            },
            answer,
        )
    }
}

impl<T, F> Write for ClosureWrite<T, F>
where
    T: Send,
    F: Fn(&mut Db) -> Result<T> + Send,
{
    fn run(&mut self, connection: &mut Db) {
        let closure = &self.closure;
        let mut refusal = None;
        let ended = connection.transaction(|connection| {
            // Caught here and not outside: a panic that leaves the savepoint open would let the commit lose the group.
            caught(closure, connection).map_err(|error| {
                refusal = Some(error);
                diesel::result::Error::RollbackTransaction
            })
        });
        // Why the closure failed says more than that its savepoint couldn't be rolled back either.
        self.answer = Some(match refusal {
            Some(error) => Err(error),
            None => ended.map_err(Error::internal),
        });
    }

    fn run_bare(&mut self, connection: &mut Db) -> bool {
        let answer = caught(&self.closure, connection);
        let has_succeeded = answer.is_ok();
        self.answer = Some(answer);
        has_succeeded
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let answer = match (committed, self.answer) {
            // An answer that is already an error says more than that its group failed.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(Error::internal("a write was never run")),
            (Err(error), _) => Err(error),
        };
        // A caller that has gone away doesn't undo what is committed.
        let _gone = self.caller.send(answer);
    }
}

/// Runs a closure; its panic is an error like another.
fn caught<T>(closure: &impl Fn(&mut Db) -> Result<T>, connection: &mut Db) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| closure(connection)))
        .unwrap_or_else(|panic| Err(Error::internal(describe_panic(panic.as_ref()))))
}

fn describe_panic(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".to_owned());
    format!("a write panicked: {text}")
}

/// The queue to the writer thread. The thread ends when the last clone of this is dropped.
#[derive(Clone)]
pub(super) struct Writer {
    queue: SyncSender<Box<dyn Write>>,
}

impl Writer {
    /// Starts the writer thread on a connection of its own.
    pub(super) fn start(url: DatabaseUrl, group_commits: bool) -> Result<Self> {
        let connection = url.open_writer().map_err(Error::internal)?;
        let log_copier = LogCopier::start(&url)?;
        let (queue, writes) = sync_channel(QUEUE_LENGTH);
        let largest_group = if group_commits { LARGEST_GROUP } else { 1 };
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                WriterThread {
                    url,
                    connection: Some(connection),
                    log_copier,
                    largest_group,
                }
                .serve(&writes)
            })
            .map_err(Error::internal)?;
        Ok(Self { queue })
    }

    /// Puts a write in the queue.
    pub(super) fn enqueue(&self, write: Box<dyn Write>) -> Result<()> {
        self.queue
            .try_send(write)
            .map_err(|_full_or_gone| Error::Unavailable {
                cause: "too many writes wait",
                retry_after_seconds: 1,
            })
    }
}

struct WriterThread {
    url: DatabaseUrl,
    connection: Option<Db>,
    log_copier: LogCopier,
    largest_group: usize,
}

impl WriterThread {
    fn serve(mut self, writes: &Receiver<Box<dyn Write>>) {
        while let Ok(first) = writes.recv() {
            let mut group = vec![first];
            while group.len() < self.largest_group {
                match writes.try_recv() {
                    Ok(write) => group.push(write),
                    Err(_none_waits) => break,
                }
            }
            self.run_group(group);
        }
    }

    fn run_group(&mut self, mut group: Vec<Box<dyn Write>>) {
        match self.try_group(&mut group) {
            GroupEnd::Committed => {
                self.log_copier.has_written(group.len());
                for write in group {
                    write.finish(Ok(()));
                }
            }
            GroupEnd::NotBegun(cause) => {
                tracing::error!(cause = %cause, writes = group.len(), "no write transaction could be begun");
                self.connection = None;
                for write in group {
                    write.finish(Err(Error::Unavailable {
                        cause: "no write could be begun",
                        retry_after_seconds: 1,
                    }));
                }
            }
            GroupEnd::NoRoom => {
                tracing::error!(writes = group.len(), "the database has no room left");
                self.connection = None;
                for write in group {
                    write.finish(Err(Error::Unavailable {
                        cause: NO_ROOM,
                        retry_after_seconds: NO_ROOM_SECONDS,
                    }));
                }
            }
            GroupEnd::Unknown(cause) => {
                tracing::error!(cause = %cause, writes = group.len(), "the connection was lost during a commit");
                self.connection = None;
                for write in group {
                    // Not run again: a caller with an idempotency key can find out, this thread can't.
                    write.finish(Err(Error::internal(format!(
                        "whether the write is stored is not known: {cause}"
                    ))));
                }
            }
            GroupEnd::Lost { culprit, cause } => {
                tracing::error!(cause = %cause, writes = group.len(), "a group of writes was rolled back");
                // What the connection still believes about its transaction can't be trusted.
                self.connection = None;
                let alone = group.len() == 1;
                for (place, write) in group.into_iter().enumerate() {
                    if alone || culprit == Some(place) {
                        write.finish(Err(Error::internal(cause.clone())));
                    } else {
                        self.run_group(vec![write]);
                    }
                }
            }
        }
    }

    fn try_group(&mut self, group: &mut [Box<dyn Write>]) -> GroupEnd {
        let connection = match self
            .connection
            .take()
            .map_or_else(|| self.url.open_writer(), Ok)
        {
            Ok(connection) => self.connection.insert(connection),
            Err(error) => return GroupEnd::NotBegun(error.to_string()),
        };
        let mut undo = Undo::Together;
        loop {
            if let Err(error) = connection.begin_write() {
                return GroupEnd::NotBegun(error.to_string());
            }
            match run_all(connection, group, undo) {
                Ran::Well => break,
                Ran::Torn { culprit, cause } => {
                    return GroupEnd::Lost {
                        culprit: Some(culprit),
                        cause,
                    };
                }
                Ran::HalfDone => {
                    if let Err(error) = connection.roll_back_write() {
                        return GroupEnd::NotBegun(error.to_string());
                    }
                    undo = Undo::Each;
                }
            }
        }
        failpoint::reach("before_commit");
        match connection.commit_write() {
            Ok(()) => {
                failpoint::reach("after_commit");
                GroupEnd::Committed
            }
            Err(failure) if is_out_of_room(&failure.error) => GroupEnd::NoRoom,
            Err(failure) if failure.nothing_is_stored => GroupEnd::Lost {
                culprit: None,
                cause: format!("the commit failed: {}", failure.error),
            },
            Err(failure) => GroupEnd::Unknown(failure.error.to_string()),
        }
    }
}

/// Runs the writes of a group inside of its transaction, up to the first that it can't stand with.
fn run_all(connection: &mut Db, group: &mut [Box<dyn Write>], undo: Undo) -> Ran {
    for (place, write) in group.iter_mut().enumerate() {
        let torn = |cause: String| Ran::Torn {
            culprit: place,
            cause,
        };
        let changed_before = match undo {
            Undo::Together => connection.rows_changed(),
            Undo::Each => Ok(None),
        };
        let stands = match changed_before {
            Ok(None) => {
                write.run(connection);
                Ok(true)
            }
            Ok(before) => match write.run_bare(connection) {
                true => Ok(true),
                false => connection.rows_changed().map(|after| after == before),
            },
            Err(error) => Err(error),
        };
        if !connection.is_whole_write() {
            return torn("the transaction ended in the middle of the group".to_owned());
        }
        match stands {
            Ok(true) => {}
            Ok(false) => return Ran::HalfDone,
            Err(error) => return torn(error.to_string()),
        }
    }
    Ran::Well
}

/// How what a failed write has stored is undone.
#[derive(Clone, Copy)]
enum Undo {
    /// With the whole group, which is then run again.
    Together,
    /// By a savepoint around each write.
    Each,
}

/// How the writes of a group were run.
enum Ran {
    /// Each succeeded, or left nothing behind.
    Well,
    /// One failed and what it has stored is still there.
    HalfDone,
    /// After this write the transaction wasn't what it was.
    Torn { culprit: usize, cause: String },
}

/// How a group ended.
enum GroupEnd {
    /// Durable, all of it.
    Committed,
    /// Nothing was run.
    NotBegun(String),
    /// Nothing is kept, since the disk is full.
    NoRoom,
    /// All of it is kept or nothing, and nobody can say which.
    Unknown(String),
    /// Nothing of it is kept.
    Lost {
        /// The write after which the transaction was found broken.
        culprit: Option<usize>,
        cause: String,
    },
}
