//! `/v1/sessions`.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::booking::{NewSession, SessionPatch};
use stipple_shared::domain::given;
use stipple_shared::domain::patch::Patch;
use stipple_shared::domain::text::ExternalId;
use stipple_shared::domain::{
    AccessKind, ClientId, Instant, PlanId, PractitionerId, SessionId, SessionKind, SessionState,
    StudioId,
};
use stipple_shared::error::Error;
use stipple_shared::storage::session_history::SessionTransition;
use stipple_shared::storage::sessions::{Session, SessionFilter};
use utoipa::IntoParams;

use super::Answered;
use super::session_actions::may_override;
use crate::access::{Book, SeeClients};
use crate::answer::{ListBody, PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Merge, Paging, Reading};

resources! {
    Session: "/v1/sessions", clinical: ["clinical_notes", "nonconformities", "overlap_reason", "overrides"], record: |it| {
        let is_clinical = it.clinical_notes.is_some() || !it.nonconformities.is_empty();
        is_clinical.then_some((it.client_id, AccessKind::Session))
    };
}

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionsQuery {
    /// The one that another system calls so.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<ExternalId>,
    /// Those of this client.
    client_id: Option<ClientId>,
    /// Those of this plan.
    plan_id: Option<PlanId>,
    /// Those at this studio.
    studio_id: Option<StudioId>,
    /// Those with this practitioner.
    practitioner_id: Option<PractitionerId>,
    /// Those in any of these states; write it once for each.
    #[serde(default)]
    state: Vec<SessionState>,
    /// `true` for those that the client called off late, `false` for all others that were called off.
    cancelled_late: Option<bool>,
    /// Those of this kind.
    kind: Option<SessionKind>,
    /// Those that start at this instant or later. With this or `starts_before` the order is that of the starts.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    starts_from: Option<Instant>,
    /// Those that start before this instant.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    starts_before: Option<Instant>,
    /// Those that took place, by `completed_at`, at this instant or later; also what was never booked.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    completed_from: Option<Instant>,
    /// Those that took place before this instant.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    completed_before: Option<Instant>,
}

impl Filter for SessionsQuery {
    const LASTING: &'static [&'static str] = &["client_id", "plan_id", "studio_id", "kind"];
}

/// Plans a session outside of a plan's series, and books it at once where a time is given.
#[utoipa::path(
    tag = "sessions",
    operation_id = "arrange_session",
    security(("key" = ["book"])),
    request_body = NewSession,
    responses((status = 201, description = "The session.", body = Session, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/sessions")]
pub(crate) async fn arrange_session(command: Command<Book, Json<NewSession>>) -> Answered {
    command
        .run(|tx, given| {
            given.created(&Session::arrange(
                tx,
                given.body,
                may_override(given.caller),
            )?)
        })
        .await
}

/// Lists sessions, in the order in which they were planned, or by start where a time is asked for.
#[utoipa::path(
    tag = "sessions",
    operation_id = "list_sessions",
    security(("key" = ["see_clients"])),
    params(Paging, SessionsQuery),
    responses((status = 200, description = "A page of sessions.", body = PageBody<Session>, headers(("Link" = String))))
)]
#[get("/v1/sessions")]
pub(crate) async fn list_sessions(reading: Reading<SeeClients, SessionsQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = SessionFilter {
                external_id: query.external_id.clone(),
                client_id: query.client_id,
                plan_id: query.plan_id,
                studio_id: query.studio_id,
                practitioner_id: query.practitioner_id,
                states: query.state.clone(),
                cancelled_late: query.cancelled_late,
                kind: query.kind,
                starts_from: query.starts_from,
                starts_before: query.starts_before,
                completed_from: query.completed_from,
                completed_before: query.completed_before,
            };
            Session::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a session.
#[utoipa::path(
    tag = "sessions",
    operation_id = "get_session",
    security(("key" = ["see_clients"])),
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Session, headers(("ETag" = String))))
)]
#[get("/v1/sessions/{id}")]
pub(crate) async fn get_session(reading: Reading<SeeClients>, id: Id<SessionId>) -> Answered {
    reading
        .one(move |db, caller| Session::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes what a session says beside its time and state.
///
/// Of a client who was erased, `external_id` and `notes` can't be written: that is 409, `client_erased`.
#[utoipa::path(
    tag = "sessions",
    operation_id = "change_session",
    security(("key" = ["book"])),
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content = SessionPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed session.", body = Session, headers(("ETag" = String))))
)]
#[patch("/v1/sessions/{id}")]
pub(crate) async fn change_session(
    command: Command<Book, Merge<SessionPatch>>,
    id: Id<SessionId>,
) -> Answered {
    command
        .run(move |tx, given| {
            if given.body.clinical_notes != Patch::Absent && !given.caller.sees_clinical() {
                return Err(Error::Forbidden {
                    detail: "clinical notes are written by those who treat".into(),
                });
            }
            given.changed(&Session::change(tx, id.0, given.if_match, given.body)?)
        })
        .await
}

/// Lists what was done with a session, oldest first.
#[utoipa::path(
    tag = "sessions",
    operation_id = "list_session_history",
    security(("key" = ["see_clients"])),
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "Each step, taken back or not.", body = ListBody<SessionTransition>))
)]
#[get("/v1/sessions/{id}/history")]
pub(crate) async fn list_session_history(
    reading: Reading<SeeClients>,
    id: Id<SessionId>,
) -> Answered {
    reading
        .show(move |db, caller, _| {
            let data = Session::history(db, &caller.scope, id.0)?;
            Ok(ListBody { data })
        })
        .await
}
