//! One tick: gather what is due into mails, then let each free slot lease one mail after the other and deliver it.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use stipple_shared::domain::{Instant, MailId};
use stipple_shared::error::{Error, Result};
use stipple_shared::failpoint;
use stipple_shared::storage::delivery::{self, Gathered, Gathering, LeaseLengths};
use stipple_shared::storage::mails::LeaseToken;
use stipple_shared::storage::{
    Store, Tx, WriteContext, chores, digest, idempotency, worker_status,
};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::options::EngineOptions;
use crate::outcome::TickOutcome;
use crate::pause::Settings;
use crate::transport::Transport;

/// How often is done what isn't a matter of seconds.
const CHORES_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The reminder engine.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) options: EngineOptions,
    pub(crate) lengths: LeaseLengths,
    pub(crate) settings: Settings,
    pub(crate) stopping: watch::Sender<bool>,
    transport: Option<Transport>,
    id: String,
    /// Each holds one mail at a time. A tick uses those that are free, so that a server which falls silent holds up one
    /// mail and not the next tick.
    slots: Semaphore,
    chores_at: AtomicI64,
    chores_hour: AtomicI64,
}

impl Engine {
    /// Sets an engine up. Nothing happens before the first tick.
    pub fn new(store: Store, mut options: EngineOptions) -> Self {
        options.slots = options.slots.max(1);
        let transport = options.target.clone().map(|target| {
            let domain = options.sending_domain();
            Transport::open(target, domain, options.timeouts, options.dkim.clone())
        });
        Self {
            store,
            transport,
            lengths: options.lease_lengths(),
            settings: Settings::default(),
            stopping: watch::Sender::new(false),
            id: options.id.clone(),
            slots: Semaphore::new(options.slots as usize),
            chores_at: AtomicI64::new(0),
            chores_hour: AtomicI64::new(-1),
            options,
        }
    }

    /// Does what is due, and returns what came of it.
    pub async fn tick(&self) -> Result<TickOutcome> {
        let now = self.store.clock().now();
        self.do_chores(now).await?;
        let mut outcome = TickOutcome::default();
        let alarm = self.note_tick(now).await?;
        let is_paused = self.settings.paused_until(now).is_some();
        let (Some(transport), false) = (&self.transport, is_paused) else {
            outcome.is_held = true;
            return Ok(outcome);
        };
        let free = self.free_slots();
        if free.is_empty() || self.is_stopping() {
            return Ok(outcome);
        }
        let gathered = self.gather().await?;
        failpoint::reach("gathered");
        outcome.queued = gathered.queued;
        outcome.put_aside =
            gathered.expired + gathered.suppressed + gathered.superseded + gathered.unreadable;
        let left = AtomicU32::new(self.options.mails_per_tick);
        let serving = free
            .into_iter()
            .map(|slot| self.serve(slot, transport, &left));
        let mut failure = None;
        for served in join_all(serving).await {
            match served {
                Ok(served) => outcome += served,
                Err(error) => failure = Some(error),
            }
        }
        if self.alarm() != alarm {
            // Nobody should have to wait for the next tick to learn of it.
            self.note_tick(self.store.clock().now()).await?;
        }
        failure.map_or(Ok(outcome), Err)
    }

    fn free_slots(&self) -> Vec<SemaphorePermit<'_>> {
        std::iter::from_fn(|| self.slots.try_acquire().ok()).collect()
    }

    /// Puts what is due into mails. A row that spoils the whole is found and put aside alone.
    async fn gather(&self) -> Result<Gathered> {
        let (clock, rate) = (self.store.clock().clone(), self.options.rate);
        let at_most = self.options.mails_per_tick;
        let due = self
            .store
            .read(move |db| delivery::due_sessions(db, &clock, rate, at_most))
            .await?;
        let mut gathered = Gathered::default();
        let mut waiting = vec![Gathering::Sessions(due)];
        while let Some(what) = waiting.pop() {
            if matches!(&what, Gathering::Sessions(ids) if ids.is_empty()) {
                continue;
            }
            let these = what.clone();
            let result = self.write(move |tx| delivery::gather(tx, &these)).await;
            match result {
                Ok(these) => gathered += these,
                Err(error) if delivery::is_about_the_data(&error) => {
                    let (whole, now) = (what.clone(), self.store.clock().now());
                    let parts = self.store.read(move |db| whole.parts(db, now)).await?;
                    if parts.is_empty() {
                        tracing::error!(error = %describe(&error), "a reminder could not be read");
                        gathered += self.write(move |tx| what.bury(tx)).await?;
                    }
                    waiting.extend(parts);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(gathered)
    }

    /// Leases and delivers one mail after the other, until there is none, or something says to rest.
    async fn serve(
        &self,
        _slot: SemaphorePermit<'_>,
        transport: &Transport,
        left: &AtomicU32,
    ) -> Result<TickOutcome> {
        let mut outcome = TickOutcome::default();
        let one_less = |left: u32| left.checked_sub(1);
        while left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
        {
            let now = self.store.clock().now();
            if self.is_stopping() || self.settings.paused_until(now).is_some() {
                break;
            }
            let (lengths, rate) = (self.lengths, self.options.rate);
            let leased = self
                .write(move |tx| delivery::lease(tx, lengths, rate))
                .await?;
            let Some((id, token)) = leased else { break };
            failpoint::reach("leased");
            let has_left_us = AtomicBool::new(false);
            let delivery = self.deliver(transport, id, token, &has_left_us, &mut outcome);
            // One bad mail must not keep the others back, not even by a panic.
            let delivered = AssertUnwindSafe(delivery)
                .catch_unwind()
                .await
                .unwrap_or_else(|_panic| Err(Error::internal("the delivery panicked")));
            match delivered {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let may_be_gone = has_left_us.load(Ordering::Relaxed);
                    self.answer_for(id, token, error, may_be_gone).await?;
                    outcome.refused += 1;
                }
            }
        }
        Ok(outcome)
    }

    /// What becomes of a mail that couldn't be delivered for a reason that is no server's.
    async fn answer_for(
        &self,
        id: MailId,
        token: LeaseToken,
        error: Error,
        may_be_gone: bool,
    ) -> Result<()> {
        tracing::error!(mail_id = %id, error = %describe(&error), "a mail could not be delivered");
        if may_be_gone {
            // The lease runs out, and then the mail is known to be in doubt.
            return Ok(());
        }
        if !delivery::is_about_the_data(&error) {
            // The database's fault: it may not even take the lease back now, then that runs out.
            let _may_run_out = self
                .write(move |tx| delivery::hand_back(tx, id, token))
                .await;
            return Err(error);
        }
        match self
            .write(move |tx| delivery::blame(tx, id, token, "cannot_be_rendered"))
            .await
        {
            Err(error) if delivery::is_about_the_data(&error) => {
                self.write(move |tx| delivery::bury(tx, id, "unreadable"))
                    .await
            }
            blamed => blamed,
        }
    }

    pub(crate) async fn write<T, F>(&self, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.store.write(WriteContext::worker(), closure).await
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// What holds mail up and somebody has to mend.
    fn alarm(&self) -> Option<&'static str> {
        match &self.transport {
            None => Some("no_mail_transport"),
            Some(_) if self.settings.are_wrong() => Some("mail_settings"),
            Some(_) => None,
        }
    }

    /// Says that this worker is here, before its first tick.
    pub(crate) async fn arrive(&self) -> Result<()> {
        self.note_tick(self.store.clock().now()).await.map(drop)
    }

    async fn note_tick(&self, now: Instant) -> Result<Option<&'static str>> {
        let (id, alarm) = (self.id.clone(), self.alarm());
        let paused_until = self.settings.paused_until(now);
        self.write(move |tx| worker_status::note_tick(tx, &id, paused_until, alarm))
            .await?;
        Ok(alarm)
    }

    /// What is due once in a while, whether or not mail can go.
    async fn do_chores(&self, now: Instant) -> Result<()> {
        // A clock that was set back must not put them off until its old time comes again.
        let next = self.chores_at.load(Ordering::Relaxed);
        if (next - CHORES_EVERY.num_milliseconds()..next).contains(&now.millis()) {
            return Ok(());
        }
        self.chores_at
            .store((now + CHORES_EVERY).millis(), Ordering::Relaxed);
        // What goes by days is looked for each hour.
        let hour = now.millis().div_euclid(3_600_000);
        let looks_farther = self.chores_hour.load(Ordering::Relaxed) != hour;
        let mail_goes = self.transport.is_some();
        let that_was_all = self
            .write(move |tx| {
                chores::close_overtaken_tasks(tx)?;
                chores::open_unconfirmed_tasks(tx)?;
                let that_was_all = !looks_farther || chores::open_tasks_of_days(tx)?;
                if mail_goes {
                    digest::queue_due(tx)?;
                }
                delivery::expire_overdue(tx, 500)?;
                idempotency::prune(tx, 1000)?;
                Ok(that_was_all)
            })
            .await?;
        match that_was_all {
            // Only now: what failed is tried again in a minute, and not in an hour.
            true => self.chores_hour.store(hour, Ordering::Relaxed),
            false => self.chores_at.store(0, Ordering::Relaxed),
        }
        Ok(())
    }

    /// Asks the slots to begin no further mail, and to give back those that haven't begun to leave.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits for the mails under way, and says goodbye to the server.
    pub async fn rest(&self) {
        // The semaphore is never closed.
        let _all_slots = self.slots.acquire_many(self.options.slots).await;
        if let Some(transport) = &self.transport {
            transport.close().await;
        }
    }
}

/// An error with its cause, for the log; ours never hold a personal value.
pub(crate) fn describe(error: &Error) -> String {
    match error {
        Error::Internal(cause) => cause.to_string(),
        other => other.to_string(),
    }
}
