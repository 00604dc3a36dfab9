//! Taking a client off the list of `/v1/clients`, putting them back, erasing who they are.

use actix_web::{delete, post};
use stipple_shared::domain::ClientId;
use stipple_shared::domain::client_removal::EraseClient;
use stipple_shared::storage::clients::Client;

use super::Answered;
use crate::access::{EraseClients, ManageClients};
use crate::answer;
use crate::request::{Command, Id, Json, NoBody, Versioned};

/// Takes a client off the list.
///
/// For somebody who was registered by mistake, or twice. Lists and the search leave them out, `updated_since` tells of them
/// with `deleted_at`, and no link in their mails holds any more. Of what was to be sent to them only a cancellation that waits
/// still is. What was recorded stays readable, and is still counted among the uses of a lot. Nothing new is begun with them:
/// that is 409, `client_deleted`. What took place can still be recorded.
///
/// While they have sessions to come or an open plan it's 409, `client_expected`, and `conflicts` names these: cancel and close
/// them first. Taking off twice is as doing it once.
#[utoipa::path(
    tag = "clients",
    operation_id = "remove_client",
    security(("key" = ["manage_clients"])),
    params(
        ("id" = ClientId, Path, description = "The client."),
        ("If-Match" = String, Header, description = "The ETag of the copy that the decision rests on, or *."),
    ),
    responses((status = 204, description = "Taken off the list."))
)]
#[delete("/v1/clients/{id}")]
pub(crate) async fn remove_client(
    command: Command<ManageClients, Versioned<NoBody>>,
    id: Id<ClientId>,
) -> Answered {
    command
        .run(move |tx, given| {
            Client::remove(tx, id.0, given.if_match)?;
            Ok(answer::done())
        })
        .await
}

/// Puts a client back on the list.
///
/// Reminders that are still of use are scheduled again; links in earlier mails stay void. Who was erased can't come back: that
/// is 409, `client_erased`. Whoever is on the list stays there.
#[utoipa::path(
    tag = "clients",
    operation_id = "restore_client",
    security(("key" = ["manage_clients"])),
    params(("id" = ClientId, Path, description = "The client.")),
    responses((status = 200, description = "The client.", body = Client, headers(("ETag" = String))))
)]
#[post("/v1/clients/{id}/restore")]
pub(crate) async fn restore_client(
    command: Command<ManageClients, NoBody>,
    id: Id<ClientId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&Client::restore(tx, id.0, given.if_match)?))
        .await
}

/// Erases who a client is. It can't be undone.
///
/// Blanked are names, addresses, numbers, the date of birth, other systems' names, choices about mails, notes for all staff, the
/// mails that were sent, what the client wrote on their page, how tasks about them were closed, and what stood in kept answers and
/// in the audit trail's details. The names become `Erased client`. Their plans, sessions, assessments and pigment records with
/// lots, mixes and zones stay under the same ids, with what those who treat wrote in them, and so do all reasons that were given:
/// a recall still counts whom it concerns. `stipple audit verify` still finds the trail whole.
///
/// The client must be off the list: else it's 409, `client_on_list`. While they are still to be told that a session is off, it's
/// 409, `cancellation_waits`, and `conflicts` names the reminders: send each at once and wait until it's sent, or call it off.
/// Other reminders that are still scheduled end as superseded, by `client_erased`.
///
/// What is blanked doesn't come back: a later write that brings such a field is 409, `client_erased`, and `errors` names it.
/// Erasing twice is as doing it once, and the first reason stays; what an older release let in since is blanked then.
/// Backups keep what they have, and a database's file keeps what it freed until that is written over: the README says what to do.
#[utoipa::path(
    tag = "clients",
    operation_id = "erase_client",
    security(("key" = ["erase_clients"])),
    params(("id" = ClientId, Path, description = "The client.")),
    request_body = EraseClient,
    responses((status = 200, description = "What is left of the client.", body = Client, headers(("ETag" = String))))
)]
#[post("/v1/clients/{id}/erase")]
pub(crate) async fn erase_client(
    command: Command<EraseClients, Json<EraseClient>>,
    id: Id<ClientId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Client::erase(
                tx,
                id.0,
                given.if_match,
                &given.body.reason,
            )?)
        })
        .await
}
