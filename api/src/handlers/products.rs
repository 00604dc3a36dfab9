//! `/v1/products`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::stock::{NewProduct, ProductPatch};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{AccessKind, ProductId, ProductKind};
use stipple_shared::storage::lot_uses::{self, LotUseTrace};
use stipple_shared::storage::products::{Product, ProductFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageStock, SeeClinical, SeeStock};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Merge, Paging, Reading};

resources! {
    Product: "/v1/products";
}

/// Which products.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductsQuery {
    /// Those of this kind.
    kind: Option<ProductKind>,
    /// Only those that are still used, or only those that aren't.
    active: Option<bool>,
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
}

impl Filter for ProductsQuery {
    const LASTING: &'static [&'static str] = &["kind"];
}

/// Adds a product.
///
/// Kind, maker, brand and shade together name it: a second one of the same name, however it's written, is refused with
/// `product_taken`, and `conflicts` names the first. A recall of the one would miss the uses of the other.
#[utoipa::path(
    tag = "products",
    operation_id = "add_product",
    security(("key" = ["manage_stock"])),
    request_body = NewProduct,
    responses((status = 201, description = "The product.", body = Product, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/products")]
pub(crate) async fn add_product(command: Command<ManageStock, Json<NewProduct>>) -> Answered {
    command
        .run(|tx, given| given.created(&Product::add(tx, given.body)?))
        .await
}

/// Lists products.
#[utoipa::path(
    tag = "products",
    operation_id = "list_products",
    security(("key" = ["see_stock"])),
    params(Paging, ProductsQuery),
    responses((status = 200, description = "A page of products.", body = PageBody<Product>, headers(("Link" = String))))
)]
#[get("/v1/products")]
pub(crate) async fn list_products(reading: Reading<SeeStock, ProductsQuery>) -> Answered {
    reading
        .page(|db, _, query, page| {
            let filter = ProductFilter {
                kind: query.kind,
                active: query.active,
                external_id: query.external_id.clone(),
            };
            Product::list(db, &filter, page)
        })
        .await
}

/// Shows a product.
#[utoipa::path(
    tag = "products",
    operation_id = "get_product",
    security(("key" = ["see_stock"])),
    params(("id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "The product.", body = Product, headers(("ETag" = String))))
)]
#[get("/v1/products/{id}")]
pub(crate) async fn get_product(reading: Reading<SeeStock>, id: Id<ProductId>) -> Answered {
    reading.one(move |db, _| Product::find(db, id.0)).await
}

/// Changes a product.
#[utoipa::path(
    tag = "products",
    operation_id = "change_product",
    security(("key" = ["manage_stock"])),
    params(("id" = ProductId, Path, description = "The product.")),
    request_body(content = ProductPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed product.", body = Product, headers(("ETag" = String))))
)]
#[patch("/v1/products/{id}")]
pub(crate) async fn change_product(
    command: Command<ManageStock, Merge<ProductPatch>>,
    id: Id<ProductId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Product::change(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Lists the uses of a product, all its lots, at all studios.
///
/// What a recall of the product starts from. A use whose product isn't known may have been of this one: it's listed
/// as `possible`. Client, session, studio and practitioner are shown as they are now.
/// Of a client whom the key doesn't see, only ids are told: their own studio sees the rest.
/// `updated_since` tells of records that are new or changed; what is shown beside them, and what else of the product lost its code,
/// takes a new look at the whole list.
#[utoipa::path(
    tag = "products",
    operation_id = "list_product_uses",
    security(("key" = ["see_clinical"])),
    params(("id" = ProductId, Path, description = "The product."), Paging),
    responses((status = 200, description = "A page of uses, in the order in which they were recorded.", body = PageBody<LotUseTrace>, headers(("Link" = String))))
)]
#[get("/v1/products/{id}/uses")]
pub(crate) async fn list_product_uses(
    reading: Reading<SeeClinical>,
    id: Id<ProductId>,
) -> Answered {
    reading
        .page_of(
            move |db, caller, _, page| lot_uses::of_product(db, &caller.scope, id.0, page),
            |used| Some((used.client_id, AccessKind::ProductUse)),
        )
        .await
}
