//! `/v1/plan-templates`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::plan_template::{NewPlanTemplate, PlanTemplatePatch};
use stipple_shared::domain::{Indication, PlanTemplateId};
use stipple_shared::storage::plan_templates::{PlanTemplate, PlanTemplateFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageStudio, SeeStudio};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Merge, Paging, Reading};

resources! {
    PlanTemplate: "/v1/plan-templates";
}

/// Which templates.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanTemplatesQuery {
    /// Those for this indication.
    indication: Option<Indication>,
    /// Only those that plans can be opened with, or only the others.
    active: Option<bool>,
}

impl Filter for PlanTemplatesQuery {
    const LASTING: &'static [&'static str] = &[];
}

/// Adds a plan template.
#[utoipa::path(
    tag = "plan templates",
    operation_id = "add_plan_template",
    security(("key" = ["manage_studio"])),
    request_body = NewPlanTemplate,
    responses((status = 201, description = "The template.", body = PlanTemplate, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/plan-templates")]
pub(crate) async fn add_plan_template(
    command: Command<ManageStudio, Json<NewPlanTemplate>>,
) -> Answered {
    command
        .run(|tx, given| given.created(&PlanTemplate::add(tx, given.body)?))
        .await
}

/// Lists plan templates.
///
/// A new organisation starts with one or more for each indication; their `source` says where the figures come from.
#[utoipa::path(
    tag = "plan templates",
    operation_id = "list_plan_templates",
    security(("key" = ["see_studio"])),
    params(Paging, PlanTemplatesQuery),
    responses((status = 200, description = "A page of templates.", body = PageBody<PlanTemplate>, headers(("Link" = String))))
)]
#[get("/v1/plan-templates")]
pub(crate) async fn list_plan_templates(
    reading: Reading<SeeStudio, PlanTemplatesQuery>,
) -> Answered {
    reading
        .page(|db, _, query, page| {
            let filter = PlanTemplateFilter {
                indication: query.indication,
                active: query.active,
            };
            PlanTemplate::list(db, &filter, page)
        })
        .await
}

/// Shows a plan template.
#[utoipa::path(
    tag = "plan templates",
    operation_id = "get_plan_template",
    security(("key" = ["see_studio"])),
    params(("id" = PlanTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The template.", body = PlanTemplate, headers(("ETag" = String))))
)]
#[get("/v1/plan-templates/{id}")]
pub(crate) async fn get_plan_template(
    reading: Reading<SeeStudio>,
    id: Id<PlanTemplateId>,
) -> Answered {
    reading.one(move |db, _| PlanTemplate::find(db, id.0)).await
}

/// Changes a plan template; plans that were opened with it stay as they are.
#[utoipa::path(
    tag = "plan templates",
    operation_id = "change_plan_template",
    security(("key" = ["manage_studio"])),
    params(("id" = PlanTemplateId, Path, description = "The template.")),
    request_body(content = PlanTemplatePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed template.", body = PlanTemplate, headers(("ETag" = String))))
)]
#[patch("/v1/plan-templates/{id}")]
pub(crate) async fn change_plan_template(
    command: Command<ManageStudio, Merge<PlanTemplatePatch>>,
    id: Id<PlanTemplateId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&PlanTemplate::change(tx, id.0, given.if_match, given.body)?)
        })
        .await
}
