//! What every answer carries, and how it's packed.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::builders::new_practitioner;

use crate::each_with;
use crate::wire::{Raw, Wire};

#[test]
fn every_answer_tells_browsers_to_be_careful() {
    each_with(
        |_| (),
        |server| {
            let bearer = format!("Bearer {}", server.key(Role::Owner).secret);
            for (method, path) in [
                ("GET", "/v1/me"),
                ("GET", "/v1/nothing"),
                ("POST", "/v1/me"),
                ("OPTIONS", "/v1/me"),
                ("GET", "/livez"),
                ("GET", "/"),
                ("GET", "/docs/"),
                ("GET", "/openapi.json"),
                ("GET", "/my/mails/nothing"),
                ("GET", "/calendars/nothing.ics"),
            ] {
                let mut wire = Wire::open(server.address());
                let answer = wire.ask(method, path, &[("Authorization", &bearer)]);
                for (name, expected) in [
                    ("x-content-type-options", "nosniff"),
                    ("x-frame-options", "DENY"),
                    ("referrer-policy", "no-referrer"),
                    ("cross-origin-resource-policy", "same-origin"),
                ] {
                    assert_eq!(answer.header(name), Some(expected), "{method} {path}");
                }
                let policy = answer.header("content-security-policy").unwrap();
                assert!(
                    policy.contains("frame-ancestors 'none'"),
                    "{path}: {policy}"
                );
                assert!(answer.header("cache-control").is_some(), "{path}");
                assert!(answer.header("server").is_none(), "{path}");
            }
        },
    );
}

fn unpacked(answer: &Raw) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(answer.body.as_slice())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn large_answers_are_compressed_for_those_who_take_it() {
    each_with(
        |_| (),
        |server| {
            let mut wire = Wire::open(server.address());
            let plain = wire.ask("GET", "/openapi.json", &[]);
            assert_eq!(plain.header("content-encoding"), None);
            let packed = wire.ask("GET", "/openapi.json", &[("Accept-Encoding", "gzip, br")]);
            assert_eq!(packed.header("content-encoding"), Some("gzip"));
            assert!(packed.body.len() * 4 < plain.body.len());
            assert!(unpacked(&packed) == plain.body);
            for answer in [&plain, &packed] {
                let vary = answer.header("vary").unwrap().to_lowercase();
                assert!(vary.contains("accept-encoding"), "{vary}");
            }
            let refused = wire.ask("GET", "/openapi.json", &[("Accept-Encoding", "gzip;q=0")]);
            assert_eq!(refused.header("content-encoding"), None);
            // Not worth it; and a page that shows a secret is never compressed.
            for path in ["/livez", "/v1/me", "/my/mails/nothing"] {
                let answer = wire.ask("GET", path, &[("Accept-Encoding", "gzip")]);
                assert_eq!(answer.header("content-encoding"), None, "{path}");
            }
        },
    );
}

#[test]
fn a_compressed_things_tag_is_weak_and_still_names_its_version() {
    each_with(
        |_| (),
        |server| {
            let studio_id = server.studio().id();
            let mut body = new_practitioner(&studio_id);
            body["name"] = "Ada ".repeat(25).trim().into();
            let practitioner = server.post("/v1/practitioners", &body).expect(201);
            let path = practitioner.location();
            let bearer = format!("Bearer {}", server.key(Role::Owner).secret);
            let mut wire = Wire::open(server.address());
            let mut read = |more: &[(&str, &str)]| {
                let mut headers = vec![
                    ("Authorization", bearer.as_str()),
                    ("Accept-Encoding", "gzip"),
                ];
                headers.extend(more);
                wire.ask("GET", &path, &headers)
            };
            let packed = read(&[]);
            assert_eq!(
                packed.header("content-encoding"),
                Some("gzip"),
                "{packed:?}"
            );
            let thing: Value = serde_json::from_slice(&unpacked(&packed)).unwrap();
            assert_eq!(thing["id"], practitioner.id());
            assert_eq!(packed.header("etag"), Some("W/\"v1\""));
            assert_eq!(read(&[("If-None-Match", "W/\"v1\"")]).status, 304);
            let changed = server.patch(&path, "W/\"v1\"", &json!({"licence_number": "EX-7"}));
            assert_eq!(changed.expect(200).etag(), "\"v2\"");
            assert_eq!(read(&[("If-None-Match", "W/\"v1\"")]).status, 200);
        },
    );
}
