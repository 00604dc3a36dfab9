//! The problems that an operation can answer with, each with its words.

use utoipa::openapi::path::Operation;

use super::headers::requires_if_match;
use super::only_asks;

const FAULT: (&str, &str) = (
    "500",
    "A fault on our side; give its `request_id` to whoever runs the server.",
);

const TARGET_TOO_LONG: &str = "The path with its query is longer than 8,192 bytes.";
const TOO_MANY: &str =
    "Too many requests from this key or address; Retry-After says when to go on.";
const HEADERS_TOO_LARGE: &str = "The header lines are longer than 32,768 bytes together.";

/// What a client's page can answer with instead; each is a page too.
fn page_problems() -> Vec<(&'static str, &'static str)> {
    vec![
        ("400", "The form can't be read."),
        ("403", "The form came from another site."),
        ("404", "The link doesn't hold."),
        ("408", "The form didn't arrive in time."),
        (
            "409",
            "It can't be done as things stand: the session was moved, it's too late, the time is taken.",
        ),
        ("410", "The link's time is over."),
        ("413", "The form is too large."),
        ("414", TARGET_TOO_LONG),
        ("415", "The form is packed, as with gzip."),
        ("429", TOO_MANY),
        ("431", HEADERS_TOO_LARGE),
        ("500", "A fault on our side."),
        ("503", "Busy; Retry-After says when to try again."),
    ]
}

/// The problems that an operation can answer with, by what kind of operation it is.
pub(super) fn of(
    path: &str,
    method: &str,
    operation: &Operation,
) -> Vec<(&'static str, &'static str)> {
    let mut problems = Vec::new();
    if crate::pages::covers(path) {
        return page_problems();
    }
    if !path.starts_with("/v1/") {
        let mut problems = vec![("414", TARGET_TOO_LONG), ("431", HEADERS_TOO_LARGE), FAULT];
        // Those who run the server may always ask.
        if path.starts_with("/calendars/") {
            problems.push(("429", TOO_MANY));
        }
        return problems;
    }
    let has_body = operation.request_body.is_some();
    problems.push((
        "400",
        "The request can't be read: broken JSON, an unknown query parameter, a bad header.",
    ));
    problems.push((
        "401",
        "No key, or one that isn't known, has ended or was revoked.",
    ));
    problems.push(("403", "The key's role doesn't allow this."));
    if path.contains('{') || has_body {
        problems.push(("404", "There is no such thing that this key can see."));
    }
    if method == "GET" && path.ends_with("/preview") {
        problems.push(("409", "There is nothing to preview; `code` says why."));
    }
    problems.push(("414", TARGET_TOO_LONG));
    problems.push(("429", TOO_MANY));
    problems.push(("431", HEADERS_TOO_LARGE));
    if method != "GET" {
        problems.push(("408", "The body didn't arrive in time."));
        if !only_asks(operation) {
            problems.push((
                "409",
                "A rule says no as things stand; `code`, `errors` and `conflicts` say which and why.",
            ));
            problems.push((
                "412",
                "Somebody changed this since the version that If-Match names.",
            ));
        }
        problems.push(("413", "The body is too large."));
        problems.push((
            "415",
            "The body has another media type than what is read here, or is packed, as with gzip.",
        ));
        problems.push((
            "422",
            "The body is not valid, or the Idempotency-Key came with another request.",
        ));
        if requires_if_match(operation) {
            problems.push(("428", "If-Match is missing."));
        }
    }
    problems.push(FAULT);
    problems.push(("503", "Busy; Retry-After says when to try again."));
    problems
}
