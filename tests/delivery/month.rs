//! A month of a busy studio under a controlled clock: bookings, moves, cancellations, reverts, other rules, restarts and
//! outages by chance. After each step what went out is compared with what the model says.

use std::collections::HashMap;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use stipple_shared::domain::booking::{
    Booking, Cancel, Complete, MayOverride, NewSession, Occurred, Revert,
};
use stipple_shared::domain::{Instant, SessionId};
use stipple_shared::storage::reminder_rules::ReminderRule;
use stipple_shared::storage::schema::{reminder_rules, reminders};
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::{Tx, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::Engine as Database;
use stipple_test_support::salon::{self, Salon};
use stipple_test_support::smtp_server::{At, Fault, Script, SmtpServer};
use stipple_test_support::{TestClock, TestDatabase};
use stipple_worker::Engine;

use crate::model::{DAY, HOUR, Minute, Model, STEPS, State};
use crate::place::{options, runtime};

/// How many months are played, and the first of their seeds.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, or: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(or)
    };
    let first = number("STIPPLE_TEST_SEED", 1);
    first..first + number("STIPPLE_TEST_MONTHS", 2)
}

/// The same chances for the same seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        i64::try_from(mixed % u64::try_from(end).unwrap()).unwrap()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Good,
    /// The server takes nothing.
    Closed,
    /// The server takes the mail, and its answer is lost.
    Deaf,
}

struct Studio {
    seed: u64,
    chance: Chance,
    now: Minute,
    weather: Weather,
    /// When the last outage ended: mails may still wait for another attempt.
    unsettled_until: Minute,
    model: Model,
    ids: Vec<SessionId>,
    /// No two begin in the same five minutes.
    slots: HashMap<Minute, usize>,
    seen: usize,
    twice: usize,
    acts: usize,
    final_hours: i64,
    clock: TestClock,
    salon: Salon,
    store: stipple_shared::storage::Store,
    good: SmtpServer,
    closed: SmtpServer,
    deaf: SmtpServer,
    copies: HashMap<String, usize>,
    /// How many mails of the two servers have been looked at.
    taken: [usize; 2],
    runtime: tokio::runtime::Runtime,
    _database: TestDatabase,
}

fn start() -> Instant {
    Instant::parse("2026-10-01T00:00:00Z").unwrap()
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

impl Studio {
    fn open(seed: u64) -> Self {
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
        Self {
            seed,
            chance: Chance(seed),
            now: 0,
            weather: Weather::Good,
            unsettled_until: 0,
            model: Model::new(),
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

    fn at(minute: Minute) -> Instant {
        start() + TimeDelta::minutes(minute)
    }

    fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.store.write_blocking(WriteContext::command_line(), act)
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

    fn book(&mut self) {
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
    fn act(&mut self) {
        let place =
            usize::try_from(self.chance.below(i64::try_from(self.ids.len()).unwrap())).unwrap();
        let (id, now) = (self.ids[place], self.now);
        let session = self.model.sessions[place].clone();
        let has_started = session.starts <= now;
        // Nothing waits for another attempt, so that all that was sent has arrived.
        let is_clear = now >= self.unsettled_until && self.weather == Weather::Good;
        let to_come = matches!(session.state, State::Booked | State::Confirmed);
        match (self.chance.below(10), session.state) {
            (0..4, _) if to_come && !has_started => {
                let starts = self.free_time(place);
                let to = Self::booking(starts);
                self.write(move |tx| {
                    Session::reschedule(tx, id, None, &to, MayOverride::No).map(drop)
                })
                .unwrap();
                self.model.move_to(place, now, starts, is_clear);
            }
            (4..6, State::Booked) if !has_started => {
                self.write(move |tx| {
                    Session::confirm(tx, id, None, &read::<Occurred>(json!({}))).map(drop)
                })
                .unwrap();
                self.model.confirm(place);
            }
            (6..8, _) if to_come && !has_started => {
                self.write(move |tx| {
                    Session::cancel(tx, id, None, &read::<Cancel>(json!({}))).map(drop)
                })
                .unwrap();
                self.model.cancel(place, now, is_clear);
            }
            (8.., State::Cancelled) if !has_started => {
                let told: Revert = read(json!({"reason": "By mistake."}));
                let reverted = self.write(move |tx| {
                    Session::revert(tx, id, None, &told, MayOverride::No).map(drop)
                });
                match reverted {
                    Ok(()) => self.model.take_cancellation_back(place, now, is_clear),
                    // Somebody else has the time by now.
                    Err(Error::Refused { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            _ => {}
        }
    }

    /// What has begun is recorded: soon, or hours later from paper; some never came.
    fn record_what_was(&mut self) {
        for place in 0..self.ids.len() {
            let session = self.model.sessions[place].clone();
            let late = session.starts + 5 + i64::try_from(place % 7).unwrap() * 90;
            if !matches!(session.state, State::Booked | State::Confirmed) || self.now < late {
                continue;
            }
            let id = self.ids[place];
            if place % 11 == 3 {
                self.write(move |tx| {
                    Session::no_show(tx, id, None, &read::<Occurred>(json!({}))).map(drop)
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

    fn change_rule(&mut self) {
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

    fn engine(&self) -> Engine {
        let url = match self.weather {
            Weather::Good => self.good.url(),
            Weather::Closed => self.closed.url(),
            Weather::Deaf => self.deaf.url(),
        };
        Engine::new(self.store.clone(), options(&url))
    }

    /// What both servers took since the last look, in the ledger's words.
    fn compare(&mut self) {
        let taken: Vec<String> = [&self.good, &self.deaf]
            .iter()
            .zip(&mut self.taken)
            .flat_map(|(server, taken)| {
                let new = server.accepted_after(*taken);
                *taken += new.len();
                new
            })
            .map(|mail| {
                let text = String::from_utf8_lossy(&mail.bytes).into_owned();
                let line = text
                    .lines()
                    .find(|line| line.starts_with("Message-ID:"))
                    .unwrap();
                line.trim_start_matches("Message-ID:").trim().to_owned()
            })
            .collect();
        for message_id in taken {
            let copies = self.copies.entry(message_id.clone()).or_default();
            *copies += 1;
            if *copies == 1 {
                self.first_copy(&message_id);
            } else {
                self.twice += 1;
            }
        }
        // After an outage a mail may wait for another attempt; else all goes out at the tick after it's due.
        let patience = if self.now < self.unsettled_until {
            Minute::MAX
        } else {
            15
        };
        let overdue = self.model.overdue(self.now, patience);
        if self.weather == Weather::Good {
            assert!(
                overdue.is_empty(),
                "seed {}, minute {}: {overdue:?} should have gone out; {:?}",
                self.seed,
                self.now,
                overdue
                    .iter()
                    .map(|key| &self.model.sessions[key.0])
                    .collect::<Vec<_>>()
            );
        }
    }

    fn first_copy(&mut self, message_id: &str) {
        self.seen += 1;
        let id = message_id
            .trim_start_matches('<')
            .split('@')
            .next()
            .unwrap();
        let mail: stipple_shared::domain::MailId = id.parse().unwrap();
        let carried: Vec<(SessionId, String, i64)> = self
            .store
            .read_blocking(move |db| {
                Ok(reminders::table
                    .filter(reminders::mail_id.eq(mail))
                    .select((
                        reminders::session_id,
                        reminders::step,
                        reminders::schedule_version,
                    ))
                    .load(db)?)
            })
            .unwrap();
        assert!(!carried.is_empty(), "a mail that carries nothing");
        for (session, step, version) in carried {
            let place = self.ids.iter().position(|id| *id == session).unwrap();
            let (step, is_timed) = *STEPS.iter().find(|(name, _)| *name == step).unwrap();
            let key = (place, step, is_timed.then_some(version));
            if let Err(complaint) = self.model.went_out(key, self.now) {
                panic!("seed {}: {complaint}", self.seed);
            }
        }
    }

    /// Every mail that came more than once is one of which the ledger says so.
    fn end(&self) {
        for mail in salon::mails(&self.store) {
            let copies = self
                .copies
                .get(&mail.message_id)
                .copied()
                .unwrap_or_default();
            match mail.state.as_str() {
                "sent" => assert_eq!(copies, 1, "seed {}: {mail:?}", self.seed),
                "ambiguous" => assert!((1..=2).contains(&copies), "seed {}: {mail:?}", self.seed),
                "queued" => assert!(copies <= 1, "seed {}: {mail:?}", self.seed),
                _ => assert_eq!(copies, 0, "seed {}: {mail:?}", self.seed),
            }
        }
    }

    fn play(&mut self) {
        let mut engine = self.engine();
        let mut outage_ends = 0;
        while self.now < 31 * DAY {
            self.now += 1 + self.chance.below(24);
            self.clock.set(Self::at(self.now));
            match self.chance.below(160) {
                0 if self.weather == Weather::Good => {
                    self.weather = if self.chance.below(2) == 0 {
                        Weather::Closed
                    } else {
                        Weather::Deaf
                    };
                    outage_ends = self.now + 10 + self.chance.below(5 * HOUR);
                    engine = self.engine();
                }
                1..3 => engine = self.engine(),
                3 if self.weather == Weather::Good && self.now >= self.unsettled_until => {
                    self.change_rule()
                }
                4..24 => {
                    self.book();
                    self.acts += 1;
                }
                24..50 if !self.ids.is_empty() => {
                    self.act();
                    self.acts += 1;
                }
                _ => {}
            }
            if self.weather != Weather::Good && self.now >= outage_ends {
                self.weather = Weather::Good;
                engine = self.engine();
            }
            if self.weather != Weather::Good {
                self.unsettled_until = self.now + 100;
            }
            self.record_what_was();
            self.runtime.block_on(engine.tick()).unwrap();
            self.compare();
        }
        self.runtime.block_on(engine.rest());
        self.end();
    }
}

#[test]
fn a_month_by_chance_sends_what_a_simple_model_says() {
    let lines: Vec<String> = std::thread::scope(|scope| {
        let playing: Vec<_> = seeds()
            .map(|seed| scope.spawn(move || month(seed)))
            .collect();
        playing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    println!("seed sessions  acts mails reminders twice");
    for line in lines {
        println!("{line}");
    }
}

fn month(seed: u64) -> String {
    let mut studio = Studio::open(seed);
    studio.play();
    assert!(
        studio.model.sent() > 300,
        "seed {seed}: a month in which little happens proves little"
    );
    format!(
        "{seed:>4} {:>8} {:>5} {:>5} {:>9} {:>5}",
        studio.ids.len(),
        studio.acts,
        studio.seen,
        studio.model.sent(),
        studio.twice,
    )
}
