//! Small writes into a table of the tests' own, and the comparison of what was acknowledged with what is stored.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use stipple_shared::Result;
use stipple_shared::storage::audit::{AuditDraft, verify};
use stipple_shared::storage::schema::{audit_events, change_sequence};
use stipple_shared::storage::{Store, Tx, WriteContext};
use stipple_test_support::{Engine, TestClock, TestDatabase};
use uuid::Uuid;

use crate::{Waiting, begin, finish};

diesel::table! {
    marks (number) {
        number -> BigInt,
        change -> BigInt,
        parent -> Nullable<BigInt>,
        note -> Nullable<Text>,
    }
}

/// A database with the table in it.
pub(crate) struct Marks {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
}

impl Marks {
    pub(crate) fn create(engine: Engine) -> Self {
        let database = TestDatabase::create(engine);
        database
            .connect()
            .batch_execute(
                "CREATE TABLE marks (number BIGINT NOT NULL PRIMARY KEY, change BIGINT NOT NULL UNIQUE, \
                 parent BIGINT REFERENCES marks (number) DEFERRABLE INITIALLY DEFERRED, note TEXT)",
            )
            .unwrap();
        let store = database.open(TestClock::new().clock());
        Self { database, store }
    }

    /// A group that is still open for writes.
    pub(crate) fn gather(&self) -> Group {
        Group::begin(&self.store)
    }

    /// Fails unless exactly these marks are stored, in a change sequence and an audit trail without a hole, and the
    /// writer still serves.
    pub(crate) fn expect_exactly(&self, acknowledged: impl IntoIterator<Item = i64>) {
        let mut acknowledged: BTreeSet<i64> = acknowledged.into_iter().collect();
        let afterwards = i64::MAX;
        self.store
            .write_blocking(WriteContext::worker(), move |tx| mark(tx, afterwards))
            .unwrap();
        acknowledged.insert(afterwards);

        let key = self.database.audit_key().clone();
        let (stored, changes, newest, audited, trail) = self
            .store
            .read_blocking(move |db| {
                let stored: Vec<i64> = marks::table.select(marks::number).load(db)?;
                let changes: Vec<i64> = marks::table
                    .select(marks::change)
                    .order(marks::change)
                    .load(db)?;
                let newest: i64 = change_sequence::table
                    .select(change_sequence::value)
                    .get_result(db)?;
                let audited: Vec<Vec<u8>> = audit_events::table
                    .select(audit_events::entity_id)
                    .load(db)?;
                Ok((stored, changes, newest, audited, verify(db, &key, None)?))
            })
            .unwrap();
        let count = i64::try_from(acknowledged.len()).unwrap();
        assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), acknowledged);
        assert_eq!(changes, (1..=count).collect::<Vec<_>>());
        assert_eq!(newest, count);
        assert!(trail.is_whole(), "{:?}", trail.faults);
        let wanted: BTreeSet<Vec<u8>> = acknowledged
            .iter()
            .map(|number| entity(*number).as_bytes().to_vec())
            .collect();
        assert_eq!(audited.len(), wanted.len());
        assert_eq!(audited.into_iter().collect::<BTreeSet<_>>(), wanted);
    }
}

/// One write: a change, a row and an audit entry.
pub(crate) fn mark(tx: &mut Tx<'_>, number: i64) -> Result<i64> {
    mark_with(tx, number, None, None)
}

/// The same with all its columns.
pub(crate) fn mark_with(
    tx: &mut Tx<'_>,
    number: i64,
    parent: Option<i64>,
    note: Option<&str>,
) -> Result<i64> {
    let change = tx.next_change()?;
    diesel::insert_into(marks::table)
        .values((
            marks::number.eq(number),
            marks::change.eq(change),
            marks::parent.eq(parent),
            marks::note.eq(note),
        ))
        .execute(tx.db)?;
    tx.audit(AuditDraft::new("mark.made", "mark", entity(number)));
    Ok(number)
}

fn entity(number: i64) -> Uuid {
    Uuid::from_u128(u128::try_from(number).unwrap())
}

/// Writes that the writer will take together: it is held by a write of its own until all of them wait.
pub(crate) struct Group {
    store: Store,
    open: Sender<()>,
    gate: Waiting<()>,
    writes: Vec<(Waiting<i64>, Arc<AtomicUsize>)>,
}

/// How a write of a group ended.
pub(crate) struct Outcome {
    pub(crate) answer: Result<i64>,
    /// How often its closure was run: twice says that it shared a group that was lost.
    pub(crate) runs: usize,
}

impl Group {
    fn begin(store: &Store) -> Self {
        let (open, opened) = channel::<()>();
        let (held, holds) = channel();
        let gate = {
            let store = store.clone();
            begin(async move {
                store
                    .write(WriteContext::worker(), move |_tx| {
                        let _nobody_asks = held.send(());
                        let _opened_or_dropped = opened.recv();
                        Ok(())
                    })
                    .await
            })
        };
        holds.recv().unwrap();
        Self {
            store: store.clone(),
            open,
            gate,
            writes: Vec::new(),
        }
    }

    /// Puts a write at the end.
    pub(crate) fn add(&mut self, closure: impl Fn(&mut Tx<'_>) -> Result<i64> + Send + 'static) {
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&runs);
        let store = self.store.clone();
        let waiting = begin(async move {
            store
                .write(WriteContext::worker(), move |tx| {
                    counter.fetch_add(1, Ordering::SeqCst);
                    closure(tx)
                })
                .await
        });
        self.writes.push((waiting, runs));
    }

    /// Lets the writer go, and waits for all answers.
    pub(crate) fn run(self) -> Vec<Outcome> {
        self.open.send(()).unwrap();
        finish(self.gate).unwrap();
        self.writes
            .into_iter()
            .map(|(waiting, runs)| Outcome {
                answer: finish(waiting),
                runs: runs.load(Ordering::SeqCst),
            })
            .collect()
    }
}

/// The numbers that were answered with success.
pub(crate) fn acknowledged(outcomes: &[Outcome]) -> Vec<i64> {
    outcomes
        .iter()
        .filter_map(|outcome| outcome.answer.as_ref().ok().copied())
        .collect()
}

/// How often each closure was run.
pub(crate) fn runs(outcomes: &[Outcome]) -> Vec<usize> {
    outcomes.iter().map(|outcome| outcome.runs).collect()
}
