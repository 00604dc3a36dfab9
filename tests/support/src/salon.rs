//! A studio by the inner doors, for suites that are about mails and need many sessions quickly.

#![expect(clippy::unwrap_used, reason = "what is asked for here is always right")]

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stipple_shared::domain::booking::NewSession;
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{ClientId, Instant, PractitionerId, SessionId, StudioId};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::schema::{mail_attempts, mails, reminders, worker_status};
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::studios::Studio;
use stipple_shared::storage::{Store, WriteContext};

/// A studio that never closes and knows no quiet hours, with somebody who needs no pause.
#[derive(Clone, Copy, Debug)]
pub struct Salon {
    /// The studio.
    pub studio_id: StudioId,
    /// Who treats.
    pub practitioner_id: PractitionerId,
}

/// A mail as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LedgerMail {
    /// Its id.
    pub id: Vec<u8>,
    /// What became of it.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// Not to be tried before this.
    pub not_before: i64,
    /// Whether it may have been taken without our knowing.
    pub possibly_delivered: bool,
    /// Its Message-ID.
    pub message_id: String,
    /// Whether somebody holds it.
    pub lease_token: Option<Vec<u8>>,
}

fn read<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn write<T: Send + 'static>(
    store: &Store,
    write: impl Fn(&mut stipple_shared::storage::Tx<'_>) -> stipple_shared::Result<T> + Send + 'static,
) -> T {
    store
        .write_blocking(WriteContext::command_line(), write)
        .unwrap()
}

impl Salon {
    /// Opens one.
    pub fn open(store: &Store) -> Self {
        Self::open_in(store, "Etc/UTC")
    }

    /// Opens one in another zone.
    pub fn open_in(store: &Store, time_zone: &'static str) -> Self {
        let week: Vec<Value> = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ]
        .iter()
        .map(|day| json!({"weekday": day, "from": "00:00", "until": "24:00"}))
        .collect();
        write(store, move |tx| {
            let studio = Studio::open(
                tx,
                &read(json!({
                    "name": "Night Owl", "sender_name": "Night Owl", "time_zone": time_zone,
                    "email": "desk@nightowl.example", "opening_hours": week, "quiet_hours": null,
                })),
            )?;
            let hours: Vec<Value> = week
                .iter()
                .map(|day| {
                    let mut day = day.clone();
                    day["studio_id"] = json!(studio.id);
                    day
                })
                .collect();
            let practitioner = Practitioner::add(
                tx,
                &read(json!({"name": "Kit", "working_hours": hours, "buffer_minutes": 0})),
            )?;
            Ok(Self {
                studio_id: studio.id,
                practitioner_id: practitioner.id,
            })
        })
    }

    /// Registers a client.
    pub fn client(&self, store: &Store, email: &str) -> ClientId {
        self.client_named(store, "Kim", "Pemberley", email)
    }

    /// Registers a client of this name.
    pub fn client_named(&self, store: &Store, given: &str, family: &str, email: &str) -> ClientId {
        let body = json!({
            "studio_id": self.studio_id, "given_name": given, "family_name": family, "email": email,
        });
        write(store, move |tx| {
            Ok(Client::register(tx, &read(body.clone()))?.id)
        })
    }

    /// Books a consultation of five minutes. Its confirmation is due at once.
    pub fn book(&self, store: &Store, client_id: ClientId, starts_at: Instant) -> SessionId {
        let body = json!({
            "client_id": client_id, "kind": "consultation", "duration_minutes": 5,
            "practitioner_id": self.practitioner_id, "booking": {"starts_at": starts_at},
        });
        write(store, move |tx| {
            let new: NewSession = read(body.clone());
            Ok(Session::arrange(tx, &new, MayOverride::No)?.id)
        })
    }

    /// Books so many, one after the other from this instant on, for clients of their own.
    pub fn book_many(&self, store: &Store, count: usize, from: Instant) -> Vec<SessionId> {
        let clients: Vec<ClientId> = (0..count.min(50))
            .map(|place| self.client(store, &format!("kim{place}@example.com")))
            .collect();
        (0..count)
            .map(|place| {
                let at = from + TimeDelta::minutes(5 * i64::try_from(place).unwrap());
                self.book(store, clients[place % clients.len()], at)
            })
            .collect()
    }
}

/// All mails of the ledger, the oldest first.
pub fn mails(store: &Store) -> Vec<LedgerMail> {
    store
        .read_blocking(|db| {
            Ok(mails::table
                .order(mails::id)
                .select((
                    mails::id,
                    mails::state,
                    mails::state_reason,
                    mails::attempts,
                    mails::not_before,
                    mails::possibly_delivered,
                    mails::message_id,
                    mails::lease_token,
                ))
                .load(db)?)
        })
        .unwrap()
}

/// How all attempts ended, in their order.
pub fn attempts(store: &Store) -> Vec<String> {
    store
        .read_blocking(|db| {
            Ok(mail_attempts::table
                .order((mail_attempts::mail_id, mail_attempts::number))
                .select(mail_attempts::outcome)
                .load(db)?)
        })
        .unwrap()
}

/// How many reminders are in each state, sorted by its name.
pub fn reminder_states(store: &Store) -> Vec<(String, i64)> {
    let mut states: Vec<(String, i64)> = store
        .read_blocking(|db| {
            Ok(reminders::table
                .group_by(reminders::state)
                .select((reminders::state, diesel::dsl::count_star()))
                .load(db)?)
        })
        .unwrap();
    states.sort();
    states
}

/// The alarms of all workers.
pub fn alarms(store: &Store) -> Vec<String> {
    let alarms: Vec<Option<String>> = store
        .read_blocking(|db| Ok(worker_status::table.select(worker_status::alarm).load(db)?))
        .unwrap();
    alarms.into_iter().flatten().collect()
}

/// Lets time pass for the mails that wait: leases run out and pauses end, whichever clock they hang on.
pub fn let_leases_run_out(db: &mut stipple_shared::storage::Db) {
    diesel::update(mails::table.filter(mails::state.eq("queued")))
        .set((mails::lease_until.eq(0_i64), mails::not_before.eq(0_i64)))
        .execute(db)
        .unwrap();
}

/// How many tasks are open about mails.
pub fn open_tasks(store: &Store) -> i64 {
    use stipple_shared::storage::schema::tasks;
    store
        .read_blocking(|db| {
            Ok(tasks::table
                .filter(tasks::state.eq("open"))
                .filter(tasks::mail_id.is_not_null())
                .count()
                .get_result(db)?)
        })
        .unwrap()
}
