//! Assessments, and the plans that rest on them, from outside.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::{Answer, TestServer, engines};

/// A server with a studio, a practitioner and a client.
struct House {
    server: TestServer,
    studio_id: String,
    practitioner_id: String,
    client_id: String,
}

impl House {
    fn each(test: impl Fn(&Self)) {
        for engine in engines() {
            let server = TestServer::start(engine);
            let studio_id = server.studio().id();
            let practitioner_id = server.practitioner(&studio_id).id();
            let client_id = server.client(&studio_id).id();
            test(&Self {
                server,
                studio_id,
                practitioner_id,
                client_id,
            });
        }
    }

    fn new_assessment(&self) -> Value {
        json!({
            "client_id": self.client_id,
            "practitioner_id": self.practitioner_id,
            "indication": "alopecia_areata",
            "norwood": "3_vertex",
            "salt": {"vertex": 0, "posterior": 25, "left": 30, "right": 0},
            "expectations": [{"point": "no_growth", "acknowledged_at": "2026-11-25T08:30:00Z"}],
        })
    }

    fn new_plan(&self, treatment_sessions: u8) -> Value {
        json!({
            "client_id": self.client_id,
            "indication": "general_thinning",
            "treatment_sessions": treatment_sessions,
            "session_minutes": 180,
        })
    }

    #[track_caller]
    fn plan(&self, treatment_sessions: u8) -> Answer {
        self.server
            .post("/v1/plans", &self.new_plan(treatment_sessions))
            .expect(201)
    }

    #[track_caller]
    fn sessions(&self, plan_id: &str) -> Vec<Value> {
        let path = format!("/v1/plans/{plan_id}/sessions");
        self.server.get(&path).expect(200).data().to_vec()
    }
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[test]
fn salt_is_computed_from_its_regions() {
    House::each(|house| {
        let assessment = house
            .server
            .post("/v1/assessments", &house.new_assessment())
            .expect(201);
        assert_eq!(
            assessment.json["salt"],
            json!({"vertex": 0, "posterior": 25, "left": 30, "right": 0, "total": 11.4, "band": "mild"})
        );
        assert_eq!(assessment.json["studio_id"], house.studio_id);
        assert_eq!(assessment.json["occurred_at"], "2026-11-25T09:00:00Z");
        assert_eq!(
            assessment.json["occurred_at"],
            assessment.json["recorded_at"]
        );
        let (path, etag) = (assessment.location(), assessment.etag());
        let worse = json!({"salt": {"vertex": 100, "posterior": 100, "left": 100, "right": 72}, "norwood": null});
        let changed = house.server.patch(&path, &etag, &worse).expect(200);
        assert_eq!(changed.json["salt"]["total"], 95.0);
        assert_eq!(changed.json["salt"]["band"], "very_severe");
        assert_eq!(changed.json["norwood"], Value::Null);
        assert_eq!(
            changed.json["expectations"],
            assessment.json["expectations"]
        );
        house
            .server
            .patch(&path, &etag, &json!({"salt": null}))
            .expect_problem(412, "stale_version");
        let cleared = house
            .server
            .patch(&path, &changed.etag(), &json!({"salt": null}))
            .expect(200);
        assert_eq!(cleared.json["salt"], Value::Null);
        house.server.get(&path).expect(200);
    });
}

#[test]
fn an_assessment_tells_what_has_happened() {
    House::each(|house| {
        let other_studio = house.server.studio().id();
        for (field, value, pointer, code) in [
            (
                "occurred_at",
                json!("2026-11-25T09:00:01Z"),
                "/occurred_at",
                "in_the_future",
            ),
            (
                "expectations",
                json!([
                    {"point": "no_growth", "acknowledged_at": "2026-11-25T08:30:00Z"},
                    {"point": "no_growth", "acknowledged_at": "2026-11-25T08:31:00Z"},
                ]),
                "/expectations/1/point",
                "duplicate",
            ),
            (
                "practitioner_id",
                json!(house.client_id),
                "/practitioner_id",
                "unknown_practitioner",
            ),
            ("norwood", json!("8"), "/norwood", "invalid_value"),
        ] {
            house
                .server
                .post(
                    "/v1/assessments",
                    &with(house.new_assessment(), field, value),
                )
                .expect_problem(422, "invalid")
                .expect_error(pointer, code);
        }
        let elsewhere = with(house.new_assessment(), "studio_id", json!(other_studio));
        house.server.post("/v1/assessments", &elsewhere).expect(201);
        let here = format!("/v1/assessments?studio_id={}", house.studio_id);
        assert!(house.server.get(&here).expect(200).data().is_empty());
        let desk = house.server.caller(Role::FrontDesk);
        desk.get(&here).expect_problem(403, "forbidden");
    });
}

#[test]
fn opening_a_plan_gives_its_sessions_their_places() {
    House::each(|house| {
        let plan = house.plan(3);
        assert_eq!(plan.json["state"], "open");
        assert_eq!(plan.json["gaps"][0]["minimum_days"], 7);
        assert_eq!(plan.json["gaps"].as_array().unwrap().len(), 2);
        let sessions = house.sessions(&plan.id());
        assert_eq!(sessions.len(), 3);
        for (place, session) in sessions.iter().enumerate() {
            assert_eq!(session["ordinal"], place + 1);
            assert_eq!(
                (&session["state"], &session["kind"]),
                (&json!("planned"), &json!("treatment"))
            );
            assert_eq!(session["duration_minutes"], 180);
        }
    });
}

#[test]
fn more_than_four_sessions_need_a_reason() {
    House::each(|house| {
        house
            .server
            .post("/v1/plans", &house.new_plan(5))
            .expect_problem(422, "invalid")
            .expect_error("/more_sessions_reason", "reason_required");
        let reason = json!("The scar takes little at a time.");
        let five = with(house.new_plan(5), "more_sessions_reason", reason.clone());
        house.server.post("/v1/plans", &five).expect(201);

        let plan = house.plan(3);
        let add = format!("{}/add-session", plan.location());
        let four = house.server.owner().post_nothing(&add).expect(200);
        assert_eq!(four.json["treatment_sessions"], 4);
        house
            .server
            .post(&add, &json!({}))
            .expect_problem(422, "invalid")
            .expect_error("/reason", "reason_required");
        let five = house
            .server
            .post(&add, &json!({"reason": reason}))
            .expect(200);
        assert_eq!(five.json["more_sessions_reason"], reason);
        assert_eq!(five.json["gaps"].as_array().unwrap().len(), 4);
        assert_eq!(house.sessions(&plan.id()).len(), 5);
    });
}

#[test]
fn what_a_plan_rests_on_is_its_clients() {
    House::each(|house| {
        let template = house
            .server
            .post(
                "/v1/plan-templates",
                &json!({"name": "One", "indication": "scar", "treatment_sessions": 1, "session_minutes": 60}),
            )
            .expect(201);
        let other_client = house.server.client(&house.studio_id).id();
        let assessment = house
            .server
            .post(
                "/v1/assessments",
                &with(house.new_assessment(), "client_id", json!(other_client)),
            )
            .expect(201);
        let new = json!({
            "client_id": house.client_id, "template_id": template.id(), "assessment_id": assessment.id(),
        });
        house
            .server
            .post("/v1/plans", &new)
            .expect_problem(422, "invalid")
            .expect_error("/assessment_id", "other_client");
        let plan = house
            .server
            .post("/v1/plans", &with(new, "client_id", json!(other_client)))
            .expect(201);
        assert_eq!(plan.json["indication"], "scar");
        assert_eq!(plan.json["session_minutes"], 60);
        house
            .server
            .post("/v1/plans", &json!({"client_id": house.client_id}))
            .expect_problem(422, "invalid")
            .expect_error("/indication", "required");
    });
}

#[test]
fn a_plan_is_changed_by_whoever_saw_it_last() {
    House::each(|house| {
        let new = with(house.new_plan(2), "notes", json!("Starts light."));
        let plan = house.server.post("/v1/plans", &new).expect(201);
        let path = plan.location();
        let owner = house.server.owner();
        let body = json!({"practitioner_id": house.practitioner_id}).to_string();
        owner
            .send(
                "PATCH",
                &path,
                Some(("application/merge-patch+json", body.as_bytes())),
            )
            .expect_problem(428, "if_match_required");
        let changed = owner
            .patch(
                &path,
                &plan.etag(),
                &json!({"practitioner_id": house.practitioner_id}),
            )
            .expect(200);
        assert_eq!(changed.json["notes"], "Starts light.");
        for session in house.sessions(&plan.id()) {
            assert_eq!(session["practitioner_id"], house.practitioner_id);
        }
        owner
            .patch(&path, &plan.etag(), &json!({"notes": null}))
            .expect_problem(412, "stale_version");
        let cleared = owner
            .patch(&path, &changed.etag(), &json!({"notes": null}))
            .expect(200);
        assert_eq!(cleared.json["notes"], Value::Null);
        assert_eq!(cleared.json["practitioner_id"], house.practitioner_id);
        owner
            .patch(&path, &cleared.etag(), &json!({"gaps": []}))
            .expect_problem(422, "invalid")
            .expect_error("/gaps", "wrong_count");
    });
}

#[test]
fn a_closed_plan_keeps_no_session_to_come() {
    House::each(|house| {
        let plan = house.plan(2);
        let close = format!("{}/close", plan.location());
        let reason = json!({"reason": "The client has moved away."});
        let closed = house.server.post(&close, &reason).expect(200);
        assert_eq!(closed.json["state"], "closed");
        assert_eq!(closed.json["state_reason"], reason["reason"]);
        for session in house.sessions(&plan.id()) {
            assert_eq!(session["state"], "cancelled");
            assert_eq!(session["end_reason"], "The plan was closed.");
            // Why it was closed isn't for the front desk, which sees the sessions.
            let history = format!("/v1/sessions/{}/history", session["id"].as_str().unwrap());
            let history = house.server.get(&history).expect(200);
            assert!(!history.json.to_string().contains("moved away"));
        }
        let again = house.server.post(&close, &reason).expect(200);
        assert_eq!(again.json, closed.json);
        house
            .server
            .owner()
            .post_nothing(&format!("{}/add-session", plan.location()))
            .expect_problem(409, "plan_closed");
        let open = format!("/v1/plans?client_id={}&state=open", house.client_id);
        assert!(house.server.get(&open).expect(200).data().is_empty());
    });
}

#[test]
fn plans_are_listed_in_pages() {
    House::each(|house| {
        let ids: Vec<String> = (0..3).map(|_| house.plan(1).id()).collect();
        let list = format!("/v1/plans?client_id={}&limit=2", house.client_id);
        let first = house.server.get(&list).expect(200);
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let second = house
            .server
            .get(&format!("{list}&cursor={cursor}"))
            .expect(200);
        assert_eq!(second.json["next_cursor"], Value::Null);
        let listed: Vec<&str> = [first.data(), second.data()]
            .concat()
            .iter()
            .map(|plan| ids.iter().find(|id| plan["id"] == **id).unwrap().as_str())
            .collect();
        assert_eq!(listed, ids);
        let other = house.server.client(&house.studio_id).id();
        let others = house
            .server
            .get(&format!("/v1/plans?client_id={other}"))
            .expect(200);
        assert!(others.data().is_empty());
    });
}

#[test]
fn the_front_desk_sees_a_plan_without_what_it_treats() {
    House::each(|house| {
        let new = with(house.new_plan(2), "notes", json!("Starts light."));
        let plan = house.server.post("/v1/plans", &new).expect(201);
        let desk = house.server.caller(Role::FrontDesk);
        let seen = desk.get(&plan.location()).expect(200);
        assert_eq!(seen.json["treatment_sessions"], 2);
        let list = desk.get("/v1/plans").expect(200);
        for field in [
            "indication",
            "notes",
            "assessment_id",
            "template_id",
            "state_reason",
            "more_sessions_reason",
        ] {
            assert!(plan.json.get(field).is_some(), "{field}");
            assert!(seen.json.get(field).is_none(), "{field}");
            assert!(list.data()[0].get(field).is_none(), "{field}");
        }
        desk.post("/v1/plans", &new)
            .expect_problem(403, "forbidden");
    });
}
