//! A practitioner's own key: where nobody is named as who treats, it's they.

use serde_json::{Value, json};
use stipple_test_support::{Answer, Caller, TestServer};

use crate::each;

/// A studio with two practitioners, and the key of the first.
struct Own<'a> {
    server: &'a TestServer,
    caller: Caller,
    client: String,
    own: String,
    other: String,
}

impl<'a> Own<'a> {
    fn open(server: &'a TestServer) -> Self {
        let studio = server.studio().id();
        server.room(&studio);
        server.room(&studio);
        let own = server.practitioner(&studio).id();
        let key = json!({"name": "Tablet", "role": "practitioner", "practitioner_id": own});
        let key = server.post("/v1/api-keys", &key).expect(201);
        Self {
            server,
            caller: server.with_secret(key.json["secret"].as_str().unwrap()),
            client: server.client(&studio).id(),
            other: server.practitioner(&studio).id(),
            own,
        }
    }

    fn plan(&self, caller: &Caller, more: Value) -> Answer {
        let mut new = json!({
            "client_id": self.client, "indication": "scar", "treatment_sessions": 1, "session_minutes": 60,
        });
        new.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        caller.post("/v1/plans", &new).expect(201)
    }

    fn consultation(&self, caller: &Caller, more: Value) -> Answer {
        let mut new =
            json!({"client_id": self.client, "kind": "consultation", "duration_minutes": 30});
        new.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        caller.post("/v1/sessions", &new)
    }

    fn session_of(&self, plan: &Answer) -> String {
        let sessions = self
            .server
            .get(&format!("{}/sessions", plan.location()))
            .expect(200);
        sessions.data()[0]["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn who_treats_is_whoever_has_the_key_where_nobody_is_named() {
    each(|server| {
        let house = Own::open(server);
        let (caller, owner) = (&house.caller, &server.owner());
        let plan = house.plan(caller, json!({}));
        assert_eq!(plan.json["practitioner_id"], house.own.as_str());
        let named = house.plan(caller, json!({"practitioner_id": house.other}));
        assert_eq!(named.json["practitioner_id"], house.other.as_str());
        // A key that is nobody's names nobody.
        let nobodys = house.plan(owner, json!({}));
        assert_eq!(nobodys.json["practitioner_id"], Value::Null);

        // Booking: the session's own practitioner comes first, then whoever has the key.
        let at = |day: &str| json!({"local_start": format!("2026-12-{day}T10:00")});
        let book = |caller: &Caller, session: &str, day: &str| {
            caller.post(&format!("/v1/sessions/{session}/book"), &at(day))
        };
        let session = house.session_of(&nobodys);
        book(owner, &session, "01")
            .expect_problem(422, "invalid")
            .expect_error("/practitioner_id", "required");
        let booked = book(caller, &session, "01").expect(200);
        assert_eq!(booked.json["practitioner_id"], house.own.as_str());
        let booked = book(caller, &house.session_of(&named), "02").expect(200);
        assert_eq!(booked.json["practitioner_id"], house.other.as_str());
        let series = house.plan(owner, json!({}));
        let path = format!("{}/book-series", series.location());
        let body = json!({"sessions": [{"ordinal": 1, "booking": at("03")}]});
        let booked = caller.post(&path, &body).expect(200);
        assert_eq!(booked.data()[0]["practitioner_id"], house.own.as_str());

        // A session of its own, planned and booked at once.
        let planned = house.consultation(caller, json!({})).expect(201);
        assert_eq!(planned.json["practitioner_id"], house.own.as_str());
        let booked = house.consultation(caller, json!({"booking": at("04")}));
        assert_eq!(
            booked.expect(201).json["practitioner_id"],
            house.own.as_str()
        );
        let mut booking = at("05");
        booking["practitioner_id"] = json!(house.other);
        let booked = house.consultation(caller, json!({"booking": booking}));
        assert_eq!(
            booked.expect(201).json["practitioner_id"],
            house.other.as_str()
        );
    });
}

#[test]
fn what_was_done_was_done_by_whoever_has_the_key_where_nobody_is_named() {
    each(|server| {
        let house = Own::open(server);
        let session = house.session_of(&house.plan(&server.owner(), json!({})));
        let record = json!({
            "session_id": session, "zones": [{"zone": "crown"}],
            "mix": {"pigments": [{"unknown_lot_reason": "The label came off."}]},
        });
        server
            .post("/v1/pigment-records", &record)
            .expect_problem(422, "invalid")
            .expect_error("/practitioner_id", "required");
        let recorded = house
            .caller
            .post("/v1/pigment-records", &record)
            .expect(201);
        assert_eq!(recorded.json["practitioner_id"], house.own.as_str());
        let path = format!("/v1/sessions/{session}/complete");
        let done = house.caller.post(&path, &json!({})).expect(200);
        assert_eq!(done.json["practitioner_id"], house.own.as_str());
    });
}

#[test]
fn who_assessed_is_the_sessions_practitioner_or_whoever_has_the_key() {
    each(|server| {
        let house = Own::open(server);
        let assessment = |more: Value| {
            let mut new = json!({"client_id": house.client, "indication": "scar"});
            new.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            new
        };
        let assessed = |caller: &Caller, more: Value| {
            let made = caller
                .post("/v1/assessments", &assessment(more))
                .expect(201);
            made.json["practitioner_id"].as_str().unwrap().to_owned()
        };
        server
            .post("/v1/assessments", &assessment(json!({})))
            .expect_problem(422, "invalid")
            .expect_error("/practitioner_id", "required");
        assert_eq!(assessed(&house.caller, json!({})), house.own);
        let named = json!({"practitioner_id": house.other});
        assert_eq!(assessed(&house.caller, named.clone()), house.other);
        let session = house.consultation(&server.owner(), named).expect(201).id();
        let in_session = json!({"session_id": session});
        assert_eq!(assessed(&house.caller, in_session.clone()), house.other);
        assert_eq!(assessed(&server.owner(), in_session), house.other);
    });
}
