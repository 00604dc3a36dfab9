//! A PATCH that changes nothing writes nothing, whatever it's about.

use serde_json::{Map, Value, json};
use stipple_test_support::{Answer, engines};

use crate::house::House;

/// Each PATCH of the contract, with the fields that it takes and whether each may be null.
fn patches() -> Vec<(String, Vec<(String, bool)>)> {
    let document = serde_json::to_value(stipple_api::openapi::document()).unwrap();
    let mut found = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        let Some(content) = item.pointer("/patch/requestBody/content") else {
            continue;
        };
        let reference = content["application/merge-patch+json"]["schema"]["$ref"]
            .as_str()
            .unwrap();
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        let fields = fields
            .iter()
            .map(|(name, field)| (name.clone(), field.to_string().contains("\"null\"")));
        found.push((template.clone(), fields.collect()));
    }
    found
}

/// The newest change and the newest entry of the trail: whatever is written moves one of them.
fn written(house: &House) -> (Value, usize) {
    let server = &house.server;
    let changes = server.get("/v1/studios").expect(200);
    let trail = server.get("/v1/audit-events/export").expect(200);
    (
        changes.json["latest_change"].clone(),
        trail.text.lines().count(),
    )
}

#[track_caller]
fn expect_same(answer: Answer, before: &Answer) {
    let answer = answer.expect(200);
    assert_eq!(answer.json, before.json, "{answer}");
    assert_eq!(answer.etag(), before.etag(), "{answer}");
}

#[test]
fn a_patch_that_changes_nothing_writes_nothing() {
    let patches = patches();
    assert!(patches.len() >= 12, "{patches:?}");
    for engine in engines() {
        let house = House::on(engine);
        let server = &house.server;
        // The key's use is noted once a minute, and this is it.
        server.get("/v1/me").expect(200);
        for (template, fields) in &patches {
            let path = house.path(template);
            let before = server.get(&path).expect(200);
            let stands = written(&house);
            let same: Map<String, Value> = fields
                .iter()
                .map(|(field, may_be_null)| (field, may_be_null, &before.json[field]))
                .filter(|(_, may_be_null, value)| **may_be_null || !value.is_null())
                .map(|(field, _, value)| (field.clone(), value.clone()))
                .collect();
            assert!(!same.is_empty(), "{template}: {before}");
            for patch in [json!({}), Value::Object(same)] {
                for tag in [before.etag(), "*".to_owned()] {
                    expect_same(server.patch(&path, &tag, &patch), &before);
                }
                server
                    .patch(&path, "\"v99\"", &patch)
                    .expect_problem(412, "stale_version");
                let body = patch.to_string();
                let unconditional = Some(("application/merge-patch+json", body.as_bytes()));
                server
                    .owner()
                    .send("PATCH", &path, unconditional)
                    .expect_problem(428, "if_match_required");
            }
            assert_eq!(written(&house), stands, "{template}");
        }
    }
}

#[test]
fn what_can_no_longer_be_changed_can_be_left_as_it_is() {
    for engine in engines() {
        let house = House::on(engine);
        let server = &house.server;
        let path = house.path("/v1/sessions/{id}");
        let before = server.get(&path).expect(200);
        let minutes = &before.json["duration_minutes"];
        expect_same(
            server.patch(&path, "*", &json!({"duration_minutes": minutes})),
            &before,
        );
        server
            .patch(&path, "*", &json!({"duration_minutes": 90}))
            .expect_problem(409, "already_booked");
    }
}
