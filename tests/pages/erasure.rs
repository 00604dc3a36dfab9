//! Erasing who a client is: what goes, what stays, and that nothing of the person is left anywhere.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_shared::domain::erasure::{Fate, WITHOUT_CLIENTS, fate};
use stipple_shared::links::LinkPurpose::{Appointment, Preferences};
use stipple_shared::storage::audit::verify;

use crate::life::{Life, places};
use crate::place::Place;

#[test]
fn nothing_of_the_person_is_left_and_the_treatment_stands() {
    Place::each(false, |place| {
        let life = Life::lived(place);
        let server = &place.server;
        let use_of_lot = format!("/v1/lots/{}/uses", life.lot_id);
        let record_path = format!("/v1/pigment-records/{}", life.record_id);
        let record = server.get(&record_path).expect(200);
        let exposed = server.get(&use_of_lot).expect(200);
        // The words are looked for before they're taken off with the client.
        let before = life.everything();
        for secret in life.secrets() {
            assert!(
                !places(&before, secret).is_empty(),
                "{secret} stood nowhere"
            );
        }
        for ((table, column), values) in &before {
            let goes = !matches!(fate(table, column), None | Some(Fate::Stays));
            assert!(
                !goes || !values.is_empty(),
                "{table}.{column} holds nothing to erase"
            );
        }
        life.remove();
        let off_the_list = life.everything();
        let since = server.get("/v1/clients").json["latest_change"].clone();
        let erased = life.erase().expect(200);

        let after = life.everything();
        for secret in life.secrets() {
            let left = places(&after, secret);
            assert!(left.is_empty(), "{secret} is left in {left:?}");
        }
        for ((table, column), values) in &off_the_list {
            let kept = &after[&(table.clone(), column.clone())];
            match fate(table, column) {
                // Their figures go on, and nothing in them is a client's.
                Some(Fate::Stays) if WITHOUT_CLIENTS.contains(&table.as_str()) => {}
                // A task is closed, which is a state of the task.
                Some(Fate::Stays) if (table.as_str(), column.as_str()) != ("tasks", "state") => {
                    let mut kept = kept.clone();
                    for value in values {
                        let at = kept.iter().position(|one| one == value);
                        let at = at.unwrap_or_else(|| panic!("{table}.{column} has lost {value}"));
                        kept.swap_remove(at);
                    }
                }
                Some(Fate::Goes) if table != "audit_details" => {
                    let says_nothing = |value: &String| {
                        [
                            "",
                            "Erased",
                            "client",
                            "unverified",
                            "The client was erased.",
                        ]
                        .contains(&value.as_str())
                    };
                    assert!(kept.iter().all(says_nothing), "{table}.{column}: {kept:?}");
                }
                _ => {}
            }
        }

        // What is left of them, and what is told of that.
        assert_eq!(erased.json["id"], json!(place.client_id));
        assert_eq!(erased.json["given_name"], "Erased");
        assert_eq!(erased.json["family_name"], "client");
        assert_ne!(erased.json["erased_at"], Value::Null);
        for gone in ["email", "telephone", "date_of_birth", "notes", "language"] {
            assert_eq!(erased.json[gone], Value::Null, "{gone}");
        }
        assert_eq!(erased.json["marketing_mail"], false);
        assert_eq!(place.stored_client().json, erased.json);
        let changes = server.get(&format!("/v1/clients?updated_since={since}"));
        assert_eq!(changes.json["data"], json!([erased.json]));
        let changed = server.get(&format!("/v1/sessions?updated_since={since}"));
        assert!(
            !changed.data().is_empty(),
            "a copy has to forget the notes too"
        );

        // The record of the treatment, and the recall that counts them.
        let mut expected = record.json.clone();
        for field in ["external_id", "version", "change", "updated_at"] {
            expected[field] = server.get(&record_path).expect(200).json[field].clone();
        }
        assert_eq!(server.get(&record_path).expect(200).json, expected);
        assert_eq!(expected["notes"], "Took up little.");
        assert_eq!(expected["external_id"], Value::Null);
        let traced = server.get(&use_of_lot).expect(200);
        assert_eq!(traced.data().len(), 1);
        let told = &traced.data()[0];
        for field in [
            "client_id",
            "session_id",
            "mix",
            "zones",
            "certainty",
            "session",
        ] {
            assert_eq!(told[field], exposed.data()[0][field], "{field}");
        }
        assert_eq!(told["client"]["given_name"], "Erased");
        assert_eq!(told["client"]["email"], Value::Null);
        assert_ne!(told["client"]["erased_at"], Value::Null);
        let treatment = format!("/v1/sessions/{}", life.treatment_id);
        assert_eq!(
            server.get(&treatment).expect(200).json["state"],
            "completed"
        );
        let stored = place.stored();
        assert_eq!(stored["clinical_notes"], "Dry skin.");
        for history in [&treatment, &format!("/v1/sessions/{}", place.session_id)] {
            server.get(&format!("{history}/history")).expect(200);
        }
        server.get(&format!("{}/timeline", life.path())).expect(200);
    });
}

#[test]
fn the_trail_is_whole_and_says_why() {
    Place::each(false, |place| {
        let life = Life::lived(place);
        let server = &place.server;
        life.remove();
        let whole = |noted: Option<_>| {
            let mut db = server.database().connect();
            let found = verify(&mut db, server.database().audit_key(), noted.as_ref()).unwrap();
            assert!(found.is_whole(), "{:?}", found.faults);
            found
        };
        let before = whole(None);
        assert_eq!(before.blanked, 0);
        life.erase().expect(200);
        let after = whole(before.head);
        assert!(after.blanked > 10, "{}", after.blanked);
        assert_eq!(after.entries, before.entries + 1);
        let auditor = server.caller(Role::Auditor);
        let path = format!("/v1/audit-events?entity_id={}&limit=200", place.client_id);
        let about = auditor.get(&path).expect(200);
        let (entry, others) = about.data().split_last().unwrap();
        assert_eq!(entry["action"], "client.erased");
        assert_eq!(entry["reason"], "Asked for in writing.");
        assert_eq!(entry["entity_id"], json!(place.client_id));
        assert_eq!(entry["before"], Value::Null);
        assert_eq!(entry["after"]["given_name"], "Erased");
        assert!(others.len() > 2, "{about}");
        for other in others {
            let details = (&other["before"], &other["after"]);
            assert_eq!(details, (&Value::Null, &Value::Null), "{other}");
        }
    });
}

#[test]
fn erasing_takes_an_owner_two_steps_and_cannot_be_undone() {
    Place::each(false, |place| {
        let life = Life::lived(place);
        let server = &place.server;
        let path = format!("{}/erase", life.path());
        let refused = life.erase().expect_problem(409, "client_on_list");
        assert!(
            refused.json["detail"].as_str().unwrap().contains("DELETE"),
            "{refused}"
        );
        life.remove();
        let why = json!({"reason": "Asked for in writing."});
        for role in [Role::Practitioner, Role::FrontDesk, Role::Auditor] {
            server
                .caller(role)
                .post(&path, &why)
                .expect_problem(403, "forbidden");
        }
        server.post(&path, &json!({})).expect(422);
        server
            .owner()
            .header("If-Match", "\"v1\"")
            .post(&path, &why)
            .expect_problem(412, "stale_version");
        let first = life.erase().expect(200);
        // Once more is as once, whatever the tag, and what was answered with a key is answered without the person.
        let again = server
            .owner()
            .header("If-Match", "\"v1\"")
            .post(&path, &why);
        assert_eq!(again.expect(200).json, first.json);
        let kept = server
            .owner()
            .header("Idempotency-Key", "again")
            .header("If-Match", "*");
        let replayed = kept.post(&format!("{}/restore", life.path()), &json!({}));
        let replayed = replayed.expect(200);
        assert_eq!(replayed.header("Idempotency-Replayed"), Some("true"));
        assert_eq!(replayed.json["given_name"], "Erased");
        assert_eq!(replayed.json["email"], Value::Null);

        server
            .owner()
            .post_nothing(&format!("{}/restore", life.path()))
            .expect_problem(409, "client_erased");
        server
            .patch(&life.path(), "*", &json!({"notes": "x"}))
            .expect_problem(409, "client_erased");
        let plan = json!({"client_id": place.client_id, "indication": "scar", "treatment_sessions": 1, "session_minutes": 60});
        server
            .post("/v1/plans", &plan)
            .expect_problem(409, "client_erased");
        let sent = format!("/v1/reminders?client_id={}&state=written", place.client_id);
        let sent = server.get(&sent).expect(200).data()[0]["id"].clone();
        server
            .get(&format!("/v1/reminders/{}/preview", sent.as_str().unwrap()))
            .expect_problem(409, "client_erased");
        // The other system may use its name for somebody new.
        let anew = json!({"studio_id": place.studio_id, "given_name": "Quillon", "family_name": "Vanterpool", "external_id": "crm-77120"});
        let anew = server.post("/v1/clients", &anew).expect(201);
        assert_eq!(anew.json["possible_duplicates"], json!([]));
    });
}

#[test]
fn links_are_void_once_their_client_is_off_the_list() {
    Place::each(true, |place| {
        let cancel = format!("/v1/sessions/{}/cancel", place.session_id);
        place.server.post(&cancel, &json!({})).expect(200);
        let paths = [place.path(Appointment), place.path(Preferences)];
        for path in &paths {
            place.look(path).expect(200);
        }
        let client = format!("/v1/clients/{}", place.client_id);
        let owner = place.server.owner().header("If-Match", "*");
        owner.delete(&client).expect(204);
        let changes = place.latest_change();
        for path in &paths {
            place.look(path).expect(404);
        }
        place.send(&paths[1], "marketing_mail=yes").expect(404);
        let asks = paths[0].replace("/my/appointment/", "/my/fresh-link/");
        place.send(&asks, "").expect(404);
        assert_eq!(place.latest_change(), changes, "nothing was done");
        // They stay so: what was sent before may be with somebody else.
        owner.post_nothing(&format!("{client}/restore")).expect(200);
        place.wait(TimeDelta::minutes(1));
        place.look(&paths[0]).expect(404);
    });
}

/// SQLite leaves what was deleted in its file until the place is used again. The README says how to rewrite the file.
#[test]
fn a_file_that_was_rewritten_holds_nothing_either() {
    Place::each(false, |place| {
        let url = place.server.database().url_text();
        let Some(path) = url.strip_prefix("sqlite:") else {
            return;
        };
        let life = Life::lived(place);
        life.remove();
        life.erase().expect(200);
        let mut db = place.server.database().connect();
        for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            db.batch_execute(statement).unwrap();
        }
        let log = std::fs::read(format!("{path}-wal")).unwrap_or_default();
        let file = String::from_utf8_lossy(&std::fs::read(path).unwrap()).to_lowercase();
        let log = String::from_utf8_lossy(&log).to_lowercase();
        assert!(file.contains("took up little."), "the record stands in it");
        for secret in life.secrets() {
            let secret = secret.to_lowercase();
            assert!(!file.contains(&secret), "{secret} is left in the file");
            assert!(!log.contains(&secret), "{secret} is left in the log");
        }
    });
}
