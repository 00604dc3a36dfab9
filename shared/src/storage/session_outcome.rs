//! What becomes of a session, saved without what stands.
//!
//! An engine writes the entries of each index whose columns an UPDATE names, changed or not, and looks up each key again.
//! Most acts change what became of a session and neither its time nor its people, so that they name no more than that.

use diesel::prelude::*;

use super::Tx;
use super::audit::AuditDraft;
use super::columns::Json;
use super::kept::SaveRow;
use super::kept_text::Keep as _;
use super::schema::sessions;
use super::sessions::Session;
use crate::domain::nonconformity::Nonconformity;
use crate::domain::text::{Note, Reason};
use crate::domain::{Completion, EndedBy, Instant, SessionState};
use crate::error::{Error, Result};

/// The columns that tell what became of a session.
#[derive(AsChangeset)]
#[diesel(table_name = sessions, treat_none_as_null = true)]
struct Outcome {
    state: SessionState,
    schedule_version: i64,
    nonconformities: Json<Vec<Nonconformity>>,
    confirmed_at: Option<Instant>,
    arrived_at: Option<Instant>,
    completed_at: Option<Instant>,
    completion: Option<Completion>,
    ended_at: Option<Instant>,
    ended_by: Option<EndedBy>,
    end_reason: Option<Reason>,
    cancelled_late: Option<bool>,
    recorded_at: Option<Instant>,
    clinical_notes: Option<Note>,
    version: i64,
    change: i64,
    updated_at: Instant,
}

impl Session {
    /// Saves what became of it over the version it was read as; all of it, where more has changed.
    pub(super) fn save_outcome_over(
        mut self,
        tx: &mut Tx<'_>,
        before: &Self,
        action: &'static str,
        reason: Option<&str>,
    ) -> Result<Self> {
        if !self.differs_by_outcome_alone(before) {
            return self.save_over(tx, before, action, reason);
        }
        let read_as = self.version;
        self.version = read_as + 1;
        self.change = tx.next_change()?;
        self.updated_at = tx.now();
        let outcome = self.outcome();
        let saved = SaveRow::<Outcome, _>::new(
            "sessions",
            diesel::AsChangeset::as_changeset(outcome),
            &self.id.0,
            &read_as,
        )
        .kept()
        .execute(tx.db)?;
        if saved == 0 {
            return Err(Error::Stale {
                current: Self::find(tx.db, self.id)?.version,
            });
        }
        tx.audit(
            AuditDraft::new(action, "session", self.id.0)
                .because(reason)
                .before(before)?
                .after(&self)?,
        );
        Ok(self)
    }

    fn differs_by_outcome_alone(&self, before: &Self) -> bool {
        let same = Self {
            state: before.state,
            schedule_version: before.schedule_version,
            nonconformities: before.nonconformities.clone(),
            confirmed_at: before.confirmed_at,
            arrived_at: before.arrived_at,
            completed_at: before.completed_at,
            completion: before.completion,
            ended_at: before.ended_at,
            ended_by: before.ended_by,
            end_reason: before.end_reason.clone(),
            cancelled_late: before.cancelled_late,
            recorded_at: before.recorded_at,
            clinical_notes: before.clinical_notes.clone(),
            ..self.clone()
        };
        same == *before
    }

    fn outcome(&self) -> Outcome {
        Outcome {
            state: self.state,
            schedule_version: self.schedule_version,
            nonconformities: self.nonconformities.clone(),
            confirmed_at: self.confirmed_at,
            arrived_at: self.arrived_at,
            completed_at: self.completed_at,
            completion: self.completion,
            ended_at: self.ended_at,
            ended_by: self.ended_by,
            end_reason: self.end_reason.clone(),
            cancelled_late: self.cancelled_late,
            recorded_at: self.recorded_at,
            clinical_notes: self.clinical_notes.clone(),
            version: self.version,
            change: self.change,
            updated_at: self.updated_at,
        }
    }
}
