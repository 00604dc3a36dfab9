//! `/v1/practitioners` and their time off.

use actix_web::{delete, get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::practitioner::{NewPractitioner, NewTimeOff, PractitionerPatch};
use stipple_shared::domain::reassignment::ReassignSessions;
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{PractitionerId, TimeOffId};
use stipple_shared::storage::practitioners::{Practitioner, PractitionerFilter};
use stipple_shared::storage::reassign::{self, Reassignment};
use stipple_shared::storage::time_off::TimeOff;
use utoipa::IntoParams;

use super::Answered;
use super::session_actions::may_override;
use crate::access::{Book, ManageStudio, ManageTimeOff, SeeStudio};
use crate::answer::{self, PageBody, resources};
use crate::request::{Command, Filter, Id, Ids, Json, Merge, NoBody, Paging, Reading};

resources! {
    Practitioner: "/v1/practitioners";
}

impl answer::Resource for TimeOff {
    fn version(&self) -> i64 {
        self.version
    }

    fn path(&self) -> String {
        format!(
            "/v1/practitioners/{}/time-off/{}",
            self.practitioner_id, self.id
        )
    }
}

/// Which practitioners.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PractitionersQuery {
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
    /// Only those who can be booked, or only those who can't.
    active: Option<bool>,
}

impl Filter for PractitionersQuery {
    const LASTING: &'static [&'static str] = &[];
}

/// Adds a practitioner.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "add_practitioner",
    security(("key" = ["manage_studio"])),
    request_body = NewPractitioner,
    responses((status = 201, description = "The practitioner.", body = Practitioner, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/practitioners")]
pub(crate) async fn add_practitioner(
    command: Command<ManageStudio, Json<NewPractitioner>>,
) -> Answered {
    command
        .run(|tx, given| given.created(&Practitioner::add(tx, given.body)?))
        .await
}

/// Lists practitioners.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "list_practitioners",
    security(("key" = ["see_studio"])),
    params(Paging, PractitionersQuery),
    responses((status = 200, description = "A page of practitioners.", body = PageBody<Practitioner>, headers(("Link" = String))))
)]
#[get("/v1/practitioners")]
pub(crate) async fn list_practitioners(
    reading: Reading<SeeStudio, PractitionersQuery>,
) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = PractitionerFilter {
                external_id: query.external_id.clone(),
                active: query.active,
            };
            Practitioner::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a practitioner.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "get_practitioner",
    security(("key" = ["see_studio"])),
    params(("id" = PractitionerId, Path, description = "The practitioner.")),
    responses((status = 200, description = "The practitioner.", body = Practitioner, headers(("ETag" = String))))
)]
#[get("/v1/practitioners/{id}")]
pub(crate) async fn get_practitioner(
    reading: Reading<SeeStudio>,
    id: Id<PractitionerId>,
) -> Answered {
    reading
        .one(move |db, caller| Practitioner::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes a practitioner.
///
/// One who leaves is made inactive: their keys end at once, and staff get a task of the kind `practitioner_left` for each
/// session that is booked with them and still to come.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "change_practitioner",
    security(("key" = ["manage_studio"])),
    params(("id" = PractitionerId, Path, description = "The practitioner.")),
    request_body(content = PractitionerPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed practitioner.", body = Practitioner, headers(("ETag" = String))))
)]
#[patch("/v1/practitioners/{id}")]
pub(crate) async fn change_practitioner(
    command: Command<ManageStudio, Merge<PractitionerPatch>>,
    id: Id<PractitionerId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Practitioner::change(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Gives a practitioner's sessions to come to another one, each at its time.
///
/// The rules of booking hold: hours, time off and overlaps. With the mode `all_or_nothing` one no is a 409 that names
/// each session and what stands in its way; with `each` those stay where they are and the answer names them. Clients are
/// not told, since their time stays. Without `session_ids` the practitioner's open plans go along.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "reassign_sessions",
    security(("key" = ["book"])),
    params(("id" = PractitionerId, Path, description = "The practitioner who has the sessions now.")),
    request_body = ReassignSessions,
    responses((status = 200, description = "What became of each session.", body = Reassignment))
)]
#[post("/v1/practitioners/{id}/reassign-sessions")]
pub(crate) async fn reassign_sessions(
    command: Command<Book, Json<ReassignSessions>>,
    id: Id<PractitionerId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let done =
                reassign::reassign_sessions(tx, id.0, given.body, may_override(given.caller))?;
            answer::plain(200, &done)
        })
        .await
}

/// Enters time off.
///
/// Sessions already booked in it stay booked.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "enter_time_off",
    security(("key" = ["manage_time_off"])),
    params(("id" = PractitionerId, Path, description = "The practitioner.")),
    request_body = NewTimeOff,
    responses((status = 201, description = "The time off.", body = TimeOff, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/practitioners/{id}/time-off")]
pub(crate) async fn enter_time_off(
    command: Command<ManageTimeOff, Json<NewTimeOff>>,
    id: Id<PractitionerId>,
) -> Answered {
    command
        .run(move |tx, given| given.created(&TimeOff::enter(tx, id.0, given.body)?))
        .await
}

/// Lists a practitioner's time off.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "list_time_off",
    security(("key" = ["see_studio"])),
    params(("id" = PractitionerId, Path, description = "The practitioner."), Paging),
    responses((status = 200, description = "A page of time off.", body = PageBody<TimeOff>, headers(("Link" = String))))
)]
#[get("/v1/practitioners/{id}/time-off")]
pub(crate) async fn list_time_off(reading: Reading<SeeStudio>, id: Id<PractitionerId>) -> Answered {
    reading
        .page(move |db, caller, _, page| TimeOff::list(db, &caller.scope, id.0, page))
        .await
}

/// Takes time off back.
#[utoipa::path(
    tag = "practitioners",
    operation_id = "take_back_time_off",
    security(("key" = ["manage_time_off"])),
    params(
        ("id" = PractitionerId, Path, description = "The practitioner."),
        ("inner_id" = TimeOffId, Path, description = "The time off."),
    ),
    responses((status = 204, description = "Taken back."))
)]
#[delete("/v1/practitioners/{id}/time-off/{inner_id}")]
pub(crate) async fn take_back_time_off(
    command: Command<ManageTimeOff, NoBody>,
    ids: Ids<PractitionerId, TimeOffId>,
) -> Answered {
    command
        .run(move |tx, given| {
            TimeOff::take_back(tx, ids.0, ids.1, given.if_match)?;
            Ok(answer::done())
        })
        .await
}
