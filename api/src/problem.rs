//! The one place that turns an error into a status and a code.

mod body;

pub use body::{MEDIA_TYPE, ProblemBody};

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use stipple_shared::Error;
use stipple_shared::error::FieldError;

/// The media type of a change to a thing.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// What a handler answers with when it can't do what was asked.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    conflicts: Vec<serde_json::Value>,
    headers: Vec<(HeaderName, String)>,
    /// Only for the log: what a fault of ours was caused by.
    cause: Option<String>,
}

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            conflicts: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// No key, or one that isn't known.
    pub fn unauthorised(detail: &'static str) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorised",
            "No valid key",
            detail,
        )
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"stipple\"")
    }

    /// A key whose role doesn't allow this.
    pub fn forbidden(permission: &'static str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "Not allowed",
            format!(
                "this needs a key whose role has the permission {permission}; GET /v1/me shows what yours has"
            ),
        )
    }

    /// Nothing answers at this path.
    pub fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_such_path",
            "No such path",
            "see /docs for the paths that exist",
        )
    }

    /// The path exists, the method doesn't.
    pub fn method_not_allowed(allowed: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            format!("this path answers {allowed}"),
        )
        .with_header(header::ALLOW, allowed)
    }

    /// A body of a kind that isn't read here.
    pub fn unsupported_media_type(accepted: &'static str) -> Self {
        let problem = Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            format!("send the body with Content-Type: {accepted}"),
        )
        .with_header(header::ACCEPT, accepted);
        // RFC 5789 has a header of its own for this.
        if accepted == MERGE_PATCH {
            problem.with_header(HeaderName::from_static("accept-patch"), accepted)
        } else {
            problem
        }
    }

    /// A body in a coding, such as gzip.
    pub fn unsupported_content_encoding() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_content_encoding",
            "Unsupported content encoding",
            "send the body as it is, without Content-Encoding: it isn't unpacked here",
        )
        .with_header(header::ACCEPT_ENCODING, "identity")
    }

    /// A body that is too large.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "Body too large",
            format!("send at most {limit} bytes"),
        )
    }

    /// A body that isn't JSON.
    pub fn malformed_body(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed_body",
            "The body is not valid JSON",
            detail,
        )
    }

    /// A query parameter that is unknown or can't be read.
    pub fn invalid_query(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .first()
            .map(|error| error.detail.clone())
            .unwrap_or_default();
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_query",
            "The query is not valid",
            detail,
        )
        .with_errors(errors)
    }

    /// A change number that is above all that were given.
    pub fn unknown_change(latest: i64) -> Self {
        let detail = format!(
            "this database's latest change is {latest}, so the copy was made from other data: empty it, and begin again \
             with updated_since=0"
        );
        Self::new(
            StatusCode::BAD_REQUEST,
            "unknown_change",
            "The change number is not of this database",
            detail.clone(),
        )
        .with_errors(vec![FieldError::new(
            "updated_since",
            "unknown_change",
            detail,
        )])
    }

    /// A header that can't be read.
    pub fn invalid_header(name: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_header",
            "A header is not valid",
            detail.clone(),
        )
        .with_errors(vec![FieldError::new(name, "invalid_value", detail)])
    }

    /// A change that must name the version it was made from.
    pub fn if_match_required() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match_required",
            "If-Match is required",
            "send If-Match with the ETag of the copy that you changed, so that nobody else's change is lost",
        )
    }

    /// The request took too long to arrive or to be answered.
    pub fn timed_out() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "The request took too long",
            "send the whole request sooner; with an Idempotency-Key it can be repeated safely",
        )
    }

    /// The answer took too long to make.
    pub fn answer_too_late() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "answer_too_late",
            "The answer took too long",
            "it may or may not have been done: look, or send the same request with the same Idempotency-Key",
        )
        .with_header(header::RETRY_AFTER, "10")
    }

    /// More requests than a key or an address may make.
    pub fn too_many_requests(wait_seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests",
            "wait for the seconds that Retry-After says, then go on more slowly; RateLimit-Policy says how many a minute",
        )
        .with_header(header::RETRY_AFTER, wait_seconds.to_string())
    }

    /// A path with its query that is too long.
    pub fn uri_too_long(limit: usize) -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            "uri_too_long",
            "Path or query too long",
            format!("send at most {limit} bytes of path and query"),
        )
    }

    /// Header lines that are too long together.
    pub fn headers_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            "Headers too large",
            format!("send at most {limit} bytes of header lines"),
        )
    }

    /// A page of an origin that isn't allowed, or that wants more than is allowed.
    pub fn origin_not_allowed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "Not allowed from this page",
            "whoever runs this server names the origins that may use it in STIPPLE_ALLOWED_ORIGINS; \
             the contract names the methods and headers",
        )
    }

    /// What another layer answered with a bare status.
    pub fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::no_such_path(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(crate::request::BODY_LIMIT),
            StatusCode::REQUEST_TIMEOUT => Self::timed_out(),
            status if status.is_client_error() => Self::new(
                status,
                "bad_request",
                "Bad request",
                "the request could not be read as HTTP",
            ),
            _ => Self::fault(None),
        }
    }

    /// A fault of ours.
    pub fn fault(cause: Option<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side",
            "try again; if it stays, give the request_id to whoever runs this server",
        );
        problem.cause = cause;
        problem
    }

    /// The status that this is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What a fault of ours was caused by, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

/// How a thing is found whose id isn't known, where people have something else in hand.
fn how_to_find(what: &str) -> &'static str {
    match what {
        "lot" => {
            "; to find one by its printed code, ask GET /v1/lots?code= and take the id from there"
        }
        "client" => {
            "; to find one by name, e-mail or telephone, send POST /v1/clients/search and take the id from there"
        }
        _ => "",
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { what } => Self::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                format!(
                    "there is no {what} with this id that this key can see{}",
                    how_to_find(what)
                ),
            ),
            Error::Invalid(errors) => {
                let detail = errors
                    .first()
                    .map(|error| error.detail.clone())
                    .unwrap_or_default();
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    "The request is not valid",
                    detail,
                )
                .with_errors(errors)
            }
            Error::Refused {
                code,
                detail,
                breaches,
                conflicts,
            } => {
                let mut problem = Self::new(StatusCode::CONFLICT, code, "A rule says no", detail)
                    .with_errors(breaches);
                problem.conflicts = conflicts;
                problem
            }
            Error::Stale { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "stale_version",
                "Somebody changed this in the meantime",
                format!(
                    "read it again (its version is now {current}), apply your change to that, and send its ETag as it was \
                     given, quotes included"
                ),
            ),
            Error::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key came with another request",
                "use a new key for a new request, and the same body for the same key",
            ),
            Error::KeyEnded => Self::unauthorised("this key has ended or was revoked"),
            Error::Forbidden { detail } => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
            }
            Error::Unavailable {
                retry_after_seconds,
                ..
            } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available right now",
                "try the same request again after the time that Retry-After says",
            )
            .with_header(header::RETRY_AFTER, retry_after_seconds.to_string()),
            Error::Internal(cause) => Self::fault(Some(cause.to_string())),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Only the status: the middleware writes the body, because it alone knows the path and the request id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status)
    }
}
