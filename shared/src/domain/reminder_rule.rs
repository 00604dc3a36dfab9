//! How a studio changes its reminder rules.

use super::patch::merge_patch;
use super::reminder::Timing;
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
