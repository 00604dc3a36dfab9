//! Sessions of today that were confirmed and whose mails have gone: what a studio completes, each of another client.
//!
//! They are made by storage's own door, since a session can't be booked over HTTP for a time that is over.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Stopwatch};

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stipple_shared::domain::booking::Occurred;
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{ClientId, Instant, PractitionerId, StudioId};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::studios::Studio;
use stipple_shared::storage::{Store, WriteContext};
use stipple_shared::{Clock, Error};
use stipple_worker::{Engine, EngineOptions};

use crate::Outcome;
use crate::seed::DAYS;
use crate::serve;
use crate::sink::Sink;

const STUDIOS: usize = 20;
/// So many people treat in each, so that one half of a day has room for all.
const PRACTITIONERS_EACH: usize = 50;
/// Short enough that none of them had a reminder to come when they were booked, right before the first.
const HALF_A_DAY: TimeDelta = TimeDelta::hours(12);
const MINUTES_EACH: i64 = 15;
/// So many things share a transaction while they are made.
const TOGETHER: usize = 200;

/// A place in somebody's diary.
struct Place {
    studio_id: StudioId,
    practitioner_id: PractitionerId,
    starts_at: Instant,
}

/// Makes so many in the database of a directory, as many as the half day has room for at most, and answers their paths.
pub(crate) fn make(directory: &Path, count: usize) -> Outcome<Vec<String>> {
    let present = Clock::system().now();
    let first = present - HALF_A_DAY - TimeDelta::minutes(MINUTES_EACH);
    let booked_at = first - TimeDelta::hours(1);
    let store = serve::open(directory, Clock::from_fn(move || booked_at), true)?;
    let people = open_studios(&store)?;
    let slots = HALF_A_DAY.num_minutes() / MINUTES_EACH;
    let places: Vec<Place> = (0..slots)
        .flat_map(|slot| {
            people
                .iter()
                .map(move |(studio_id, practitioner_id)| Place {
                    studio_id: *studio_id,
                    practitioner_id: *practitioner_id,
                    starts_at: first + TimeDelta::minutes(MINUTES_EACH * slot),
                })
        })
        .take(count)
        .collect();
    let sessions = book(&store, places)?;
    let sink = Sink::start()?;
    let options = EngineOptions {
        slots: 8,
        mails_per_tick: 2_000,
        rate: SendingRate::UNLIMITED,
        ..EngineOptions::new(Some(sink.target()?), "post@studio.example".into())
    };
    let engine = Engine::new(store, options);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        while !engine.tick().await?.is_idle() {}
        engine.rest().await;
        Ok::<(), Error>(())
    })?;
    drop(engine);
    wait_until_closed(directory)?;
    if sink.count() < sessions.len() {
        return Err(format!(
            "{} mails came for {} sessions",
            sink.count(),
            sessions.len()
        )
        .into());
    }
    Ok(sessions)
}

/// Waits for the last connection, whose end takes the log with it: until then the files can't be copied.
fn wait_until_closed(directory: &Path) -> Outcome<()> {
    let began = Stopwatch::now();
    while directory.join("stipple.db-wal").exists() {
        if began.elapsed() > Duration::from_secs(30) {
            return Err("the database wasn't closed within 30 seconds".into());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn open_studios(store: &Store) -> Outcome<Vec<(StudioId, PractitionerId)>> {
    let week = DAYS.map(|day| json!({"weekday": day, "from": "00:00", "until": "24:00"}));
    Ok(store.write_blocking(WriteContext::command_line(), move |tx| {
        let mut people = Vec::new();
        for number in 0..STUDIOS {
            let studio = Studio::open(
                tx,
                &read(json!({
                    "name": format!("Day and Night {number}"), "sender_name": "Day and Night", "time_zone": "Etc/UTC",
                    "opening_hours": week, "quiet_hours": null,
                }))?,
            )?;
            let hours = DAYS.map(|day| {
                json!({"studio_id": studio.id, "weekday": day, "from": "00:00", "until": "24:00"})
            });
            for person in 0..PRACTITIONERS_EACH {
                let person = json!({
                    "name": format!("Robin {person}"), "licence_number": format!("EX-{number}-{person}"),
                    "working_hours": hours, "buffer_minutes": 0,
                });
                people.push((studio.id, Practitioner::add(tx, &read(person)?)?.id));
            }
        }
        Ok(people)
    })?)
}

/// Books each place for somebody new.
fn book(store: &Store, places: Vec<Place>) -> Outcome<Vec<String>> {
    let places = Arc::new(places);
    let mut sessions = Vec::with_capacity(places.len());
    for from in (0..places.len()).step_by(TOGETHER) {
        let places = Arc::clone(&places);
        let made = store.write_blocking(WriteContext::command_line(), move |tx| {
            let mut made = Vec::new();
            for (number, place) in places.iter().enumerate().skip(from).take(TOGETHER) {
                let person = json!({
                    "studio_id": place.studio_id, "given_name": "Alex", "family_name": format!("Sample {number}"),
                    "email": format!("due-{number}@example.com"),
                });
                let client_id: ClientId = Client::register(tx, &read(person)?)?.id;
                let session = json!({
                    "client_id": client_id, "kind": "touch_up", "duration_minutes": MINUTES_EACH,
                    "practitioner_id": place.practitioner_id, "studio_id": place.studio_id,
                    "booking": {"starts_at": place.starts_at},
                });
                let session = Session::arrange(tx, &read(session)?, MayOverride::No)?;
                Session::confirm(tx, session.id, None, &Occurred::default())?;
                made.push(format!("/v1/sessions/{}", session.id));
            }
            Ok(made)
        })?;
        sessions.extend(made);
    }
    Ok(sessions)
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(Error::internal)
}
