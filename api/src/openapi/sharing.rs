//! What many operations say in the same words is said once, under `components`, and referred to.

use std::collections::BTreeMap;

use utoipa::openapi::link::Link;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{Components, Header, OpenApi, Ref, RefOr, Required, Response};

use super::operations_mut;
use super::schemas::in_camel_case;

/// So often must something be said before it moves to the components.
const OFTEN: usize = 3;

/// Moves what is said often to the components.
pub(super) fn share(document: &mut OpenApi) {
    let mut shared = Components::default();
    share_parameters(document, &mut shared);
    share_in_responses(document, &mut shared);
    share_responses(document, &mut shared);
    let components = document.components.get_or_insert_with(Components::new);
    components.parameters = shared.parameters;
    components.headers = shared.headers;
    components.links = shared.links;
    components.responses = shared.responses;
}

/// The things that were seen, each with its name and how often.
struct Seen<T>(Vec<(String, T, usize)>);

impl<T: PartialEq + Clone> Seen<T> {
    fn note(&mut self, name: &str, thing: &RefOr<T>) {
        let RefOr::T(thing) = thing else { return };
        match self
            .0
            .iter_mut()
            .find(|(known, other, _)| known == name && other == thing)
        {
            Some((_, _, times)) => *times += 1,
            None => self.0.push((name.to_owned(), thing.clone(), 1)),
        }
    }

    /// Those that deserve a place of their own, under names that differ.
    fn often(self) -> Vec<(String, String, T)> {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut often: Vec<_> = self.0;
        often.retain(|(_, _, times)| *times >= OFTEN);
        // The one that is said most has the plain name.
        often.sort_by(|(left, _, less), (right, _, more)| left.cmp(right).then(more.cmp(less)));
        often
            .into_iter()
            .map(|(name, thing, _)| {
                let number = names.entry(name.clone()).or_default();
                *number += 1;
                let own = match number {
                    1 => name.clone(),
                    number => format!("{name}{number}"),
                };
                (name, own, thing)
            })
            .collect()
    }
}

fn refer<T: PartialEq>(
    place: &str,
    name: &str,
    thing: &mut RefOr<T>,
    often: &[(String, String, T)],
) {
    let RefOr::T(given) = thing else { return };
    if let Some((_, own, _)) = often
        .iter()
        .find(|(known, _, other)| known == name && other == given)
    {
        *thing = RefOr::Ref(Ref::new(format!("#/components/{place}/{own}")));
    }
}

fn components<T>(often: Vec<(String, String, T)>) -> BTreeMap<String, RefOr<T>> {
    often
        .into_iter()
        .map(|(_, own, thing)| (own, RefOr::T(thing)))
        .collect()
}

fn each_response(document: &mut OpenApi, mut look: impl FnMut(&str, &mut RefOr<Response>)) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            for (status, response) in &mut operation.responses.responses {
                look(status, response);
            }
        }
    }
}

fn share_parameters(document: &mut OpenApi, shared: &mut Components) {
    let mut seen = Seen::<Parameter>(Vec::new());
    let mut each = |look: &mut dyn FnMut(&str, &mut RefOr<Parameter>)| {
        for item in document.paths.paths.values_mut() {
            for (_, operation) in operations_mut(item) {
                for parameter in operation.parameters.iter_mut().flatten() {
                    if let RefOr::T(given) = parameter {
                        let name = parameter_name(given);
                        look(&name, parameter);
                    }
                }
            }
        }
    };
    each(&mut |name, parameter| seen.note(name, parameter));
    let often = seen.often();
    each(&mut |name, parameter| refer("parameters", name, parameter, &often));
    shared.parameters = components(often);
}

/// Ids in paths all have one name, and so go by their type; what is required in one place and not in another is two.
fn parameter_name(parameter: &Parameter) -> String {
    let name = in_camel_case(&parameter.name);
    let is_required = matches!(parameter.required, Required::True);
    match (&parameter.parameter_in, &parameter.schema) {
        (ParameterIn::Path, Some(RefOr::Ref(schema))) => {
            let of_type = schema.ref_location.rsplit('/').next().unwrap_or(&name);
            format!("{of_type}InPath")
        }
        _ if is_required => format!("{name}Required"),
        _ => name,
    }
}

fn share_in_responses(document: &mut OpenApi, shared: &mut Components) {
    let mut headers = Seen::<Header>(Vec::new());
    let mut links = Seen::<Link>(Vec::new());
    each_response(document, |_, response| {
        let RefOr::T(response) = response else { return };
        for (name, header) in &response.headers {
            headers.note(&in_camel_case(name), header);
        }
        for (name, link) in &response.links {
            links.note(name, link);
        }
    });
    let headers = headers.often();
    let links = links.often();
    each_response(document, |_, response| {
        let RefOr::T(response) = response else { return };
        for (name, header) in &mut response.headers {
            refer("headers", &in_camel_case(name), header, &headers);
        }
        for (name, link) in &mut response.links {
            refer("links", name, link, &links);
        }
    });
    shared.headers = components(headers);
    shared.links = components(links);
}

fn share_responses(document: &mut OpenApi, shared: &mut Components) {
    let mut seen = Seen::<Response>(Vec::new());
    each_response(document, |status, response| {
        if let Some(name) = meaning(status) {
            seen.note(name, response);
        }
    });
    let often = seen.often();
    each_response(document, |status, response| {
        if let Some(name) = meaning(status) {
            refer("responses", name, response, &often);
        }
    });
    shared.responses = components(often);
}

/// What a status is called here. Successes are each of their own kind.
fn meaning(status: &str) -> Option<&'static str> {
    Some(match status {
        "304" => "NotModified",
        "400" => "BadRequest",
        "401" => "Unauthorised",
        "403" => "Forbidden",
        "404" => "NotFound",
        "408" => "RequestTimeout",
        "409" => "Conflict",
        "412" => "StaleVersion",
        "413" => "PayloadTooLarge",
        "414" => "UriTooLong",
        "415" => "UnsupportedMediaType",
        "422" => "Invalid",
        "428" => "IfMatchRequired",
        "429" => "TooManyRequests",
        "431" => "HeadersTooLarge",
        "500" => "Fault",
        "503" => "Unavailable",
        _ => return None,
    })
}
