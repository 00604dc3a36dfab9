//! What surrounds every request: an id, a clock, the log line, the figures, and problems in one shape.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use actix_cors::CorsError;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use futures_util::FutureExt;
use stipple_shared::mail::words::Locale;
use uuid::Uuid;

use crate::edge::{self, Arrival, Compression, Held, Standing, Watch};
use crate::pages;
use crate::problem::Problem;
use crate::server::{Api, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of a request before its handler has it.
struct Visit {
    began: Stopwatch,
    id: String,
    method: Method,
    path: String,
    /// The language of the pages that know no client.
    locale: Option<Locale>,
    compression: Compression,
    watch: Option<Watch>,
    api: Option<web::Data<Api>>,
}

/// Surrounds a request.
pub(crate) async fn surround(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let visit = Visit {
        began: Stopwatch::now(),
        id: request_id(&request),
        method: request.method().clone(),
        path: request.path().to_owned(),
        locale: pages::covers(request.path()).then(|| pages::locale_of(request.headers())),
        compression: Compression::of(&request),
        watch: request.conn_data::<Held>().map(Held::begin),
        api: request.app_data::<web::Data<Api>>().cloned(),
    };
    request.extensions_mut().insert(RequestId(visit.id.clone()));
    if let Some(api) = &visit.api {
        let arrival = api.edge.arrival(&request);
        request.extensions_mut().insert(arrival);
    }
    // Routes know GET alone; the connection remembers that a HEAD's body isn't sent.
    if visit.method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    // A handler that panics must answer like any other fault, not cut the connection. The request itself can't be kept
    // for that: routing needs it unshared.
    let answering = AssertUnwindSafe(next.call(request)).catch_unwind();
    match tokio::time::timeout(visit.longest(), answering).await {
        Ok(Ok(Ok(response))) => {
            let mut response = shape(response.map_into_boxed_body(), &visit);
            let standing = standing(&response);
            visit.finish(response.response_mut(), standing);
            Ok(edge::compress(response, visit.compression))
        }
        Ok(Ok(Err(error))) => Err(visit.fail(&problem_of(&error))),
        Ok(Err(_panic)) => Err(visit.fail(&Problem::fault(Some("a handler panicked".into())))),
        Err(_late) => Err(visit.fail(&Problem::answer_too_late())),
    }
}

/// What a limit on requests has to tell, where one was asked.
fn standing(response: &ServiceResponse<BoxBody>) -> Option<Standing> {
    let extensions = response.request().extensions();
    extensions.get::<Arrival>()?.standing.clone()
}

impl Visit {
    /// For how long it's waited for an answer.
    fn longest(&self) -> Duration {
        let times = self.api.as_ref().map(|api| api.edge.times);
        times.unwrap_or_default().answer
    }

    /// The answer to a request that is gone.
    fn fail(&self, problem: &Problem) -> Error {
        log_fault(problem, &self.id);
        let mut response = self.answer(problem);
        self.finish(&mut response, None);
        InternalError::from_response(problem.clone(), response).into()
    }

    /// A problem in the shape that its reader expects.
    fn answer(&self, problem: &Problem) -> HttpResponse {
        match self.locale {
            Some(locale) => pages::of_problem(problem, locale),
            None => problem.respond(&self.path, &self.id),
        }
    }

    /// The path as the contract writes it.
    fn template(&self) -> Option<Arc<str>> {
        self.api.as_ref()?.documents.template(&self.path)
    }

    /// Adds what every answer has, and notes it.
    fn finish(&self, response: &mut HttpResponse, standing: Option<Standing>) {
        if response.status() == StatusCode::REQUEST_TIMEOUT {
            // What else of the body comes would be taken for the next request.
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, id);
        }
        edge::harden(headers);
        if let Some(standing) = standing {
            standing.tell(headers);
        }
        if let Some(watch) = &self.watch {
            watch.end(response.body().size() == BodySize::Stream);
        }
        let route = self.template().unwrap_or_else(|| "none".into());
        self.note(response.status().as_u16(), route);
    }

    /// Counts and logs the answer, by the pattern and not the path: an id in a log line could be tied to a person.
    fn note(&self, status: u16, route: Arc<str>) {
        let took = self.began.elapsed();
        let method = known_method(&self.method);
        let request_id = self.id.as_str();
        let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if self.method.is_safe() {
            tracing::debug!(
                request_id,
                method,
                route = &*route,
                status,
                duration_us,
                "answered"
            );
        } else {
            tracing::info!(
                request_id,
                method,
                route = &*route,
                status,
                duration_us,
                "answered"
            );
        }
        if let Some(api) = &self.api {
            api.metrics.answered(method, route, status, took);
        }
    }
}

/// The method where we know it: whoever invents names must not fill the figures with them.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Gives problems their body, and an error that another layer answered the same shape.
fn shape(response: ServiceResponse<BoxBody>, visit: &Visit) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let is_finished = response.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(crate::problem::MEDIA_TYPE.as_bytes())
            || (visit.locale.is_some() && kind.starts_with(b"text/html"))
    });
    if is_finished {
        return response;
    }
    let problem = match response.response().error() {
        Some(error) => problem_of(error),
        None => Problem::from_status(status),
    };
    log_fault(&problem, &visit.id);
    let mut finished = visit.answer(&problem);
    keep_origin_headers(response.headers(), finished.headers_mut());
    response.into_response(finished)
}

/// A page of another origin may read problems too.
fn keep_origin_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if *name == VARY || name.as_str().starts_with("access-control-") {
            to.append(name.clone(), value.clone());
        }
    }
}

fn problem_of(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    if edge::is_too_slow(error) {
        return Problem::timed_out();
    }
    if error.as_error::<CorsError>().is_some() {
        return Problem::origin_not_allowed();
    }
    Problem::from_status(error.as_response_error().status_code())
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

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod tests {
    use actix_web::http::header::X_CONTENT_TYPE_OPTIONS;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, try_call_service};
    use actix_web::{App, HttpResponse, web};
    use serde_json::Value;

    use super::*;

    async fn answer(path: &str) -> HttpResponse {
        async fn panicking() -> HttpResponse {
            panic!("a secret that must not be told")
        }
        let app = App::new()
            .route("/panic", web::get().to(panicking))
            .route("/bare", web::get().to(HttpResponse::BadGateway))
            .route(
                "/early",
                web::get().to(|| async { Err::<HttpResponse, _>(Problem::timed_out()) }),
            )
            .wrap(from_fn(surround));
        let app = actix_web::test::init_service(app).await;
        let request = TestRequest::get()
            .uri(path)
            .insert_header((REQUEST_ID, "test-0001"))
            .to_request();
        match try_call_service(&app, request).await {
            Ok(response) => response.map_into_boxed_body().into(),
            Err(error) => error.error_response(),
        }
    }

    async fn problem(path: &str) -> (StatusCode, Value) {
        let response = answer(path).await;
        assert_eq!(response.headers().get(REQUEST_ID).unwrap(), "test-0001");
        assert_eq!(
            response.headers().get(CONTENT_TYPE).unwrap(),
            crate::problem::MEDIA_TYPE
        );
        assert!(response.headers().contains_key(X_CONTENT_TYPE_OPTIONS));
        let status = response.status();
        let bytes = actix_web::body::to_bytes(response.into_body()).await;
        let body: Value = serde_json::from_slice(&bytes.unwrap()).unwrap();
        assert_eq!(body["request_id"], "test-0001");
        assert_eq!(body["instance"], path);
        assert!(!body.to_string().contains("secret"), "{body}");
        (status, body)
    }

    #[actix_web::test]
    async fn a_panic_is_answered_like_any_other_fault() {
        let (status, body) = problem("/panic").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["code"], "internal");
    }

    #[actix_web::test]
    async fn what_other_layers_answer_gets_the_same_shape() {
        let (status, body) = problem("/bare").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["code"], "internal");
        let (status, body) = problem("/nothing").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(body["code"], "no_such_path");
        let (status, body) = problem("/early").await;
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(body["code"], "request_timeout");
    }
}
