//! The published contract: made from the handlers, finished here with what holds for all of them.

mod examples;
mod links;
mod schemas;
mod shapes;
mod sharing;
mod tags;
mod yaml;

use std::sync::Arc;

use actix_web::App;
use utoipa::openapi::Schema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Header, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, Required,
    Response, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use self::shapes::Shapes;
use crate::access::PERMISSIONS;
use crate::paths::PathTree;
use crate::problem::{MEDIA_TYPE, ProblemBody};
use crate::routes;

/// The contract in the forms in which it's served, and the paths in it.
pub struct Documents {
    /// As YAML, byte for byte what is committed.
    pub yaml: String,
    /// As JSON.
    pub json: String,
    paths: PathTree,
    shapes: Shapes,
}

impl Documents {
    /// Makes the contract from the handlers.
    pub fn make() -> Self {
        Self::of(&document(), crate::handlers::documents::PATHS)
    }

    /// Those of a server that is only there for whoever runs it.
    pub(crate) fn operations() -> Self {
        let (_, document) = App::new()
            .into_utoipa_app()
            .configure(|config| routes::operations(config))
            .split_for_parts();
        Self::of(&document, &[])
    }

    fn of(document: &OpenApi, more_paths: &[(&str, &[&'static str])]) -> Self {
        let mut paths = PathTree::default();
        for (path, item) in &document.paths.paths {
            let methods = operations(item).into_iter().map(|(method, _)| method);
            paths.add(path, methods.collect());
        }
        for (path, methods) in more_paths {
            paths.add(path, methods.to_vec());
        }
        Self {
            // The document is plain data of ours, which always serialises.
            yaml: yaml::quote_for_all(&document.to_yaml().unwrap_or_default()),
            json: document.to_pretty_json().unwrap_or_default(),
            paths,
            shapes: Shapes::of(document),
        }
    }

    /// The pointer to a list in this body where the contract has an object.
    pub(crate) fn misplaced_list(&self, path: &str, method: &str, body: &[u8]) -> Option<String> {
        let known = self.paths.find(path)?;
        self.shapes.misplaced_list(&known.template, method, body)
    }

    /// The whole numbers that the contract takes at this pointer into a body, or in this parameter of a query, in words.
    pub(crate) fn numbers_at(&self, path: &str, method: &str, pointer: &str) -> Option<String> {
        let known = self.paths.find(path)?;
        let pointer = match method {
            "GET" => format!("/{pointer}"),
            _ => pointer.to_owned(),
        };
        let range = self.shapes.numbers_at(&known.template, method, &pointer)?;
        Some(format!("a whole number from {} to {}", range.0, range.1))
    }

    /// The parameters that the contract takes in this query: none but where something is only read.
    pub(crate) fn parameters(&self, path: &str, method: &str) -> Vec<&str> {
        let known = self.paths.find(path).filter(|_| method == "GET");
        known.map_or_else(Vec::new, |known| self.shapes.parameters(&known.template))
    }

    /// The methods that this path answers, where this one isn't among them: a word of ours may stand where an id does in
    /// another path, whose route then takes it.
    pub(crate) fn allowed_instead(&self, path: &str, method: &str) -> Option<String> {
        let method = if method == "HEAD" { "GET" } else { method };
        let known = self.paths.find(path)?;
        if known.methods.contains(&method) {
            return None;
        }
        self.allowed_methods(path)
    }

    /// The methods that this path answers, where it exists.
    pub(crate) fn allowed_methods(&self, path: &str) -> Option<String> {
        self.paths.find(path).map(|known| {
            let head = known.methods.contains(&"GET").then_some("HEAD");
            known
                .methods
                .iter()
                .copied()
                .chain(head)
                .chain(["OPTIONS"])
                .collect::<Vec<_>>()
                .join(", ")
        })
    }

    /// The path as the contract writes it.
    pub(crate) fn template(&self, path: &str) -> Option<Arc<str>> {
        self.paths
            .find(path)
            .map(|known| Arc::clone(&known.template))
    }
}

/// The document that `stipple openapi` prints.
pub fn document() -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .configure(|config| routes::v1(config))
        .configure(|config| routes::by_link(config))
        .configure(|config| routes::operations(config))
        .split_for_parts();
    document.info = InfoBuilder::new()
        .title("Stipple")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("openapi.md")))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build();
    document.tags = Some(tags::of(&document));
    document.servers = Some(vec![utoipa::openapi::Server::new("/")]);
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme(
        "key",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("stipple_…")
                .description(Some(
                    "An API key: `stipple key create --role ROLE --name NAME` makes one.",
                ))
                .build(),
        ),
    );
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components
        .schemas
        .insert("Problem".into(), ProblemBody::schema());
    schemas::finish(components);
    examples::add(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_mut(item) {
            finish(path, method, operation);
        }
    }
    links::add(&mut document);
    sharing::share(&mut document);
    document
}

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
fn problems(path: &str, method: &str, operation: &Operation) -> Vec<(&'static str, &'static str)> {
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

/// The POSTs that change nothing: to send one again is to ask again.
const ASKING: &[&str] = &["search_clients"];

fn only_asks(operation: &Operation) -> bool {
    operation
        .operation_id
        .as_deref()
        .is_some_and(|id| ASKING.contains(&id))
}

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

fn requires_if_match(operation: &Operation) -> bool {
    named(operation, "If-Match")
        .is_some_and(|parameter| matches!(parameter.required, Required::True))
}

fn finish(path: &str, method: &str, operation: &mut Operation) {
    if path.starts_with("/v1/") {
        say_who_may(operation);
        if !only_asks(operation) {
            add_headers(method, operation);
        }
    } else {
        // Said outright, so that nobody takes it for forgotten.
        operation.security = Some(Vec::new());
    }
    let (media, schema): (_, RefOr<Schema>) = if crate::pages::covers(path) {
        ("text/html", String::schema())
    } else {
        (MEDIA_TYPE, Ref::from_schema_name("Problem").into())
    };
    for (status, description) in problems(path, method, operation) {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| {
                RefOr::T(
                    ResponseBuilder::new()
                        .description(description)
                        .content(
                            media,
                            ContentBuilder::new().schema(Some(schema.clone())).build(),
                        )
                        .build(),
                )
            });
    }
    add_not_modified(method, operation);
    let is_keyed = path.starts_with("/v1/");
    let is_repeatable = is_keyed && method == "POST" && !only_asks(operation);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            answer_headers(is_keyed, is_repeatable, status, response);
        }
    }
}

/// Names the roles that have the permission which the annotation requires.
fn say_who_may(operation: &mut Operation) {
    let named = operation
        .security
        .as_ref()
        .and_then(|all| serde_json::to_value(all).ok())
        .and_then(|all| Some(all.pointer("/0/key/0")?.as_str()?.to_owned()));
    let Some((permission, roles)) = named.as_ref().and_then(|named| {
        PERMISSIONS
            .iter()
            .find(|(permission, _)| permission == named)
    }) else {
        return;
    };
    let roles: Vec<String> = roles
        .iter()
        .filter_map(|role| serde_json::to_value(role).ok())
        .filter_map(|role| role.as_str().map(|role| format!("`{role}`")))
        .collect();
    let needs = format!("Needs `{permission}`, which has: {}.", roles.join(", "));
    operation.description = Some(match operation.description.take() {
        Some(said) => format!("{said}\n\n{needs}"),
        None => needs,
    });
}

/// A thing that has a tag can be asked for unless the caller has it.
fn add_not_modified(method: &str, operation: &mut Operation) {
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
fn answer_headers(is_keyed: bool, is_repeatable: bool, status: &str, response: &mut Response) {
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

fn add_headers(method: &str, operation: &mut Operation) {
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

fn operations(item: &utoipa::openapi::PathItem) -> Vec<(&'static str, &Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("PUT", &item.put),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
    .collect()
}

fn operations_mut(item: &mut utoipa::openapi::PathItem) -> Vec<(&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PATCH", &mut item.patch),
        ("PUT", &mut item.put),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
    .collect()
}

#[cfg(test)]
mod tests;
