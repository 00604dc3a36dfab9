//! The headers that change what a request means.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

use crate::problem::Problem;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The secret that the caller shows.
pub(super) fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let value = request
        .headers()
        .get(AUTHORIZATION)
        .ok_or_else(|| Problem::unauthorised("send the key as Authorization: Bearer stipple_…"))?;
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .filter(|secret| !secret.is_empty())
        .ok_or_else(|| Problem::unauthorised("send the key as Authorization: Bearer stipple_…"))
}

/// The caller's name for this request, where there is one.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = only(request, &IDEMPOTENCY_KEY, "Idempotency-Key")? else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .filter(|key| {
            (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            Problem::invalid_header(
                "Idempotency-Key",
                "write 1 to 255 visible ASCII characters, such as a UUID",
            )
        })
}

/// The version that the caller's copy has. A tag that we never gave can't match, and so is stale; what is no tag at all was
/// mistaken for one.
pub(super) fn if_match(request: &HttpRequest, required: bool) -> Result<Option<i64>, Problem> {
    let Some(value) = only(request, &IF_MATCH, "If-Match")? else {
        return if required {
            Err(Problem::if_match_required())
        } else {
            Ok(None)
        };
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    if !is_tag(text) {
        return Err(Problem::invalid_header(
            "If-Match",
            "send one tag: the ETag of the copy that you changed as it was given, quotes included, such as \"v1\"",
        ));
    }
    Ok(Some(version_in(text).unwrap_or(-1)))
}

/// Whether this is one entity tag as RFC 9110 writes it, whoever gave it.
fn is_tag(text: &str) -> bool {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .is_some_and(|inner| {
            inner
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"')
        })
}

/// A header that must not come twice: either could be the one that was meant.
fn only<'a>(
    request: &'a HttpRequest,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = request.headers().get_all(name);
    let value = values.next();
    match values.next() {
        Some(_) => Err(Problem::invalid_header(shown, "send it once")),
        None => Ok(value),
    }
}

/// Whether the caller already has what this tag names.
pub(crate) fn has_already(request: &HttpRequest, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == etag)
}

/// Reads `"v12"`, `"v12-front_desk"` and the weakened `W/"v12"` that proxies make of it.
fn version_in(tag: &str) -> Option<i64> {
    let quoted = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let inner = inner
        .strip_suffix(crate::answer::FRONT_DESK_VIEW)
        .unwrap_or(inner);
    let number = inner.strip_prefix('v')?;
    number
        .parse()
        .ok()
        // As we write it: `v01` and `v+1` are tags that nobody was given.
        .filter(|version: &i64| *version > 0 && version.to_string() == number)
}

#[cfg(test)]
mod tests {
    use super::{is_tag, version_in};

    #[test]
    fn tags_that_we_gave_are_read_back() {
        assert_eq!(version_in("\"v12\""), Some(12));
        assert_eq!(version_in("\"v012\""), None);
        assert_eq!(version_in("\"v+12\""), None);
        assert_eq!(version_in("W/\"v12\""), Some(12));
        assert_eq!(version_in("\"v3-front_desk\""), Some(3));
        for foreign in [
            "v12",
            "\"12\"",
            "\"v\"",
            "\"v-1\"",
            "",
            "\"v1",
            "W/",
            "\"v99999999999999999999\"",
        ] {
            assert_eq!(version_in(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_tag_of_somebody_else_is_a_tag_too() {
        for tag in ["\"v1\"", "W/\"v1\"", "\"1\"", "\"\"", "\"a,b\""] {
            assert!(is_tag(tag), "{tag}");
        }
        for no_tag in [
            "",
            "v1",
            "\"",
            "\"v1",
            "w/\"v1\"",
            "W/",
            "\"v1\", \"v2\"",
            "\"v 1\"",
            "**",
        ] {
            assert!(!is_tag(no_tag), "{no_tag}");
        }
    }
}
