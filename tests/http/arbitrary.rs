//! Whatever comes in is answered with a documented problem, or done: never with a fault, and the server goes on.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use stipple_test_support::TestServer;

use crate::each;

/// Places where a path begins; what comes in goes behind them.
const PATHS: [&str; 18] = [
    "/v1/studios",
    "/v1/practitioners",
    "/v1/clients",
    "/v1/clients/search",
    "/v1/audit-events",
    "/v1/audit-events/export",
    "/v1/access-events",
    "/v1/plans",
    "/v1/sessions",
    "/v1/availability",
    "/v1/products",
    "/v1/lots",
    "/v1/pigment-records",
    "/v1/reminders",
    "/v1/tasks",
    "/v1/mail-templates",
    "/v1/mail-words",
    "/",
];

/// Names of parameters that lists know, so that values reach their parsers.
const PARAMETERS: [&str; 18] = [
    "cursor",
    "limit",
    "updated_since",
    "state",
    "studio_id",
    "client_id",
    "due_from",
    "starts_from",
    "external_id",
    "language",
    "step",
    "active",
    "kind",
    "indication",
    "entity_kind",
    "action",
    "request_id",
    "from",
];

fn encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// Text that parsers are afraid of, or any bytes.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        "\\PC{0,40}".prop_map(String::into_bytes),
        proptest::sample::select(vec![
            "",
            "null",
            "-1",
            "9223372036854775808",
            "1e400",
            "NaN",
            "2026-13-45T99:99:99Z",
            "2026-03-29T01:30",
            "+292277026596-12-04T15:30:08Z",
            "Europe/../London",
            "00000000-0000-0000-0000-000000000000",
            "\"v1\", \"v2\"",
            "W/\"v1\"",
            "*",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "Bearer stipple_",
            "a\u{0}b",
            "%00%ff",
            "{{ x",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

/// What may stand in a header.
fn header_value() -> impl Strategy<Value = String> {
    nasty().prop_map(|bytes| {
        let visible = |byte: &u8| (0x20..0x7F).contains(byte);
        String::from_utf8(bytes.into_iter().filter(visible).collect()).unwrap()
    })
}

/// JSON of any shape with known names among its own, and things that aren't JSON.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let names = proptest::sample::select(vec![
        "name",
        "text",
        "cursor",
        "limit",
        "given_name",
        "sender_name",
        "language",
        "words",
        "body",
        "local_start",
        "starts_at",
        "time_zone",
        "disambiguation",
        "external_id",
        "opening_hours",
        "booking",
        "gaps",
        "email",
    ]);
    let leaf = nasty().prop_map(|bytes| serde_json::Value::from(String::from_utf8_lossy(&bytes)));
    let leaf = prop_oneof![
        leaf,
        any::<i64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let json = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(names.clone(), inner, 0..4).prop_map(|map| {
                map.into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    });
    prop_oneof![
        3 => json.prop_map(|json| json.to_string().into_bytes()),
        1 => nasty(),
        1 => (1_usize..3000).prop_map(|depth| "[".repeat(depth).into_bytes()),
    ]
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

fn is_alive(server: &TestServer) {
    server.stranger().get("/livez").expect(200);
    server.get("/v1/me").expect(200);
}

#[test]
fn a_well_formed_request_with_anything_in_it_is_never_a_fault() {
    let request = (
        proptest::sample::select(vec!["GET", "POST", "PATCH", "DELETE", "PUT"]),
        proptest::sample::select(PATHS.to_vec()),
        proptest::collection::vec(nasty(), 0..3),
        proptest::collection::vec(
            (proptest::sample::select(PARAMETERS.to_vec()), nasty()),
            0..3,
        ),
        (
            header_value(),
            header_value(),
            header_value(),
            header_value(),
        ),
        body(),
        proptest::bool::weighted(0.9),
    );
    each(|server| {
        runner(300)
            .run(
                &request,
                |(method, begin, segments, query, headers, body, as_owner)| {
                    let mut path = begin.trim_end_matches('/').to_owned();
                    for segment in &segments {
                        path.push('/');
                        path.push_str(&encoded(segment));
                    }
                    let query: Vec<String> = query
                        .iter()
                        .map(|(name, value)| format!("{name}={}", encoded(value)))
                        .collect();
                    let path = format!("{path}/?{}", query.join("&")).replacen("/?", "?", 1);
                    let path = if path.starts_with('?') {
                        format!("/{path}")
                    } else {
                        path
                    };
                    let (key, tag, other_tag, authorization) = headers;
                    let mut caller = server.stranger().asking_at_random();
                    let secret = format!(
                        "Bearer {}",
                        server.key(stipple_shared::domain::Role::Owner).secret
                    );
                    caller = caller.header(
                        "Authorization",
                        if as_owner { &secret } else { &authorization },
                    );
                    caller = caller
                        .header("If-None-Match", &other_tag)
                        .header("X-Forwarded-For", &tag);
                    if method != "GET" {
                        caller = caller
                            .header("Idempotency-Key", &key)
                            .header("If-Match", &tag);
                    }
                    let kind = if method == "PATCH" {
                        "application/merge-patch+json"
                    } else {
                        "application/json"
                    };
                    let sent =
                        (!matches!(method, "GET" | "DELETE")).then_some((kind, body.as_slice()));
                    let answer = caller.send(method, &path, sent);
                    prop_assert!(answer.status < 500, "{answer}");
                    if answer.status >= 400 {
                        prop_assert!(answer.json["code"].is_string(), "{answer}");
                    }
                    Ok(())
                },
            )
            .unwrap();
        is_alive(server);
    });
}

#[test]
fn bytes_that_are_no_request_are_never_a_fault() {
    let bytes = (
        proptest::collection::vec(any::<u8>(), 0..80),
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(any::<u8>(), 0..200),
        any::<bool>(),
    );
    each(|server| {
        runner(150)
            .run(&bytes, |(path, header, body, is_shaped)| {
                let mut sent = Vec::new();
                if is_shaped {
                    sent.extend(b"POST /v1/clients");
                    sent.extend(path);
                    sent.extend(b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: ");
                    sent.extend(header);
                    sent.extend(format!("\r\nContent-Length: {}\r\n\r\n", body.len()).bytes());
                } else {
                    sent.extend(path);
                    sent.extend(b"\r\n\r\n");
                }
                sent.extend(body);
                let mut stream = TcpStream::connect(server.address()).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                // The server may have answered and closed before all of it was written.
                let _written = stream.write_all(&sent);
                let _shut = stream.shutdown(Shutdown::Write);
                let mut answer = Vec::new();
                let _ended = stream.read_to_end(&mut answer);
                let answer = String::from_utf8_lossy(&answer);
                let status = answer.split(' ').nth(1).unwrap_or("none");
                prop_assert!(!status.starts_with('5'), "{answer}");
                Ok(())
            })
            .unwrap();
        is_alive(server);
    });
}
