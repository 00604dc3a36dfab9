//! `/v1/clients`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::client::{ClientPatch, NewClient};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{ClientId, StudioId};
use stipple_shared::storage::clients::{Client, ClientFilter, ContactConsent};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageClients, SeeClients};
use crate::answer::{ListBody, PageBody, resources};
use crate::request::{Command, Id, Json, Merge, Paging, Reading};

resources! {
    Client: "/v1/clients";
}

/// Which clients.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientsQuery {
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
    /// Those registered at this studio.
    studio_id: Option<StudioId>,
}

/// Registers a client.
#[utoipa::path(
    tag = "clients",
    operation_id = "register_client",
    request_body = NewClient,
    responses((status = 201, description = "The client.", body = Client, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/clients")]
pub(crate) async fn register_client(command: Command<ManageClients, Json<NewClient>>) -> Answered {
    command
        .run(|tx, given| given.created(&Client::register(tx, given.body)?))
        .await
}

/// Lists clients, in the order in which they were registered.
#[utoipa::path(
    tag = "clients",
    operation_id = "list_clients",
    params(Paging, ClientsQuery),
    responses((status = 200, description = "A page of clients.", body = PageBody<Client>, headers(("Link" = String))))
)]
#[get("/v1/clients")]
pub(crate) async fn list_clients(reading: Reading<SeeClients, ClientsQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = ClientFilter {
                external_id: query.external_id.clone(),
                studio_id: query.studio_id,
            };
            Client::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a client.
#[utoipa::path(
    tag = "clients",
    operation_id = "get_client",
    params(("id" = ClientId, Path, description = "The client.")),
    responses((status = 200, description = "The client.", body = Client, headers(("ETag" = String))))
)]
#[get("/v1/clients/{id}")]
pub(crate) async fn get_client(reading: Reading<SeeClients>, id: Id<ClientId>) -> Answered {
    reading
        .one(move |db, caller| Client::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes a client.
#[utoipa::path(
    tag = "clients",
    operation_id = "change_client",
    params(("id" = ClientId, Path, description = "The client.")),
    request_body(content = ClientPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed client.", body = Client, headers(("ETag" = String))))
)]
#[patch("/v1/clients/{id}")]
pub(crate) async fn change_client(
    command: Command<ManageClients, Merge<ClientPatch>>,
    id: Id<ClientId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&Client::change(tx, id.0, given.if_match, given.body)?))
        .await
}

/// Shows what a client agreed to be sent, decision by decision.
#[utoipa::path(
    tag = "clients",
    operation_id = "list_contact_consents",
    params(("id" = ClientId, Path, description = "The client.")),
    responses((status = 200, description = "All decisions, oldest first.", body = ListBody<ContactConsent>))
)]
#[get("/v1/clients/{id}/contact-consents")]
pub(crate) async fn list_contact_consents(
    reading: Reading<SeeClients>,
    id: Id<ClientId>,
) -> Answered {
    reading
        .show(move |db, caller, _| {
            let data = Client::contact_consents(db, &caller.scope, id.0)?;
            Ok(ListBody { data })
        })
        .await
}
