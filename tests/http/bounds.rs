//! Times and days that nothing of a studio's can have are refused, with the years that it can have.

use diesel::RunQueryDsl as _;
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
            let cancelled = json!({"occurred_at": never});
            for action in ["cancel", "confirm", "check-in", "no-show"] {
                let path = format!("/v1/sessions/{session_id}/{action}");
                expect_years(server, &path, &cancelled, "/occurred_at");
            }
            let understood = json!({
                "client_id": client_id, "practitioner_id": practitioner.id(), "indication": "scar",
                "expectations": [{"point": "no_growth", "acknowledged_at": never}],
            });
            expect_years(
                server,
                "/v1/assessments",
                &understood,
                "/expectations/0/acknowledged_at",
            );
            let mut record = json!({
                "session_id": session_id, "practitioner_id": practitioner.id(), "zones": [{"zone": "crown"}],
                "mix": {"pigments": [{"unknown_lot_reason": "The bottle was thrown away."}]},
            });
            record["mix"]["prepared_at"] = json!(never);
            expect_years(server, "/v1/pigment-records", &record, "/mix/prepared_at");
            for field in ["occurred_at", "label_information_given_at"] {
                record[field] = json!(never);
                expect_years(server, "/v1/pigment-records", &record, &format!("/{field}"));
                record[field] = Value::Null;
            }
            let key = json!({"name": "a key", "role": "owner", "expires_at": never});
            expect_years(server, "/v1/api-keys", &key, "/expires_at");
            let timeline = format!("clients/{client_id}/timeline");
            for (list, parameter) in [
                ("sessions", "starts_from"),
                ("sessions", "starts_before"),
                ("reminders", "due_from"),
                ("reminders", "due_before"),
                ("audit-events", "from"),
                ("audit-events", "before"),
                ("access-events", "from"),
                ("access-events", "before"),
                (&timeline, "from"),
                (&timeline, "before"),
            ] {
                let refused = server
                    .get(&format!("/v1/{list}?{parameter}={never}"))
                    .expect_problem(400, "invalid_query")
                    .expect_error(parameter, "invalid_value");
                assert!(refused.text.contains("1900 to 2200"), "{refused}");
            }
        }
        for possible in ["1900-01-01T00:00:00Z", "2200-12-31T23:59:59Z"] {
            server
                .get(&format!("/v1/sessions?starts_from={possible}"))
                .expect(200);
        }
    });
}

#[test]
fn a_local_time_lies_in_years_that_can_be_in_utc_too() {
    each(|server| {
        let mut studio = stipple_test_support::builders::new_studio();
        studio["time_zone"] = json!("America/New_York");
        let studio_id = server.post("/v1/studios", &studio).expect(201).id();
        let practitioner_id = server.practitioner(&studio_id).id();
        let mut session = json!({
            "client_id": server.client(&studio_id).id(), "kind": "consultation", "duration_minutes": 60,
            "booking": {"local_start": "2200-12-31T18:59", "practitioner_id": practitioner_id},
        });
        server.post("/v1/sessions", &session).expect(201);
        session["booking"]["local_start"] = json!("2200-12-31T19:00");
        expect_years(server, "/v1/sessions", &session, "/booking/local_start");
    });
}

#[test]
fn what_is_stored_is_read_whatever_bounds_hold_today() {
    each(|server| {
        let studio_id = server.studio().id();
        let assessment = json!({
            "client_id": server.client(&studio_id).id(), "practitioner_id": server.practitioner(&studio_id).id(),
            "indication": "scar",
            "expectations": [{"point": "no_growth", "acknowledged_at": "2026-11-20T09:00:00Z"}],
        });
        let made = server.post("/v1/assessments", &assessment).expect(201);
        let changed = diesel::sql_query(
            "UPDATE assessments SET expectations = replace(expectations, '2026-11-20', '1026-11-20')",
        )
        .execute(&mut server.database().connect())
        .unwrap();
        assert_eq!(changed, 1);
        let read = server.get(&made.location()).expect(200);
        assert_eq!(
            read.json["expectations"][0]["acknowledged_at"],
            "1026-11-20T09:00:00Z"
        );
        let kept = server
            .patch(&made.location(), "*", &json!({"goals": "A fuller look."}))
            .expect(200);
        assert_eq!(kept.json["expectations"], read.json["expectations"]);
        let again = json!({"expectations": [{"point": "cosmetic_only", "acknowledged_at": "1026-11-20T09:00:00Z"}]});
        server
            .patch(&made.location(), "*", &again)
            .expect_problem(422, "invalid")
            .expect_error("/expectations/0/acknowledged_at", "invalid_value");
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
