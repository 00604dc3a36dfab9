//! The reminder engine of this process.

use stipple_api::ClientLinks;
use stipple_shared::links::LinkMaker;
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
) -> Result<Reminders, Failure> {
    if mail.way_out.is_none() {
        tracing::warn!("no mail settings: reminders are held until there are some");
    }
    let options = EngineOptions {
        links: maker(links),
        ..mail.engine_options()
    };
    let engine = Engine::new(store, options);
    let running = Running::start(engine).await.map_err(Failure::from)?;
    Ok(Reminders(running))
}

/// What makes the links in mails, where they have an address to begin with.
pub(crate) fn maker(links: ClientLinks) -> Option<LinkMaker> {
    Some(LinkMaker::new(links.key, links.public_url?))
}

impl Reminders {
    /// Whether readiness may depend on its ticks.
    pub(crate) const TICK: bool = true;

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
