//! Times and days that nothing of a studio's can have are refused, with the years that it can have.

use serde_json::{Value, json};
use stipple_test_support::TestServer;

use crate::each;

/// Years 1 and 9999 can be written, and stand for nothing but a slip or "never".
const NEVER: [&str; 4] = [
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2201-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
];

#[track_caller]
fn expect_years(server: &TestServer, path: &str, body: &Value, pointer: &str) {
    let refused = server
        .owner()
        .header("If-Match", "*")
        .post(path, body)
        .expect_problem(422, "invalid")
        .expect_error(pointer, "invalid_value");
    let detail = refused.json["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("1900 to 2200"), "{refused}");
}

#[test]
fn an_instant_lies_in_years_that_can_be() {
    each(|server| {
        let studio_id = server.studio().id();
        let practitioner = server.practitioner(&studio_id);
        let client_id = server.client(&studio_id).id();
        let session =
            json!({"client_id": client_id, "kind": "consultation", "duration_minutes": 60});
        let session_id = server.post("/v1/sessions", &session).expect(201).id();
        for never in NEVER {
            let mut booked = session.clone();
            booked["booking"] = json!({"starts_at": never, "practitioner_id": practitioner.id()});
            expect_years(server, "/v1/sessions", &booked, "/booking/starts_at");
            booked["booking"] =
                json!({"local_start": &never[..16], "practitioner_id": practitioner.id()});
            expect_years(server, "/v1/sessions", &booked, "/booking/local_start");
            let time_off = json!({"starts_at": "2026-12-01T00:00:00Z", "ends_at": never});
            let path = format!("{}/time-off", practitioner.location());
            expect_years(server, &path, &time_off, "/ends_at");
            let completed = json!({"completion": "full", "occurred_at": never});
            let path = format!("/v1/sessions/{session_id}/complete");
            expect_years(server, &path, &completed, "/occurred_at");
            let assessment = json!({"client_id": client_id, "occurred_at": never});
            expect_years(server, "/v1/assessments", &assessment, "/occurred_at");
            let key = json!({"name": "a key", "role": "owner", "expires_at": never});
            expect_years(server, "/v1/api-keys", &key, "/expires_at");
            let refused = server
                .get(&format!("/v1/sessions?starts_from={never}"))
                .expect_problem(400, "invalid_query")
                .expect_error("starts_from", "invalid_value");
            assert!(refused.text.contains("1900 to 2200"), "{refused}");
        }
        for possible in ["1900-01-01T00:00:00Z", "2200-12-31T23:59:59Z"] {
            server
                .get(&format!("/v1/sessions?starts_from={possible}"))
                .expect(200);
        }
    });
}

#[test]
fn a_day_lies_in_years_that_can_be() {
    each(|server| {
        let studio_id = server.studio().id();
        let product = json!({"kind": "pigment", "maker": "Made Up Ltd", "brand": "Imaginary", "shade": "Ash"});
        let product_id = server.post("/v1/products", &product).expect(201).id();
        let lot =
            |field: &str, day: &str| json!({"product_id": product_id, "code": "LX-1", field: day});
        for field in ["expires_on", "received_on"] {
            for day in ["0001-01-01", "1989-12-31", "2101-01-01", "9999-12-31"] {
                server
                    .post("/v1/lots", &lot(field, day))
                    .expect_problem(422, "invalid")
                    .expect_error(&format!("/{field}"), "out_of_range");
            }
        }
        let made = server
            .post("/v1/lots", &lot("expires_on", "2100-12-31"))
            .expect(201);
        server
            .patch(&made.location(), "*", &json!({"received_on": "9999-01-01"}))
            .expect_problem(422, "invalid")
            .expect_error("/received_on", "out_of_range");
        for day in ["0001-01-01", "1896-11-24", "2026-11-26", "9999-12-31"] {
            let mut client = stipple_test_support::builders::new_client(&studio_id);
            client["date_of_birth"] = json!(day);
            server
                .post("/v1/clients", &client)
                .expect_problem(422, "invalid")
                .expect_error("/date_of_birth", "out_of_range");
        }
        let days = "from_day=9999-12-01&until_day=9999-12-30";
        server
            .get(&format!(
                "/v1/availability?studio_id={studio_id}&duration_minutes=60&{days}"
            ))
            .expect_problem(400, "invalid_query");
    });
}
