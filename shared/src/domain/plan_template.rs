//! What a plan template is made of.

use serde::Deserialize;
use utoipa::ToSchema;

use super::gap::Gap;
use super::number::{DurationMinutes, TreatmentSessions};
use super::patch::merge_patch;
use super::text::{Name, Note};
use super::vocabulary::Indication;
use crate::error::{Error, Result};

/// A new plan template.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlanTemplate {
    /// Its name.
    pub name: Name,
    /// What it's for.
    pub indication: Indication,
    /// How many treatment sessions.
    pub treatment_sessions: TreatmentSessions,
    /// How long a session takes.
    pub session_minutes: DurationMinutes,
    /// The gaps between them, one fewer than there are sessions. The usual ones where this is left out.
    pub gaps: Option<Vec<Gap>>,
    /// Where the figures come from.
    pub source: Option<Note>,
}

merge_patch! {
    /// Changes a plan template. Plans that were opened with it stay as they are.
    PlanTemplatePatch {
        set {
            /// Its name.
            name: Name,
            /// What it's for.
            indication: Indication,
            /// How many treatment sessions. Another number needs its gaps in the same change.
            treatment_sessions: TreatmentSessions,
            /// How long a session takes.
            session_minutes: DurationMinutes,
            /// The gaps between them, all of them.
            gaps: Vec<Gap>,
            /// Whether plans can be opened with it.
            active: bool,
        }
        null {
            /// Where the figures come from.
            source: Note,
        }
    }
}

/// Refuses gaps that aren't one fewer than there are sessions.
pub fn check_gap_count(gaps: &[Gap], treatment_sessions: u8) -> Result<()> {
    let expected = usize::from(treatment_sessions).saturating_sub(1);
    if gaps.len() == expected {
        return Ok(());
    }
    Err(Error::invalid(
        "/gaps",
        "wrong_count",
        format!(
            "write {expected} gaps for {treatment_sessions} treatment sessions, not {}",
            gaps.len()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::default_gaps;

    #[test]
    fn a_gap_for_each_pair() {
        for sessions in 1..=12 {
            assert!(check_gap_count(&default_gaps(sessions), sessions).is_ok());
            assert!(check_gap_count(&default_gaps(sessions), sessions + 1).is_err());
        }
        assert!(check_gap_count(&default_gaps(2), 1).is_err());
    }
}
