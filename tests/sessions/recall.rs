//! A lot that is recalled, the clients on whom it was used, and the notice that tells them.

use serde_json::{Value, json};
use stipple_test_support::Answer;

use crate::house::House;

/// What clients are to read.
pub(crate) const MESSAGE: &str =
    "The maker of the black that we used has recalled it.\nPlease watch for redness.";

/// A house with a lot, and clients on whom it was used.
pub(crate) struct Recall<'a> {
    pub(crate) house: &'a House,
    pub(crate) lot_id: String,
    pub(crate) product_id: String,
}

impl<'a> Recall<'a> {
    pub(crate) fn at(house: &'a House) -> Self {
        let product =
            json!({"kind": "pigment", "maker": "Umbra", "brand": "Umbra", "shade": "Carbon"});
        let product_id = house.server.post("/v1/products", &product).expect(201).id();
        let lot = json!({"product_id": product_id, "code": "K2291"});
        let lot_id = house.server.post("/v1/lots", &lot).expect(201).id();
        Self {
            house,
            lot_id,
            product_id,
        }
    }

    /// A client who was treated with this mix: their id.
    pub(crate) fn treated(&self, more: Value, pigment: &Value) -> String {
        let client_id = self.client(more);
        self.record(&client_id, pigment);
        client_id
    }

    pub(crate) fn client(&self, more: Value) -> String {
        let server = &self.house.server;
        let mut body = stipple_test_support::builders::new_client(&self.house.studio_id);
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        server.post("/v1/clients", &body).expect(201).id()
    }

    /// Writes down that a client was treated today; the record.
    pub(crate) fn record(&self, client_id: &str, pigment: &Value) -> Answer {
        let session = json!({"client_id": client_id, "kind": "touch_up", "duration_minutes": 60});
        let session = self.house.server.post("/v1/sessions", &session).expect(201);
        let record = json!({
            "session_id": session.id(),
            "practitioner_id": self.house.practitioner_id,
            "zones": [{"zone": "crown"}],
            "mix": {"pigments": [pigment]},
        });
        let complete = json!({
            "completion": "full",
            "practitioner_id": self.house.practitioner_id,
        });
        let path = format!("{}/complete", session.location());
        self.house.server.post(&path, &complete).expect(200);
        self.house
            .server
            .post("/v1/pigment-records", &record)
            .expect(201)
    }

    pub(crate) fn lot(&self) -> Value {
        json!({"lot_id": self.lot_id})
    }

    pub(crate) fn new_notice(&self) -> Value {
        json!({
            "lot_id": self.lot_id,
            "reference": "Umbra 2026-11",
            "reason": "Umbra recalls the lot for contaminated water.",
            "message": {"en": MESSAGE, "de": "Der Hersteller hat das Schwarz zurückgerufen."},
        })
    }

    pub(crate) fn draft(&self) -> Notice<'a> {
        let made = self
            .house
            .server
            .post("/v1/safety-notices", &self.new_notice());
        Notice {
            house: self.house,
            path: made.expect(201).location(),
        }
    }
}

pub(crate) struct Notice<'a> {
    pub(crate) house: &'a House,
    pub(crate) path: String,
}

impl Notice<'_> {
    #[track_caller]
    pub(crate) fn send(&self) -> Answer {
        let sent = self.house.server.owner();
        sent.post_nothing(&format!("{}/send", self.path))
            .expect(200)
    }

    /// How far it got with each client, by their ids.
    #[track_caller]
    pub(crate) fn states(&self) -> Vec<(String, String)> {
        let rows = self.rows();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        rows.iter()
            .map(|row| (text(row, "client_id"), text(row, "state")))
            .collect()
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        self.house
            .list(&format!("{}/recipients?limit=200", self.path))
    }

    #[track_caller]
    pub(crate) fn row_of(&self, client_id: &str) -> Value {
        let rows = self.rows();
        let row = rows.iter().find(|row| row["client_id"] == client_id);
        row.unwrap().clone()
    }

    #[track_caller]
    pub(crate) fn state_of(&self, client_id: &str) -> String {
        self.row_of(client_id)["state"].as_str().unwrap().to_owned()
    }
}
