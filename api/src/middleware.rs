//! What surrounds every request: an id, a clock, the log line, the figures, and problems in one shape.

use std::panic::AssertUnwindSafe;
use std::time::Instant as Stopwatch;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::problem::Problem;
use crate::server::{Api, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Surrounds a request.
pub(crate) async fn surround(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Stopwatch::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let http = request.request().clone();
    // A handler that panics must answer like any other fault, not cut the connection.
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let mut response = match outcome {
        Ok(Ok(response)) => shape(response.map_into_boxed_body(), &id),
        Ok(Err(error)) => {
            let problem = problem_of(&error);
            log_fault(&problem, &id);
            ServiceResponse::new(http.clone(), problem.respond(http.path(), &id))
        }
        Err(_panic) => {
            let problem = Problem::fault(Some("a handler panicked".into()));
            log_fault(&problem, &id);
            ServiceResponse::new(http.clone(), problem.respond(http.path(), &id))
        }
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    note(&http, &response, &id, began);
    Ok(response)
}

/// Gives problems their body, and an error that another layer answered the same shape.
fn shape(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let is_finished = response.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(crate::problem::MEDIA_TYPE.as_bytes())
    });
    if is_finished {
        return response;
    }
    let problem = match response.response().error() {
        Some(error) => problem_of(error),
        None => Problem::from_status(status),
    };
    log_fault(&problem, id);
    let path = response.request().path().to_owned();
    let finished = problem.respond(&path, id);
    response.into_response(finished)
}

fn problem_of(error: &Error) -> Problem {
    error
        .as_error::<Problem>()
        .cloned()
        .unwrap_or_else(|| Problem::from_status(error.as_response_error().status_code()))
}

fn log_fault(problem: &Problem, id: &str) {
    if problem.status().is_server_error() {
        tracing::error!(
            request_id = id,
            status = problem.status().as_u16(),
            cause = problem.cause().unwrap_or("none given"),
            "a request failed"
        );
    }
}

/// The caller's id where it's fit to be logged, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (8..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

fn note(
    request: &actix_web::HttpRequest,
    response: &ServiceResponse<BoxBody>,
    id: &str,
    began: Stopwatch,
) {
    let took = began.elapsed();
    let status = response.status().as_u16();
    let method = request.method().as_str();
    // The pattern and not the path: an id in a log line could be tied to a person.
    let route = request.match_pattern();
    let route = route.as_deref().unwrap_or("none");
    if let Some(api) = request.app_data::<web::Data<Api>>() {
        api.metrics.answered(method, route, status, took);
    }
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if request.method().is_safe() {
        tracing::debug!(
            request_id = id,
            method,
            route,
            status,
            duration_us,
            "answered"
        );
    } else {
        tracing::info!(
            request_id = id,
            method,
            route,
            status,
            duration_us,
            "answered"
        );
    }
}
