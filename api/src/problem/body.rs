//! How a problem is written as an answer: its body (RFC 9457) and its headers.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use serde::Serialize;
use stipple_shared::error::FieldError;
use utoipa::ToSchema;

use super::Problem;

/// The media type of every error.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of every answer with a status of 400 or more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the kind of problem: `urn:stipple:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:stipple:problem:stale_version")]
    kind: String,
    /// The same for every problem of this kind.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// A stable name to program against. New ones may come.
    #[schema(example = "stale_version")]
    code: &'static str,
    /// What to do about it.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// Names this request in our log.
    request_id: String,
    /// Each thing that is wrong, where there are several or where it has a place.
    errors: Vec<FieldError>,
    /// What stands in the way, such as the sessions that a booking would overlap.
    #[schema(value_type = Vec<Object>)]
    conflicts: Vec<serde_json::Value>,
}

impl Problem {
    /// Adds the headers that tell what to do.
    pub(crate) fn add_headers(&self, response: &mut HttpResponse) {
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name.clone(), value);
            }
        }
    }

    /// The finished answer.
    pub(crate) fn respond(&self, instance: &str, request_id: &str) -> HttpResponse {
        let body = ProblemBody {
            kind: format!("urn:stipple:problem:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            conflicts: self.conflicts.clone(),
        };
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        match serde_json::to_vec(&body) {
            Ok(body) => response.content_type(MEDIA_TYPE).body(body),
            // The body is plain data; were it ever not, the status still tells.
            Err(_) => response.finish(),
        }
    }
}
