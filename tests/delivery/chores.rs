//! What becomes a task by the clock alone, where there is much of it and where the database says no.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use stipple_shared::storage::schema::tasks;
use stipple_test_support::{Engine as Database, engines};
use stipple_worker::{Engine, EngineOptions};

use crate::place::{Place, run};

/// One that sends no mails.
fn engine(place: &Place) -> Engine {
    let options = EngineOptions::new(None, "post@studio.example".into());
    Engine::new(place.store.clone(), options)
}

/// Books so many sessions and lets their days pass: nothing says what became of them.
fn let_pass(place: &Place, count: usize) {
    let from = place.clock.now() + TimeDelta::hours(1);
    place.salon.book_many(&place.store, count, from);
    place.clock.advance(TimeDelta::days(4));
}

fn asked(place: &Place) -> i64 {
    tasks::table
        .filter(tasks::kind.eq("outcome_missing"))
        .count()
        .get_result(&mut place.database.connect())
        .unwrap()
}

#[test]
fn more_than_a_batch_is_asked_for_at_the_next_tick() {
    Place::each(|place| {
        let engine = engine(place);
        let_pass(place, 503);
        run(engine.tick()).unwrap();
        assert_eq!(asked(place), 500);
        place.clock.advance(TimeDelta::seconds(5));
        run(engine.tick()).unwrap();
        assert_eq!(asked(place), 503);
    });
}

#[test]
fn what_could_not_be_stored_is_tried_again_within_the_hour() {
    for database in engines() {
        let (refuse, allow) = if database == Database::Sqlite {
            (
                "CREATE TRIGGER no_outcome BEFORE INSERT ON tasks WHEN NEW.kind = 'outcome_missing' \
                 BEGIN SELECT RAISE(ABORT, 'not now'); END",
                "DROP TRIGGER no_outcome",
            )
        } else {
            (
                "ALTER TABLE tasks ADD CONSTRAINT no_outcome CHECK (kind <> 'outcome_missing')",
                "ALTER TABLE tasks DROP CONSTRAINT no_outcome",
            )
        };
        let place = Place::on(database);
        let engine = engine(&place);
        let_pass(&place, 2);
        let mut db = place.database.connect();
        db.batch_execute(refuse).unwrap();
        assert!(run(engine.tick()).is_err());
        db.batch_execute(allow).unwrap();
        assert_eq!(asked(&place), 0);
        place.clock.advance(TimeDelta::seconds(61));
        run(engine.tick()).unwrap();
        assert_eq!(asked(&place), 2);
    }
}
