//! Sessions, as far as plans need them.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, resource};
use super::schema::sessions;
use super::{Db, Tx};
use crate::domain::booking::PlannedSession;
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

/// Which sessions are asked for.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Those of this plan.
    pub plan_id: Option<PlanId>,
}

impl Session {
    /// Plans a treatment session of a plan.
    pub fn plan(tx: &mut Tx<'_>, new: &PlannedSession) -> Result<Self> {
        let now = tx.now();
        let session = Self {
            id: SessionId::new(),
            external_id: None,
            studio_id: new.studio_id,
            client_id: new.client_id,
            plan_id: Some(new.plan_id),
            ordinal: Some(new.ordinal),
            replaces_session_id: None,
            kind: SessionKind::Treatment,
            state: SessionState::Planned,
            practitioner_id: new.practitioner_id,
            room_id: None,
            duration_minutes: new.duration_minutes,
            starts_at: None,
            ends_at: None,
            blocked_until: None,
            schedule_version: 1,
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

    /// The sessions of a plan that still count: cancelled and missed ones are left out.
    pub fn of_plan(db: &mut Db, plan_id: PlanId) -> Result<Vec<Self>> {
        Ok(sessions::table
            .filter(sessions::plan_id.eq(plan_id))
            .filter(sessions::state.ne_all([SessionState::Cancelled, SessionState::NoShow]))
            .order(sessions::ordinal)
            .select(Self::as_select())
            .load(db)?)
    }

    /// A page of sessions.
    pub fn list(db: &mut Db, filter: &SessionFilter, page: &PageRequest) -> Result<Page<Self>> {
        let mut query = sessions::table.into_boxed();
        if let Some(plan_id) = filter.plan_id {
            query = query.filter(sessions::plan_id.eq(plan_id));
        }
        load_page!(db, sessions, Session, query, page)
    }
}
