//! What comes into a limited key's view, and what of a plan stays out of it.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::Caller;

use crate::chain::Chain;
use crate::ids;

/// What a list holds for somebody, and what it holds of changes after this number.
#[track_caller]
fn latest(caller: &Caller, list: &str) -> Value {
    caller.get(list).expect(200).json["latest_change"].clone()
}

#[track_caller]
fn news(caller: &Caller, list: &str, since: &Value) -> Vec<String> {
    let path = format!("{list}?updated_since={since}");
    ids(&caller.get(&path).expect(200))
}

#[test]
fn an_overview_shows_no_reminders_of_sessions_elsewhere() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.north).id();
        let plan = json!({
            "client_id": client, "studio_id": chain.south, "practitioner_id": chain.southerner,
            "indication": "scar", "treatment_sessions": 1, "session_minutes": 60,
        });
        let plan = server.post("/v1/plans", &plan).expect(201).location();
        let sessions = server.get(&format!("{plan}/sessions")).expect(200);
        let session = sessions.data()[0]["id"].as_str().unwrap().to_owned();
        let booking =
            json!({"local_start": "2026-12-01T10:00", "practitioner_id": chain.southerner});
        server
            .post(&format!("/v1/sessions/{session}/book"), &booking)
            .expect(200);
        let count = |caller: &Caller| -> [usize; 2] {
            let overview = caller.get(&format!("{plan}/overview")).expect(200);
            ["sessions", "reminders"].map(|field| overview.json[field].as_array().unwrap().len())
        };
        for role in [Role::FrontDesk, Role::Practitioner, Role::Owner] {
            assert_eq!(count(&chain.at(&chain.north, role)), [0, 0], "{role:?}");
            let [sessions, reminders] = count(&chain.at(&chain.south, role));
            assert_eq!(sessions, 1);
            assert!(reminders > 0);
        }
    });
}

#[test]
fn a_move_that_is_taken_back_brings_the_client_back_into_view() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.north).id();
        let session = chain.book(&client, &chain.north, &chain.northerner, "10:00");
        let other = server.practitioner(&chain.north).id();
        let caller = chain.own(&chain.northerner);
        let to = json!({"starts_at": session.json["starts_at"], "practitioner_id": other});
        let owner = server.owner().header("If-Match", "*");
        owner
            .post(&format!("{}/reschedule", session.location()), &to)
            .expect(200);
        assert!(ids(&caller.get("/v1/clients").expect(200)).is_empty());
        let since = latest(&caller, "/v1/clients");
        let back = json!({"reason": "Wrong session."});
        owner
            .post(&format!("{}/revert", session.location()), &back)
            .expect(200);
        assert_eq!(news(&caller, "/v1/clients", &since), [client]);
    });
}

#[test]
fn who_treats_at_a_studio_for_the_first_time_comes_into_its_view() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.north).id();
        let caller = chain.at(&chain.north, Role::FrontDesk);
        let list = "/v1/practitioners";
        let before = caller.get(list).expect(200);
        assert!(!ids(&before).contains(&chain.southerner));
        let since = latest(&caller, list);
        let body = json!({
            "client_id": client, "studio_id": chain.north, "kind": "consultation", "duration_minutes": 60,
            "practitioner_id": chain.southerner,
        });
        server.post("/v1/sessions", &body).expect(201);
        let after = caller.get(list).expect(200);
        assert!(ids(&after).contains(&chain.southerner));
        assert_eq!(
            news(&caller, list, &since),
            std::slice::from_ref(&chain.southerner)
        );
        // Once is enough.
        let since = latest(&caller, list);
        server.post("/v1/sessions", &body).expect(201);
        assert!(news(&caller, list, &since).is_empty());
    });
}

#[test]
fn whom_to_warn_comes_with_a_client_who_changes_the_studio() {
    Chain::each(|chain| {
        let server = &chain.server;
        let client = server.client(&chain.south).id();
        let session = chain.book(&client, &chain.south, &chain.southerner, "10:00");
        let product =
            json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": "1"});
        let product = server.post("/v1/products", &product).expect(201).id();
        let lot = json!({"product_id": product, "code": "K-1"});
        let lot = server.post("/v1/lots", &lot).expect(201).id();
        let record = json!({
            "session_id": session.id(), "practitioner_id": chain.southerner,
            "zones": [{"zone": "crown"}], "mix": {"pigments": [{"lot_id": lot}]},
        });
        server.post("/v1/pigment-records", &record).expect(201);
        let notice = json!({"lot_id": lot, "reason": "The maker recalls it.", "message": {"en": "Please call."}});
        let notice = server.post("/v1/safety-notices", &notice).expect(201);
        let list = format!("{}/recipients", notice.location());
        let caller = chain.at(&chain.north, Role::Owner);
        assert!(ids(&caller.get(&list).expect(200)).is_empty());
        let since = latest(&caller, &list);
        let path = format!("/v1/clients/{client}");
        server
            .patch(&path, "*", &json!({"studio_id": chain.north}))
            .expect(200);
        assert_eq!(news(&caller, &list, &since).len(), 1);
    });
}

#[test]
fn a_stale_tag_keeps_a_key_and_a_feed_from_being_ended() {
    Chain::each(|chain| {
        let server = &chain.server;
        let key = json!({"name": "Till", "role": "front_desk"});
        let key = server.post("/v1/api-keys", &key).expect(201).location();
        let feed = json!({"name": "Wall", "studio_id": chain.north});
        let feed = server
            .post("/v1/calendar-feeds", &feed)
            .expect(201)
            .location();
        for path in [key, feed] {
            let revoke = format!("{path}/revoke");
            let stale = server.owner().header("If-Match", "\"v99\"");
            stale
                .post(&revoke, &json!({}))
                .expect_problem(412, "stale_version");
            let right = server.owner().header("If-Match", "\"v1\"");
            right.post(&revoke, &json!({})).expect(200);
            // What has ended stays so, whatever version was meant.
            stale.post(&revoke, &json!({})).expect(200);
        }
    });
}
