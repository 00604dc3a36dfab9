//! The one file that knows which database is in use.
//!
//! Everything else asks here: how to open a connection, how a write transaction begins, whether it is still whole,
//! what the database's own clock says.

use std::str::FromStr;
use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::expression::{AsExpression, SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::result::ConnectionError;

use super::kept::Begin;
use super::kept_text::Keep as _;
use crate::clock::Clock;
use crate::domain::Instant;
use crate::error::Error;

diesel::define_sql_function! {
    /// How many rows a connection of SQLite has changed since it was opened.
    fn total_changes() -> BigInt;
}

/// A connection to whichever engine the database URL names.
#[derive(diesel::MultiConnection)]
pub enum Db {
    /// The embedded engine: the default for one studio.
    Sqlite(SqliteConnection),
    /// For chains that outgrow one machine.
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// Where the data is. Its text may hold a password, so it has no Debug and no Display.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file of the embedded engine.
    Sqlite(std::path::PathBuf),
    /// A server.
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err("name a file, such as sqlite:/var/lib/stipple/stipple.db".into());
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            return Ok(Self::Postgres(text.to_owned()));
            #[cfg(not(feature = "postgres"))]
            return Err("this build has no PostgreSQL; build with --features postgres".into());
        }
        Err("write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE".into())
    }
}

impl DatabaseUrl {
    /// The file of the embedded engine in a directory, for whoever named no database.
    pub fn embedded_in(directory: &std::path::Path) -> Self {
        Self::Sqlite(directory.join("stipple.db"))
    }

    /// Whether the data lies in a file that this process opens itself.
    pub fn is_embedded(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
        }
    }

    /// The file that holds the data, where it's one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }

    /// How many readers are worth having.
    pub(super) fn reader_count(&self) -> u32 {
        match self {
            Self::Sqlite(_) => 4,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => 8,
        }
    }

    /// Opens a connection that may write.
    pub(super) fn open_writer(&self) -> Result<Db, ConnectionError> {
        match self {
            Self::Sqlite(path) => open_sqlite(path, false).map(Db::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => PgConnection::establish(url).map(Db::Postgres),
        }
    }

    /// Opens a connection that copies what was written from the log into the file, where the engine wants that done.
    pub(super) fn open_copier(&self) -> Result<Option<Db>, ConnectionError> {
        match self {
            Self::Sqlite(path) => open_sqlite(path, false).map(|open| Some(Db::Sqlite(open))),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Opens a connection that may only read.
    pub(super) fn open_reader(&self) -> Result<Db, ConnectionError> {
        match self {
            Self::Sqlite(path) => open_sqlite(path, true).map(Db::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                let mut connection = PgConnection::establish(url)?;
                connection
                    .batch_execute("SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read'")
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Db::Postgres(connection))
            }
        }
    }
}

/// Makes the file for its owner alone where there is none yet; what SQLite lays beside it takes after it.
///
/// A file that is there isn't touched: to open and close it would end the locks that this process holds on it.
fn make_private(path: &std::path::Path) -> Result<(), ConnectionError> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(
            ConnectionError::BadConnection(format!("{}: {error}", path.display())),
        ),
        _ => Ok(()),
    }
}

fn open_sqlite(
    path: &std::path::Path,
    read_only: bool,
) -> Result<SqliteConnection, ConnectionError> {
    if !read_only {
        make_private(path)?;
    }
    let path = path
        .to_str()
        .ok_or_else(|| ConnectionError::BadConnection("the path is not Unicode".into()))?;
    let mut connection = SqliteConnection::establish(path)?;
    // busy_timeout comes first: setting WAL can itself meet a lock.
    connection
        .batch_execute("PRAGMA busy_timeout = 10000")
        .and_then(|()| switch_to_wal(&mut connection))
        .and_then(|()| {
            // Savepoints keep what they may have to undo; none of it is wanted after a crash, so it needs no file.
            connection.batch_execute(
                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY",
            )
        })
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    // A search and a write come back to the same inner pages again and again, so they're worth keeping; what is written
    // is worth copying from the log only now and then. Both take room only as it's needed: 16 MiB of memory for each
    // connection, and as much of the disk.
    let own = if read_only {
        "PRAGMA cache_size = -16384; PRAGMA query_only = ON"
    } else {
        "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000"
    };
    connection
        .batch_execute(own)
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// Of two processes that switch a new file at the same moment SQLite refuses one at once, whatever the busy timeout.
fn switch_to_wal(connection: &mut SqliteConnection) -> QueryResult<()> {
    const PATIENCE: Duration = Duration::from_secs(10);
    const PAUSE: Duration = Duration::from_millis(20);
    let began = std::time::Instant::now();
    loop {
        let switched = connection.batch_execute("PRAGMA journal_mode = WAL");
        match &switched {
            Err(diesel::result::Error::DatabaseError(_, told))
                if told.message() == "database is locked" && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(PAUSE);
            }
            _ => return switched,
        }
    }
}

/// The one lock that all writers of all processes take on PostgreSQL; SQLite's own write lock is the same thing.
#[cfg(feature = "postgres")]
const WRITE_LOCK: &str = "SELECT pg_advisory_xact_lock(5716359201847)";

impl Db {
    /// Begins the transaction of a group of writes and takes the one write lock.
    pub(super) fn begin_write(&mut self) -> QueryResult<()> {
        match self {
            Self::Sqlite(connection) => {
                AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                AnsiTransactionManager::begin_transaction_sql(
                    connection,
                    "BEGIN ISOLATION LEVEL READ COMMITTED",
                )?;
                connection.batch_execute(WRITE_LOCK)
            }
        }
    }

    /// Ends the transaction of a group of writes; after this the writes are durable.
    pub(super) fn commit_write(&mut self) -> Result<(), CommitFailure> {
        match self {
            Self::Sqlite(connection) => AnsiTransactionManager::commit_transaction(connection)
                .map_err(|error| CommitFailure {
                    error,
                    nothing_is_stored: true,
                }),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => AnsiTransactionManager::commit_transaction(connection)
                .map_err(|error| CommitFailure {
                    error,
                    // Only a server that still answers on this connection has itself said no.
                    nothing_is_stored: connection.batch_execute("SELECT 1").is_ok(),
                }),
        }
    }

    /// Undoes the transaction of a group of writes.
    pub(super) fn roll_back_write(&mut self) -> QueryResult<()> {
        match self {
            Self::Sqlite(connection) => AnsiTransactionManager::rollback_transaction(connection),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => AnsiTransactionManager::rollback_transaction(connection),
        }
    }

    /// How many rows this connection has changed so far, where the engine tells. What a failed statement undid by itself
    /// doesn't count.
    pub(super) fn rows_changed(&mut self) -> QueryResult<Option<i64>> {
        match self {
            Self::Sqlite(_) => diesel::select(total_changes())
                .kept()
                .get_result(self)
                .map(Some),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Copies into the file all that the log holds, and empties it. Waits a little for whoever reads or writes.
    pub(super) fn empty_log(&mut self) -> QueryResult<()> {
        self.batch_execute("PRAGMA busy_timeout = 2000; PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// Copies into the file what the log holds and nobody reads there any more, without keeping anybody waiting.
    pub(super) fn copy_log(&mut self) -> QueryResult<()> {
        self.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// Whether the group's transaction is still open and whole, with no savepoint left in it.
    ///
    /// SQLite may end a transaction on its own, for instance on a full disk; what came before is then gone.
    pub(super) fn is_whole_write(&mut self) -> bool {
        fn depth_is_one(status: &TransactionManagerStatus) -> bool {
            matches!(status.transaction_depth(), Ok(Some(depth)) if depth.get() == 1)
        }
        match self {
            Self::Sqlite(connection) => {
                if !depth_is_one(AnsiTransactionManager::transaction_manager_status_mut(
                    connection,
                )) {
                    return false;
                }
                // Inside of a transaction BEGIN is refused; where it succeeds the transaction was gone.
                Begin.execute(self).is_err()
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => depth_is_one(
                AnsiTransactionManager::transaction_manager_status_mut(connection),
            ),
        }
    }

    /// The clock by which leases are kept: the database's where several machines share it.
    pub(super) fn lease_clock(&mut self, clock: &Clock) -> QueryResult<Instant> {
        match self {
            Self::Sqlite(_) => Ok(clock.now()),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                let millis = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(
                    "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
                ))
                .get_result(connection)?;
                Ok(Instant::from_millis(millis))
            }
        }
    }

    /// Whether these bytes stand somewhere in a column of bytes.
    pub(super) fn holds_bytes(&self, column: &'static str, sought: &[u8]) -> HoldsBytes {
        let search = match self {
            Self::Sqlite(_) => "instr",
            // Unquoted it's a word of the language, with a grammar of its own.
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "\"position\"",
        };
        diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("{search}({column}, "))
            .bind::<diesel::sql_types::Binary, _>(sought.to_vec())
            .sql(") > 0")
    }

    /// Runs the migrations that are still to come, one process at a time.
    pub(super) fn migrate(&mut self) -> Result<usize, Error> {
        use diesel_migrations::MigrationHarness;
        match self {
            Self::Sqlite(connection) => {
                // Two processes that both read "still to come" would both run it: who reads holds the write lock.
                AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
                    .map_err(Error::internal)?;
                let run = connection
                    .run_pending_migrations(super::migrations::SQLITE)
                    .map(|run| run.len());
                let ended = if run.is_ok() {
                    AnsiTransactionManager::commit_transaction(connection)
                } else {
                    AnsiTransactionManager::rollback_transaction(connection)
                };
                let run = run.map_err(Error::Internal)?;
                ended.map_err(Error::internal)?;
                Ok(run)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                connection
                    .batch_execute("SELECT pg_advisory_lock(5716359201848)")
                    .map_err(Error::internal)?;
                let run = connection
                    .run_pending_migrations(super::migrations::POSTGRES)
                    .map(|run| run.len());
                connection
                    .batch_execute("SELECT pg_advisory_unlock(5716359201848)")
                    .map_err(Error::internal)?;
                run.map_err(Error::Internal)
            }
        }
    }

    /// Undoes all migrations, newest first. For tests of the migrations alone.
    pub fn revert_all_migrations(&mut self) -> Result<usize, Error> {
        use diesel_migrations::MigrationHarness;
        match self {
            Self::Sqlite(connection) => connection
                .revert_all_migrations(super::migrations::SQLITE)
                .map(|run| run.len())
                .map_err(Error::Internal),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection
                .revert_all_migrations(super::migrations::POSTGRES)
                .map(|run| run.len())
                .map_err(Error::Internal),
        }
    }

    /// Whether migrations are still to be run.
    pub(super) fn has_pending_migrations(&mut self) -> Result<bool, Error> {
        use diesel_migrations::MigrationHarness;
        match self {
            Self::Sqlite(connection) => connection
                .has_pending_migration(super::migrations::SQLITE)
                .map_err(Error::Internal),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection
                .has_pending_migration(super::migrations::POSTGRES)
                .map_err(Error::Internal),
        }
    }

    /// Columns of all tables as (table, column, type, nullable), for the comparison with `schema.rs`.
    pub fn describe_columns(&mut self) -> QueryResult<Vec<ColumnDescription>> {
        let query = match self {
            Self::Sqlite(_) => {
                "SELECT m.name AS table_name, c.name AS column_name, c.type AS type_name, \
                 (c.\"notnull\" = 0) AS nullable \
                 FROM sqlite_master m, pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
                 ORDER BY m.name, c.name"
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                "SELECT c.table_name::text AS table_name, c.column_name::text AS column_name, c.data_type::text AS type_name, \
                 (c.is_nullable = 'YES') AS nullable \
                 FROM information_schema.columns c JOIN information_schema.tables t \
                 ON t.table_name = c.table_name AND t.table_schema = c.table_schema \
                 WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE '\\_\\_diesel%' \
                 ORDER BY c.table_name, c.column_name"
            }
        };
        diesel::sql_query(query).load(self)
    }
}

/// What [`Db::holds_bytes`] asks.
type HoldsBytes = SqlLiteral<
    diesel::sql_types::Bool,
    UncheckedBind<
        SqlLiteral<diesel::sql_types::Bool>,
        <Vec<u8> as AsExpression<diesel::sql_types::Binary>>::Expression,
    >,
>;

/// Whether the database has no room left: nothing is wrong with what was asked, and it may work again later.
pub(super) fn is_out_of_room(error: &diesel::result::Error) -> bool {
    match error {
        diesel::result::Error::DatabaseError(_, told) => {
            told.message() == "database or disk is full"
                || told.message().ends_with("No space left on device")
        }
        _ => false,
    }
}

/// Why a commit didn't succeed, and what that says about the writes.
pub(super) struct CommitFailure {
    /// What the database or the connection to it said.
    pub(super) error: diesel::result::Error,
    /// Whether the database itself refused. Else the connection was lost on the way, and to run the writes again might
    /// store them twice.
    pub(super) nothing_is_stored: bool,
}

/// One column as the database describes it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ColumnDescription {
    /// The table.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub table_name: String,
    /// The column.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub column_name: String,
    /// The engine's own name of its type.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub type_name: String,
    /// Whether it may be null.
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pub nullable: bool,
}
