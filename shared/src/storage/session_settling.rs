//! What follows from every change of a session's time or state: reminders, the plan's other sessions, tasks.

use super::plans::Plan;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use super::{Tx, plan_gaps, reminder_sync};
use crate::domain::session::SessionAction;
use crate::domain::task::NewTask;
use crate::domain::{EndedBy, Instant, SessionState, TaskKind};
use crate::error::Result;

impl Session {
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
        plan_gaps::recheck(tx, &plan, studio)?;
        Plan::settle(tx, plan_id)
    }

    /// Whether this act made the session, so that nothing can have followed from it before.
    pub(super) fn is_made_by(&self, action: Option<SessionAction>) -> bool {
        self.version == 1 && action == Some(SessionAction::Book)
    }

    /// Closes the tasks that this state, or this time, leaves nothing to do about.
    fn close_what_is_over(&self, tx: &mut Tx<'_>, action: Option<SessionAction>) -> Result<()> {
        let has_moved = action == Some(SessionAction::Reschedule);
        // Taking a move back is a move too.
        let is_elsewhere = has_moved || action == Some(SessionAction::Revert);
        let mut over = Vec::new();
        if self.state != SessionState::Booked || is_elsewhere {
            over.push(TaskKind::Unconfirmed);
        }
        if self.state != SessionState::Planned {
            over.push(TaskKind::OverdueForBooking);
        }
        if self.state.is_final() {
            over.extend([TaskKind::PractitionerLeft, TaskKind::GapBreach]);
        }
        // Who can't be told that it's off still has to be called, unless it was they who called it off.
        let is_known =
            self.state == SessionState::Cancelled && self.ended_by == Some(EndedBy::Client);
        if is_known || matches!(self.state, SessionState::Completed | SessionState::NoShow) {
            over.push(TaskKind::NoUsableAddress);
        }
        if !self.state.holds_time() || self.ends_at.is_none_or(|ends_at| ends_at > tx.now()) {
            over.push(TaskKind::OutcomeMissing);
        }
        if self.state.is_final() || has_moved {
            over.push(TaskKind::HoursBreach);
        }
        if self.state != SessionState::Cancelled {
            over.push(TaskKind::ClientCancelled);
        }
        let is_to_come = matches!(self.state, SessionState::Booked | SessionState::Confirmed);
        if is_elsewhere || !is_to_come {
            over.extend([TaskKind::ClientMoved, TaskKind::MoveRequested]);
        }
        let why = "The session is booked, has another time, was answered, or has ended.";
        Task::close_about(tx, self.id, &over, why)
    }

    /// Opens a task about it, once for each time that it has.
    pub(super) fn open_task(
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
