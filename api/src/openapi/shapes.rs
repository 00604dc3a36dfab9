//! Where bodies have objects: serde would also take a list there, for the fields in their order.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::{Components, OpenApi, RefOr};

use super::operations;

/// No body is nested deeper.
const DEEPEST: usize = 16;

/// The shapes of all bodies, by path and method.
#[derive(Default)]
pub(super) struct Shapes(HashMap<String, HashMap<&'static str, Shape>>);

/// What of a body matters here.
#[derive(Debug, Default)]
struct Shape {
    fields: BTreeMap<String, Shape>,
    items: Option<Box<Shape>>,
}

impl Shapes {
    /// Those of a document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let none = Components::default();
        let components = document.components.as_ref().unwrap_or(&none);
        let mut shapes = Self::default();
        for (path, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                let Some(RefOr::T(body)) = &operation.request_body else {
                    continue;
                };
                let mut shape = Shape::default();
                for content in body.content.values() {
                    if let RefOr::T(content) = content
                        && let Some(schema) = &content.schema
                    {
                        shape.take_in(components, schema, 0);
                    }
                }
                shapes
                    .0
                    .entry(path.clone())
                    .or_default()
                    .insert(method, shape);
            }
        }
        shapes
    }

    /// The pointer to a list where an object belongs, if there is one.
    pub(super) fn misplaced_list(&self, path: &str, method: &str, bytes: &[u8]) -> Option<String> {
        if !bytes.contains(&b'[') {
            return None;
        }
        let shape = self.0.get(path)?.get(method)?;
        let body: Value = serde_json::from_slice(bytes).ok()?;
        shape.misplaced_list(&body, String::new())
    }
}

impl Shape {
    /// Adds what a schema says; of several choices, all.
    fn take_in(&mut self, components: &Components, schema: &RefOr<Schema>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match schema {
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next();
                if let Some(schema) = name.and_then(|name| components.schemas.get(name)) {
                    self.take_in(components, schema, depth + 1);
                }
            }
            RefOr::T(Schema::Object(object)) => {
                for (name, property) in &object.properties {
                    let field = self.fields.entry(name.clone()).or_default();
                    field.take_in(components, property, depth + 1);
                }
            }
            RefOr::T(Schema::Array(array)) => {
                let shape = self.items.get_or_insert_default();
                if let ArrayItems::RefOrSchema(items) = &array.items {
                    shape.take_in(components, items, depth + 1);
                }
            }
            RefOr::T(Schema::OneOf(choice)) => self.take_in_all(components, &choice.items, depth),
            RefOr::T(Schema::AnyOf(choice)) => self.take_in_all(components, &choice.items, depth),
            RefOr::T(Schema::AllOf(parts)) => self.take_in_all(components, &parts.items, depth),
            RefOr::T(_) => {}
        }
    }

    fn take_in_all(&mut self, components: &Components, schemas: &[RefOr<Schema>], depth: usize) {
        for schema in schemas {
            self.take_in(components, schema, depth + 1);
        }
    }

    fn misplaced_list(&self, value: &Value, pointer: String) -> Option<String> {
        match value {
            Value::Array(values) => match &self.items {
                None if self.fields.is_empty() => None,
                None => Some(pointer),
                Some(items) => values.iter().enumerate().find_map(|(index, value)| {
                    items.misplaced_list(value, format!("{pointer}/{index}"))
                }),
            },
            Value::Object(values) => values.iter().find_map(|(name, value)| {
                self.fields
                    .get(name)?
                    .misplaced_list(value, format!("{pointer}/{name}"))
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shapes;
    use crate::openapi::document;

    #[test]
    fn a_list_stands_for_an_object_nowhere() {
        let shapes = Shapes::of(&document());
        let misplaced = |path: &str, method: &str, body: &str| {
            shapes.misplaced_list(path, method, body.as_bytes())
        };
        for (path, method, body, pointer) in [
            (
                "/v1/products/{id}",
                "PATCH",
                r#"{"label": [null, null]}"#,
                "/label",
            ),
            ("/v1/sessions", "POST", r#"{"booking": []}"#, "/booking"),
            (
                "/v1/studios",
                "POST",
                r#"{"opening_hours": [["monday", "09:00", "18:00"]]}"#,
                "/opening_hours/0",
            ),
            (
                "/v1/reminder-rules/{id}",
                "PATCH",
                r#"{"timing": ["start", 24]}"#,
                "/timing",
            ),
            ("/v1/clients", "POST", "[]", ""),
        ] {
            assert_eq!(
                misplaced(path, method, body).as_deref(),
                Some(pointer),
                "{path} {body}"
            );
        }
        for (path, method, body) in [
            (
                "/v1/studios",
                "POST",
                r#"{"opening_hours": [{"weekday": "monday"}]}"#,
            ),
            ("/v1/clients", "POST", r#"{"given_name": "["}"#),
            // What isn't known, and what is no JSON, others complain of.
            ("/v1/clients", "POST", r#"{"surprise": []}"#),
            ("/v1/clients", "POST", "["),
        ] {
            assert_eq!(misplaced(path, method, body), None, "{path} {body}");
        }
    }
}
