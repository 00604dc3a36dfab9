//! Connections that only read: a pool for all engines, and one inline connection for each thread on SQLite.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool, PooledConnection, R2D2Connection};

use super::dialect::{DatabaseUrl, Db};
use super::kept::{Begin, Commit};
use crate::error::{Error, Result};

/// Opens and checks pooled readers.
struct Manager(DatabaseUrl);

impl ManageConnection for Manager {
    type Connection = Db;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Db, Self::Error> {
        self.0
            .open_reader()
            .map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, connection: &mut Db) -> Result<(), Self::Error> {
        connection.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, connection: &mut Db) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

thread_local! {
    /// The inline readers of this thread, by store: a process has one store, a test run many.
    static INLINE: RefCell<Vec<(u64, Db)>> = const { RefCell::new(Vec::new()) };
}

static NEXT_STORE: AtomicU64 = AtomicU64::new(0);

/// All readers of one store.
pub(super) struct Readers {
    id: u64,
    url: DatabaseUrl,
    pool: Pool<Manager>,
}

impl Readers {
    pub(super) fn open(url: DatabaseUrl) -> Result<Self> {
        let pool = Pool::builder()
            .max_size(url.reader_count())
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(5))
            .test_on_check_out(!url.is_embedded())
            .build(Manager(url.clone()))
            .map_err(Error::internal)?;
        Ok(Self {
            id: NEXT_STORE.fetch_add(1, Ordering::Relaxed),
            url,
            pool,
        })
    }

    pub(super) fn is_inline(&self) -> bool {
        self.url.is_embedded()
    }

    /// Runs a read of several queries on a pooled connection, in one snapshot.
    pub(super) fn pooled<T>(&self, read: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        snapshot(&mut *self.connection()?, read)
    }

    /// Runs a read of one query on a pooled connection: one query needs no transaction to be of one snapshot.
    pub(super) fn pooled_query<T>(&self, read: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        read(&mut *self.connection()?)
    }

    fn connection(&self) -> Result<PooledConnection<Manager>> {
        self.pool.get().map_err(|_busy| Error::Unavailable {
            cause: "no connection for reading is free",
            retry_after_seconds: 1,
        })
    }

    /// Runs a short read on this thread's own connection, in one snapshot.
    pub(super) fn inline<T>(&self, read: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        self.inline_query(|connection| snapshot(connection, read))
    }

    /// The same for a read of one query, without a transaction.
    pub(super) fn inline_query<T>(&self, read: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        // Taken out while in use: after a panic it is gone instead of stuck in its snapshot.
        let kept = INLINE.with_borrow_mut(|connections| {
            let place = connections.iter().position(|(id, _)| *id == self.id)?;
            Some(connections.swap_remove(place).1)
        });
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.url.open_reader().map_err(Error::internal)?,
        };
        let outcome = read(&mut connection);
        INLINE.with_borrow_mut(|connections| connections.push((self.id, connection)));
        outcome
    }
}

/// A deferred transaction: the first query fixes what all the others see.
fn snapshot<T>(connection: &mut Db, read: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
    Begin.execute(connection).map_err(Error::internal)?;
    let outcome = read(connection);
    let ended = Commit.execute(connection);
    if ended.is_err() {
        // A failed query leaves PostgreSQL's transaction aborted; either way the connection must be clean again.
        connection
            .batch_execute("ROLLBACK")
            .map_err(Error::internal)?;
    }
    outcome
}
