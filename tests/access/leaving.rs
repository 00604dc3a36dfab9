//! A practitioner leaves: their keys end, and their sessions go to somebody else.

use serde_json::{Value, json};
use stipple_test_support::{Answer, TestServer, engines};

struct Leaving {
    server: TestServer,
    studio: String,
    leaver: String,
    heir: String,
}

impl Leaving {
    fn each(test: impl Fn(&Self)) {
        for engine in engines() {
            let server = TestServer::start(engine);
            let studio = server.studio().id();
            let (leaver, heir) = (
                server.practitioner(&studio).id(),
                server.practitioner(&studio).id(),
            );
            test(&Self {
                server,
                studio,
                leaver,
                heir,
            });
        }
    }

    #[track_caller]
    fn book(&self, practitioner: &str, time: &str) -> Answer {
        let body = json!({
            "client_id": self.server.client(&self.studio).id(), "kind": "consultation", "duration_minutes": 60,
            "booking": {"local_start": format!("2026-12-01T{time}"), "practitioner_id": practitioner},
        });
        self.server.post("/v1/sessions", &body).expect(201)
    }

    #[track_caller]
    fn leave(&self) {
        self.server
            .patch(
                &format!("/v1/practitioners/{}", self.leaver),
                "*",
                &json!({"active": false}),
            )
            .expect(200);
    }

    fn reassign(&self, body: &Value) -> Answer {
        let path = format!("/v1/practitioners/{}/reassign-sessions", self.leaver);
        self.server.post(&path, body)
    }

    fn tasks(&self) -> Vec<Value> {
        let open = "/v1/tasks?kind=practitioner_left&state=open";
        self.server.get(open).expect(200).data().to_vec()
    }
}

#[test]
fn who_leaves_has_no_key_and_their_sessions_are_listed() {
    Leaving::each(|house| {
        let server = &house.server;
        let key = json!({"name": "Own", "role": "practitioner", "practitioner_id": house.leaver});
        let key = server.post("/v1/api-keys", &key).expect(201);
        let caller = server.with_secret(key.json["secret"].as_str().unwrap());
        caller.get("/v1/me").expect(200);
        let session = house.book(&house.leaver, "10:00");
        house.book(&house.heir, "12:00");
        house.leave();
        caller.get("/v1/me").expect_problem(401, "unauthorised");
        let tasks = house.tasks();
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["session_id"], session.id());
        server
            .post(
                "/v1/api-keys",
                &json!({"name": "Own", "role": "practitioner", "practitioner_id": house.leaver}),
            )
            .expect_problem(409, "practitioner_inactive");
        // Back again: nothing is left to do, but the key stays ended.
        server
            .patch(
                &format!("/v1/practitioners/{}", house.leaver),
                "*",
                &json!({"active": true}),
            )
            .expect(200);
        assert!(house.tasks().is_empty());
        caller.get("/v1/me").expect_problem(401, "unauthorised");
        house.leave();
        assert_eq!(house.tasks().len(), 1);
    });
}

#[test]
fn sessions_go_to_somebody_else_all_or_none() {
    Leaving::each(|house| {
        let server = &house.server;
        let first = house.book(&house.leaver, "10:00");
        let second = house.book(&house.leaver, "14:00");
        server
            .owner()
            .post_nothing(&format!("{}/confirm", second.location()))
            .expect(200);
        let busy = house.book(&house.heir, "10:30");
        house.leave();
        let refused = house
            .reassign(&json!({"to_practitioner_id": house.heir}))
            .expect_problem(409, "not_all_reassigned");
        let conflict = &refused.json["conflicts"][0];
        assert_eq!(conflict["session_id"], first.id());
        assert_eq!(conflict["errors"][0]["code"], "overlap");
        assert_eq!(conflict["conflicts"][0]["session_id"], busy.id());
        let still = server.get(&second.location()).expect(200);
        assert_eq!(still.json["practitioner_id"], house.leaver.as_str());

        let before = server.get(&format!("/v1/reminders?session_id={}", second.id()));
        let each = house
            .reassign(&json!({"to_practitioner_id": house.heir, "mode": "each"}))
            .expect(200);
        let outcomes: Vec<&str> = each
            .data()
            .iter()
            .map(|one| one["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(outcomes, ["kept", "reassigned"]);
        let moved = server.get(&second.location()).expect(200);
        assert_eq!(moved.json["practitioner_id"], house.heir.as_str());
        assert_eq!(moved.json["state"], "confirmed");
        assert_eq!(moved.json["starts_at"], still.json["starts_at"]);
        // Nobody is written to: the time is the same.
        let after = server.get(&format!("/v1/reminders?session_id={}", second.id()));
        assert_eq!(before.json["data"], after.json["data"]);
        let left: Vec<Value> = house.tasks();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["session_id"], first.id());
        // What was given away doesn't come back to somebody who has left.
        server
            .owner()
            .header("If-Match", "*")
            .post(
                &format!("{}/revert", second.location()),
                &json!({"reason": "A slip."}),
            )
            .expect_problem(409, "practitioner_inactive");

        let by_force = json!({
            "to_practitioner_id": house.heir, "session_ids": [first.id()],
            "override": {"rules": ["overlap"], "reason": "Both agreed."},
        });
        house.reassign(&by_force).expect(200);
        assert!(house.tasks().is_empty());
        house
            .reassign(&by_force)
            .expect_problem(422, "invalid")
            .expect_error("/session_ids/0", "unknown_session");
    });
}

#[test]
fn a_session_outside_of_the_heirs_hours_stays() {
    Leaving::each(|house| {
        let server = &house.server;
        let late = house.book(&house.leaver, "18:00");
        let mornings = json!({"working_hours": [
            {"studio_id": house.studio, "weekday": "tuesday", "from": "08:00", "until": "12:00"},
        ]});
        server
            .patch(&format!("/v1/practitioners/{}", house.heir), "*", &mornings)
            .expect(200);
        let kept = house
            .reassign(&json!({"to_practitioner_id": house.heir, "mode": "each"}))
            .expect(200);
        assert_eq!(kept.data()[0]["errors"][0]["code"], "outside_working_hours");
        let plan = json!({
            "client_id": server.client(&house.studio).id(), "practitioner_id": house.leaver, "indication": "scar",
            "treatment_sessions": 1, "session_minutes": 60,
        });
        let plan = server.post("/v1/plans", &plan).expect(201);
        house
            .reassign(&json!({"to_practitioner_id": house.leaver}))
            .expect_problem(422, "invalid")
            .expect_error("/to_practitioner_id", "same_practitioner");
        server
            .owner()
            .post_nothing(&format!("{}/cancel", late.location()))
            .expect(200);
        let done = house
            .reassign(&json!({"to_practitioner_id": house.heir}))
            .expect(200);
        assert_eq!(done.json["plan_ids"], json!([plan.id()]));
        assert_eq!(done.data().len(), 1);
        let plan = server.get(&plan.location()).expect(200);
        assert_eq!(plan.json["practitioner_id"], house.heir.as_str());
    });
}
