//! Answers in gzip for those who take it.

use actix_http::encoding::Encoder;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, AcceptEncoding, CONTENT_TYPE, ContentEncoding, ETAG, Encoding, Header as _,
    HeaderValue, VARY,
};

use crate::pages;

/// What is smaller fits into one packet anyway, in bytes.
const SMALLEST: u64 = 1024;

/// Whether a client takes gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Wanted,
    Unwanted,
    /// On a page that shows both a secret and what somebody typed, the compressed size would tell about the secret.
    Never,
}

impl Compression {
    /// What a request says.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        if pages::covers(request.path()) {
            return Self::Never;
        }
        if !request.headers().contains_key(ACCEPT_ENCODING) {
            return Self::Unwanted;
        }
        let gzip = [Encoding::gzip(), Encoding::identity()];
        match AcceptEncoding::parse(request).map(|accepted| accepted.negotiate(gzip.iter())) {
            Ok(Some(Encoding::Known(ContentEncoding::Gzip))) => Self::Wanted,
            _ => Self::Unwanted,
        }
    }
}

/// Compresses an answer that is worth it.
pub(crate) fn compress(
    mut response: ServiceResponse<BoxBody>,
    compression: Compression,
) -> ServiceResponse<BoxBody> {
    if compression == Compression::Never || !is_worth_it(&response) {
        return response;
    }
    if compression == Compression::Unwanted {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        return response;
    }
    weaken_tag(&mut response);
    response.map_body(|head, body| {
        // It says by itself that this varies.
        Encoder::response(ContentEncoding::Gzip, head, body).boxed()
    })
}

fn is_worth_it(response: &ServiceResponse<BoxBody>) -> bool {
    let is_large = match response.response().body().size() {
        BodySize::Sized(bytes) => bytes >= SMALLEST,
        BodySize::Stream => true,
        BodySize::None => false,
    };
    is_large
        && response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(is_text)
}

fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or(kind).trim();
    kind.starts_with("text/")
        || kind.ends_with("json")
        || kind.ends_with("yaml")
        || kind.ends_with("javascript")
        || kind.ends_with("xml")
        || kind == "application/openmetrics-text"
}

/// A strong tag promises the same bytes, which these aren't. It still names the version: If-Match takes it as it is.
fn weaken_tag(response: &mut ServiceResponse<BoxBody>) {
    let weak = response
        .headers()
        .get(ETAG)
        .and_then(|tag| tag.to_str().ok())
        .filter(|tag| !tag.starts_with("W/"))
        .and_then(|tag| HeaderValue::try_from(format!("W/{tag}")).ok());
    if let Some(weak) = weak {
        response.headers_mut().insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_client_that_says_so_gets_gzip() {
        let of = |path: &str, accepted: Option<&str>| {
            let mut request = TestRequest::get().uri(path);
            if let Some(accepted) = accepted {
                request = request.insert_header((ACCEPT_ENCODING, accepted));
            }
            Compression::of(&request.to_srv_request())
        };
        for (accepted, expected) in [
            (None, Compression::Unwanted),
            (Some("gzip"), Compression::Wanted),
            (Some("gzip, deflate, br, zstd"), Compression::Wanted),
            (Some("*"), Compression::Unwanted),
            (Some("br"), Compression::Unwanted),
            (Some("identity"), Compression::Unwanted),
            (Some("gzip;q=0"), Compression::Unwanted),
            (Some("identity;q=0, br"), Compression::Unwanted),
            (Some("\u{e9}"), Compression::Unwanted),
        ] {
            assert_eq!(of("/v1/clients", accepted), expected, "{accepted:?}");
        }
        assert_eq!(of("/my/mails/x", Some("gzip")), Compression::Never);
    }
}
