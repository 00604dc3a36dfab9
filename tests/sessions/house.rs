//! A studio with somebody who treats, and what the tests do in it.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use stipple_shared::domain::Instant;
use stipple_test_support::{Answer, Caller, Engine, TestServer, engines};

/// A server with a studio in London and a practitioner, both at work from 08:00 to 20:00 every day, and a client.
pub(crate) struct House {
    pub(crate) server: TestServer,
    pub(crate) studio_id: String,
    pub(crate) practitioner_id: String,
    pub(crate) client_id: String,
}

impl House {
    /// One on this engine.
    pub(crate) fn on(engine: Engine) -> Self {
        let server = TestServer::start(engine);
        let studio_id = server.studio().id();
        let practitioner_id = server.practitioner(&studio_id).id();
        let client_id = server.client(&studio_id).id();
        Self {
            server,
            studio_id,
            practitioner_id,
            client_id,
        }
    }

    /// One on each engine.
    pub(crate) fn each(test: impl Fn(&Self)) {
        for engine in engines() {
            test(&Self::on(engine));
        }
    }

    /// A planned consultation of another client.
    #[track_caller]
    pub(crate) fn consultation(&self) -> Answer {
        let client_id = self.server.client(&self.studio_id).id();
        self.arrange(&client_id, "consultation", 60)
    }

    /// A planned session.
    #[track_caller]
    pub(crate) fn arrange(&self, client_id: &str, kind: &str, minutes: u16) -> Answer {
        let body = json!({
            "client_id": client_id,
            "kind": kind,
            "duration_minutes": minutes,
        });
        self.server.post("/v1/sessions", &body).expect(201)
    }

    /// A plan with three sessions of three hours, 7 to 60 days apart: its id and theirs.
    #[track_caller]
    pub(crate) fn plan(&self) -> (String, Vec<String>) {
        let gap = json!({
            "minimum_days": 7,
            "recommended_from_days": 10,
            "recommended_until_days": 14,
            "maximum_days": 60,
        });
        let body = json!({
            "client_id": self.client_id,
            "practitioner_id": self.practitioner_id,
            "indication": "general_thinning",
            "treatment_sessions": 3,
            "session_minutes": 180,
            "gaps": [gap.clone(), gap],
        });
        let plan_id = self.server.post("/v1/plans", &body).expect(201).id();
        let sessions = self
            .server
            .get(&format!("/v1/plans/{plan_id}/sessions"))
            .expect(200);
        let mut found: Vec<(u64, String)> = sessions.json["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["ordinal"].as_u64().unwrap(), text(&one["id"])))
            .collect();
        found.sort();
        (plan_id, found.into_iter().map(|(_, id)| id).collect())
    }

    /// What books a session for a local time so many days from the first day of the test.
    pub(crate) fn at(&self, days: i64, time: &str) -> Value {
        json!({
            "local_start": format!("{}T{time}", day(days)),
            "practitioner_id": self.practitioner_id,
        })
    }

    /// Does something with a session, as the owner.
    #[track_caller]
    pub(crate) fn act(&self, id: &str, action: &str, body: &Value) -> Answer {
        let owner = self.server.owner();
        // Taking back must say which version it means: whichever.
        let caller = match action {
            "revert" => owner.header("If-Match", "*"),
            _ => owner,
        };
        act(&caller, id, action, body)
    }

    /// Books.
    #[track_caller]
    pub(crate) fn book(&self, id: &str, days: i64, time: &str) -> Answer {
        self.act(id, "book", &self.at(days, time)).expect(200)
    }

    /// Moves.
    #[track_caller]
    pub(crate) fn move_to(&self, id: &str, days: i64, time: &str) -> Answer {
        let caller = self.server.owner().header("If-Match", "*");
        act(&caller, id, "reschedule", &self.at(days, time)).expect(200)
    }

    /// A session as it stands.
    #[track_caller]
    pub(crate) fn session(&self, id: &str) -> Answer {
        self.server.get(&format!("/v1/sessions/{id}")).expect(200)
    }

    /// A list's things.
    #[track_caller]
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.server.get(path).expect(200);
        answer.json["data"].as_array().unwrap().clone()
    }

    /// The tasks of a kind about a session.
    #[track_caller]
    pub(crate) fn tasks(&self, kind: &str, session_id: &str) -> Vec<Value> {
        self.list(&format!("/v1/tasks?kind={kind}&session_id={session_id}"))
    }

    /// Goes to so many days after the first day of the test, at 12:00 UTC.
    pub(crate) fn go_to(&self, days: i64) {
        let noon = day(days).and_hms_opt(12, 0, 0).unwrap().and_utc();
        self.server.clock.set(Instant::from(noon));
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, minutes: i64) {
        self.server.clock.advance(TimeDelta::minutes(minutes));
    }
}

/// Does something with a session.
#[track_caller]
pub(crate) fn act(caller: &Caller, id: &str, action: &str, body: &Value) -> Answer {
    caller.post(&format!("/v1/sessions/{id}/{action}"), body)
}

/// So many days after 2026-11-25.
pub(crate) fn day(days: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 25).unwrap() + TimeDelta::days(days)
}

/// A text in JSON.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
