//! Bodies: JSON that is read into types at the edge, with a pointer to what is wrong.

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use stipple_shared::Error;
use stipple_shared::error::FieldError;

use super::plain::{TOO_LARGE_A_NUMBER, in_plain_words, number_in_plain_words};
use super::reading::{missing, numbers_at};
use crate::problem::{MERGE_PATCH, Problem};

/// How a request's body is read.
pub trait Body: Sized + Send + Sync + 'static {
    /// What the handler sees of it.
    type Content: Send + Sync + 'static;
    /// Whether the request must name the version that it changes.
    const REQUIRES_IF_MATCH: bool = false;
    /// Reads it.
    fn read(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem>;
    /// What the handler sees of it.
    fn content(&self) -> &Self::Content;
}

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body that may be left out, where all its fields may.
#[derive(Debug)]
pub struct MaybeJson<T>(pub T);

/// A JSON Merge Patch (RFC 7396). The request must say which version it changes.
#[derive(Debug)]
pub struct Merge<T>(pub T);

/// A body whose request must say which version it changes.
#[derive(Debug)]
pub struct Versioned<T>(pub T);

/// No body at all; an empty JSON object passes too.
#[derive(Debug)]
pub struct NoBody;

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<T: DeserializeOwned + Send + Sync + 'static> Body for Json<T> {
    type Content = T;

    fn read(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        expect_media_type(request, &["application/json"], "application/json")?;
        parse(request, bytes).map(Self)
    }

    fn content(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Default + Send + Sync + 'static> Body for MaybeJson<T> {
    type Content = T;

    fn read(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        Json::read(request, bytes).map(|Json(body)| Self(body))
    }

    fn content(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Body for Merge<T> {
    type Content = T;
    const REQUIRES_IF_MATCH: bool = true;

    fn read(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        expect_media_type(request, &[MERGE_PATCH, "application/json"], MERGE_PATCH)?;
        parse(request, bytes).map(Self)
    }

    fn content(&self) -> &T {
        &self.0
    }
}

impl<T: Body> Body for Versioned<T> {
    type Content = T::Content;
    const REQUIRES_IF_MATCH: bool = true;

    fn read(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        T::read(request, bytes).map(Self)
    }

    fn content(&self) -> &T::Content {
        self.0.content()
    }
}

impl Body for NoBody {
    type Content = ();

    fn read(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        MaybeJson::<Nothing>::read(request, bytes).map(|_| Self)
    }

    fn content(&self) -> &() {
        &()
    }
}

fn expect_media_type(
    request: &HttpRequest,
    accepted: &[&str],
    preferred: &'static str,
) -> Result<(), Problem> {
    let given = request.content_type();
    if accepted
        .iter()
        .any(|accepted| given.eq_ignore_ascii_case(accepted))
    {
        return Ok(());
    }
    Err(Problem::unsupported_media_type(preferred))
}

fn parse<T: DeserializeOwned>(request: &HttpRequest, bytes: &[u8]) -> Result<T, Problem> {
    // Else serde would take a list for the fields in their order.
    if matches!(bytes.trim_ascii_start().first(), Some(first) if *first != b'{')
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    {
        return Err(Error::invalid("", "invalid_value", "write a JSON object").into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        explain(request, bytes, pointer, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|error| explain(request, bytes, String::new(), &error))?;
    Ok(value)
}

/// So many missing fields are named at most: enough for any form, and an answer that doesn't grow with the body.
const MISSING_NAMED: usize = 50;

fn explain(
    request: &HttpRequest,
    bytes: &[u8],
    pointer: String,
    error: &serde_json::Error,
) -> Problem {
    let reason = reason(error);
    // 1e400 is JSON, and no number of ours.
    if error.classify() != Category::Data && reason != TOO_LARGE_A_NUMBER {
        return Problem::malformed_body(format!(
            "line {}, column {}: {reason}",
            error.line(),
            error.column()
        ));
    }
    let (code, pointer) = if let Some(field) = quoted(&reason, "missing field `") {
        return require(request, bytes, format!("{pointer}/{field}"));
    } else if reason.starts_with("unknown field") {
        ("unknown_field", pointer)
    } else if let Some(field) = quoted(&reason, "duplicate field `") {
        ("duplicate_field", format!("{pointer}/{field}"))
    } else {
        ("invalid_value", pointer)
    };
    let detail = match numbers_at(request, &pointer) {
        Some(wanted) if code == "invalid_value" => number_in_plain_words(&wanted, &reason),
        _ => in_plain_words(&reason),
    };
    Problem::from(Error::Invalid(vec![FieldError::new(pointer, code, detail)]))
}

/// Names this field, at which reading ended, and all others that are missing too: whoever fills in a form mends it once.
fn require(request: &HttpRequest, bytes: &[u8], found: String) -> Problem {
    let mut pointers = missing(request, bytes, MISSING_NAMED);
    if !pointers.contains(&found) {
        pointers.insert(0, found);
    }
    let named = |pointer: String| {
        let field = pointer.rsplit('/').next().unwrap_or_default();
        let detail = format!("missing field `{field}`");
        FieldError::new(pointer, "required", detail)
    };
    Problem::from(Error::Invalid(pointers.into_iter().map(named).collect()))
}

/// The message without serde's own place, which the pointer tells better.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.split('`').next()
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}
