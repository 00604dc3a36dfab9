//! What may be opened.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use stipple_shared::Clock;
use stipple_shared::domain::Instant;
use stipple_shared::storage::{DatabaseUrl, Store, WriteContext};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};

use crate::cause;

fn opened(database: &TestDatabase) -> Result<(), String> {
    Store::open(database.options(TestClock::new().clock()))
        .map(drop)
        .map_err(|error| cause(&error))
}

#[test]
fn a_schema_for_newer_releases_alone_is_refused() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        for (oldest, runs) in [
            (env!("CARGO_PKG_VERSION"), true),
            ("0.0.9", true),
            ("0.1.1", false),
            ("0.10.0", false),
            ("99.0.0", false),
        ] {
            database
                .connect()
                .batch_execute(&format!(
                    "UPDATE schema_facts SET oldest_release = '{oldest}'"
                ))
                .unwrap();
            let outcome = opened(&database);
            if runs {
                assert_eq!(outcome, Ok(()), "{oldest}");
            } else {
                let refusal = outcome.unwrap_err();
                assert!(
                    refusal.contains(&format!("needs Stipple {oldest}")),
                    "{refusal}"
                );
            }
        }
    }
}

#[test]
fn a_schema_without_all_migrations_is_refused() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        database.connect().revert_all_migrations().unwrap();
        let refusal = opened(&database).unwrap_err();
        assert!(refusal.contains("stipple migrate"), "{refusal}");
        assert_ne!(Store::migrate(&database.url()).unwrap(), 0);
        assert_eq!(Store::migrate(&database.url()).unwrap(), 0);
        assert_eq!(opened(&database), Ok(()));
    }
}

#[test]
fn a_url_says_which_engine() {
    assert!(matches!(
        "sqlite:/tmp/a.db".parse(),
        Ok(DatabaseUrl::Sqlite(path)) if path.as_os_str() == "/tmp/a.db"
    ));
    assert!(matches!(
        "sqlite:///tmp/a.db".parse(),
        Ok(DatabaseUrl::Sqlite(path)) if path.as_os_str() == "/tmp/a.db"
    ));
    for wrong in [
        "",
        "sqlite:",
        "sqlite::memory:",
        "mysql://host/db",
        "/tmp/a.db",
    ] {
        assert!(wrong.parse::<DatabaseUrl>().is_err(), "{wrong}");
    }
}

#[test]
fn two_processes_may_migrate_at_the_same_time() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        database.connect().revert_all_migrations().unwrap();
        let url = database.url();
        let ran: usize = std::thread::scope(|scope| {
            let processes: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| Store::migrate(&url)))
                .collect();
            processes
                .into_iter()
                .map(|process| process.join().unwrap().unwrap())
                .sum()
        });
        assert_eq!(ran, migrations(engine));
        assert_eq!(opened(&database), Ok(()));
    }
}

#[test]
fn leases_are_kept_by_the_clock_that_all_machines_share() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let clock = TestClock::new();
        clock.set(Instant::from_millis(0));
        let lease_now = database
            .open(clock.clock())
            .write_blocking(WriteContext::worker(), |tx| tx.lease_now())
            .unwrap();
        match engine {
            Engine::Sqlite => assert_eq!(lease_now, clock.now()),
            Engine::Postgres => {
                let apart = lease_now - Clock::system().now();
                assert!(apart.abs() < TimeDelta::minutes(5), "{apart}");
            }
        }
    }
}

fn migrations(engine: Engine) -> usize {
    crate::migrations::names(engine).len()
}

#[test]
fn several_may_open_a_new_file_at_the_same_moment() {
    for _round in 0..20 {
        let directory = tempfile::TempDir::new().unwrap();
        let url = DatabaseUrl::Sqlite(directory.path().join("stipple.db"));
        let start = std::sync::Barrier::new(4);
        let steps: usize = std::thread::scope(|scope| {
            let opened: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        Store::migrate(&url).unwrap()
                    })
                })
                .collect();
            opened.into_iter().map(|steps| steps.join().unwrap()).sum()
        });
        // Each step was run once, by whoever came first.
        assert_ne!(steps, 0);
        assert_eq!(Store::migrate(&url).unwrap(), 0);
    }
}
