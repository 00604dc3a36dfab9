//! A group of writes under everything that can go wrong in the middle of it.

use std::thread;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use stipple_shared::storage::{Store, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::{Engine, TestClock, engines};

use crate::marks::{Marks, acknowledged, mark, mark_with, runs};
use crate::{begin, cause, finish};

/// How often each is run where one fails after it has stored something: SQLite undoes the whole group and begins again with
/// savepoints, PostgreSQL has them from the first.
fn if_undone<const N: usize>(engine: Engine, on_sqlite: [usize; N]) -> [usize; N] {
    match engine {
        Engine::Sqlite => on_sqlite,
        Engine::Postgres => [1; N],
    }
}

#[test]
fn a_refusal_that_stored_nothing_makes_nobody_run_again() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        group.add(|_tx| Err(Error::refused("as_planned", "nothing to be done")));
        group.add(|_tx| panic!("as planned"));
        // What a failed statement has begun it undoes by itself.
        group.add(|tx| mark(tx, 1));
        group.add(|tx| mark(tx, 2));
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 2]);
        assert_eq!(runs(&outcomes), [1; 5]);
        marks.expect_exactly([1, 2]);
    }
}

#[test]
fn of_several_that_fail_late_none_leaves_a_trace() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        for number in 1..=9 {
            group.add(move |tx| {
                let marked = mark(tx, number)?;
                if number % 3 == 0 {
                    return Err(Error::refused("as_planned", "nothing to be done"));
                }
                Ok(marked)
            });
        }
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 2, 4, 5, 7, 8]);
        assert_eq!(
            runs(&outcomes),
            if_undone(engine, [2, 2, 2, 1, 1, 1, 1, 1, 1])
        );
        marks.expect_exactly([1, 2, 4, 5, 7, 8]);
    }
}

#[test]
fn a_panic_in_the_middle_costs_one_write() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        group.add(|tx| {
            mark(tx, 2)?;
            panic!("as planned")
        });
        group.add(|tx| mark(tx, 3));
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 3]);
        assert_eq!(runs(&outcomes), if_undone(engine, [2, 2, 1]));
        let told = outcomes[1].answer.as_ref().map_err(cause);
        assert_eq!(told, Err("a write panicked: as planned".to_owned()));
        marks.expect_exactly([1, 3]);
    }
}

#[test]
fn a_panic_inside_of_an_inner_transaction_costs_one_write() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        group.add(|tx| {
            mark(tx, 2)?;
            tx.db
                .transaction::<i64, Error, _>(|_db| panic!("deeper down"))
        });
        group.add(|tx| mark(tx, 3));
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 3]);
        assert_eq!(runs(&outcomes), [2, 1, 1], "the group was given up");
        marks.expect_exactly([1, 3]);
    }
}

#[test]
fn an_error_in_the_middle_rolls_back_alone() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        group.add(|tx| {
            mark(tx, 2)?;
            Err(Error::refused("as_planned", "nothing to be done"))
        });
        group.add(|tx| mark(tx, 3));
        // The database's own error is one as well: the same number twice.
        group.add(|tx| mark(tx, 1));
        group.add(|tx| mark(tx, 4));
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 3, 4]);
        assert_eq!(runs(&outcomes), if_undone(engine, [2, 2, 1, 1, 1]));
        assert!(matches!(
            outcomes[1].answer,
            Err(Error::Refused {
                code: "as_planned",
                ..
            })
        ));
        marks.expect_exactly([1, 3, 4]);
    }
}

#[test]
fn a_write_that_hides_a_failed_statement_harms_no_other() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        group.add(|tx| {
            mark(tx, 2)?;
            let hidden = diesel::sql_query("INSERT INTO marks (number, change) VALUES (1, 1)")
                .execute(tx.db);
            assert!(hidden.is_err());
            Ok(2)
        });
        group.add(|tx| mark(tx, 3));
        let outcomes = group.run();

        // PostgreSQL aborts the whole savepoint with the statement, and then the write isn't acknowledged.
        let kept: &[i64] = match engine {
            Engine::Sqlite => &[1, 2, 3],
            Engine::Postgres => &[1, 3],
        };
        assert_eq!(acknowledged(&outcomes), kept);
        marks.expect_exactly(kept.iter().copied());
    }
}

#[test]
fn a_failed_commit_loses_nothing_acknowledged() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        // The parent is looked for at the commit and not before.
        group.add(|tx| mark_with(tx, 2, Some(999), None));
        group.add(|tx| mark(tx, 3));
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 3]);
        assert_eq!(runs(&outcomes), [2, 2, 2], "each is run again alone");
        marks.expect_exactly([1, 3]);
    }
}

#[test]
fn a_transaction_that_a_trigger_ends_loses_nothing_acknowledged() {
    let marks = Marks::create(Engine::Sqlite);
    marks
        .database
        .connect()
        .batch_execute(
            "CREATE TRIGGER tear BEFORE INSERT ON marks WHEN NEW.number = 2 \
             BEGIN SELECT RAISE(ROLLBACK, 'torn'); END",
        )
        .unwrap();
    let mut group = marks.gather();
    for number in 1..=4 {
        group.add(move |tx| mark(tx, number));
    }
    let outcomes = group.run();

    assert_eq!(acknowledged(&outcomes), [1, 3, 4]);
    assert_eq!(runs(&outcomes), [2, 1, 1, 1]);
    let told = outcomes[1].answer.as_ref().map_err(cause);
    assert_eq!(told, Err("torn".to_owned()));
    marks.expect_exactly([1, 3, 4]);
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    let marks = Marks::create(Engine::Sqlite);
    let mut group = marks.gather();
    group.add(|tx| mark(tx, 1));
    group.add(|tx| {
        let pages: i64 = diesel::select(diesel::dsl::sql::<BigInt>(
            "(SELECT page_count FROM pragma_page_count)",
        ))
        .get_result(tx.db)?;
        tx.db
            .batch_execute(&format!("PRAGMA max_page_count = {pages}"))?;
        mark_with(tx, 2, None, Some(&"x".repeat(1_000_000)))
    });
    for number in 3..=40 {
        group.add(move |tx| mark_with(tx, number, None, Some(&"x".repeat(1_000))));
    }
    let outcomes = group.run();

    let kept = acknowledged(&outcomes);
    assert!(kept.contains(&1) && !kept.contains(&2), "{kept:?}");
    let told = &outcomes[1].answer;
    assert!(
        matches!(told, Err(Error::Unavailable { retry_after_seconds, .. }) if *retry_after_seconds > 1),
        "a full disk is nobody's fault: {told:?}"
    );
    let said = told.as_ref().unwrap_err().to_string();
    assert!(said.contains("the disk is full"), "{said}");
    marks
        .store
        .write_blocking(WriteContext::worker(), |tx| {
            tx.db
                .batch_execute("PRAGMA max_page_count = 1000000")
                .map_err(Error::from)
        })
        .unwrap();
    marks.expect_exactly(kept);
}

#[test]
fn a_connection_that_dies_in_the_middle_loses_nothing_acknowledged() {
    for engine in engines().into_iter().filter(|it| *it == Engine::Postgres) {
        let marks = Marks::create(engine);
        let mut group = marks.gather();
        group.add(|tx| mark(tx, 1));
        group.add(|tx| {
            mark(tx, 2)?;
            diesel::sql_query("SELECT pg_terminate_backend(pg_backend_pid())").execute(tx.db)?;
            Ok(2)
        });
        group.add(|tx| mark(tx, 3));
        let outcomes = group.run();

        assert_eq!(acknowledged(&outcomes), [1, 3]);
        assert_eq!(runs(&outcomes), [2, 1, 1]);
        marks.expect_exactly([1, 3]);
    }
}

#[test]
fn a_connection_that_dies_in_the_commit_leads_to_no_second_run() {
    for engine in engines().into_iter().filter(|it| *it == Engine::Postgres) {
        let marks = Marks::create(engine);
        marks
            .database
            .connect()
            .batch_execute(
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
                 CREATE CONSTRAINT TRIGGER die AFTER INSERT ON marks DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW WHEN (NEW.number = 2) EXECUTE FUNCTION die()",
            )
            .unwrap();
        let mut group = marks.gather();
        for number in 1..=3 {
            group.add(move |tx| mark(tx, number));
        }
        let outcomes = group.run();

        assert!(acknowledged(&outcomes).is_empty());
        assert_eq!(runs(&outcomes), [1, 1, 1]);
        for outcome in &outcomes {
            let told = cause(outcome.answer.as_ref().unwrap_err());
            assert!(told.contains("is not known"), "{told}");
        }
        marks.expect_exactly([]);
    }
}

#[test]
fn many_writers_at_once_are_all_kept() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let all = write_from_many_threads(std::slice::from_ref(&marks.store), 32, 50);
        assert_eq!(all.len(), 1600);
        marks.expect_exactly(all);
    }
}

#[test]
fn writers_of_several_processes_see_no_race() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let clock = TestClock::new().clock();
        let stores = [
            marks.store.clone(),
            marks.database.open(clock.clone()),
            marks.database.open(clock),
        ];
        let all = write_from_many_threads(&stores, 12, 25);
        assert_eq!(all.len(), 300);
        marks.expect_exactly(all);
    }
}

/// The acknowledged numbers of so many threads, each of which makes so many writes.
fn write_from_many_threads(stores: &[Store], threads: i64, writes: i64) -> Vec<i64> {
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .zip(stores.iter().cycle())
            .map(|(thread, store)| {
                scope.spawn(move || -> Result<Vec<i64>> {
                    (0..writes)
                        .map(|write| {
                            let number = 1 + thread * writes + write;
                            store.write_blocking(WriteContext::worker(), move |tx| mark(tx, number))
                        })
                        .collect()
                })
            })
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap().unwrap())
            .collect()
    })
}

#[test]
fn a_full_queue_turns_writes_away_and_loses_none() {
    let marks = Marks::create(Engine::Sqlite);
    let mut group = marks.gather();
    for number in 1..=4100 {
        group.add(move |tx| mark(tx, number));
    }
    let outcomes = group.run();

    let kept = acknowledged(&outcomes);
    assert_eq!(kept, (1..=4096).collect::<Vec<_>>());
    for outcome in &outcomes[4096..] {
        assert!(matches!(outcome.answer, Err(Error::Unavailable { .. })));
        assert_eq!(outcome.runs, 0);
    }
    marks.expect_exactly(kept);
}

#[test]
fn a_caller_who_goes_away_undoes_nothing() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let group = marks.gather();
        let store = marks.store.clone();
        let waiting =
            begin(async move { store.write(WriteContext::worker(), |tx| mark(tx, 1)).await });
        drop(waiting);
        group.run();
        marks.expect_exactly([1]);
    }
}

#[test]
fn without_groups_each_write_stands_alone() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let mut options = marks.database.options(TestClock::new().clock());
        options.group_commits = false;
        let store = Store::open(options).unwrap();
        let waiting: Vec<_> = (1..=3)
            .map(|number| {
                let store = store.clone();
                begin(async move {
                    store
                        .write(WriteContext::worker(), move |tx| {
                            mark_with(tx, number, (number == 2).then_some(999), None)
                        })
                        .await
                })
            })
            .collect();
        let kept: Vec<i64> = waiting
            .into_iter()
            .filter_map(|write| finish(write).ok())
            .collect();
        assert_eq!(kept, [1, 3]);
        marks.expect_exactly(kept);
    }
}
