//! Days are taken as the contract writes them, and in no other way.

use serde_json::{Value, json};
use stipple_test_support::Answer;
use stipple_test_support::builders::new_client;

use crate::each;
use crate::stock::House;

/// Days that a lenient reader would take.
const LOOSE: [&str; 7] = [
    "2026-2-3",
    "+2026-02-03",
    " 2026-02-03",
    "2026-02-03 ",
    "2026-02-3",
    "20260203",
    "2026-02-03T00:00:00Z",
];

#[track_caller]
fn refused(answer: Answer, pointer: &str) {
    answer
        .expect_problem(422, "invalid")
        .expect_error(pointer, "invalid_value");
}

#[test]
fn a_clients_day_of_birth_is_a_full_date() {
    each(|server| {
        let studio = server.studio().id();
        let client = server.client(&studio);
        for loose in LOOSE {
            let mut body = new_client(&studio);
            body["date_of_birth"] = json!(loose);
            refused(server.post("/v1/clients", &body), "/date_of_birth");
            let change = json!({"date_of_birth": loose});
            let answer = server.patch(&client.location(), "*", &change);
            refused(answer, "/date_of_birth");
        }
        for (day, kept) in [
            (json!("1971-02-03"), json!("1971-02-03")),
            (json!(null), Value::Null),
        ] {
            let mut body = new_client(&studio);
            body["date_of_birth"] = day.clone();
            let made = server.post("/v1/clients", &body).expect(201);
            assert_eq!(made.json["date_of_birth"], kept);
            let change = json!({"date_of_birth": day});
            let changed = server.patch(&client.location(), "*", &change).expect(200);
            assert_eq!(changed.json["date_of_birth"], kept);
        }
        let mut body = new_client(&studio);
        body.as_object_mut().unwrap().remove("date_of_birth");
        let made = server.post("/v1/clients", &body).expect(201);
        assert_eq!(made.json["date_of_birth"], Value::Null);
    });
}

#[test]
fn a_lots_days_are_full_dates() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("K-1", "2027-06-30");
        for field in ["expires_on", "received_on", "opened_on"] {
            let pointer = format!("/{field}");
            for loose in LOOSE {
                let new = json!({"product_id": house.product.id(), "code": "K-2", field: loose});
                refused(server.post("/v1/lots", &new), &pointer);
                let change = json!({field: loose});
                refused(server.patch(&lot.location(), "*", &change), &pointer);
            }
            let changed = server
                .patch(&lot.location(), "*", &json!({field: "2026-02-03"}))
                .expect(200);
            assert_eq!(changed.json[field], "2026-02-03");
        }
    });
}

#[test]
fn a_search_for_free_time_names_full_dates() {
    each(|server| {
        let studio = server.studio().id();
        let ask = |from: &str, until: &str| {
            let written = |day: &str| day.replace('+', "%2B").replace(' ', "%20");
            server.get(&format!(
                "/v1/availability?studio_id={studio}&duration_minutes=60&from_day={}&until_day={}",
                written(from),
                written(until)
            ))
        };
        ask("2026-12-01", "2026-12-02").expect(200);
        for loose in LOOSE {
            ask(loose, "2026-12-02")
                .expect_problem(400, "invalid_query")
                .expect_error("from_day", "invalid_value");
            ask("2026-12-01", loose)
                .expect_problem(400, "invalid_query")
                .expect_error("until_day", "invalid_value");
        }
    });
}
