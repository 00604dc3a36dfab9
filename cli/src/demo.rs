//! The demo's made-up studio: ten weeks of its work, told through the real rules under a clock that is turned.
//!
//! Each act runs at the time at which it would have happened, with the reminder engine ticking in between, so that the
//! ledger, the mails and the audit trail are what a real studio would have. All people and places are invented.

mod clients;
mod sessions;
mod story;
mod studio;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stipple_api::ClientLinks;
use stipple_shared::domain::Instant;
use stipple_shared::links::LinkMaker;
use stipple_shared::storage::paging::PageRequest;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_shared::storage::studios::{Studio, StudioFilter};
use stipple_shared::storage::{Scope, Store, Tx, WriteContext};
use stipple_shared::{Clock, Error};
use stipple_worker::{Engine, EngineOptions};

use self::story::story;
use crate::data::Data;
use crate::failure::Failure;
use crate::mail::MailSettings;

type Names = HashMap<String, uuid::Uuid>;
type Act =
    Box<dyn Fn(&mut Tx<'_>, &Names) -> Result<Option<(String, uuid::Uuid)>, Error> + Send + Sync>;

/// Loads the demo's studio into an empty database; one that has it stays as it is.
pub(crate) fn load(data: &Data, mail: &MailSettings, links: ClientLinks) -> Result<(), Failure> {
    let store = data.open()?;
    let known = store.read_blocking(|db| {
        let page = PageRequest {
            limit: 1,
            after: None,
            updated_since: None,
        };
        Studio::list(db, &Scope::all(), &StudioFilter::default(), &page)
    })?;
    if !known.rows.is_empty() {
        return Ok(());
    }
    let now = store.clock().now();
    let hand = Arc::new(AtomicI64::new(now.millis()));
    let turned = Arc::clone(&hand);
    let store = data.open_at(Clock::from_fn(move || {
        Instant::from_millis(turned.load(Ordering::Relaxed))
    }))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault("the demo can't be loaded", &error))?;
    runtime.block_on(tell(&store, &hand, now, mail, links.maker()))
}

async fn tell(
    store: &Store,
    hand: &AtomicI64,
    now: Instant,
    mail: &MailSettings,
    links: Option<LinkMaker>,
) -> Result<(), Failure> {
    let engine = mail.way_out.clone().map(|(target, from)| {
        let options = EngineOptions {
            mails_per_tick: 10_000,
            rate: SendingRate::UNLIMITED,
            links: links.clone(),
            ..EngineOptions::new(Some(target), from.to_string())
        };
        Engine::new(store.clone(), options)
    });
    let mut acts = story(now);
    acts.sort_by_key(|(at, _)| *at);
    let mut names = Names::new();
    let mut last = acts.first().map_or(now, |(at, _)| *at);
    for (at, act) in acts {
        // Three looks a day are enough to send what came due, and the last hour is left to the real engine.
        while let Some(engine) = engine.as_ref().filter(|_| last + TimeDelta::hours(8) < at) {
            last = last + TimeDelta::hours(8);
            hand.store(last.millis(), Ordering::Relaxed);
            engine.tick().await?;
        }
        hand.store(at.millis(), Ordering::Relaxed);
        let known = names.clone();
        let made = store
            .write(WriteContext::command_line(), move |tx| act(tx, &known))
            .await?;
        names.extend(made);
    }
    Ok(())
}

fn id(names: &Names, name: &str) -> Result<uuid::Uuid, Error> {
    names
        .get(name)
        .copied()
        .ok_or_else(|| Error::internal(format!("the demo has no {name}")))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(Error::internal)
}
