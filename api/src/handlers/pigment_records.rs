//! `/v1/pigment-records`.

use actix_web::{get, post};
use serde::Deserialize;
use stipple_shared::domain::record::{
    AmendPigmentRecord, JudgeHealed, NewPigmentRecord, VoidPigmentRecord,
};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{AccessKind, ClientId, LotId, PigmentRecordId, ProductId, SessionId};
use stipple_shared::storage::pigment_records::{PigmentRecord, PigmentRecordFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{RecordClinical, SeeClinical};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Paging, Reading};

resources! {
    PigmentRecord: "/v1/pigment-records", record: |it| Some((it.client_id, AccessKind::PigmentRecord));
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PigmentRecordsQuery {
    /// Those of this client.
    client_id: Option<ClientId>,
    /// Those of this session.
    session_id: Option<SessionId>,
    /// Those that name this lot, of whatever kind.
    lot_id: Option<LotId>,
    /// Those that name this product, or a lot of it.
    product_id: Option<ProductId>,
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
}

impl Filter for PigmentRecordsQuery {
    const LASTING: &'static [&'static str] = &[
        "client_id",
        "session_id",
        "lot_id",
        "product_id",
        "external_id",
    ];
}

/// Records what went into whom.
///
/// What happened is always stored, also hours later from paper: say in `occurred_at` when it was. What doesn't agree
/// with a rule, such as an expired lot, is listed in `nonconformities`, and staff get a task. Of a client who was erased,
/// `external_id` can't be written: that is 409, `client_erased`.
#[utoipa::path(
    tag = "pigment records",
    operation_id = "record_pigment",
    security(("key" = ["record_clinical"])),
    request_body = NewPigmentRecord,
    responses((status = 201, description = "The record.", body = PigmentRecord, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/pigment-records")]
pub(crate) async fn record_pigment(
    command: Command<RecordClinical, Json<NewPigmentRecord>>,
) -> Answered {
    command
        .run(|tx, given| given.created(&PigmentRecord::record(tx, given.body)?))
        .await
}

/// Lists pigment records, amended and voided ones included: each says so itself.
#[utoipa::path(
    tag = "pigment records",
    operation_id = "list_pigment_records",
    security(("key" = ["see_clinical"])),
    params(Paging, PigmentRecordsQuery),
    responses((status = 200, description = "A page of records, in the order in which they were made.", body = PageBody<PigmentRecord>, headers(("Link" = String))))
)]
#[get("/v1/pigment-records")]
pub(crate) async fn list_pigment_records(
    reading: Reading<SeeClinical, PigmentRecordsQuery>,
) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = PigmentRecordFilter {
                client_id: query.client_id,
                session_id: query.session_id,
                lot_id: query.lot_id,
                product_id: query.product_id,
                external_id: query.external_id.clone(),
            };
            PigmentRecord::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a pigment record.
#[utoipa::path(
    tag = "pigment records",
    operation_id = "get_pigment_record",
    security(("key" = ["see_clinical"])),
    params(("id" = PigmentRecordId, Path, description = "The record.")),
    responses((status = 200, description = "The record.", body = PigmentRecord, headers(("ETag" = String))))
)]
#[get("/v1/pigment-records/{id}")]
pub(crate) async fn get_pigment_record(
    reading: Reading<SeeClinical>,
    id: Id<PigmentRecordId>,
) -> Answered {
    reading
        .one(move |db, caller| PigmentRecord::find_in(db, &caller.scope, id.0))
        .await
}

/// Corrects a pigment record.
///
/// A whole new record takes the wrong one's place; the wrong one stays to be read and names the new one. Only the
/// newest can be corrected.
#[utoipa::path(
    tag = "pigment records",
    operation_id = "amend_pigment_record",
    security(("key" = ["record_clinical"])),
    params(("id" = PigmentRecordId, Path, description = "The record that is wrong.")),
    request_body = AmendPigmentRecord,
    responses((status = 201, description = "The record that takes its place.", body = PigmentRecord, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/pigment-records/{id}/amend")]
pub(crate) async fn amend_pigment_record(
    command: Command<RecordClinical, Json<AmendPigmentRecord>>,
    id: Id<PigmentRecordId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.created(&PigmentRecord::amend(
                tx,
                id.0,
                given.if_match,
                &given.body.record,
                &given.body.reason,
            )?)
        })
        .await
}

/// Takes a pigment record back that should never have been made, such as one on the wrong client.
///
/// It stays to be read. Doing so twice is as doing it once.
#[utoipa::path(
    tag = "pigment records",
    operation_id = "void_pigment_record",
    security(("key" = ["record_clinical"])),
    params(("id" = PigmentRecordId, Path, description = "The record.")),
    request_body = VoidPigmentRecord,
    responses((status = 200, description = "The voided record.", body = PigmentRecord, headers(("ETag" = String))))
)]
#[post("/v1/pigment-records/{id}/void")]
pub(crate) async fn void_pigment_record(
    command: Command<RecordClinical, Json<VoidPigmentRecord>>,
    id: Id<PigmentRecordId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&PigmentRecord::void(
                tx,
                id.0,
                given.if_match,
                &given.body.reason,
            )?)
        })
        .await
}

/// Says how the work looks now that it has healed.
#[utoipa::path(
    tag = "pigment records",
    operation_id = "judge_healed_work",
    security(("key" = ["record_clinical"])),
    params(("id" = PigmentRecordId, Path, description = "The record.")),
    request_body = JudgeHealed,
    responses((status = 200, description = "The record with the verdict.", body = PigmentRecord, headers(("ETag" = String))))
)]
#[post("/v1/pigment-records/{id}/healed-as")]
pub(crate) async fn judge_healed_work(
    command: Command<RecordClinical, Json<JudgeHealed>>,
    id: Id<PigmentRecordId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&PigmentRecord::judge_healed(
                tx,
                id.0,
                given.if_match,
                given.body.healed_as,
            )?)
        })
        .await
}
