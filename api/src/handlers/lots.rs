//! `/v1/lots`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::stock::{LotPatch, NewLot};
use stipple_shared::domain::text::{ExternalId, LotCode};
use stipple_shared::domain::{AccessKind, LotId, LotState, ProductId};
use stipple_shared::storage::lot_uses::{self, LotUseTrace};
use stipple_shared::storage::lots::{Lot, LotFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageStock, SeeClinical, SeeStock};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Merge, Paging, Reading};

resources! {
    Lot: "/v1/lots";
}

/// Which lots.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LotsQuery {
    /// Those of this product.
    product_id: Option<ProductId>,
    /// Those that stand so.
    state: Option<LotState>,
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
    /// Those with this code, of whatever product: makers use the same code twice. Case, white space, kinds of dashes and
    /// full-width forms don't matter.
    #[param(value_type = Option<LotCode>)]
    code: Option<LotCode>,
}

impl Filter for LotsQuery {
    const LASTING: &'static [&'static str] = &["product_id"];
}

/// Adds a lot of a product.
///
/// Its codes are kept as written, and have at least one letter or digit; `no_code_reason` is for a bottle without. They are
/// compared without case, white space, kinds of dashes and full-width forms: a second lot of the product with the same codes is
/// refused with `lot_code_taken`.
#[utoipa::path(
    tag = "lots",
    operation_id = "add_lot",
    security(("key" = ["manage_stock"])),
    request_body = NewLot,
    responses((status = 201, description = "The lot.", body = Lot, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/lots")]
pub(crate) async fn add_lot(command: Command<ManageStock, Json<NewLot>>) -> Answered {
    command
        .run(|tx, given| given.created(&Lot::add(tx, given.body)?))
        .await
}

/// Lists lots.
#[utoipa::path(
    tag = "lots",
    operation_id = "list_lots",
    security(("key" = ["see_stock"])),
    params(Paging, LotsQuery),
    responses((status = 200, description = "A page of lots.", body = PageBody<Lot>, headers(("Link" = String))))
)]
#[get("/v1/lots")]
pub(crate) async fn list_lots(reading: Reading<SeeStock, LotsQuery>) -> Answered {
    reading
        .page(|db, _, query, page| {
            let filter = LotFilter {
                product_id: query.product_id,
                state: query.state,
                external_id: query.external_id.clone(),
                code: query.code.clone(),
            };
            Lot::list(db, &filter, page)
        })
        .await
}

/// Shows a lot.
#[utoipa::path(
    tag = "lots",
    operation_id = "get_lot",
    security(("key" = ["see_stock"])),
    params(("id" = LotId, Path, description = "The lot.")),
    responses((status = 200, description = "The lot.", body = Lot, headers(("ETag" = String))))
)]
#[get("/v1/lots/{id}")]
pub(crate) async fn get_lot(reading: Reading<SeeStock>, id: Id<LotId>) -> Answered {
    reading.one(move |db, _| Lot::find(db, id.0)).await
}

/// Changes a lot.
///
/// Quarantining, recalling or discarding it needs a `state_reason` beside the new `state`.
#[utoipa::path(
    tag = "lots",
    operation_id = "change_lot",
    security(("key" = ["manage_stock"])),
    params(("id" = LotId, Path, description = "The lot.")),
    request_body(content = LotPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed lot.", body = Lot, headers(("ETag" = String))))
)]
#[patch("/v1/lots/{id}")]
pub(crate) async fn change_lot(
    command: Command<ManageStock, Merge<LotPatch>>,
    id: Id<LotId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&Lot::change(tx, id.0, given.if_match, given.body)?))
        .await
}

/// Lists the uses of a lot, at all studios.
///
/// What a recall of the lot starts from. A lot that was entered twice, before codes were compared without case and white
/// space, is found by either of its ids, and a rule judges its uses by the stricter of its entries. A use whose lot isn't known,
/// or has no code, may have been of this one: it's listed as `possible`. Client, session, studio and practitioner are shown as
/// they are now.
/// Of a client whom the key doesn't see, only ids are told: their own studio sees the rest.
/// `updated_since` tells of records that are new or changed; what is shown beside them, and what else of the product lost its code,
/// takes a new look at the whole list.
#[utoipa::path(
    tag = "lots",
    operation_id = "list_lot_uses",
    security(("key" = ["see_clinical"])),
    params(("id" = LotId, Path, description = "The lot."), Paging),
    responses((status = 200, description = "A page of uses, in the order in which they were recorded.", body = PageBody<LotUseTrace>, headers(("Link" = String))))
)]
#[get("/v1/lots/{id}/uses")]
pub(crate) async fn list_lot_uses(reading: Reading<SeeClinical>, id: Id<LotId>) -> Answered {
    reading
        .page_of(
            move |db, caller, _, page| lot_uses::of_lot(db, &caller.scope, id.0, page),
            |used| Some((used.client_id, AccessKind::ProductUse)),
        )
        .await
}
