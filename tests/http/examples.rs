//! Each example of a body is what somebody sends first: with ids that exist, it works.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use serde_json::{Value, json};
use stipple_shared::domain::Instant;
use stipple_test_support::{Answer, TestServer};

use crate::each;

/// Examples that are refused for what they say, with the reason why that is right.
const REFUSED: [(&str, u16, &str); 1] = [(
    "miss_session",
    409,
    "nobody has missed a session that is still to come, and one that has begun can't be booked",
)];

/// A body that the contract shows.
struct Shown {
    id: String,
    method: String,
    template: String,
    body: Value,
}

/// All JSON bodies. The forms behind clients' links are for a browser.
fn shown() -> Vec<Shown> {
    let document = serde_json::to_value(stipple_api::openapi::document()).unwrap();
    let mut found = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(content) = operation.pointer("/requestBody/content") else {
                continue;
            };
            for (kind, media) in content.as_object().unwrap() {
                if !kind.ends_with("json") {
                    continue;
                }
                let place = media["schema"]["$ref"].as_str().unwrap();
                let schema = document.pointer(place.trim_start_matches('#')).unwrap();
                found.push(Shown {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_uppercase(),
                    template: template.clone(),
                    body: schema["examples"][0].clone(),
                });
            }
        }
    }
    // What is made first can be changed then.
    found.sort_by_key(|shown| shown.method == "PATCH");
    found
}

/// What stands in the place of the ids: made anew for each example, so that none is in another's way.
struct Place<'a> {
    server: &'a TestServer,
    ids: HashMap<&'static str, String>,
}

impl<'a> Place<'a> {
    fn new(server: &'a TestServer) -> Self {
        let studio = server.studio().id();
        let mut ids = HashMap::from([
            ("room_id", server.room(&studio).id()),
            ("practitioner_id", server.practitioner(&studio).id()),
            ("to_practitioner_id", server.practitioner(&studio).id()),
            ("client_id", server.client(&studio).id()),
        ]);
        let make = |path: &str, body: Value| server.post(path, &body).expect(201).id();
        let shade = format!("Shade of {studio}");
        let product =
            json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": shade});
        ids.insert("product_id", make("/v1/products", product));
        let lot = json!({"product_id": ids["product_id"], "code": "K-1"});
        ids.insert("lot_id", make("/v1/lots", lot));
        let (client, practitioner) = (&ids["client_id"], &ids["practitioner_id"]);
        let assessment = json!({"client_id": client, "practitioner_id": practitioner, "indication": "general_thinning"});
        let assessment = make("/v1/assessments", assessment);
        let template = json!({
            "name": format!("Template of {studio}"), "indication": "general_thinning", "treatment_sessions": 1,
            "session_minutes": 180, "gaps": [], "source": "Practice.",
        });
        ids.insert("template_id", make("/v1/plan-templates", template));
        ids.insert("assessment_id", assessment);
        ids.insert("studio_id", studio);
        let mut place = Self { server, ids };
        let session = place.session(None);
        place.ids.insert("session_id", session);
        place
    }

    /// A consultation, booked for this time where there is one.
    fn session(&self, starts_at: Option<&str>) -> String {
        let practitioner = &self.ids["practitioner_id"];
        let booking = starts_at.map(|at| json!({"starts_at": at}));
        let new = json!({
            "client_id": self.ids["client_id"], "practitioner_id": practitioner, "kind": "consultation",
            "duration_minutes": 30, "booking": booking,
        });
        self.server.post("/v1/sessions", &new).expect(201).id()
    }

    fn booked(&mut self) -> String {
        let soon = self.server.clock.now() + TimeDelta::hours(6);
        let id = self.session(Some(&soon.to_string()));
        self.ids.insert("session_id", id.clone());
        id
    }

    fn plan(&self) -> String {
        let new = json!({
            "client_id": self.ids["client_id"], "practitioner_id": self.ids["practitioner_id"],
            "indication": "general_thinning", "treatment_sessions": 3, "session_minutes": 180,
        });
        self.server.post("/v1/plans", &new).expect(201).id()
    }

    fn record(&self) -> String {
        let new = json!({
            "session_id": self.ids["session_id"], "zones": [{"zone": "crown"}],
            "mix": {"pigments": [{"lot_id": self.ids["lot_id"]}]},
        });
        let made = self.server.post("/v1/pigment-records", &new);
        made.expect(201).id()
    }

    /// A rule may be timed anew, and stays about what it's about.
    fn rule_about_the_start(&self) -> Option<String> {
        let rules = format!("/v1/studios/{}/reminder-rules", self.ids["studio_id"]);
        let rules = self.server.get(&rules).expect(200);
        let about_start = |rule: &&Value| rule["timing"]["relative_to"] == "start";
        let rule = rules.data().iter().find(about_start)?;
        rule["id"].as_str().map(str::to_owned)
    }

    fn first_of(&self, list: &str) -> String {
        let found = self.server.get(list).expect(200);
        found.data()[0]["id"].as_str().unwrap().to_owned()
    }

    /// The thing that stands in the path.
    fn thing(&mut self, shown: &Shown, made: &HashMap<String, String>) -> Option<String> {
        let collection = shown.template.split("/{").next().unwrap();
        let ids = |name: &str| Some(self.ids[name].clone());
        match (collection, shown.id.as_str()) {
            ("/v1/studios", _) => ids("studio_id"),
            ("/v1/assessments", _) => ids("assessment_id"),
            ("/v1/practitioners", "reassign_sessions") => {
                self.booked();
                Some(self.ids["practitioner_id"].clone())
            }
            ("/v1/practitioners", "enter_time_off") => ids("practitioner_id"),
            // Only who was taken off the list can be erased.
            ("/v1/clients", "erase_client") => {
                let client = self.server.client(&self.ids["studio_id"]);
                let remove = self.server.owner().header("If-Match", "*");
                remove.delete(&client.location()).expect(204);
                Some(client.id())
            }
            ("/v1/plans", _) => Some(self.plan()),
            ("/v1/sessions", "book_session" | "change_session") => ids("session_id"),
            ("/v1/sessions", _) => Some(self.booked()),
            ("/v1/pigment-records", _) => Some(self.record()),
            ("/v1/safety-notice-recipients", _) => {
                self.record();
                let notice = json!({
                    "lot_id": self.ids["lot_id"], "reason": "The maker recalls it.", "message": {"en": "Please call."},
                });
                let notice = self.server.post("/v1/safety-notices", &notice).expect(201);
                Some(self.first_of(&format!("{}/recipients", notice.location())))
            }
            ("/v1/reminder-rules", _) => self.rule_about_the_start(),
            ("/v1/reminders", id) => {
                let session = self.booked();
                let reminder = self.first_of(&format!("/v1/reminders?session_id={session}"));
                if id == "requeue_reminder" {
                    let cancel = format!("/v1/reminders/{reminder}/cancel");
                    let why = json!({"reason": "Called off before."});
                    self.server.post(&cancel, &why).expect(200);
                }
                Some(reminder)
            }
            ("/v1/tasks", _) => {
                self.record();
                Some(self.first_of(&format!(
                    "/v1/tasks?state=open&session_id={}",
                    self.ids["session_id"]
                )))
            }
            _ => made.get(collection).cloned(),
        }
    }

    /// The body with ids that exist.
    fn filled(&self, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), self.filled(name, value)))
                .collect(),
            Value::Array(values) => {
                let one = name.trim_end_matches('s');
                values.iter().map(|value| self.filled(one, value)).collect()
            }
            // Another system's id is unique too.
            Value::String(_) if name == "external_id" => {
                json!(format!("crm-{}", self.ids["studio_id"]))
            }
            Value::String(_) => match self.ids.get(name) {
                Some(id) => json!(id),
                None => value.clone(),
            },
            other => other.clone(),
        }
    }

    fn send(&mut self, shown: &Shown, made: &HashMap<String, String>) -> Answer {
        let mut path = shown.template.clone();
        if path.contains("{inner_id}") {
            path = path.replace("{inner_id}", &self.ids["room_id"]);
        }
        if path.contains("{id}") {
            let id = self.thing(shown, made);
            // Where nothing could be made, nothing is found, and the test says so.
            path = path.replace("{id}", &id.unwrap_or_else(|| uuid::Uuid::nil().to_string()));
        }
        let body = self.filled("", &shown.body).to_string();
        let kind = match shown.method.as_str() {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let caller = match path == shown.template {
            true => self.server.owner(),
            false => self.server.owner().header("If-Match", "*"),
        };
        caller.send(&shown.method, &path, Some((kind, body.as_bytes())))
    }
}

#[test]
fn every_example_of_a_body_works_with_ids_that_exist() {
    each(every_example_works);
}

#[test]
fn no_example_goes_stale_in_a_lifetime() {
    each(|server| {
        // A Wednesday, as today is.
        server
            .clock
            .set(Instant::parse("2090-11-22T09:00:00Z").unwrap());
        every_example_works(server);
    });
}

fn every_example_works(server: &TestServer) {
    let all = shown();
    assert!(all.len() > 40, "{}", all.len());
    let names: BTreeSet<&str> = all.iter().map(|shown| shown.id.as_str()).collect();
    for (id, _, reason) in REFUSED {
        assert!(names.contains(id) && !reason.is_empty(), "{id} is gone");
    }
    let mut made = HashMap::new();
    let mut wrong = Vec::new();
    for shown in &all {
        let answer = Place::new(server).send(shown, &made);
        let expected = REFUSED.iter().find(|(id, ..)| *id == shown.id);
        let is_right = match expected {
            Some((_, status, _)) => answer.status == *status,
            None => (200..300).contains(&answer.status),
        };
        if !is_right {
            wrong.push(format!("{}: {answer}", shown.id));
        }
        if answer.status == 201 {
            let location = answer.location();
            let id = location.rsplit('/').next().unwrap_or_default();
            // A template of a studio's is read again under its own path.
            let collection = location.trim_end_matches(id).trim_end_matches('/');
            made.insert(collection.to_owned(), id.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
