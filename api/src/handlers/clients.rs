//! `/v1/clients`.

use actix_web::{get, patch, post};
use serde::{Deserialize, Serialize};
use stipple_shared::domain::client::{ClientPatch, ClientSearch, NewClient};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{ClientId, StudioId};
use stipple_shared::error::Error;
use stipple_shared::storage::attendance::Attendance;
use stipple_shared::storage::client_search;
use stipple_shared::storage::clients::{Client, ClientFilter, ContactConsent};
use stipple_shared::storage::duplicates;
use utoipa::{IntoParams, ToSchema};

use super::Answered;
use crate::access::{ManageClients, SeeClients};
use crate::answer::{ListBody, PageBody, Resource, resources};
use crate::request::{Asking, Command, Filter, Id, Json, Merge, Paging, Reading, cursor};

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

impl Filter for ClientsQuery {
    const LASTING: &'static [&'static str] = &[];
}

/// A client who was registered, and who else they may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisteredClient {
    #[serde(flatten)]
    client: Client,
    /// Clients of the same studio, twenty at most, who have the same e-mail address or telephone number, or the same name: with
    /// the same date of birth, or, where one of the two has none, without another e-mail address or telephone number. Case,
    /// accents and how a number begins don't matter. A hint: look whether it's one person. Only this answer has it.
    possible_duplicates: Vec<ClientId>,
}

impl Resource for RegisteredClient {
    fn version(&self) -> i64 {
        self.client.version()
    }

    fn path(&self) -> String {
        self.client.path()
    }
}

/// Registers a client.
///
/// Somebody who may be registered already is registered all the same: `possible_duplicates` names who they may be, as far as
/// the key sees them. Of a name that very many have only the newest are looked at.
#[utoipa::path(
    tag = "clients",
    operation_id = "register_client",
    security(("key" = ["manage_clients"])),
    request_body = NewClient,
    responses((status = 201, description = "The client.", body = RegisteredClient, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/clients")]
pub(crate) async fn register_client(command: Command<ManageClients, Json<NewClient>>) -> Answered {
    command
        .run(|tx, given| {
            let client = Client::register(tx, given.body)?;
            let possible_duplicates =
                duplicates::possible_duplicates(tx.db, &given.caller.scope, &client)?;
            given.created(&RegisteredClient {
                client,
                possible_duplicates,
            })
        })
        .await
}

/// Lists clients, in the order in which they were registered.
#[utoipa::path(
    tag = "clients",
    operation_id = "list_clients",
    security(("key" = ["see_clients"])),
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

/// The clients who were found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundClientsBody {
    /// The clients on this page, in the order of the word by which they were found.
    data: Vec<Client>,
    /// Where the next page begins; null on the last one. It goes in the body of the next search.
    next_cursor: Option<String>,
}

/// Finds clients by what somebody types.
///
/// Each word of `text` must match the beginning of a word of the client's names, e-mail address or external id, whatever
/// the case and the accents; a telephone number matches by its digits, the last three or more too. Nothing is changed: the
/// question is a body only because names don't belong in addresses.
#[utoipa::path(
    tag = "clients",
    operation_id = "search_clients",
    security(("key" = ["see_clients"])),
    request_body = ClientSearch,
    responses((status = 200, description = "A page of clients.", body = FoundClientsBody))
)]
#[post("/v1/clients/search")]
pub(crate) async fn search_clients(asking: Asking<SeeClients, Json<ClientSearch>>) -> Answered {
    asking
        .show(|db, caller, question| {
            let context = format!("search:{}", question.text.as_str());
            let after = question
                .cursor
                .as_deref()
                .map(|text| {
                    cursor::read_search(text, &context).ok_or_else(|| {
                        Error::invalid(
                            "/cursor",
                            "invalid_cursor",
                            "send the next_cursor of a page that was asked for with the same text",
                        )
                    })
                })
                .transpose()?;
            let limit = usize::from(question.limit.get());
            let found =
                client_search::search(db, &caller.scope, &question.text, limit, after.as_ref())?;
            Ok(FoundClientsBody {
                data: found.clients,
                next_cursor: found
                    .next
                    .map(|position| cursor::write_search(&position, &context)),
            })
        })
        .await
}

/// Shows a client.
#[utoipa::path(
    tag = "clients",
    operation_id = "get_client",
    security(("key" = ["see_clients"])),
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
    security(("key" = ["manage_clients"])),
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
    security(("key" = ["see_clients"])),
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

/// Counts what became of a client's sessions: whether they came, called off, or stayed away.
///
/// Only sessions at studios that the key sees are counted, and of those that were called off only the ones that had a time. What
/// is still to come isn't counted.
#[utoipa::path(
    tag = "clients",
    operation_id = "show_client_attendance",
    security(("key" = ["see_clients"])),
    params(("id" = ClientId, Path, description = "The client.")),
    responses((status = 200, description = "The counts.", body = Attendance))
)]
#[get("/v1/clients/{id}/attendance")]
pub(crate) async fn show_client_attendance(
    reading: Reading<SeeClients>,
    id: Id<ClientId>,
) -> Answered {
    reading
        .show(move |db, caller, _| Attendance::of_client(db, &caller.scope, id.0))
        .await
}
