//! Requests that must take effect once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use stipple_shared::storage::idempotency::{Answer, KEPT_FOR, RequestKey, prune};
use stipple_shared::storage::{Store, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};

use crate::marks::{Marks, mark};
use crate::{Waiting, begin, cause, finish};

/// A store whose writes are counted.
struct Counted {
    database: TestDatabase,
    clock: TestClock,
    store: Store,
    runs: Arc<AtomicUsize>,
}

impl Counted {
    fn create(engine: Engine) -> Self {
        let database = TestDatabase::create(engine);
        let clock = TestClock::new();
        let store = database.open(clock.clock());
        Self {
            database,
            clock,
            store,
            runs: Arc::default(),
        }
    }

    /// Begins a write whose answer names the run it came from.
    fn begin(&self, request: RequestKey) -> Waiting<(Answer, bool)> {
        let store = self.store.clone();
        let runs = Arc::clone(&self.runs);
        begin(async move {
            store
                .write_once(WriteContext::worker(), Some(request), move |tx| {
                    tx.next_change()?;
                    Ok(answer(runs.fetch_add(1, Ordering::SeqCst) + 1))
                })
                .await
        })
    }

    fn write(&self, request: RequestKey) -> Result<(Answer, bool)> {
        finish(self.begin(request))
    }

    fn prune(&self, at_most: i64) -> usize {
        self.store
            .write_blocking(WriteContext::worker(), move |tx| prune(tx, at_most))
            .unwrap()
    }
}

fn answer(run: usize) -> Answer {
    Answer {
        status: 201,
        headers: vec![("location".to_owned(), format!("/v1/things/{run}"))],
        body: vec![0, 255, u8::try_from(run).unwrap()],
    }
}

fn request(key: &str, body: u8) -> RequestKey {
    RequestKey {
        principal: "somebody".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/things".to_owned(),
        key: key.to_owned(),
        body_hash: vec![body; 32],
    }
}

#[test]
fn the_same_request_twice_takes_effect_once() {
    for engine in engines() {
        let counted = Counted::create(engine);
        assert_eq!(counted.write(request("a", 1)).unwrap(), (answer(1), false));
        assert_eq!(counted.write(request("a", 1)).unwrap(), (answer(1), true));
        assert_eq!(counted.runs.load(Ordering::SeqCst), 1);

        // A process that starts again, or another one, knows it too.
        let store = counted.database.open(counted.clock.clock());
        let kept = finish(store.write_once(
            WriteContext::worker(),
            Some(request("a", 1)),
            |_tx| -> Result<Answer> { panic!("run again") },
        ));
        assert_eq!(kept.unwrap(), (answer(1), true));
    }
}

#[test]
fn the_same_request_at_the_same_time_takes_effect_once() {
    for engine in engines() {
        let counted = Counted::create(engine);
        let waiting: Vec<_> = (0..20).map(|_| counted.begin(request("a", 1))).collect();
        let mut replayed: Vec<bool> = Vec::new();
        for write in waiting {
            let (kept, again) = finish(write).unwrap();
            assert_eq!(kept, answer(1));
            replayed.push(again);
        }
        assert_eq!(replayed.iter().filter(|again| !**again).count(), 1);
        assert_eq!(counted.runs.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn the_same_request_through_two_processes_takes_effect_once() {
    for engine in engines() {
        let marks = Marks::create(engine);
        let other = marks.database.open(TestClock::new().clock());
        let waiting: Vec<_> = [&marks.store, &other]
            .into_iter()
            .cycle()
            .take(10)
            .map(|store| {
                let store = store.clone();
                begin(async move {
                    store
                        .write_once(WriteContext::worker(), Some(request("a", 1)), |tx| {
                            mark(tx, 1)?;
                            Ok(answer(1))
                        })
                        .await
                })
            })
            .collect();
        for write in waiting {
            assert_eq!(finish(write).unwrap().0, answer(1));
        }
        marks.expect_exactly([1]);
    }
}

#[test]
fn another_body_under_the_same_key_is_refused() {
    for engine in engines() {
        let counted = Counted::create(engine);
        counted.write(request("a", 1)).unwrap();
        let refused = counted.write(request("a", 2));
        assert!(matches!(refused, Err(Error::KeyReused)));
        assert_eq!(counted.write(request("a", 1)).unwrap(), (answer(1), true));
    }
}

#[test]
fn a_key_belongs_to_a_caller_and_a_path() {
    for engine in engines() {
        let counted = Counted::create(engine);
        let same = request("a", 1);
        let others = [
            RequestKey {
                principal: "somebody else".to_owned(),
                ..same.clone()
            },
            RequestKey {
                method: "PUT".to_owned(),
                ..same.clone()
            },
            RequestKey {
                path: "/v1/others".to_owned(),
                ..same.clone()
            },
            request("A", 1),
        ];
        counted.write(same).unwrap();
        for (other, run) in others.into_iter().zip(2..) {
            assert_eq!(counted.write(other).unwrap(), (answer(run), false));
        }
    }
}

#[test]
fn an_error_burns_no_key() {
    for engine in engines() {
        let counted = Counted::create(engine);
        let refused = finish(counted.store.write_once(
            WriteContext::worker(),
            Some(request("a", 1)),
            |tx| -> Result<Answer> {
                tx.next_change()?;
                Err(Error::refused("not_now", "later"))
            },
        ));
        assert!(matches!(refused, Err(Error::Refused { .. })));
        let panicked = finish(counted.store.write_once(
            WriteContext::worker(),
            Some(request("a", 1)),
            |_tx| -> Result<Answer> { panic!("as planned") },
        ));
        assert_eq!(
            cause(&panicked.unwrap_err()),
            "a write panicked: as planned"
        );
        assert_eq!(counted.write(request("a", 1)).unwrap(), (answer(1), false));
    }
}

#[test]
fn without_a_key_each_request_takes_effect() {
    for engine in engines() {
        let marks = Marks::create(engine);
        for number in 1..=2 {
            let (_, again) = finish(marks.store.write_once(
                WriteContext::worker(),
                None,
                move |tx| {
                    mark(tx, number)?;
                    Ok(answer(1))
                },
            ))
            .unwrap();
            assert!(!again);
        }
        marks.expect_exactly([1, 2]);
    }
}

#[test]
fn an_answer_is_kept_for_three_days() {
    for engine in engines() {
        let counted = Counted::create(engine);
        counted.write(request("a", 1)).unwrap();
        counted.clock.advance(KEPT_FOR - TimeDelta::milliseconds(1));
        assert_eq!(counted.write(request("a", 1)).unwrap(), (answer(1), true));
        counted.clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(counted.write(request("a", 2)).unwrap(), (answer(2), false));
        assert_eq!(counted.write(request("a", 2)).unwrap(), (answer(2), true));
    }
}

#[test]
fn old_answers_are_forgotten_a_few_at_once() {
    for engine in engines() {
        let counted = Counted::create(engine);
        for key in ["a", "b", "c", "d"] {
            counted.write(request(key, 1)).unwrap();
            counted.clock.advance(TimeDelta::hours(1));
        }
        assert_eq!(counted.prune(10), 0);
        counted.clock.advance(KEPT_FOR - TimeDelta::hours(2));
        assert_eq!(counted.prune(2), 2);
        assert_eq!(counted.prune(2), 1);
        assert_eq!(counted.prune(2), 0);
        assert_eq!(counted.write(request("d", 1)).unwrap(), (answer(4), true));
        assert_eq!(counted.write(request("a", 1)).unwrap(), (answer(5), false));
    }
}
