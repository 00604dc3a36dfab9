//! What the derived schemas leave out.

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Components, Schema};
use utoipa::openapi::{Ref, RefOr};

/// utoipa writes out what a generic body is made of; whoever generates a client from that gets each type twice.
pub(super) fn refer_to_inlined(components: &mut Components) {
    let named: Vec<(String, RefOr<Schema>)> = components
        .schemas
        .iter()
        .filter(|(_, schema)| {
            matches!(schema, RefOr::T(Schema::Object(object)) if !object.properties.is_empty())
        })
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::Object(object)) = schema else {
            continue;
        };
        for property in object.properties.values_mut() {
            if let RefOr::T(Schema::Array(array)) = property
                && let ArrayItems::RefOrSchema(items) = &mut array.items
                && let Some((name, _)) = named.iter().find(|(_, schema)| *schema == **items)
            {
                **items = Ref::from_schema_name(name).into();
            }
        }
    }
}

/// utoipa closes a struct that denies unknown fields, and forgets the variants of an enum that does.
pub(super) fn close_variants(components: &mut Components) {
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::OneOf(one_of)) = schema else {
            continue;
        };
        for variant in &mut one_of.items {
            if let RefOr::T(Schema::Object(object)) = variant
                && !object.properties.is_empty()
            {
                object
                    .additional_properties
                    .get_or_insert_with(|| Box::new(AdditionalProperties::FreeForm(false)));
            }
        }
    }
}
