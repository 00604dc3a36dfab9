//! The reminder engine of this process.

use stipple_shared::storage::Store;

use crate::failure::Failure;
use crate::mail::MailSettings;

/// The reminder engine of this process, as far as this build has one: it has none yet, and says so.
pub(crate) struct Reminders {
    _store: Store,
}

/// Starts the engine.
pub(crate) async fn start(store: Store, mail: MailSettings) -> Result<Reminders, Failure> {
    tracing::warn!(
        has_way_out = mail.way_out.is_some(),
        has_public_url = mail.public_url.is_some(),
        "this build has no reminder engine: no mail will leave"
    );
    Ok(Reminders { _store: store })
}

impl Reminders {
    /// Whether readiness may depend on its ticks.
    pub(crate) const TICK: bool = false;

    /// Lets the send in flight end, and stops.
    pub(crate) async fn stop(self) {}

    /// Waits until it can't go on.
    pub(crate) async fn failed(&mut self) -> Failure {
        std::future::pending().await
    }
}
