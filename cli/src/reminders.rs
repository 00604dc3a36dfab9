//! The reminder engine of this process.

use stipple_api::ClientLinks;
use stipple_shared::storage::Store;
use stipple_worker::{Engine, EngineOptions, Running};

use crate::failure::Failure;
use crate::mail::MailSettings;

/// The reminder engine of this process.
pub(crate) struct Reminders(Running);

/// Starts the engine.
pub(crate) async fn start(
    store: Store,
    mail: MailSettings,
    links: ClientLinks,
    worker_id: String,
) -> Result<Reminders, Failure> {
    let (target, from) = match mail.way_out {
        Some((target, from)) => (Some(target), from.to_string()),
        None => {
            tracing::warn!("no mail settings: reminders are held until there are some");
            (None, String::new())
        }
    };
    let mut options = EngineOptions::new(target, from);
    options.links = links.maker();
    options.id = worker_id;
    let engine = Engine::new(store, options);
    let running = Running::start(engine).await.map_err(Failure::from)?;
    Ok(Reminders(running))
}

impl Reminders {
    /// Lets the send in flight end, and stops.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }

    /// Waits until it can't go on.
    pub(crate) async fn failed(&mut self) -> Failure {
        self.0.failed().await;
        Failure::Fault("the reminder engine has failed too often; see the log".into())
    }
}
