//! One tick: gather what is due into mails, lease them, and for each: look again, render, begin, hand over, record.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use chrono::TimeDelta;
use stipple_shared::domain::Instant;
use stipple_shared::error::{Error, Result};
use stipple_shared::letter;
use stipple_shared::links::LinkMaker;
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::delivery::{self, AttemptEnd, Prepared};
use stipple_shared::storage::mail_templates::MailTemplate;
use stipple_shared::storage::mails::{DIGEST, LeaseToken, Mail};
use stipple_shared::storage::{Store, WriteContext, chores, digest, idempotency, worker_status};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::failpoint;
use crate::transport::{Outcome, OutgoingMail, Target, Timeouts, Transport};

/// How an engine is set up.
#[derive(Clone)]
pub struct EngineOptions {
    /// Where mail goes; without one it's held, and an alarm shows.
    pub target: Option<Target>,
    /// The address that mails come from.
    pub mail_from: String,
    /// So many mails in one tick at most.
    pub mails_per_tick: u32,
    /// So many mails in a minute at most, so that a backlog doesn't go out at once.
    pub mails_per_minute: u32,
    /// What makes the links in mails; without it they carry none.
    pub links: Option<LinkMaker>,
    /// Names the worker among others: by it a process asks whether its own still ticks.
    pub id: String,
}

/// A new name for a worker.
pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

impl EngineOptions {
    /// The usual limits: 20 mails in a tick and 120 in a minute, which small relays take.
    pub fn new(target: Option<Target>, mail_from: String) -> Self {
        Self {
            target,
            mail_from,
            mails_per_tick: 20,
            mails_per_minute: 120,
            links: None,
            id: new_id(),
        }
    }

    fn sending_domain(&self) -> &str {
        self.mail_from
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain.trim_end_matches('>'))
    }
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickOutcome {
    /// Mails that were queued.
    pub queued: usize,
    /// Mails that a server took.
    pub sent: usize,
    /// Mails that were written to files.
    pub written: usize,
    /// Mails that weren't taken, now or ever.
    pub refused: usize,
    /// Mails of which nobody knows.
    pub ambiguous: usize,
    /// Mails that no longer held when they were looked at again.
    pub dropped: usize,
    /// Reminders that were put aside before they became a mail.
    pub put_aside: usize,
    /// Whether sending is paused because settings are wrong or missing.
    pub is_held: bool,
}

impl TickOutcome {
    /// Whether there was nothing to do.
    pub fn is_idle(&self) -> bool {
        *self
            == Self {
                is_held: self.is_held,
                ..Self::default()
            }
    }
}

/// The reminder engine.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) options: EngineOptions,
    transport: Option<Transport>,
    lease_for: TimeDelta,
    repeats_are_harmless: bool,
    id: String,
    /// One tick at a time in a process.
    ticking: Mutex<()>,
    stopping: AtomicBool,
    paused_until: AtomicI64,
    minute: AtomicI64,
    sent_in_minute: AtomicU32,
    chores_at: AtomicI64,
    chores_hour: AtomicI64,
}

impl Engine {
    /// Sets an engine up. Nothing happens before the first tick.
    pub fn new(store: Store, options: EngineOptions) -> Self {
        // A file of the same name is written over, so writing it twice is writing it once.
        let repeats_are_harmless = matches!(options.target, Some(Target::Files(_)));
        let lease_for = if repeats_are_harmless {
            TimeDelta::seconds(30)
        } else {
            let longest = Timeouts::default().longest_attempt(4);
            TimeDelta::from_std(longest).unwrap_or(TimeDelta::hours(1)) + TimeDelta::minutes(1)
        };
        let transport = options
            .target
            .clone()
            .map(|target| Transport::open(target, options.sending_domain()));
        Self {
            store,
            transport,
            lease_for,
            repeats_are_harmless,
            id: options.id.clone(),
            ticking: Mutex::new(()),
            stopping: AtomicBool::new(false),
            paused_until: AtomicI64::new(0),
            minute: AtomicI64::new(0),
            sent_in_minute: AtomicU32::new(0),
            chores_at: AtomicI64::new(0),
            chores_hour: AtomicI64::new(-1),
            options,
        }
    }

    /// Does what is due, and returns what came of it.
    pub async fn tick(&self) -> Result<TickOutcome> {
        let _one_at_a_time = self.ticking.lock().await;
        let now = self.store.clock().now();
        self.do_chores(now).await?;
        let mut outcome = TickOutcome::default();
        let paused_until = Instant::from_millis(self.paused_until.load(Ordering::Relaxed));
        let alarm = match &self.transport {
            None => Some("no_mail_transport"),
            Some(_) if now < paused_until => Some("mail_settings"),
            Some(_) => None,
        };
        self.note_tick(alarm, paused_until).await?;
        let (Some(transport), None) = (&self.transport, alarm) else {
            outcome.is_held = true;
            return Ok(outcome);
        };
        let allowance = self.allowance(now);
        if allowance == 0 || self.stopping.load(Ordering::Relaxed) {
            return Ok(outcome);
        }
        let domain = self.options.sending_domain().to_owned();
        let gathered = self
            .store
            .write(WriteContext::worker(), move |tx| {
                delivery::gather(tx, i64::from(allowance), &domain)
            })
            .await?;
        failpoint::reach("gathered");
        outcome.queued = gathered.queued;
        outcome.put_aside = gathered.expired + gathered.suppressed + gathered.superseded;
        let (lease_for, harmless) = (self.lease_for, self.repeats_are_harmless);
        let leased = self
            .store
            .write(WriteContext::worker(), move |tx| {
                Mail::lease(tx, i64::from(allowance), lease_for, harmless)
            })
            .await?;
        failpoint::reach("leased");
        for (mail, token) in leased {
            let is_paused = self.paused_until.load(Ordering::Relaxed) > now.millis();
            if self.stopping.load(Ordering::Relaxed) || is_paused {
                let id = mail.id;
                self.store
                    .write(WriteContext::worker(), move |tx| {
                        Mail::hand_back(tx, id, token)
                    })
                    .await?;
                continue;
            }
            // One bad mail must not keep the others back.
            if let Err(error) = self.deliver(transport, &mail, token, &mut outcome).await {
                tracing::error!(mail_id = %mail.id, error = %describe(&error), "a mail could not be delivered");
                outcome.refused += 1;
            }
        }
        Ok(outcome)
    }

    async fn deliver(
        &self,
        transport: &Transport,
        mail: &Mail,
        token: LeaseToken,
        outcome: &mut TickOutcome,
    ) -> Result<()> {
        if mail.kind == DIGEST {
            return self.deliver_digest(transport, mail, token, outcome).await;
        }
        let id = mail.id;
        let prepared = self
            .store
            .write(WriteContext::worker(), move |tx| {
                delivery::prepare(tx, id, token)
            })
            .await?;
        let Some(prepared) = prepared else {
            outcome.dropped += 1;
            return Ok(());
        };
        failpoint::reach("prepared");
        let content = match &prepared.mail.content {
            Some(frozen) => frozen.clone(),
            None => {
                let letter = letter::write(&prepared, self.options.links.as_ref())?;
                if letter.own_words_failed {
                    self.report_own_words(&prepared).await?;
                }
                serde_json::to_string(&letter.mail).map_err(Error::internal)?
            }
        };
        let (rendered, text) = (prepared.clone(), content.clone());
        let begun = self
            .store
            .write(WriteContext::worker(), move |tx| {
                delivery::begin(tx, token, &rendered, &text)
            })
            .await?;
        if begun.is_none() {
            // Something changed while it was rendered: the next tick looks again.
            outcome.dropped += 1;
            return match self
                .store
                .write(WriteContext::worker(), move |tx| {
                    Mail::hand_back(tx, id, token)
                })
                .await
            {
                Err(Error::Refused { .. }) => Ok(()),
                other => other,
            };
        }
        failpoint::reach("begun");
        let outgoing = self.outgoing(&prepared, &content)?;
        let result = transport
            .send(&outgoing, async || {
                let rendered = prepared.clone();
                self.store
                    .write(WriteContext::worker(), move |tx| {
                        delivery::hand_over(tx, token, &rendered)
                    })
                    .await?;
                failpoint::reach("handed_over");
                Ok::<(), Error>(())
            })
            .await;
        failpoint::reach("sent");
        self.count(outcome, result);
        let end = attempt_end(result);
        self.store
            .write(WriteContext::worker(), move |tx| {
                delivery::record(tx, id, token, end)
            })
            .await?;
        failpoint::reach("recorded");
        tracing::info!(
            mail_id = %id,
            outcome = result.name(),
            phase = result.phase().map(crate::transport::Phase::name),
            smtp_code = result.code(),
            "a mail was tried"
        );
        Ok(())
    }

    /// Tells staff that a mail went out in the built-in words, because the studio's own failed.
    async fn report_own_words(&self, prepared: &Prepared) -> Result<()> {
        let (studio_id, language) = (prepared.studio.id, letter::language(prepared));
        let Some(step) = prepared.steps.first().copied() else {
            return Ok(());
        };
        self.store
            .write(WriteContext::worker(), move |tx| {
                MailTemplate::report_failure(tx, studio_id, &language, step)
            })
            .await
    }

    fn outgoing(&self, prepared: &Prepared, content: &str) -> Result<OutgoingMail> {
        let to = prepared
            .client
            .email
            .as_ref()
            .ok_or_else(|| Error::internal("a mail to nobody"))?;
        let content: RenderedMail = serde_json::from_str(content).map_err(Error::internal)?;
        Ok(OutgoingMail {
            from: self.options.mail_from.clone(),
            reply_to: prepared
                .studio
                .email
                .as_ref()
                .map(|address| address.to_string()),
            to: to.to_string(),
            message_id: prepared.mail.message_id.clone(),
            date: prepared.mail.created_at,
            list_unsubscribe: content.list_unsubscribe.clone(),
            content,
        })
    }

    pub(crate) fn count(&self, outcome: &mut TickOutcome, result: Outcome) {
        self.sent_in_minute.fetch_add(1, Ordering::Relaxed);
        match result {
            Outcome::Sent => outcome.sent += 1,
            Outcome::Written => outcome.written += 1,
            Outcome::Ambiguous { .. } => outcome.ambiguous += 1,
            Outcome::Permanent { .. } | Outcome::Transient { .. } => outcome.refused += 1,
            Outcome::Configuration { .. } => {
                outcome.refused += 1;
                // Every other mail would fail the same way.
                let until = self.store.clock().now() + TimeDelta::minutes(1);
                self.paused_until.store(until.millis(), Ordering::Relaxed);
            }
        }
    }

    /// How many mails may still go in this tick.
    fn allowance(&self, now: Instant) -> u32 {
        let minute = now.millis() / 60_000;
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.sent_in_minute.store(0, Ordering::Relaxed);
        }
        let left = self
            .options
            .mails_per_minute
            .saturating_sub(self.sent_in_minute.load(Ordering::Relaxed));
        left.min(self.options.mails_per_tick)
    }

    /// Says that this worker is here, before its first tick.
    pub(crate) async fn arrive(&self) -> Result<()> {
        let alarm = self.transport.is_none().then_some("no_mail_transport");
        self.note_tick(alarm, Instant::from_millis(0)).await
    }

    async fn note_tick(&self, alarm: Option<&'static str>, paused_until: Instant) -> Result<()> {
        let id = self.id.clone();
        let paused_until = (alarm == Some("mail_settings")).then_some(paused_until);
        self.store
            .write(WriteContext::worker(), move |tx| {
                worker_status::note_tick(tx, &id, paused_until, alarm)
            })
            .await
    }

    /// What is due once in a while, whether or not mail can go.
    async fn do_chores(&self, now: Instant) -> Result<()> {
        if now.millis() < self.chores_at.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.chores_at
            .store((now + TimeDelta::minutes(1)).millis(), Ordering::Relaxed);
        // What goes by days is looked for each hour.
        let hour = now.millis().div_euclid(3_600_000);
        let looks_farther = self.chores_hour.swap(hour, Ordering::Relaxed) != hour;
        let mail_goes = self.transport.is_some();
        let domain = self.options.sending_domain().to_owned();
        self.store
            .write(WriteContext::worker(), move |tx| {
                chores::open_unconfirmed_tasks(tx)?;
                if looks_farther {
                    chores::open_overdue_tasks(tx)?;
                }
                if mail_goes {
                    digest::queue_due(tx, &domain)?;
                }
                idempotency::prune(tx, 1000)
            })
            .await
            .map(drop)
    }

    /// Asks the tick under way to begin no further mail.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Waits for the tick under way, and says goodbye to the server.
    pub async fn rest(&self) {
        let _ended = self.ticking.lock().await;
        if let Some(transport) = &self.transport {
            transport.close().await;
        }
    }
}

pub(crate) fn attempt_end(result: Outcome) -> AttemptEnd {
    AttemptEnd {
        outcome: match result {
            Outcome::Sent => delivery::Outcome::Sent,
            Outcome::Written => delivery::Outcome::Written,
            Outcome::Permanent { .. } => delivery::Outcome::Permanent,
            Outcome::Transient { .. } => delivery::Outcome::Transient,
            Outcome::Configuration { .. } => delivery::Outcome::Configuration,
            Outcome::Ambiguous { .. } => delivery::Outcome::Ambiguous,
        },
        name: result.name(),
        phase: result.phase().map(crate::transport::Phase::name),
        smtp_code: result.code(),
        jitter: jitter(),
    }
}

/// A number from 0 to 1: the random part of a new id.
fn jitter() -> f64 {
    f64::from(u16::from_be_bytes([
        Uuid::now_v7().as_bytes()[14],
        Uuid::now_v7().as_bytes()[15],
    ])) / f64::from(u16::MAX)
}

/// An error with its cause, for the log; ours never hold a personal value.
pub(crate) fn describe(error: &Error) -> String {
    match error {
        Error::Internal(cause) => cause.to_string(),
        other => other.to_string(),
    }
}
