//! What the engine does with bad rows, wrong settings, slow servers, a stop, and limits.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use stipple_shared::storage::schema::{mails, reminders, studios};
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_test_support::salon::{self, Salon, alarms, reminder_states};
use stipple_test_support::smtp_server::{At, Fault, Script, SmtpServer};
use stipple_worker::transport::Timeouts;
use stipple_worker::{Engine, EngineOptions};

use crate::place::{Place, options, run};

fn good() -> SmtpServer {
    SmtpServer::start(Script::default()).unwrap()
}

fn faulty(at: At, fault: Fault, connections: Option<usize>) -> SmtpServer {
    let script = Script {
        fault: Some((at, fault)),
        faulty_connections: connections,
        ..Script::default()
    };
    SmtpServer::start(script).unwrap()
}

fn count(place: &Place, state: &str) -> usize {
    salon::mails(&place.store)
        .iter()
        .filter(|mail| mail.state == state)
        .count()
}

#[test]
fn a_row_that_cannot_be_read_is_put_aside_alone() {
    Place::each(|place| {
        place.book(6);
        let mut db = place.database.connect();
        let first: Vec<u8> = reminders::table
            .filter(reminders::step.eq("booking_confirmation"))
            .order(reminders::id)
            .select(reminders::id)
            .first(&mut db)
            .unwrap();
        diesel::update(reminders::table.find(&first))
            .set(reminders::step.eq("no_such_step"))
            .execute(&mut db)
            .unwrap();
        let server = good();
        let engine = place.engine(&server.url());
        let outcome = run(engine.tick()).unwrap();
        assert_eq!((outcome.sent, outcome.put_aside), (5, 1));
        let (state, reason): (String, Option<String>) = reminders::table
            .find(&first)
            .select((reminders::state, reminders::state_reason))
            .get_result(&mut db)
            .unwrap();
        assert_eq!(
            (state.as_str(), reason.as_deref()),
            ("failed", Some("unreadable"))
        );
        assert_eq!(server.accepted().len(), 5);
    });
}

#[test]
fn a_mail_whose_content_is_broken_fails_alone_with_a_task() {
    Place::each(|place| {
        place.book(4);
        // The first attempt freezes the content of all.
        let unready = faulty(At::Rcpt, Fault::Reply(450), None);
        run(place.engine(&unready.url()).tick()).unwrap();
        let mut db = place.database.connect();
        let first: Vec<u8> = mails::table
            .order(mails::id)
            .select(mails::id)
            .first(&mut db)
            .unwrap();
        diesel::update(mails::table.find(&first))
            .set(mails::content.eq("{"))
            .execute(&mut db)
            .unwrap();
        place.clock.advance(TimeDelta::minutes(2));
        let server = good();
        let outcome = run(place.engine(&server.url()).tick()).unwrap();
        assert_eq!((outcome.sent, outcome.refused), (3, 1));
        let broken = salon::mails(&place.store)
            .into_iter()
            .find(|mail| mail.id == first)
            .unwrap();
        assert_eq!(broken.state, "failed");
        assert_eq!(broken.reason.as_deref(), Some("cannot_be_rendered"));
        assert_eq!(salon::open_tasks(&place.store), 1);
    });
}

#[test]
fn a_studio_that_cannot_be_read_spoils_no_other_studios_mails() {
    Place::each(|place| {
        place.book(3);
        let other = Salon::open(&place.store);
        let then = place.clock.now() + TimeDelta::days(2);
        other.book_many(&place.store, 3, then);
        let mut db = place.database.connect();
        diesel::update(studios::table.find(other.studio_id.0.as_bytes().to_vec()))
            .set(studios::time_zone.eq("Nowhere/Land"))
            .execute(&mut db)
            .unwrap();
        let server = good();
        let engine = place.engine(&server.url());
        run(place.settle(&engine, 3));
        assert_eq!((count(place, "sent"), count(place, "failed")), (3, 3));
        assert_eq!(server.accepted().len(), 3);
    });
}

#[test]
fn a_wrong_password_costs_no_mail_anything_and_shows() {
    Place::each(|place| {
        place.book(8);
        let refusing = faulty(At::Auth, Fault::Reply(535), None);
        let url = refusing.url().replace("//", "//desk:wrong@");
        let engine = place.engine(&url);
        for _ in 0..20 {
            run(engine.tick()).unwrap();
            assert_eq!(alarms(&place.store), ["mail_settings"]);
            place.clock.advance(TimeDelta::seconds(20));
        }
        // One mail a minute is tried, not each of them every time.
        assert!(
            (5..=9).contains(&refusing.connections()),
            "{}",
            refusing.connections()
        );
        assert!(
            salon::mails(&place.store)
                .iter()
                .all(|mail| mail.attempts == 0)
        );
        assert_eq!(salon::attempts(&place.store), Vec::<String>::new());
        let server = good();
        let mended = place.engine(&server.url());
        place.clock.advance(TimeDelta::minutes(2));
        run(place.settle(&mended, 5));
        assert_eq!(count(place, "sent"), 8);
        assert!(
            salon::mails(&place.store)
                .iter()
                .all(|mail| mail.attempts == 1)
        );
    });
}

#[test]
fn without_a_way_out_mail_is_held_until_it_is_of_no_more_use() {
    Place::each(|place| {
        place.book(2);
        let engine = Engine::new(place.store.clone(), EngineOptions::new(None, String::new()));
        assert!(run(engine.tick()).unwrap().is_held);
        assert_eq!(alarms(&place.store), ["no_mail_transport"]);
        let scheduled = |place: &Place| {
            reminder_states(&place.store)
                .into_iter()
                .find(|(state, _)| state == "scheduled")
        };
        assert!(scheduled(place).is_some());
        place.clock.advance(TimeDelta::days(3));
        assert!(run(engine.tick()).unwrap().is_held);
        assert_eq!(scheduled(place), None);
        let expired = reminder_states(&place.store);
        assert!(
            expired
                .iter()
                .any(|(state, rows)| state == "expired" && *rows >= 2),
            "{expired:?}"
        );
    });
}

#[test]
fn a_server_that_falls_silent_holds_up_one_mail() {
    Place::each(|place| {
        place.book(6);
        let server = faulty(At::AfterDot, Fault::Stall, Some(1));
        let mut options = options(&server.url());
        options.slots = 2;
        options.timeouts = Timeouts::all(Duration::from_secs(6));
        let engine = Arc::new(Engine::new(place.store.clone(), options));
        run(async {
            let stuck = tokio::spawn({
                let engine = Arc::clone(&engine);
                async move { engine.tick().await }
            });
            while server.accepted().len() < 6 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let held = salon::mails(&place.store)
                    .iter()
                    .filter(|mail| mail.lease_token.is_some())
                    .count();
                assert!(held <= 2, "{held} mails are held at once");
            }
            assert!(!stuck.is_finished(), "the silent server still has its time");
            // Another tick works beside it: what is booked meanwhile goes out.
            tokio::task::block_in_place(|| {
                let client = place.salon.client(&place.store, "late@example.com");
                let later = place.clock.now() + TimeDelta::days(3);
                place.salon.book(&place.store, client, later);
            });
            assert_eq!(engine.tick().await.unwrap().sent, 1);
            assert!(!stuck.is_finished());
            assert_eq!(stuck.await.unwrap().unwrap().ambiguous, 1);
        });
    });
}

#[test]
fn a_stop_gives_back_what_has_not_begun_to_leave() {
    Place::each(|place| {
        place.book(5);
        let server = faulty(At::Rcpt, Fault::Stall, None);
        let mut options = options(&server.url());
        options.slots = 2;
        options.timeouts = Timeouts::all(Duration::from_secs(60));
        let engine = Arc::new(Engine::new(place.store.clone(), options));
        run(async {
            let ticking = tokio::spawn({
                let engine = Arc::clone(&engine);
                async move { engine.tick().await }
            });
            while server
                .commands()
                .iter()
                .filter(|verb| *verb == "RCPT")
                .count()
                < 2
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let began = std::time::Instant::now();
            engine.stop();
            engine.rest().await;
            assert!(began.elapsed() < Duration::from_secs(10));
            assert_eq!(ticking.await.unwrap().unwrap().handed_back, 2);
        });
        let mails = salon::mails(&place.store);
        assert!(
            mails
                .iter()
                .all(|mail| mail.lease_token.is_none() && mail.attempts == 0),
            "{mails:?}"
        );
        let good = good();
        let next = place.engine(&good.url());
        assert_eq!(run(next.tick()).unwrap().sent, 5);
    });
}

#[test]
fn all_workers_together_keep_to_the_rate() {
    Place::each(|place| {
        place.book(40);
        let server = good();
        let mut options = options(&server.url());
        options.rate = SendingRate {
            per_minute: 12,
            at_once: 5,
        };
        let workers: Vec<Engine> = (0..3)
            .map(|_| Engine::new(place.store.clone(), options.clone()))
            .collect();
        run(async {
            for worker in &workers {
                worker.tick().await.unwrap();
            }
        });
        // On PostgreSQL its own clock counts, and a little of it goes by.
        assert!(
            (5..=7).contains(&server.accepted().len()),
            "{}",
            server.accepted().len()
        );
        assert!(
            salon::mails(&place.store).len() <= 12,
            "no more is queued than may go"
        );
    });
}

#[test]
fn after_a_night_asleep_what_is_still_of_use_goes_first_to_whom_it_is_soonest_of_none() {
    Place::each(|place| {
        let client = place.salon.client(&place.store, "kim@example.com");
        let now = place.clock.now();
        // The later ones are booked first.
        for hours in [90, 70, 50, 30, 20, 10] {
            place
                .salon
                .book(&place.store, client, now + TimeDelta::hours(hours));
        }
        place.clock.advance(TimeDelta::hours(15));
        let server = good();
        let mut options = options(&server.url());
        options.rate = SendingRate {
            per_minute: 60,
            at_once: 2,
        };
        let engine = Engine::new(place.store.clone(), options);
        run(engine.tick()).unwrap();
        let gone: Vec<String> = server
            .accepted()
            .iter()
            .map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned())
            .collect();
        assert!((2..=3).contains(&gone.len()), "{}", gone.len());
        let expired = reminder_states(&place.store);
        assert!(
            expired.iter().any(|(state, _)| state == "expired"),
            "{expired:?}"
        );
        let soonest = now + TimeDelta::hours(20);
        let day = soonest.to_string()[..10].replace('-', "");
        assert!(
            gone[0].contains(&day) || gone[0].contains("BEGIN:VCALENDAR"),
            "{}",
            gone[0]
        );
    });
}

#[test]
fn a_crash_after_each_handover_is_not_repeated_for_ever() {
    Place::each(|place| {
        place.book(1);
        let server = faulty(At::AfterDot, Fault::Stall, None);
        for _ in 0..3 {
            let mut options = options(&server.url());
            options.timeouts = Timeouts::all(Duration::from_secs(60));
            let engine = Arc::new(Engine::new(place.store.clone(), options));
            let before = server.complete().len();
            run(async {
                let ticking = tokio::spawn({
                    let engine = Arc::clone(&engine);
                    async move { engine.tick().await }
                });
                while server.complete().len() == before && !ticking.is_finished() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                ticking.abort();
                let _aborted = ticking.await;
            });
            place.let_leases_run_out();
        }
        let mails = salon::mails(&place.store);
        assert_eq!(server.complete().len(), 2, "twice, and not a third time");
        assert_eq!(
            (mails[0].state.as_str(), mails[0].attempts),
            ("ambiguous", 2)
        );
        assert_eq!(
            salon::attempts(&place.store),
            ["interrupted", "interrupted"]
        );
        assert_eq!(salon::open_tasks(&place.store), 1);
    });
}
