//! The read door: one snapshot for each read, and a door that stays usable whatever a read does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use diesel::prelude::*;
use stipple_shared::storage::{Db, Store, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::engines;

use crate::finish;
use crate::marks::{Marks, mark, marks as table};

fn count(db: &mut Db) -> Result<i64> {
    table::table.count().get_result(db).map_err(Error::from)
}

/// Counts, lets another thread commit a mark, and counts again.
fn count_around_a_commit(db: &mut Db, store: &Store, number: i64) -> Result<(i64, i64)> {
    let before = count(db)?;
    thread::scope(|scope| {
        scope
            .spawn(|| store.write_blocking(WriteContext::worker(), move |tx| mark(tx, number)))
            .join()
            .unwrap()
    })?;
    Ok((before, count(db)?))
}

#[test]
fn a_read_sees_one_snapshot_through_every_door() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let blocking = marks
            .store
            .read_blocking(|db| count_around_a_commit(db, &marks.store, 1));
        assert_eq!(blocking.unwrap(), (0, 0));
        let store = marks.store.clone();
        let pooled = finish(
            marks
                .store
                .read(move |db| count_around_a_commit(db, &store, 2)),
        );
        assert_eq!(pooled.unwrap(), (1, 1));
        let store = marks.store.clone();
        let inline = finish(
            marks
                .store
                .read_by_key(move |db| count_around_a_commit(db, &store, 3)),
        );
        assert_eq!(inline.unwrap(), (2, 2));
        assert_eq!(finish(marks.store.read_by_key(count)).unwrap(), 3);
        marks.expect_exactly([1, 2, 3]);
    }
}

#[test]
fn a_reader_who_takes_his_time_stops_no_writer_and_the_reverse() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        // The writer holds the write lock now.
        assert_eq!(finish(marks.store.read(count)).unwrap(), 0);
        assert_eq!(finish(marks.store.read_by_key(count)).unwrap(), 0);
        group.run();
        marks.expect_exactly([1]);
    }
}

#[test]
fn a_read_that_panics_or_fails_leaves_the_doors_usable() {
    for engine in engines() {
        let marks = Marks::create(engine);
        for _ in 0..20 {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                finish(marks.store.read_by_key(|db| -> Result<i64> {
                    count(db)?;
                    panic!("as planned")
                }))
            }));
            // Where the read runs on a thread of its own the panic comes back as an error.
            assert!(panicked.is_err() || panicked.is_ok_and(|answer| answer.is_err()));
            let panicked = finish(marks.store.read(|db| -> Result<i64> {
                count(db)?;
                panic!("as planned")
            }));
            assert!(panicked.is_err());
            for failed in [
                finish(marks.store.read(fail)),
                finish(marks.store.read_by_key(fail)),
                marks.store.read_blocking(fail),
            ] {
                assert!(failed.is_err());
            }
            assert_eq!(finish(marks.store.read_by_key(count)).unwrap(), 0);
            assert_eq!(finish(marks.store.read(count)).unwrap(), 0);
        }
        marks.expect_exactly([]);
    }
}

fn fail(db: &mut Db) -> Result<usize> {
    diesel::sql_query("SELECT nothing FROM nowhere")
        .execute(db)
        .map_err(Error::from)
}

#[test]
fn a_read_can_not_write() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let write = |db: &mut Db| {
            diesel::sql_query("INSERT INTO marks (number, change) VALUES (1, 1)")
                .execute(db)
                .map_err(Error::from)
        };
        assert!(finish(marks.store.read(write)).is_err());
        assert!(finish(marks.store.read_by_key(write)).is_err());
        assert!(marks.store.read_blocking(write).is_err());
        marks.expect_exactly([]);
    }
}
