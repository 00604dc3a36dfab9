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
    if mail.way_out.is_none() {
        tracing::warn!("no mail settings: reminders are held until there are some");
    }
    let public_url = links.public_url.as_ref();
    if mail.has_server() && public_url.is_some_and(|url| !url.is_https()) {
        tracing::warn!(
            "the public URL isn't https: mailboxes take a one-click unsubscribe header with no other, so invitations go without one"
        );
    }
    let options = EngineOptions {
        links: links.maker(),
        id: worker_id,
        ..mail.engine_options()
    };
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
