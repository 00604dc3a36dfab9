//! A month of a busy studio under a controlled clock: bookings, moves, cancellations, reverts, other rules, restarts and
//! outages by chance, with quiet hours for most seeds. After each step what went out is compared with what the model says.

use diesel::prelude::*;
use stipple_shared::domain::SessionId;
use stipple_shared::storage::schema::reminders;
use stipple_test_support::salon;
use stipple_worker::{Engine, EngineOptions};

use crate::model::{DAY, HOUR, Minute, STEPS};
use crate::place::options;
use crate::studio::{Studio, Weather};

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

impl Studio {
    fn engine(&self) -> Engine {
        let url = match self.weather {
            Weather::Good | Weather::Held => self.good.url(),
            Weather::Closed => self.closed.url(),
            Weather::Deaf => self.deaf.url(),
        };
        let mut options: EngineOptions = options(&url);
        if self.weather == Weather::Held {
            options.target = None;
        }
        Engine::new(self.store.clone(), options)
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
                    self.weather = match self.chance.below(3) {
                        0 => Weather::Closed,
                        1 => Weather::Deaf,
                        // Mails that were tried would stay in doubt for as long as there is no server.
                        _ if self.now < self.unsettled_until => Weather::Good,
                        _ => Weather::Held,
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
            if matches!(self.weather, Weather::Closed | Weather::Deaf) {
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
