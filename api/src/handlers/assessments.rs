//! `/v1/assessments`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::assessment::{AssessmentPatch, NewAssessment};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{AccessKind, AssessmentId, ClientId, StudioId};
use stipple_shared::storage::assessments::{Assessment, AssessmentFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{RecordClinical, SeeClinical};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Merge, Paging, Reading};

resources! {
    Assessment: "/v1/assessments", record: |it| Some((it.client_id, AccessKind::Assessment));
}

/// Which assessments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssessmentsQuery {
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
    /// Those of this client.
    client_id: Option<ClientId>,
    /// Those of this studio.
    studio_id: Option<StudioId>,
}

impl Filter for AssessmentsQuery {
    const LASTING: &'static [&'static str] = &["client_id", "studio_id"];
}

/// Records an assessment.
///
/// Any scale may be used for any indication. From the four SALT regions the total and its band are computed. Where nobody is
/// named as who assessed, it's the session's practitioner, else whoever's key it is.
#[utoipa::path(
    tag = "assessments",
    operation_id = "record_assessment",
    security(("key" = ["record_clinical"])),
    request_body = NewAssessment,
    responses((status = 201, description = "The assessment.", body = Assessment, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/assessments")]
pub(crate) async fn record_assessment(
    command: Command<RecordClinical, Json<NewAssessment>>,
) -> Answered {
    command
        .run(|tx, given| given.created(&Assessment::record(tx, given.body)?))
        .await
}

/// Lists assessments, in the order in which they were recorded.
#[utoipa::path(
    tag = "assessments",
    operation_id = "list_assessments",
    security(("key" = ["see_clinical"])),
    params(Paging, AssessmentsQuery),
    responses((status = 200, description = "A page of assessments.", body = PageBody<Assessment>, headers(("Link" = String))))
)]
#[get("/v1/assessments")]
pub(crate) async fn list_assessments(reading: Reading<SeeClinical, AssessmentsQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = AssessmentFilter {
                external_id: query.external_id.clone(),
                client_id: query.client_id,
                studio_id: query.studio_id,
            };
            Assessment::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows an assessment.
#[utoipa::path(
    tag = "assessments",
    operation_id = "get_assessment",
    security(("key" = ["see_clinical"])),
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The assessment.", body = Assessment, headers(("ETag" = String))))
)]
#[get("/v1/assessments/{id}")]
pub(crate) async fn get_assessment(
    reading: Reading<SeeClinical>,
    id: Id<AssessmentId>,
) -> Answered {
    reading
        .one(move |db, caller| Assessment::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes an assessment.
///
/// Of a client who was erased, `external_id` can't be written: that is 409, `client_erased`.
#[utoipa::path(
    tag = "assessments",
    operation_id = "change_assessment",
    security(("key" = ["record_clinical"])),
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    request_body(content = AssessmentPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed assessment.", body = Assessment, headers(("ETag" = String))))
)]
#[patch("/v1/assessments/{id}")]
pub(crate) async fn change_assessment(
    command: Command<RecordClinical, Merge<AssessmentPatch>>,
    id: Id<AssessmentId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Assessment::change(tx, id.0, given.if_match, given.body)?)
        })
        .await
}
