//! Plans.

use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::assessments::Assessment;
use super::clients::Client;
use super::columns::Json;
use super::erasure::refuse_returning;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::plan_templates::PlanTemplate;
use super::practitioners::Practitioner;
use super::references::{named, of_another_client, studio_for};
use super::schema::plans;
use super::scope::client_is_seen;
use super::sessions::{NewPlannedSession, Session};
use super::studios::Studio;
use super::{Db, Scope, Tx, plan_gaps, reminder_sync, sharing};
use crate::domain::gap::Gap;
use crate::domain::plan::{
    AddPlanSession, NewPlan, PlanPatch, SESSIONS_AT_MOST, USUAL_SESSIONS_AT_MOST, check_gap_change,
    check_session_count, gaps_with_one_more, outline, state_by_sessions,
};
use crate::domain::plan_template::check_gap_count;
use crate::domain::text::{ExternalId, Note, Reason};
use crate::domain::{
    AssessmentId, ClientId, Indication, Instant, PlanId, PlanState, PlanTemplateId, PractitionerId,
    SessionKind, SessionState, StudioId,
};
use crate::error::{Error, Result};

/// How many treatments a client is to get, how long, and how far apart.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = plans, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// Whose plan it is.
    pub client_id: ClientId,
    /// Where it's carried out.
    pub studio_id: StudioId,
    /// Who is to treat.
    pub practitioner_id: Option<PractitionerId>,
    /// The template that it was opened with. The front desk doesn't see it.
    pub template_id: Option<PlanTemplateId>,
    /// The assessment that it rests on. The front desk doesn't see it.
    pub assessment_id: Option<AssessmentId>,
    /// Why the client comes. The front desk doesn't see it.
    #[schema(required = false)]
    pub indication: Indication,
    /// Where it stands.
    pub state: PlanState,
    /// Why it was closed. The front desk doesn't see it.
    pub state_reason: Option<Reason>,
    /// How many treatment sessions.
    pub treatment_sessions: i32,
    /// Why there are more than four of them. The front desk doesn't see it.
    pub more_sessions_reason: Option<Reason>,
    /// How long a session takes.
    pub session_minutes: i32,
    /// The gaps between them, one fewer than there are sessions.
    #[schema(value_type = Vec<Gap>)]
    pub gaps: Json<Vec<Gap>>,
    /// Notes for those who treat. The front desk doesn't see them.
    pub notes: Option<Note>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was opened.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(plans, Plan, PlanId, "plan", seen: |scope| {
    client_is_seen!(scope, plans::client_id)
});

/// Which plans are asked for.
#[derive(Clone, Debug, Default)]
pub struct PlanFilter {
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
    /// Those of this client.
    pub client_id: Option<ClientId>,
    /// Those of this studio.
    pub studio_id: Option<StudioId>,
    /// Those that stand so.
    pub state: Option<PlanState>,
}

impl Plan {
    /// Opens a plan and gives each of its treatment sessions its place.
    pub fn open(tx: &mut Tx<'_>, new: &NewPlan) -> Result<Self> {
        let id = PlanId::new();
        let client = named(Client::find_seen(tx, new.client_id), "/client_id")?;
        let client = client.unless_off_the_list()?;
        let studio_id = studio_for(tx, new.studio_id, &client)?;
        let practitioner_id = new.practitioner_id.or(tx.own_practitioner());
        refuse_unusable_practitioner(tx, practitioner_id)?;
        refuse_foreign_assessment(tx, new.assessment_id, new.client_id)?;
        let template = match new.template_id {
            Some(template_id) => Some(usable_template(tx.db, template_id)?.outline()?),
            None => None,
        };
        let outline = outline(new, template.as_ref())?;
        refuse_taken_external_id!(tx.db, plans, id, &new.external_id);
        let now = tx.now();
        let plan = Self {
            id,
            external_id: new.external_id.clone(),
            client_id: new.client_id,
            studio_id,
            practitioner_id,
            template_id: new.template_id,
            assessment_id: new.assessment_id,
            indication: outline.indication,
            state: PlanState::Open,
            state_reason: None,
            treatment_sessions: outline.treatment_sessions.into(),
            more_sessions_reason: new.more_sessions_reason.clone(),
            session_minutes: outline.session_minutes.into(),
            gaps: Json(outline.gaps),
            notes: new.notes.clone(),
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        sharing::reaches_studio(tx, client.id, studio_id, id.0)?;
        sharing::reaches_practitioner(tx, client.id, plan.practitioner_id, plan.studio_id, id.0)?;
        let plan = plan.create(tx, "plan.opened")?;
        for ordinal in 1..=plan.treatment_sessions {
            plan.plan_session(tx, ordinal)?;
        }
        reminder_sync::sync_invitations(tx, client.id)?;
        Ok(plan)
    }

    /// Changes a plan. Sessions without a time follow a change of practitioner.
    pub fn change(
        tx: &mut Tx<'_>,
        id: PlanId,
        expected: Option<i64>,
        patch: &PlanPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut plan = before.clone();
        patch.external_id.apply(&mut plan.external_id);
        patch.assessment_id.apply(&mut plan.assessment_id);
        patch.notes.apply(&mut plan.notes);
        patch.practitioner_id.apply(&mut plan.practitioner_id);
        patch.gaps.apply(&mut plan.gaps.0);
        if plan == before {
            return Ok(before);
        }
        refuse_returning!(tx, plans, &before, &plan, external_id, notes);
        refuse_taken_external_id!(tx.db, plans, id, &plan.external_id);
        if plan.assessment_id != before.assessment_id {
            refuse_foreign_assessment(tx, plan.assessment_id, plan.client_id)?;
        }
        if plan.practitioner_id != before.practitioner_id {
            refuse_unusable_practitioner(tx, plan.practitioner_id)?;
            sharing::reaches_practitioner(
                tx,
                plan.client_id,
                plan.practitioner_id,
                plan.studio_id,
                id.0,
            )?;
        }
        let sessions = Session::of_plan(tx.db, id)?;
        check_gap_count(&plan.gaps, ordinal(plan.treatment_sessions)?)?;
        check_gap_change(&before.gaps, &plan.gaps, &completed_ordinals(&sessions)?)?;
        let gaps_changed = plan.gaps.0 != before.gaps.0;
        let plan = plan.save(tx, "plan.changed", None)?;
        if plan.practitioner_id != before.practitioner_id {
            for mut session in sessions {
                if session.state == SessionState::Planned {
                    session.practitioner_id = plan.practitioner_id;
                    session.save(tx, "session.reassigned", None)?;
                }
            }
        }
        if gaps_changed {
            let studio = Studio::find(tx.db, plan.studio_id)?;
            plan_gaps::recheck(tx, &plan, &studio)?;
            reminder_sync::sync_plan(tx, id)?;
        }
        Ok(plan)
    }

    /// Ends a plan before all its sessions took place, and calls off those that have no time yet.
    ///
    /// Sessions that have a time stand in the way: their clients must be told, which a cancellation does.
    pub fn close(
        tx: &mut Tx<'_>,
        id: PlanId,
        expected: Option<i64>,
        reason: &Reason,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        match found.state {
            PlanState::Closed => return Ok(found),
            PlanState::Completed => {
                return Err(Error::refused(
                    "plan_completed",
                    "all sessions of this plan took place; there is nothing to close",
                ));
            }
            PlanState::Open => {}
        }
        let mut plan = Self::find_seen_for_change(tx, id, expected)?;
        let sessions = Session::of_plan(tx.db, id)?;
        let with_a_time: Vec<_> = sessions
            .iter()
            .filter(|session| session.state.holds_time())
            .map(|session| {
                // Sessions at a studio that isn't seen have no names.
                if tx.scope().sees_studio(session.studio_id) {
                    json!({
                        "session_id": session.id,
                        "starts_at": session.starts_at,
                        "ends_at": session.ends_at,
                    })
                } else {
                    json!({"starts_at": session.starts_at, "ends_at": session.ends_at})
                }
            })
            .collect();
        if !with_a_time.is_empty() {
            return Err(Error::Refused {
                code: "sessions_booked",
                detail: "cancel or complete the sessions that have a time first".into(),
                breaches: Vec::new(),
                conflicts: with_a_time,
            });
        }
        for session in sessions {
            if session.state == SessionState::Planned {
                // Why may be clinical: it stands in the plan, which not everybody reads as they read sessions.
                let why = Reason::literal("The plan was closed.");
                session.call_off_planned(tx, &why)?;
            }
        }
        plan.state = PlanState::Closed;
        plan.state_reason = Some(reason.clone());
        let plan = plan.save(tx, "plan.closed", Some(reason))?;
        // Nobody is asked any more to book what isn't to come.
        reminder_sync::sync_plan(tx, id)?;
        Ok(plan)
    }

    /// Adds a treatment session at the plan's end. A completed plan is open again then.
    pub fn add_session(
        tx: &mut Tx<'_>,
        id: PlanId,
        expected: Option<i64>,
        add: &AddPlanSession,
    ) -> Result<Self> {
        let mut plan = Self::find_seen_for_change(tx, id, expected)?;
        Client::find(tx.db, plan.client_id)?.unless_off_the_list()?;
        if plan.state == PlanState::Closed {
            return Err(Error::refused(
                "plan_closed",
                "this plan was closed; open a new one",
            ));
        }
        let last = ordinal(plan.treatment_sessions)?;
        if last >= SESSIONS_AT_MOST {
            return Err(Error::refused(
                "too_many_sessions",
                format!("a plan has at most {SESSIONS_AT_MOST} treatment sessions; open a new one"),
            ));
        }
        let added = last + 1;
        check_session_count(added, add.reason.as_ref(), "/reason")?;
        plan.gaps = Json(gaps_with_one_more(&plan.gaps, add.gap, added));
        plan.treatment_sessions = added.into();
        if added > USUAL_SESSIONS_AT_MOST {
            plan.more_sessions_reason.clone_from(&add.reason);
        }
        plan.state = PlanState::Open;
        let plan = plan.save(tx, "plan.session_added", add.reason.as_deref())?;
        plan.plan_session(tx, plan.treatment_sessions)?;
        reminder_sync::sync_plan(tx, id)?;
        Ok(plan)
    }

    /// Completes the plan, or opens it again, as its sessions stand by now. For whatever changes a session's state.
    pub fn settle(tx: &mut Tx<'_>, id: PlanId) -> Result<()> {
        let mut plan = Self::find(tx.db, id)?;
        let sessions = Session::of_plan(tx.db, id)?;
        let completed: Vec<_> = completed_ordinals(&sessions)?
            .into_iter()
            .map(|ordinal| (ordinal, SessionState::Completed))
            .collect();
        let state = state_by_sessions(ordinal(plan.treatment_sessions)?, &completed);
        let (from, action) = match state {
            PlanState::Completed => (PlanState::Open, "plan.completed"),
            _ => (PlanState::Completed, "plan.reopened"),
        };
        // A closed plan stays closed, whatever is still recorded of its sessions.
        if plan.state != from {
            return Ok(());
        }
        plan.state = state;
        plan.save(tx, action, None).map(drop)
    }

    /// A page of plans.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &PlanFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = plans::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(plans::external_id.eq(external_id.clone()));
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(plans::client_id.eq(client_id));
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(plans::studio_id.eq(studio_id));
        }
        if let Some(state) = filter.state {
            query = query.filter(plans::state.eq(state));
        }
        load_page!(db, plans, Plan, query, page)
    }

    fn plan_session(&self, tx: &mut Tx<'_>, ordinal: i32) -> Result<Session> {
        Session::plan(
            tx,
            &NewPlannedSession {
                studio_id: self.studio_id,
                client_id: self.client_id,
                plan_id: self.id,
                ordinal,
                kind: SessionKind::Treatment,
                practitioner_id: self.practitioner_id,
                duration_minutes: self.session_minutes,
            },
        )
    }
}

fn ordinal(stored: i32) -> Result<u8> {
    u8::try_from(stored).map_err(Error::internal)
}

fn completed_ordinals(sessions: &[Session]) -> Result<Vec<u8>> {
    sessions
        .iter()
        .filter(|session| session.state == SessionState::Completed)
        .filter_map(|session| session.ordinal)
        .map(ordinal)
        .collect()
}

fn usable_template(db: &mut Db, id: PlanTemplateId) -> Result<PlanTemplate> {
    let template = named(PlanTemplate::find(db, id), "/template_id")?;
    if !template.active {
        return Err(Error::refused(
            "template_inactive",
            "this template is no longer in use; name another one",
        ));
    }
    Ok(template)
}

fn refuse_unusable_practitioner(tx: &mut Tx<'_>, id: Option<PractitionerId>) -> Result<()> {
    let Some(id) = id else {
        return Ok(());
    };
    if named(Practitioner::find_seen(tx, id), "/practitioner_id")?.active {
        return Ok(());
    }
    Err(Error::refused(
        "practitioner_inactive",
        "this practitioner can't be booked any more; name another one, or none yet",
    ))
}

fn refuse_foreign_assessment(
    tx: &mut Tx<'_>,
    id: Option<AssessmentId>,
    client_id: ClientId,
) -> Result<()> {
    let Some(id) = id else {
        return Ok(());
    };
    if named(Assessment::find_seen(tx, id), "/assessment_id")?.client_id != client_id {
        return Err(of_another_client("/assessment_id"));
    }
    Ok(())
}
