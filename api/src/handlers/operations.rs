//! What those who run the server ask: is it alive, is it ready, how is it doing.

use actix_web::{HttpResponse, get, web};
use chrono::TimeDelta;
use stipple_shared::Error;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::figures::{Figures, last_tick, last_tick_of};

use super::Answered;
use crate::server::{Api, ExpectedWorker};

/// A worker that hasn't ticked for so long has stopped: it ticks every few seconds.
const LONGEST_SILENCE: TimeDelta = TimeDelta::seconds(90);

/// Whether the process is alive.
///
/// Answers without looking at the database.
#[utoipa::path(tag = "operations", operation_id = "livez", responses((status = 200, description = "Alive.", body = String, content_type = "text/plain")))]
#[get("/livez")]
pub(crate) async fn livez() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain")
        .body("alive\n")
}

/// Whether requests can be answered.
///
/// Tries a write, and where a reminder worker runs in this process, whether that one has ticked lately.
#[utoipa::path(
    tag = "operations",
    operation_id = "readyz",
    responses(
        (status = 200, description = "Ready.", body = String, content_type = "text/plain"),
        (status = 503, description = "Not ready.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/readyz")]
pub(crate) async fn readyz(api: web::Data<Api>) -> Answered {
    // An empty write still takes the write lock and commits.
    api.store
        .write(WriteContext::command_line(), |_| Ok(()))
        .await?;
    let expected = api.expects_worker.clone();
    if expected != ExpectedWorker::None {
        let now = api.store.clock().now();
        let ticked = api
            .store
            .read(move |db| match expected {
                ExpectedWorker::This(id) => last_tick_of(db, &id),
                ExpectedWorker::Any | ExpectedWorker::None => last_tick(db),
            })
            .await?;
        // A tick that is yet to come was noted by a clock that has been set back since: it says nothing of now.
        if ticked.is_none_or(|at| (now - at).abs() > LONGEST_SILENCE) {
            return Err(Error::Unavailable {
                cause: "no worker has been at work",
                retry_after_seconds: 5,
            }
            .into());
        }
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain")
        .body("ready\n"))
}

/// Figures for Prometheus.
#[utoipa::path(tag = "operations", operation_id = "metrics", responses((status = 200, description = "The figures.", body = String, content_type = "application/openmetrics-text")))]
#[get("/metrics")]
pub(crate) async fn metrics(api: web::Data<Api>) -> Answered {
    let now = api.store.clock().now();
    let figures = api.store.read(move |db| Figures::read(db, now)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(api.metrics.text(&figures)?))
}
