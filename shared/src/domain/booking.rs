//! What a plan asks of a session.

use super::id::{ClientId, PlanId, PractitionerId, StudioId};

/// A session that a plan plans.
#[derive(Clone, Debug)]
pub struct PlannedSession {
    /// Where.
    pub studio_id: StudioId,
    /// Who is treated.
    pub client_id: ClientId,
    /// The plan.
    pub plan_id: PlanId,
    /// Its place in the plan.
    pub ordinal: i32,
    /// Who treats, where the plan says so.
    pub practitioner_id: Option<PractitionerId>,
    /// How long it takes.
    pub duration_minutes: i32,
}
