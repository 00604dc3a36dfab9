//! What a client is told, as their page and their mail say it.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::SafetyNotice;
use super::recipients::SafetyNoticeRecipient;
use crate::domain::safety_notice::{RecipientState, SafetyNoticeState, message_for};
use crate::domain::text::{Name, Note};
use crate::domain::{LotId, MailId, ProductId, SafetyNoticeRecipientId, SessionId};
use crate::error::Result;
use crate::storage::clients::Client;
use crate::storage::erasure::CLIENT_ERASED;
use crate::storage::schema::{safety_notice_recipients, safety_notices};
use crate::storage::studios::Studio;
use crate::storage::{Db, Scope};

/// What a client is told.
#[derive(Clone, Debug)]
pub struct SafetyNews {
    /// Their row of the notice.
    pub recipient_id: SafetyNoticeRecipientId,
    /// What they read, in the language that is nearest to theirs.
    pub message: Note,
    /// Whether they said that they read it, or were told by staff.
    pub is_known: bool,
}

/// A notice as it stands with one client, and what they are told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ToldSafetyNotice {
    /// How far it got with them.
    pub recipient: SafetyNoticeRecipient,
    /// About which product.
    pub product_id: ProductId,
    /// About which lot of it; null for all its lots.
    pub lot_id: Option<LotId>,
    /// What the maker or the authority calls its notice.
    pub reference: Option<Name>,
    /// What they read, in the language that is nearest to theirs.
    pub message: Option<Note>,
}

/// All notices that concern a client, oldest first.
pub fn of_client(db: &mut Db, scope: &Scope, client: &Client) -> Result<Vec<ToldSafetyNotice>> {
    let rows = SafetyNoticeRecipient::of_client(db, scope, client.id)?;
    let mut told = Vec::new();
    for recipient in rows {
        let notice = SafetyNotice::find(db, recipient.notice_id)?;
        let studio = Studio::find(db, recipient.studio_id)?;
        told.push(ToldSafetyNotice {
            message: notice.message_to(client, &studio),
            product_id: notice.product_id,
            lot_id: notice.lot_id,
            reference: notice.reference,
            recipient,
        });
    }
    Ok(told)
}

/// Why no mail reaches a client, where none does. Consent isn't asked for: whoever wants no mails is told all the same.
pub(in crate::storage) fn unreachable_reason(client: &Client) -> Option<&'static str> {
    if client.erased_at.is_some() {
        Some(CLIENT_ERASED)
    } else if client.deleted_at.is_some() {
        // The links in their mails don't hold any more.
        Some("client_deleted")
    } else if client.email.is_none() {
        Some("no_address")
    } else if client.address_is_bad() {
        Some("bad_address")
    } else {
        None
    }
}

/// What a client is told on the page of a session: what they don't know yet wherever it was used, and what they know of this
/// session; in the order in which it was listed.
pub fn news_of(
    db: &mut Db,
    session_id: SessionId,
    client: &Client,
    studio: &Studio,
) -> Result<Vec<SafetyNews>> {
    let told: Vec<(SafetyNoticeRecipient, SafetyNotice)> = safety_notice_recipients::table
        .inner_join(
            safety_notices::table.on(safety_notices::id.eq(safety_notice_recipients::notice_id)),
        )
        .filter(safety_notice_recipients::client_id.eq(client.id))
        .filter(
            safety_notice_recipients::state
                .ne(RecipientState::Reached)
                .or(safety_notice_recipients::session_id.eq(session_id)),
        )
        .filter(
            safety_notice_recipients::state
                .ne_all([RecipientState::Listed, RecipientState::Cleared]),
        )
        .filter(safety_notices::state.eq(SafetyNoticeState::Sent))
        .order(safety_notice_recipients::id)
        .select((
            SafetyNoticeRecipient::as_select(),
            SafetyNotice::as_select(),
        ))
        .load(db)?;
    let read = |(row, notice): (SafetyNoticeRecipient, SafetyNotice)| {
        let message = notice.message_to(client, studio)?;
        Some(SafetyNews {
            recipient_id: row.id,
            message,
            is_known: row.state == RecipientState::Reached,
        })
    };
    Ok(told.into_iter().filter_map(read).collect())
}

/// The message of the notice that a mail carries, where its client is still to be told.
pub(in crate::storage) fn still_to_tell(
    db: &mut Db,
    mail_id: MailId,
    client: &Client,
    studio: &Studio,
) -> Result<Option<Note>> {
    let Some(row) = SafetyNoticeRecipient::of_mail(db, mail_id)? else {
        return Ok(None);
    };
    let notice = SafetyNotice::find(db, row.notice_id)?;
    let waits = row.state == RecipientState::Queued && notice.state == SafetyNoticeState::Sent;
    Ok(notice.message_to(client, studio).filter(|_| waits))
}

impl SafetyNotice {
    fn message_to(&self, client: &Client, studio: &Studio) -> Option<Note> {
        let mut wanted: Vec<_> = client.language.iter().collect();
        wanted.push(&studio.language);
        message_for(&self.message.0, &wanted).cloned()
    }
}
