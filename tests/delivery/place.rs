//! An engine on a database of its own, and what moves it along.

use std::time::Duration;

use chrono::TimeDelta;
use stipple_shared::Clock;
use stipple_shared::domain::Instant;
use stipple_shared::storage::Store;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_test_support::salon::{self, Salon};
use stipple_test_support::{Engine as Database, TestClock, TestDatabase, engines};
use stipple_worker::transport::{Target, Timeouts};
use stipple_worker::{Engine, EngineOptions};

/// How long a phase may take against a server that falls silent.
pub(crate) const LIMIT: Duration = Duration::from_millis(1200);

pub(crate) struct Place {
    pub(crate) clock: TestClock,
    pub(crate) store: Store,
    pub(crate) salon: Salon,
    // The last field: the database goes when nobody uses it any more.
    pub(crate) database: TestDatabase,
}

impl Place {
    pub(crate) fn on(engine: Database) -> Self {
        let (database, clock) = (TestDatabase::create(engine), TestClock::new());
        let store = database.open(clock.clock());
        Self {
            salon: Salon::open(&store),
            clock,
            store,
            database,
        }
    }

    /// One on each engine.
    pub(crate) fn each(test: impl Fn(&Self)) {
        for engine in engines() {
            test(&Self::on(engine));
        }
    }

    /// Books so many sessions in two days: so many confirmations are due now, and nothing else is for a day.
    pub(crate) fn book(&self, count: usize) {
        let then = self.clock.now() + TimeDelta::days(2);
        self.salon.book_many(&self.store, count, then);
    }

    pub(crate) fn engine(&self, url: &str) -> Engine {
        Engine::new(self.store.clone(), options(url))
    }

    /// Ticks until nothing is queued or due, letting time pass in between, for so many ticks at most.
    pub(crate) async fn settle(&self, engine: &Engine, most: usize) {
        for _ in 0..most {
            engine.tick().await.unwrap();
            let waiting = salon::mails(&self.store)
                .into_iter()
                .filter(|mail| mail.state == "queued")
                .map(|mail| mail.not_before)
                .min();
            let Some(next) = waiting else { return };
            let now = self.clock.now();
            self.clock
                .set(Instant::from_millis(next).max(now + TimeDelta::seconds(5)));
        }
    }

    /// Leases run out, whichever clock they hang on.
    pub(crate) fn let_leases_run_out(&self) {
        salon::let_leases_run_out(&mut self.database.connect());
    }
}

/// Short time-outs, one slot, no limit to the rate.
pub(crate) fn options(url: &str) -> EngineOptions {
    EngineOptions {
        slots: 1,
        mails_per_tick: 10_000,
        rate: SendingRate::UNLIMITED,
        timeouts: Timeouts::all(LIMIT),
        ..EngineOptions::new(
            Some(Target::parse(url).unwrap()),
            "post@studio.example".into(),
        )
    }
}

/// A clock that differs from another one.
pub(crate) fn shifted(clock: &Clock, by: TimeDelta) -> Clock {
    let clock = clock.clone();
    Clock::from_fn(move || clock.now() + by)
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}
