//! Products and lots, from outside.

use diesel::RunQueryDsl as _;
use serde_json::{Value, json};
use stipple_test_support::{Answer, TestServer, engines};

/// A server with a pigment and a client who has a planned session.
pub(crate) struct House {
    pub(crate) server: TestServer,
    pub(crate) practitioner_id: String,
    pub(crate) client_id: String,
    pub(crate) session_id: String,
    pub(crate) product: Answer,
}

fn new_product(shade: &str) -> Value {
    json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": shade})
}

impl House {
    pub(crate) fn each(test: impl Fn(&Self)) {
        for engine in engines() {
            let server = TestServer::start(engine);
            let studio_id = server.studio().id();
            let practitioner_id = server.practitioner(&studio_id).id();
            let client_id = server.client(&studio_id).id();
            let plan = json!({
                "client_id": client_id, "indication": "general_thinning", "treatment_sessions": 1, "session_minutes": 180,
            });
            let plan_id = server.post("/v1/plans", &plan).expect(201).id();
            let sessions = server
                .get(&format!("/v1/plans/{plan_id}/sessions"))
                .expect(200);
            let session_id = sessions.data()[0]["id"].as_str().unwrap().to_owned();
            let product = server
                .post("/v1/products", &new_product("Shade 1"))
                .expect(201);
            test(&Self {
                server,
                practitioner_id,
                client_id,
                session_id,
                product,
            });
        }
    }

    #[track_caller]
    pub(crate) fn lot(&self, code: &str, expires_on: &str) -> Answer {
        let new = json!({"product_id": self.product.id(), "code": code, "expires_on": expires_on});
        self.server.post("/v1/lots", &new).expect(201)
    }
}

#[test]
fn products_are_listed_in_pages_and_patched() {
    House::each(|house| {
        let server = &house.server;
        server
            .post("/v1/products", &new_product("Shade 1"))
            .expect_problem(409, "product_taken");
        for shade in ["Shade 2", "Shade 3"] {
            server.post("/v1/products", &new_product(shade)).expect(201);
        }
        let first = server
            .get("/v1/products?kind=pigment&active=true&limit=2")
            .expect(200);
        assert_eq!(first.data().len(), 2);
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let second = server
            .get(&format!(
                "/v1/products?kind=pigment&active=true&limit=2&cursor={cursor}"
            ))
            .expect(200);
        assert_eq!(second.data().len(), 1);
        assert_eq!(second.json["next_cursor"], Value::Null);

        let (path, etag) = (house.product.location(), house.product.etag());
        let changed = server
            .patch(
                &path,
                &etag,
                &json!({"shade": null, "label": {"sterile": true}}),
            )
            .expect(200);
        assert_eq!(changed.json["shade"], Value::Null);
        assert_eq!(changed.json["brand"], "Grey");
        assert_eq!(changed.json["label"]["sterile"], true);
        server
            .patch(&path, &etag, &json!({"active": false}))
            .expect(412);
        server
            .patch(&path, &changed.etag(), &json!({"maker": null}))
            .expect_problem(422, "invalid")
            .expect_error("/maker", "invalid_value");
    });
}

#[test]
fn what_a_lot_shows_of_its_expiry_can_be_written_back() {
    House::each(|house| {
        let server = &house.server;
        let lot = json!({"product_id": house.product.id(), "code": "K-1"});
        let lot = server.post("/v1/lots", &lot).expect(201).location();
        let precision = |patch: Value| {
            let lot = server.patch(&lot, "*", &patch).expect(200).json;
            lot["expiry_precision"].clone()
        };
        assert_eq!(
            precision(json!({"expires_on": null, "expiry_precision": null})),
            Value::Null
        );
        let month = json!({"expires_on": "2027-06-01", "expiry_precision": "month"});
        assert_eq!(precision(month), "month");
        assert_eq!(precision(json!({"expiry_precision": null})), "day");
        assert_eq!(precision(json!({"expires_on": null})), Value::Null);
        server
            .patch(&lot, "*", &json!({"expiry_precision": "month"}))
            .expect_problem(422, "invalid")
            .expect_error("/expiry_precision", "without_expiry");
    });
}

#[test]
fn a_lot_is_held_back_with_a_reason() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("K-1", "2027-06-30");
        let again = json!({"product_id": house.product.id(), "code": "K-1"});
        server
            .post("/v1/lots", &again)
            .expect_problem(409, "lot_code_taken");
        server
            .patch(
                &lot.location(),
                &lot.etag(),
                &json!({"state": "quarantined"}),
            )
            .expect_problem(422, "invalid")
            .expect_error("/state_reason", "required");
        let held = json!({"state": "quarantined", "state_reason": "The seal was broken."});
        server
            .patch(&lot.location(), &lot.etag(), &held)
            .expect(200);
        let found = server
            .get("/v1/lots?code=K-1&state=quarantined")
            .expect(200);
        assert_eq!(found.data().len(), 1);
    });
}

#[test]
fn how_a_code_is_written_does_not_matter_and_is_kept() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("Ab \u{2013} 1", "2027-06-30");
        assert_eq!(lot.json["code"], "Ab \u{2013} 1");
        for code in ["AB-1", "ab-1", " Ab -1", "\u{ff21}\u{ff22}\u{ff0d}１"] {
            let again = json!({"product_id": house.product.id(), "code": code});
            let refused = server
                .post("/v1/lots", &again)
                .expect_problem(409, "lot_code_taken");
            assert_eq!(refused.json["conflicts"][0]["id"], lot.json["id"], "{code}");
        }
        for asked in ["AB-1", "ab%E2%80%921", "Ab%20%20-%201"] {
            let found = server.get(&format!("/v1/lots?code={asked}")).expect(200);
            assert_eq!(found.data().len(), 1, "{asked}");
            assert_eq!(found.data()[0]["id"], lot.json["id"]);
        }
        assert!(
            server
                .get("/v1/lots?code=AB1")
                .expect(200)
                .data()
                .is_empty()
        );

        // Two codes that differ only in their second one are two lots, however that is written.
        let with_batch = |batch: &str| json!({"product_id": house.product.id(), "code": "AB-1", "batch_code": batch});
        server.post("/v1/lots", &with_batch("b 7")).expect(201);
        server
            .post("/v1/lots", &with_batch("B7"))
            .expect_problem(409, "lot_code_taken");
        server.post("/v1/lots", &with_batch("B8")).expect(201);
        let found = server.get("/v1/lots?code=ab-1").expect(200);
        assert_eq!(found.data().len(), 3);

        // Its own code may be written in another way.
        let changed = server
            .patch(&lot.location(), &lot.etag(), &json!({"code": "AB-1"}))
            .expect(200);
        assert_eq!(changed.json["code"], "AB-1");
    });
}

#[test]
fn a_product_is_one_however_its_name_is_written() {
    House::each(|house| {
        let server = &house.server;
        let new = |maker: &str, brand: &str, shade: Option<&str>| json!({"kind": "pigment", "maker": maker, "brand": brand, "shade": shade});
        let first = server
            .post("/v1/products", &new("Ink AG", "Nero", Some("N-1")))
            .expect(201);
        for (maker, brand, shade) in [
            ("Ink AG", "NERO", "N-1"),
            ("ink ag", "Nero", "n\u{2013}1"),
            ("Ink  AG", "Nero", "N-1"),
            ("Ink\u{a0}AG", "Ｎｅｒｏ", "N\u{2d7}1"),
        ] {
            let refused = server
                .post("/v1/products", &new(maker, brand, Some(shade)))
                .expect_problem(409, "product_taken");
            assert_eq!(refused.json["conflicts"], json!([{"id": first.id()}]));
        }
        // What differs in more than that is another product.
        for (maker, brand, shade) in [
            ("Ink AG", "Nero", Some("N-2")),
            ("Ink AG", "Nero N-1", None),
            ("Ink AG Nero", "N-1", None),
        ] {
            server
                .post("/v1/products", &new(maker, brand, shade))
                .expect(201);
        }
        let mut needle = new("INK AG", "Nero", Some("N-1"));
        needle["kind"] = json!("needle");
        server.post("/v1/products", &needle).expect(201);

        // Its own name may be written in another way; another's may not be taken.
        let written = json!({"brand": "NERO"});
        let changed = server
            .patch(&first.location(), &first.etag(), &written)
            .expect(200);
        assert_eq!(changed.json["brand"], "NERO");
        let taken = json!({"maker": "INK ag", "brand": "nero", "shade": "n-1"});
        let refused = server
            .patch(&house.product.location(), "*", &taken)
            .expect_problem(409, "product_taken");
        assert_eq!(refused.json["conflicts"], json!([{"id": first.id()}]));
    });
}

#[test]
fn what_was_opened_too_long_ago_is_judged_as_expired() {
    House::each(|house| {
        let server = &house.server;
        let period = json!({"period_after_opening_days": 30});
        server
            .patch(&house.product.location(), "*", &period)
            .expect(200);
        let lot = house.lot("K-1", "2090-06-30");
        let today = server.clock.now().utc().date_naive();
        let found = |days_ago: i64| {
            let opened = json!({"opened_on": today - chrono::TimeDelta::days(days_ago)});
            let changed = server.patch(&lot.location(), "*", &opened).expect(200);
            assert_eq!(changed.json["opened_on"], opened["opened_on"]);
            let record = json!({
                "session_id": house.session_id, "practitioner_id": house.practitioner_id, "zones": [{"zone": "crown"}],
                "mix": {"pigments": [{"lot_id": lot.id(), "drops": 3}]},
            });
            let made = server.post("/v1/pigment-records", &record).expect(201);
            let codes: Vec<Value> = made.json["nonconformities"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["code"].clone())
                .collect();
            codes.contains(&json!("lot_expired"))
        };
        assert!(!found(28));
        assert!(found(33));
        // The next bottle was opened.
        assert!(!found(0));
        let cleared = server
            .patch(&lot.location(), "*", &json!({"opened_on": null}))
            .expect(200);
        assert_eq!(cleared.json["opened_on"], Value::Null);
    });
}

#[test]
fn a_bottle_is_not_opened_in_the_future_nor_before_it_came() {
    House::each(|house| {
        let server = &house.server;
        let lot = |code: &str, days: Value| {
            let mut new = json!({"product_id": house.product.id(), "code": code});
            new.as_object_mut()
                .unwrap()
                .extend(days.as_object().unwrap().clone());
            server.post("/v1/lots", &new)
        };
        lot("K-1", json!({"opened_on": "2100-12-31"}))
            .expect_problem(422, "invalid")
            .expect_error("/opened_on", "in_the_future");
        let early = json!({"received_on": "2026-11-20", "opened_on": "2026-11-19"});
        lot("K-1", early)
            .expect_problem(422, "invalid")
            .expect_error("/opened_on", "before_delivery");
        let days = json!({"received_on": "2026-11-20", "opened_on": "2026-11-25"});
        let kept = lot("K-1", days.clone()).expect(201);
        let change = |change: Value| server.patch(&kept.location(), "*", &change);
        change(json!({"opened_on": "2026-11-27"}))
            .expect_problem(422, "invalid")
            .expect_error("/opened_on", "in_the_future");
        change(json!({"received_on": "2026-11-26"}))
            .expect_problem(422, "invalid")
            .expect_error("/received_on", "before_delivery");
        let stands = server.get(&kept.location()).expect(200);
        for field in ["received_on", "opened_on"] {
            assert_eq!(stands.json[field], days[field]);
        }
    });
}

#[test]
fn a_code_without_letter_or_digit_is_refused_with_what_to_write() {
    House::each(|house| {
        let server = &house.server;
        let product_id = house.product.id();
        for code in ["-", "\u{2013} /", "\u{301}"] {
            let new = json!({"product_id": product_id, "code": code});
            let refused = server
                .post("/v1/lots", &new)
                .expect_problem(422, "invalid")
                .expect_error("/code", "no_letter_or_digit");
            assert!(refused.text.contains("no_code_reason"), "{refused}");
            let batch = json!({"product_id": product_id, "code": "K-1", "batch_code": code});
            server
                .post("/v1/lots", &batch)
                .expect_problem(422, "invalid")
                .expect_error("/batch_code", "no_letter_or_digit");
        }
        let lot = house.lot("K-1", "2027-06-30");
        server
            .patch(&lot.location(), "*", &json!({"code": "-"}))
            .expect_problem(422, "invalid")
            .expect_error("/code", "no_letter_or_digit");
        // One that an older release took can still be called back, and found.
        diesel::sql_query("UPDATE lots SET code = '-', code_key = '-'")
            .execute(&mut server.database().connect())
            .unwrap();
        assert_eq!(server.get("/v1/lots?code=-").expect(200).data().len(), 1);
        let recalled = json!({"state": "recalled", "state_reason": "The maker asks for it."});
        server.patch(&lot.location(), "*", &recalled).expect(200);
    });
}

#[test]
fn an_error_about_a_lot_says_how_to_find_one_and_how_to_write_a_month() {
    House::each(|house| {
        let server = &house.server;
        for path in ["/v1/lots/K2291-07", "/v1/lots/K2291-07/uses"] {
            let refused = server.get(path).expect_problem(404, "not_found");
            assert!(refused.text.contains("/v1/lots?code="), "{refused}");
        }
        let refused = server
            .get("/v1/clients?name=somebody")
            .expect_problem(400, "invalid_query")
            .expect_error("name", "unknown_parameter");
        assert!(
            refused.text.contains("POST /v1/clients/search"),
            "{refused}"
        );
        let lot = |more: Value| {
            let mut new = json!({"product_id": house.product.id(), "code": "K-1"});
            new.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            server.post("/v1/lots", &new).expect_problem(422, "invalid")
        };
        for (wrong, pointer, code) in [
            (
                json!({"expires_on": "2027-06", "expiry_precision": "month"}),
                "/expires_on",
                "invalid_value",
            ),
            (
                json!({"expiry_precision": "month"}),
                "/expiry_precision",
                "without_expiry",
            ),
        ] {
            let refused = lot(wrong).expect_error(pointer, code);
            assert!(refused.text.contains("expiry_precision month"), "{refused}");
        }
    });
}
