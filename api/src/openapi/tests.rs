//! The contract keeps its own rules.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ASKING, Documents, document};
use crate::access::PERMISSIONS;

struct Described {
    name: String,
    path: String,
    method: String,
    operation: Value,
}

/// With what is shared put back in its places; schemas stay references.
fn published() -> Value {
    let mut whole = serde_json::to_value(document()).unwrap();
    let components = whole["components"].clone();
    put_back(&mut whole["paths"], &components);
    whole
}

fn put_back(value: &mut Value, components: &Value) {
    let shared = value["$ref"]
        .as_str()
        .and_then(|place| place.strip_prefix("#/components/"))
        .filter(|place| !place.starts_with("schemas/"))
        .map(|place| components.pointer(&format!("/{place}")).unwrap().clone());
    if let Some(shared) = shared {
        *value = shared;
    }
    match value {
        Value::Object(object) => {
            for inner in object.values_mut() {
                put_back(inner, components);
            }
        }
        Value::Array(array) => {
            for inner in array {
                put_back(inner, components);
            }
        }
        _ => {}
    }
}

fn all(document: &Value) -> Vec<Described> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push(Described {
                name: format!("{method} {path}"),
                path: path.clone(),
                method: method.clone(),
                operation: operation.clone(),
            });
        }
    }
    assert!(all.len() > 20, "the document is nearly empty");
    all
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => document
            .pointer(place.strip_prefix('#').unwrap())
            .unwrap_or_else(|| panic!("{place} is dangling")),
        None => schema,
    }
}

fn visit(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(object) => object.values().for_each(|inner| visit(inner, look)),
        Value::Array(array) => array.iter().for_each(|inner| visit(inner, look)),
        _ => {}
    }
}

fn parameter<'a>(operation: &'a Value, place: &str, name: &str) -> Option<&'a Value> {
    operation["parameters"]
        .as_array()?
        .iter()
        .find(|parameter| parameter["in"] == place && parameter["name"] == name)
}

#[test]
fn every_operation_has_a_name_of_its_own_a_tag_and_a_summary() {
    let document = published();
    let mut names = BTreeSet::new();
    for one in all(&document) {
        let id = one.operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(id), "{}: its name is taken", one.name);
        assert_eq!(
            one.operation["tags"].as_array().map(Vec::len),
            Some(1),
            "{}",
            one.name
        );
        let summary = one.operation["summary"].as_str().unwrap_or_default();
        assert!(
            summary.ends_with('.') && summary.len() > 10,
            "{}: {summary:?}",
            one.name
        );
        for response in one.operation["responses"].as_object().unwrap().values() {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{}", one.name);
        }
    }
}

#[test]
fn every_operation_with_a_key_says_how_it_is_refused() {
    let document = published();
    for one in all(&document) {
        if crate::pages::covers(&one.path) {
            continue;
        }
        let is_keyed = one.path.starts_with("/v1/");
        for status in ["400", "401", "403", "500", "503"] {
            assert_eq!(
                one.operation["responses"].get(status).is_some(),
                is_keyed || status == "500" || (one.path == "/readyz" && status == "503"),
                "{}: {status}",
                one.name
            );
        }
        let permission = one.operation["security"]
            .pointer("/0/key/0")
            .and_then(Value::as_str);
        let is_known = PERMISSIONS
            .iter()
            .any(|(name, _)| Some(*name) == permission);
        assert_eq!(is_known, is_keyed, "{}: {permission:?}", one.name);
    }
}

#[test]
fn every_problem_has_the_one_shape() {
    let document = published();
    for one in all(&document) {
        for (status, response) in one.operation["responses"].as_object().unwrap() {
            assert!(
                response["headers"].get("X-Request-Id").is_some(),
                "{} {status}",
                one.name
            );
            if status.starts_with(['4', '5']) {
                // A person reads these, not a program.
                let expected = if crate::pages::covers(&one.path) {
                    json!({"text/html": {"schema": {"type": "string"}}})
                } else {
                    json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}})
                };
                assert_eq!(response["content"], expected, "{} {status}", one.name);
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = published();
    let mut used = BTreeSet::new();
    visit(&document, &mut |value| {
        if let Some(place) = value.get("$ref").and_then(Value::as_str) {
            resolve(&document, value);
            used.insert(place.rsplit('/').next().unwrap_or_default().to_owned());
        }
    });
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(used.contains(name), "nothing uses the schema {name}");
    }
}

#[test]
fn a_body_takes_no_unknown_field() {
    let document = published();
    let mut looked_at = 0;
    for one in all(&document) {
        let Some(body) = one.operation.get("requestBody") else {
            continue;
        };
        assert_eq!(body["required"], true, "{}", one.name);
        for media in body["content"].as_object().unwrap().values() {
            refuses_unknown_fields(&document, &media["schema"], &one.name);
            looked_at += 1;
        }
    }
    assert!(looked_at >= 8);
}

fn refuses_unknown_fields(document: &Value, schema: &Value, place: &str) {
    let schema = resolve(document, schema);
    if let Some(properties) = schema["properties"].as_object() {
        assert_eq!(schema["additionalProperties"], false, "{place}");
        for (name, property) in properties {
            refuses_unknown_fields(document, property, &format!("{place}/{name}"));
        }
    }
    if schema.get("items").is_some() {
        refuses_unknown_fields(document, &schema["items"], &format!("{place}/items"));
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        for part in schema[list].as_array().into_iter().flatten() {
            refuses_unknown_fields(document, part, place);
        }
    }
}

#[test]
fn a_change_names_its_copy_and_tells_null_from_absent() {
    let document = published();
    let mut nullable = 0;
    for one in all(&document).iter().filter(|one| one.method == "patch") {
        let if_match = parameter(&one.operation, "header", "If-Match").unwrap();
        assert_eq!(if_match["required"], true, "{}", one.name);
        assert!(
            one.operation["responses"].get("428").is_some(),
            "{}",
            one.name
        );
        let content = one.operation["requestBody"]["content"].as_object().unwrap();
        assert_eq!(
            content.keys().collect::<Vec<_>>(),
            ["application/merge-patch+json"],
            "{}",
            one.name
        );
        let patch = resolve(
            &document,
            &content["application/merge-patch+json"]["schema"],
        );
        assert!(
            patch["required"].as_array().is_none_or(Vec::is_empty),
            "{}: a patch requires nothing",
            one.name
        );
        // What may be null in the thing may be cleared by the patch, and nothing else.
        let thing = resolve(
            &document,
            &one.operation["responses"]["200"]["content"]["application/json"]["schema"],
        );
        for (name, property) in patch["properties"].as_object().unwrap() {
            // How exactly an expiry is printed goes when the expiry itself is cleared.
            if name == "expiry_precision" {
                continue;
            }
            // Null takes all words back, and the thing shows none.
            if name == "words" {
                continue;
            }
            let may_be_null = takes_null(&document, property);
            assert_eq!(
                may_be_null,
                takes_null(&document, &thing["properties"][name]),
                "{}: {name}",
                one.name
            );
            nullable += usize::from(may_be_null);
        }
    }
    assert!(nullable > 10);
}

fn takes_null(document: &Value, schema: &Value) -> bool {
    let schema = resolve(document, schema);
    let of_type = match &schema["type"] {
        Value::String(kind) => kind == "null",
        Value::Array(kinds) => kinds.contains(&json!("null")),
        _ => false,
    };
    of_type
        || ["oneOf", "anyOf"].iter().any(|list| {
            schema[*list]
                .as_array()
                .is_some_and(|parts| parts.iter().any(|part| takes_null(document, part)))
        })
}

#[test]
fn what_is_made_says_where_it_is_and_what_has_a_tag_can_be_spared() {
    let document = published();
    for one in all(&document) {
        let responses = &one.operation["responses"];
        if let Some(created) = responses.get("201") {
            assert!(created["headers"].get("Location").is_some(), "{}", one.name);
            assert!(created["headers"].get("ETag").is_some(), "{}", one.name);
        }
        if one.method == "get" {
            let has_tag = responses["200"]["headers"].get("ETag").is_some();
            assert_eq!(responses.get("304").is_some(), has_tag, "{}", one.name);
            assert_eq!(
                parameter(&one.operation, "header", "If-None-Match").is_some(),
                has_tag,
                "{}",
                one.name
            );
        }
        if one.method == "post" && one.path.starts_with("/v1/") {
            let changes = parameter(&one.operation, "header", "Idempotency-Key").is_some();
            let asks = ASKING.iter().any(|id| one.operation["operationId"] == *id);
            assert_ne!(changes, asks, "{}", one.name);
        }
    }
}

/// Lists of what has no place in the change sequence: what is computed, and what only grows.
const WITHOUT_CHANGES: [&str; 4] = [
    "/v1/access-events",
    "/v1/audit-events",
    "/v1/availability",
    "/v1/clients/{id}/timeline",
];

#[test]
fn every_variable_of_a_path_is_described_and_every_list_has_pages() {
    let document = published();
    for one in all(&document) {
        for name in one
            .path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
        {
            let described = parameter(&one.operation, "path", name)
                .unwrap_or_else(|| panic!("{}: {name} is not described", one.name));
            assert_eq!(described["required"], true, "{}", one.name);
        }
        let body = resolve(
            &document,
            &one.operation["responses"]["200"]["content"]["application/json"]["schema"],
        );
        if !body.is_null() {
            assert_ne!(body["type"], "array", "{}: the top is an object", one.name);
        }
        // The pages of a search are asked for in its body.
        if body["properties"].get("next_cursor").is_some() && one.method == "get" {
            for name in ["cursor", "limit", "updated_since"] {
                if WITHOUT_CHANGES.contains(&one.path.as_str()) && name == "updated_since" {
                    continue;
                }
                let found = parameter(&one.operation, "query", name);
                assert!(found.is_some(), "{}: {name}", one.name);
            }
            assert!(
                one.operation["responses"]["200"]["headers"]
                    .get("Link")
                    .is_some(),
                "{}",
                one.name
            );
        }
    }
}

#[test]
fn a_server_for_operations_knows_nothing_else() {
    let operations = Documents::operations();
    assert_eq!(
        operations.allowed_methods("/livez").as_deref(),
        Some("GET, HEAD, OPTIONS")
    );
    for elsewhere in ["/v1/clients", "/docs/", "/openapi.yaml", "/", "/livez/"] {
        assert_eq!(operations.allowed_methods(elsewhere), None, "{elsewhere}");
    }
    let whole = Documents::make();
    assert_eq!(
        whole.template("/v1/clients/x").as_deref(),
        Some("/v1/clients/{id}")
    );
    assert_eq!(whole.template("/v1/clients/"), None);
    assert_eq!(whole.template("/v1/clients/x/y"), None);
}
