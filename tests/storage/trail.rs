//! The audit trail: what the database refuses, and what its verification finds when somebody goes round that.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use stipple_shared::storage::audit::{
    AuditDraft, AuditHead, AuditKey, Fault, FaultKind, Verification, verify,
};
use stipple_shared::storage::{Actor, Db, Store, WriteContext};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};
use uuid::Uuid;

/// More than two pages of the verification.
const ENTRIES: i64 = 2100;

/// A database with a trail in it.
struct Trail {
    engine: Engine,
    database: TestDatabase,
    store: Store,
}

impl Trail {
    fn create(engine: Engine) -> Self {
        let database = TestDatabase::create(engine);
        let store = database.open(TestClock::new().clock());
        let trail = Self {
            engine,
            database,
            store,
        };
        trail.append(ENTRIES);
        trail
    }

    fn append(&self, entries: i64) {
        self.store
            .write_blocking(WriteContext::command_line(), move |tx| {
                for number in 0..entries {
                    let draft = AuditDraft::new("thing.changed", "thing", Uuid::now_v7())
                        .because(Some("a reason"))
                        .before(&number)?
                        .after(&(number + 1))?;
                    tx.audit(draft);
                }
                Ok(())
            })
            .unwrap();
    }

    fn verify(&self, noted: Option<&AuditHead>) -> Verification {
        self.verify_with(self.database.audit_key(), noted)
    }

    fn verify_with(&self, key: &AuditKey, noted: Option<&AuditHead>) -> Verification {
        self.store
            .read_blocking(|db| verify(db, key, noted))
            .unwrap()
    }

    fn head(&self) -> AuditHead {
        self.verify(None).head.unwrap()
    }

    /// What a stranger can do who owns the database: the guards are switched off first.
    fn tamper(&self, statements: &str) {
        let mut db = self.database.connect();
        match self.engine {
            Engine::Sqlite => db.batch_execute(
                "PRAGMA foreign_keys = OFF; DROP TRIGGER audit_events_stay_as_written; \
                 DROP TRIGGER audit_events_are_kept; DROP TRIGGER audit_details_are_kept",
            ),
            Engine::Postgres => db.batch_execute("SET session_replication_role = replica"),
        }
        .unwrap();
        db.batch_execute(statements).unwrap();
    }
}

fn refused(db: &mut Db, statement: &str) -> String {
    match diesel::sql_query(statement).execute(db) {
        Ok(rows) => panic!("{statement} was accepted for {rows} rows"),
        Err(error) => error.to_string(),
    }
}

fn faults(list: &[(i64, FaultKind)]) -> Vec<Fault> {
    list.iter()
        .map(|&(sequence, kind)| Fault { sequence, kind })
        .collect()
}

#[test]
fn the_database_refuses_to_change_the_trail() {
    for engine in engines() {
        let trail = Trail::create(engine);
        let mut db = trail.database.connect();
        for statement in [
            "UPDATE audit_events SET reason = 'another' WHERE sequence = 7",
            "DELETE FROM audit_events WHERE sequence = 7",
            "DELETE FROM audit_details WHERE sequence = 7",
            "INSERT INTO audit_details (sequence) VALUES (7)",
        ] {
            refused(&mut db, statement);
        }
        if engine == Engine::Postgres {
            for table in [
                "audit_events",
                "audit_details",
                "audit_events, audit_details",
            ] {
                refused(&mut db, &format!("TRUNCATE {table}"));
            }
        }
        let whole = trail.verify(None);
        assert!(whole.is_whole(), "{:?}", whole.faults);
        assert_eq!(whole.entries, u64::try_from(ENTRIES).unwrap());
        assert_eq!(whole.blanked, 0);
    }
}

#[test]
fn an_empty_trail_is_whole_unless_a_head_was_noted() {
    for engine in engines() {
        let trail = Trail::create(engine);
        let noted = trail.head();
        let database = TestDatabase::create(engine);
        let empty = database.open(TestClock::new().clock());
        let key = trail.database.audit_key();
        let found = empty.read_blocking(|db| verify(db, key, None)).unwrap();
        assert!(found.is_whole() && found.head.is_none() && found.entries == 0);
        let found = empty
            .read_blocking(|db| verify(db, key, Some(&noted)))
            .unwrap();
        assert_eq!(found.faults, faults(&[(1, FaultKind::Missing)]));
    }
}

#[test]
fn a_changed_entry_is_found() {
    for engine in engines() {
        let trail = Trail::create(engine);
        trail.tamper(
            "UPDATE audit_events SET reason = 'another' WHERE sequence = 1; \
             UPDATE audit_events SET reason = NULL WHERE sequence = 1000; \
             UPDATE audit_events SET actor_kind = 'worker' WHERE sequence = 1001; \
             UPDATE audit_events SET at = at + 1 WHERE sequence = 2100",
        );
        let expected: Vec<_> = [1, 1000, 1001, 2100]
            .map(|sequence| (sequence, FaultKind::Changed))
            .to_vec();
        assert_eq!(trail.verify(None).faults, faults(&expected));
    }
}

#[test]
fn a_missing_entry_is_found() {
    for engine in engines() {
        let trail = Trail::create(engine);
        trail.tamper(
            "DELETE FROM audit_details WHERE sequence IN (1, 1000, 1500); \
             DELETE FROM audit_events WHERE sequence IN (1, 1000, 1500)",
        );
        let expected: Vec<_> = [1, 1000, 1500]
            .map(|sequence| (sequence, FaultKind::Missing))
            .to_vec();
        assert_eq!(trail.verify(None).faults, faults(&expected));
    }
}

#[test]
fn a_missing_entry_is_found_when_the_others_close_the_gap() {
    for engine in engines() {
        let trail = Trail::create(engine);
        trail.tamper(
            "DELETE FROM audit_details WHERE sequence = 2099; DELETE FROM audit_events WHERE sequence = 2099; \
             UPDATE audit_details SET sequence = 2099 WHERE sequence = 2100; \
             UPDATE audit_events SET sequence = 2099 WHERE sequence = 2100",
        );
        assert_eq!(
            trail.verify(None).faults,
            faults(&[(2099, FaultKind::Changed)])
        );
    }
}

#[test]
fn reordered_entries_are_found() {
    for engine in engines() {
        let trail = Trail::create(engine);
        let swap = |table: &str| {
            format!(
                "UPDATE {table} SET sequence = 900000 WHERE sequence = 10; \
                 UPDATE {table} SET sequence = 10 WHERE sequence = 20; \
                 UPDATE {table} SET sequence = 20 WHERE sequence = 900000;"
            )
        };
        trail.tamper(&format!(
            "{}{}",
            swap("audit_events"),
            swap("audit_details")
        ));
        let found = trail.verify(None).faults;
        // The entry after a moved one stands on another hash than it was made on.
        assert_eq!(
            found,
            faults(&[10, 11, 20, 21].map(|sequence| (sequence, FaultKind::Changed)))
        );
    }
}

#[test]
fn an_entry_added_without_the_key_is_found() {
    for engine in engines() {
        let trail = Trail::create(engine);
        let stranger = AuditKey::generate().unwrap();
        let mut options = trail.database.options(TestClock::new().clock());
        options.audit_key = stranger.clone();
        Store::open(options)
            .unwrap()
            .write_blocking(WriteContext::worker(), |tx| {
                tx.audit(AuditDraft::new("thing.forged", "thing", Uuid::now_v7()));
                Ok(())
            })
            .unwrap();
        assert_eq!(
            trail.verify(None).faults,
            faults(&[(ENTRIES + 1, FaultKind::Changed)])
        );
        // With another key nothing holds; the list stays short.
        assert_eq!(trail.verify_with(&stranger, None).faults.len(), 100);
    }
}

#[test]
fn changed_details_are_found_and_blanked_ones_counted() {
    for engine in engines() {
        let trail = Trail::create(engine);
        // An erasure may do this, so no guard stands in its way.
        trail
            .database
            .connect()
            .batch_execute(
                "UPDATE audit_details SET before_change = NULL, after_change = NULL WHERE sequence IN (5, 6)",
            )
            .unwrap();
        let blanked = trail.verify(None);
        assert!(blanked.is_whole(), "{:?}", blanked.faults);
        assert_eq!(blanked.blanked, 2);

        trail.tamper(
            "UPDATE audit_details SET after_change = '77' WHERE sequence = 7; \
             UPDATE audit_details SET after_change = NULL WHERE sequence = 8; \
             UPDATE audit_details SET before_change = after_change, after_change = before_change WHERE sequence = 9; \
             DELETE FROM audit_details WHERE sequence = 10",
        );
        assert_eq!(
            trail.verify(None).faults,
            faults(&[
                (7, FaultKind::DetailChanged),
                (8, FaultKind::DetailChanged),
                (9, FaultKind::DetailChanged),
                (10, FaultKind::DetailMissing),
            ])
        );
    }
}

#[test]
fn a_cut_off_end_is_found_with_a_noted_head_alone() {
    for engine in engines() {
        let trail = Trail::create(engine);
        let noted = trail.head();
        assert_eq!(noted.sequence, ENTRIES);
        trail.append(3);
        assert!(trail.verify(Some(&noted)).is_whole(), "growth is no fault");

        trail.tamper(
            "DELETE FROM audit_details WHERE sequence >= 2050; DELETE FROM audit_events WHERE sequence >= 2050",
        );
        assert!(trail.verify(None).is_whole());
        assert_eq!(
            trail.verify(Some(&noted)).faults,
            faults(&[(2050, FaultKind::Missing)])
        );
        // A program that goes on from there writes another history, whole by the key and yet not the one noted.
        trail.append(100);
        assert!(trail.verify(None).is_whole());
        assert_eq!(
            trail.verify(Some(&noted)).faults,
            faults(&[(ENTRIES, FaultKind::NotAsNoted)])
        );
    }
}

#[test]
fn every_actor_finds_a_place_in_the_trail() {
    for engine in engines() {
        let trail = Trail::create(engine);
        for actor in [
            Actor::Key(Uuid::now_v7().into()),
            Actor::ClientLink,
            Actor::Worker,
            Actor::CommandLine,
        ] {
            let context = WriteContext {
                actor,
                source: Some("192.0.2.7".to_owned()),
                request_id: Some("r".to_owned()),
                ..WriteContext::command_line()
            };
            trail
                .store
                .write_blocking(context, |tx| {
                    tx.audit(AuditDraft::new("thing.seen", "thing", Uuid::now_v7()));
                    Ok(())
                })
                .unwrap();
        }
        let whole = trail.verify(None);
        assert!(whole.is_whole(), "{:?}", whole.faults);
        assert_eq!(whole.head.map(|head| head.sequence), Some(ENTRIES + 4));
    }
}

#[test]
fn the_key_survives_its_file() {
    let trail = Trail::create(Engine::Sqlite);
    let text = trail.database.audit_key().to_text();
    let read = AuditKey::from_text(&format!("{text}\n")).unwrap();
    assert!(trail.verify_with(&read, None).is_whole());
    assert!(AuditKey::from_text("c2hvcnQ").is_none());
}
