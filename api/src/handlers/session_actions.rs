//! What is done with sessions: booked, moved, confirmed, checked in, completed, cancelled, missed, taken back.

use actix_web::post;
use serde::Serialize;
use stipple_shared::domain::booking::{
    BookSeries, Booking, Cancel, Complete, Miss, Occurred, Revert,
};
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{PlanId, Role, SessionId};
use stipple_shared::storage::pigment_records::PigmentRecord;
use stipple_shared::storage::sessions::Session;
use utoipa::ToSchema;

use super::Answered;
use crate::access::{Book, Caller, RecordClinical};
use crate::answer::{self, ListBody, Resource};
use crate::request::{Command, Id, Json, MaybeJson, Versioned};

/// Overrides are for those who answer for the treatment.
pub(crate) fn may_override(caller: &Caller) -> MayOverride {
    match caller.role {
        Role::Owner | Role::Practitioner => MayOverride::Yes,
        Role::FrontDesk | Role::Auditor => MayOverride::No,
    }
}

/// Books a planned session.
///
/// Booking it again for the same time, practitioner and room is as doing it once.
#[utoipa::path(
    tag = "sessions",
    operation_id = "book_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Booking,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/book")]
pub(crate) async fn book_session(
    command: Command<Book, Json<Booking>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::book(
                tx,
                id.0,
                given.if_match,
                given.body,
                may_override(given.caller),
            )?)
        })
        .await
}

/// Moves a booked session.
///
/// It keeps its id and gets a new `schedule_version`; its client is asked to confirm anew. To move it to where it already
/// stands changes nothing, and is answered as if it had just been moved, also with a tag that is stale by then: so a move can
/// be repeated when its answer was lost.
#[utoipa::path(
    tag = "sessions",
    operation_id = "reschedule_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session."), ("If-Match" = String, Header, description = "The ETag of the copy that was moved, or *.")),
    request_body = Booking,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/reschedule")]
pub(crate) async fn reschedule_session(
    command: Command<Book, Versioned<Json<Booking>>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::reschedule(
                tx,
                id.0,
                given.if_match,
                given.body,
                may_override(given.caller),
            )?)
        })
        .await
}

/// Notes that the client has said yes to the time.
#[utoipa::path(
    tag = "sessions",
    operation_id = "confirm_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Occurred,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/confirm")]
pub(crate) async fn confirm_session(
    command: Command<Book, MaybeJson<Occurred>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::confirm(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Notes that the client is here.
#[utoipa::path(
    tag = "sessions",
    operation_id = "check_in_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Occurred,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/check-in")]
pub(crate) async fn check_in_session(
    command: Command<Book, MaybeJson<Occurred>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::check_in(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// A session that took place, with what was recorded in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompletedSession {
    #[serde(flatten)]
    session: Session,
    /// Its pigment records that stand, each with its own `nonconformities`: a lot that had expired, that is called back, or that
    /// isn't known.
    pigment_records: Vec<PigmentRecord>,
}

impl Resource for CompletedSession {
    const CLINICAL: &'static [&'static str] = Session::CLINICAL;

    fn version(&self) -> i64 {
        self.session.version()
    }

    fn path(&self) -> String {
        self.session.path()
    }
}

/// Notes that a session took place.
///
/// This is a fact, and so never refused by a rule. What wasn't as it should be with the session is listed in its
/// `nonconformities`, what wasn't with a pigment record in that record's, and a task is opened for each of them, but for
/// `after_its_day` alone, which asks whether it took place on its booked day: then tell that as `occurred_at`. Completing it
/// again answers with the records that it has by then; where it has none, records that come with it are refused with
/// `already_completed`, and so is what is told otherwise than the first time, so that it doesn't get lost.
#[utoipa::path(
    tag = "sessions",
    operation_id = "complete_session",
    security(("key" = ["record_clinical"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Complete,
    responses((status = 200, description = "The session as it stands now, with its pigment records.", body = CompletedSession, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/complete")]
pub(crate) async fn complete_session(
    command: Command<RecordClinical, Json<Complete>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let (session, pigment_records) =
                Session::complete(tx, id.0, given.if_match, given.body)?;
            given.changed(&CompletedSession {
                session,
                pigment_records,
            })
        })
        .await
}

/// Calls a session off.
///
/// In an open plan a new planned session takes its place and says which one it replaces. A client who calls off after the
/// studio's cut-off, `cancellation_cutoff_hours` before the start, is late by `occurred_at`, and the session says so in
/// `cancelled_late`. Cancelling it again is as doing it once; who, why or when told otherwise than before is refused with
/// `already_cancelled`, so that it doesn't get lost.
#[utoipa::path(
    tag = "sessions",
    operation_id = "cancel_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Cancel,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/cancel")]
pub(crate) async fn cancel_session(
    command: Command<Book, MaybeJson<Cancel>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::cancel(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Notes that the client didn't come.
///
/// In an open plan a new planned session takes its place and says which one it replaces. Noting it again is as doing it once;
/// why or when told otherwise than before is refused with `already_missed`, so that it doesn't get lost.
#[utoipa::path(
    tag = "sessions",
    operation_id = "miss_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = Miss,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/no-show")]
pub(crate) async fn miss_session(
    command: Command<Book, MaybeJson<Miss>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::no_show(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Takes the last action back.
///
/// The session stands as it did before. It needs If-Match, because doing it twice takes two actions back. Taking a
/// completion back needs `record_clinical` too. It's refused once pigment is recorded for it, or once a session that took its
/// place has its own time.
#[utoipa::path(
    tag = "sessions",
    operation_id = "revert_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session."), ("If-Match" = String, Header, description = "The ETag of the copy whose last action is taken back, or *.")),
    request_body = Revert,
    responses((status = 200, description = "The session as it stands now.", body = Session, headers(("ETag" = String))))
)]
#[post("/v1/sessions/{id}/revert")]
pub(crate) async fn revert_session(
    command: Command<Book, Versioned<Json<Revert>>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Session::revert(
                tx,
                id.0,
                given.if_match,
                given.body,
                may_override(given.caller),
            )?)
        })
        .await
}

/// Books several sessions of a plan, all of them or none. A refusal names what is wrong with the first that can't be booked.
#[utoipa::path(
    tag = "sessions",
    operation_id = "book_series",
    security(("key" = ["book"])),
    params(("id" = PlanId, Path, description = "The plan.")),
    request_body = BookSeries,
    responses((status = 200, description = "The booked sessions, in the plan's order.", body = ListBody<Session>))
)]
#[post("/v1/plans/{id}/book-series")]
pub(crate) async fn book_series(
    command: Command<Book, Json<BookSeries>>,
    id: Id<PlanId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let booked = Session::book_series(tx, id.0, given.body, may_override(given.caller))?;
            let data = booked
                .iter()
                .map(|session| answer::view(session, given.caller))
                .collect::<Result<Vec<_>, _>>()?;
            answer::plain(200, &ListBody { data })
        })
        .await
}
