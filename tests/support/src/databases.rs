//! A database of its own for each test, on either engine.

#![expect(
    clippy::unwrap_used,
    reason = "a test can do nothing without its database"
)]

use diesel::SqliteConnection;
use diesel::prelude::*;
use stipple_shared::Clock;
use stipple_shared::storage::audit::AuditKey;
use stipple_shared::storage::{DatabaseUrl, Db, Store, StoreOptions};
use tempfile::TempDir;

use crate::privacy::{Watch, Watcher, watch_stored};

/// Which engine a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

/// The engines that this run can reach: SQLite always, PostgreSQL where the build has it and the environment names a
/// server. What is left out is said, so that nobody takes half a run for a whole one.
pub fn engines() -> Vec<Engine> {
    match postgres::server() {
        Ok(_) => vec![Engine::Sqlite, Engine::Postgres],
        Err(why) => {
            static SAID: std::sync::Once = std::sync::Once::new();
            SAID.call_once(|| {
                say(&format!(
                    "LEFT OUT: the PostgreSQL half of this test, because {why}"
                ));
            });
            vec![Engine::Sqlite]
        }
    }
}

/// Not eprintln!: the test harness would swallow that where the test passes.
fn say(line: &str) {
    use std::io::Write as _;
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// A database that is there, migrated and empty, until this is dropped.
pub struct TestDatabase {
    url: DatabaseUrl,
    audit_key: AuditKey,
    // Searches once what is stored was asked for, which `drop` does.
    watch: Watch,
    place: Place,
}

enum Place {
    Directory(TempDir),
    #[cfg(feature = "postgres")]
    Server(postgres::ServerDatabase),
}

impl TestDatabase {
    /// Makes one with all migrations run.
    pub fn create(engine: Engine) -> Self {
        let (url, place) = match engine {
            Engine::Sqlite => {
                let directory = TempDir::new().unwrap();
                let url = DatabaseUrl::Sqlite(directory.path().join("stipple.db"));
                Store::migrate(&url).unwrap();
                (url, Place::Directory(directory))
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres => {
                let database = postgres::ServerDatabase::create();
                (database.url(), Place::Server(database))
            }
            #[cfg(not(feature = "postgres"))]
            Engine::Postgres => unreachable!("`engines` names no PostgreSQL in this build"),
        };
        Self {
            url,
            audit_key: AuditKey::generate().unwrap(),
            watch: Watch::begin(),
            place,
        }
    }

    /// Another one with the same in it. Nobody may have it open.
    pub fn copy(&self) -> Self {
        let (url, place) = match &self.place {
            Place::Directory(directory) => {
                let copy = TempDir::new().unwrap();
                let path = copy.path().join("stipple.db");
                let mut source = SqliteConnection::establish(
                    directory.path().join("stipple.db").to_str().unwrap(),
                )
                .unwrap();
                // Whoever had it open may still be closing it.
                diesel::sql_query("PRAGMA busy_timeout = 5000")
                    .execute(&mut source)
                    .unwrap();
                // A copy of the file alone would lack what still stands in its log.
                diesel::sql_query(format!("VACUUM INTO '{}'", path.display()))
                    .execute(&mut source)
                    .unwrap();
                (DatabaseUrl::Sqlite(path), Place::Directory(copy))
            }
            #[cfg(feature = "postgres")]
            Place::Server(database) => {
                let copy = database.copy();
                (copy.url(), Place::Server(copy))
            }
        };
        Self {
            url,
            audit_key: self.audit_key.clone(),
            watch: Watch::begin(),
            place,
        }
    }

    /// Whom to tell what is said about people and what is shown to others.
    pub fn watcher(&self) -> Watcher {
        self.watch.watcher()
    }

    /// Where it is.
    pub fn url(&self) -> DatabaseUrl {
        self.url.clone()
    }

    /// Where it is, as the command line takes it.
    pub fn url_text(&self) -> String {
        match &self.place {
            Place::Directory(directory) => {
                format!("sqlite:{}", directory.path().join("stipple.db").display())
            }
            #[cfg(feature = "postgres")]
            Place::Server(database) => database.url_text(),
        }
    }

    /// The secret under which its audit chain is made.
    pub fn audit_key(&self) -> &AuditKey {
        &self.audit_key
    }

    /// How [`TestDatabase::open`] opens it.
    pub fn options(&self, clock: Clock) -> StoreOptions {
        StoreOptions {
            url: self.url(),
            clock,
            audit_key: self.audit_key.clone(),
            group_commits: true,
        }
    }

    /// Opens it.
    pub fn open(&self, clock: Clock) -> Store {
        Store::open(self.options(clock)).unwrap()
    }

    /// A bare connection that goes round the store's doors: for what a stranger with a database shell can do.
    pub fn connect(&self) -> Db {
        self.try_connect().unwrap()
    }

    fn try_connect(&self) -> Result<Db, Box<dyn std::error::Error>> {
        match &self.place {
            Place::Directory(directory) => {
                let path = directory.path().join("stipple.db");
                let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
                diesel::sql_query("PRAGMA busy_timeout = 10000").execute(&mut connection)?;
                diesel::sql_query("PRAGMA foreign_keys = ON").execute(&mut connection)?;
                Ok(Db::Sqlite(connection))
            }
            #[cfg(feature = "postgres")]
            Place::Server(database) => Ok(Db::Postgres(database.connect()?)),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Ok(mut connection) = self.try_connect() {
            watch_stored(&self.watcher(), &mut connection);
        }
    }
}

#[cfg(not(feature = "postgres"))]
mod postgres {
    pub(super) fn server() -> Result<String, &'static str> {
        Err("it was built without the feature `postgres`")
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    use std::path::Path;
    use std::sync::OnceLock;

    use diesel::PgConnection;
    use diesel::connection::SimpleConnection as _;
    use diesel::prelude::*;
    use stipple_shared::storage::{DatabaseUrl, Store};
    use uuid::Uuid;

    pub(super) fn server() -> Result<String, &'static str> {
        std::env::var("STIPPLE_TEST_POSTGRES_URL")
            .map_err(|_unset| "STIPPLE_TEST_POSTGRES_URL names no server")
    }

    /// One database on the server, dropped with this.
    pub(super) struct ServerDatabase(String);

    impl ServerDatabase {
        pub(super) fn create() -> Self {
            Self::like(template())
        }

        pub(super) fn copy(&self) -> Self {
            Self::like(&self.0)
        }

        fn like(template: &str) -> Self {
            let name = format!("stipple_test_{}", Uuid::now_v7().simple());
            administrator()
                .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
                .unwrap();
            Self(name)
        }

        pub(super) fn url_text(&self) -> String {
            address(&self.0)
        }

        pub(super) fn url(&self) -> DatabaseUrl {
            self.url_text().parse().unwrap()
        }

        pub(super) fn connect(&self) -> ConnectionResult<PgConnection> {
            PgConnection::establish(&self.url_text())
        }
    }

    impl Drop for ServerDatabase {
        fn drop(&mut self) {
            let dropped = PgConnection::establish(&server().unwrap_or_default())
                .map_err(|error| error.to_string())
                .and_then(|mut connection| {
                    connection
                        .batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.0))
                        .map_err(|error| error.to_string())
                });
            if let Err(error) = dropped {
                // Not a panic: that would hide the one which may be under way.
                super::say(&format!("the database {} is left behind: {error}", self.0));
            }
        }
    }

    fn administrator() -> PgConnection {
        PgConnection::establish(&server().unwrap()).unwrap()
    }

    /// The server's address with another database's name in it.
    fn address(database: &str) -> String {
        let server = server().unwrap();
        let (base, query) = server.split_once('?').unwrap_or((&server, ""));
        let (base, _name) = base.rsplit_once('/').unwrap();
        if query.is_empty() {
            format!("{base}/{database}")
        } else {
            format!("{base}/{database}?{query}")
        }
    }

    /// A migrated database to copy, which is quicker than migrating each. Made by whoever comes first to the server.
    fn template() -> &'static str {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        TEMPLATE.get_or_init(|| {
            let name = format!("stipple_template_{:016x}", fingerprint());
            let mut administrator = administrator();
            administrator
                .batch_execute("SELECT pg_advisory_lock(5716359201849)")
                .unwrap();
            let there: i64 = diesel::select(
                diesel::dsl::sql::<diesel::sql_types::BigInt>(
                    "(SELECT count(*) FROM pg_database WHERE datname = ",
                )
                .bind::<diesel::sql_types::Text, _>(&name)
                .sql(")"),
            )
            .get_result(&mut administrator)
            .unwrap();
            if there == 0 {
                // Renamed at the end, so that a half-made one is never taken for a template.
                let making = format!("{name}_making");
                administrator
                    .batch_execute(&format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)"))
                    .unwrap();
                administrator
                    .batch_execute(&format!("CREATE DATABASE {making}"))
                    .unwrap();
                Store::migrate(&address(&making).parse().unwrap()).unwrap();
                administrator
                    .batch_execute(&format!("ALTER DATABASE {making} RENAME TO {name}"))
                    .unwrap();
            }
            name
        })
    }

    /// What the migrations say now: another text means another template.
    fn fingerprint() -> u64 {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let mut names: Vec<_> = std::fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        let mut hasher = DefaultHasher::new();
        for name in names {
            name.hash(&mut hasher);
            std::fs::read(root.join(name).join("up.sql"))
                .unwrap()
                .hash(&mut hasher);
        }
        hasher.finish()
    }
}
