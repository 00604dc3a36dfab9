//! What happens to a session once it has its time: confirmed, checked in, completed, cancelled, missed, taken back.

use chrono::TimeDelta;

use super::booking::{MayOverride, overlap_breaches, plan_sessions, refuse_unallowed_override};
use super::columns::Json;
use super::pigment_records::PigmentRecord;
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::session_history::{self, Step};
use super::sessions::{Session, find_named_practitioner};
use super::studios::Studio;
use super::tasks::Task;
use super::{Tx, reminder_sync, sharing};
use crate::domain::booking::{Cancel, Complete, Occurred, Revert};
use crate::domain::gap::{self, GapVerdict};
use crate::domain::nonconformity::{Nonconformity, NonconformityCode, nonconformity};
use crate::domain::session::{Circumstances, SessionAction, Transition, next};
use crate::domain::task::NewTask;
use crate::domain::text::Reason;
use crate::domain::{EndedBy, Instant, PlanState, SessionId, SessionState, TaskKind};
use crate::error::{Error, Result};

/// What an action comes to for a session as it stands.
enum Judged {
    /// Carry it out on this, and it will stand so.
    Go(Box<Session>, SessionState),
    /// It had worked before.
    InEffect(Box<Session>),
}

fn judge(
    tx: &mut Tx<'_>,
    id: SessionId,
    expected: Option<i64>,
    action: SessionAction,
    occurred_at: Instant,
) -> Result<Judged> {
    let found = Session::find_seen(tx, id)?;
    let circumstances = Circumstances {
        at: occurred_at,
        starts_at: found.starts_at,
        previous: None,
    };
    match next(found.state, action, circumstances) {
        Transition::AlreadyInEffect => Ok(Judged::InEffect(Box::new(found))),
        Transition::Refused { code, detail } => {
            found.unless_stale(expected)?;
            Err(Error::refused(code, detail))
        }
        Transition::To(state) => {
            let found = found.unless_stale(expected)?;
            Ok(Judged::Go(Box::new(found), state))
        }
    }
}

/// When something happened; not in the future, where nothing has happened yet.
fn happened_at(tx: &Tx<'_>, occurred_at: Option<Instant>) -> Result<Instant> {
    match occurred_at {
        // Clocks of tablets run a little fast.
        Some(at) if at > tx.now() + TimeDelta::minutes(5) => Err(Error::invalid(
            "/occurred_at",
            "in_the_future",
            "write when it happened; that can't be in the future",
        )),
        Some(at) => Ok(at.min(tx.now())),
        None => Ok(tx.now()),
    }
}

impl Session {
    /// Notes that the client has said yes to the time.
    pub fn confirm(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Occurred,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::Confirm, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        if before
            .starts_at
            .is_some_and(|starts_at| starts_at <= occurred_at)
        {
            return Err(Error::refused(
                "already_started",
                "the session's time has come; check the client in instead",
            ));
        }
        let mut session = before.clone();
        session.confirmed_at = Some(occurred_at);
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step::at(SessionAction::Confirm, occurred_at);
        session.stand(tx, before, state, step, &studio)
    }

    /// Notes that the client is here.
    pub fn check_in(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Occurred,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::CheckIn, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        let mut session = before.clone();
        session.arrived_at = Some(occurred_at);
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step::at(SessionAction::CheckIn, occurred_at);
        session.stand(tx, before, state, step, &studio)
    }

    /// Notes that the session took place. This is a fact: what wasn't as it should be is listed, not refused.
    pub fn complete(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Complete,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::Complete, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        let mut session = before.clone();
        if let Some(practitioner_id) = told.practitioner_id {
            find_named_practitioner(tx, practitioner_id)?;
            sharing::reaches_practitioner(tx, session.client_id, Some(practitioner_id), id.0)?;
            session.practitioner_id = Some(practitioner_id);
        }
        if session.practitioner_id.is_none() {
            return Err(Error::invalid(
                "/practitioner_id",
                "required",
                "say who treated: the session doesn't",
            ));
        }
        session.completed_at = Some(occurred_at);
        session.completion = Some(told.completion);
        if let Some(notes) = &told.clinical_notes {
            session.clinical_notes = Some(notes.clone());
        }
        let studio = Studio::find(tx.db, session.studio_id)?;
        session.nonconformities = Json(found_wanting(tx, &before, &studio, occurred_at)?);
        let step = Step::at(SessionAction::Complete, occurred_at);
        let session = session.stand(tx, before, state, step, &studio)?;
        for (place, record) in told.pigment_records.iter().enumerate() {
            let place = format!("/pigment_records/{place}");
            if record.session_id != id {
                return Err(Error::invalid(
                    format!("{place}/session_id"),
                    "other_session",
                    "name the session that is completed here",
                ));
            }
            PigmentRecord::record_within(tx, record, &place, &session, &studio)?;
        }
        if !session.nonconformities.is_empty() {
            let codes = session
                .nonconformities
                .iter()
                .map(|one| one.code.as_str().into())
                .collect();
            session.open_task(tx, TaskKind::Nonconformity, occurred_at, "codes", codes)?;
        }
        Ok(session)
    }

    /// Calls the session off. In a plan, a new planned session takes its place.
    pub fn cancel(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Cancel,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::Cancel, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        let mut session = before.clone();
        session.ended_at = Some(occurred_at);
        session.ended_by = Some(told.by.unwrap_or(EndedBy::Studio));
        session.end_reason = told.reason.clone();
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step {
            reason: told.reason.as_ref().map(|reason| reason.to_string()),
            ..Step::at(SessionAction::Cancel, occurred_at)
        };
        session.stand(tx, before, state, step, &studio)
    }

    /// Notes that the client didn't come. In a plan, a new planned session takes its place.
    pub fn no_show(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Occurred,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::NoShow, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        let mut session = before.clone();
        session.ended_at = Some(occurred_at);
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step::at(SessionAction::NoShow, occurred_at);
        session.stand(tx, before, state, step, &studio)
    }

    /// Takes the last action back: the session stands as it did before, under a new version.
    pub fn revert(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Revert,
        may_override: MayOverride,
    ) -> Result<Self> {
        let found = Self::find_seen_for_change(tx, id, expected)?;
        refuse_unallowed_override(told.override_.as_ref(), may_override)?;
        let Some((step, before_step)) = session_history::last_standing(tx.db, id)? else {
            return Err(Error::refused(
                "nothing_to_revert",
                "the session has no action that could be taken back",
            ));
        };
        if found.state == SessionState::Completed && !tx.scope().sees_clinical() {
            return Err(Error::Forbidden {
                detail: "taking a completion back needs the role owner or practitioner".into(),
            });
        }
        if found.state == SessionState::Completed && PigmentRecord::any_standing(tx.db, id)? {
            return Err(Error::refused(
                "has_pigment_records",
                "pigment was recorded for this session; void those records first, then take the completion back",
            ));
        }
        if matches!(found.state, SessionState::Cancelled | SessionState::NoShow) {
            take_back_place(tx, &found)?;
        }
        let now = tx.now();
        let mut session = Self {
            // What was written beside the action stays, and the row goes on from where it is.
            external_id: found.external_id.clone(),
            notes: found.notes.clone(),
            clinical_notes: found.clinical_notes.clone(),
            schedule_version: found.schedule_version,
            version: found.version,
            recorded_at: Some(now),
            ..before_step
        };
        if session.practitioner_id != found.practitioner_id
            && let Some(practitioner_id) = session.practitioner_id
            && !Practitioner::find(tx.db, practitioner_id)?.active
        {
            return Err(Error::refused(
                "practitioner_inactive",
                "the session would go back to a practitioner who has left; reassign or move it instead",
            ));
        }
        if session.state.holds_time() {
            let breaches = overlap_breaches(tx.db, tx.scope(), &session)?;
            if !breaches.is_empty() {
                session.accept(&breaches, told.override_.as_ref(), now)?;
            }
        }
        // The client knows of a time, a move and a cancellation, but not of a completion or of a missed session.
        let client_was_told = session.starts_at != found.starts_at
            || (found.state == SessionState::Cancelled && found.starts_at.is_some());
        if client_was_told {
            // What was sent belongs to the version that it told of, and a calendar entry only follows a higher one.
            session.schedule_version += 1;
        }
        let saved = session.save_over(tx, &found, "session.reverted", Some(&told.reason))?;
        session_history::mark_reverted(tx, step.id)?;
        let reason = Some(told.reason.to_string());
        session_history::note(
            tx,
            &found,
            &saved,
            Step {
                action: SessionAction::Revert,
                occurred_at: now,
                reason,
            },
        )?;
        let studio = Studio::find(tx.db, saved.studio_id)?;
        saved.settle(
            tx,
            client_was_told.then_some(SessionAction::Revert),
            &studio,
        )?;
        Ok(saved)
    }

    /// Saves the session in its new state, notes the step, and settles what follows from it.
    fn stand(
        mut self,
        tx: &mut Tx<'_>,
        before: Self,
        state: SessionState,
        step: Step,
        studio: &Studio,
    ) -> Result<Self> {
        self.state = state;
        self.recorded_at = Some(tx.now());
        let action = step.action;
        let name = match action {
            SessionAction::Confirm => "session.confirmed",
            SessionAction::CheckIn => "session.checked_in",
            SessionAction::Complete => "session.completed",
            SessionAction::Cancel => "session.cancelled",
            SessionAction::NoShow => "session.missed",
            _ => "session.changed",
        };
        let saved = self.save_over(tx, &before, name, step.reason.as_deref())?;
        session_history::note(tx, &before, &saved, step)?;
        let is_lost = matches!(saved.state, SessionState::Cancelled | SessionState::NoShow);
        if let Some(plan_id) = saved.plan_id.filter(|_| is_lost)
            && Plan::find(tx.db, plan_id)?.state == PlanState::Open
        {
            saved.plan_replacement(tx)?;
        }
        saved.settle(tx, Some(action), studio)?;
        Ok(saved)
    }

    /// Calls off a session that has no time yet, because its plan or its place is gone.
    pub(super) fn call_off_planned(self, tx: &mut Tx<'_>, reason: &Reason) -> Result<Self> {
        let mut session = self.clone();
        let now = tx.now();
        session.state = SessionState::Cancelled;
        session.ended_at = Some(now);
        session.ended_by = Some(EndedBy::Studio);
        session.end_reason = Some(reason.clone());
        session.recorded_at = Some(now);
        let saved = session.save_over(tx, &self, "session.cancelled", Some(reason))?;
        let step = Step {
            action: SessionAction::Cancel,
            occurred_at: now,
            reason: Some(reason.to_string()),
        };
        session_history::note(tx, &self, &saved, step)?;
        let why = "The session isn't to take place.";
        Task::close_about(tx, saved.id, &[TaskKind::OverdueForBooking], why)?;
        Ok(saved)
    }

    /// What follows from every change of a session's time or state: reminders, the plan's other sessions, tasks.
    pub(super) fn settle(
        &self,
        tx: &mut Tx<'_>,
        action: Option<SessionAction>,
        studio: &Studio,
    ) -> Result<()> {
        if !self.is_made_by(action) {
            self.close_what_is_over(tx, action)?;
        }
        let Some(plan_id) = self.plan_id else {
            return reminder_sync::sync_around(tx, self, None, action, studio);
        };
        let in_plan = Self::of_plan(tx.db, plan_id)?;
        let at = |ordinal: Option<i32>| {
            let ordinal = ordinal?;
            in_plan.iter().find(|other| other.ordinal == Some(ordinal))
        };
        let before = at(self.ordinal.map(|ordinal| ordinal - 1));
        reminder_sync::sync_around(tx, self, before, action, studio)?;
        if self.state != SessionState::Completed
            && let Some(after) = at(self.ordinal.map(|ordinal| ordinal + 1))
        {
            let why = "The session before isn't completed any more.";
            Task::close_about(tx, after.id, &[TaskKind::OverdueForBooking], why)?;
        }
        let plan = Plan::find(tx.db, plan_id)?;
        let all = plan_sessions(tx.db, plan_id, studio)?;
        for breach in gap::breaches(&all, &plan.gaps) {
            let Some(later) = all
                .iter()
                .find(|session| session.ordinal == breach.later_ordinal)
            else {
                continue;
            };
            let session = Self::find(tx.db, later.session_id)?;
            // What somebody accepted when booking isn't news.
            if session.id != self.id
                && !session
                    .overrides
                    .iter()
                    .any(|used| used.code == breach.kind.as_str())
            {
                let code = vec![breach.kind.as_str().into()];
                session.open_task(tx, TaskKind::GapBreach, tx.now(), "codes", code)?;
            }
        }
        Plan::settle(tx, plan_id)
    }

    /// Whether this act made the session, so that nothing can have followed from it before.
    pub(super) fn is_made_by(&self, action: Option<SessionAction>) -> bool {
        self.version == 1 && action == Some(SessionAction::Book)
    }

    /// Closes the tasks that this state, or this time, leaves nothing to do about.
    fn close_what_is_over(&self, tx: &mut Tx<'_>, action: Option<SessionAction>) -> Result<()> {
        let has_moved = action == Some(SessionAction::Reschedule);
        let mut over = Vec::new();
        if self.state != SessionState::Booked || has_moved {
            over.push(TaskKind::Unconfirmed);
        }
        if self.state != SessionState::Planned {
            over.push(TaskKind::OverdueForBooking);
        }
        if self.state.is_final() {
            over.push(TaskKind::PractitionerLeft);
        }
        if self.state.is_final() || has_moved {
            over.push(TaskKind::HoursBreach);
        }
        let why = "The session is booked, has another time, was answered, or has ended.";
        Task::close_about(tx, self.id, &over, why)
    }

    fn open_task(
        &self,
        tx: &mut Tx<'_>,
        kind: TaskKind,
        due_at: Instant,
        field: &str,
        values: Vec<serde_json::Value>,
    ) -> Result<()> {
        let mut detail = serde_json::Map::new();
        detail.insert(field.to_owned(), serde_json::Value::Array(values));
        let task = NewTask {
            studio_id: self.studio_id,
            kind,
            dedupe_key: format!("{kind}:{}:{}", self.id, self.schedule_version),
            client_id: Some(self.client_id),
            plan_id: self.plan_id,
            session_id: Some(self.id),
            mail_id: None,
            detail,
            due_at,
        };
        Task::open(tx, task).map(drop)
    }
}

/// What wasn't as it should have been when the session took place.
fn found_wanting(
    tx: &mut Tx<'_>,
    before: &Session,
    studio: &Studio,
    occurred_at: Instant,
) -> Result<Vec<Nonconformity>> {
    let mut found = Vec::new();
    if before.starts_at.is_none() {
        found.push(nonconformity(
            NonconformityCode::NotBooked,
            "The session took place without having been booked.",
            "",
        ));
    }
    let zone = studio.time_zone.0;
    if let Some(starts_at) = before.starts_at
        && occurred_at.day_at(zone) < starts_at.day_at(zone)
    {
        found.push(nonconformity(
            NonconformityCode::BeforeItsDay,
            format!("The session was booked for {}.", starts_at.day_at(zone)),
            "",
        ));
    }
    if let (Some(plan_id), Some(ordinal)) = (before.plan_id, before.ordinal) {
        let plan = Plan::find(tx.db, plan_id)?;
        let all = plan_sessions(tx.db, plan_id, studio)?;
        let ordinal = u8::try_from(ordinal).map_err(Error::internal)?;
        let earlier = all.iter().find(|session| session.ordinal + 1 == ordinal);
        let day = occurred_at.day_at(zone);
        let gap = ordinal
            .checked_sub(1)
            .and_then(|earlier| gap::gap_after(&plan.gaps, earlier));
        if let (Some(gap), Some(earlier)) = (gap, earlier) {
            match earlier.completed_day {
                Some(earlier_day) => {
                    if let GapVerdict::TooEarly { earliest } = gap.check(earlier_day, day) {
                        found.push(nonconformity(
                            NonconformityCode::GapTooShort,
                            format!("The plan's gap allowed this session from {earliest} on."),
                            "",
                        ));
                    }
                }
                None => found.push(nonconformity(
                    NonconformityCode::EarlierSessionNotCompleted,
                    "The plan's earlier session had not taken place.",
                    "",
                )),
            }
        }
    }
    Ok(found)
}

/// A planned session that took the reverted one's place gives it back; one that has its own time doesn't.
///
/// Whichever holds the place now counts: the one that first took it may have been cancelled and replaced in turn.
fn take_back_place(tx: &mut Tx<'_>, reverted: &Session) -> Result<()> {
    let (Some(plan_id), Some(ordinal)) = (reverted.plan_id, reverted.ordinal) else {
        return Ok(());
    };
    if Plan::find(tx.db, plan_id)?.state == PlanState::Closed {
        return Err(Error::refused(
            "plan_closed",
            "the plan was closed, so its place is gone; open a new plan",
        ));
    }
    let holder = Session::of_plan(tx.db, plan_id)?
        .into_iter()
        .find(|other| other.ordinal == Some(ordinal) && other.id != reverted.id);
    let Some(holder) = holder else {
        return Ok(());
    };
    if holder.state != SessionState::Planned {
        return Err(Error::refused(
            "replaced",
            format!(
                "session {} has taken this one's place in the plan and has its own time; cancel that first",
                holder.id
            ),
        ));
    }
    holder
        .call_off_planned(
            tx,
            &Reason::literal("The session that it replaced stands again."),
        )
        .map(drop)
}
