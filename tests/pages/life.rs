//! The life of a client with a studio, with something of theirs in every place that may hold it; and all that is stored.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::json;
use stipple_shared::domain::SafetyNoticeRecipientId;
use stipple_shared::links::LinkPurpose::{Appointment, Report};
use stipple_shared::storage::Db;
use stipple_shared::storage::schema::safety_notice_recipients;
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
pub(crate) type Stored = BTreeMap<(String, String), Vec<String>>;

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    value: String,
}

fn everything(db: &mut Db) -> Stored {
    let mut stored = Stored::new();
    for column in db.describe_columns().unwrap() {
        let (table, name) = (column.table_name, column.column_name);
        // Built for SQLite alone there is no other engine to match.
        let is_sqlite = matches!(db, Db::Sqlite(_));
        let value = match column.type_name.as_str() {
            _ if is_sqlite => format!("hex(CAST({name} AS BLOB))"),
            "bytea" => format!("encode({name}, 'hex')"),
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
pub(crate) fn places<'a>(stored: &'a Stored, value: &str) -> Vec<&'a (String, String)> {
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
pub(crate) struct Life<'a> {
    place: &'a Place,
    /// What no list of secrets can name in advance.
    email: String,
    family_name: String,
    pub(crate) lot_id: String,
    pub(crate) record_id: String,
    pub(crate) treatment_id: String,
}

impl<'a> Life<'a> {
    pub(crate) fn lived(place: &'a Place) -> Self {
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
        // What they were told of the lot by telephone.
        let notice = json!({
            "lot_id": lot_id, "reason": "The maker recalls it.", "message": {"en": "Please call."},
        });
        server.post("/v1/safety-notices", &notice).expect(201);
        // A look through the API would be noted later than now.
        let row: SafetyNoticeRecipientId = safety_notice_recipients::table
            .select(safety_notice_recipients::id)
            .get_result(&mut server.database().connect())
            .unwrap();
        let told = format!("/v1/safety-notice-recipients/{row}/told");
        let words = json!({"how": "telephone", "note": "Wilhelmina took the call."});
        server.post(&told, &words).expect(200);
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

    pub(crate) fn path(&self) -> String {
        format!("/v1/clients/{}", self.place.client_id)
    }

    pub(crate) fn remove(&self) {
        let owner = self.place.server.owner().header("If-Match", "*");
        owner.delete(&self.path()).expect(204);
    }

    #[track_caller]
    pub(crate) fn erase(&self) -> Answer {
        let why = json!({"reason": "Asked for in writing."});
        let path = format!("{}/erase", self.path());
        self.place.server.post(&path, &why)
    }

    pub(crate) fn everything(&self) -> Stored {
        everything(&mut self.place.server.database().connect())
    }

    /// The secrets with those that this client happened to have.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let mut secrets = SECRETS.to_vec();
        secrets.extend([self.email.as_str(), self.family_name.as_str()]);
        secrets
    }
}

/// Lets the worker write what is due into files.
pub(crate) fn send_all(place: &Place) {
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
