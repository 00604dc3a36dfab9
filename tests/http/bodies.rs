//! Bodies that can't be read, or aren't right.

use serde_json::{Value, json};
use stipple_test_support::builders::{new_client, new_studio};
use stipple_test_support::{Answer, TestServer};

use crate::each;

const JSON: &str = "application/json";

#[track_caller]
fn post_studio(server: &TestServer, change: impl Fn(&mut Value)) -> Answer {
    let mut body = new_studio();
    change(&mut body);
    server.post("/v1/studios", &body)
}

#[test]
fn broken_json_is_told_by_line_and_column() {
    each(|server| {
        for broken in ["", "{", "{\"name\": \"x\",}", "nul", "\u{feff}{}"] {
            let answer = server
                .owner()
                .send("POST", "/v1/studios", Some((JSON, broken.as_bytes())))
                .expect_problem(400, "malformed_body");
            assert!(answer.text.contains("column"), "{answer}");
        }
        server
            .owner()
            .send("POST", "/v1/studios", Some((JSON, b"{\"name\": \"\xff\"}")))
            .expect(400);
        let two = format!("{}{{}}", new_studio());
        server
            .owner()
            .send("POST", "/v1/studios", Some((JSON, two.as_bytes())))
            .expect_problem(400, "malformed_body");
        let deep = format!("{{\"name\":{}", "[".repeat(100_000));
        let answer = server
            .owner()
            .send("POST", "/v1/studios", Some((JSON, deep.as_bytes())));
        assert!((400..500).contains(&answer.status), "{answer}");
    });
}

#[test]
fn a_body_of_another_kind_is_not_read() {
    each(|server| {
        let body = new_studio().to_string();
        for kind in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/merge-patch+json",
            "nonsense",
        ] {
            let answer = server
                .owner()
                .send("POST", "/v1/studios", Some((kind, body.as_bytes())))
                .expect_problem(415, "unsupported_media_type");
            assert_eq!(answer.header("Accept"), Some(JSON));
        }
        for kind in ["application/json; charset=utf-8", "Application/JSON"] {
            server
                .owner()
                .send("POST", "/v1/studios", Some((kind, body.as_bytes())))
                .expect(201);
        }
        let studio = server.studio();
        for (kind, status) in [
            ("application/merge-patch+json", 200),
            ("application/json", 200),
            ("application/json-patch+json", 415),
        ] {
            let answer = server
                .owner()
                .header("If-Match", "*")
                .send("PATCH", &studio.location(), Some((kind, b"{}")))
                .expect(status);
            if status == 415 {
                assert_eq!(
                    answer.header("Accept-Patch"),
                    Some("application/merge-patch+json")
                );
            }
        }
    });
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    each(|server| {
        let studio_id = server.studio().id();
        let mut body = new_client(&studio_id);
        body["notes"] = json!("x".repeat(300_000));
        server
            .post("/v1/clients", &body)
            .expect_problem(413, "payload_too_large");
        body["notes"] = json!("é".repeat(10_000));
        server.post("/v1/clients", &body).expect(201);
        body["notes"] = json!("é".repeat(10_001));
        server
            .post("/v1/clients", &body)
            .expect_problem(422, "invalid")
            .expect_error("/notes", "invalid_value");
    });
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    each(|server| {
        post_studio(server, |body| body["nmae"] = json!("typo"))
            .expect_problem(422, "invalid")
            .expect_error("/nmae", "unknown_field");
        post_studio(server, |body| {
            body.as_object_mut().unwrap().remove("time_zone");
        })
        .expect_problem(422, "invalid")
        .expect_error("/time_zone", "required");
        post_studio(server, |body| body["name"] = json!(7))
            .expect(422)
            .expect_error("/name", "invalid_value");
        post_studio(server, |body| body["name"] = Value::Null)
            .expect(422)
            .expect_error("/name", "invalid_value");
        post_studio(server, |body| body["time_zone"] = json!("Europe/Atlantis"))
            .expect(422)
            .expect_error("/time_zone", "invalid_value");
        post_studio(server, |body| body["opening_hours"][2]["from"] = json!(9))
            .expect(422)
            .expect_error("/opening_hours/2/from", "invalid_value");
        post_studio(server, |body| {
            body["opening_hours"][3]["weekday"] = json!("someday")
        })
        .expect(422)
        .expect_error("/opening_hours/3/weekday", "invalid_value");
        post_studio(server, |body| {
            body["opening_hours"][1]["to"] = json!("18:00")
        })
        .expect(422)
        .expect_error("/opening_hours/1/to", "unknown_field");
        post_studio(server, |body| {
            body["opening_hours"][6]
                .as_object_mut()
                .unwrap()
                .remove("until");
        })
        .expect(422)
        .expect_error("/opening_hours/6/until", "required");
        post_studio(server, |body| body["opening_hours"] = json!("always"))
            .expect(422)
            .expect_error("/opening_hours", "invalid_value");
        for no_object in [json!([]), json!(["Room 1"]), json!("Room 1"), Value::Null] {
            let id = server.studio().id();
            server
                .post(&format!("/v1/studios/{id}/rooms"), &no_object)
                .expect_problem(422, "invalid")
                .expect_error("", "invalid_value");
            server
                .patch(&format!("/v1/studios/{id}"), "*", &no_object)
                .expect_problem(422, "invalid")
                .expect_error("", "invalid_value");
        }
        server
            .owner()
            .send(
                "POST",
                "/v1/studios",
                Some((JSON, b"{\"name\": \"a\", \"name\": \"b\"}")),
            )
            .expect(422)
            .expect_error("/name", "duplicate_field");
        let studio_id = server.studio().id();
        let mut body = new_client(&studio_id);
        body["date_of_birth"] = json!("2027-01-01");
        server
            .post("/v1/clients", &body)
            .expect(422)
            .expect_error("/date_of_birth", "out_of_range");
        body["date_of_birth"] = json!("1985-02-29");
        server
            .post("/v1/clients", &body)
            .expect(422)
            .expect_error("/date_of_birth", "invalid_value");
        let mut body = new_client(&uuid::Uuid::now_v7().to_string());
        server
            .post("/v1/clients", &body)
            .expect(422)
            .expect_error("/studio_id", "unknown_studio");
        body["studio_id"] = json!("not an id");
        server
            .post("/v1/clients", &body)
            .expect(422)
            .expect_error("/studio_id", "invalid_value");
        assert_eq!(server.get("/v1/clients").data().len(), 0);
    });
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    each(|server| {
        let answer = server
            .post("/v1/clients", &json!({"email": "client@example.com"}))
            .expect_problem(422, "invalid");
        let told: Vec<_> = answer.json["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                (
                    error["pointer"].as_str().unwrap(),
                    &error["code"],
                    &error["detail"],
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    "/family_name",
                    &json!("required"),
                    &json!("missing field `family_name`")
                ),
                (
                    "/given_name",
                    &json!("required"),
                    &json!("missing field `given_name`")
                ),
                (
                    "/studio_id",
                    &json!("required"),
                    &json!("missing field `studio_id`")
                ),
            ]
        );
        // The answer doesn't grow with what is sent.
        let answer = post_studio(server, |studio| {
            studio["opening_hours"] = vec![json!({}); 1_000].into();
        })
        .expect_problem(422, "invalid");
        let errors = answer.json["errors"].as_array().unwrap().len();
        assert_eq!(errors, 50);
    });
}

#[test]
fn a_number_that_is_none_of_ours_is_told_with_its_place_and_range() {
    each(|server| {
        let id = server.studio().id();
        let client = server.client(&id);
        let session =
            json!({"client_id": client.id(), "kind": "consultation", "duration_minutes": 60});
        let session = server.post("/v1/sessions", &session).expect(201);
        let key = format!(
            "/v1/api-keys/{}",
            server.key(stipple_shared::domain::Role::Auditor).id
        );
        for (method, path, body, pointer, range) in [
            (
                "POST",
                "/v1/sessions",
                r#"{"duration_minutes": ?}"#,
                "/duration_minutes",
                "from 5 to 720",
            ),
            (
                "POST",
                "/v1/sessions",
                r#"{"booking": {"duration_minutes": ?}}"#,
                "/booking/duration_minutes",
                "from 5 to 720",
            ),
            (
                "PATCH",
                &session.location(),
                r#"{"duration_minutes": ?}"#,
                "/duration_minutes",
                "from 5 to 720",
            ),
            (
                "POST",
                "/v1/pigment-records",
                r#"{"zones": [{"zone": "crown", "layer": ?}]}"#,
                "/zones/0/layer",
                "from 1 to 20",
            ),
            (
                "POST",
                &format!("{key}/rotate"),
                r#"{"overlap_minutes": ?}"#,
                "/overlap_minutes",
                "from 0 to 43200",
            ),
        ] {
            for number in [
                "-0",
                "1e400",
                "-1e400",
                "18446744073709551616",
                "99999",
                "1.0",
                "7.5",
                "-1",
                "\"7\"",
                "true",
            ] {
                let body = body.replace('?', number);
                let answer = server
                    .owner()
                    .header("If-Match", "*")
                    .send(method, path, Some((JSON, body.as_bytes())))
                    .expect_problem(422, "invalid");
                let error = &answer.json["errors"][0];
                assert_eq!(error["pointer"], pointer, "{body} {answer}");
                let detail = error["detail"].as_str().unwrap();
                assert!(
                    detail.starts_with("write a whole number from"),
                    "{body} {answer}"
                );
                assert!(detail.contains(range), "{body} {answer}");
            }
        }
    });
}

#[test]
fn a_body_that_is_packed_is_not_unpacked() {
    each(|server| {
        let body = new_studio().to_string();
        let packed = |coding: &str| {
            server.owner().header("Content-Encoding", coding).send(
                "POST",
                "/v1/studios",
                Some((JSON, body.as_bytes())),
            )
        };
        for coding in ["gzip", "GZIP", "br", "zstd", "identity, gzip", "nonsense"] {
            let refused = packed(coding).expect_problem(415, "unsupported_content_encoding");
            assert_eq!(refused.header("Accept-Encoding"), Some("identity"));
        }
        assert_eq!(server.get("/v1/studios").data().len(), 0);
        for coding in ["identity", "Identity", ""] {
            packed(coding).expect(201);
        }
        server
            .owner()
            .header("Content-Encoding", "gzip")
            .get("/v1/studios")
            .expect(200);
    });
}

#[test]
fn a_change_takes_no_query() {
    each(|server| {
        server
            .post("/v1/studios?dry=1", &new_studio())
            .expect_problem(400, "invalid_query")
            .expect_error("dry", "unknown_parameter");
        assert_eq!(server.get("/v1/studios").data().len(), 0);
    });
}
