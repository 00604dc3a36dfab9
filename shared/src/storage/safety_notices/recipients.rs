//! How far a notice got with one client.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::SafetyNotice;
use crate::domain::safety_notice::{Exposure, NoteTold, RecipientState, ToldHow};
use crate::domain::text::Note;
use crate::domain::trace::Certainty;
use crate::domain::{
    ClientId, Instant, MailId, SafetyNoticeId, SafetyNoticeRecipientId, SessionId, StudioId,
};
use crate::error::Result;
use crate::storage::clients::Client;
use crate::storage::erasure::{CLIENT_ERASED, refuse_returning};
use crate::storage::paging::{Page, PageRequest, load_page, resource};
use crate::storage::schema::safety_notice_recipients;
use crate::storage::scope::client_is_seen;
use crate::storage::session_actions::happened_at;
use crate::storage::{Db, Scope, Tx};

/// A client whom a notice concerns, and how far it got with them.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = safety_notice_recipients, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SafetyNoticeRecipient {
    /// Its id.
    pub id: SafetyNoticeRecipientId,
    /// Of which notice.
    pub notice_id: SafetyNoticeId,
    /// Whom it concerns.
    pub client_id: ClientId,
    /// Which studio tells them: the one of the session.
    pub studio_id: StudioId,
    /// The newest session in which it was used, or may have been.
    pub session_id: SessionId,
    /// How sure it is that it was used.
    pub certainty: Certainty,
    /// How far it got.
    pub state: RecipientState,
    /// Why it stands so, where that needs a reason: `no_address`, `bad_address`, `client_deleted`, `client_erased`,
    /// `address_changed`, `no_longer_concerned`, `notice_withdrawn`, or how the mail ended.
    pub state_reason: Option<String>,
    /// How many mails were queued for them.
    pub attempts: i32,
    /// The newest of these.
    pub mail_id: Option<MailId>,
    /// How they came to know.
    pub told_how: Option<ToldHow>,
    /// When they came to know.
    pub told_at: Option<Instant>,
    /// What they answered, or what else to know.
    pub note: Option<Note>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When they were listed.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

resource!(
    safety_notice_recipients,
    SafetyNoticeRecipient,
    SafetyNoticeRecipientId,
    "safety_notice_recipient",
    seen: |scope| client_is_seen!(scope, safety_notice_recipients::client_id)
);

/// Which clients are asked for.
#[derive(Clone, Copy, Debug)]
pub struct RecipientFilter {
    /// Those whom this notice concerns.
    pub notice_id: SafetyNoticeId,
    /// Those with whom it got so far.
    pub state: Option<RecipientState>,
}

impl SafetyNoticeRecipient {
    /// Lists a client. Who was erased can't be told any more, and still counts.
    pub(super) fn add(
        tx: &mut Tx<'_>,
        notice_id: SafetyNoticeId,
        exposure: &Exposure,
    ) -> Result<Self> {
        let is_erased = Client::find(tx.db, exposure.client_id)?.erased_at.is_some();
        let now = tx.now();
        let row = Self {
            id: SafetyNoticeRecipientId::new(),
            notice_id,
            client_id: exposure.client_id,
            studio_id: exposure.studio_id,
            session_id: exposure.session_id,
            certainty: exposure.certainty,
            state: if is_erased {
                RecipientState::Cleared
            } else {
                RecipientState::Listed
            },
            state_reason: is_erased.then(|| CLIENT_ERASED.to_owned()),
            attempts: 0,
            mail_id: None,
            told_how: None,
            told_at: None,
            note: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        row.create(tx, "safety_notice.client_listed")
    }

    /// All rows of a notice, in the order in which clients were listed.
    pub(super) fn all_of(db: &mut Db, notice_id: SafetyNoticeId) -> Result<Vec<Self>> {
        Ok(safety_notice_recipients::table
            .filter(safety_notice_recipients::notice_id.eq(notice_id))
            .order(safety_notice_recipients::id)
            .select(Self::as_select())
            .load(db)?)
    }

    /// All rows of a client, oldest first.
    pub(in crate::storage) fn of_client(
        db: &mut Db,
        scope: &Scope,
        client_id: ClientId,
    ) -> Result<Vec<Self>> {
        let mut query = safety_notice_recipients::table
            .filter(safety_notice_recipients::client_id.eq(client_id))
            .into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        Ok(query
            .order(safety_notice_recipients::id)
            .select(Self::as_select())
            .load(db)?)
    }

    /// A page of those whom a notice concerns.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &RecipientFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        SafetyNotice::find(db, filter.notice_id)?;
        let mut query = safety_notice_recipients::table
            .filter(safety_notice_recipients::notice_id.eq(filter.notice_id))
            .into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(state) = filter.state {
            query = query.filter(safety_notice_recipients::state.eq(state));
        }
        load_page!(
            db,
            safety_notice_recipients,
            SafetyNoticeRecipient,
            query,
            page
        )
    }

    /// Writes down that staff told the client. That is a fact: it's never refused for where the notice stands.
    pub fn told(
        tx: &mut Tx<'_>,
        id: SafetyNoticeRecipientId,
        expected: Option<i64>,
        told: &NoteTold,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let mut row = before.clone();
        row.told_how = Some(told.how.into());
        if told.note.is_some() {
            row.note.clone_from(&told.note);
        }
        let stands_so = before.told_how == row.told_how && before.note == row.note;
        if !stands_so || told.occurred_at.is_some() {
            row.told_at = Some(occurred_at);
        }
        row.state = RecipientState::Reached;
        row.state_reason = None;
        if row == before {
            return Ok(before);
        }
        refuse_returning!(tx, safety_notice_recipients, &before, &row, note);
        let row = row.save(tx, "safety_notice.client_told", None)?;
        row.call_off_mail(tx, "client_told")?;
        row.close_task(tx, "The client was told.")?;
        Ok(row)
    }

    /// Takes up where and how the client was exposed as the records say now.
    pub(super) fn concern(mut self, tx: &mut Tx<'_>, exposure: &Exposure) -> Result<Self> {
        let is_back = self.state == RecipientState::Cleared
            && self.state_reason.as_deref() == Some("no_longer_concerned");
        let (session_id, certainty) = (exposure.session_id, exposure.certainty);
        // Who was written to already keeps the session that the mail speaks of.
        let is_open = matches!(
            self.state,
            RecipientState::Listed | RecipientState::Unreached
        );
        let has_moved = is_open && (self.session_id != session_id || self.certainty != certainty);
        if !is_back && !has_moved {
            return Ok(self);
        }
        if is_back {
            self.state = RecipientState::Listed;
            self.state_reason = None;
        }
        self.session_id = session_id;
        self.studio_id = exposure.studio_id;
        self.certainty = certainty;
        self.save(tx, "safety_notice.client_listed", None)
    }

    /// Notes that it doesn't concern the client, unless they know already or nothing can be kept from them any more.
    pub(super) fn clear(mut self, tx: &mut Tx<'_>, reason: &'static str) -> Result<Self> {
        match self.state {
            RecipientState::Listed | RecipientState::Queued | RecipientState::Unreached => {}
            RecipientState::Sent | RecipientState::Reached | RecipientState::Cleared => {
                return Ok(self);
            }
        }
        // What is on its way says itself how it ended.
        if self.has_left(tx)? {
            return Ok(self);
        }
        self.state = RecipientState::Cleared;
        self.state_reason = Some(reason.to_owned());
        let row = self.save(tx, "safety_notice.client_cleared", None)?;
        row.call_off_mail(tx, reason)?;
        row.close_task(tx, "The notice doesn't concern the client any more.")?;
        Ok(row)
    }

    /// The row that a mail was queued for.
    pub(super) fn of_mail(db: &mut Db, id: MailId) -> Result<Option<Self>> {
        Ok(safety_notice_recipients::table
            .filter(safety_notice_recipients::mail_id.eq(id))
            .select(Self::as_select())
            .first(db)
            .optional()?)
    }
}
