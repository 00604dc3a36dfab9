//! Examples: one for each body, put together from those of its parts, so that none has to be written twice.
//!
//! What the parts alone can't say stands in `examples.json`, by schema and field: a name that suits it, an end after its
//! start. What suits a text's field wherever it stands has `*` for a schema.
//! The linter holds each example against its schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{
    ArrayItems, KnownFormat, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Components, Ref, RefOr};

/// No schema is nested deeper; one that contains itself must end somewhere.
const DEEPEST: usize = 12;

/// Stands for each schema in `examples.json`.
const ANY_SCHEMA: &str = "*";

/// Gives each schema with fields its example.
pub(super) fn add(components: &mut Components) {
    let written = written();
    let known = components.schemas.clone();
    let made: Vec<(String, Value)> = known
        .iter()
        .filter(|(_, schema)| has_fields(schema))
        .filter_map(|(name, _)| {
            let maker = Maker {
                known: &known,
                written: &written,
            };
            Some((name.clone(), maker.of_name(name, 0)?))
        })
        .collect();
    for (name, example) in made {
        match components.schemas.get_mut(&name) {
            Some(RefOr::T(Schema::Object(object))) => object.examples = vec![example],
            Some(RefOr::T(Schema::AllOf(parts))) => parts.examples = vec![example],
            Some(RefOr::T(Schema::OneOf(choice))) => choice.examples = vec![example],
            _ => {}
        }
    }
}

/// Those that are written by hand.
fn written() -> BTreeMap<String, Value> {
    // A test reads it too: a broken file can't be merged.
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
}

fn has_fields(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => !object.properties.is_empty(),
        RefOr::T(Schema::AllOf(_) | Schema::OneOf(_)) => true,
        _ => false,
    }
}

struct Maker<'a> {
    known: &'a BTreeMap<String, RefOr<Schema>>,
    written: &'a BTreeMap<String, Value>,
}

impl Maker<'_> {
    fn of_name(&self, name: &str, depth: usize) -> Option<Value> {
        let mut made = self.of(self.known.get(name)?, depth)?;
        let written = self.written.get(name).and_then(Value::as_object);
        if let (Some(made), Some(written)) = (made.as_object_mut(), written) {
            for (field, value) in written {
                made.insert(field.clone(), value.clone());
            }
        }
        Some(made)
    }

    fn of_reference(&self, reference: &Ref, depth: usize) -> Option<Value> {
        let name = reference
            .ref_location
            .strip_prefix("#/components/schemas/")?;
        self.of_name(name, depth)
    }

    fn of(&self, schema: &RefOr<Schema>, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        match schema {
            RefOr::Ref(reference) => self.of_reference(reference, depth + 1),
            RefOr::T(Schema::Object(object)) => self.of_object(object, depth),
            RefOr::T(Schema::Array(array)) => match &array.items {
                ArrayItems::RefOrSchema(items) => Some(json!([self.of(items, depth + 1)?])),
                ArrayItems::False => Some(json!([])),
            },
            RefOr::T(Schema::OneOf(choice)) => {
                choice.items.iter().find_map(|one| self.of(one, depth + 1))
            }
            RefOr::T(Schema::AnyOf(choice)) => {
                choice.items.iter().find_map(|one| self.of(one, depth + 1))
            }
            RefOr::T(Schema::AllOf(parts)) => {
                let mut whole = Map::new();
                for part in &parts.items {
                    if let Some(Value::Object(fields)) = self.of(part, depth + 1) {
                        whole.extend(fields);
                    }
                }
                Some(Value::Object(whole))
            }
            RefOr::T(_) => None,
        }
    }

    /// A field's: a text by what the field is called, since one text serves for many fields.
    fn of_field(&self, name: &str, schema: &RefOr<Schema>, depth: usize) -> Option<Value> {
        let made = self.of(schema, depth)?;
        let suiting = self.written.get(ANY_SCHEMA).and_then(|all| all.get(name));
        Some(
            suiting
                .filter(|_| made.is_string())
                .unwrap_or(&made)
                .clone(),
        )
    }

    fn of_object(&self, object: &Object, depth: usize) -> Option<Value> {
        if let Some(example) = object.example.as_ref().or(object.examples.first()) {
            return Some(example.clone());
        }
        if let Some(default) = object.default.as_ref().filter(|value| !value.is_null()) {
            return Some(default.clone());
        }
        if let Some(first) = object.enum_values.iter().flatten().next() {
            return Some(first.clone());
        }
        match kind(&object.schema_type)? {
            Type::Object => {
                let mut fields = Map::new();
                for (name, property) in &object.properties {
                    if let Some(value) = self.of_field(name, property, depth + 1) {
                        fields.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(fields))
            }
            Type::String => Some(match &object.format {
                Some(SchemaFormat::KnownFormat(KnownFormat::Date)) => json!("2026-11-25"),
                Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => {
                    json!("2026-11-25T09:00:00Z")
                }
                Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => {
                    json!("01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14")
                }
                _ => json!("text"),
            }),
            Type::Integer | Type::Number => Some(match &object.minimum {
                Some(minimum) => serde_json::to_value(minimum).ok()?,
                None => json!(1),
            }),
            Type::Boolean => Some(json!(true)),
            Type::Array => Some(json!([])),
            Type::Null => None,
        }
    }
}

fn kind(schema_type: &SchemaType) -> Option<Type> {
    match schema_type {
        SchemaType::Type(kind) => Some(kind.clone()),
        SchemaType::Array(kinds) => kinds.iter().find(|kind| **kind != Type::Null).cloned(),
        SchemaType::AnyValue => None,
    }
}
