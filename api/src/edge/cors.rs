//! Pages of other origins: those that are named may use the API, all others only what any page may.

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH,
    IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::middleware::Condition;
use stipple_shared::config::Origin;

/// For so long a browser may remember what it was allowed, in seconds.
const REMEMBERED: usize = 3600;

/// Who may ask what. A key is shown in a header that only a page which has the key can send, so no answer allows
/// credentials that a browser adds by itself.
pub(crate) fn cors(origins: &[Origin]) -> Condition<Cors> {
    let cors = origins.iter().fold(Cors::default(), |cors, origin| {
        cors.allowed_origin(origin.as_str())
    });
    let cors = cors
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PATCH,
            Method::PUT,
            Method::DELETE,
        ])
        .allowed_headers([
            ACCEPT,
            ACCEPT_LANGUAGE,
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            ALLOW,
            ETAG,
            LINK,
            LOCATION,
            RETRY_AFTER,
            WWW_AUTHENTICATE,
            HeaderName::from_static("accept-patch"),
            HeaderName::from_static("idempotency-replayed"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(REMEMBERED)
        // A page that isn't named learns nothing, since its browser keeps the answer from it; what isn't sent by a page
        // at all, or by our own, has an Origin too at times.
        .block_on_origin_mismatch(false);
    Condition::new(!origins.is_empty(), cors)
}
