//! How a studio's digest is delivered: as any mail, to another address.

use std::sync::atomic::{AtomicBool, Ordering};

use stipple_shared::error::{Error, Result};
use stipple_shared::letter;
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::delivery::{self, Begun};
use stipple_shared::storage::digest::{self, PreparedDigest};
use stipple_shared::storage::mails::LeaseToken;

use crate::engine::Engine;
use crate::outcome::TickOutcome;
use crate::transport::{OutgoingMail, Transport};

impl Engine {
    /// Renders, begins, hands over and records a digest; `false` says that no other mail is to follow for now.
    pub(crate) async fn deliver_digest(
        &self,
        transport: &Transport,
        prepared: PreparedDigest,
        token: LeaseToken,
        has_left_us: &AtomicBool,
        outcome: &mut TickOutcome,
    ) -> Result<bool> {
        let id = prepared.mail.id;
        let Some(to) = prepared.studio.digest_email.clone() else {
            return Err(Error::internal("a digest to nobody"));
        };
        let content: RenderedMail = match &prepared.mail.content {
            Some(frozen) => serde_json::from_str(frozen).map_err(Error::internal)?,
            None => {
                let letter = letter::digest(&prepared)?;
                if letter.own_words_failed {
                    let language = prepared.studio.language.to_string();
                    self.report_own_words(&prepared.mail, language, None)
                        .await?;
                }
                letter.mail
            }
        };
        let text = serde_json::to_string(&content).map_err(Error::internal)?;
        let outgoing = OutgoingMail {
            from: self.options.mail_from.clone(),
            reply_to: None,
            to: to.to_string(),
            message_id: prepared.mail.message_id_from(self.options.sending_domain()),
            date: prepared.mail.created_at,
            list_unsubscribe: None,
            content,
        };
        let (rendered, rate) = (prepared.clone(), self.options.rate);
        let domain = self.options.sending_domain().to_owned();
        let begun = self
            .write(move |tx| digest::begin(tx, token, &rendered, &text, &domain, rate))
            .await?;
        if begun != Begun::Yes {
            self.write(move |tx| delivery::hand_back(tx, id, token))
                .await?;
            outcome.handed_back += 1;
            return Ok(begun == Begun::Changed);
        }
        let sending = transport.send(&outgoing, async || {
            has_left_us.store(true, Ordering::Relaxed);
            let (rendered, lengths) = (prepared.clone(), self.lengths);
            self.write(move |tx| digest::hand_over(tx, token, &rendered, lengths))
                .await
        });
        let sent = tokio::select! {
            sent = sending => sent,
            () = self.stopped_before(has_left_us) => {
                self.write(move |tx| delivery::hand_back(tx, id, token)).await?;
                outcome.handed_back += 1;
                return Ok(false);
            }
        };
        let sent = self.settings.judge(id, sent, self.store.clock().now());
        outcome.count(sent);
        self.record(id, token, sent).await?;
        tracing::info!(mail_id = %id, outcome = sent.name(), "a digest was tried");
        Ok(true)
    }
}
