//! Links: what can be done next with what was just made, so that tools and tests can follow them.

use std::collections::BTreeMap;

use utoipa::openapi::link::Link;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, OpenApi, RefOr};

use super::{operations, operations_mut};

/// A place where an id is asked for.
struct Target {
    operation_id: String,
    /// The type of the id.
    id_type: String,
    parameter: String,
    /// The id of the thing that it belongs to, where the path has two.
    outer: Option<String>,
    takes_tag: bool,
}

/// Links each operation that makes something to all that ask for its id.
pub(super) fn add(document: &mut OpenApi) {
    let targets: Vec<Target> = document
        .paths
        .paths
        .values()
        .flat_map(operations)
        .flat_map(|(_, operation)| targets(operation))
        .collect();
    let components = document.components.clone().unwrap_or_default();
    for (path, item) in &mut document.paths.paths {
        let makes_inner = path.contains("{id}");
        for (_, operation) in operations_mut(item) {
            let Some(RefOr::T(response)) = operation.responses.responses.get_mut("201") else {
                continue;
            };
            let made = response
                .content
                .values()
                .find_map(|content| match content {
                    RefOr::T(content) => named(content.schema.as_ref()?),
                    RefOr::Ref(_) => None,
                })
                .and_then(|name| id_type(&components, &name));
            let Some(made) = made else { continue };
            for target in targets.iter().filter(|target| target.id_type == made) {
                if target.outer.is_some() && !makes_inner {
                    continue;
                }
                response
                    .links
                    .insert(target.operation_id.clone(), RefOr::T(link(target)));
            }
        }
    }
}

fn link(target: &Target) -> Link {
    let mut parameters = BTreeMap::new();
    parameters.insert(target.parameter.clone(), "$response.body#/id".into());
    if let Some(outer) = &target.outer {
        parameters.insert(outer.clone(), "$request.path.id".into());
    }
    if target.takes_tag {
        parameters.insert("If-Match".into(), "$response.header.ETag".into());
    }
    let mut link = Link::default();
    link.operation_id.clone_from(&target.operation_id);
    link.parameters = parameters;
    link
}

/// Where an operation asks for an id: the last one in its path, or else those that a list is filtered by.
fn targets(operation: &Operation) -> Vec<Target> {
    let Some(operation_id) = &operation.operation_id else {
        return Vec::new();
    };
    let parameters: Vec<&Parameter> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
        .collect();
    let target = |parameter: &Parameter, outer| {
        Some(Target {
            operation_id: operation_id.clone(),
            id_type: named(parameter.schema.as_ref()?)?,
            parameter: parameter.name.clone(),
            outer,
            takes_tag: parameters.iter().any(|one| one.name == "If-Match"),
        })
    };
    let of = |place: &ParameterIn| {
        let place = place.clone();
        parameters
            .iter()
            .copied()
            .filter(move |one| one.parameter_in == place)
    };
    let in_path: Vec<&Parameter> = of(&ParameterIn::Path).collect();
    match in_path.as_slice() {
        [] => of(&ParameterIn::Query)
            .filter_map(|one| target(one, None))
            .collect(),
        [only] => target(only, None).into_iter().collect(),
        [outer, .., inner] => target(inner, Some(outer.name.clone()))
            .into_iter()
            .collect(),
    }
}

/// The name of the component that a schema refers to, null or not.
fn named(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(reference) => reference
            .ref_location
            .strip_prefix("#/components/schemas/")
            .map(str::to_owned),
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().find_map(named),
        RefOr::T(_) => None,
    }
}

fn id_type(components: &Components, name: &str) -> Option<String> {
    match components.schemas.get(name)? {
        RefOr::T(Schema::Object(object)) => named(object.properties.get("id")?),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().find_map(|part| match part {
            RefOr::Ref(_) => id_type(components, &named(part)?),
            RefOr::T(Schema::Object(object)) => named(object.properties.get("id")?),
            RefOr::T(_) => None,
        }),
        _ => None,
    }
}
