//! The rows of one session against what it should have now.

use diesel::prelude::*;
use serde::Serialize;

use crate::domain::gap::{GapWindow, gap_after};
use crate::domain::interval::Interval;
use crate::domain::later_work::{LaterWork, Work};
use crate::domain::ledger::{Balance, Occasion, Row, balance};
use crate::domain::news::Act;
use crate::domain::reminder::{ReminderRule as Rule, Subject};
use crate::domain::schedule::{ReminderFacts, schedule};
use crate::domain::session::SessionAction;
use crate::domain::{
    Anchor, Channel, ClientId, EndedBy, Instant, PlanState, ReminderId, ReminderState,
    ReminderStep, SessionId, SessionKind, SessionState,
};
use crate::error::{Error, Result};
use crate::failpoint;
use crate::storage::audit::AuditDraft;
use crate::storage::clients::Client;
use crate::storage::kept_text::Keep as _;
use crate::storage::plans::Plan;
use crate::storage::reminders::{Reminder, knowledge_of};
use crate::storage::schema::{plans, sessions};
use crate::storage::session_rules::plan_sessions;
use crate::storage::sessions::Session;
use crate::storage::studios::Studio;
use crate::storage::{Actor, Db, Tx};

/// Why a row ended that work done or expected later leaves no use.
pub(in crate::storage) const LATER_WORK: &str = "later_work";

/// Brings a session's rows in line, by the rules of its studio and with the client's work beside it.
pub(super) fn sync(
    tx: &mut Tx<'_>,
    session: &Session,
    action: Option<SessionAction>,
    studio: &Studio,
    rules: &[Rule],
    work: &[Work],
) -> Result<()> {
    let now = tx.now();
    let stands = session.standing_time();
    let mut rows = if session.is_made_by(action) {
        Vec::new()
    } else {
        Reminder::of_session(tx.db, session.id)?
    };
    let knowledge = knowledge_of(&rows);
    rows.retain(|row| row.state != ReminderState::Superseded);
    let by_client = *tx.actor() == Actor::ClientLink
        || (action == Some(SessionAction::Cancel) && session.ended_by == Some(EndedBy::Client));
    let news = match action {
        Some(action) => knowledge.news(
            stands,
            Act {
                action,
                by_client,
                bookings_are_mailed: rules
                    .iter()
                    .any(|rule| rule.sends(ReminderStep::BookingConfirmation, session.kind)),
            },
        ),
        None => withheld_notice(tx.db, session, &rows)?,
    };
    let told = knowledge.time();
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
        later_work: later_work(session, work),
    };
    let mut wanted = schedule(&facts, rules, now);
    // Who is off the list is booked for nothing, so that a booking needn't look.
    let is_off_the_list = !wanted.is_empty()
        && action != Some(SessionAction::Book)
        && Client::find(tx.db, session.client_id)?.deleted_at.is_some();
    if is_off_the_list {
        wanted.clear();
    }
    let looked_at: Vec<Row> = rows.iter().map(Reminder::row).collect();
    let occasion = Occasion {
        action,
        schedule_version: session.schedule_version,
        now,
    };
    let Balance { over, missing } = balance(&looked_at, wanted, &facts, occasion);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let ending = rows.into_iter().zip(over).filter(|(_, is_over)| *is_over);
    for (row, _) in ending {
        let reason = match action {
            Some(action) => action.as_str(),
            None if facts.later_work.ends(row.step.subject()) => LATER_WORK,
            None => "rescheduled",
        };
        after.push(row.store_superseded(tx, reason)?);
        before.push(row);
    }
    for one in missing {
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
            sent_before_at: None,
        };
        after.push(row.store_new(tx)?);
    }
    if !after.is_empty() {
        let mut draft = AuditDraft::new("session.reminders_scheduled", "session", session.id.0);
        if !before.is_empty() {
            draft = draft.before(&Rows::of(&before))?;
        }
        tx.audit(draft.after(&Rows::of(&after))?);
    }
    failpoint::reach("scheduled");
    Ok(())
}

/// Rows of the ledger, as the audit trail shows them.
#[derive(Serialize)]
struct Rows {
    reminders: Vec<Decided>,
}

/// What an act decides of a row. The rest stands in the row, which is never deleted: to repeat it in the trail with each act
/// would be more than all else that is stored.
#[derive(Serialize)]
struct Decided {
    id: ReminderId,
    step: ReminderStep,
    state: ReminderState,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<String>,
    due_at: Instant,
    version: i64,
}

impl Rows {
    fn of(reminders: &[Reminder]) -> Self {
        let told = |reminder: &Reminder| Decided {
            id: reminder.id,
            step: reminder.step,
            state: reminder.state,
            state_reason: reminder.state_reason.clone(),
            due_at: reminder.due_at,
            version: reminder.version,
        };
        Self {
            reminders: reminders.iter().map(told).collect(),
        }
    }
}

impl Session {
    /// Its time, also where it's over or called off.
    pub(in crate::storage) fn time(&self) -> Option<Interval> {
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

/// What the client's other sessions that place pigment mean for what follows this one.
pub(in crate::storage) fn later_work_beside(db: &mut Db, session: &Session) -> Result<LaterWork> {
    Ok(later_work(session, &work_beside(db, session)?))
}

fn later_work(session: &Session, work: &[Work]) -> LaterWork {
    match session.completed_at {
        Some(completed_at) if session.kind.places_pigment() => {
            LaterWork::after(completed_at, session.id, work)
        }
        _ => LaterWork::NONE,
    }
}

/// The client's sessions that place pigment, where they mean something for this one.
pub(super) fn work_beside(db: &mut Db, session: &Session) -> Result<Vec<Work>> {
    if session.completed_at.is_some() && session.kind.places_pigment() {
        work_on(db, session.client_id)
    } else {
        Ok(Vec::new())
    }
}

/// The sessions of a client that place pigment, in no order.
pub(super) fn work_on(db: &mut Db, client_id: ClientId) -> Result<Vec<Work>> {
    type Found = (SessionState, Option<Instant>, Option<PlanState>, SessionId);
    let work: Vec<Found> = sessions::table
        .left_join(plans::table.on(plans::id.nullable().eq(sessions::plan_id)))
        .filter(sessions::client_id.eq(client_id))
        .filter(
            sessions::kind
                .eq(SessionKind::Treatment)
                .or(sessions::kind.eq(SessionKind::TouchUp)),
        )
        .select((
            sessions::state,
            sessions::completed_at,
            plans::state.nullable(),
            sessions::id,
        ))
        .kept()
        .load(db)?;
    let told = |(state, completed_at, plan, id): Found| Work {
        id,
        state,
        completed_at,
        is_in_open_plan: plan == Some(PlanState::Open),
    };
    Ok(work.into_iter().map(told).collect())
}
