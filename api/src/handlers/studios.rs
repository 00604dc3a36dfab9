//! `/v1/studios` and their rooms.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::studio::{NewRoom, NewStudio, RoomPatch, StudioPatch};
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{RoomId, StudioId};
use stipple_shared::error::Error;
use stipple_shared::storage::rooms::Room;
use stipple_shared::storage::studios::{Studio, StudioFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageStudio, SeeStudio};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Ids, Json, Merge, Paging, Reading};

resources! {
    Studio: "/v1/studios";
}

impl crate::answer::Resource for Room {
    fn version(&self) -> i64 {
        self.version
    }

    fn path(&self) -> String {
        format!("/v1/studios/{}/rooms/{}", self.studio_id, self.id)
    }
}

/// Which studios.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudiosQuery {
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
}

impl Filter for StudiosQuery {
    const LASTING: &'static [&'static str] = &[];
}

/// Opens a studio.
///
/// It gets the usual reminder rules, which can then be changed.
#[utoipa::path(
    tag = "studios",
    operation_id = "open_studio",
    security(("key" = ["manage_studio"])),
    request_body = NewStudio,
    responses((status = 201, description = "The studio.", body = Studio, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/studios")]
pub(crate) async fn open_studio(command: Command<ManageStudio, Json<NewStudio>>) -> Answered {
    command
        .run(|tx, given| given.created(&Studio::open(tx, given.body)?))
        .await
}

/// Lists studios.
#[utoipa::path(
    tag = "studios",
    operation_id = "list_studios",
    security(("key" = ["see_studio"])),
    params(Paging, StudiosQuery),
    responses((status = 200, description = "A page of studios.", body = PageBody<Studio>, headers(("Link" = String))))
)]
#[get("/v1/studios")]
pub(crate) async fn list_studios(reading: Reading<SeeStudio, StudiosQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            Studio::list(
                db,
                &caller.scope,
                &StudioFilter {
                    external_id: query.external_id.clone(),
                },
                page,
            )
        })
        .await
}

/// Shows a studio.
#[utoipa::path(
    tag = "studios",
    operation_id = "get_studio",
    security(("key" = ["see_studio"])),
    params(("id" = StudioId, Path, description = "The studio.")),
    responses((status = 200, description = "The studio.", body = Studio, headers(("ETag" = String))))
)]
#[get("/v1/studios/{id}")]
pub(crate) async fn get_studio(reading: Reading<SeeStudio>, id: Id<StudioId>) -> Answered {
    reading
        .one(move |db, caller| Studio::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes a studio.
#[utoipa::path(
    tag = "studios",
    operation_id = "change_studio",
    security(("key" = ["manage_studio"])),
    params(("id" = StudioId, Path, description = "The studio.")),
    request_body(content = StudioPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed studio.", body = Studio, headers(("ETag" = String))))
)]
#[patch("/v1/studios/{id}")]
pub(crate) async fn change_studio(
    command: Command<ManageStudio, Merge<StudioPatch>>,
    id: Id<StudioId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&Studio::change(tx, id.0, given.if_match, given.body)?))
        .await
}

/// Adds a room to a studio.
///
/// A second one of the same name, however it's written, is refused with `room_name_taken`, and `conflicts` names the first.
#[utoipa::path(
    tag = "studios",
    operation_id = "add_room",
    security(("key" = ["manage_studio"])),
    params(("id" = StudioId, Path, description = "The studio.")),
    request_body = NewRoom,
    responses((status = 201, description = "The room.", body = Room, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/studios/{id}/rooms")]
pub(crate) async fn add_room(
    command: Command<ManageStudio, Json<NewRoom>>,
    id: Id<StudioId>,
) -> Answered {
    command
        .run(move |tx, given| given.created(&Room::add(tx, id.0, given.body)?))
        .await
}

/// Lists a studio's rooms.
#[utoipa::path(
    tag = "studios",
    operation_id = "list_rooms",
    security(("key" = ["see_studio"])),
    params(("id" = StudioId, Path, description = "The studio."), Paging),
    responses((status = 200, description = "A page of rooms.", body = PageBody<Room>, headers(("Link" = String))))
)]
#[get("/v1/studios/{id}/rooms")]
pub(crate) async fn list_rooms(reading: Reading<SeeStudio>, id: Id<StudioId>) -> Answered {
    reading
        .page(move |db, caller, _, page| Room::list(db, &caller.scope, id.0, page))
        .await
}

/// Shows a room.
#[utoipa::path(
    tag = "studios",
    operation_id = "get_room",
    security(("key" = ["see_studio"])),
    params(("id" = StudioId, Path, description = "The studio."), ("inner_id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The room.", body = Room, headers(("ETag" = String))))
)]
#[get("/v1/studios/{id}/rooms/{inner_id}")]
pub(crate) async fn get_room(reading: Reading<SeeStudio>, ids: Ids<StudioId, RoomId>) -> Answered {
    reading
        .one(move |db, caller| {
            Room::find_in(db, &caller.scope, ids.1).and_then(|room| belongs(room, ids.0))
        })
        .await
}

/// Changes a room.
#[utoipa::path(
    tag = "studios",
    operation_id = "change_room",
    security(("key" = ["manage_studio"])),
    params(("id" = StudioId, Path, description = "The studio."), ("inner_id" = RoomId, Path, description = "The room.")),
    request_body(content = RoomPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed room.", body = Room, headers(("ETag" = String))))
)]
#[patch("/v1/studios/{id}/rooms/{inner_id}")]
pub(crate) async fn change_room(
    command: Command<ManageStudio, Merge<RoomPatch>>,
    ids: Ids<StudioId, RoomId>,
) -> Answered {
    command
        .run(move |tx, given| {
            belongs(Room::find_in(tx.db, &given.caller.scope, ids.1)?, ids.0)?;
            given.changed(&Room::change(tx, ids.1, given.if_match, given.body)?)
        })
        .await
}

fn belongs(room: Room, studio_id: StudioId) -> Result<Room, Error> {
    if room.studio_id == studio_id {
        Ok(room)
    } else {
        Err(Error::NotFound { what: "room" })
    }
}
