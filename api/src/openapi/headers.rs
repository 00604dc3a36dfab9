//! The headers of requests and answers in the contract, by method and status.

use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Header, RefOr, Required, Response, ResponseBuilder};

fn named<'a>(operation: &'a Operation, name: &str) -> Option<&'a Parameter> {
    operation
        .parameters
        .iter()
        .flatten()
        .find_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.name == name => Some(parameter),
            _ => None,
        })
}

/// Whether a request has to say with If-Match which version it was made from.
pub(super) fn requires_if_match(operation: &Operation) -> bool {
    named(operation, "If-Match")
        .is_some_and(|parameter| matches!(parameter.required, Required::True))
}

/// The headers that a request of this method may or must bring.
pub(super) fn add_to_request(method: &str, operation: &mut Operation) {
    const BASED_ON: &str = "The ETag of the copy that this is based on, as it was given, quotes included; stale ones get 412.";
    match method {
        "POST" => {
            header_parameter(
                operation,
                "Idempotency-Key",
                Required::False,
                "Names this request, 1 to 255 visible ASCII characters: sent again with the same body within 72 hours \
                 it gets the first answer again.",
            );
            header_parameter(operation, "If-Match", Required::False, BASED_ON);
        }
        "PATCH" => header_parameter(
            operation,
            "If-Match",
            Required::True,
            "The ETag of the copy that was changed, as it was given, quotes included; or *. Another tag gets 412; what is no \
             tag, or several, 400.",
        ),
        "DELETE" => header_parameter(operation, "If-Match", Required::False, BASED_ON),
        _ => {}
    }
}

fn header_parameter(operation: &mut Operation, name: &str, required: Required, description: &str) {
    if named(operation, name).is_some() {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(String::schema()))
        .build();
    operation
        .parameters
        .get_or_insert_with(Vec::new)
        .push(RefOr::T(parameter));
}

/// A thing that has a tag can be asked for unless the caller has it.
pub(super) fn add_not_modified(method: &str, operation: &mut Operation) {
    let has_tag = match operation.responses.responses.get("200") {
        Some(RefOr::T(response)) => response.headers.contains_key("ETag"),
        _ => false,
    };
    if method == "GET" && has_tag {
        header_parameter(
            operation,
            "If-None-Match",
            Required::False,
            "The ETag of the copy that the caller has: where it's still current the answer is 304.",
        );
        operation.responses.responses.insert(
            "304".into(),
            RefOr::T(
                ResponseBuilder::new()
                    .description("The copy that If-None-Match names is still current.")
                    .header("ETag", Header::new(String::schema()))
                    .build(),
            ),
        );
    }
}

/// Says what the headers of an answer are, and adds those that all answers of its kind have.
pub(super) fn add_to_answer(
    is_keyed: bool,
    is_repeatable: bool,
    status: &str,
    response: &mut Response,
) {
    let of_status = match status {
        "401" => Some("WWW-Authenticate"),
        "429" | "503" => Some("Retry-After"),
        "200" | "201" | "204" if is_repeatable => Some("Idempotency-Replayed"),
        _ => None,
    };
    let of_limits: &[&str] = if is_keyed || status == "429" {
        &["RateLimit", "RateLimit-Policy"]
    } else {
        &[]
    };
    for name in of_status
        .into_iter()
        .chain(["X-Request-Id"])
        .chain(of_limits.iter().copied())
    {
        response
            .headers
            .entry(name.to_owned())
            .or_insert_with(|| RefOr::T(Header::new(String::schema())));
    }
    for (name, header) in &mut response.headers {
        if let RefOr::T(header) = header {
            header.description = header_description(name).map(str::to_owned);
        }
    }
}

fn header_description(name: &str) -> Option<&'static str> {
    Some(match name {
        "ETag" => "The version of this copy, to be sent as If-Match or If-None-Match.",
        "Location" => "Where the new thing can be read again.",
        "Link" => "The next page, as `rel=\"next\"`; absent on the last one.",
        "Idempotency-Replayed" => {
            "`true` where this is the answer to an earlier request with the same Idempotency-Key; else absent."
        }
        "WWW-Authenticate" => "How to show a key.",
        "Retry-After" => "After how many seconds to try again.",
        "RateLimit" => {
            "How many requests are left (`r`), and in how many seconds all of them are there again (`t`); absent where \
             there is no limit."
        }
        "RateLimit-Policy" => {
            "Which limit that is: `key` or `address`, so many requests (`q`) in so many seconds (`w`)."
        }
        "X-Request-Id" => "Names this request in the server's log.",
        _ => return None,
    })
}
