//! One mail's way: look again, render, begin, hand over, record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stipple_shared::domain::{MailId, ReminderStep};
use stipple_shared::error::{Error, Result};
use stipple_shared::failpoint;
use stipple_shared::letter;
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::delivery::{self, AttemptEnd, Begun, Prepared};
use stipple_shared::storage::digest::{self, Looked};
use stipple_shared::storage::mail_templates::MailTemplate;
use stipple_shared::storage::mails::{LeaseToken, Mail};
use uuid::Uuid;

use crate::engine::{Engine, describe};
use crate::outcome::TickOutcome;
use crate::transport::{Outcome, OutgoingMail, Phase, Transport};

impl Engine {
    /// Delivers a leased mail; `false` says that no other is to follow for now. `has_left_us` tells, also where this
    /// ends by a panic, whether the content may have begun to leave.
    pub(crate) async fn deliver(
        &self,
        transport: &Transport,
        id: MailId,
        token: LeaseToken,
        has_left_us: &AtomicBool,
        outcome: &mut TickOutcome,
    ) -> Result<bool> {
        let looked = self.write(move |tx| digest::look(tx, id, token)).await?;
        let prepared = match looked {
            Looked::Reminders(prepared) => *prepared,
            Looked::Digest(prepared) => {
                return self
                    .deliver_digest(transport, *prepared, token, has_left_us, outcome)
                    .await;
            }
            Looked::Nothing => {
                outcome.dropped += 1;
                return Ok(true);
            }
        };
        failpoint::reach("prepared");
        let content = self.content(&prepared).await?;
        let outgoing = self.outgoing(&prepared, &content)?;
        let (rendered, rate) = (prepared.clone(), self.options.rate);
        let domain = self.options.sending_domain().to_owned();
        let begun = self
            .write(move |tx| delivery::begin(tx, token, &rendered, &content, &domain, rate))
            .await?;
        if begun != Begun::Yes {
            self.write(move |tx| delivery::hand_back(tx, id, token))
                .await?;
            outcome.handed_back += 1;
            return Ok(begun == Begun::Changed);
        }
        failpoint::reach("begun");
        let has_changed = AtomicBool::new(false);
        let sending = transport.send(&outgoing, async || {
            has_left_us.store(true, Ordering::Relaxed);
            let (rendered, lengths) = (prepared.clone(), self.lengths);
            let noted = self
                .write(move |tx| delivery::hand_over(tx, token, &rendered, lengths))
                .await;
            let is_no = matches!(noted, Err(Error::Refused { .. }));
            has_changed.store(is_no, Ordering::Relaxed);
            noted?;
            failpoint::reach("handed_over");
            Ok::<(), Error>(())
        });
        let sent = tokio::select! {
            sent = sending => sent,
            () = self.stopped_before(has_left_us) => {
                self.write(move |tx| delivery::hand_back(tx, id, token)).await?;
                outcome.handed_back += 1;
                return Ok(false);
            }
        };
        if has_changed.load(Ordering::Relaxed) {
            // Nothing left us, and no server is to blame: the next look decides.
            self.write(move |tx| delivery::hand_back(tx, id, token))
                .await?;
            outcome.handed_back += 1;
            return Ok(true);
        }
        failpoint::reach("sent");
        let sent = self.settings.judge(id, sent, self.store.clock().now());
        outcome.count(sent);
        self.record(id, token, sent).await?;
        failpoint::reach("recorded");
        tracing::info!(
            mail_id = %id,
            outcome = sent.name(),
            phase = sent.phase().map(Phase::name),
            smtp_code = sent.code(),
            "a mail was tried"
        );
        Ok(true)
    }

    /// The content that is frozen already, or a fresh one.
    async fn content(&self, prepared: &Prepared) -> Result<String> {
        if let Some(frozen) = &prepared.mail.content {
            return Ok(frozen.clone());
        }
        let letter = letter::write(prepared, self.options.links.as_ref())?;
        if letter.own_words_failed {
            let (step, language) = (prepared.steps.first().copied(), letter::language(prepared));
            self.report_own_words(&prepared.mail, language, step)
                .await?;
        }
        serde_json::to_string(&letter.mail).map_err(Error::internal)
    }

    /// Tells staff that a mail went out in the built-in words, because the studio's own failed.
    pub(crate) async fn report_own_words(
        &self,
        mail: &Mail,
        language: String,
        step: Option<ReminderStep>,
    ) -> Result<()> {
        let (studio_id, kind) = (mail.studio_id, mail.kind.clone());
        self.write(move |tx| MailTemplate::report_failure(tx, studio_id, &language, &kind, step))
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
            message_id: prepared.mail.message_id_from(self.options.sending_domain()),
            date: prepared.mail.created_at,
            list_unsubscribe: content.list_unsubscribe.clone(),
            content,
        })
    }

    /// Waits until the engine is to stop while nothing has left us; else for ever, since what leaves is seen through.
    pub(crate) async fn stopped_before(&self, has_left_us: &AtomicBool) {
        let mut stopping = self.stopping.subscribe();
        let stopped = stopping.wait_for(|stopping| *stopping).await.is_ok();
        if !stopped || has_left_us.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Records an outcome. A database that is away for a moment must not make a mail that was sent look like one in
    /// doubt, so it's asked again for as long as a restart of it takes.
    pub(crate) async fn record(&self, id: MailId, token: LeaseToken, sent: Outcome) -> Result<()> {
        let end = attempt_end(sent);
        let mut attempt = 1;
        loop {
            let recorded = self
                .write(move |tx| delivery::record(tx, id, token, end))
                .await;
            match recorded {
                Err(error) if attempt < RECORD_ATTEMPTS && !delivery::is_about_the_data(&error) => {
                    tracing::warn!(mail_id = %id, error = %describe(&error), "an outcome could not be recorded yet");
                    attempt += 1;
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
                recorded => return recorded,
            }
        }
    }
}

/// So often an outcome is recorded at most, with this pause between: a minute.
const RECORD_ATTEMPTS: u32 = 60;
const RECORD_PAUSE: Duration = Duration::from_secs(1);

fn attempt_end(result: Outcome) -> AttemptEnd {
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
        phase: result.phase().map(Phase::name),
        smtp_code: result.code(),
        jitter: jitter(),
    }
}

/// A number from 0 to 1: the random part of a new id.
fn jitter() -> f64 {
    let id = Uuid::now_v7();
    f64::from(u16::from_be_bytes([id.as_bytes()[14], id.as_bytes()[15]])) / f64::from(u16::MAX)
}
