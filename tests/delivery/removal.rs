//! Nothing is sent to whoever was taken off the list, but that what they were told of is off.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use stipple_shared::domain::booking::{Cancel, Complete};
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{ClientId, SessionId};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::delivery::{
    Gathering, LeaseLengths, begin, due_sessions, gather, hand_over, lease, prepare,
};
use stipple_shared::storage::reminder_rules::ReminderRule;
use stipple_shared::storage::schema::{reminder_rules, reminders};
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::{Tx, WriteContext};
use stipple_shared::{Clock, Error, Result};
use stipple_test_support::salon::{self, reminder_states};
use stipple_test_support::smtp_server::{At, Fault, Script, SmtpServer};

use crate::place::{Place, run};

fn good() -> SmtpServer {
    SmtpServer::start(Script::default()).unwrap()
}

fn write<T: Send + 'static>(
    place: &Place,
    act: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> T {
    place
        .store
        .write_blocking(WriteContext::command_line(), act)
        .unwrap()
}

fn read<T: serde::de::DeserializeOwned>(body: serde_json::Value) -> T {
    serde_json::from_value(body).unwrap()
}

/// A client with a consultation in two days, whose confirmation is due.
fn booked(place: &Place) -> (ClientId, SessionId) {
    let client = place.salon.client(&place.store, "kim@example.com");
    let then = place.clock.now() + TimeDelta::days(2);
    (client, place.salon.book(&place.store, client, then))
}

fn cancel(place: &Place, id: SessionId) {
    write(place, move |tx| {
        Session::cancel(tx, id, None, &read::<Cancel>(json!({}))).map(drop)
    });
}

fn remove(place: &Place, id: ClientId) {
    write(place, move |tx| Client::remove(tx, id, None));
}

/// How many rows are still to come.
fn to_come(place: &Place) -> i64 {
    reminder_states(&place.store)
        .into_iter()
        .filter(|(state, _)| matches!(state.as_str(), "scheduled" | "leased"))
        .map(|(_, count)| count)
        .sum()
}

fn reasons(place: &Place) -> Vec<Option<String>> {
    place
        .store
        .read_blocking(|db| {
            Ok(reminders::table
                .filter(reminders::state.eq("superseded"))
                .select(reminders::state_reason)
                .load(db)?)
        })
        .unwrap()
}

#[test]
fn what_was_to_come_is_ended_and_nothing_new_is_scheduled() {
    Place::each(|place| {
        let (client, session) = booked(place);
        let server = good();
        let engine = place.engine(&server.url());
        run(engine.tick()).unwrap();
        assert_eq!(server.accepted_count(), 1, "the booking is confirmed");
        cancel(place, session);
        assert!(to_come(place) > 0, "the cancellation is to be told");
        remove(place, client);
        assert_eq!(to_come(place), 1, "nobody is to set out in vain");
        assert!(!reasons(place).contains(&Some("client_deleted".to_owned())));

        // A change of the studio's rules schedules anew what it concerns.
        write(place, |tx| {
            let rules: Vec<Vec<u8>> = reminder_rules::table
                .select(reminder_rules::id)
                .load(tx.db)?;
            for id in rules {
                let id = uuid::Uuid::from_slice(&id).map_err(Error::internal)?;
                ReminderRule::change(tx, id.into(), None, &read(json!({"enabled": true})))?;
            }
            Ok(())
        });
        place.clock.advance(TimeDelta::days(1));
        run(place.settle(&engine, 5));
        assert_eq!(server.accepted_count(), 2, "the cancellation is told");
        assert_eq!(to_come(place), 0);
    });
}

#[test]
fn a_mail_that_waits_for_another_attempt_is_called_off() {
    Place::each(|place| {
        let (client, session) = booked(place);
        let unready = Script {
            fault: Some((At::Rcpt, Fault::Reply(450))),
            ..Script::default()
        };
        let unready = SmtpServer::start(unready).unwrap();
        run(place.engine(&unready.url()).tick()).unwrap();
        assert_eq!(salon::mails(&place.store)[0].state, "queued");
        cancel(place, session);
        remove(place, client);
        let mail = salon::mails(&place.store).remove(0);
        assert_eq!(mail.state, "cancelled");
        place.clock.advance(TimeDelta::hours(2));
        let server = good();
        run(place.settle(&place.engine(&server.url()), 5));
        assert_eq!(server.accepted_count(), 1, "the cancellation alone");
        let states: Vec<String> = salon::mails(&place.store)
            .into_iter()
            .map(|mail| mail.state)
            .collect();
        assert_eq!(states, ["cancelled", "sent"]);
    });
}

#[test]
fn a_mail_that_may_have_arrived_is_not_sent_again() {
    Place::each(|place| {
        let (client, session) = booked(place);
        let deaf = Script {
            fault: Some((At::AfterDot, Fault::Drop)),
            ..Script::default()
        };
        let deaf = SmtpServer::start(deaf).unwrap();
        run(place.engine(&deaf.url()).tick()).unwrap();
        assert!(salon::mails(&place.store)[0].possibly_delivered);
        cancel(place, session);
        remove(place, client);
        place.clock.advance(TimeDelta::hours(2));
        let server = good();
        run(place.settle(&place.engine(&server.url()), 5));
        assert_eq!(server.accepted_count(), 1, "the cancellation alone");
        let states: Vec<String> = salon::mails(&place.store)
            .into_iter()
            .map(|mail| mail.state)
            .collect();
        let says_what_nobody_knows = ["ambiguous", "sent"];
        assert_eq!(states, says_what_nobody_knows);
        assert_eq!(to_come(place), 0);
    });
}

#[test]
fn a_mail_in_a_workers_hands_does_not_leave() {
    Place::each(|place| {
        let (client, session) = booked(place);
        let lengths = LeaseLengths {
            until_handover: TimeDelta::minutes(5),
            after_handover: TimeDelta::minutes(5),
            repeats_are_harmless: false,
        };
        // The engine's own steps, so that the removal falls between the last two.
        write(place, |tx| {
            let now = tx.now();
            let clock = Clock::from_fn(move || now);
            let due = due_sessions(tx.db, &clock, SendingRate::UNLIMITED, 10)?;
            gather(tx, &Gathering::Sessions(due)).map(drop)
        });
        let (id, token) =
            write(place, move |tx| lease(tx, lengths, SendingRate::UNLIMITED)).unwrap();
        let rendered = write(place, move |tx| prepare(tx, id, token)).unwrap();
        let at_hand = rendered.clone();
        write(place, move |tx| {
            let rate = SendingRate::UNLIMITED;
            begin(tx, token, &at_hand, "{}", "studio.example", rate).map(drop)
        });
        cancel(place, session);
        remove(place, client);
        let handed = place
            .store
            .write_blocking(WriteContext::worker(), move |tx| {
                hand_over(tx, token, &rendered, lengths)
            });
        assert!(matches!(handed, Err(Error::Refused { .. })), "{handed:?}");
        assert_eq!(salon::mails(&place.store)[0].state, "cancelled");
    });
}

#[test]
fn whoever_is_put_back_is_told_what_is_still_of_use() {
    Place::each(|place| {
        let client = place.salon.client(&place.store, "kim@example.com");
        let (salon, then) = (place.salon, place.clock.now() + TimeDelta::days(2));
        let session = write(place, move |tx| {
            let new = json!({
                "client_id": client, "kind": "touch_up", "duration_minutes": 5,
                "practitioner_id": salon.practitioner_id, "booking": {"starts_at": then},
            });
            Ok(Session::arrange(tx, &read(new), MayOverride::No)?.id)
        });
        let server = good();
        let engine = place.engine(&server.url());
        run(engine.tick()).unwrap();
        place.clock.advance(TimeDelta::hours(49));
        write(place, move |tx| {
            Session::complete(tx, session, None, &read::<Complete>(json!({}))).map(drop)
        });
        let care = to_come(place);
        assert!(care > 0);
        remove(place, client);
        assert_eq!(to_come(place), 0);
        assert!(reasons(place).contains(&Some("client_deleted".to_owned())));
        write(place, move |tx| Client::restore(tx, client, None).map(drop));
        assert_eq!(to_come(place), care);
        let sent = server.accepted_count();
        write(place, move |tx| Client::remove(tx, client, None));
        place.clock.advance(TimeDelta::days(400));
        run(place.settle(&engine, 5));
        assert_eq!(server.accepted_count(), sent);
    });
}
