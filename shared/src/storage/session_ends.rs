//! How a session ends that doesn't take place: called off, or missed.

use super::Tx;
use super::session_actions::{Judged, happened_at, judge, unless_told_otherwise};
use super::session_history::{self, Step};
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use crate::domain::booking::{Cancel, Miss};
use crate::domain::cancellation::is_late;
use crate::domain::retelling::{CalledOff, Missed};
use crate::domain::session::SessionAction;
use crate::domain::text::Reason;
use crate::domain::{EndedBy, SessionId, SessionState, TaskKind};
use crate::error::Result;

impl Session {
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
            Judged::InEffect(session) => {
                // A repeated cancellation is answered as before, but what it tells otherwise must not be lost unnoticed.
                let told_otherwise = told.told_otherwise(&CalledOff {
                    by: session.ended_by,
                    reason: session.end_reason.as_ref(),
                    at: session.ended_at,
                    recorded_at: session.recorded_at,
                });
                unless_told_otherwise(
                    told_otherwise,
                    "already_cancelled",
                    "the session is cancelled, and what was told of it then stays; where that's wrong, take the \
                     cancellation back with revert and cancel again",
                )?;
                return Ok(*session);
            }
        };
        let mut session = before.clone();
        if session.starts_at.is_some() {
            // A calendar takes a cancellation only under a higher number than what it cancels.
            session.schedule_version += 1;
        }
        let by = told.by.unwrap_or(EndedBy::Studio);
        let studio = Studio::find(tx.db, session.studio_id)?;
        session.ended_at = Some(occurred_at);
        session.ended_by = Some(by);
        session.end_reason = told.reason.clone();
        // Kept, because the studio may change its cut-off.
        session.cancelled_late = Some(is_late(
            by,
            occurred_at,
            session.starts_at,
            i64::from(studio.cancellation_cutoff_hours),
        ));
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
        told: &Miss,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::NoShow, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => {
                let told_otherwise = told.told_otherwise(&Missed {
                    reason: session.end_reason.as_ref(),
                    at: session.ended_at,
                    recorded_at: session.recorded_at,
                });
                unless_told_otherwise(
                    told_otherwise,
                    "already_missed",
                    "it's noted that the client didn't come, and what was told of it then stays; where that's \
                     wrong, take it back with revert and note it again",
                )?;
                return Ok(*session);
            }
        };
        let mut session = before.clone();
        session.ended_at = Some(occurred_at);
        session.end_reason = told.reason.clone();
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step {
            reason: told.reason.as_ref().map(|reason| reason.to_string()),
            ..Step::at(SessionAction::NoShow, occurred_at)
        };
        session.stand(tx, before, state, step, &studio)
    }

    /// Calls off a session that has no time yet, because its plan or its place is gone.
    pub(super) fn call_off_planned(self, tx: &mut Tx<'_>, reason: &Reason) -> Result<Self> {
        let mut session = self.clone();
        let now = tx.now();
        session.state = SessionState::Cancelled;
        session.ended_at = Some(now);
        session.ended_by = Some(EndedBy::Studio);
        session.end_reason = Some(reason.clone());
        session.cancelled_late = Some(false);
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
}
