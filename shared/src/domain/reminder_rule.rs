//! How a studio changes its reminder rules, and what its staff say of a single reminder.

use serde::Deserialize;
use utoipa::ToSchema;

use super::patch::merge_patch;
use super::reminder::Timing;
use super::text::Reason;
use super::vocabulary::SessionKind;

merge_patch! {
    /// Changes a reminder rule.
    ReminderRulePatch {
        set {
            /// Whether it's in force.
            enabled: bool,
            /// For which kinds of session.
            session_kinds: Vec<SessionKind>,
            /// When.
            timing: Timing,
        }
    }
}

/// Calls a reminder off, asks for it again, or sends it at once.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderWish {
    /// Why, for the audit trail.
    pub reason: Option<Reason>,
}
