//! What still comes in about a client who was erased, and what was still to go out to them.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};
use stipple_shared::domain::{Instant, Role};

use crate::life::{Life, places, send_all};
use crate::place::Place;

/// The first thing of a list that is asked for.
#[track_caller]
fn first(place: &Place, list: &str) -> Value {
    let list = place.server.get(list).expect(200);
    list.data().first().unwrap().clone()
}

#[track_caller]
fn path_of_first(place: &Place, things: &str, filter: &str) -> String {
    let list = format!("/v1/{things}?client_id={}{filter}", place.client_id);
    format!(
        "/v1/{things}/{}",
        first(place, &list)["id"].as_str().unwrap()
    )
}

fn execute(place: &Place, statements: &str) {
    let mut db = place.server.database().connect();
    db.batch_execute(statements).unwrap();
}

/// The reminders of the client: step, state and why.
fn reminders(place: &Place, step: &str) -> Vec<(String, Option<String>)> {
    let list = format!("/v1/reminders?client_id={}&step={step}", place.client_id);
    let list = place.server.get(&list).expect(200);
    let told = |one: &Value| {
        let state = one["state"].as_str().unwrap().to_owned();
        (state, one["state_reason"].as_str().map(str::to_owned))
    };
    list.data().iter().map(told).collect()
}

#[test]
fn nothing_of_the_person_is_written_once_they_are_erased() {
    Place::each(false, |place| {
        let life = Life::lived(place);
        let server = &place.server;
        let session = format!("/v1/sessions/{}", place.session_id);
        let plan = path_of_first(place, "plans", "");
        let assessment = path_of_first(place, "assessments", "");
        let task = path_of_first(place, "tasks", "&kind=nonconformity&state=open");
        let record = format!("/v1/pigment-records/{}", life.record_id);
        life.remove();
        life.erase().expect(200);
        let changes = place.stored_change();

        for (path, field) in [
            (&session, "notes"),
            (&session, "external_id"),
            (&plan, "external_id"),
            (&assessment, "external_id"),
        ] {
            server
                .patch(path, "*", &json!({field: "Wilhelmina"}))
                .expect_problem(409, "client_erased")
                .expect_error(&format!("/{field}"), "client_erased");
        }
        let anew = |external_id: Option<&str>| {
            json!({
                "session_id": life.treatment_id, "zones": [{"zone": "sides"}], "external_id": external_id,
                "mix": {"pigments": [{"lot_id": life.lot_id}]}, "notes": "Even.",
            })
        };
        server
            .post("/v1/pigment-records", &anew(Some("card-88234")))
            .expect_problem(409, "client_erased")
            .expect_error("/external_id", "client_erased");
        let amend = format!("{record}/amend");
        let amended = json!({"record": anew(Some("card-88234")), "reason": "Another zone."});
        server
            .owner()
            .header("If-Match", "*")
            .post(&amend, &amended)
            .expect_problem(409, "client_erased")
            .expect_error("/record/external_id", "client_erased");
        let close = format!("{task}/close");
        let closed = json!({"outcome": "done", "resolution": "Wilhelmina rang."});
        server
            .post(&close, &closed)
            .expect_problem(409, "client_erased")
            .expect_error("/resolution", "client_erased");
        assert_eq!(place.stored_change(), changes, "something was written");
        let after = life.everything();
        for secret in life.secrets() {
            let left = places(&after, secret);
            assert!(left.is_empty(), "{secret} is left in {left:?}");
        }

        // The record of the treatment goes on, and so does what has to be done about it.
        for (path, patch) in [
            (
                &session,
                json!({"clinical_notes": "Healed well.", "notes": null}),
            ),
            (&plan, json!({"notes": "Done."})),
            (&assessment, json!({"goals": "Less contrast still."})),
        ] {
            server.patch(path, "*", &patch).expect(200);
        }
        server.post("/v1/pigment-records", &anew(None)).expect(201);
        let amended = json!({"record": anew(None), "reason": "Another zone."});
        server
            .owner()
            .header("If-Match", "*")
            .post(&amend, &amended)
            .expect(201);
        let task = path_of_first(place, "tasks", "&kind=nonconformity&state=open");
        server
            .post(&format!("{task}/close"), &json!({"outcome": "done"}))
            .expect(200);
    });
}

#[test]
fn erasing_again_takes_what_came_since() {
    Place::each(false, |place| {
        let life = Life::lived(place);
        life.remove();
        life.erase().expect(200);
        let auditor = place.server.caller(Role::Auditor);
        let path = format!("/v1/audit-events?entity_id={}&limit=200", place.client_id);
        let entries = |count: usize| {
            let about = auditor.get(&path).expect(200);
            let of_erasure = |one: &&Value| one["action"] == "client.erased";
            let found: Vec<Value> = about.data().iter().filter(of_erasure).cloned().collect();
            assert_eq!(found.len(), count, "{about}");
            assert!(
                found
                    .iter()
                    .all(|one| one["after"]["given_name"] == "Erased"),
                "{about}"
            );
        };
        entries(1);
        let erased = life.everything();
        let changes = place.stored_change();
        life.erase().expect(200);
        assert!(erased == life.everything(), "twice isn't as once");
        assert_eq!(place.stored_change(), changes);
        entries(1);

        // As an older release let it in.
        execute(
            place,
            "UPDATE sessions SET notes = 'Brings Wilhelmina.', external_id = NULL;
             UPDATE plans SET external_id = 'till-88233';
             UPDATE assessments SET external_id = 'form-88232';
             UPDATE pigment_records SET external_id = 'card-88234';
             UPDATE tasks SET resolution = 'Wilhelmina came.', dedupe_key = 'tingles' WHERE kind = 'client_report';
             UPDATE mails SET content = 'Quillon';
             UPDATE clients SET email_state = 'bounced';",
        );
        for secret in ["Wilhelmina", "till-88233", "card-88234", "tingles"] {
            assert!(!places(&life.everything(), secret).is_empty(), "{secret}");
        }
        let again = life.erase().expect(200);
        assert_eq!(again.json["email_state"], "unverified");
        let after = life.everything();
        for secret in life.secrets() {
            let left = places(&after, secret);
            assert!(left.is_empty(), "{secret} is left in {left:?}");
        }
        entries(2);
        let changes = place.stored_change();
        life.erase().expect(200);
        assert_eq!(place.stored_change(), changes);
        entries(2);
    });
}

#[test]
fn a_report_and_a_request_cannot_be_proven_by_their_hashes() {
    Place::each(false, |place| {
        let life = Life::lived(place);
        // SHA-256 of "It tingles" and of "Tuesdays suit me", as far as they were kept.
        let proofs = ["3315b9740ba9cd81", "95cfa19ec004ed21"];
        for proof in proofs {
            assert!(!places(&life.everything(), proof).is_empty(), "{proof}");
        }
        life.remove();
        life.erase().expect(200);
        let left = life.everything();
        for proof in proofs {
            let places = places(&left, proof);
            assert!(places.is_empty(), "{proof} in {places:?}");
        }
        let hashes = &left[&("idempotency_records".to_owned(), "body_hash".to_owned())];
        assert!(
            !hashes.is_empty() && hashes.iter().all(String::is_empty),
            "{hashes:?}"
        );
    });
}

/// The appointment was told, and is called off; the client is off the list.
fn called_off(place: &Place) {
    send_all(place);
    let cancel = format!("/v1/sessions/{}/cancel", place.session_id);
    place.server.post(&cancel, &json!({})).expect(200);
}

fn remove(place: &Place) {
    let owner = place.server.owner().header("If-Match", "*");
    owner
        .delete(&format!("/v1/clients/{}", place.client_id))
        .expect(204);
}

#[track_caller]
fn erase(place: &Place) -> stipple_test_support::Answer {
    let why = json!({"reason": "Asked for in writing."});
    let path = format!("/v1/clients/{}/erase", place.client_id);
    place.server.post(&path, &why)
}

#[test]
fn a_cancellation_is_told_or_called_off_before_its_client_is_erased() {
    for is_sent in [true, false] {
        Place::each(false, |place| {
            called_off(place);
            remove(place);
            let refused = erase(place).expect_problem(409, "cancellation_waits");
            let named = &refused.json["conflicts"];
            assert_eq!(named.as_array().unwrap().len(), 1, "{refused}");
            assert_eq!(named[0]["session_id"], json!(place.session_id));
            let reminder = format!(
                "/v1/reminders/{}",
                named[0]["reminder_id"].as_str().unwrap()
            );
            let told = refused.json["detail"].as_str().unwrap();
            for way in ["send-now", "cancel"] {
                assert!(
                    told.contains(&format!("/v1/reminders/{{id}}/{way}")),
                    "{refused}"
                );
            }
            if is_sent {
                act(place, &format!("{reminder}/send-now"));
                erase(place).expect_problem(409, "cancellation_waits");
                send_all(place);
                assert_eq!(reminders(place, "cancelled_notice")[0].0, "written");
            } else {
                act(place, &format!("{reminder}/cancel"));
            }
            erase(place).expect(200);
            place.wait(TimeDelta::days(1));
            let before = reminders(place, "cancelled_notice");
            send_all(place);
            assert_eq!(reminders(place, "cancelled_notice"), before);
        });
    }
}

fn act(place: &Place, path: &str) {
    let owner = place.server.owner().header("If-Match", "*");
    owner.post(path, &json!({})).expect(200);
}

#[test]
fn what_cannot_go_to_whoever_is_erased_says_why() {
    Place::each(false, |place| {
        called_off(place);
        // Without an address there is nobody to tell, so that nothing is to wait for.
        let client = format!("/v1/clients/{}", place.client_id);
        let patch = json!({"email": null});
        place.server.patch(&client, "*", &patch).expect(200);
        remove(place);
        erase(place).expect(200);
        let ended = ("superseded".to_owned(), Some("client_erased".to_owned()));
        assert_eq!(reminders(place, "cancelled_notice"), [ended]);
        let waiting = format!(
            "/v1/reminders?client_id={}&state=scheduled",
            place.client_id
        );
        assert!(place.server.get(&waiting).expect(200).data().is_empty());

        // As an older release left it.
        execute(
            place,
            "UPDATE reminders SET state = 'scheduled', state_reason = NULL, finished_at = NULL
             WHERE step = 'cancelled_notice';",
        );
        let notice = path_of_first(place, "reminders", "&step=cancelled_notice");
        let owner = place.server.owner().header("If-Match", "*");
        owner
            .post(&format!("{notice}/send-now"), &json!({}))
            .expect_problem(409, "client_erased");
        place.wait(TimeDelta::minutes(11));
        send_all(place);
        let ended = ("suppressed".to_owned(), Some("client_erased".to_owned()));
        assert_eq!(reminders(place, "cancelled_notice"), [ended]);
    });
}

#[test]
fn what_became_of_a_session_is_still_asked_once_its_client_is_erased() {
    Place::each(false, |place| {
        let server = &place.server;
        let morning_after = Instant::parse("2026-12-05T07:00:00Z").unwrap();
        server.clock.set(morning_after);
        send_all(place);
        assert_eq!(place.tasks("outcome_missing")[0]["state"], "open");
        remove(place);
        erase(place).expect(200);
        let asked = place.tasks("outcome_missing");
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0]["state"], "open");
        assert_eq!(asked[0]["resolution"], Value::Null);
        let missed = format!("/v1/sessions/{}/no-show", place.session_id);
        server.post(&missed, &json!({})).expect(200);
        assert_eq!(place.tasks("outcome_missing")[0]["state"], "done");
    });
}
