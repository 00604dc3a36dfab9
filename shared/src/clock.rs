//! The one source of "now", so that a test can hold it.

use std::fmt;
use std::sync::Arc;

use crate::domain::Instant;

/// A shared clock. Rules never read it: they take `now` as an argument.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::from_fn(|| Instant::from(chrono::Utc::now()))
    }

    /// A clock that a caller controls.
    pub fn from_fn(read: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The present instant, to the millisecond.
    pub fn now(&self) -> Instant {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
