//! The published contract: made from the handlers, finished here with what holds for all of them.

mod examples;
mod headers;
mod links;
mod problems;
mod schemas;
mod shapes;
mod sharing;
mod tags;
mod yaml;

use std::sync::Arc;

use actix_web::App;
use utoipa::openapi::Schema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
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

    /// Pointers to what the contract requires in this body and isn't there; so many at most.
    pub(crate) fn missing(
        &self,
        path: &str,
        method: &str,
        body: &[u8],
        at_most: usize,
    ) -> Vec<String> {
        self.paths.find(path).map_or_else(Vec::new, |known| {
            self.shapes.missing(&known.template, method, body, at_most)
        })
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

/// The POSTs that change nothing: to send one again is to ask again.
const ASKING: &[&str] = &["search_clients"];

fn only_asks(operation: &Operation) -> bool {
    operation
        .operation_id
        .as_deref()
        .is_some_and(|id| ASKING.contains(&id))
}

fn finish(path: &str, method: &str, operation: &mut Operation) {
    if path.starts_with("/v1/") {
        say_who_may(operation);
        if !only_asks(operation) {
            headers::add_to_request(method, operation);
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
    for (status, description) in problems::of(path, method, operation) {
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
    headers::add_not_modified(method, operation);
    let is_keyed = path.starts_with("/v1/");
    let is_repeatable = is_keyed && method == "POST" && !only_asks(operation);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            headers::add_to_answer(is_keyed, is_repeatable, status, response);
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
