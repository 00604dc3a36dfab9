//! What is wrong with a body is said in plain words: no name of a type, and nothing that a library says of itself.

use serde_json::{Value, json};

use crate::each;

/// What Rust and its libraries say, and nobody who writes a front-end should have to read.
const RAW: [&str; 30] = [
    "expected struct",
    "struct ",
    "invalid type",
    "invalid value:",
    "invalid length",
    "a map",
    "a sequence",
    "variant",
    "enum ",
    "tuple",
    "untagged",
    "did not match any",
    "unit value",
    "Option",
    "u8",
    "u16",
    "u32",
    "i64",
    "f64",
    "usize",
    "NaiveDate",
    "premature end",
    "invalid characters",
    "trailing input",
    "UUID parsing",
    "borrowed",
    "formatted",
    "newtype",
    "deserialize",
    "ParseIntError",
];

/// Bodies that are wrong, each where and how another one isn't.
fn wrong(client_id: &str, studio_id: &str) -> Vec<(&'static str, Value)> {
    let session = |field: &str, value: Value| {
        let mut body =
            json!({"client_id": client_id, "kind": "consultation", "duration_minutes": 60});
        body[field] = value;
        ("/v1/sessions", body)
    };
    let client = |field: &str, value: Value| {
        let mut body =
            json!({"studio_id": studio_id, "given_name": "Ansa", "family_name": "Esimerkki"});
        body[field] = value;
        ("/v1/clients", body)
    };
    let studio = |field: &str, value: Value| {
        let mut body = stipple_test_support::builders::new_studio();
        body[field] = value;
        ("/v1/studios", body)
    };
    vec![
        client("given_name", json!({"first": "x"})),
        client("given_name", json!(["x"])),
        client("given_name", json!(7)),
        client("given_name", json!(null)),
        client("given_name", json!(true)),
        client("given_name", json!("")),
        client("email", json!(1.5)),
        client("email", json!("nobody")),
        client("date_of_birth", json!("yesterday")),
        client("date_of_birth", json!("1985-02-30")),
        client("date_of_birth", json!("1985-02-03T00:00:00Z")),
        client("date_of_birth", json!(19_850_228)),
        client("date_of_birth", json!({"year": 1985})),
        client("studio_id", json!("1")),
        client("studio_id", json!(1)),
        client("studio_id", json!({})),
        client("service_mail", json!("yes")),
        client("service_mail", json!(1)),
        client("language", json!(["en"])),
        client("nickname", json!("x")),
        session("kind", json!("other")),
        session("kind", json!({"consultation": null})),
        session("kind", json!(1)),
        session("duration_minutes", json!("60")),
        session("duration_minutes", json!(-5)),
        session("duration_minutes", json!(60.5)),
        session("duration_minutes", json!(1e300)),
        session("duration_minutes", json!(9_999_999_999_u64)),
        session("booking", json!("tomorrow")),
        session("booking", json!([])),
        session("booking", json!({"starts_at": "tomorrow"})),
        session("booking", json!({"starts_at": 1_796_000_000})),
        session("booking", json!({"local_start": "10:00"})),
        session("booking", json!({"local_start": {}})),
        studio("opening_hours", json!({})),
        studio("opening_hours", json!("always")),
        studio("opening_hours", json!([1])),
        studio(
            "opening_hours",
            json!([{"weekday": 1, "from": "08:00", "until": "20:00"}]),
        ),
        studio(
            "opening_hours",
            json!([{"weekday": "monday", "from": 8, "until": "20:00"}]),
        ),
        studio(
            "opening_hours",
            json!([{"weekday": "monday", "from": "8", "until": "20:00"}]),
        ),
        studio("time_zone", json!(0)),
        studio("quiet_hours", json!([])),
        studio("cancellation_cutoff_hours", json!("48")),
        studio("client_may_move", json!("no")),
        (
            "/v1/assessments",
            json!({"client_id": client_id, "salt": 5}),
        ),
        (
            "/v1/assessments",
            json!({"client_id": client_id, "salt": {"left": "x"}}),
        ),
        (
            "/v1/assessments",
            json!({"client_id": client_id, "norwood": 3}),
        ),
        ("/v1/pigment-records", json!({"session_id": [], "zones": 1})),
        ("/v1/plans", json!({"client_id": client_id, "gaps": 5})),
        ("/v1/plans", json!({"client_id": client_id, "gaps": [null]})),
        (
            "/v1/lots",
            json!({"product_id": client_id, "expires_on": 5}),
        ),
        ("/v1/api-keys", json!({"name": "x", "role": "queen"})),
        (
            "/v1/api-keys",
            json!({"name": "x", "role": "owner", "studio_ids": "all"}),
        ),
        (
            "/v1/api-keys",
            json!({"name": "x", "role": "owner", "studio_ids": [5]}),
        ),
        ("/v1/clients/search", json!({"text": 5})),
        ("/v1/clients/search", json!({"text": "x", "limit": "ten"})),
    ]
}

fn expect_plain(text: &str, answer: &str) {
    for raw in RAW {
        assert!(!text.contains(raw), "{raw:?} is said in {answer}");
    }
}

#[test]
fn bodies_that_are_wrong_are_told_so_in_plain_words() {
    each(|server| {
        let studio_id = server.studio().id();
        let client_id = server.client(&studio_id).id();
        for (path, body) in wrong(&client_id, &studio_id) {
            let answer = server.post(path, &body).expect_problem(422, "invalid");
            let error = &answer.json["errors"][0];
            assert!(!error["pointer"].as_str().unwrap().is_empty(), "{answer}");
            expect_plain(error["detail"].as_str().unwrap(), &answer.to_string());
            expect_plain(answer.json["detail"].as_str().unwrap(), &answer.to_string());
        }
        let rules = format!("/v1/studios/{studio_id}/reminder-rules");
        let rule = &server.get(&rules).expect(200).json["data"][0]["id"];
        let path = format!("/v1/reminder-rules/{}", rule.as_str().unwrap());
        for timing in [
            json!(5),
            json!([]),
            json!({}),
            json!({"relative_to": "noon"}),
            json!({"relative_to": 1}),
            json!({"relative_to": "start", "hours_before": "x"}),
            json!({"relative_to": "start_day", "days_before": 1, "at": 9}),
        ] {
            let answer = server
                .patch(&path, "*", &json!({"timing": timing}))
                .expect_problem(422, "invalid");
            let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
            expect_plain(detail, &answer.to_string());
        }
    });
}

#[test]
fn so_are_queries() {
    each(|server| {
        for query in [
            "limit=ten",
            "limit=-1",
            "limit=1.5",
            "updated_since=x",
            "updated_since=99999999999999999999",
            "client_id=5",
            "client_id=not-an-id",
            "starts_from=tomorrow",
            "kind=other",
            "state=other",
            "limit=1&limit=2",
        ] {
            let answer = server
                .get(&format!("/v1/sessions?{query}"))
                .expect_problem(400, "invalid_query");
            let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
            expect_plain(detail, &answer.to_string());
        }
        for query in [
            "from_day=x",
            "from_day=2026-12-01&until_day=5",
            "duration_minutes=x",
        ] {
            let answer = server.get(&format!("/v1/availability?{query}"));
            let answer = answer.expect_problem(400, "invalid_query");
            let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
            expect_plain(detail, &answer.to_string());
        }
        for body in [
            "",
            "{",
            "{\"given_name\": \"x",
            "nonsense",
            "{\"a\": 1}}",
            "\u{0}",
        ] {
            let sent = Some(("application/json", body.as_bytes()));
            let answer = server.owner().send("POST", "/v1/clients", sent);
            expect_plain(answer.json["detail"].as_str().unwrap(), &answer.to_string());
        }
    });
}
