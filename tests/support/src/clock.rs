//! A clock that stands still until a test moves it.

#![expect(clippy::unwrap_used, reason = "the start is written here")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use stipple_shared::Clock;
use stipple_shared::domain::Instant;

/// When every test begins: a Wednesday in winter time, 2026-11-25T09:00:00Z.
const START: &str = "2026-11-25T09:00:00Z";

/// A clock in a test's hand. All clones show the same time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that shows 2026-11-25T09:00:00Z.
    pub fn new() -> Self {
        let start = Instant::parse(START).unwrap();
        Self(Arc::new(AtomicI64::new(start.millis())))
    }

    /// The same clock, as the libraries take it.
    pub fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::from_fn(move || Instant::from_millis(millis.load(Ordering::SeqCst)))
    }

    /// What it shows.
    pub fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Sets it, backwards too.
    pub fn set(&self, instant: Instant) {
        self.0.store(instant.millis(), Ordering::SeqCst);
    }

    /// Moves it.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}
