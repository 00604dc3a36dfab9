//! What a plan is made of: how many treatments, how long, how far apart.

use serde::Deserialize;
use utoipa::ToSchema;

use super::gap::Gap;
use super::id::{AssessmentId, ClientId, PlanTemplateId, PractitionerId, StudioId};
use super::number::{DurationMinutes, TreatmentSessions};
use super::patch::merge_patch;
use super::plan_template::check_gap_count;
use super::template::default_gaps;
use super::text::{ExternalId, Note, Reason};
use super::vocabulary::{Indication, PlanState, SessionState};
use crate::error::{Error, FieldError, Result};

/// Up to this many treatment sessions are common; more need a reason (practice: too many blur the dots).
pub const USUAL_SESSIONS_AT_MOST: u8 = 4;

/// No plan has more treatment sessions than this.
pub const SESSIONS_AT_MOST: u8 = 12;

/// A new plan. With a template, what is left out is the template's; without one, say it all.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Whose plan it is.
    pub client_id: ClientId,
    /// Where it's carried out. The client's own studio where this is left out.
    pub studio_id: Option<StudioId>,
    /// Who is to treat; whoever's key it is, where this is left out and the key is a practitioner's.
    pub practitioner_id: Option<PractitionerId>,
    /// The template that gives what is left out here.
    pub template_id: Option<PlanTemplateId>,
    /// The assessment that it rests on.
    pub assessment_id: Option<AssessmentId>,
    /// Why the client comes.
    pub indication: Option<Indication>,
    /// How many treatment sessions.
    pub treatment_sessions: Option<TreatmentSessions>,
    /// Why there are more than four of them. Needed then.
    pub more_sessions_reason: Option<Reason>,
    /// How long a session takes.
    pub session_minutes: Option<DurationMinutes>,
    /// The gaps between them, one fewer than there are sessions.
    pub gaps: Option<Vec<Gap>>,
    /// Notes for those who treat.
    pub notes: Option<Note>,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
}

merge_patch! {
    /// Changes a plan.
    PlanPatch {
        set {
            /// The gaps between its sessions, all of them. One before a session that took place can't change.
            gaps: Vec<Gap>,
        }
        null {
            /// Who is to treat from now on. Sessions without a time follow; those that have one are rescheduled.
            practitioner_id: PractitionerId,
            /// The assessment that it rests on.
            assessment_id: AssessmentId,
            /// Notes for those who treat.
            notes: Note,
            /// Another system's name for it.
            external_id: ExternalId,
        }
    }
}

/// Ends a plan before all its sessions took place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosePlan {
    /// Why.
    pub reason: Reason,
}

/// Adds a treatment session at a plan's end.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPlanSession {
    /// Why. Needed beyond four sessions.
    pub reason: Option<Reason>,
    /// The gap between the session that is the last by now and the new one. The usual one where this is left out.
    pub gap: Option<Gap>,
}

/// What a plan's sessions look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Why the client comes.
    pub indication: Indication,
    /// How many treatment sessions.
    pub treatment_sessions: u8,
    /// How long a session takes.
    pub session_minutes: u16,
    /// The gaps between them.
    pub gaps: Vec<Gap>,
}

/// Puts together what was asked for and what the template says, and refuses what is missing or doesn't fit.
pub fn outline(new: &NewPlan, template: Option<&Outline>) -> Result<Outline> {
    let mut missing = Vec::new();
    let mut required = |pointer: &str| {
        missing.push(FieldError::new(
            pointer,
            "required",
            "name a template, or say this yourself",
        ));
    };
    let indication = new.indication.or(template.map(|it| it.indication));
    let sessions = new
        .treatment_sessions
        .map(TreatmentSessions::get)
        .or(template.map(|it| it.treatment_sessions));
    let minutes = new
        .session_minutes
        .map(DurationMinutes::get)
        .or(template.map(|it| it.session_minutes));
    if indication.is_none() {
        required("/indication");
    }
    if sessions.is_none() {
        required("/treatment_sessions");
    }
    if minutes.is_none() {
        required("/session_minutes");
    }
    let (Some(indication), Some(treatment_sessions), Some(session_minutes)) =
        (indication, sessions, minutes)
    else {
        return Err(Error::Invalid(missing));
    };
    let gaps = match (&new.gaps, template) {
        (Some(gaps), _) => gaps.clone(),
        (None, template) => {
            let of_template = template.map(|it| it.gaps.as_slice()).unwrap_or_default();
            fill_gaps(of_template, treatment_sessions)
        }
    };
    check_gap_count(&gaps, treatment_sessions)?;
    check_session_count(
        treatment_sessions,
        new.more_sessions_reason.as_ref(),
        "/more_sessions_reason",
    )?;
    Ok(Outline {
        indication,
        treatment_sessions,
        session_minutes,
        gaps,
    })
}

/// Refuses more sessions than are usual without a reason.
pub fn check_session_count(
    treatment_sessions: u8,
    reason: Option<&Reason>,
    pointer: &str,
) -> Result<()> {
    if treatment_sessions > USUAL_SESSIONS_AT_MOST && reason.is_none() {
        return Err(Error::invalid(
            pointer,
            "reason_required",
            format!(
                "say why this plan needs more than {USUAL_SESSIONS_AT_MOST} treatment sessions"
            ),
        ));
    }
    Ok(())
}

/// Refuses to change a gap whose later session took place: what it was measured against is a fact.
///
/// `completed` are the ordinals of the sessions that took place.
pub fn check_gap_change(before: &[Gap], after: &[Gap], completed: &[u8]) -> Result<()> {
    for (place, (was, is)) in before.iter().zip(after).enumerate() {
        let took_place = completed
            .iter()
            .any(|ordinal| usize::from(*ordinal) == place + 2);
        if took_place && was != is {
            return Err(Error::invalid(
                format!("/gaps/{place}"),
                "session_completed",
                format!("leave this gap as it is: session {} took place", place + 2),
            ));
        }
    }
    Ok(())
}

/// The gaps of a plan that gets one more session.
pub fn gaps_with_one_more(gaps: &[Gap], gap: Option<Gap>, treatment_sessions: u8) -> Vec<Gap> {
    let mut gaps = gaps.to_vec();
    gaps.extend(gap);
    fill_gaps(&gaps, treatment_sessions)
}

/// Where a plan stands that nobody closed, by its sessions that weren't cancelled or missed.
///
/// A session that was done in part has taken its place too: the rest is a session of its own.
pub fn state_by_sessions(treatment_sessions: u8, sessions: &[(u8, SessionState)]) -> PlanState {
    let done = (1..=treatment_sessions).all(|ordinal| {
        sessions
            .iter()
            .any(|(its, state)| *its == ordinal && *state == SessionState::Completed)
    });
    if done {
        PlanState::Completed
    } else {
        PlanState::Open
    }
}

/// As many gaps as there are pairs of sessions: the given ones first, then the usual ones.
fn fill_gaps(gaps: &[Gap], treatment_sessions: u8) -> Vec<Gap> {
    let usual = default_gaps(treatment_sessions);
    gaps.iter()
        .take(usual.len())
        .chain(usual.iter().skip(gaps.len()))
        .copied()
        .collect()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
