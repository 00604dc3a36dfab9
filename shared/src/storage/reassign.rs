//! Giving a practitioner's sessions to come to another one, by the rules of booking.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::booking::refuse_unallowed_override;
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::references::named;
use super::schema::{plans, sessions};
use super::session_history::{self, Step};
use super::session_rules::{choose_room, claims_near, hours_breaches, overlaps_among};
use super::sessions::Session;
use super::studios::Studio;
use super::{Tx, leaving, sharing, stranded};
use crate::domain::overriding::{MayOverride, OverridableRule, Override};
use crate::domain::reassignment::{ReassignMode, ReassignOutcome, ReassignSessions};
use crate::domain::session::SessionAction;
use crate::domain::{PlanId, PlanState, PractitionerId, SessionId, SessionState};
use crate::error::{Error, FieldError, Result};

/// What became of one session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reassigned {
    /// Which session.
    pub session_id: SessionId,
    /// Whether the other practitioner has it now.
    pub outcome: ReassignOutcome,
    /// Why it stays where it was.
    pub errors: Vec<FieldError>,
    /// What stands in its way.
    #[schema(value_type = Vec<Object>)]
    pub conflicts: Vec<Value>,
}

/// What became of all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reassignment {
    /// Each session that was asked for, by start.
    pub data: Vec<Reassigned>,
    /// The open plans that the other practitioner has now.
    pub plan_ids: Vec<PlanId>,
}

/// Gives sessions to come of one practitioner to another. Those that whoever asks doesn't see stay where they are.
pub fn reassign_sessions(
    tx: &mut Tx<'_>,
    from: PractitionerId,
    asked: &ReassignSessions,
    may_override: MayOverride,
) -> Result<Reassignment> {
    Practitioner::find_seen(tx, from)?;
    refuse_unallowed_override(asked.override_.as_ref(), may_override)?;
    let to = named(
        Practitioner::find_seen(tx, asked.to_practitioner_id),
        "/to_practitioner_id",
    )?;
    if to.id == from {
        return Err(Error::invalid(
            "/to_practitioner_id",
            "same_practitioner",
            "name another practitioner",
        ));
    }
    if !to.active {
        return Err(Error::refused(
            "practitioner_inactive",
            "this practitioner can't be booked any more; name another one",
        ));
    }
    let mut data = Vec::new();
    for session in chosen(tx, from, asked)? {
        let session_id = session.id;
        let (outcome, errors, conflicts) =
            match give(tx, session, &to, asked.override_.as_ref(), may_override) {
                Ok(()) => (ReassignOutcome::Reassigned, Vec::new(), Vec::new()),
                Err(Error::Refused {
                    breaches,
                    conflicts,
                    ..
                }) => (ReassignOutcome::Kept, breaches, conflicts),
                Err(error) => return Err(error),
            };
        data.push(Reassigned {
            session_id,
            outcome,
            errors,
            conflicts,
        });
    }
    if asked.mode == ReassignMode::AllOrNothing {
        refuse_kept(&data)?;
    }
    let plan_ids = match asked.session_ids {
        Some(_) => Vec::new(),
        None => give_plans(tx, from, to.id)?,
    };
    Ok(Reassignment { data, plan_ids })
}

/// The sessions to come that are asked for, by start.
fn chosen(tx: &mut Tx<'_>, from: PractitionerId, asked: &ReassignSessions) -> Result<Vec<Session>> {
    let mut query = sessions::table
        .filter(sessions::practitioner_id.eq(from))
        .filter(sessions::state.eq_any([
            SessionState::Planned,
            SessionState::Booked,
            SessionState::Confirmed,
        ]))
        .filter(
            sessions::starts_at
                .is_null()
                .or(sessions::starts_at.gt(tx.now())),
        )
        .into_boxed();
    if let Some(seen) = Session::seen(tx.scope()) {
        query = query.filter(seen);
    }
    let mut to_come: Vec<Session> = query.select(Session::as_select()).load(tx.db)?;
    to_come.sort_by_key(|session| (session.starts_at.is_none(), session.starts_at, session.id));
    let Some(ids) = &asked.session_ids else {
        return Ok(to_come);
    };
    if ids.is_empty() {
        return Err(Error::invalid(
            "/session_ids",
            "empty",
            "name a session, or leave this out for all of them",
        ));
    }
    for (place, id) in ids.iter().enumerate() {
        if !to_come.iter().any(|session| session.id == *id) {
            return Err(Error::invalid(
                format!("/session_ids/{place}"),
                "unknown_session",
                "name a session of this practitioner that is still to come",
            ));
        }
    }
    to_come.retain(|session| ids.contains(&session.id));
    Ok(to_come)
}

/// Gives one session to another practitioner, if its time is one that they could be booked for.
fn give(
    tx: &mut Tx<'_>,
    chosen: Session,
    to: &Practitioner,
    asked: Option<&Override>,
    may_override: MayOverride,
) -> Result<()> {
    let now = tx.now();
    // Read again: what was done with the ones before may have touched it.
    let before = Session::find(tx.db, chosen.id)?;
    let mut session = before.clone();
    session.practitioner_id = Some(to.id);
    let Some(ends_at) = session.ends_at else {
        sharing::reaches_practitioner(
            tx,
            session.client_id,
            Some(to.id),
            session.studio_id,
            session.id.0,
        )?;
        return session.save(tx, "session.reassigned", None).map(drop);
    };
    let studio = Studio::find(tx.db, session.studio_id)?;
    session.blocked_until = Some(ends_at + TimeDelta::minutes(i64::from(to.buffer_minutes)));
    let claims = claims_near(tx.db, &session)?;
    session.room_id = choose_room(tx.db, &session, &studio, &claims, None, before.room_id)?;
    let mut breaches = hours_breaches(tx.db, &session, &studio, to)?;
    breaches.extend(overlaps_among(tx.db, tx.scope(), &session, &claims)?);
    // Its day stays, so what was accepted about the plan's gaps holds on.
    let about_gaps: Vec<_> = before
        .overrides
        .iter()
        .filter(|used| used.rule == OverridableRule::Gap)
        .cloned()
        .collect();
    session.accept(&breaches, asked, may_override, now)?;
    session.overrides.0.extend(about_gaps);
    sharing::reaches_practitioner(
        tx,
        session.client_id,
        Some(to.id),
        session.studio_id,
        session.id.0,
    )?;
    let reason = asked.map(|asked| asked.reason.to_string());
    let saved = session.save(tx, "session.reassigned", reason.as_deref())?;
    let step = Step {
        action: SessionAction::Reassign,
        occurred_at: now,
        reason,
    };
    session_history::note(tx, &before, &saved, step)?;
    leaving::session_is_settled(tx, saved.id)?;
    stranded::recheck_session(tx, &saved)?;
    // The client's time is the same, so nothing is sent anew.
    saved.settle(tx, None, &studio)
}

fn give_plans(tx: &mut Tx<'_>, from: PractitionerId, to: PractitionerId) -> Result<Vec<PlanId>> {
    let mut query = plans::table
        .filter(plans::practitioner_id.eq(from))
        .filter(plans::state.eq(PlanState::Open))
        .order(plans::id)
        .into_boxed();
    if let Some(seen) = Plan::seen(tx.scope()) {
        query = query.filter(seen);
    }
    let found: Vec<PlanId> = query.select(plans::id).load(tx.db)?;
    found
        .into_iter()
        .map(|id| {
            let mut plan = Plan::find(tx.db, id)?;
            sharing::reaches_practitioner(tx, plan.client_id, Some(to), plan.studio_id, id.0)?;
            plan.practitioner_id = Some(to);
            plan.save(tx, "plan.reassigned", None).map(|plan| plan.id)
        })
        .collect()
}

fn refuse_kept(all: &[Reassigned]) -> Result<()> {
    let kept: Vec<&Reassigned> = all
        .iter()
        .filter(|one| one.outcome == ReassignOutcome::Kept)
        .collect();
    if kept.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        code: "not_all_reassigned",
        detail: format!(
            "{} of {} sessions can't be reassigned, so none was; see conflicts, or ask with the mode each",
            kept.len(),
            all.len()
        ),
        breaches: Vec::new(),
        conflicts: kept
            .iter()
            .map(|one| {
                json!({
                    "session_id": one.session_id,
                    "errors": one.errors,
                    "conflicts": one.conflicts,
                })
            })
            .collect(),
    })
}
