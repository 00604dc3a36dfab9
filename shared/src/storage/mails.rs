//! What is sent: a mail carries the reminders that fall together, is leased while it's sent, and keeps one Message-ID.

use std::fmt;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::audit::AuditDraft;
use super::paging::resource;
use super::reminders::Reminder;
use super::schema::{mail_attempts, mails, reminders};
use super::{Db, Tx, safety_notices};
use crate::domain::{
    ClientId, Instant, MailId, MailState, ReminderId, ReminderState, SessionId, StudioId,
};
use crate::error::{Error, Result};

/// The kind of a mail that answers a client who asked for a new link. It carries no reminders.
pub const FRESH_LINK: &str = "fresh_link";

/// The kind of a mail that tells a studio's staff how much waits for them. It's about no client.
pub const DIGEST: &str = "digest";
/// The kind of a mail to a studio's staff soon after a client did something on their page.
pub const ANSWERS: &str = "answers";

/// The kind of a mail that tells a client of something unsafe. It carries no reminders; `safety_notices` keeps how far it got.
pub const SAFETY_NOTICE: &str = "safety_notice";

/// The outcome of an attempt that hasn't ended.
const UNDER_WAY: &str = "under_way";

/// Names one lease: whoever records an outcome must still hold it.
pub type LeaseToken = uuid::Uuid;

/// A mail.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = mails, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Mail {
    /// Its id.
    pub id: MailId,
    /// Whose studio's.
    pub studio_id: StudioId,
    /// For whom.
    pub client_id: Option<ClientId>,
    /// About which session.
    pub session_id: Option<SessionId>,
    /// What it is: `reminder`, `fresh_link`, `safety_notice`, or `digest`.
    pub kind: String,
    /// Names its cause: no two mails have the same.
    pub dedupe_key: String,
    /// What became of it.
    pub state: MailState,
    /// Why.
    pub state_reason: Option<String>,
    /// Not to be tried before this.
    pub not_before: Instant,
    /// After this it's of no use.
    pub useful_until: Instant,
    #[serde(skip)]
    #[schema(ignore)]
    lease_token: Option<Vec<u8>>,
    #[serde(skip)]
    #[schema(ignore)]
    lease_until: Instant,
    /// When its content began to be handed over, in the attempt under way.
    pub handover_started_at: Option<Instant>,
    /// Whether an attempt ended without our knowing whether it was taken.
    pub possibly_delivered: bool,
    /// How often it was tried.
    pub attempts: i32,
    /// The same for all attempts, so that a receiver can drop a repetition. Whoever sends gives it, from the address that
    /// mails come from: until the first attempt the mail's id stands here alone.
    pub message_id: String,
    /// The rendered content, frozen at the first attempt.
    #[serde(skip)]
    #[schema(ignore)]
    pub content: Option<String>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was queued.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

// A mail's content is about a person.
impl fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mail({}, {})", self.id, self.state)
    }
}

resource!(mails, Mail, MailId, "mail");

/// A mail to be queued.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Whose studio's.
    pub studio_id: StudioId,
    /// For whom.
    pub client_id: ClientId,
    /// About which session.
    pub session_id: SessionId,
    /// Names its cause.
    pub dedupe_key: String,
    /// After this it's of no use.
    pub useful_until: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = mail_attempts, treat_none_as_default_value = false)]
struct NewAttempt {
    mail_id: MailId,
    number: i32,
    started_at: Instant,
    outcome: &'static str,
}

impl Mail {
    /// Queues a mail that carries reminders.
    pub(super) fn queue(tx: &mut Tx<'_>, new: NewMail) -> Result<Self> {
        Self::queue_kind(tx, "reminder", new)
    }

    /// Queues a mail of this kind.
    pub(super) fn queue_kind(tx: &mut Tx<'_>, kind: &str, new: NewMail) -> Result<Self> {
        let mut mail = Self::draft(new, tx.now());
        kind.clone_into(&mut mail.kind);
        mail.create(tx, "mail.queued")
    }

    /// Queues a mail of this kind for a studio's staff, to go from this instant on.
    pub(super) fn queue_for_staff(
        tx: &mut Tx<'_>,
        kind: &str,
        studio_id: StudioId,
        dedupe_key: String,
        not_before: Instant,
        useful_until: Instant,
    ) -> Result<Self> {
        let mail = Self {
            client_id: None,
            session_id: None,
            kind: kind.to_owned(),
            not_before,
            ..Self::draft(
                NewMail {
                    studio_id,
                    client_id: ClientId::new(),
                    session_id: SessionId::new(),
                    dedupe_key,
                    useful_until,
                },
                tx.now(),
            )
        };
        mail.create(tx, "mail.queued")
    }

    /// A mail that carries reminders, as it would be queued at this instant.
    pub(super) fn draft(new: NewMail, now: Instant) -> Self {
        let id = MailId::new();
        Self {
            id,
            studio_id: new.studio_id,
            client_id: Some(new.client_id),
            session_id: Some(new.session_id),
            kind: "reminder".to_owned(),
            dedupe_key: new.dedupe_key,
            state: MailState::Queued,
            state_reason: None,
            not_before: now,
            useful_until: new.useful_until,
            lease_token: None,
            lease_until: Instant::from_millis(0),
            handover_started_at: None,
            possibly_delivered: false,
            attempts: 0,
            message_id: id.to_string(),
            content: None,
            finished_at: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Leases the one queued mail that may be tried and is soonest of no more use.
    ///
    /// A mail whose lease ran out after its handover had begun may have been taken: it says so from then on, unless a
    /// repetition does no harm.
    pub(super) fn lease(
        tx: &mut Tx<'_>,
        lease_for: TimeDelta,
        repeats_are_harmless: bool,
    ) -> Result<Option<(MailId, LeaseToken)>> {
        let (now, lease_now) = (tx.now(), tx.lease_now()?);
        // Single columns, so that a mail which can't be read whole is leased like the others and then put aside.
        let free: Option<(MailId, Option<i64>, bool)> = mails::table
            .filter(mails::state.eq(MailState::Queued))
            .filter(mails::not_before.le(now))
            .filter(mails::lease_until.le(lease_now))
            .order((mails::useful_until, mails::id))
            .select((
                mails::id,
                mails::handover_started_at,
                mails::possibly_delivered,
            ))
            .first(tx.db)
            .optional()?;
        let Some((id, handover_started_at, was_possibly_delivered)) = free else {
            return Ok(None);
        };
        let token = LeaseToken::now_v7();
        let in_doubt = handover_started_at.is_some() && !repeats_are_harmless;
        // In doubt for the second time it isn't tried again: the mark stays, and `delivery::prepare` ends it.
        let mark = handover_started_at.filter(|_| in_doubt && was_possibly_delivered);
        let taken = diesel::update(mails::table.find(id))
            .filter(mails::state.eq(MailState::Queued))
            .filter(mails::lease_until.le(lease_now))
            .set((
                mails::lease_token.eq(token.as_bytes().to_vec()),
                mails::lease_until.eq(lease_now + lease_for),
                mails::handover_started_at.eq(mark),
                mails::possibly_delivered.eq(was_possibly_delivered || in_doubt),
            ))
            .execute(tx.db)?;
        if taken == 0 {
            return Ok(None);
        }
        // Nobody told how the attempt before ended.
        diesel::update(mail_attempts::table)
            .filter(mail_attempts::mail_id.eq(id))
            .filter(mail_attempts::outcome.eq(UNDER_WAY))
            .set((
                mail_attempts::outcome.eq("interrupted"),
                mail_attempts::ended_at.eq(now),
            ))
            .execute(tx.db)?;
        Ok(Some((id, token)))
    }

    /// The mail, if this lease is still the one that holds it.
    pub(super) fn find_leased(db: &mut Db, id: MailId, token: LeaseToken) -> Result<Self> {
        let mail = Self::find(db, id)?;
        if mail.state == MailState::Queued
            && mail.lease_token.as_deref() == Some(token.as_bytes().as_slice())
        {
            Ok(mail)
        } else {
            Err(Error::refused(
                "lease_lost",
                "another worker holds this mail, or it has ended",
            ))
        }
    }

    /// Whether nobody has it and it was never tried: what it says is still to be written.
    pub(super) fn is_untouched(&self) -> bool {
        self.state == MailState::Queued && self.attempts == 0 && self.lease_token.is_none()
    }

    /// Whether nothing of it can have arrived anywhere.
    pub(super) fn is_ours(&self) -> bool {
        self.state == MailState::Queued
            && !self.possibly_delivered
            && self.handover_started_at.is_none()
    }

    /// Its Message-ID where it is sent from this domain: the one that it has from its first attempt, or a new one.
    pub fn message_id_from(&self, sending_domain: &str) -> String {
        if self.message_id.contains('@') {
            self.message_id.clone()
        } else {
            format!("<{}@{sending_domain}>", self.id)
        }
    }

    /// Begins an attempt: counts it, and freezes content and Message-ID if this is the first one.
    pub(super) fn begin_attempt(
        mut self,
        tx: &mut Tx<'_>,
        content: &str,
        sending_domain: &str,
    ) -> Result<Self> {
        self.attempts += 1;
        self.content.get_or_insert_with(|| content.to_owned());
        self.message_id = self.message_id_from(sending_domain);
        diesel::update(mails::table.find(self.id))
            .set((
                mails::attempts.eq(self.attempts),
                mails::content.eq(self.content.clone()),
                mails::message_id.eq(&self.message_id),
            ))
            .execute(tx.db)?;
        let attempt = NewAttempt {
            mail_id: self.id,
            number: self.attempts,
            started_at: tx.now(),
            outcome: UNDER_WAY,
        };
        diesel::insert_into(mail_attempts::table)
            .values(&attempt)
            .execute(tx.db)?;
        Ok(self)
    }

    /// Notes that the content is about to be handed over: what dies after this may have been delivered. The lease is
    /// renewed, so that it outlasts the handover however long the way here was.
    pub(super) fn note_handover(&self, tx: &mut Tx<'_>, lease_for: TimeDelta) -> Result<()> {
        let lease_now = tx.lease_now()?;
        diesel::update(mails::table.find(self.id))
            .set((
                mails::handover_started_at.eq(tx.now()),
                mails::lease_until.eq(lease_now + lease_for),
            ))
            .execute(tx.db)?;
        Ok(())
    }

    /// Notes how the attempt under way ended.
    pub(super) fn end_attempt(
        &self,
        tx: &mut Tx<'_>,
        outcome: &str,
        phase: Option<&str>,
        smtp_code: Option<u16>,
    ) -> Result<()> {
        diesel::update(mail_attempts::table.find((self.id, self.attempts)))
            .set((
                mail_attempts::ended_at.eq(tx.now()),
                mail_attempts::outcome.eq(outcome),
                mail_attempts::phase.eq(phase),
                mail_attempts::smtp_code.eq(smtp_code.map(i32::from)),
            ))
            .execute(tx.db)?;
        Ok(())
    }

    /// Gives the lease back, to be tried at this instant at the earliest. `spent` says whether the attempt counts.
    pub(super) fn try_again(
        mut self,
        tx: &mut Tx<'_>,
        at: Instant,
        spent: bool,
        reason: &str,
    ) -> Result<()> {
        if !spent {
            diesel::delete(mail_attempts::table.find((self.id, self.attempts))).execute(tx.db)?;
            self.attempts -= 1;
        }
        self.not_before = at;
        self.state_reason = Some(reason.to_owned());
        self.free();
        self.save(tx, "mail.postponed", None).map(drop)
    }

    /// Ends the mail.
    pub(super) fn end(
        mut self,
        tx: &mut Tx<'_>,
        state: MailState,
        reason: Option<&str>,
    ) -> Result<()> {
        self.state = state;
        self.state_reason = reason.map(str::to_owned);
        self.finished_at = Some(tx.now());
        self.free();
        let mail = self.save(tx, "mail.ended", None)?;
        if mail.kind == SAFETY_NOTICE {
            safety_notices::mail_ended(tx, mail.id, state, reason)?;
        }
        Ok(())
    }

    /// Forgets what was to be said, of which nothing can have arrived: the next attempt says it anew.
    pub(super) fn reword(&self, tx: &mut Tx<'_>) -> Result<()> {
        diesel::update(mails::table.find(self.id))
            .set(mails::content.eq(None::<String>))
            .execute(tx.db)?;
        Ok(())
    }

    /// Gives the lease back before an attempt has begun, to be tried at this instant at the earliest.
    pub(super) fn put_off(mut self, tx: &mut Tx<'_>, at: Instant) -> Result<()> {
        self.not_before = at;
        self.free();
        self.save(tx, "mail.postponed", None).map(drop)
    }

    /// Gives the lease back as if nothing had happened; an attempt that has begun is not counted.
    pub(super) fn hand_back(mut self, tx: &mut Tx<'_>) -> Result<()> {
        let under_way = diesel::delete(
            mail_attempts::table
                .filter(mail_attempts::mail_id.eq(self.id))
                .filter(mail_attempts::outcome.eq(UNDER_WAY)),
        )
        .execute(tx.db)?;
        if under_way > 0 {
            self.attempts -= 1;
        }
        self.free();
        diesel::update(mails::table.find(self.id))
            .set((
                mails::attempts.eq(self.attempts),
                mails::lease_token.eq(None::<Vec<u8>>),
                mails::lease_until.eq(self.lease_until),
                mails::handover_started_at.eq(None::<i64>),
            ))
            .execute(tx.db)?;
        Ok(())
    }

    /// Ends a mail that can't be read whole, by its id alone, with the reminders that it carries.
    pub(super) fn bury(tx: &mut Tx<'_>, id: MailId, reason: &str) -> Result<()> {
        let now = tx.now();
        let change = tx.next_change()?;
        let buried = diesel::update(mails::table.find(id))
            .filter(mails::state.eq(MailState::Queued))
            .set((
                mails::state.eq(MailState::Failed),
                mails::state_reason.eq(reason),
                mails::finished_at.eq(now),
                mails::lease_token.eq(None::<Vec<u8>>),
                mails::lease_until.eq(0_i64),
                mails::version.eq(mails::version + 1),
                mails::change.eq(change),
            ))
            .execute(tx.db)?;
        if buried == 0 {
            return Ok(());
        }
        tx.audit(AuditDraft::new("mail.ended", "mail", id.0).because(Some(reason)));
        let carried: Vec<ReminderId> = reminders::table
            .filter(reminders::mail_id.eq(id))
            .filter(reminders::state.eq(ReminderState::Leased))
            .select(reminders::id)
            .load(tx.db)?;
        for id in carried {
            Reminder::bury(tx, id, reason)?;
        }
        safety_notices::mail_ended(tx, id, MailState::Failed, Some(reason))
    }

    fn free(&mut self) {
        self.lease_token = None;
        self.lease_until = Instant::from_millis(0);
        self.handover_started_at = None;
    }
}
