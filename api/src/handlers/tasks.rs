//! `/v1/tasks`.

use actix_web::{get, post};
use serde::Deserialize;
use stipple_shared::domain::task::CloseTask;
use stipple_shared::domain::{
    ClientId, PractitionerId, SessionId, StudioId, TaskId, TaskKind, TaskState,
};
use stipple_shared::storage::tasks::{Task, TaskFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageTasks, SeeClients};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, Paging, Reading};

resources! {
    Task: "/v1/tasks", clinical: ["clinical_note"];
}

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TasksQuery {
    /// Those of this studio.
    studio_id: Option<StudioId>,
    /// Those that stand so.
    state: Option<TaskState>,
    /// Those about this.
    kind: Option<TaskKind>,
    /// Those that concern this client.
    client_id: Option<ClientId>,
    /// Those that concern this session.
    session_id: Option<SessionId>,
    /// Those about a session that this practitioner treats, as it stands now. A task that is about no session, such as one about
    /// a client's address or a studio's own words, belongs to no practitioner and isn't among them.
    practitioner_id: Option<PractitionerId>,
}

impl Filter for TasksQuery {
    const LASTING: &'static [&'static str] = &["studio_id", "kind", "client_id", "session_id"];
}

/// Lists tasks, in the order in which they were opened.
///
/// The front desk doesn't see those about pigment records.
#[utoipa::path(
    tag = "tasks",
    operation_id = "list_tasks",
    security(("key" = ["see_clients"])),
    params(Paging, TasksQuery),
    responses((status = 200, description = "A page of tasks.", body = PageBody<Task>, headers(("Link" = String))))
)]
#[get("/v1/tasks")]
pub(crate) async fn list_tasks(reading: Reading<SeeClients, TasksQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = TaskFilter {
                studio_id: query.studio_id,
                state: query.state,
                kind: query.kind,
                client_id: query.client_id,
                session_id: query.session_id,
                practitioner_id: query.practitioner_id,
            };
            Task::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a task.
#[utoipa::path(
    tag = "tasks",
    operation_id = "get_task",
    security(("key" = ["see_clients"])),
    params(("id" = TaskId, Path, description = "The task.")),
    responses((status = 200, description = "The task.", body = Task, headers(("ETag" = String))))
)]
#[get("/v1/tasks/{id}")]
pub(crate) async fn get_task(reading: Reading<SeeClients>, id: Id<TaskId>) -> Answered {
    reading
        .one(move |db, caller| Task::find_in(db, &caller.scope, id.0))
        .await
}

/// Closes a task.
///
/// Closing it again in the same way is as doing it once. Where its client was erased, close it without a `resolution`: with one
/// it's 409, `client_erased`.
#[utoipa::path(
    tag = "tasks",
    operation_id = "close_task",
    security(("key" = ["manage_tasks"])),
    params(("id" = TaskId, Path, description = "The task.")),
    request_body = CloseTask,
    responses((status = 200, description = "The closed task.", body = Task, headers(("ETag" = String))))
)]
#[post("/v1/tasks/{id}/close")]
pub(crate) async fn close_task(
    command: Command<ManageTasks, Json<CloseTask>>,
    id: Id<TaskId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&Task::close(
                tx,
                id.0,
                given.if_match,
                given.body.outcome,
                given.body.resolution.as_ref(),
            )?)
        })
        .await
}
