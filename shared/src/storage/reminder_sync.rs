//! Brings the ledger in line with what it follows from: sessions, rules, clients, studios, plans.
//!
//! Rows are written in the transaction of whatever they follow from. What was sent, or may have been, is never written
//! again; what is still to come and no longer right is superseded, and what is right is scheduled anew.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Serialize;

use super::audit::AuditDraft;
use super::clients::Client;
use super::kept_text::Keep as _;
use super::mails::Mail;
use super::plans::Plan;
use super::reminder_rules::ReminderRule;
use super::reminders::{Reminder, knowledge_of};
use super::schema::{mails, reminders, sessions};
use super::session_rules::plan_sessions;
use super::sessions::Session;
use super::studios::Studio;
use super::{Actor, Db, Tx};
use crate::domain::gap::{GapWindow, gap_after};
use crate::domain::interval::Interval;
use crate::domain::news::{Act, advice_changes};
use crate::domain::reminder::{ReminderRule as Rule, Subject};
use crate::domain::schedule::{ReminderFacts, schedule};
use crate::domain::session::SessionAction;
use crate::domain::{
    Anchor, Channel, ClientId, EndedBy, Instant, MailState, PlanId, ReminderId, ReminderState,
    ReminderStep, SessionId, SessionKind, SessionState, StudioId,
};
use crate::error::{Error, Result};
use crate::failpoint;

/// Care after a session reaches a gap's maximum, a year at most; older sessions have none to come.
pub(super) const REACH_OF_CARE: TimeDelta = TimeDelta::days(400);

/// An invitation comes ten years after the last work at most.
pub(super) const REACH_OF_INVITATIONS: TimeDelta = TimeDelta::days(11 * 366);

/// Brings a session's rows in line with the session as it stands now. `action` is what was just done with it.
pub(super) fn sync_session(
    tx: &mut Tx<'_>,
    session: &Session,
    action: Option<SessionAction>,
) -> Result<()> {
    let studio = Studio::find(tx.db, session.studio_id)?;
    let rules = ReminderRule::of_studio(tx.db, session.studio_id)?;
    sync(tx, session, action, &studio, &rules)
}

/// Does so for all sessions of a studio that may still have reminders to come, after its rules or hours changed.
///
/// Beside those with rows to come these are the sessions ahead, and those that were completed since `reach` ago.
pub(super) fn sync_studio(tx: &mut Tx<'_>, studio_id: StudioId, reach: TimeDelta) -> Result<()> {
    let studio = Studio::find(tx.db, studio_id)?;
    let rules = ReminderRule::of_studio(tx.db, studio_id)?;
    let concerned: Vec<Session> = sessions::table
        .filter(sessions::studio_id.eq(studio_id))
        .filter(sessions::state.ne_all([SessionState::Planned, SessionState::NoShow]))
        .filter(
            sessions::starts_at
                .ge(tx.now())
                .or(sessions::id.eq_any(open_sessions()))
                .or(sessions::completed_at.ge(tx.now() - reach)),
        )
        .select(Session::as_select())
        .load(tx.db)?;
    for session in concerned {
        sync(tx, &session, None, &studio, &rules)?;
    }
    Ok(())
}

/// Does so for all sessions of a client, after what they may be sent changed.
pub(super) fn sync_client(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    let concerned: Vec<Session> = sessions::table
        .filter(sessions::client_id.eq(client_id))
        .filter(sessions::state.ne_all([SessionState::Planned, SessionState::NoShow]))
        .select(Session::as_select())
        .load(tx.db)?;
    for session in concerned {
        sync_session(tx, &session, None)?;
    }
    Ok(())
}

/// Does so for what came before in a plan, whose next session is another one now, has a time, or is gone.
pub(super) fn sync_plan(tx: &mut Tx<'_>, plan_id: PlanId) -> Result<()> {
    for session in Session::of_plan(tx.db, plan_id)? {
        if session.state == SessionState::Completed {
            sync_session(tx, &session, None)?;
        }
    }
    let client_id = Plan::find(tx.db, plan_id)?.client_id;
    sync_invitations(tx, client_id)
}

/// Does so for the invitations of a client, after their plans changed.
pub(super) fn sync_invitations(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    for id in with_invitations(tx.db, client_id)? {
        let session = Session::find(tx.db, id)?;
        sync_session(tx, &session, None)?;
    }
    Ok(())
}

/// Does so for a session that has changed and for those whose reminders depend on it, each once: the one before it in its
/// plan, which asks for this one to be booked, and those with an invitation to come.
pub(super) fn sync_around(
    tx: &mut Tx<'_>,
    session: &Session,
    before: Option<&Session>,
    action: Option<SessionAction>,
    studio: &Studio,
) -> Result<()> {
    let rules = ReminderRule::of_studio(tx.db, studio.id)?;
    sync(tx, session, action, studio, &rules)?;
    let mut others: Vec<Session> = before
        .filter(|other| other.state == SessionState::Completed)
        .cloned()
        .into_iter()
        .collect();
    if session.kind.places_pigment() {
        for id in with_invitations(tx.db, session.client_id)? {
            if id != session.id && others.iter().all(|other| other.id != id) {
                others.push(Session::find(tx.db, id)?);
            }
        }
    }
    for other in others {
        if other.studio_id == studio.id {
            sync(tx, &other, None, studio, &rules)?;
        } else {
            sync_session(tx, &other, None)?;
        }
    }
    Ok(())
}

/// Only the last work that was done has an invitation to come: this is that session, and those that had one so far.
fn with_invitations(db: &mut Db, client_id: ClientId) -> Result<Vec<SessionId>> {
    let mut ids: Vec<SessionId> = reminders::table
        .filter(reminders::client_id.eq(client_id))
        .filter(reminders::step.eq(ReminderStep::TouchUpInvitation))
        .select((reminders::session_id, reminders::state))
        .kept()
        .load::<(SessionId, ReminderState)>(db)?
        .into_iter()
        .filter_map(|(id, state)| (state == ReminderState::Scheduled).then_some(id))
        .collect();
    let latest: Option<SessionId> = sessions::table
        .filter(sessions::client_id.eq(client_id))
        .filter(
            sessions::kind
                .eq(SessionKind::Treatment)
                .or(sessions::kind.eq(SessionKind::TouchUp)),
        )
        .filter(sessions::state.eq(SessionState::Completed))
        .order((sessions::completed_at.desc(), sessions::id.desc()))
        .select(sessions::id)
        .kept()
        .load(db)?
        .into_iter()
        .next();
    ids.extend(latest.filter(|id| !ids.contains(id)));
    Ok(ids)
}

/// Takes a client's mails apart that were tried in words which no longer hold, and of which nothing can have arrived:
/// their reminders go out in a new mail.
pub(super) fn reword_for_client(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    let frozen = mails::table
        .filter(mails::client_id.eq(client_id))
        .filter(mails::state.eq(MailState::Queued))
        .filter(mails::content.is_not_null())
        .select(Mail::as_select())
        .load(tx.db)?;
    reword(tx, frozen)
}

/// The same for all mails of a studio.
pub(super) fn reword_for_studio(tx: &mut Tx<'_>, studio_id: StudioId) -> Result<()> {
    let frozen = mails::table
        .filter(mails::studio_id.eq(studio_id))
        .filter(mails::state.eq(MailState::Queued))
        .filter(mails::content.is_not_null())
        .select(Mail::as_select())
        .load(tx.db)?;
    reword(tx, frozen)
}

fn reword(tx: &mut Tx<'_>, frozen: Vec<Mail>) -> Result<()> {
    for mail in frozen {
        if mail.is_ours() {
            take_apart(tx, mail, "reworded")?;
        }
    }
    Ok(())
}

/// Ends a mail of which nothing can have arrived, and schedules what it carries anew.
pub(super) fn take_apart(tx: &mut Tx<'_>, mail: Mail, reason: &str) -> Result<()> {
    let carried: Vec<Reminder> = reminders::table
        .filter(reminders::mail_id.eq(mail.id))
        .filter(reminders::state.eq(ReminderState::Leased))
        .select(Reminder::as_select())
        .load(tx.db)?;
    if carried.is_empty() {
        return Ok(());
    }
    for mut row in carried {
        row.state = ReminderState::Scheduled;
        row.mail_id = None;
        row.save(tx, "reminder.scheduled", None)?;
    }
    mail.end(tx, MailState::Cancelled, Some(reason))
}

/// The sessions with rows that are still to come.
#[diesel::dsl::auto_type]
fn open_sessions() -> _ {
    reminders::table
        .filter(reminders::state.eq("scheduled"))
        .select(reminders::session_id)
}

fn sync(
    tx: &mut Tx<'_>,
    session: &Session,
    action: Option<SessionAction>,
    studio: &Studio,
    rules: &[Rule],
) -> Result<()> {
    let now = tx.now();
    let stands = session.standing_time();
    let mut rows = if session.is_made_by(action) {
        Vec::new()
    } else {
        Reminder::of_session(tx.db, session.id)?
    };
    let knowledge = action.map(|_| knowledge_of(&rows));
    rows.retain(|row| row.state != ReminderState::Superseded);
    let by_client = *tx.actor() == Actor::ClientLink
        || (action == Some(SessionAction::Cancel) && session.ended_by == Some(EndedBy::Client));
    let news = match (&knowledge, action) {
        (Some(knowledge), Some(action)) => knowledge.news(
            stands,
            Act {
                action,
                by_client,
                bookings_are_mailed: rules
                    .iter()
                    .any(|rule| rule.sends(ReminderStep::BookingConfirmation, session.kind)),
            },
        ),
        _ => withheld_notice(tx.db, session, &rows)?,
    };
    let told = knowledge.and_then(|knowledge| knowledge.time());
    // A session that lost its time is spoken of by the time that was told.
    let time = session.time().or(told);
    let facts = ReminderFacts {
        kind: session.kind,
        state: session.state,
        starts_at: time.map(|time| time.starts_at),
        completed_at: session.completed_at,
        action: news,
        by_client,
        told_start: told.map(|time| time.starts_at),
        zone: studio.time_zone.0,
        quiet_hours: studio.quiet_hours.as_ref().map(|hours| hours.0),
        cutoff_hours: u16::try_from(studio.cancellation_cutoff_hours).map_err(Error::internal)?,
        next_window: next_window(tx.db, session, studio)?,
        is_latest_work: is_latest_work(tx.db, session)?,
    };
    let mut wanted = schedule(&facts, rules, now);
    // Who is off the list is booked for nothing, so that a booking needn't look.
    let is_off_the_list = !wanted.is_empty()
        && action != Some(SessionAction::Book)
        && Client::find(tx.db, session.client_id)?.deleted_at.is_some();
    if is_off_the_list {
        wanted.clear();
    }
    // Advice that was sent for another time of the session isn't repeated while it holds.
    let still_holds = |row: &Reminder| match (row.session_starts_at, facts.starts_at) {
        (Some(told_for), Some(starts_at)) => !advice_changes(told_for, starts_at, facts.zone),
        _ => true,
    };
    let is_told = |row: &Reminder| {
        row.step == ReminderStep::Preparation
            && matches!(
                row.state,
                ReminderState::Sent | ReminderState::Written | ReminderState::Ambiguous
            )
            && still_holds(row)
    };
    if rows.iter().any(is_told) {
        wanted.retain(|one| one.step != ReminderStep::Preparation);
    }
    // A notice of an act stands until there is another act that the client is told of or that ends the matter;
    // what is due already is the worker's to judge, and what was late went into the notice's own mail.
    let changes_course = !matches!(action, None | Some(SessionAction::Confirm));
    let goes_with_notice = |row: &Reminder| {
        row.step == ReminderStep::Preparation
            && rows.iter().any(|notice| {
                notice.step.subject() == Subject::Act
                    && notice.state == ReminderState::Scheduled
                    && notice.due_at == row.due_at
            })
    };
    let is_over = |row: &Reminder| {
        let same_time = row.schedule_version == session.schedule_version;
        let is_right = wanted.iter().any(|one| {
            row.answers(one, session.schedule_version)
                && row.due_at == one.due_at
                && row.state == ReminderState::Scheduled
        });
        let waits = row.state == ReminderState::Scheduled
            && same_time
            && !changes_course
            && match row.step.subject() {
                // Taking a booking or a cancellation back ends the matter too.
                Subject::Act => match row.step {
                    ReminderStep::CancelledNotice => matches!(
                        session.state,
                        SessionState::Cancelled | SessionState::Planned
                    ),
                    _ => matches!(
                        session.state,
                        SessionState::Booked | SessionState::Confirmed
                    ),
                },
                // What the client has answered isn't asked any more.
                _ if row.step == ReminderStep::ConfirmRequest && action.is_some() => false,
                _ => row.due_at <= now || goes_with_notice(row),
            };
        row.is_open() && !is_right && !waits
    };
    let over: Vec<bool> = rows.iter().map(is_over).collect();
    let mut standing = Vec::new();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (row, is_over) in rows.into_iter().zip(over) {
        if is_over {
            let reason = action.map_or("rescheduled", |action| action.as_str());
            after.push(row.store_superseded(tx, reason)?);
            before.push(row);
        } else {
            standing.push(row);
        }
    }
    for one in wanted {
        if standing
            .iter()
            .any(|row| row.answers(&one, session.schedule_version))
        {
            continue;
        }
        let told = time.filter(|_| one.anchor == Anchor::Schedule);
        let row = Reminder {
            id: ReminderId::new(),
            studio_id: session.studio_id,
            client_id: session.client_id,
            session_id: session.id,
            plan_id: session.plan_id,
            step: one.step,
            channel: Channel::Email,
            anchor: one.anchor,
            schedule_version: session.schedule_version,
            state: ReminderState::Scheduled,
            state_reason: None,
            due_at: one.due_at,
            useful_until: one.useful_until,
            mail_id: None,
            finished_at: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
            session_starts_at: told.map(|time| time.starts_at),
            session_ends_at: told.map(|time| time.ends_at),
            answers_client: by_client && action.is_some() && one.step.subject() == Subject::Act,
        };
        after.push(row.store_new(tx)?);
    }
    if !after.is_empty() {
        let mut draft = AuditDraft::new("session.reminders_scheduled", "session", session.id.0);
        if !before.is_empty() {
            draft = draft.before(&Rows { reminders: &before })?;
        }
        tx.audit(draft.after(&Rows { reminders: &after })?);
    }
    failpoint::reach("scheduled");
    Ok(())
}

/// Rows of the ledger, as the audit trail shows them.
#[derive(Serialize)]
struct Rows<'a> {
    reminders: &'a [Reminder],
}

impl Session {
    /// Its time, also where it's over or called off.
    pub(super) fn time(&self) -> Option<Interval> {
        Some(Interval::new(self.starts_at?, self.ends_at?))
    }

    /// Its time, where it's to take place then.
    fn standing_time(&self) -> Option<Interval> {
        self.time().filter(|_| self.state.holds_time())
    }
}

/// The act of which a notice was kept back for want of an address that is there by now.
fn withheld_notice(
    db: &mut Db,
    session: &Session,
    rows: &[Reminder],
) -> Result<Option<SessionAction>> {
    let withheld = rows.iter().find(|row| {
        row.step.subject() == Subject::Act
            && row.schedule_version == session.schedule_version
            && row.state == ReminderState::Suppressed
            && matches!(
                row.state_reason.as_deref(),
                Some("no_address" | "bad_address")
            )
    });
    let act = withheld.map(|row| match row.step {
        ReminderStep::MovedNotice => SessionAction::Reschedule,
        ReminderStep::CancelledNotice => SessionAction::Cancel,
        _ => SessionAction::Book,
    });
    Ok(match act {
        Some(act) if Client::find(db, session.client_id)?.has_usable_address() => Some(act),
        _ => None,
    })
}

/// When the plan's next session should be, where this one is completed and that one has no time yet.
fn next_window(db: &mut Db, session: &Session, studio: &Studio) -> Result<Option<GapWindow>> {
    let (Some(plan_id), Some(ordinal), Some(completed_at)) =
        (session.plan_id, session.ordinal, session.completed_at)
    else {
        return Ok(None);
    };
    let ordinal = u8::try_from(ordinal).map_err(Error::internal)?;
    let plan = Plan::find(db, plan_id)?;
    let next_is_planned = plan_sessions(db, plan_id, studio)?.iter().any(|other| {
        other.ordinal == ordinal.saturating_add(1) && other.state == SessionState::Planned
    });
    if !next_is_planned {
        return Ok(None);
    }
    Ok(gap_after(&plan.gaps, ordinal)
        .map(|gap| gap.window(completed_at.day_at(studio.time_zone.0))))
}

/// Whether no session of the client that places pigment came after this one, has a time, or waits in a plan.
fn is_latest_work(db: &mut Db, session: &Session) -> Result<bool> {
    let Some(completed_at) = session.completed_at else {
        return Ok(false);
    };
    if !session.kind.places_pigment() {
        return Ok(false);
    }
    let others: Vec<(SessionState, Option<Instant>, Option<PlanId>, SessionId)> = sessions::table
        .filter(sessions::client_id.eq(session.client_id))
        .filter(sessions::id.ne(session.id))
        .filter(
            sessions::kind
                .eq(SessionKind::Treatment)
                .or(sessions::kind.eq(SessionKind::TouchUp)),
        )
        .select((
            sessions::state,
            sessions::completed_at,
            sessions::plan_id,
            sessions::id,
        ))
        .kept()
        .load(db)?;
    Ok(!others
        .into_iter()
        .any(|(state, other, plan_id, id)| match state {
            SessionState::Completed => (other, id) > (Some(completed_at), session.id),
            SessionState::Planned => plan_id.is_some(),
            state => state.holds_time(),
        }))
}
