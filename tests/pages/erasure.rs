//! Erasing who a client is: what goes, what stays, and that nothing of the person is left anywhere.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_shared::domain::erasure::{Fate, WITHOUT_CLIENTS, fate};
use stipple_shared::links::LinkPurpose::{Appointment, Preferences, Report};
use stipple_shared::storage::Db;
use stipple_shared::storage::audit::verify;
use stipple_test_support::Answer;
use stipple_test_support::http::client_links;
use stipple_worker::transport::Target;
use stipple_worker::{Engine, EngineOptions};

use crate::place::Place;

/// What is the person's and stands somewhere before.
const SECRETS: [&str; 17] = [
    "Quillon",
    "Vanterpool",
    "Quillie",
    "960983",
    "389069",
    "1979-08-13",
    "crm-77120",
    "choir",
    "Wilhelmina",
    "cal-88231",
    "form-88232",
    "till-88233",
    "card-88234",
    "Tuesdays",
    "tingles",
    "doorbell",
    "ليلى",
];

/// All that is stored, by table and column, as text.
type Stored = BTreeMap<(String, String), Vec<String>>;

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    value: String,
}

fn everything(db: &mut Db) -> Stored {
    let mut stored = Stored::new();
    for column in db.describe_columns().unwrap() {
        let (table, name) = (column.table_name, column.column_name);
        let value = match (&*db, column.type_name.as_str()) {
            (Db::Sqlite(_), _) => format!("hex(CAST({name} AS BLOB))"),
            (_, "bytea") => format!("encode({name}, 'hex')"),
            _ => format!("encode(convert_to({name}::text, 'UTF8'), 'hex')"),
        };
        let question =
            format!("SELECT {value} AS value FROM {table} WHERE {name} IS NOT NULL ORDER BY 1");
        let cells: Vec<Cell> = diesel::sql_query(question).load(db).unwrap();
        let values = cells.into_iter().map(|cell| text(&cell.value)).collect();
        stored.insert((table, name), values);
    }
    stored
}

fn text(hexadecimal: &str) -> String {
    let bytes: Vec<u8> = hexadecimal
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where a value stands, whatever the case.
fn places<'a>(stored: &'a Stored, value: &str) -> Vec<&'a (String, String)> {
    let value = value.to_lowercase();
    stored
        .iter()
        .filter(|(_, values)| {
            values
                .iter()
                .any(|stored| stored.to_lowercase().contains(&value))
        })
        .map(|(place, _)| place)
        .collect()
}

/// A client with something of theirs in every place that may hold it, who is off the list by the end.
struct Life<'a> {
    place: &'a Place,
    /// What no list of secrets can name in advance.
    email: String,
    family_name: String,
    lot_id: String,
    record_id: String,
    treatment_id: String,
}

impl<'a> Life<'a> {
    fn lived(place: &'a Place) -> Self {
        let server = &place.server;
        let before = place.stored_client();
        let (client, practitioner) = (&place.client_id, &place.practitioner_id);
        let path = format!("/v1/clients/{client}");
        let person = json!({
            "given_name": "Quillon", "family_name": "Vanterpool", "preferred_name": "Quillie",
            "telephone": "+44 1632 960983", "date_of_birth": "1979-08-13", "external_id": "crm-77120",
            "notes": "Sings in a choir with a sister, Wilhelmina.",
        });
        server.patch(&path, "*", &person).expect(200);
        let session = format!("/v1/sessions/{}", place.session_id);
        let noted = json!({"notes": "Brings Wilhelmina.", "external_id": "cal-88231", "clinical_notes": "Dry skin."});
        server.patch(&session, "*", &noted).expect(200);
        send_all(place);

        // On their page, before and after.
        let asks = format!("{}/move", place.path(Appointment));
        place.send(&asks, "note=Tuesdays+suit+me").expect(200);
        let confirm = format!("{}/confirm", place.path(Appointment));
        place.send(&confirm, "").expect(200);
        place.complete();
        place
            .send(&place.path(Report), "text=It+tingles")
            .expect(200);
        let report = place.tasks("client_report");
        let report = report[0]["id"].as_str().unwrap();
        let closed = json!({"outcome": "done", "resolution": "Wilhelmina came to the doorbell."});
        server
            .post(&format!("/v1/tasks/{report}/close"), &closed)
            .expect(200);

        // The treatment.
        let keyed = |key: &str| {
            server
                .owner()
                .header("Idempotency-Key", key)
                .header("If-Match", "*")
        };
        let assessment = json!({
            "client_id": client, "practitioner_id": practitioner, "indication": "scar", "goals": "Less contrast.",
            "external_id": "form-88232",
        });
        server.post("/v1/assessments", &assessment).expect(201);
        let plan = json!({
            "client_id": client, "practitioner_id": practitioner, "indication": "scar", "treatment_sessions": 1,
            "session_minutes": 60, "external_id": "till-88233", "notes": "Slowly.",
        });
        let plan = keyed("plan").post("/v1/plans", &plan).expect(201).id();
        let sessions = server
            .get(&format!("/v1/plans/{plan}/sessions"))
            .expect(200);
        let treatment_id = sessions.data()[0]["id"].as_str().unwrap().to_owned();
        let product =
            json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": "1"});
        let product = server.post("/v1/products", &product).expect(201).id();
        let lot = json!({"product_id": product, "code": "K-1"});
        let lot_id = server.post("/v1/lots", &lot).expect(201).id();
        let record = json!({
            "session_id": treatment_id, "zones": [{"zone": "crown"}], "external_id": "card-88234",
            "mix": {"pigments": [{"lot_id": lot_id, "drops": 3}]}, "notes": "Took up little.",
        });
        let done = json!({"practitioner_id": practitioner, "pigment_records": [record]});
        let complete = format!("/v1/sessions/{treatment_id}/complete");
        let completed = keyed("done").post(&complete, &done).expect(200);
        let record_id = completed.json["pigment_records"][0]["id"].as_str().unwrap();
        // Their whole self in an answer that is kept.
        let again = keyed("again").post(&format!("{path}/restore"), &json!({}));
        again.expect(200);
        Self {
            place,
            email: before.json["email"].as_str().unwrap().to_owned(),
            family_name: before.json["family_name"].as_str().unwrap().to_owned(),
            lot_id,
            record_id: record_id.to_owned(),
            treatment_id,
        }
    }

    fn path(&self) -> String {
        format!("/v1/clients/{}", self.place.client_id)
    }

    fn remove(&self) {
        let owner = self.place.server.owner().header("If-Match", "*");
        owner.delete(&self.path()).expect(204);
    }

    #[track_caller]
    fn erase(&self) -> Answer {
        let why = json!({"reason": "Asked for in writing."});
        let path = format!("{}/erase", self.path());
        self.place.server.post(&path, &why)
    }

    fn everything(&self) -> Stored {
        everything(&mut self.place.server.database().connect())
    }

    /// The secrets with those that this client happened to have.
    fn secrets(&self) -> Vec<&str> {
        let mut secrets = SECRETS.to_vec();
        secrets.extend([self.email.as_str(), self.family_name.as_str()]);
        secrets
    }
}

/// Lets the worker write what is due into files.
fn send_all(place: &Place) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let directory = tempfile::TempDir::new().unwrap();
    let target = Target::parse(&format!("file:{}", directory.path().display())).unwrap();
    let mut options = EngineOptions::new(Some(target), "post@studio.example".into());
    options.links = client_links().maker();
    let engine = Engine::new(place.server.store.clone(), options);
    while !runtime.block_on(engine.tick()).unwrap().is_idle() {}
}

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
                        ["Erased", "client", "unverified", "The client was erased."]
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
            diesel::connection::SimpleConnection::batch_execute(&mut db, statement).unwrap();
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
