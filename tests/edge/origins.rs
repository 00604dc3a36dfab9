//! Pages of other origins.

use stipple_shared::domain::Role;
use stipple_test_support::TestServer;

use crate::each_with;
use crate::wire::{Raw, Wire};

const OURS: &str = "https://desk.example.com";

fn each(test: impl Fn(&TestServer)) {
    each_with(
        |edge| {
            edge.allowed_origins = vec![
                OURS.parse().unwrap(),
                "http://127.0.0.1:5173".parse().unwrap(),
            ];
        },
        test,
    );
}

fn ask(server: &TestServer, method: &str, path: &str, headers: &[(&str, &str)]) -> Raw {
    Wire::open(server.address()).ask(method, path, headers)
}

fn preflight(server: &TestServer, origin: &str, method: &str, headers: &str) -> Raw {
    ask(
        server,
        "OPTIONS",
        "/v1/clients",
        &[
            ("Origin", origin),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", headers),
        ],
    )
}

#[test]
fn a_named_origin_may_send_all_that_the_contract_has() {
    each(|server| {
        for method in ["GET", "POST", "PATCH", "PUT", "DELETE"] {
            let answer = preflight(
                server,
                OURS,
                method,
                "authorization, content-type, if-match, if-none-match, idempotency-key, x-request-id",
            );
            assert_eq!(answer.status, 200, "{answer:?}");
            let header = |name| answer.header(name).unwrap_or_default().to_lowercase();
            assert_eq!(header("access-control-allow-origin"), OURS);
            assert!(header("access-control-allow-methods").contains(&method.to_lowercase()));
            assert!(header("access-control-allow-headers").contains("idempotency-key"));
            assert!(header("vary").contains("origin"), "{answer:?}");
            assert!(answer.header("access-control-allow-credentials").is_none());
            assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        }
    });
}

#[test]
fn every_answer_to_a_named_origin_can_be_read_problems_too() {
    each(|server| {
        let bearer = format!("Bearer {}", server.key(Role::Owner).secret);
        let owner = [("Origin", OURS), ("Authorization", bearer.as_str())];
        let stranger = [("Origin", OURS)];
        for (path, headers, status) in [
            ("/v1/me", &owner[..], 200),
            ("/v1/clients?surprise=1", &owner, 400),
            ("/v1/me", &stranger, 401),
            ("/v1/nothing", &stranger, 404),
        ] {
            let answer = ask(server, "GET", path, headers);
            assert_eq!(answer.status, status);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some(OURS),
                "{answer:?}"
            );
            let exposed = answer
                .header("access-control-expose-headers")
                .unwrap()
                .to_lowercase();
            for name in [
                "etag",
                "location",
                "link",
                "retry-after",
                "ratelimit",
                "ratelimit-policy",
                "idempotency-replayed",
                "x-request-id",
            ] {
                assert!(
                    exposed.split(',').any(|one| one.trim() == name),
                    "{name} in {exposed}"
                );
            }
            assert!(answer.header("access-control-allow-credentials").is_none());
        }
    });
}

#[test]
fn what_a_limit_refuses_can_be_read_too() {
    each_with(
        |edge| {
            edge.allowed_origins = vec![OURS.parse().unwrap()];
            edge.address_rate = crate::number(1);
        },
        |server| {
            ask(server, "GET", "/v1/me", &[]);
            let answer = ask(server, "GET", "/v1/me", &[("Origin", OURS)]);
            assert_eq!(answer.status, 429);
            assert_eq!(answer.header("access-control-allow-origin"), Some(OURS));
        },
    );
}

#[test]
fn all_other_origins_are_told_nothing() {
    each(|server| {
        for origin in [
            "https://evil.example",
            "https://desk.example.com.evil.example",
            "http://desk.example.com",
            "https://desk.example.com:8443",
            "null",
        ] {
            let refused = preflight(server, origin, "GET", "authorization");
            assert_eq!(refused.status, 403, "{origin}");
            assert_eq!(refused.json()["code"], "origin_not_allowed");
            assert!(refused.header("access-control-allow-origin").is_none());
            let answer = ask(server, "GET", "/v1/me", &[("Origin", origin)]);
            assert_eq!(answer.status, 401, "{origin}");
            assert!(answer.header("access-control-allow-origin").is_none());
        }
        let unknown = preflight(server, OURS, "TRACE", "authorization");
        assert_eq!(unknown.status, 403);
        let unknown = preflight(server, OURS, "GET", "x-surprise");
        assert_eq!(unknown.status, 403);
    });
}

#[test]
fn without_named_origins_there_is_nothing_to_be_told() {
    each_with(
        |_| (),
        |server| {
            let answer = preflight(server, OURS, "GET", "authorization");
            assert_eq!(answer.status, 204);
            assert!(answer.header("access-control-allow-origin").is_none());
            let answer = ask(server, "GET", "/v1/me", &[("Origin", OURS)]);
            assert!(answer.header("access-control-allow-origin").is_none());
        },
    );
}
