//! What was done with a session, step by step, and how the last step is taken back.

use diesel::prelude::*;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::columns::Json;
use super::kept_text::Keep as _;
use super::schema::session_transitions;
use super::sessions::Session;
use super::{Db, Scope, Tx};
use crate::domain::session::SessionAction;
use crate::domain::{
    Instant, PractitionerId, RoomId, SessionId, SessionState, SessionTransitionId,
};
use crate::error::Result;

/// One step of a session.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = session_transitions, treat_none_as_default_value = false)]
pub struct SessionTransition {
    /// Its id.
    pub id: SessionTransitionId,
    /// Which session.
    pub session_id: SessionId,
    /// What was done.
    pub action: SessionAction,
    /// Where it stood before.
    pub from_state: SessionState,
    /// Where it stood then.
    pub to_state: SessionState,
    /// Why.
    pub reason: Option<String>,
    /// Through what it came: `key`, `client_link`, `worker` or `command_line`.
    pub actor: String,
    /// When it came about.
    pub occurred_at: Instant,
    /// When it was written down.
    pub recorded_at: Instant,
    /// The time, the practitioner and the room that the session had before.
    #[serde(rename = "before", serialize_with = "placed")]
    #[schema(rename = "before", value_type = PlacedBefore)]
    snapshot_before: Json<Session>,
    /// Whether it was taken back.
    pub reverted: bool,
}

/// What a session had before a step.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PlacedBefore {
    /// When it was to start.
    starts_at: Option<Instant>,
    /// When it was to end.
    ends_at: Option<Instant>,
    /// Who was to treat.
    practitioner_id: Option<PractitionerId>,
    /// In which room.
    room_id: Option<RoomId>,
}

fn placed<S: Serializer>(
    before: &Json<Session>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    let Session {
        starts_at,
        ends_at,
        practitioner_id,
        room_id,
        ..
    } = before.0;
    let placed = PlacedBefore {
        starts_at,
        ends_at,
        practitioner_id,
        room_id,
    };
    placed.serialize(serializer)
}

/// What is noted of a step.
pub(super) struct Step {
    pub(super) action: SessionAction,
    pub(super) occurred_at: Instant,
    pub(super) reason: Option<String>,
}

impl Step {
    /// A step that nobody gave a reason for.
    pub(super) fn at(action: SessionAction, occurred_at: Instant) -> Self {
        Self {
            action,
            occurred_at,
            reason: None,
        }
    }
}

/// Notes a step.
pub(super) fn note(tx: &mut Tx<'_>, before: &Session, after: &Session, step: Step) -> Result<()> {
    let transition = SessionTransition {
        id: SessionTransitionId::new(),
        session_id: after.id,
        action: step.action,
        from_state: before.state,
        to_state: after.state,
        reason: step.reason,
        actor: tx.actor().kind().to_owned(),
        occurred_at: step.occurred_at,
        recorded_at: tx.now(),
        snapshot_before: Json(before.clone()),
        reverted: step.action == SessionAction::Revert,
    };
    diesel::insert_into(session_transitions::table)
        .values(&transition)
        .kept()
        .execute(tx.db)?;
    Ok(())
}

/// The last step that stands, with the session as it was before.
pub(super) fn last_standing(
    db: &mut Db,
    id: SessionId,
) -> Result<Option<(SessionTransition, Session)>> {
    let mut standing: Vec<SessionTransition> = session_transitions::table
        .filter(session_transitions::session_id.eq(id))
        .filter(session_transitions::reverted.eq(false))
        .order(session_transitions::id.desc())
        .limit(1)
        .select(SessionTransition::as_select())
        .load(db)?;
    Ok(standing.pop().map(|step| {
        let before = step.snapshot_before.0.clone();
        (step, before)
    }))
}

/// Marks a step as taken back.
pub(super) fn mark_reverted(tx: &mut Tx<'_>, id: SessionTransitionId) -> Result<()> {
    diesel::update(session_transitions::table.find(id))
        .set(session_transitions::reverted.eq(true))
        .execute(tx.db)?;
    Ok(())
}

impl Session {
    /// All steps of a session, oldest first.
    pub fn history(db: &mut Db, scope: &Scope, id: SessionId) -> Result<Vec<SessionTransition>> {
        Self::find_in(db, scope, id)?;
        Ok(session_transitions::table
            .filter(session_transitions::session_id.eq(id))
            .order(session_transitions::id)
            .select(SessionTransition::as_select())
            .kept()
            .load(db)?)
    }
}
