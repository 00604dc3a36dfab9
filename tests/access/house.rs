//! A house with one of each thing, at one studio of two, for the walk to ask for.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::task::NewTask;
use stipple_shared::domain::text::Name;
use stipple_shared::domain::{Role, StudioId, TaskKind};
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_shared::storage::tasks::Task;
use stipple_test_support::{Engine, TestServer};
use uuid::Uuid;

/// What the first variable of a path that begins so stands for.
const THINGS: &[(&str, &str)] = &[
    ("/v1/api-keys", "api_key"),
    ("/v1/assessments", "assessment"),
    ("/v1/calendar-feeds", "calendar_feed"),
    ("/v1/clients", "client"),
    ("/v1/lots", "lot"),
    ("/v1/mail-templates", "mail_template"),
    ("/v1/pigment-records", "pigment_record"),
    ("/v1/plan-templates", "plan_template"),
    ("/v1/plans", "plan"),
    ("/v1/practitioners", "practitioner"),
    ("/v1/products", "product"),
    ("/v1/reminder-rules", "reminder_rule"),
    ("/v1/reminders", "reminder"),
    ("/v1/safety-notice-recipients", "safety_notice_recipient"),
    ("/v1/safety-notices", "safety_notice"),
    ("/v1/sessions", "session"),
    ("/v1/studios", "studio"),
    ("/v1/tasks", "task"),
];

/// What the second variable of a path stands for.
const INNER_THINGS: &[(&str, &str)] = &[
    ("/rooms/{inner_id}", "room"),
    ("/time-off/{inner_id}", "time_off"),
    ("/safety-notices/{inner_id}", "safety_notice_recipient"),
];

/// What stands for the secret in a link: none that anybody was given.
const NO_SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A server with two studios, and the ids of one thing of each kind at the first.
pub(crate) struct House {
    pub(crate) server: TestServer,
    pub(crate) studio: StudioId,
    pub(crate) other_studio: StudioId,
    ids: BTreeMap<&'static str, String>,
}

impl House {
    pub(crate) fn on(engine: Engine) -> Self {
        let server = TestServer::start(engine);
        let studio = server.studio().id();
        let other_studio = id(&server.studio().id());
        let mut ids = BTreeMap::new();
        let room = server.room(&studio).id();
        let practitioner = server.practitioner(&studio).id();
        let client = server.client(&studio).id();
        ids.insert("other_practitioner", server.practitioner(&studio).id());
        let away = json!({"starts_at": "2027-02-01T00:00:00Z", "ends_at": "2027-02-02T00:00:00Z"});
        let time_off = server
            .post(&format!("/v1/practitioners/{practitioner}/time-off"), &away)
            .expect(201);
        ids.insert("time_off", time_off.id());
        let template = json!({"name": "One", "indication": "scar", "treatment_sessions": 1, "session_minutes": 90, "source": "Ours."});
        let assessment =
            json!({"client_id": client, "practitioner_id": practitioner, "indication": "scar"});
        let plan = json!({"client_id": client, "indication": "scar", "treatment_sessions": 1, "session_minutes": 90});
        let session = json!({
            "client_id": client, "kind": "consultation", "duration_minutes": 60,
            "booking": {"local_start": "2026-12-01T10:00", "practitioner_id": practitioner},
        });
        let product =
            json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": "1"});
        for (name, path, body) in [
            ("plan_template", "/v1/plan-templates", template),
            ("assessment", "/v1/assessments", assessment),
            ("plan", "/v1/plans", plan),
            ("session", "/v1/sessions", session),
            ("product", "/v1/products", product),
        ] {
            ids.insert(name, server.post(path, &body).expect(201).id());
        }
        let lot = json!({"product_id": ids["product"], "code": "K-1"});
        ids.insert("lot", server.post("/v1/lots", &lot).expect(201).id());
        let record = json!({
            "session_id": ids["session"], "practitioner_id": practitioner,
            "zones": [{"zone": "crown"}], "mix": {"pigments": [{"lot_id": ids["lot"]}]},
        });
        let record = server.post("/v1/pigment-records", &record).expect(201);
        ids.insert("pigment_record", record.id());
        let notice = json!({
            "lot_id": ids["lot"], "reason": "The maker recalls it.", "message": {"en": "Please call."},
        });
        let notice = server.post("/v1/safety-notices", &notice).expect(201);
        let rows = format!("{}/recipients", notice.location());
        ids.insert("safety_notice_recipient", first(&server, &rows));
        ids.insert("safety_notice", notice.id());
        let reminders = format!("/v1/reminders?session_id={}", ids["session"]);
        ids.insert("reminder", first(&server, &reminders));
        let rules = format!("/v1/studios/{studio}/reminder-rules");
        ids.insert("reminder_rule", first(&server, &rules));
        let key = json!({"name": "Till", "role": "front_desk", "studio_ids": [studio]});
        let key = server.post("/v1/api-keys", &key).expect(201);
        ids.insert(
            "api_key",
            key.json["key"]["id"].as_str().unwrap().to_owned(),
        );
        let words = json!({"language": "nl", "words": {"closing": "Groet,"}});
        let words = server.post(&format!("/v1/studios/{studio}/mail-templates"), &words);
        ids.insert("mail_template", words.expect(201).id());
        let feed = json!({"name": "Wall", "studio_id": studio});
        let feed = server.post("/v1/calendar-feeds", &feed).expect(201);
        ids.insert(
            "calendar_feed",
            feed.json["feed"]["id"].as_str().unwrap().to_owned(),
        );
        ids.insert("task", task(&server, &studio, &client));
        ids.extend([
            ("studio", studio.clone()),
            ("room", room),
            ("practitioner", practitioner),
            ("client", client),
        ]);
        Self {
            studio: id(&studio),
            other_studio,
            server,
            ids,
        }
    }

    /// The secret of a key with this role that sees these studios and ends then.
    pub(crate) fn key(
        &self,
        role: Role,
        studio_ids: Option<Vec<StudioId>>,
        ends_in: Option<TimeDelta>,
    ) -> (ApiKey, String) {
        let new = NewApiKey {
            studio_ids,
            expires_at: ends_in.map(|span| self.server.clock.now() + span),
            ..NewApiKey::unbounded(role, Name::literal("walker"))
        };
        self.server
            .store
            .write_blocking(WriteContext::command_line(), move |tx| {
                let (key, secret) = ApiKey::make(tx, &new)?;
                Ok((key, secret.reveal().to_owned()))
            })
            .unwrap()
    }

    /// A path with the ids of this house in it.
    pub(crate) fn path(&self, template: &str) -> String {
        let mut path = template.to_owned();
        if template.contains("{id}") {
            let (_, thing) = THINGS
                .iter()
                .find(|(prefix, _)| template.starts_with(&format!("{prefix}/{{id}}")))
                .unwrap_or_else(|| panic!("say in house.rs what {{id}} is in {template}"));
            path = path.replace("{id}", &self.ids[thing]);
        }
        for (part, thing) in INNER_THINGS {
            if template.contains(part) {
                path = path.replace("{inner_id}", &self.ids[thing]);
            }
        }
        for secret in ["{token}", "{secret}"] {
            path = path.replace(secret, NO_SECRET);
        }
        assert!(
            !path.contains('{'),
            "say in house.rs what the variables of {template} are"
        );
        path
    }

    /// A body or a query with the ids of this house in it.
    pub(crate) fn text(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, id) in &self.ids {
            text = text.replace(&format!("<{name}>"), id);
        }
        text
    }

    /// The ids that somebody from another studio may not come across.
    pub(crate) fn secret_ids(&self) -> impl Iterator<Item = &String> {
        self.ids
            .iter()
            .filter(|(name, _)| {
                !["product", "lot", "plan_template", "safety_notice"].contains(*name)
            })
            .map(|(_, id)| id)
    }
}

fn first(server: &TestServer, list: &str) -> String {
    let found = server.get(list).expect(200);
    found.data()[0]["id"].as_str().unwrap().to_owned()
}

fn id<T: From<Uuid>>(text: &str) -> T {
    T::from(text.parse().unwrap())
}

/// A task that the front desk sees too.
fn task(server: &TestServer, studio: &str, client: &str) -> String {
    let (studio_id, client_id) = (id(studio), id(client));
    let task = server
        .store
        .write_blocking(WriteContext::worker(), move |tx| {
            let new = NewTask {
                studio_id,
                kind: TaskKind::NoUsableAddress,
                dedupe_key: "walk".into(),
                client_id: Some(client_id),
                plan_id: None,
                session_id: None,
                mail_id: None,
                detail: Map::<String, Value>::new(),
                due_at: tx.now(),
            };
            Task::open(tx, new)
        })
        .unwrap();
    task.unwrap().id.to_string()
}
