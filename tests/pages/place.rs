//! A studio with a client who has an appointment, and the links that a mail would hold.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use stipple_shared::domain::{ClientId, Instant, SessionId};
use stipple_shared::links::{Link, LinkKey, LinkPurpose};
use stipple_shared::storage::schema::change_sequence;
use stipple_test_support::builders::{new_client, new_studio};
use stipple_test_support::http::client_links;
use stipple_test_support::{Answer, Engine, TestServer, engines};

/// What browsers and mail programs send forms as.
const FORM: &str = "application/x-www-form-urlencoded";

/// A server with a studio, a practitioner, a client who reads French, and a booked consultation in nine days at 10:00.
pub(crate) struct Place {
    pub(crate) server: TestServer,
    pub(crate) studio_id: String,
    pub(crate) practitioner_id: String,
    pub(crate) client_id: String,
    pub(crate) session_id: String,
}

impl Place {
    pub(crate) fn each(client_may_move: bool, test: impl Fn(&Self)) {
        for engine in engines() {
            test(&Self::on(engine, client_may_move));
        }
    }

    fn on(engine: Engine, client_may_move: bool) -> Self {
        let server = TestServer::start(engine);
        let mut studio = new_studio();
        studio["client_may_move"] = client_may_move.into();
        let studio_id = server.post("/v1/studios", &studio).expect(201).id();
        let practitioner_id = server.practitioner(&studio_id).id();
        let mut client = new_client(&studio_id);
        client["language"] = "fr".into();
        client["marketing_mail"] = true.into();
        client["given_name"] = "ليلى".into();
        let client_id = server.post("/v1/clients", &client).expect(201).id();
        let session = server.post(
            "/v1/sessions",
            &json!({
                "client_id": client_id,
                "kind": "consultation",
                "duration_minutes": 60,
                "booking": {"starts_at": "2026-12-04T10:00:00Z", "practitioner_id": practitioner_id},
            }),
        );
        let session_id = session.expect(201).id();
        Self {
            server,
            studio_id,
            practitioner_id,
            client_id,
            session_id,
        }
    }

    pub(crate) fn key() -> LinkKey {
        client_links().key
    }

    /// The link in a mail that is written now.
    pub(crate) fn link(&self, purpose: LinkPurpose) -> Link {
        let now = self.server.clock.now();
        match purpose {
            LinkPurpose::Appointment => Link::appointment(self.session(), 1, 1, now),
            LinkPurpose::Report => Link::report(self.session(), 1, 1, now),
            LinkPurpose::Preferences | LinkPurpose::Unsubscribe => {
                Link::of_client(purpose, self.client(), 1, now)
            }
        }
    }

    /// Its path.
    pub(crate) fn path(&self, purpose: LinkPurpose) -> String {
        path(&self.link(purpose))
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session_id.parse().unwrap()
    }

    fn client(&self) -> ClientId {
        self.client_id.parse().unwrap()
    }

    /// Looks, as a browser does.
    #[track_caller]
    pub(crate) fn look(&self, path: &str) -> Answer {
        read(self.server.stranger().get(path))
    }

    /// Sends a form.
    #[track_caller]
    pub(crate) fn send(&self, path: &str, form: &str) -> Answer {
        let sent = Some((FORM, form.as_bytes()));
        read(self.server.stranger().send("POST", path, sent))
    }

    /// The session as staff see it.
    #[track_caller]
    pub(crate) fn stored(&self) -> Value {
        let path = format!("/v1/sessions/{}", self.session_id);
        self.server.get(&path).expect(200).json
    }

    /// The client as staff see them.
    #[track_caller]
    pub(crate) fn stored_client(&self) -> Answer {
        let path = format!("/v1/clients/{}", self.client_id);
        self.server.get(&path).expect(200)
    }

    /// Has the client read another language from now on.
    #[track_caller]
    pub(crate) fn reads(&self, language: &str) {
        let path = format!("/v1/clients/{}", self.client_id);
        let patch = json!({"language": language});
        self.server.patch(&path, "*", &patch).expect(200);
    }

    /// The tasks of a kind.
    #[track_caller]
    pub(crate) fn tasks(&self, kind: &str) -> Vec<Value> {
        let path = format!("/v1/tasks?kind={kind}");
        self.server.get(&path).expect(200).data().to_vec()
    }

    /// Moves the session as staff do.
    #[track_caller]
    pub(crate) fn move_to(&self, starts_at: &str) {
        self.server
            .owner()
            .header("If-Match", "*")
            .post(
                &format!("/v1/sessions/{}/reschedule", self.session_id),
                &json!({"starts_at": starts_at}),
            )
            .expect(200);
    }

    /// Completes the session after its time.
    #[track_caller]
    pub(crate) fn complete(&self) {
        let at = Instant::parse("2026-12-04T11:00:00Z").unwrap();
        self.server.clock.set(at);
        self.server
            .post(
                &format!("/v1/sessions/{}/complete", self.session_id),
                &json!({"completion": "full"}),
            )
            .expect(200);
    }

    pub(crate) fn wait(&self, by: TimeDelta) {
        self.server.clock.advance(by);
    }

    /// The newest number of the change sequence.
    pub(crate) fn latest_change(&self) -> i64 {
        let page = self.server.get("/v1/tasks?limit=1").expect(200);
        page.json["latest_change"].as_i64().unwrap()
    }

    /// The same, as the database has it.
    pub(crate) fn stored_change(&self) -> i64 {
        change_sequence::table
            .select(change_sequence::value)
            .get_result(&mut self.server.database().connect())
            .unwrap()
    }
}

/// The page as its reader sees it.
fn read(mut answer: Answer) -> Answer {
    answer.text = answer.text.replace("&#x2f;", "/").replace("&#x27;", "'");
    answer
}

/// What a page says first about what was sent.
#[track_caller]
pub(crate) fn notice(page: &str) -> &str {
    let (_, rest) = page.split_once("role=\"status\">").unwrap();
    rest.split('<').next().unwrap()
}

/// A link's path.
pub(crate) fn path(link: &Link) -> String {
    let token = Place::key().sign(link).unwrap();
    format!("{}/{token}", link.purpose.path())
}
