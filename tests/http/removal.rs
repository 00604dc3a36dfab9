//! Taking clients off the list and putting them back, from outside.

use serde_json::{Value, json};
use stipple_shared::domain::{Instant, Role};
use stipple_test_support::builders::new_client;
use stipple_test_support::{Answer, Caller, TestServer};

use crate::each;

/// A studio with somebody who treats, and a client.
struct House<'a> {
    server: &'a TestServer,
    studio_id: String,
    practitioner_id: String,
    client: Answer,
}

impl<'a> House<'a> {
    fn on(server: &'a TestServer) -> Self {
        let studio_id = server.studio().id();
        Self {
            server,
            practitioner_id: server.practitioner(&studio_id).id(),
            client: server.client(&studio_id),
            studio_id,
        }
    }

    fn path(&self) -> String {
        self.client.location()
    }

    /// Takes the client off the list.
    #[track_caller]
    fn remove(&self) -> Answer {
        self.server
            .owner()
            .header("If-Match", "*")
            .delete(&self.path())
    }

    #[track_caller]
    fn restore(&self) -> Answer {
        let path = format!("{}/restore", self.path());
        self.server.owner().post_nothing(&path)
    }

    #[track_caller]
    fn stored(&self) -> Value {
        self.server.get(&self.path()).expect(200).json
    }

    /// A consultation, booked for then where there is a time.
    #[track_caller]
    fn session(&self, starts_at: Option<&str>) -> String {
        let booking = starts_at.map(|at| json!({"starts_at": at}));
        let new = json!({
            "client_id": self.client.id(), "practitioner_id": self.practitioner_id, "kind": "consultation",
            "duration_minutes": 60, "booking": booking,
        });
        self.server.post("/v1/sessions", &new).expect(201).id()
    }

    fn new_plan(&self) -> Value {
        json!({
            "client_id": self.client.id(), "practitioner_id": self.practitioner_id, "indication": "scar",
            "treatment_sessions": 1, "session_minutes": 60,
        })
    }

    #[track_caller]
    fn act(&self, path: &str, body: &Value) -> Answer {
        self.server.owner().header("If-Match", "*").post(path, body)
    }

    fn ids(&self, caller: &Caller, path: &str) -> Vec<Value> {
        let list = caller.get(path).expect(200);
        list.data().iter().map(|one| one["id"].clone()).collect()
    }
}

fn search(server: &TestServer, text: &Value) -> usize {
    let found = server.post("/v1/clients/search", &json!({"text": text}));
    found.expect(200).data().len()
}

#[test]
fn whoever_was_registered_twice_is_taken_off_the_list_and_put_back() {
    each(|server| {
        let house = House::on(server);
        let email = &house.client.json["email"];
        let since = server.get("/v1/clients").json["latest_change"].clone();
        assert_eq!(search(server, email), 1);

        let (path, desk) = (house.path(), server.caller(Role::FrontDesk));
        desk.delete(&path).expect_problem(428, "if_match_required");
        desk.header("If-Match", "\"v9\"")
            .delete(&path)
            .expect_problem(412, "stale_version");
        server
            .caller(Role::Auditor)
            .header("If-Match", "*")
            .delete(&path)
            .expect_problem(403, "forbidden");
        let tag = house.client.etag();
        // The second time the tag is old, and nothing is left to be done.
        for _ in 0..2 {
            desk.header("If-Match", &tag).delete(&path).expect(204);
        }

        assert!(server.get("/v1/clients").expect(200).data().is_empty());
        assert_eq!(search(server, email), 0);
        let changes = server.get(&format!("/v1/clients?updated_since={since}"));
        assert_eq!(changes.data().len(), 1, "taking off twice is one change");
        assert_ne!(changes.json["data"][0]["deleted_at"], Value::Null);
        let stored = house.stored();
        assert_ne!(stored["deleted_at"], Value::Null);
        assert_eq!(stored["erased_at"], Value::Null);
        assert_eq!(stored["given_name"], house.client.json["given_name"]);
        server.get(&format!("{path}/timeline")).expect(200);

        let back = house.restore().expect(200);
        assert_eq!(back.json["deleted_at"], Value::Null);
        assert_eq!(house.restore().expect(200).json, back.json);
        assert_eq!(search(server, email), 1);
        assert_eq!(server.get("/v1/clients").data().len(), 1);
        let trail = server.get(&format!("/v1/audit-events?entity_id={}", house.client.id()));
        let actions: Vec<&Value> = trail.data().iter().map(|one| &one["action"]).collect();
        assert_eq!(
            actions,
            ["client.registered", "client.removed", "client.restored"]
        );
    });
}

#[test]
fn who_is_expected_stays_and_what_is_in_the_way_is_named() {
    each(|server| {
        let house = House::on(server);
        let planned = house.session(None);
        let booked = house.session(Some("2026-11-26T10:00:00Z"));
        let plan = server.post("/v1/plans", &house.new_plan()).expect(201).id();
        let refused = house.remove().expect_problem(409, "client_expected");
        let conflicts = refused.json["conflicts"].as_array().unwrap();
        let names = |field: &str, id: &str| conflicts.iter().any(|one| one[field] == id);
        assert!(
            names("session_id", &planned) && names("session_id", &booked),
            "{refused}"
        );
        assert!(names("plan_id", &plan), "{refused}");
        let its_own = conflicts
            .iter()
            .find(|one| one["session_id"] == json!(booked));
        assert_eq!(
            its_own.unwrap(),
            &json!({
                "session_id": booked, "state": "booked", "starts_at": "2026-11-26T10:00:00Z",
                "ends_at": "2026-11-26T11:00:00Z",
            })
        );
        assert!(refused.json["detail"].as_str().unwrap().contains("cancel"));

        let why = json!({"reason": "Registered twice."});
        house
            .act(&format!("/v1/plans/{plan}/close"), &why)
            .expect(200);
        let cancel = format!("/v1/sessions/{planned}/cancel");
        house.act(&cancel, &json!({})).expect(200);
        let left = house.remove().expect_problem(409, "client_expected");
        assert_eq!(left.json["conflicts"].as_array().unwrap().len(), 1);

        // Its time has passed without a word: it's only to be recorded, which still can be done.
        server
            .clock
            .set(Instant::parse("2026-11-26T10:59:59Z").unwrap());
        house.remove().expect_problem(409, "client_expected");
        server
            .clock
            .set(Instant::parse("2026-11-26T11:00:00Z").unwrap());
        house.remove().expect(204);
        let complete = format!("/v1/sessions/{booked}/complete");
        house.act(&complete, &json!({})).expect(200);
    });
}

#[test]
fn nothing_new_is_begun_with_whoever_is_off_the_list() {
    each(|server| {
        let house = House::on(server);
        let past = house.session(Some("2026-11-25T10:00:00Z"));
        let called_off = house.session(Some("2026-11-27T10:00:00Z"));
        let plan = server.post("/v1/plans", &house.new_plan()).expect(201).id();
        let treatment = house.ids(&server.owner(), &format!("/v1/plans/{plan}/sessions"));
        let treatment = treatment[0].as_str().unwrap();
        house
            .act(&format!("/v1/sessions/{treatment}/complete"), &json!({}))
            .expect(200);
        house
            .act(&format!("/v1/sessions/{called_off}/cancel"), &json!({}))
            .expect(200);
        server
            .clock
            .set(Instant::parse("2026-11-26T09:00:00Z").unwrap());
        house.remove().expect(204);

        let (client, practitioner) = (house.client.id(), &house.practitioner_id);
        let consultation =
            json!({"client_id": client, "kind": "consultation", "duration_minutes": 60});
        let booked = json!({
            "client_id": client, "kind": "consultation", "duration_minutes": 60,
            "booking": {"starts_at": "2026-12-01T10:00:00Z", "practitioner_id": practitioner},
        });
        let assessment =
            json!({"client_id": client, "practitioner_id": practitioner, "indication": "scar"});
        let later = json!({"starts_at": "2026-12-01T10:00:00Z"});
        let why = json!({"reason": "A slip of the hand."});
        for (path, body) in [
            ("/v1/sessions".to_owned(), consultation),
            ("/v1/sessions".to_owned(), booked),
            ("/v1/plans".to_owned(), house.new_plan()),
            ("/v1/assessments".to_owned(), assessment),
            (format!("/v1/plans/{plan}/add-session"), why.clone()),
            (format!("/v1/sessions/{past}/reschedule"), later),
            (format!("/v1/sessions/{called_off}/revert"), why.clone()),
            (format!("/v1/sessions/{treatment}/revert"), why),
        ] {
            let refused = house
                .act(&path, &body)
                .expect_problem(409, "client_deleted");
            assert!(
                refused.json["detail"]
                    .as_str()
                    .unwrap()
                    .contains("/restore"),
                "{refused}"
            );
        }
        server
            .patch(&house.path(), "*", &json!({"notes": "Comes by train."}))
            .expect_problem(409, "client_deleted");

        let days = "from_day=2026-11-27&until_day=2026-11-28";
        let (studio, one) = (&house.studio_id, "duration_minutes=60");
        for asked in [
            format!("session_id={past}&{days}"),
            format!("client_id={client}&studio_id={studio}&{one}&{days}"),
        ] {
            let offered = server.get(&format!("/v1/availability?{asked}")).expect(200);
            assert_eq!(offered.json["blocked_by"], "client_deleted");
            assert!(offered.data().is_empty(), "{offered}");
        }

        // What was recorded stays, and what took place can still be said.
        for list in ["sessions", "plans", "assessments", "reminders"] {
            server
                .get(&format!("/v1/{list}?client_id={client}"))
                .expect(200);
        }
        house
            .act(&format!("/v1/sessions/{past}/no-show"), &json!({}))
            .expect(200);
        house.restore().expect(200);
        house
            .act(
                &format!("/v1/sessions/{called_off}/revert"),
                &json!({"reason": "She comes."}),
            )
            .expect(200);
    });
}

#[test]
fn the_same_person_can_be_registered_again() {
    each(|server| {
        let studio_id = server.studio().id();
        let mut new = new_client(&studio_id);
        new["external_id"] = json!("crm-7");
        let first = server.post("/v1/clients", &new).expect(201);
        let remove = server.owner().header("If-Match", "*");
        remove.delete(&first.location()).expect(204);

        let taken = server
            .post("/v1/clients", &new)
            .expect_problem(409, "external_id_taken")
            .expect_error("/external_id", "taken");
        assert_eq!(taken.json["conflicts"], json!([{"client_id": first.id()}]));
        assert!(
            taken.json["detail"].as_str().unwrap().contains("/restore"),
            "{taken}"
        );
        new["external_id"] = json!("crm-8");
        let second = server.post("/v1/clients", &new).expect(201);
        assert_eq!(second.json["email"], first.json["email"]);
        // Who was taken off isn't somebody whom the new one may be.
        assert_eq!(second.json["possible_duplicates"], json!([]));
        server
            .patch(&second.location(), "*", &json!({"external_id": "crm-7"}))
            .expect_problem(409, "external_id_taken");
    });
}

#[test]
fn a_recall_still_counts_whoever_was_taken_off_the_list() {
    each(|server| {
        let house = House::on(server);
        let session = house.session(None);
        let product =
            json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": "1"});
        let product = server.post("/v1/products", &product).expect(201);
        let lot = json!({"product_id": product.id(), "code": "K-1"});
        let lot = server.post("/v1/lots", &lot).expect(201);
        let record = json!({
            "session_id": session, "zones": [{"zone": "crown"}], "mix": {"pigments": [{"lot_id": lot.id()}]},
        });
        let done = json!({"practitioner_id": house.practitioner_id, "pigment_records": [record]});
        house
            .act(&format!("/v1/sessions/{session}/complete"), &done)
            .expect(200);
        house.remove().expect(204);
        for thing in [&lot, &product] {
            let uses = server
                .get(&format!("{}/uses", thing.location()))
                .expect(200);
            let told = &uses.data()[0];
            assert_eq!(told["client_id"], house.client.json["id"]);
            assert_eq!(told["client"]["telephone"], house.client.json["telephone"]);
            assert_ne!(told["client"]["deleted_at"], Value::Null);
            assert_eq!(told["client"]["erased_at"], Value::Null);
        }
        // Nobody is left out who was treated: what was used is found later too.
        let late = json!({
            "session_id": session, "zones": [{"zone": "sides"}], "mix": {"pigments": [{"lot_id": lot.id()}]},
        });
        server.post("/v1/pigment-records", &late).expect(201);
        let uses = server.get(&format!("{}/uses", lot.location())).expect(200);
        assert_eq!(uses.data().len(), 2);
        assert_eq!(house.studio_id, uses.data()[0]["studio_id"]);
    });
}

#[test]
fn an_address_that_does_not_reach_them_is_a_task_while_they_are_on_the_list() {
    each(|server| {
        let house = House::on(server);
        server
            .patch(&house.path(), "*", &json!({"email_state": "bounced"}))
            .expect(200);
        let open = "/v1/tasks?state=open&kind=address_bounced";
        assert_eq!(server.get(open).expect(200).data().len(), 1);
        house.remove().expect(204);
        assert!(server.get(open).expect(200).data().is_empty());
        house.restore().expect(200);
        assert_eq!(server.get(open).expect(200).data().len(), 1);
    });
}
