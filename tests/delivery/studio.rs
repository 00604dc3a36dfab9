//! A busy studio whose days go by chance: it books, moves, cancels, takes back, changes a rule, and tells the model of it.

use std::collections::HashMap;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use stipple_shared::domain::booking::{
    Booking, Cancel, Complete, Miss, NewSession, Occurred, Revert,
};
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{Instant, SessionId};
use stipple_shared::storage::reminder_rules::ReminderRule;
use stipple_shared::storage::schema::reminder_rules;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::studios::Studio as House;
use stipple_shared::storage::{Actor, Tx, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::Engine as Database;
use stipple_test_support::salon::Salon;
use stipple_test_support::smtp_server::{At, Fault, Script, SmtpServer};
use stipple_test_support::{TestClock, TestDatabase};

use crate::model::{Act, DAY, Minute, Model, Quiet, State};
use crate::place::runtime;

/// The quiet hours of a month: none, a night, the middle of the day, and a night that lasts beyond ten o'clock.
const QUIET: [Option<(&str, &str)>; 4] = [
    None,
    Some(("21:00", "08:00")),
    Some(("12:30", "18:00")),
    Some(("22:00", "10:30")),
];

fn minute_of_day(clock: &str) -> Minute {
    let (hours, minutes) = clock.split_once(':').unwrap();
    hours.parse::<Minute>().unwrap() * 60 + minutes.parse::<Minute>().unwrap()
}

/// The same chances for the same seed (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        i64::try_from(mixed % u64::try_from(end).unwrap()).unwrap()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Good,
    /// The server takes nothing.
    Closed,
    /// The server takes the mail, and its answer is lost.
    Deaf,
    /// No server is set: what is due waits in the ledger.
    Held,
}

pub(crate) struct Studio {
    pub(crate) seed: u64,
    pub(crate) chance: Chance,
    pub(crate) now: Minute,
    pub(crate) weather: Weather,
    /// When the last outage ended: mails may still wait for another attempt.
    pub(crate) unsettled_until: Minute,
    pub(crate) model: Model,
    pub(crate) ids: Vec<SessionId>,
    /// No two begin in the same five minutes.
    pub(crate) slots: HashMap<Minute, usize>,
    pub(crate) seen: usize,
    pub(crate) twice: usize,
    pub(crate) acts: usize,
    pub(crate) final_hours: i64,
    pub(crate) clock: TestClock,
    pub(crate) salon: Salon,
    pub(crate) store: stipple_shared::storage::Store,
    pub(crate) good: SmtpServer,
    pub(crate) closed: SmtpServer,
    pub(crate) deaf: SmtpServer,
    pub(crate) copies: HashMap<String, usize>,
    /// How many mails of the two servers have been looked at.
    pub(crate) taken: [usize; 2],
    pub(crate) runtime: tokio::runtime::Runtime,
    _database: TestDatabase,
}

fn start() -> Instant {
    Instant::parse("2026-10-01T00:00:00Z").unwrap()
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

impl Studio {
    pub(crate) fn open(seed: u64) -> Self {
        let (database, clock) = (TestDatabase::create(Database::Sqlite), TestClock::new());
        clock.set(start());
        let store = database.open(clock.clock());
        let server = |fault: Option<(At, Fault)>| {
            SmtpServer::start(Script {
                fault,
                ..Script::default()
            })
            .unwrap()
        };
        let salon = Salon::open_in(&store, "Europe/London");
        let quiet = QUIET[usize::try_from(seed).unwrap() % QUIET.len()];
        if let Some((from, until)) = quiet {
            let (id, patch) = (
                salon.studio_id,
                json!({"quiet_hours": {"from": from, "until": until}}),
            );
            store
                .write_blocking(WriteContext::command_line(), move |tx| {
                    House::change(tx, id, None, &read(patch.clone())).map(drop)
                })
                .unwrap();
        }
        let quiet = quiet.map(|(from, until)| (minute_of_day(from), minute_of_day(until)));
        Self {
            seed,
            chance: Chance(seed),
            now: 0,
            weather: Weather::Good,
            unsettled_until: 0,
            model: Model::new(Quiet(quiet)),
            ids: Vec::new(),
            slots: HashMap::new(),
            seen: 0,
            twice: 0,
            acts: 0,
            final_hours: 24,
            clock,
            salon,
            store,
            good: server(None),
            closed: server(Some((At::Greeting, Fault::Reply(421)))),
            deaf: server(Some((At::AfterDot, Fault::Drop))),
            copies: HashMap::new(),
            taken: [0, 0],
            runtime: runtime(),
            _database: database,
        }
    }

    pub(crate) fn at(minute: Minute) -> Instant {
        start() + TimeDelta::minutes(minute)
    }

    fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_as(false, act)
    }

    /// Writes as the client on their page, or as the studio.
    fn write_as<T: Send + 'static>(
        &self,
        by_client: bool,
        act: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut context = WriteContext::command_line();
        if by_client {
            context.actor = Actor::ClientLink;
        }
        self.store.write_blocking(context, act)
    }

    /// A free time, up to three weeks ahead.
    fn free_time(&mut self, session: usize) -> Minute {
        loop {
            let ahead = 20 + self.chance.below(21 * DAY - 20);
            let starts = (self.now + ahead) / 5 * 5;
            if starts > self.now && !self.slots.contains_key(&starts) {
                self.slots.retain(|_, of| *of != session);
                self.slots.insert(starts, session);
                return starts;
            }
        }
    }

    fn booking(starts: Minute) -> Booking {
        read(json!({"starts_at": Self::at(starts)}))
    }

    pub(crate) fn book(&mut self) {
        let place = self.ids.len();
        let starts = self.free_time(place);
        let client = self
            .salon
            .client(&self.store, &format!("kim{place}@example.com"));
        let kind = if self.chance.below(3) == 0 {
            "consultation"
        } else {
            "touch_up"
        };
        let body = json!({
            "client_id": client, "kind": kind, "duration_minutes": 5,
            "practitioner_id": self.salon.practitioner_id, "booking": {"starts_at": Self::at(starts)},
        });
        let id = self
            .write(move |tx| {
                let new: NewSession = read(body.clone());
                Ok(Session::arrange(tx, &new, MayOverride::No)?.id)
            })
            .unwrap();
        self.ids.push(id);
        self.model.book(self.now, starts, kind == "touch_up");
    }

    /// Does something with a session, if its state allows it.
    pub(crate) fn act(&mut self) {
        let place =
            usize::try_from(self.chance.below(i64::try_from(self.ids.len()).unwrap())).unwrap();
        let (id, now) = (self.ids[place], self.now);
        let session = self.model.sessions[place].clone();
        let has_started = session.starts <= now;
        let as_done = Act {
            now,
            by_client: self.chance.below(3) == 0,
            // Nothing waits for another attempt, so that all that was sent has arrived.
            is_clear: now >= self.unsettled_until
                && matches!(self.weather, Weather::Good | Weather::Held),
        };
        let to_come = matches!(session.state, State::Booked | State::Confirmed);
        match (self.chance.below(10), session.state) {
            (0..4, _) if to_come && !has_started => {
                let starts = self.free_time(place);
                let to = Self::booking(starts);
                self.write_as(as_done.by_client, move |tx| {
                    Session::reschedule(tx, id, None, &to, MayOverride::No).map(drop)
                })
                .unwrap();
                self.model.move_to(place, starts, as_done);
                if as_done.by_client && self.chance.below(3) == 0 {
                    self.move_back(place, session.starts, as_done);
                }
            }
            (4..6, State::Booked) if !has_started => {
                self.write(move |tx| {
                    Session::confirm(tx, id, None, &read::<Occurred>(json!({}))).map(drop)
                })
                .unwrap();
                self.model.confirm(place);
            }
            (6..8, _) if to_come && !has_started => {
                let by = if as_done.by_client {
                    "client"
                } else {
                    "studio"
                };
                self.write(move |tx| {
                    let told: Cancel = read(json!({"by": by}));
                    Session::cancel(tx, id, None, &told).map(drop)
                })
                .unwrap();
                self.model.cancel(place, as_done);
                if as_done.by_client && self.chance.below(3) == 0 {
                    self.take_cancellation_back(place, as_done);
                }
            }
            (8.., State::Cancelled) if !has_started => {
                self.take_cancellation_back(place, as_done);
            }
            _ => {}
        }
    }

    /// The studio takes a cancellation back, its own or the client's.
    fn take_cancellation_back(&mut self, place: usize, as_done: Act) {
        let id = self.ids[place];
        let told: Revert = read(json!({"reason": "By mistake."}));
        let reverted =
            self.write(move |tx| Session::revert(tx, id, None, &told, MayOverride::No).map(drop));
        match reverted {
            Ok(()) => {
                let by_studio = Act {
                    by_client: false,
                    ..as_done
                };
                self.model.take_cancellation_back(place, by_studio);
            }
            // Somebody else has the time by now.
            Err(Error::Refused { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// The studio puts a session that its client has just moved back to its time.
    fn move_back(&mut self, place: usize, starts: Minute, as_done: Act) {
        let id = self.ids[place];
        let to = Self::booking(starts);
        self.write(move |tx| Session::reschedule(tx, id, None, &to, MayOverride::No).map(drop))
            .unwrap();
        self.slots.retain(|_, of| *of != place);
        self.slots.insert(starts, place);
        let by_studio = Act {
            by_client: false,
            ..as_done
        };
        self.model.move_to(place, starts, by_studio);
    }

    /// What has begun is recorded: soon, or hours later from paper; some never came.
    pub(crate) fn record_what_was(&mut self) {
        for place in 0..self.ids.len() {
            let session = self.model.sessions[place].clone();
            let late = session.starts + 5 + i64::try_from(place % 7).unwrap() * 90;
            if !matches!(session.state, State::Booked | State::Confirmed) || self.now < late {
                continue;
            }
            let id = self.ids[place];
            if place % 11 == 3 {
                self.write(move |tx| {
                    Session::no_show(tx, id, None, &read::<Miss>(json!({}))).map(drop)
                })
                .unwrap();
                self.model.miss(place);
            } else {
                let at = session.starts + 5;
                let told = json!({"occurred_at": Self::at(at)});
                self.write(move |tx| {
                    Session::complete(tx, id, None, &read::<Complete>(told.clone())).map(drop)
                })
                .unwrap();
                self.model.complete(place, at, self.now);
            }
        }
    }

    pub(crate) fn change_rule(&mut self) {
        self.final_hours = if self.final_hours == 24 { 36 } else { 24 };
        let hours = self.final_hours;
        self.write(move |tx| {
            let id = reminder_rules::table
                .filter(reminder_rules::step.eq("final_reminder"))
                .select(reminder_rules::id)
                .get_result(tx.db)?;
            let patch = read(json!({"timing": {"relative_to": "start", "hours_before": hours}}));
            ReminderRule::change(tx, id, None, &patch).map(drop)
        })
        .unwrap();
        self.model.change_final_hours(hours, self.now);
    }
}
