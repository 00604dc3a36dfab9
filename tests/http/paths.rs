//! Paths, methods and what every answer carries.

use serde_json::json;
use uuid::Uuid;

use crate::each;

#[test]
fn an_id_that_names_nothing_is_not_found_whatever_it_looks_like() {
    each(|server| {
        let studio = server.studio();
        let unknown = Uuid::now_v7();
        for id in [
            unknown.to_string(),
            studio.id().replace('-', "x"),
            "1".to_owned(),
            "%00".to_owned(),
            "%F0%9F%92%89".to_owned(),
            "a".repeat(2000),
        ] {
            server
                .get(&format!("/v1/studios/{id}"))
                .expect_problem(404, "not_found");
            server
                .patch(&format!("/v1/studios/{id}"), "*", &json!({}))
                .expect_problem(404, "not_found");
            server
                .get(&format!("/v1/studios/{id}/rooms"))
                .expect_problem(404, "not_found");
        }
        let other = server.studio();
        let room = server.room(&studio.id());
        server.get(&room.location()).expect(200);
        let elsewhere = format!("/v1/studios/{}/rooms/{}", other.id(), room.id());
        server.get(&elsewhere).expect_problem(404, "not_found");
        server
            .patch(&elsewhere, "*", &json!({"name": "Stolen"}))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_path_that_is_not_there_says_so() {
    each(|server| {
        for path in [
            "/v1",
            "/v1/",
            "/v1/nothing",
            "/v1/studios/",
            "//v1/studios",
            "/V1/studios",
            "/v2/studios",
            "/favicon.ico",
            "/docs/../../etc/passwd",
        ] {
            let answer = server.get(path);
            assert_eq!(answer.status, 404, "{answer}");
            assert_eq!(
                answer.header("Content-Type"),
                Some("application/problem+json"),
                "{answer}"
            );
            server.stranger().get(path).expect(404);
        }
    });
}

#[test]
fn what_has_not_the_shape_of_a_feed_is_answered_like_an_unknown_one() {
    each(|server| {
        let stranger = server.stranger();
        let mut unknown = stranger.get("/calendars/unknown.ics").expect(404).json;
        for path in [
            "/calendars",
            "/calendars/",
            "/calendars/x",
            "/calendars/.ics",
            "/calendars/x.ICS",
            "/calendars/x.ics/",
            "/calendars/x.ics/y",
        ] {
            for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE"] {
                let answer = stranger.send(method, path, None).expect(404);
                assert_eq!(answer.header("Allow"), None, "{answer}");
            }
            let answer = stranger.get(path).expect_problem(404, "no_such_path");
            for own in ["instance", "request_id"] {
                unknown[own] = answer.json[own].clone();
            }
            assert_eq!(answer.json, unknown);
        }
        let refused = stranger
            .send("POST", "/calendars/unknown.ics", None)
            .expect_problem(405, "method_not_allowed");
        assert_eq!(refused.header("Allow"), Some("GET, HEAD, OPTIONS"));
    });
}

#[test]
fn a_method_that_is_not_there_names_those_that_are() {
    each(|server| {
        let id = server.studio().id();
        for (method, path, allowed) in [
            ("PUT", "/v1/studios".to_owned(), "GET, POST, HEAD, OPTIONS"),
            (
                "DELETE",
                format!("/v1/studios/{id}"),
                "GET, PATCH, HEAD, OPTIONS",
            ),
            (
                "BREW",
                format!("/v1/studios/{id}"),
                "GET, PATCH, HEAD, OPTIONS",
            ),
            ("POST", "/livez".to_owned(), "GET, HEAD, OPTIONS"),
            ("DELETE", "/docs/".to_owned(), "GET, HEAD, OPTIONS"),
            ("DELETE", "/openapi.yaml".to_owned(), "GET, HEAD, OPTIONS"),
        ] {
            let answer = server
                .owner()
                .send(method, &path, None)
                .expect_problem(405, "method_not_allowed");
            assert_eq!(answer.header("Allow"), Some(allowed), "{answer}");
            let options = server.stranger().send("OPTIONS", &path, None).expect(204);
            assert_eq!(options.header("Allow"), Some(allowed), "{options}");
        }
        server
            .stranger()
            .send("OPTIONS", "/v1/nothing", None)
            .expect(404);
    });
}

#[test]
fn head_is_get_without_the_body() {
    each(|server| {
        let studio = server.studio();
        let got = server.get(&studio.location()).expect(200);
        let head = server
            .owner()
            .send("HEAD", &studio.location(), None)
            .expect(200);
        assert_eq!(head.text, "");
        for name in ["ETag", "Content-Type", "Content-Length"] {
            assert!(got.header(name).is_some(), "{got}");
            assert_eq!(head.header(name), got.header(name), "{name}");
        }
        server
            .stranger()
            .send("HEAD", &studio.location(), None)
            .expect(401);
        server.owner().send("HEAD", "/v1/nothing", None).expect(404);
        server.stranger().send("HEAD", "/livez", None).expect(200);
        // The connection is still in step.
        server.get(&studio.location()).expect(200);
    });
}

#[test]
fn every_answer_has_a_request_id_and_a_good_one_is_kept() {
    each(|server| {
        let asked = server.owner().header("X-Request-Id", "front-end-4711");
        assert_eq!(
            asked.get("/v1/studios").header("X-Request-Id"),
            Some("front-end-4711")
        );
        let problem = asked.get("/v1/studios/nothing").expect(404);
        assert_eq!(problem.header("X-Request-Id"), Some("front-end-4711"));
        assert_eq!(problem.json["request_id"], "front-end-4711");
        assert_eq!(problem.json["instance"], "/v1/studios/nothing");
        assert_eq!(problem.json["type"], "urn:stipple:problem:not_found");
        for bad in [
            "short",
            &"a".repeat(65),
            "with space",
            "a;b;c;d;e",
            "{{template}}",
        ] {
            let answer = server
                .owner()
                .header("X-Request-Id", bad)
                .get("/v1/studios");
            let id = answer.header("X-Request-Id").unwrap();
            assert_ne!(id, bad);
            assert!(Uuid::try_parse(id).is_ok(), "{id}");
        }
    });
}

#[test]
fn no_answer_is_kept_by_a_cache_or_read_as_another_kind() {
    each(|server| {
        for answer in [server.get("/v1/studios"), server.get("/v1/nothing")] {
            assert_eq!(answer.header("Cache-Control"), Some("no-store"));
            assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
            assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
        }
    });
}
