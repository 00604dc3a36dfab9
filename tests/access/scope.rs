//! What a limited key sees where things belong to two studios, and what stays with one practitioner.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::Caller;
use stipple_test_support::builders::new_client;

use crate::chain::Chain;
use crate::ids;

#[test]
fn a_client_with_a_session_is_seen_with_their_whole_file_and_no_session_elsewhere() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.south).id();
        let south = chain.book(&client, &chain.south, &chain.southerner, "10:00");
        let assessment =
            json!({"client_id": client, "practitioner_id": chain.southerner, "indication": "scar"});
        let assessment = server.post("/v1/assessments", &assessment).expect(201);
        let caller = chain.at(&chain.north, Role::Practitioner);
        let path = format!("/v1/clients/{client}");
        caller.get(&path).expect_problem(404, "not_found");
        caller.get(&assessment.location()).expect(404);
        let latest = caller.get("/v1/clients").expect(200).json["latest_change"].clone();

        let north = chain.book(&client, &chain.north, &chain.northerner, "14:00");
        caller.get(&path).expect(200);
        caller.get(&assessment.location()).expect(200);
        // Whoever keeps a copy by change number is told of what comes into view, however old it is.
        for (list, id) in [("clients", &client), ("assessments", &assessment.id())] {
            let news = caller
                .get(&format!("/v1/{list}?updated_since={latest}"))
                .expect(200);
            assert_eq!(ids(&news), [id.as_str()], "{list}");
        }
        caller.get(&format!("{path}/contact-consents")).expect(200);
        caller
            .get(&south.location())
            .expect_problem(404, "not_found");
        let seen = caller
            .get(&format!("/v1/sessions?client_id={client}"))
            .expect(200);
        assert_eq!(ids(&seen), [north.id()]);
        // What is opened for them here says where: their own studio isn't one of this key's.
        let plan = json!({"client_id": client, "indication": "scar", "treatment_sessions": 1, "session_minutes": 60});
        caller
            .post("/v1/plans", &plan)
            .expect_problem(422, "invalid")
            .expect_error("/studio_id", "required");
        let mut here = plan;
        here["studio_id"] = json!(chain.north);
        caller.post("/v1/plans", &here).expect(201);
        caller
            .patch(&path, "*", &json!({"studio_id": chain.south, "notes": "x"}))
            .expect(200);
        let other = server.client(&chain.north);
        caller
            .patch(&other.location(), "*", &json!({"studio_id": chain.south}))
            .expect_problem(422, "invalid")
            .expect_error("/studio_id", "unknown_studio");
    });
}

#[test]
fn a_conflict_elsewhere_is_a_busy_interval() {
    Chain::each(|chain| {
        let client = chain.server.client(&chain.north).id();
        let elsewhere = chain.book(&client, &chain.south, &chain.southerner, "10:00");
        let clash = json!({
            "client_id": client, "kind": "consultation", "duration_minutes": 60,
            "booking": {"local_start": "2026-12-01T10:30", "practitioner_id": chain.northerner},
        });
        let caller = chain.at(&chain.north, Role::FrontDesk);
        let refused = caller
            .post("/v1/sessions", &clash)
            .expect_problem(409, "overlap");
        assert_eq!(
            refused.json["conflicts"],
            json!([{
                "kind": "client",
                "starts_at": "2026-12-01T10:00:00Z",
                "ends_at": "2026-12-01T11:00:00Z",
            }])
        );
        assert!(!refused.text.contains(&elsewhere.id()));
        let named = chain
            .server
            .post("/v1/sessions", &clash)
            .expect_problem(409, "overlap");
        assert_eq!(named.json["conflicts"][0]["session_id"], elsewhere.id());
        // A free time is offered as far as the client's time elsewhere allows, and no further is told.
        let free = format!(
            "/v1/availability?client_id={client}&studio_id={}&duration_minutes=60&from_day=2026-12-01&until_day=2026-12-01&limit=200",
            chain.north
        );
        let offered = caller.get(&free).expect(200);
        let starts: Vec<&str> = offered
            .data()
            .iter()
            .filter_map(|slot| slot["starts_at"].as_str())
            .collect();
        assert!(starts.contains(&"2026-12-01T09:00:00Z"), "{starts:?}");
        assert!(!starts.contains(&"2026-12-01T10:30:00Z"), "{starts:?}");
        let stranger = chain.server.client(&chain.south).id();
        caller
            .get(&free.replace(&client, &stranger))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_practitioner_may_be_limited_to_their_own_clients() {
    Chain::each(|chain| {
        let server = &chain.server;
        let treated = server.client(&chain.north).id();
        let planned = server.client(&chain.north).id();
        let foreign = server.client(&chain.north).id();
        let session = chain.book(&treated, &chain.north, &chain.northerner, "10:00");
        let other = chain.book(&foreign, &chain.south, &chain.southerner, "10:00");
        let plan = json!({
            "client_id": planned, "practitioner_id": chain.northerner, "indication": "scar",
            "treatment_sessions": 1, "session_minutes": 60,
        });
        server.post("/v1/plans", &plan).expect(201);
        let caller = chain.own(&chain.northerner);
        for list in ["/v1/clients", "/v1/clients?updated_since=0"] {
            assert_eq!(
                ids(&caller.get(list).expect(200)),
                [treated.clone(), planned.clone()]
            );
        }
        caller.get(&session.location()).expect(200);
        caller
            .get(&other.location())
            .expect_problem(404, "not_found");
        caller
            .get(&format!("/v1/clients/{foreign}"))
            .expect_problem(404, "not_found");
        let mut stolen = plan;
        stolen["client_id"] = json!(foreign);
        caller
            .post("/v1/plans", &stolen)
            .expect_problem(422, "invalid")
            .expect_error("/client_id", "unknown_client");
        caller
            .post("/v1/clients", &new_client(&chain.north))
            .expect_problem(403, "forbidden");
        let me = caller.get("/v1/me").expect(200);
        assert_eq!(me.json["own_clients_only"], true);
        assert_eq!(me.json["practitioner_id"], chain.northerner.as_str());
    });
}

#[test]
fn a_trace_reaches_all_studios() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.south).id();
        let session = chain.book(&client, &chain.south, &chain.southerner, "10:00");
        let product = json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey"});
        let product = server.post("/v1/products", &product).expect(201);
        let lot = json!({"product_id": product.id(), "code": "K-1"});
        let lot = server.post("/v1/lots", &lot).expect(201);
        let record = json!({
            "session_id": session.id(), "zones": [{"zone": "crown"}], "mix": {"pigments": [{"lot_id": lot.id()}]},
        });
        let record = server.post("/v1/pigment-records", &record).expect(201);
        let caller = chain.at(&chain.north, Role::Practitioner);
        caller.get(&record.location()).expect(404);
        for path in [lot.location(), product.location()] {
            let uses = caller.get(&format!("{path}/uses")).expect(200);
            assert_eq!(uses.data()[0]["pigment_record_id"], record.id());
            // Another studio's client has no name here, and its own studio sees how to reach them.
            assert_eq!(uses.data()[0]["client_id"], client);
            for hidden in [
                "client",
                "zones",
                "mix",
                "occurred_at",
                "session",
                "studio_name",
                "practitioner_name",
                "licence_number",
            ] {
                assert_eq!(uses.data()[0][hidden], Value::Null, "{hidden}");
            }
            let southern = chain.at(&chain.south, Role::Practitioner);
            let uses = southern.get(&format!("{path}/uses")).expect(200);
            let known = server.get(&format!("/v1/clients/{client}")).expect(200);
            let told = &uses.data()[0]["client"];
            for field in ["given_name", "family_name", "email", "telephone"] {
                assert_eq!(told[field], known.json[field], "{field}");
            }
            for shown in ["studio_name", "practitioner_name", "occurred_at"] {
                assert!(uses.data()[0][shown].is_string(), "{shown}");
            }
            assert_eq!(uses.data()[0]["zones"], json!(["crown"]));
            assert_eq!(uses.data()[0]["mix"], record.json["mix"]);
            assert!(uses.data()[0]["session"]["date"].is_string());
            // Whoever is limited to their own clients sees no more of others' at their own studio.
            let key = json!({
                "name": "Tablet", "role": "practitioner", "practitioner_id": chain.northerner, "own_clients_only": true,
            });
            let key = server.post("/v1/api-keys", &key).expect(201);
            let limited = server.with_secret(key.json["secret"].as_str().unwrap());
            let uses = limited.get(&format!("{path}/uses")).expect(200);
            assert_eq!(uses.data()[0]["client_id"], client);
            for hidden in ["client", "zones", "mix", "occurred_at", "session"] {
                assert_eq!(uses.data()[0][hidden], Value::Null, "{hidden}");
            }
        }
    });
}

#[test]
fn the_front_desk_sees_no_clinical_word_anywhere() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.north).id();
        let word = "psoriasis-beispiel";
        let plan = json!({
            "client_id": client, "practitioner_id": chain.northerner, "indication": "alopecia_areata",
            "treatment_sessions": 5, "session_minutes": 60, "more_sessions_reason": word, "notes": word,
        });
        let plan = server.post("/v1/plans", &plan).expect(201);
        let planned = server
            .get(&format!("{}/sessions", plan.location()))
            .expect(200);
        let session = format!("/v1/sessions/{}", planned.data()[0]["id"].as_str().unwrap());
        let done = json!({
            "practitioner_id": chain.northerner, "clinical_notes": word,
            "pigment_records": [{
                "session_id": planned.data()[0]["id"], "notes": word, "reactions": word,
                "zones": [{"zone": "crown"}], "mix": {"pigments": [{"unknown_lot_reason": word}]},
            }],
        });
        let done = server
            .post(&format!("{session}/complete"), &done)
            .expect(200);
        assert!(!done.json["nonconformities"].as_array().unwrap().is_empty());
        let desk = chain.at(&chain.north, Role::FrontDesk);
        let lists = [
            "/v1/clients",
            "/v1/plans",
            "/v1/sessions",
            "/v1/sessions?updated_since=0",
            "/v1/tasks",
            "/v1/reminders",
            "/v1/practitioners",
            &format!("{}/sessions", plan.location()),
            &format!("{session}/history"),
            &session,
            &plan.location(),
        ]
        .map(|path| desk.get(path).expect(200));
        let changed = desk
            .patch(&session, "*", &json!({"notes": "By train."}))
            .expect(200);
        for answer in lists.iter().chain([&changed]) {
            for clinical in [word, "alopecia", "clinical_notes", "nonconformit"] {
                assert!(!answer.text.contains(clinical), "{clinical} in {answer}");
            }
        }
        let seen = desk.get(&session).expect(200);
        assert_eq!(seen.json.get("clinical_notes"), None);
        assert_ne!(seen.json["id"], Value::Null);
    });
}

#[test]
fn only_who_is_seen_is_taken_off_the_list_and_what_is_in_the_way_elsewhere_has_no_name() {
    Chain::each(|chain| {
        let client = chain.server.client(&chain.north);
        let path = client.location();
        let act = |caller: &Caller, act: &str| {
            let caller = caller.header("If-Match", "*");
            match act {
                "remove" => caller.delete(&path),
                "erase" => caller.post(&format!("{path}/erase"), &json!({"reason": "Asked for."})),
                _ => caller.post_nothing(&format!("{path}/{act}")),
            }
        };
        let stranger = chain.own(&chain.southerner);
        for step in ["remove", "restore"] {
            act(&stranger, step).expect_problem(404, "not_found");
        }
        let elsewhere = chain.at(&chain.south, Role::Owner);
        for step in ["remove", "restore", "erase"] {
            act(&elsewhere, step).expect_problem(404, "not_found");
        }

        let session = chain.book(&client.id(), &chain.south, &chain.southerner, "10:00");
        let desk = chain.at(&chain.north, Role::FrontDesk);
        let refused = act(&desk, "remove").expect_problem(409, "client_expected");
        assert_eq!(
            refused.json["conflicts"],
            json!([{"starts_at": session.json["starts_at"], "ends_at": session.json["ends_at"]}])
        );
        // By now the other studio sees them too, and each may take them off.
        let cancel = format!("/v1/sessions/{}/cancel", session.id());
        act(&stranger, "remove").expect_problem(409, "client_expected");
        chain.server.post(&cancel, &json!({})).expect(200);
        act(&stranger, "remove").expect(204);
        act(&desk, "restore").expect(200);
    });
}
