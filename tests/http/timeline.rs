//! A client's timeline and a plan's overview.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::{Answer, TestServer};

use crate::each;

/// A client with a plan of two sessions, of which one took place and one is booked.
pub(crate) fn treated(server: &TestServer) -> (String, String) {
    let studio_id = server.studio().id();
    let practitioner_id = server.practitioner(&studio_id).id();
    let client_id = server.client(&studio_id).id();
    server
        .post(
            "/v1/assessments",
            &json!({"client_id": client_id, "practitioner_id": practitioner_id, "indication": "scar", "notes": "Raised scar."}),
        )
        .expect(201);
    let plan_id = server
        .post(
            "/v1/plans",
            &json!({
                "client_id": client_id, "indication": "scar", "treatment_sessions": 2, "session_minutes": 60,
                "practitioner_id": practitioner_id, "notes": "Careful at the crown.",
            }),
        )
        .expect(201)
        .id();
    let sessions = server
        .get(&format!("/v1/plans/{plan_id}/sessions"))
        .expect(200);
    let first = sessions.json["data"][0]["id"].as_str().unwrap().to_owned();
    server
        .post(
            &format!("/v1/sessions/{first}/book"),
            &json!({"local_start": "2026-11-26T10:00", "practitioner_id": practitioner_id}),
        )
        .expect(200);
    server.clock.advance(chrono::TimeDelta::days(2));
    server
        .post(
            &format!("/v1/sessions/{first}/complete"),
            &json!({
                "clinical_notes": "Healed well.",
                "pigment_records": [{
                    "session_id": first, "practitioner_id": practitioner_id, "zones": [{"zone": "crown"}],
                    "mix": {"pigments": [{"unknown_lot_reason": "The label came off."}]},
                }],
            }),
        )
        .expect(200);
    (client_id, plan_id)
}

fn kinds(answer: &Answer) -> Vec<&str> {
    answer
        .data()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn a_timeline_has_everything_in_order_of_time() {
    each(|server| {
        let (client_id, _) = treated(server);
        let path = format!("/v1/clients/{client_id}/timeline");
        let whole = server.get(&path).expect(200);
        let found = kinds(&whole);
        for kind in [
            "assessment",
            "plan",
            "session",
            "pigment_record",
            "reminder",
            "task",
        ] {
            assert!(found.contains(&kind), "{kind} in {found:?}");
        }
        for entry in whole.data() {
            let kind = entry["kind"].as_str().unwrap();
            assert!(entry[kind].is_object(), "{entry}");
            assert_eq!(kind == "session", entry["history"].is_array(), "{entry}");
        }
        let times: Vec<&str> = whole
            .data()
            .iter()
            .map(|entry| entry["at"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted(), "{times:?}");
        let done = whole
            .data()
            .iter()
            .find(|entry| entry["session"]["state"] == "completed")
            .unwrap();
        assert!(done["history"].as_array().unwrap().len() >= 2, "{done}");

        // Page by page it's the same.
        let mut paged: Vec<Value> = Vec::new();
        let mut next = format!("{path}?limit=3");
        loop {
            let page = server.get(&next).expect(200);
            assert!(page.data().len() <= 3);
            paged.extend(page.data().iter().cloned());
            match page.json["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}?limit=3&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(paged, whole.data());

        let some = server
            .get(&format!("{path}?kind=plan&kind=task"))
            .expect(200);
        assert!(
            kinds(&some)
                .iter()
                .all(|kind| matches!(*kind, "plan" | "task"))
        );
        let from = times.last().unwrap().replace('+', "%2B");
        assert!(
            server
                .get(&format!("{path}?from={from}"))
                .expect(200)
                .data()
                .len()
                < times.len()
        );
        let before = times.first().unwrap().replace('+', "%2B");
        assert!(
            server
                .get(&format!("{path}?before={before}"))
                .expect(200)
                .data()
                .is_empty()
        );
        server.get(&format!("{path}?updated_since=0")).expect(400);
    });
}

#[test]
fn the_front_desk_sees_nothing_clinical() {
    each(|server| {
        let (client_id, plan_id) = treated(server);
        let desk = server.caller(Role::FrontDesk);
        let timeline = desk
            .get(&format!("/v1/clients/{client_id}/timeline"))
            .expect(200);
        let overview = desk
            .get(&format!("/v1/plans/{plan_id}/overview"))
            .expect(200);
        for answer in [&timeline, &overview] {
            for word in [
                "scar",
                "crown",
                "Healed",
                "label came off",
                "assessment",
                "pigment",
                "nonconformit",
                "clinical",
            ] {
                assert!(!answer.text.contains(word), "{word} in {answer}");
            }
        }
        assert!(kinds(&timeline).contains(&"session"));
        assert_eq!(
            desk.get(&format!("/v1/clients/{client_id}/timeline?kind=assessment"))
                .expect(200)
                .data()
                .len(),
            0
        );
    });
}

#[test]
fn an_overview_is_a_plan_with_what_belongs_to_it() {
    each(|server| {
        let (_, plan_id) = treated(server);
        let overview = server
            .get(&format!("/v1/plans/{plan_id}/overview"))
            .expect(200);
        assert_eq!(overview.json["plan"]["id"], json!(plan_id));
        let sessions = overview.json["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions[0]["session"]["clinical_notes"], "Healed well.");
        assert!(!sessions[0]["history"].as_array().unwrap().is_empty());
        assert_eq!(
            overview.json["pigment_records"].as_array().unwrap().len(),
            1
        );
        let reminders = overview.json["reminders"].as_array().unwrap();
        assert!(!reminders.is_empty());
        server
            .get("/v1/plans/01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14/overview")
            .expect_problem(404, "not_found");
    });
}
