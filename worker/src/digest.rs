//! How a studio's digest is delivered: as any mail, to another address.

use stipple_shared::error::{Error, Result};
use stipple_shared::letter;
use stipple_shared::storage::mails::{LeaseToken, Mail};
use stipple_shared::storage::{WriteContext, delivery, digest};

use crate::engine::{Engine, TickOutcome, attempt_end};
use crate::transport::{OutgoingMail, Transport};

impl Engine {
    /// Looks again, renders, begins, hands over, records.
    pub(crate) async fn deliver_digest(
        &self,
        transport: &Transport,
        mail: &Mail,
        token: LeaseToken,
        outcome: &mut TickOutcome,
    ) -> Result<()> {
        let id = mail.id;
        let prepared = self
            .store
            .write(WriteContext::worker(), move |tx| {
                digest::prepare(tx, id, token)
            })
            .await?;
        let Some(prepared) = prepared else {
            outcome.dropped += 1;
            return Ok(());
        };
        let Some(to) = prepared.studio.digest_email.clone() else {
            return Err(Error::internal("a digest to nobody"));
        };
        let content = match &prepared.mail.content {
            Some(frozen) => serde_json::from_str(frozen).map_err(Error::internal)?,
            None => letter::digest(&prepared)?,
        };
        let text = serde_json::to_string(&content).map_err(Error::internal)?;
        let rendered = prepared.clone();
        self.store
            .write(WriteContext::worker(), move |tx| {
                digest::begin(tx, token, &rendered, &text)
            })
            .await?;
        let outgoing = OutgoingMail {
            from: self.options.mail_from.clone(),
            reply_to: None,
            to: to.to_string(),
            message_id: prepared.mail.message_id.clone(),
            date: prepared.mail.created_at,
            list_unsubscribe: None,
            content,
        };
        let result = transport
            .send(&outgoing, async || {
                let rendered = prepared.clone();
                self.store
                    .write(WriteContext::worker(), move |tx| {
                        digest::hand_over(tx, token, &rendered)
                    })
                    .await
            })
            .await;
        self.count(outcome, result);
        let end = attempt_end(result);
        self.store
            .write(WriteContext::worker(), move |tx| {
                delivery::record(tx, id, token, end)
            })
            .await?;
        tracing::info!(mail_id = %id, outcome = result.name(), "a digest was tried");
        Ok(())
    }
}
