//! Pigment records, the uses that a recall finds, and the worklist, from outside.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::Answer;

use crate::stock::House;

impl House {
    fn new_record(&self, pigment: Value) -> Value {
        json!({
            "session_id": self.session_id,
            "practitioner_id": self.practitioner_id,
            "zones": [{"zone": "crown", "density_percent": 30, "layer": 1}],
            "mix": {"pigments": [pigment]},
            "label_information_given_at": "2026-11-25T08:00:00Z",
        })
    }

    #[track_caller]
    fn record(&self, pigment: Value) -> Answer {
        let new = self.new_record(pigment);
        self.server.post("/v1/pigment-records", &new).expect(201)
    }

    #[track_caller]
    fn certainties(&self, path: &str) -> Vec<String> {
        let uses = self.server.get(path).expect(200);
        let certainty = |one: &Value| one["certainty"].as_str().unwrap().to_owned();
        uses.data().iter().map(certainty).collect()
    }
}

#[test]
fn a_record_with_an_expired_lot_is_stored_and_becomes_a_task() {
    House::each(|house| {
        let server = &house.server;
        let expired = house.lot("K-1", "2026-11-24");
        let record = house.record(json!({"lot_id": expired.id()}));
        let codes: Vec<&str> = record.json["nonconformities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["lot_expired", "session_not_held"]);
        assert_eq!(record.json["client_id"], house.client_id.as_str());
        server
            .post(
                "/v1/pigment-records",
                &house.new_record(json!({"lot_id": house.client_id})),
            )
            .expect_problem(422, "invalid")
            .expect_error("/mix/pigments/0/lot_id", "unknown_lot");

        let path = format!("/v1/tasks?state=open&session_id={}", house.session_id);
        let tasks = server.get(&path).expect(200);
        assert_eq!(tasks.data().len(), 1);
        let task = &tasks.data()[0];
        assert_eq!(task["kind"], "nonconformity");
        assert_eq!(task["detail"]["pigment_record_id"], record.json["id"]);

        // The front desk sees neither the record nor the task about it.
        let desk = server.caller(Role::FrontDesk);
        desk.get(&record.location()).expect(403);
        assert!(desk.get(&path).expect(200).data().is_empty());
        let task_path = format!("/v1/tasks/{}", task["id"].as_str().unwrap());
        desk.get(&task_path).expect(404);
        let close = json!({"outcome": "dismissed", "resolution": "Looked at by the owner."});
        let closing = format!("{task_path}/close");
        desk.post(&closing, &close).expect(404);
        let closed = server.post(&closing, &close).expect(200);
        assert_eq!(closed.json["state"], "dismissed");
        assert_eq!(
            server.post(&closing, &close).expect(200).etag(),
            closed.etag()
        );
        server
            .post(&closing, &json!({"outcome": "done"}))
            .expect_problem(409, "task_closed");
    });
}

#[test]
fn a_record_is_amended_and_voided_never_overwritten() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("K-1", "2027-06-30");
        let pigment = json!({"lot_id": lot.id()});
        let first = house.record(pigment.clone());
        let amendment = json!({"reason": "Wrong density.", "record": house.new_record(pigment)});
        let amend =
            |record: &Answer| server.post(&format!("{}/amend", record.location()), &amendment);
        let second = amend(&first).expect(201);
        assert_eq!(second.json["amends_record_id"], first.json["id"]);
        let refused = amend(&first).expect_problem(409, "already_amended");
        assert_eq!(refused.json["conflicts"][0]["id"], second.json["id"]);
        let old = server.get(&first.location()).expect(200);
        assert_eq!(old.json["amended_by_record_id"], second.json["id"]);

        let judged = server
            .post(
                &format!("{}/healed-as", second.location()),
                &json!({"healed_as": "as_intended"}),
            )
            .expect(200);
        assert_eq!(judged.json["healed_as"], "as_intended");
        let void = || {
            server
                .post(
                    &format!("{}/void", second.location()),
                    &json!({"reason": "Written on the wrong client."}),
                )
                .expect(200)
        };
        assert_eq!(void().etag(), void().etag());
        amend(&second).expect_problem(409, "record_voided");
        let path = format!("/v1/pigment-records?client_id={}", house.client_id);
        assert_eq!(server.get(&path).expect(200).data().len(), 2);
    });
}

#[test]
fn uses_are_found_by_lot_and_by_product() {
    House::each(|house| {
        let lot = house.lot("K-1", "2027-06-30");
        let other = house.lot("K-2", "2027-06-30");
        house.record(json!({"lot_id": lot.id()}));
        house.record(json!({"lot_id": other.id()}));
        house.record(json!({
            "unknown_lot_reason": "The bottle was thrown away.", "product_id": house.product.id(),
        }));
        let by_lot = format!("{}/uses", lot.location());
        assert_eq!(house.certainties(&by_lot), ["exposed", "possible"]);
        let by_product = format!("{}/uses", house.product.location());
        assert_eq!(house.certainties(&by_product), ["exposed"; 3]);
        let first = house
            .server
            .get(&format!("{by_product}?limit=2"))
            .expect(200);
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let second = house
            .server
            .get(&format!("{by_product}?limit=2&cursor={cursor}"))
            .expect(200);
        assert_eq!((first.data().len(), second.data().len()), (2, 1));
        house
            .server
            .caller(Role::FrontDesk)
            .get(&by_lot)
            .expect(403);
    });
}

#[test]
fn the_day_of_a_use_is_the_day_on_which_it_took_place() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("K-1", "2027-06-30");
        let session = format!("/v1/sessions/{}", house.session_id);
        let booking =
            json!({"local_start": "2026-12-01T10:00", "practitioner_id": house.practitioner_id});
        server
            .post(&format!("{session}/book"), &booking)
            .expect(200);
        house.record(json!({"lot_id": lot.id()}));
        let day = || {
            let uses = server.get(&format!("{}/uses", lot.location())).expect(200);
            uses.data()[0]["session"]["date"].clone()
        };
        assert_eq!(day(), "2026-12-01");
        let done = json!({});
        server
            .post(&format!("{session}/complete"), &done)
            .expect(200);
        assert_eq!(day(), "2026-11-25");
    });
}

#[test]
fn a_use_tells_whom_to_reach_and_what_was_done() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("K-1", "2027-06-30");
        let water = json!({"kind": "diluent", "maker": "Sample Inks", "brand": "Water"});
        let water = server.post("/v1/products", &water).expect(201);
        let diluent = json!({"product_id": water.id(), "code": "W-1"});
        let diluent = server.post("/v1/lots", &diluent).expect(201);
        let mut record = house.new_record(json!({"lot_id": lot.id(), "drops": 3}));
        record["mix"]["diluent"] = json!({"lot_id": diluent.id()});
        record["mix"]["ratio"] = json!("1:20");
        record["occurred_at"] = json!("2026-11-24T23:30:00Z");
        let record = server.post("/v1/pigment-records", &record).expect(201);
        let client = server
            .get(&format!("/v1/clients/{}", house.client_id))
            .expect(200);
        let practitioner = server
            .get(&format!("/v1/practitioners/{}", house.practitioner_id))
            .expect(200);

        // By the pigment's lot and product, and by those of the water.
        for path in [&lot, &house.product, &diluent, &water].map(Answer::location) {
            for role in [Role::Owner, Role::Practitioner, Role::Auditor] {
                let uses = server.caller(role).get(&format!("{path}/uses")).expect(200);
                assert_eq!(uses.data().len(), 1);
                let told = &uses.data()[0];
                assert_eq!(told["pigment_record_id"], record.json["id"]);
                for field in [
                    "given_name",
                    "family_name",
                    "email",
                    "email_state",
                    "telephone",
                ] {
                    assert_eq!(told["client"][field], client.json[field], "{field}");
                }
                assert_eq!(told["practitioner_name"], practitioner.json["name"]);
                assert_eq!(told["licence_number"], practitioner.json["licence_number"]);
                assert_eq!(told["zones"], json!(["crown"]));
                assert_eq!(told["mix"], record.json["mix"]);
                assert_eq!(told["mix"]["ratio"], "1:20");
                assert_eq!(told["session"]["kind"], "treatment");
                assert_eq!(told["session"]["state"], "planned");
                // The session has no time, so its day is that of the use, by the studio's clock.
                let studio = server
                    .get(&format!(
                        "/v1/studios/{}",
                        told["studio_id"].as_str().unwrap()
                    ))
                    .expect(200);
                assert_eq!(told["studio_name"], studio.json["name"]);
                assert_eq!(
                    told["session"]["date"], "2026-11-24",
                    "{}",
                    studio.json["time_zone"]
                );
            }
            server
                .caller(Role::FrontDesk)
                .get(&format!("{path}/uses"))
                .expect_problem(403, "forbidden");
        }
    });
}

#[test]
fn a_completion_shows_what_is_wrong_with_its_records() {
    House::each(|house| {
        let server = &house.server;
        let expired = house.lot("K-1", "2026-11-24");
        let path = format!("/v1/sessions/{}/complete", house.session_id);
        let done = json!({
            "practitioner_id": house.practitioner_id,
            "pigment_records": [house.new_record(json!({"lot_id": expired.id()}))],
        });
        let completed = server.post(&path, &done).expect(200);
        let records = completed.json["pigment_records"].as_array().unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["nonconformities"][0]["code"], "lot_expired");
        let id = records[0]["id"].as_str().unwrap();
        let record = server.get(&format!("/v1/pigment-records/{id}")).expect(200);
        assert_eq!(records[0], record.json);
        let session = server
            .get(&format!("/v1/sessions/{}", house.session_id))
            .expect(200);
        assert_eq!(completed.etag(), session.etag());

        // Once more is as once, and tells of the record that stands by now.
        let right = house.lot("K-2", "2027-06-30");
        let amendment = json!({
            "reason": "Wrong lot.", "record": house.new_record(json!({"lot_id": right.id()})),
        });
        let amended = server
            .post(&format!("/v1/pigment-records/{id}/amend"), &amendment)
            .expect(201);
        let again = server.post(&path, &done).expect(200);
        assert_eq!(again.json["pigment_records"], json!([amended.json]));
    });
}

#[test]
fn records_that_come_after_a_completion_without_any_are_not_lost() {
    House::each(|house| {
        let server = &house.server;
        let lot = house.lot("K-1", "2027-06-30");
        let path = format!("/v1/sessions/{}/complete", house.session_id);
        let bare = json!({"practitioner_id": house.practitioner_id});
        server.post(&path, &bare).expect(200);
        server.post(&path, &bare).expect(200);
        let record = house.new_record(json!({"lot_id": lot.id()}));
        let done = json!({
            "practitioner_id": house.practitioner_id, "pigment_records": [&record],
        });
        let refused = server
            .post(&path, &done)
            .expect_problem(409, "already_completed");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("POST /v1/pigment-records"), "{detail}");
        server.post("/v1/pigment-records", &record).expect(201);
        server.post(&path, &done).expect(200);
    });
}

#[test]
fn a_ratio_without_a_diluent_may_have_been_any() {
    House::each(|house| {
        let server = &house.server;
        let pigment = house.lot("K-1", "2027-06-30").id();
        let [asked, other] = ["Saline", "Witch hazel"].map(|brand| {
            let product = json!({"kind": "diluent", "maker": "Sample Inks", "brand": brand});
            server.post("/v1/products", &product).expect(201).id()
        });
        let uses = format!("/v1/products/{asked}/uses");
        let record = |mix: Value| {
            let mut record = house.new_record(json!({"lot_id": pigment}));
            record["mix"]
                .as_object_mut()
                .unwrap()
                .extend(mix.as_object().unwrap().clone());
            server.post("/v1/pigment-records", &record).expect(201)
        };
        record(json!({}));
        record(
            json!({"ratio": "1:20", "diluent": {"product_id": other, "unknown_lot_reason": "No label."}}),
        );
        assert!(house.certainties(&uses).is_empty());
        let unsaid = record(json!({"ratio": "1:20"}));
        assert_eq!(house.certainties(&uses), ["possible"]);
        // Once somebody remembers, it isn't any more.
        let mut record = house.new_record(json!({"lot_id": pigment}));
        record["mix"]["ratio"] = json!("1:20");
        record["mix"]["diluent"] = json!({"product_id": other, "unknown_lot_reason": "No label."});
        let amendment = json!({"reason": "It was witch hazel.", "record": record});
        server
            .post(&format!("{}/amend", unsaid.location()), &amendment)
            .expect(201);
        let standing = server.get(&uses).expect(200);
        assert!(
            standing.data().iter().all(|one| one["amended"] == true),
            "{standing}"
        );
    });
}

#[test]
fn a_repeated_completion_with_another_record_is_refused_and_names_it() {
    House::each(|house| {
        let server = &house.server;
        let path = format!("/v1/sessions/{}/complete", house.session_id);
        let [first, second] = ["K-1", "K-2"].map(|code| {
            let lot = house.lot(code, "2027-06-30");
            house.new_record(json!({"lot_id": lot.id()}))
        });
        let done = |records: &[&Value]| json!({"practitioner_id": house.practitioner_id, "pigment_records": records});
        server.post(&path, &done(&[&first])).expect(200);
        for (told, wrong) in [
            (vec![&second], "/pigment_records/0"),
            (vec![&first, &second], "/pigment_records/1"),
            // Two alike are two.
            (vec![&first, &first], "/pigment_records/1"),
        ] {
            server
                .post(&path, &done(&told))
                .expect_problem(409, "already_completed")
                .expect_error(wrong, "told_otherwise");
        }
        server.post(&path, &done(&[&first])).expect(200);
        for (field, value, wrong, code) in [
            ("external_id", json!("R-1"), 409, "told_otherwise"),
            ("notes", json!("Calm."), 409, "told_otherwise"),
            ("session_id", json!(house.client_id), 422, "other_session"),
        ] {
            let mut other = first.clone();
            other[field] = value;
            let pointer = match wrong {
                409 => "/pigment_records/0".to_owned(),
                _ => format!("/pigment_records/0/{field}"),
            };
            server
                .post(&path, &done(&[&other]))
                .expect(wrong)
                .expect_error(&pointer, code);
        }
        server.post("/v1/pigment-records", &second).expect(201);
        server.post(&path, &done(&[&second, &first])).expect(200);
        // Whoever says less may be answered by one that says more, in any order.
        let mut by_whom = first.clone();
        by_whom["practitioner_id"] = json!(house.practitioner_id);
        by_whom["occurred_at"] = json!("2026-11-25T08:30:00Z");
        server.post("/v1/pigment-records", &by_whom).expect(201);
        let mut bare = first.clone();
        bare.as_object_mut().unwrap().remove("practitioner_id");
        for told in [[&bare, &by_whom], [&by_whom, &bare]] {
            server.post(&path, &done(&told)).expect(200);
        }
    });
}

#[test]
fn a_second_completion_that_tells_something_else_is_refused_and_loses_nothing() {
    House::each(|house| {
        let server = &house.server;
        let path = format!("/v1/sessions/{}/complete", house.session_id);
        let first =
            json!({"practitioner_id": house.practitioner_id, "clinical_notes": "Calm skin."});
        let done = server.post(&path, &first).expect(200);
        assert_eq!(server.post(&path, &first).expect(200).etag(), done.etag());
        assert_eq!(
            server.post(&path, &json!({})).expect(200).etag(),
            done.etag()
        );
        for (field, value) in [
            ("clinical_notes", json!("Allergic to lidocaine.")),
            ("completion", json!("partial")),
            ("occurred_at", json!("2026-11-20T10:00:00Z")),
        ] {
            let mut other = first.clone();
            other[field] = value;
            server
                .post(&path, &other)
                .expect_problem(409, "already_completed")
                .expect_error(&format!("/{field}"), "told_otherwise");
        }
    });
}
