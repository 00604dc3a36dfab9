//! The reminder ledger: which mail is to go when, and what became of it. It's never pruned while the session lives.
//!
//! Rows are written in the transaction of whatever they follow from. What was sent, or may have been, is never written
//! again; what is still to come and no longer right is superseded, and what is right is scheduled anew.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::booking::plan_sessions;
use super::paging::{Page, PageRequest, load_page, resource};
use super::plans::Plan;
use super::reminder_rules::ReminderRule;
use super::schema::{reminders, sessions};
use super::scope::client_is_seen;
use super::sessions::Session;
use super::studios::Studio;
use super::{Db, Scope, Tx};
use crate::domain::gap::{GapWindow, gap_after};
use crate::domain::reminder::{ReminderRule as Rule, Subject};
use crate::domain::schedule::{ReminderFacts, ScheduledReminder, schedule};
use crate::domain::session::SessionAction;
use crate::domain::{
    Anchor, Channel, ClientId, Instant, MailId, PlanId, ReminderId, ReminderState, ReminderStep,
    SessionId, SessionState, StudioId,
};
use crate::error::{Error, Result};
use crate::failpoint;

/// A row of the ledger.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = reminders, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Reminder {
    /// Its id.
    pub id: ReminderId,
    /// Whose studio's.
    pub studio_id: StudioId,
    /// For whom.
    pub client_id: ClientId,
    /// About which session.
    pub session_id: SessionId,
    /// Of which plan.
    pub plan_id: Option<PlanId>,
    /// Which step.
    pub step: ReminderStep,
    /// By which way.
    pub channel: Channel,
    /// Whether it belongs to one time of the session or to the session whatever its time.
    pub anchor: Anchor,
    /// The session's time that it was scheduled for.
    pub schedule_version: i64,
    /// What became of it.
    pub state: ReminderState,
    /// Why.
    pub state_reason: Option<String>,
    /// When it's to go.
    pub due_at: Instant,
    /// After this it's of no use.
    pub useful_until: Instant,
    /// The mail that carries it.
    pub mail_id: Option<MailId>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was scheduled.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(reminders, Reminder, ReminderId, "reminder", seen: |scope| {
    client_is_seen!(scope, reminders::client_id)
});

/// Which reminders are asked for.
#[derive(Clone, Debug, Default)]
pub struct ReminderFilter {
    /// Those for this client.
    pub client_id: Option<ClientId>,
    /// Those about this session.
    pub session_id: Option<SessionId>,
    /// Those of this studio.
    pub studio_id: Option<StudioId>,
    /// Those in any of these states.
    pub states: Vec<ReminderState>,
    /// Those due at this instant or later.
    pub due_from: Option<Instant>,
    /// Those due before this instant.
    pub due_before: Option<Instant>,
}

impl Reminder {
    /// A page of the ledger.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &ReminderFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = reminders::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(reminders::client_id.eq(client_id));
        }
        if let Some(session_id) = filter.session_id {
            query = query.filter(reminders::session_id.eq(session_id));
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(reminders::studio_id.eq(studio_id));
        }
        if !filter.states.is_empty() {
            query = query.filter(reminders::state.eq_any(filter.states.clone()));
        }
        if let Some(from) = filter.due_from {
            query = query.filter(reminders::due_at.ge(from));
        }
        if let Some(before) = filter.due_before {
            query = query.filter(reminders::due_at.lt(before));
        }
        load_page!(db, reminders, Reminder, query, page)
    }

    /// Whether nothing has been sent of it and nothing can have been.
    fn is_open(&self) -> bool {
        matches!(
            self.state,
            ReminderState::Scheduled | ReminderState::Suppressed
        )
    }

    /// Whether it stands for the same wish: its step, and where it matters the session's time.
    fn answers(&self, wanted: &ScheduledReminder, schedule_version: i64) -> bool {
        self.state != ReminderState::Superseded
            && self.step == wanted.step
            && (wanted.anchor == Anchor::Care || self.schedule_version == schedule_version)
    }

    pub(super) fn supersede(mut self, tx: &mut Tx<'_>, reason: &str) -> Result<()> {
        self.state = ReminderState::Superseded;
        self.state_reason = Some(reason.to_owned());
        self.finished_at = Some(tx.now());
        self.save(tx, "reminder.superseded", None).map(drop)
    }
}

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
pub(super) fn sync_studio(tx: &mut Tx<'_>, studio_id: StudioId) -> Result<()> {
    let studio = Studio::find(tx.db, studio_id)?;
    let rules = ReminderRule::of_studio(tx.db, studio_id)?;
    let concerned: Vec<Session> = sessions::table
        .filter(sessions::studio_id.eq(studio_id))
        .filter(sessions::state.ne_all([SessionState::Planned, SessionState::NoShow]))
        .filter(
            sessions::starts_at
                .ge(tx.now())
                .or(sessions::id.eq_any(open_sessions()))
                // Care after a session reaches a gap's maximum, a year at most; older ones have none to come.
                .or(sessions::completed_at.ge(tx.now() - chrono::TimeDelta::days(400))),
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
    let facts = ReminderFacts {
        kind: session.kind,
        state: session.state,
        starts_at: session.starts_at,
        completed_at: session.completed_at,
        action,
        zone: studio.time_zone.0,
        quiet_hours: studio.quiet_hours.as_ref().map(|hours| hours.0),
        cutoff_hours: u16::try_from(studio.cancellation_cutoff_hours).map_err(Error::internal)?,
        next_window: next_window(tx.db, session, studio)?,
    };
    let mut wanted = schedule(&facts, rules, now);
    let rows: Vec<Reminder> = reminders::table
        .filter(reminders::session_id.eq(session.id))
        .filter(reminders::state.ne(ReminderState::Superseded))
        .select(Reminder::as_select())
        .load(tx.db)?;
    // Advice that was sent for an earlier time of the session still holds.
    let is_told = |row: &Reminder| row.step == ReminderStep::Preparation && !row.is_open();
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
    for row in rows.iter().filter(|row| row.is_open()) {
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
                    ReminderStep::CancelledNotice => session.state == SessionState::Cancelled,
                    _ => matches!(
                        session.state,
                        SessionState::Booked | SessionState::Confirmed
                    ),
                },
                // What the client has answered isn't asked any more.
                _ if row.step == ReminderStep::ConfirmRequest && action.is_some() => false,
                _ => row.due_at <= now || goes_with_notice(row),
            };
        if !is_right && !waits {
            let reason = action.map_or("rescheduled", |action| action.as_str());
            row.clone().supersede(tx, reason)?;
        }
    }
    let standing: Vec<Reminder> = reminders::table
        .filter(reminders::session_id.eq(session.id))
        .filter(reminders::state.ne(ReminderState::Superseded))
        .select(Reminder::as_select())
        .load(tx.db)?;
    for one in wanted {
        if standing
            .iter()
            .any(|row| row.answers(&one, session.schedule_version))
        {
            continue;
        }
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
        };
        row.create(tx, "reminder.scheduled")?;
    }
    failpoint::reach("scheduled");
    Ok(())
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
