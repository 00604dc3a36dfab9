//! The steps of a delivery that touch the data: gather what is due, look at it again, begin, hand over, record.
//!
//! Each is one short transaction; rendering and sending happen between them. Whoever comes with a lease that is no
//! longer theirs is refused, so that two workers never record one mail. A row that can't be read or rendered is put
//! aside alone, with a reason and a task.

mod gather;
mod record;
mod unreachable;
mod without_reminders;

use chrono::TimeDelta;
use diesel::prelude::*;

use super::clients::Client;
use super::erasure::CLIENT_ERASED;
use super::mail_templates::MailTemplate;
use super::mails::{FRESH_LINK, LeaseToken, Mail, SAFETY_NOTICE};
use super::reminder_sync::{LATER_WORK, later_work_beside};
use super::reminders::{Reminder, knowledge_of};
use super::schema::reminders;
use super::sending_rate::{self, SendingRate};
use super::sessions::Session;
use super::studios::Studio;
use super::{Db, Tx};
use crate::domain::interval::Interval;
use crate::domain::later_work::LaterWork;
use crate::domain::mail_template::OwnWords;
use crate::domain::text::Note;
use crate::domain::{
    Anchor, Instant, MailId, MailState, ReminderState, ReminderStep, SessionState,
};
use crate::error::{Error, Result};

pub use gather::{Gathered, Gathering, due_sessions, expire_overdue, gather, is_notice_to_come};
pub use record::{AttemptEnd, Outcome, blame, bury, record};
pub(super) use without_reminders::waits_for_morning;

/// All that a mail is made of, as it stands.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The mail.
    pub mail: Mail,
    /// The steps that it carries.
    pub steps: Vec<ReminderStep>,
    /// The session that it's about.
    pub session: Session,
    /// The time that it speaks of, which a session that was called off may have no more.
    pub time: Option<Interval>,
    /// The time that the client was told before, where the mail tells of a move.
    pub previous: Option<Interval>,
    /// Whom it's for.
    pub client: Client,
    /// Who sends it.
    pub studio: Studio,
    /// The studio's own words for it.
    pub own_words: Vec<OwnWords>,
    /// What a safety notice says to this client; nothing in other mails.
    pub safety_message: Option<Note>,
}

impl Prepared {
    /// Tells apart two states of the things that the mail speaks of.
    fn fingerprint(&self) -> (i64, i64, i64, Vec<ReminderStep>) {
        (
            self.session.version,
            self.client.version,
            self.studio.version,
            self.steps.clone(),
        )
    }
}

/// What stands in the way of a reminder now.
enum Hindrance {
    Expired,
    Superseded(&'static str),
    Suppressed(&'static str),
}

fn hindrance(
    reminder: &Reminder,
    session: &Session,
    client: &Client,
    later_work: LaterWork,
    now: Instant,
) -> Option<Hindrance> {
    let to_come = matches!(
        session.state,
        SessionState::Booked | SessionState::Confirmed
    );
    let fits = match (reminder.step, reminder.anchor) {
        // A booking that was taken back leaves a session without a time.
        (ReminderStep::CancelledNotice, _) => matches!(
            session.state,
            SessionState::Cancelled | SessionState::Planned
        ),
        (ReminderStep::ConfirmRequest, _) => session.state == SessionState::Booked,
        (_, Anchor::Schedule) => to_come,
        (_, Anchor::Care) => session.state == SessionState::Completed,
    };
    if !fits {
        return Some(Hindrance::Superseded("session_state"));
    }
    if reminder.anchor == Anchor::Schedule && reminder.schedule_version != session.schedule_version
    {
        return Some(Hindrance::Superseded("session_moved"));
    }
    if later_work.ends(reminder.step.subject()) {
        return Some(Hindrance::Superseded(LATER_WORK));
    }
    if reminder.useful_until <= now {
        return Some(Hindrance::Expired);
    }
    // Else it would be told that they had agreed to nothing.
    if client.erased_at.is_some() {
        return Some(Hindrance::Suppressed(CLIENT_ERASED));
    }
    let agreed = if reminder.step.is_marketing() {
        client.marketing_mail
    } else {
        client.service_mail
    };
    if !agreed {
        return Some(Hindrance::Suppressed("no_consent"));
    }
    // Whoever was told of a session has to hear that it's off, on the list or not.
    if client.deleted_at.is_some() && reminder.step != ReminderStep::CancelledNotice {
        return Some(Hindrance::Suppressed("client_deleted"));
    }
    if client.email.is_none() {
        return Some(Hindrance::Suppressed("no_address"));
    }
    if client.address_is_bad() {
        return Some(Hindrance::Suppressed("bad_address"));
    }
    None
}

/// What would put a reminder aside now, by its stable name.
pub(super) fn hindrance_name(
    db: &mut Db,
    reminder: &Reminder,
    session: &Session,
    client: &Client,
    now: Instant,
) -> Result<Option<&'static str>> {
    let later_work = later_work_beside(db, session)?;
    let hindrance = hindrance(reminder, session, client, later_work, now);
    Ok(hindrance.map(|hindrance| match hindrance {
        Hindrance::Expired => "no_longer_useful",
        Hindrance::Superseded(reason) | Hindrance::Suppressed(reason) => reason,
    }))
}

impl Reminder {
    fn finish(mut self, tx: &mut Tx<'_>, state: ReminderState, reason: Option<&str>) -> Result<()> {
        self.state = state;
        self.state_reason = reason.map(str::to_owned);
        self.finished_at = Some(tx.now());
        self.save(tx, "reminder.ended", None).map(drop)
    }

    fn put_aside(self, tx: &mut Tx<'_>, hindrance: Hindrance, client: &Client) -> Result<()> {
        match hindrance {
            Hindrance::Expired => self.finish(tx, ReminderState::Expired, Some("no_longer_useful")),
            Hindrance::Superseded(reason) => self.supersede(tx, reason),
            Hindrance::Suppressed(reason) => {
                if matches!(reason, "no_address" | "bad_address") {
                    self.note_unreachable(tx, reason, client)?;
                }
                self.finish(tx, ReminderState::Suppressed, Some(reason))
            }
        }
    }
}

/// Looks at a leased mail again. Nothing comes of it where none of its reminders holds any more: it's cancelled.
pub fn prepare(tx: &mut Tx<'_>, id: MailId, token: LeaseToken) -> Result<Option<Prepared>> {
    let mail = Mail::find_leased(tx.db, id, token)?;
    if mail.handover_started_at.is_some() {
        // Two attempts died after their handover: a third could come a third time.
        record::end_ambiguous(tx, mail, "interrupted in after_data")?;
        return Ok(None);
    }
    let carried = carried(tx, id)?;
    let Some(session_id) = mail.session_id else {
        return Err(Error::internal("a mail about no session"));
    };
    let session = Session::find(tx.db, session_id)?;
    let client = Client::find(tx.db, session.client_id)?;
    let studio = Studio::find(tx.db, session.studio_id)?;
    let later_work = later_work_beside(tx.db, &session)?;
    let now = tx.now();
    let mut steps = Vec::new();
    let mut dropped = Vec::new();
    let mut kept = Vec::new();
    for reminder in carried {
        match hindrance(&reminder, &session, &client, later_work, now) {
            None => {
                steps.push(reminder.step);
                kept.push(reminder);
            }
            Some(hindrance) => dropped.push((reminder, hindrance)),
        }
    }
    match mail.kind.as_str() {
        FRESH_LINK => return without_reminders::fresh_link(tx, mail, session, client, studio),
        SAFETY_NOTICE => {
            return without_reminders::safety_notice(tx, mail, session, client, studio);
        }
        _ => {}
    }
    let has_expired = kept.is_empty()
        && dropped
            .iter()
            .all(|(_, hindrance)| matches!(hindrance, Hindrance::Expired));
    let is_frozen = mail.content.is_some();
    let lost_some = !dropped.is_empty();
    let possibly_delivered = mail.possibly_delivered;
    for (reminder, hindrance) in dropped {
        if possibly_delivered {
            reminder.finish(tx, ReminderState::Ambiguous, Some("not_repeated"))?;
        } else {
            reminder.put_aside(tx, hindrance, &client)?;
        }
    }
    // What was frozen speaks of a reminder that no longer holds: the others get a mail of their own.
    if kept.is_empty() || (is_frozen && lost_some) {
        for mut reminder in kept {
            if possibly_delivered {
                reminder.finish(tx, ReminderState::Ambiguous, Some("not_repeated"))?;
            } else {
                reminder.state = ReminderState::Scheduled;
                reminder.mail_id = None;
                reminder.save(tx, "reminder.scheduled", None)?;
            }
        }
        let (state, reason) = match (possibly_delivered, has_expired) {
            (true, _) => (MailState::Ambiguous, "no_longer_holds"),
            (false, true) => (MailState::Expired, "no_longer_useful"),
            (false, false) => (MailState::Cancelled, "no_longer_holds"),
        };
        mail.end(tx, state, Some(reason))?;
        return Ok(None);
    }
    let carried_time = kept.iter().find_map(Reminder::time);
    let time = time_to_tell(tx.db, &session, &steps, carried_time)?;
    let previous = previous_time(tx.db, &session, &steps)?;
    Ok(Some(Prepared {
        mail,
        steps,
        time,
        previous,
        session,
        client,
        own_words: MailTemplate::in_use(tx.db, studio.id)?,
        studio,
        safety_message: None,
    }))
}

/// The time that a mail speaks of: the session's, or the one that its reminders carry where it has lost its own. What is
/// called off is the time that the client was told, though the session may have moved since.
pub(super) fn time_to_tell(
    db: &mut Db,
    session: &Session,
    steps: &[ReminderStep],
    carried: Option<Interval>,
) -> Result<Option<Interval>> {
    if steps.contains(&ReminderStep::CancelledNotice) {
        let known = known_before(db, session)?;
        if known.is_some() {
            return Ok(known);
        }
    }
    Ok(session.time().or(carried))
}

/// The time that the client was told before a move, where a mail tells of one.
pub(super) fn previous_time(
    db: &mut Db,
    session: &Session,
    steps: &[ReminderStep],
) -> Result<Option<Interval>> {
    if !steps.contains(&ReminderStep::MovedNotice) {
        return Ok(None);
    }
    known_before(db, session)
}

/// The time that the client knew before the last act, whose notice says nothing of it.
fn known_before(db: &mut Db, session: &Session) -> Result<Option<Interval>> {
    let mut rows = Reminder::of_session(db, session.id)?;
    rows.retain(|row| row.schedule_version < session.schedule_version);
    Ok(knowledge_of(&rows).time())
}

/// What came of beginning an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The attempt is counted and its content frozen.
    Yes,
    /// What the mail speaks of has changed: it's to be looked at again.
    Changed,
    /// All workers together have sent enough for now.
    RateReached,
}

/// How long a lease lasts.
#[derive(Clone, Copy, Debug)]
pub struct LeaseLengths {
    /// From the lease to the handover: longer than all that may take.
    pub until_handover: TimeDelta,
    /// From the handover to the record of its end.
    pub after_handover: TimeDelta,
    /// Whether a mail that is sent again is still one mail.
    pub repeats_are_harmless: bool,
}

/// Leases one mail, if one may be tried and the rate leaves room for it.
pub fn lease(
    tx: &mut Tx<'_>,
    lengths: LeaseLengths,
    rate: SendingRate,
) -> Result<Option<(MailId, LeaseToken)>> {
    let lease_now = tx.lease_now()?;
    if sending_rate::allowance(tx.db, rate, lease_now)? == 0 {
        return Ok(None);
    }
    Mail::lease(tx, lengths.until_handover, lengths.repeats_are_harmless)
}

/// Begins an attempt with this content, if everything still stands as it was rendered.
pub fn begin(
    tx: &mut Tx<'_>,
    token: LeaseToken,
    rendered: &Prepared,
    content: &str,
    sending_domain: &str,
    rate: SendingRate,
) -> Result<Begun> {
    match prepare(tx, rendered.mail.id, token)? {
        Some(now) if now.fingerprint() == rendered.fingerprint() => {
            if !sending_rate::take(tx, rate)? {
                return Ok(Begun::RateReached);
            }
            now.mail.begin_attempt(tx, content, sending_domain)?;
            Ok(Begun::Yes)
        }
        _ => Ok(Begun::Changed),
    }
}

/// Gives a lease back as if nothing had happened. Whoever doesn't hold it any more has nothing to give.
pub fn hand_back(tx: &mut Tx<'_>, id: MailId, token: LeaseToken) -> Result<()> {
    match Mail::find_leased(tx.db, id, token) {
        Ok(mail) => mail.hand_back(tx),
        Err(Error::Refused {
            code: "lease_lost", ..
        }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The last look before the content leaves us. An error keeps it here.
pub fn hand_over(
    tx: &mut Tx<'_>,
    token: LeaseToken,
    rendered: &Prepared,
    lengths: LeaseLengths,
) -> Result<()> {
    match prepare(tx, rendered.mail.id, token)? {
        Some(now) if now.fingerprint() == rendered.fingerprint() => {
            now.mail.note_handover(tx, lengths.after_handover)
        }
        _ => Err(Error::refused(
            "changed_meanwhile",
            "what the mail speaks of has changed",
        )),
    }
}

/// The reminders that a mail carries, in its order.
fn carried(tx: &mut Tx<'_>, id: MailId) -> Result<Vec<Reminder>> {
    let mut carried = reminders::table
        .filter(reminders::mail_id.eq(id))
        .filter(reminders::state.eq(ReminderState::Leased))
        .select(Reminder::as_select())
        .load(tx.db)?;
    carried.sort_by_key(Reminder::place_in_mail);
    Ok(carried)
}

/// Whether an error is about what is stored or made of it, not about the database itself: of an outage no row is to
/// blame.
pub fn is_about_the_data(error: &Error) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error as Fault};
    match error {
        Error::Unavailable { .. } => false,
        Error::Internal(cause) => match cause.downcast_ref::<Fault>() {
            None
            | Some(
                Fault::NotFound
                | Fault::DeserializationError(_)
                | Fault::SerializationError(_)
                | Fault::InvalidCString(_)
                | Fault::DatabaseError(
                    Kind::UniqueViolation
                    | Kind::ForeignKeyViolation
                    | Kind::NotNullViolation
                    | Kind::CheckViolation
                    | Kind::ExclusionViolation,
                    _,
                ),
            ) => true,
            Some(_) => false,
        },
        _ => true,
    }
}
