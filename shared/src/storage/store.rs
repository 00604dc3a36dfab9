//! The two doors: [`Store::read`] and [`Store::write`].

use std::sync::Arc;

use diesel::prelude::*;

use super::api_keys::ApiKey;
use super::audit::AuditKey;
use super::client_search;
use super::dialect::{DatabaseUrl, Db};
use super::idempotency::{self, Answer, RequestKey};
use super::lots;
use super::products;
use super::readers::Readers;
use super::schema::schema_facts;
use super::transaction::{Actor, Tx, WriteContext};
use super::writer::{ClosureWrite, Writer};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// Where the data is.
    pub url: DatabaseUrl,
    /// What "now" is.
    pub clock: Clock,
    /// The secret of the audit chain.
    pub audit_key: AuditKey,
    /// Whether writes that wait share one commit. Off only to measure what sharing brings.
    pub group_commits: bool,
}

/// The data. Cheap to clone; all clones share the readers and the one writer.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    readers: Readers,
    writer: Writer,
    clock: Clock,
    audit_key: AuditKey,
}

impl Store {
    /// Brings the schema up to date, and says how many migrations were run.
    pub fn migrate(url: &DatabaseUrl) -> Result<usize> {
        let mut connection = url.open_writer().map_err(Error::internal)?;
        let run = connection.migrate()?;
        fold_what_is_not(&mut connection)?;
        Ok(run)
    }

    /// The last act of a process that wrote: on SQLite the file alone holds everything then, for whoever copies it.
    pub fn settle(url: &DatabaseUrl) -> Result<()> {
        match url.open_copier().map_err(Error::internal)? {
            Some(mut connection) => Ok(connection.empty_log()?),
            None => Ok(()),
        }
    }

    /// Opens the data. The schema must be there and not newer than what this release can run on.
    pub fn open(options: StoreOptions) -> Result<Self> {
        let mut connection = options.url.open_writer().map_err(Error::internal)?;
        if connection.has_pending_migrations()? {
            return Err(Error::internal(
                "the database's schema is older than this release: run `stipple migrate`",
            ));
        }
        refuse_newer_schema(&mut connection)?;
        fold_what_is_not(&mut connection)?;
        drop(connection);
        Ok(Self(Arc::new(Inner {
            readers: Readers::open(options.url.clone())?,
            writer: Writer::start(options.url, options.group_commits)?,
            clock: options.clock,
            audit_key: options.audit_key,
        })))
    }

    /// What "now" is for this store.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Reads, in one snapshot, on a thread where blocking does no harm.
    pub async fn read<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.readers.pooled(read))
            .await
            .map_err(Error::internal)?
    }

    /// Reads a few rows by key, in one snapshot. On SQLite this runs here and now, which costs less than a hand-over.
    pub async fn read_by_key<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T> + Send + 'static,
    {
        if self.0.readers.is_inline() {
            self.0.readers.inline(read)
        } else {
            self.read(read).await
        }
    }

    /// Reads with one query by key, which is a snapshot of its own and so needs no transaction.
    pub async fn query_by_key<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T> + Send + 'static,
    {
        if self.0.readers.is_inline() {
            return self.0.readers.inline_query(read);
        }
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.readers.pooled_query(read))
            .await
            .map_err(Error::internal)?
    }

    /// Writes. The closure may be run again when the group that it shared was lost; it's answered after the commit.
    ///
    /// The closure must pass on each error of the database: with some of them SQLite ends the transaction, and what a
    /// closure that goes on writes after that would stay even though its caller is told of a failure.
    pub async fn write<T, F>(&self, context: WriteContext, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.enqueue(context, closure)?
            .await
            .map_err(|_gone| Error::internal("the writer has stopped"))?
    }

    /// The same for a caller outside of an async runtime.
    pub fn write_blocking<T, F>(&self, context: WriteContext, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.enqueue(context, closure)?
            .blocking_recv()
            .map_err(|_gone| Error::internal("the writer has stopped"))?
    }

    /// Reads on the calling thread, for a caller outside of an async runtime.
    pub fn read_blocking<T>(&self, read: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        self.0.readers.pooled(read)
    }

    /// Writes at most once for each request key, and says whether the answer is a kept one.
    ///
    /// Only an answer that says the write took effect is kept: an error leaves no trace.
    pub async fn write_once<F>(
        &self,
        context: WriteContext,
        request: Option<RequestKey>,
        closure: F,
    ) -> Result<(Answer, bool)>
    where
        F: Fn(&mut Tx<'_>) -> Result<Answer> + Send + 'static,
    {
        self.write(context, move |tx| {
            if let Actor::Key(id) = *tx.actor() {
                ApiKey::refuse_ended(tx, id)?;
            }
            if let Some(request) = &request
                && let Some(kept) = idempotency::find(tx, request)?
            {
                return Ok((kept, true));
            }
            let answer = closure(tx)?;
            if let Some(request) = &request {
                idempotency::keep(tx, request, &answer)?;
            }
            Ok((answer, false))
        })
        .await
    }

    /// Writes when the writer gets to it, for what nobody waits for and nothing is lost with.
    pub fn write_later<F>(&self, context: WriteContext, closure: F) -> Result<()>
    where
        F: Fn(&mut Tx<'_>) -> Result<()> + Send + 'static,
    {
        self.enqueue(context, closure).map(drop)
    }

    fn enqueue<T, F>(
        &self,
        context: WriteContext,
        closure: F,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let clock = self.0.clock.clone();
        let audit_key = self.0.audit_key.clone();
        let (write, answer) = ClosureWrite::new(move |db: &mut Db| {
            Tx::run(db, &clock, &audit_key, &context, &closure)
        });
        self.0.writer.enqueue(Box::new(write))?;
        Ok(answer)
    }
}

/// A migration can't fold words and codes, so what it leaves to do is done here.
fn fold_what_is_not(connection: &mut Db) -> Result<()> {
    let clients = client_search::make_missing_words(connection)?;
    if clients > 0 {
        tracing::info!(clients, "made the words under which clients are found");
    }
    let lots = lots::make_missing_keys(connection)?;
    if lots > 0 {
        tracing::info!(lots, "made the keys by which lot codes are compared");
    }
    let products = products::make_missing_keys(connection)?;
    if products > 0 {
        tracing::info!(
            products,
            "made the keys by which products' names are compared"
        );
    }
    Ok(())
}

fn refuse_newer_schema(connection: &mut Db) -> Result<()> {
    let oldest: String = schema_facts::table
        .find(1)
        .select(schema_facts::oldest_release)
        .get_result(connection)?;
    let numbers = |release: &str| -> Vec<u64> {
        release
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect()
    };
    if numbers(env!("CARGO_PKG_VERSION")) < numbers(&oldest) {
        return Err(Error::internal(format!(
            "the database needs Stipple {oldest} or later, and this is {}",
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(())
}
