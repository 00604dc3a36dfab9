//! `/v1/plans`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::plan::{AddPlanSession, ClosePlan, NewPlan, PlanPatch};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{AccessKind, ClientId, PlanId, PlanState, StudioId};
use stipple_shared::storage::plans::{Plan, PlanFilter};
use stipple_shared::storage::sessions::{Session, SessionFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{RecordClinical, SeeClients};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, MaybeJson, Merge, Paging, Reading};

resources! {
    Plan: "/v1/plans", clinical: [
        "template_id",
        "assessment_id",
        "indication",
        "state_reason",
        "more_sessions_reason",
        "notes"
    ], record: |it| Some((it.client_id, AccessKind::Plan));
}

/// Which plans.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlansQuery {
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
    /// Those of this client.
    client_id: Option<ClientId>,
    /// Those of this studio.
    studio_id: Option<StudioId>,
    /// Those that stand so.
    state: Option<PlanState>,
}

impl Filter for PlansQuery {
    const LASTING: &'static [&'static str] = &["client_id", "studio_id"];
}

/// Opens a plan.
///
/// With a template, what is left out is the template's. Each of its treatment sessions gets its place, without a time.
#[utoipa::path(
    tag = "plans",
    operation_id = "open_plan",
    security(("key" = ["record_clinical"])),
    request_body = NewPlan,
    responses((status = 201, description = "The plan.", body = Plan, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/plans")]
pub(crate) async fn open_plan(command: Command<RecordClinical, Json<NewPlan>>) -> Answered {
    command
        .run(|tx, given| given.created(&Plan::open(tx, given.body)?))
        .await
}

/// Lists plans, in the order in which they were opened.
#[utoipa::path(
    tag = "plans",
    operation_id = "list_plans",
    security(("key" = ["see_clients"])),
    params(Paging, PlansQuery),
    responses((status = 200, description = "A page of plans.", body = PageBody<Plan>, headers(("Link" = String))))
)]
#[get("/v1/plans")]
pub(crate) async fn list_plans(reading: Reading<SeeClients, PlansQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = PlanFilter {
                external_id: query.external_id.clone(),
                client_id: query.client_id,
                studio_id: query.studio_id,
                state: query.state,
            };
            Plan::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a plan.
#[utoipa::path(
    tag = "plans",
    operation_id = "get_plan",
    security(("key" = ["see_clients"])),
    params(("id" = PlanId, Path, description = "The plan.")),
    responses((status = 200, description = "The plan.", body = Plan, headers(("ETag" = String))))
)]
#[get("/v1/plans/{id}")]
pub(crate) async fn get_plan(reading: Reading<SeeClients>, id: Id<PlanId>) -> Answered {
    reading
        .one(move |db, caller| Plan::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes a plan.
///
/// With another practitioner the sessions that have no time yet follow; those that have one are to be rescheduled.
/// Of a client who was erased, `external_id` can't be written: that is 409, `client_erased`.
#[utoipa::path(
    tag = "plans",
    operation_id = "change_plan",
    security(("key" = ["record_clinical"])),
    params(("id" = PlanId, Path, description = "The plan.")),
    request_body(content = PlanPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed plan.", body = Plan, headers(("ETag" = String))))
)]
#[patch("/v1/plans/{id}")]
pub(crate) async fn change_plan(
    command: Command<RecordClinical, Merge<PlanPatch>>,
    id: Id<PlanId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&Plan::change(tx, id.0, given.if_match, given.body)?))
        .await
}

/// Closes a plan before all its sessions took place.
///
/// Its sessions without a time are cancelled; while any has a time, closing is refused.
#[utoipa::path(
    tag = "plans",
    operation_id = "close_plan",
    security(("key" = ["record_clinical"])),
    params(("id" = PlanId, Path, description = "The plan.")),
    request_body = ClosePlan,
    responses((status = 200, description = "The closed plan.", body = Plan, headers(("ETag" = String))))
)]
#[post("/v1/plans/{id}/close")]
pub(crate) async fn close_plan(
    command: Command<RecordClinical, Json<ClosePlan>>,
    id: Id<PlanId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Plan::close(tx, id.0, given.if_match, &given.body.reason)?)
        })
        .await
}

/// Adds a treatment session at a plan's end; a completed plan is open again then.
#[utoipa::path(
    tag = "plans",
    operation_id = "add_plan_session",
    security(("key" = ["record_clinical"])),
    params(("id" = PlanId, Path, description = "The plan.")),
    request_body = AddPlanSession,
    responses((status = 200, description = "The plan with one session more.", body = Plan, headers(("ETag" = String))))
)]
#[post("/v1/plans/{id}/add-session")]
pub(crate) async fn add_plan_session(
    command: Command<RecordClinical, MaybeJson<AddPlanSession>>,
    id: Id<PlanId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Plan::add_session(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Lists a plan's sessions, cancelled and missed ones too.
#[utoipa::path(
    tag = "plans",
    operation_id = "list_plan_sessions",
    security(("key" = ["see_clients"])),
    params(("id" = PlanId, Path, description = "The plan."), Paging),
    responses((status = 200, description = "A page of sessions.", body = PageBody<Session>, headers(("Link" = String))))
)]
#[get("/v1/plans/{id}/sessions")]
pub(crate) async fn list_plan_sessions(reading: Reading<SeeClients>, id: Id<PlanId>) -> Answered {
    reading
        .page(move |db, caller, _, page| {
            Plan::find_in(db, &caller.scope, id.0)?;
            let filter = SessionFilter {
                plan_id: Some(id.0),
                ..SessionFilter::default()
            };
            Session::list(db, &caller.scope, &filter, page)
        })
        .await
}
