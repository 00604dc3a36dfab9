//! What utoipa's derive leaves out of schemas, for those who generate clients from them.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, Discriminator, Object, OneOf, Schema,
};
use utoipa::openapi::{Components, Ref, RefOr};

/// Finishes the schemas.
pub(super) fn finish(components: &mut Components) {
    merge_sums(components);
    refer_to_inlined(components);
    name_variants(components);
}

/// utoipa says a flattened field as a sum of schemas, of which generators make a type with a part inside; what is sent is one
/// object.
fn merge_sums(components: &mut Components) {
    let known = components.schemas.clone();
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::AllOf(sum)) = schema else {
            continue;
        };
        let mut whole = Object::new();
        whole.description.clone_from(&sum.description);
        for part in &sum.items {
            let part = match part {
                RefOr::Ref(reference) => reference
                    .ref_location
                    .rsplit('/')
                    .next()
                    .and_then(|name| known.get(name)),
                part => Some(part),
            };
            if let Some(RefOr::T(Schema::Object(part))) = part {
                whole.properties.extend(part.properties.clone());
                whole.required.extend(part.required.clone());
            }
        }
        *schema = RefOr::T(Schema::Object(whole));
    }
}

/// utoipa writes out what a generic body is made of; whoever generates a client from that gets each type twice.
fn refer_to_inlined(components: &mut Components) {
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

/// Gives the variants of a tagged choice names, a discriminator, and the refusal of unknown fields that all bodies have.
fn name_variants(components: &mut Components) {
    let mut named = Vec::new();
    for (name, schema) in &mut components.schemas {
        let RefOr::T(Schema::OneOf(choice)) = schema else {
            continue;
        };
        let Some(tag) = tag(choice) else { continue };
        let mut mapping = BTreeMap::new();
        for variant in &mut choice.items {
            let RefOr::T(Schema::Object(object)) = variant else {
                continue;
            };
            let Some(value) = only_value(object, &tag) else {
                continue;
            };
            let own = format!("{name}{}", in_camel_case(&value));
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            let reference = Ref::from_schema_name(&own);
            mapping.insert(value, reference.ref_location.clone());
            named.push((own, std::mem::replace(variant, reference.into())));
        }
        let mut discriminator = Discriminator::new(tag);
        discriminator.mapping = mapping;
        choice.discriminator = Some(discriminator);
    }
    components.schemas.extend(named);
}

/// The property whose only value tells the variants apart.
fn tag(choice: &OneOf) -> Option<String> {
    let objects: Option<Vec<&Object>> = choice
        .items
        .iter()
        .map(|variant| match variant {
            RefOr::T(Schema::Object(object)) => Some(object),
            _ => None,
        })
        .collect();
    let objects = objects?;
    let (first, others) = objects.split_first()?;
    first
        .properties
        .keys()
        .find(|name| {
            only_value(first, name).is_some()
                && !others.is_empty()
                && others.iter().all(|other| only_value(other, name).is_some())
        })
        .cloned()
}

fn only_value(object: &Object, property: &str) -> Option<String> {
    let RefOr::T(Schema::Object(property)) = object.properties.get(property)? else {
        return None;
    };
    match property.enum_values.as_deref()? {
        [only] => only.as_str().map(str::to_owned),
        _ => None,
    }
}

/// `start_day` as `StartDay`, for a component's name.
pub(super) fn in_camel_case(name: &str) -> String {
    name.split(['-', '_'])
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
        })
        .collect()
}
