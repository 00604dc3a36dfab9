//! Sessions, as far as plans need them.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::resource;
use super::schema::sessions;
use super::{Db, Tx};
use crate::domain::text::{ExternalId, Note, Reason};
use crate::domain::{
    ClientId, Completion, EndedBy, Instant, PlanId, PractitionerId, RoomId, SessionId, SessionKind,
    SessionState, StudioId,
};
use crate::error::Result;

/// What takes a practitioner's, a client's and a room's time.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = sessions, treat_none_as_null = true)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// Where.
    pub studio_id: StudioId,
    /// Whose it is.
    pub client_id: ClientId,
    /// The plan that it belongs to.
    pub plan_id: Option<PlanId>,
    /// Its place in the plan.
    pub ordinal: Option<i32>,
    /// The one whose place it took.
    pub replaces_session_id: Option<SessionId>,
    /// What it's for.
    pub kind: SessionKind,
    /// Where it stands.
    pub state: SessionState,
    /// Who treats.
    pub practitioner_id: Option<PractitionerId>,
    /// In which room.
    pub room_id: Option<RoomId>,
    /// How long it takes.
    pub duration_minutes: i32,
    /// From when.
    pub starts_at: Option<Instant>,
    /// Until when.
    pub ends_at: Option<Instant>,
    /// Until when practitioner and room are kept free.
    pub blocked_until: Option<Instant>,
    /// Raised by each new time.
    pub schedule_version: i64,
    /// Why it may overlap.
    pub overlap_reason: Option<Reason>,
    /// The rules that were set aside.
    #[schema(value_type = Vec<Object>)]
    pub overrides: Json<Vec<serde_json::Value>>,
    /// What doesn't agree with a rule.
    #[schema(value_type = Vec<Object>)]
    pub nonconformities: Json<Vec<serde_json::Value>>,
    /// When it was booked.
    pub booked_at: Option<Instant>,
    /// When it was confirmed.
    pub confirmed_at: Option<Instant>,
    /// When the client arrived.
    pub arrived_at: Option<Instant>,
    /// When it was completed.
    pub completed_at: Option<Instant>,
    /// How much of it was done.
    pub completion: Option<Completion>,
    /// When it was called off or missed.
    pub ended_at: Option<Instant>,
    /// Who called it off.
    pub ended_by: Option<EndedBy>,
    /// Why.
    pub end_reason: Option<Reason>,
    /// When what happened was entered here.
    pub recorded_at: Option<Instant>,
    /// Notes for all staff.
    pub notes: Option<Note>,
    /// Notes for those who treat.
    pub clinical_notes: Option<Note>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(sessions, Session, SessionId, "session");

/// A session that gets its place in a plan before it gets a time.
#[derive(Clone, Debug)]
pub struct NewPlannedSession {
    /// Where.
    pub studio_id: StudioId,
    /// Whose it is.
    pub client_id: ClientId,
    /// The plan that it belongs to.
    pub plan_id: PlanId,
    /// Its place in the plan.
    pub ordinal: i32,
    /// What it's for.
    pub kind: SessionKind,
    /// Who is to treat.
    pub practitioner_id: Option<PractitionerId>,
    /// How long it takes.
    pub duration_minutes: i32,
}

impl Session {
    /// Gives a session its place in a plan.
    pub fn plan(tx: &mut Tx<'_>, new: &NewPlannedSession) -> Result<Self> {
        let now = tx.now();
        let session = Self {
            id: SessionId::new(),
            external_id: None,
            studio_id: new.studio_id,
            client_id: new.client_id,
            plan_id: Some(new.plan_id),
            ordinal: Some(new.ordinal),
            replaces_session_id: None,
            kind: new.kind,
            state: SessionState::Planned,
            practitioner_id: new.practitioner_id,
            room_id: None,
            duration_minutes: new.duration_minutes,
            starts_at: None,
            ends_at: None,
            blocked_until: None,
            schedule_version: 0,
            overlap_reason: None,
            overrides: Json(Vec::new()),
            nonconformities: Json(Vec::new()),
            booked_at: None,
            confirmed_at: None,
            arrived_at: None,
            completed_at: None,
            completion: None,
            ended_at: None,
            ended_by: None,
            end_reason: None,
            recorded_at: None,
            notes: None,
            clinical_notes: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        session.create(tx, "session.planned")
    }

    /// All sessions of a plan, cancelled and missed ones too, in the plan's order and then as they were made.
    pub fn of_plan(db: &mut Db, plan_id: PlanId) -> Result<Vec<Self>> {
        Ok(sessions::table
            .filter(sessions::plan_id.eq(plan_id))
            .order((sessions::ordinal, sessions::id))
            .select(Self::as_select())
            .load(db)?)
    }

    /// Calls off a session that has no time yet.
    pub fn call_off_planned(mut self, tx: &mut Tx<'_>, reason: &Reason) -> Result<Self> {
        self.state = SessionState::Cancelled;
        self.ended_at = Some(tx.now());
        self.ended_by = Some(EndedBy::Studio);
        self.end_reason = Some(reason.clone());
        self.recorded_at = Some(tx.now());
        self.save(tx, "session.cancelled", Some(reason))
    }
}
