//! The search finds what it's there for, and says of what kind it was and where.

#![expect(clippy::unwrap_used, reason = "the contract is what it is")]

use std::collections::BTreeSet;

use serde_json::json;

use super::fields::{Fields, NOT_A_PERSONS};
use super::{Leak, Watch, Where, take_in_log};

/// A watch that knows of somebody. Each test names somebody else: where tests are threads they share one log.
fn watch(given_name: &str) -> Watch {
    let watch = Watch::begin();
    let client = json!({
        "given_name": given_name, "family_name": format!("{given_name}-Ändern"), "date_of_birth": "1971-03-09",
        "email": format!("{given_name}.q@client.example"), "telephone": "+44 20 7946 0555", "language": "en",
        "notes": "prefers \"cold\" rooms", "external_id": "crm-zq-17", "studio_id": "not-a-uuid",
    });
    watch
        .watcher()
        .sent("application/json", client.to_string().as_bytes());
    watch
}

/// The kinds and places of what was found, each once.
fn found(watch: Watch) -> Vec<(String, Where)> {
    let mut found: Vec<_> = watch
        .leaks()
        .into_iter()
        .map(|Leak { kind, place, .. }| (kind, place))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found.dedup();
    // It would fail this test, as it should others.
    std::mem::forget(watch);
    found
}

fn one(kind: &str, place: Where) -> Vec<(String, Where)> {
    vec![(kind.to_owned(), place)]
}

#[test]
fn a_name_in_a_log_line_is_found() {
    let watch = watch("Zephyrina");
    tracing::info!("registered ZEPHYRINA at the desk");
    assert_eq!(found(watch), one("given_name", Where::Log));
}

#[test]
fn so_is_one_in_a_field_of_a_line_at_the_lowest_level() {
    let watch = watch("Quellfluss");
    tracing::trace!(target: "stipple_api", who = "quellfluss", "seen");
    assert_eq!(found(watch), one("given_name", Where::Log));
}

#[test]
fn so_is_what_another_library_says() {
    let watch = watch("Ottoline");
    tracing::debug!(target: "some_library", "dialling 442079460555");
    assert_eq!(found(watch), one("telephone", Where::Log));
}

#[test]
fn so_is_what_another_process_wrote() {
    let watch = watch("Bartholomea");
    take_in_log("first line\nmail to <Bartholomea.Q@client.example> refused\n");
    // Her first name is a word of it too.
    let both = [one("email", Where::Log), one("given_name", Where::Log)].concat();
    assert_eq!(found(watch), both);
}

#[test]
fn a_name_in_a_url_is_found() {
    for url in [
        "/v1/clients?name=theod%C3%B3ra&limit=1",
        "</v1/clients?q=Theodóra>; rel=\"next\"",
    ] {
        let watch = watch("Theodóra");
        watch.watcher().url(url);
        assert_eq!(found(watch), one("given_name", Where::Url), "{url}");
    }
    let watch = watch("Theodora");
    let page = "<a href=\"/my/Theodora/move\">move</a>";
    watch.watcher().urls_in(page);
    assert_eq!(found(watch), one("given_name", Where::Url));
}

#[test]
fn a_name_in_the_figures_is_found() {
    let watch = watch("Wilhelmine");
    let text = "stipple_requests_total{route=\"/v1/clients\",who=\"Wilhelmine\"} 1\n";
    watch.watcher().metrics(text);
    assert_eq!(found(watch), one("given_name", Where::Metrics));
}

#[test]
fn so_is_what_was_sent_in_a_wrong_shape() {
    for (body, kind) in [
        (r#"{"given_name": "Marguerita""#, "given_name"),
        (r#"{"given_name": {"Marguerita": 1}}"#, "given_name"),
        (r#"["Marguerita"]"#, "a text without a field"),
        (r#"{"nickname": "Marguerita"}"#, "nickname"),
    ] {
        let watch = Watch::begin();
        watch.watcher().sent("application/json", body.as_bytes());
        watch.watcher().url("/v1/marguerita");
        assert_eq!(found(watch), one(kind, Where::Url), "{body}");
    }
    let watch = Watch::begin();
    let form = b"note=my+sister+Marguerita%21&starts_at=2026-11-25";
    watch
        .watcher()
        .sent("application/x-www-form-urlencoded", form);
    watch
        .watcher()
        .metrics("x{note=\"my sister marguerita!\"} 1");
    assert_eq!(found(watch), one("note", Where::Metrics));
}

#[test]
fn what_is_no_persons_is_not_found() {
    let watch = watch("Casimira");
    tracing::info!(language = "en", "casimiras, 1971-03-091, not-a-uuid");
    // The caller's own id may stand in an address, as in the filter of its name.
    watch.watcher().url("/v1/clients?external_id=crm-zq-17");
    assert_eq!(found(watch), []);
}

#[test]
fn a_leak_fails_the_test_whose_watch_it_is() {
    let failed = std::panic::catch_unwind(|| {
        let watch = watch("Leocadia");
        watch.watcher().url("/v1/leocadia");
    });
    let said = failed.map_err(|said| said.downcast_ref::<String>().cloned().unwrap_or_default());
    assert!(
        said.as_ref()
            .is_err_and(|said| said.contains("\"leocadia\" of given_name in Url: /v1/leocadia")),
        "{said:?}"
    );
}

#[test]
fn fields_are_watched_until_they_are_named() {
    let fields = Fields::of_the_contract();
    for field in [
        "given_name",
        "family_name",
        "preferred_name",
        "email",
        "telephone",
        "address",
        "date_of_birth",
        "notes",
        "clinical_notes",
        "scars",
        "skin_tone",
        "goals",
        "reactions",
        "reason",
        "text",
        "code",
        "batch_code",
        "external_id",
    ] {
        assert!(fields.watches(field), "{field}");
    }
    for field in ["studio_id", "starts_at", "state", "limit", "norwood"] {
        assert!(fields.knows(field) && !fields.watches(field), "{field}");
    }
    for name in NOT_A_PERSONS.iter().flat_map(|(_, names)| *names) {
        assert!(fields.knows(name), "the contract has no {name} any more");
    }
}

#[test]
fn no_list_has_a_filter_for_what_is_a_persons() {
    let fields = Fields::of_the_contract();
    let document = serde_json::to_value(stipple_api::openapi::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let parameters: BTreeSet<&str> = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .filter_map(|operation| operation["parameters"].as_array())
        .flatten()
        .map(|parameter| match parameter["$ref"].as_str() {
            Some(place) => &document["components"]["parameters"][place.rsplit('/').next().unwrap()],
            None => parameter,
        })
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert!(parameters.contains("client_id"), "{parameters:?}");
    let watched: Vec<&str> = parameters
        .into_iter()
        .filter(|name| fields.watches(name))
        .collect();
    assert_eq!(watched, ["code", "external_id"]);
}
