//! What the contract says of bodies and queries that serde doesn't: where bodies have objects, since it would also take a
//! list there, for the fields in their order; which whole numbers are taken where; and all that is missing, of which serde
//! only tells the first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{Components, OpenApi, RefOr};

use super::operations;

/// No body is nested deeper.
const DEEPEST: usize = 16;

/// The shapes of all bodies and queries, by path and method.
#[derive(Default)]
pub(super) struct Shapes(HashMap<String, HashMap<&'static str, Shape>>);

/// The least and the greatest whole number that is taken.
pub(crate) type Range = (i64, i64);

/// What of a body, or of a query, matters here. A query's parameters are its fields.
#[derive(Debug, Default)]
struct Shape {
    fields: BTreeMap<String, Shape>,
    items: Option<Box<Shape>>,
    numbers: Option<Range>,
    required: BTreeSet<String>,
}

impl Shapes {
    /// Those of a document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let none = Components::default();
        let components = document.components.as_ref().unwrap_or(&none);
        let mut shapes = Self::default();
        for (path, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                let mut shape = Shape::default();
                if let Some(RefOr::T(body)) = &operation.request_body {
                    for content in body.content.values() {
                        if let RefOr::T(content) = content
                            && let Some(schema) = &content.schema
                        {
                            shape.take_in(components, schema, 0);
                        }
                    }
                } else {
                    for parameter in operation.parameters.iter().flatten() {
                        shape.take_in_parameter(components, parameter);
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

    /// Pointers to what a body must have and hasn't; so many at most.
    pub(super) fn missing(
        &self,
        path: &str,
        method: &str,
        bytes: &[u8],
        at_most: usize,
    ) -> Vec<String> {
        let shape = self.0.get(path).and_then(|methods| methods.get(method));
        let body = serde_json::from_slice(bytes).ok();
        let mut missing = Vec::new();
        if let (Some(shape), Some(body)) = (shape, body) {
            shape.note_missing(&body, "", at_most, &mut missing);
        }
        missing
    }

    /// The whole numbers that are taken at this pointer into a body, where a number is meant.
    pub(super) fn numbers_at(&self, path: &str, method: &str, pointer: &str) -> Option<Range> {
        let mut shape = self.0.get(path)?.get(method)?;
        for name in pointer.split('/').skip(1) {
            shape = match &shape.items {
                Some(items) if name.parse::<usize>().is_ok() => items,
                _ => shape.fields.get(name)?,
            };
        }
        shape.numbers
    }

    /// The parameters that the query of this path may have.
    pub(super) fn parameters(&self, path: &str) -> Vec<&str> {
        let shape = self.0.get(path).and_then(|methods| methods.get("GET"));
        let fields = shape.map(|shape| shape.fields.keys().map(String::as_str));
        fields.into_iter().flatten().collect()
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
                if is_whole_number(object) {
                    let bound = |number: &Option<Number>| match number {
                        Some(Number::Int(number)) => i64::try_from(*number).ok(),
                        Some(Number::UInt(number)) => i64::try_from(*number).ok(),
                        _ => None,
                    };
                    let least = bound(&object.minimum).unwrap_or(i64::MIN);
                    self.numbers = Some((least, bound(&object.maximum).unwrap_or(i64::MAX)));
                }
                self.required.extend(object.required.iter().cloned());
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
            RefOr::T(Schema::OneOf(choice)) => self.take_in_any(components, &choice.items, depth),
            RefOr::T(Schema::AnyOf(choice)) => self.take_in_any(components, &choice.items, depth),
            RefOr::T(Schema::AllOf(parts)) => self.take_in_all(components, &parts.items, depth),
            RefOr::T(_) => {}
        }
    }

    fn take_in_parameter(&mut self, components: &Components, parameter: &RefOr<Parameter>) {
        let parameter = match parameter {
            RefOr::T(parameter) => parameter,
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next();
                match name.and_then(|name| components.parameters.get(name)) {
                    Some(RefOr::T(parameter)) => parameter,
                    _ => return,
                }
            }
        };
        if parameter.parameter_in == ParameterIn::Query {
            let field = self.fields.entry(parameter.name.clone()).or_default();
            if let Some(schema) = &parameter.schema {
                field.take_in(components, schema, 0);
            }
        }
    }

    fn take_in_any(&mut self, components: &Components, schemas: &[RefOr<Schema>], depth: usize) {
        let choices = schemas.iter().filter(|schema| !is_null(schema)).count();
        let required = self.required.clone();
        self.take_in_all(components, schemas, depth);
        if choices > 1 {
            // What one choice needs another hasn't.
            self.required = required;
        }
    }

    fn take_in_all(&mut self, components: &Components, schemas: &[RefOr<Schema>], depth: usize) {
        for schema in schemas {
            self.take_in(components, schema, depth + 1);
        }
    }

    fn note_missing(
        &self,
        value: &Value,
        pointer: &str,
        at_most: usize,
        missing: &mut Vec<String>,
    ) {
        match value {
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if let Some(items) = &self.items
                        && missing.len() < at_most
                    {
                        items.note_missing(value, &format!("{pointer}/{index}"), at_most, missing);
                    }
                }
            }
            Value::Object(values) => {
                let absent = self
                    .required
                    .iter()
                    .filter(|name| !values.contains_key(*name));
                let left = at_most.saturating_sub(missing.len());
                missing.extend(absent.take(left).map(|name| format!("{pointer}/{name}")));
                for (name, value) in values {
                    if let Some(field) = self.fields.get(name) {
                        field.note_missing(value, &format!("{pointer}/{name}"), at_most, missing);
                    }
                }
            }
            _ => {}
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

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn is_whole_number(object: &Object) -> bool {
    match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::Integer,
        SchemaType::Array(kinds) => kinds.contains(&Type::Integer),
        SchemaType::AnyValue => false,
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

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let shapes = Shapes::of(&document());
        let missing = |path: &str, body: &str| shapes.missing(path, "POST", body.as_bytes(), 5);
        for (path, body, pointers) in [
            (
                "/v1/clients",
                "{}",
                &["/family_name", "/given_name", "/studio_id"][..],
            ),
            (
                "/v1/studios",
                r#"{"name": "A", "opening_hours": [{"weekday": "monday"}, {}]}"#,
                &[
                    "/sender_name",
                    "/time_zone",
                    "/opening_hours/0/from",
                    "/opening_hours/0/until",
                    "/opening_hours/1/from",
                ],
            ),
            // What may be left out may be null.
            (
                "/v1/sessions",
                r#"{"booking": null}"#,
                &["/client_id", "/duration_minutes", "/kind"],
            ),
            ("/v1/sessions", "[", &[]),
            ("/v1/nowhere", "{}", &[]),
        ] {
            assert_eq!(missing(path, body), pointers, "{path} {body}");
        }
    }

    #[test]
    fn numbers_have_their_range_wherever_they_stand() {
        let shapes = Shapes::of(&document());
        for (path, method, pointer, range) in [
            ("/v1/sessions", "POST", "/duration_minutes", Some((5, 720))),
            (
                "/v1/sessions",
                "POST",
                "/booking/duration_minutes",
                Some((5, 720)),
            ),
            (
                "/v1/sessions/{id}",
                "PATCH",
                "/duration_minutes",
                Some((5, 720)),
            ),
            (
                "/v1/pigment-records",
                "POST",
                "/zones/0/layer",
                Some((1, 20)),
            ),
            (
                "/v1/reminder-rules/{id}",
                "PATCH",
                "/timing/hours_before",
                Some((0, 2160)),
            ),
            (
                "/v1/reminder-rules/{id}",
                "PATCH",
                "/timing/or_before_cutoff_hours",
                Some((0, 2160)),
            ),
            (
                "/v1/reminder-rules/{id}",
                "PATCH",
                "/timing/minutes_after",
                Some((0, 1440)),
            ),
            (
                "/v1/reminder-rules/{id}",
                "PATCH",
                "/timing/days_before",
                Some((0, 365)),
            ),
            (
                "/v1/reminder-rules/{id}",
                "PATCH",
                "/timing/months_after",
                Some((1, 120)),
            ),
            ("/v1/plans", "GET", "/limit", Some((1, 200))),
            ("/v1/plans", "GET", "/updated_since", Some((0, i64::MAX))),
            ("/v1/sessions", "POST", "/notes", None),
            ("/v1/sessions", "POST", "/surprise/0", None),
        ] {
            assert_eq!(
                shapes.numbers_at(path, method, pointer),
                range,
                "{path} {pointer}"
            );
        }
        assert_eq!(
            shapes.parameters("/v1/access-events"),
            [
                "before",
                "client_id",
                "cursor",
                "from",
                "key_id",
                "kind",
                "limit"
            ]
        );
    }
}
