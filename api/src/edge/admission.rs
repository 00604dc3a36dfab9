//! Whether a request comes in at all: its size, its coding, and how many its address has sent.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use super::{Arrival, slow_body};
use crate::problem::Problem;
use crate::server::Api;

/// No path with its query is longer, in bytes: the longest honest one has a cursor and a few ids in it.
const LONGEST_TARGET: usize = 8 * 1024;

/// All header lines of a request together are no longer, in bytes. The server itself gives up at 128 KiB.
const LONGEST_HEADERS: usize = 32 * 1024;

/// What those who run the server ask is always let in.
const FREE: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Lets a request in, or answers it.
pub(crate) async fn admit(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody + 'static, BoxBody>>, Error> {
    if let Some(problem) = too_long(&request) {
        return Ok(refuse(request, problem));
    }
    let Some(api) = request.app_data::<web::Data<Api>>().cloned() else {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_left_body);
    };
    let address = request
        .extensions()
        .get::<Arrival>()
        .and_then(|arrival| arrival.address)
        .filter(|_| !FREE.contains(&request.path()));
    if let Some(answer) = address.and_then(|address| api.edge.rates.of_address(address)) {
        let (standing, problem) = match answer {
            Ok(standing) => (standing, None),
            Err(standing) => {
                let problem = Problem::too_many_requests(standing.wait());
                (standing, Some(problem))
            }
        };
        if let Some(arrival) = request.extensions_mut().get_mut::<Arrival>() {
            arrival.standing = Some(standing);
        }
        if let Some(problem) = problem {
            return Ok(refuse(request, problem));
        }
    }
    if is_packed(&mut request) {
        return Ok(refuse(request, Problem::unsupported_content_encoding()));
    }
    slow_body::limit(&mut request, api.edge.times.body);
    let response = next.call(request).await?;
    if response.status() == StatusCode::UNAUTHORIZED
        && let Some(address) = address
    {
        api.edge.rates.failed(address);
    }
    Ok(response.map_into_left_body())
}

fn refuse<B>(request: ServiceRequest, problem: Problem) -> ServiceResponse<EitherBody<B, BoxBody>> {
    // Unlike `into_response`, this keeps the problem, of which the body is made further out.
    request.error_response(problem).map_into_right_body()
}

/// Whether there is a body that would have to be unpacked: read as it comes, it would be taken for broken.
fn is_packed(request: &mut ServiceRequest) -> bool {
    if request.method().is_safe() || matches!(request.parts_mut().1, Payload::None) {
        return false;
    }
    let codings = request.headers().get_all(CONTENT_ENCODING);
    codings
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

fn too_long(request: &ServiceRequest) -> Option<Problem> {
    let uri = request.uri();
    let target = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if target > LONGEST_TARGET {
        return Some(Problem::uri_too_long(LONGEST_TARGET));
    }
    // With the colon, the space and the line's end.
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    (headers > LONGEST_HEADERS).then(|| Problem::headers_too_large(LONGEST_HEADERS))
}
