//! Sessions to come that go from one practitioner to another.

use serde::Deserialize;
use utoipa::ToSchema;

use super::id::{PractitionerId, SessionId};
use super::overriding::Override;
use super::text_enum::text_enums;

text_enums! {
    /// What becomes of the others when one session can't be reassigned.
    ReassignMode {
        /// All stay where they are.
        AllOrNothing = "all_or_nothing",
        /// They are reassigned all the same.
        Each = "each",
    }

    /// What became of one session.
    ReassignOutcome {
        /// The other practitioner has it.
        Reassigned = "reassigned",
        /// It stays where it was: the errors say why.
        Kept = "kept",
    }
}

/// Gives a practitioner's sessions to come to another one. Each keeps its time.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReassignSessions {
    /// Who treats from now on.
    pub to_practitioner_id: PractitionerId,
    /// Which sessions; all to come where this is left out, and the practitioner's open plans with them.
    #[schema(min_items = 1)]
    pub session_ids: Option<Vec<SessionId>>,
    /// What becomes of the others when one can't be reassigned.
    #[serde(default = "all_or_nothing")]
    #[schema(required = false, default = "all_or_nothing")]
    pub mode: ReassignMode,
    /// Rules to override; needs the role owner or practitioner.
    #[serde(rename = "override")]
    pub override_: Option<Override>,
}

const fn all_or_nothing() -> ReassignMode {
    ReassignMode::AllOrNothing
}
