//! `kill -9` at every step of scheduling and delivery, then a restart: nothing is lost, and nothing comes twice unless the
//! ledger says `ambiguous`.

use std::collections::HashMap;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::json;
use stipple_shared::Clock;
use stipple_shared::domain::Role;
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::text::Name;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_shared::storage::{Store, WriteContext};
use stipple_test_support::salon::{self, Salon};
use stipple_test_support::smtp_server::{Script, SmtpServer};
use stipple_test_support::{Engine as Database, TestDatabase, engines};
use stipple_worker::transport::Target;
use stipple_worker::{Engine, EngineOptions};

use crate::process::{Place, Serving, agent};

/// Where a booking's process dies, and whether what it wrote is there afterwards.
const SCHEDULING: [(&str, bool); 3] = [
    ("scheduled", false),
    ("before_commit", false),
    ("after_commit", true),
];

/// Where a worker dies; how many more copies than mails may have come then for each slot, and whether the ledger then says
/// `ambiguous` of a mail in flight. When one is recorded the other slot's may be anywhere on its way.
const DELIVERY: [(&str, usize, Option<bool>); 9] = [
    ("before_commit", 0, Some(false)),
    ("after_commit", 0, Some(false)),
    ("gathered", 0, Some(false)),
    ("leased", 0, Some(false)),
    ("prepared", 0, Some(false)),
    ("begun", 0, Some(false)),
    ("handed_over", 0, Some(true)),
    ("sent", 1, Some(true)),
    ("recorded", 1, None),
];

/// So many mails are due when the worker dies.
const DUE: usize = 4;

struct Scene {
    point: &'static str,
    place: Place,
    store: Store,
    salon: Salon,
    mails: SmtpServer,
    // The last field: the database goes when nobody uses it any more.
    database: TestDatabase,
}

impl Scene {
    fn new(engine: Database, point: &'static str) -> Self {
        let database = TestDatabase::create(engine);
        let store = database.open(Clock::system());
        Self {
            point,
            place: Place::new(),
            salon: Salon::open(&store),
            store,
            mails: SmtpServer::start(Script::default()).unwrap(),
            database,
        }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = self.place.command(&[name]);
        command
            .env("STIPPLE_DATABASE_URL", self.database.url_text())
            .env("STIPPLE_AUDIT_KEY", self.database.audit_key().to_text())
            .env("STIPPLE_LOG", "off");
        command
    }

    /// A process that dies at the point, as soon as the file `armed` is there.
    fn doomed(&self, name: &str) -> Command {
        let mut command = self.command(name);
        command
            .env("STIPPLE_FAILPOINT", self.point)
            .env("STIPPLE_FAILPOINT_ARMED_BY", self.place.path("armed"));
        command
    }

    fn arm(&self) {
        std::fs::write(self.place.path("armed"), b"").unwrap();
    }

    /// A worker of this process drains what is left, after all leases have run out.
    fn drain(&self) {
        let options = EngineOptions {
            rate: SendingRate::UNLIMITED,
            ..EngineOptions::new(
                Some(Target::parse(&self.mails.url()).unwrap()),
                "post@studio.example".into(),
            )
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let engine = Engine::new(self.store.clone(), options);
            for _ in 0..5 {
                salon::let_leases_run_out(&mut self.database.connect());
                engine.tick().await.unwrap();
            }
            engine.rest().await;
        });
    }

    /// How often each mail came, by its Message-ID.
    fn received(&self) -> HashMap<String, usize> {
        let mut received = HashMap::new();
        for mail in self.mails.accepted() {
            let parsed = mail_parser::MessageParser::default()
                .parse(&mail.bytes)
                .unwrap();
            let id = format!("<{}>", parsed.message_id().unwrap());
            *received.entry(id).or_default() += 1;
        }
        received
    }

    /// Every mail of the ledger came, once unless it says `ambiguous`; a line for the table.
    fn judge(
        &self,
        what: &str,
        due: usize,
        most_copies: usize,
        is_ambiguous: Option<bool>,
    ) -> String {
        let ledger = salon::mails(&self.store);
        let received = self.received();
        let copies: usize = received.values().sum();
        let in_doubt = ledger
            .iter()
            .filter(|mail| mail.state == "ambiguous")
            .count();
        let line = format!(
            "{what:<10} {:<14} {:<9} {due:>4} {copies:>7} {in_doubt:>10} {:>9}",
            self.point,
            if self.database.url_text().starts_with("sqlite") {
                "SQLite"
            } else {
                "PostgreSQL"
            },
            ledger.iter().map(|mail| mail.attempts).sum::<i32>(),
        );
        assert_eq!(ledger.len(), due, "{line}");
        for mail in &ledger {
            let copies = received.get(&mail.message_id).copied().unwrap_or_default();
            assert!(copies >= 1, "lost: {line}: {mail:?}");
            match mail.state.as_str() {
                "sent" => assert_eq!(copies, 1, "twice, and nobody was told: {line}"),
                state => assert_eq!(state, "ambiguous", "{line}"),
            }
        }
        // Two slots may both have been in flight.
        assert!(copies <= due + 2 * most_copies, "{line}");
        if let Some(is_ambiguous) = is_ambiguous {
            assert_eq!(in_doubt > 0, is_ambiguous, "{line}");
        }
        line
    }
}

fn wait(mut child: Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > Duration::from_secs(60) {
            let _killed = child.kill();
            let _reaped = child.wait();
            panic!("the process didn't reach its end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(9)
}

fn dies_while_delivering(scene: &Scene, most_copies: usize, is_ambiguous: Option<bool>) -> String {
    let from = Clock::system().now() + TimeDelta::days(40);
    scene.salon.book_many(&scene.store, DUE, from);
    scene.arm();
    let mut command = scene.doomed("worker");
    command
        .env("STIPPLE_SMTP_URL", scene.mails.url())
        .env("STIPPLE_MAIL_FROM", "post@studio.example")
        .stdout(Stdio::null());
    let status = wait(command.spawn().unwrap());
    assert!(was_killed(status), "{}: {status}", scene.point);
    scene.drain();
    scene.judge("delivery", DUE, most_copies, is_ambiguous)
}

fn dies_while_scheduling(scene: &Scene, is_stored: bool) -> String {
    let secret = scene
        .store
        .write_blocking(WriteContext::command_line(), |tx| {
            let key = NewApiKey::unbounded(Role::Owner, Name::literal("a key for tests"));
            Ok(ApiKey::make(tx, &key)?.1.reveal().to_owned())
        })
        .unwrap();
    let client = scene.salon.client(&scene.store, "kim@example.com");
    let body = json!({
        "client_id": client, "kind": "consultation", "duration_minutes": 5,
        "practitioner_id": scene.salon.practitioner_id,
        "booking": {"starts_at": Clock::system().now() + TimeDelta::days(40)},
    });
    let book = |serving: &Serving| {
        agent()
            .post(serving.url("/v1/sessions"))
            .header("Authorization", format!("Bearer {secret}"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", "the-same-booking")
            .send(body.to_string())
    };
    let doomed = scene.place.serve(scene.doomed("api"));
    doomed.wait_until_answers();
    // That the key was used is noted once a minute, and is not what this is about.
    assert_eq!(doomed.status("/v1/studios", Some(&secret)), 200);
    std::thread::sleep(Duration::from_millis(200));
    scene.arm();
    assert!(book(&doomed).is_err(), "{}: it was answered", scene.point);
    drop(doomed);
    let sessions = |scene: &Scene| salon::reminder_states(&scene.store).len();
    assert_eq!(sessions(scene) > 0, is_stored, "{}", scene.point);
    // Whoever got no answer asks again with the same key: one booking comes of it, whatever was stored.
    let restarted = scene.place.serve(scene.command("api"));
    restarted.wait_until_answers();
    assert_eq!(book(&restarted).unwrap().status(), 201);
    drop(restarted);
    scene.drain();
    scene.judge("scheduling", 1, 0, Some(false))
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_repeats_nothing_unsaid() {
    let mut lines = Vec::new();
    std::thread::scope(|scope| {
        let mut playing = Vec::new();
        for engine in engines() {
            playing.push(scope.spawn(move || {
                let mut lines = Vec::new();
                for (point, is_stored) in SCHEDULING {
                    lines.push(dies_while_scheduling(&Scene::new(engine, point), is_stored));
                }
                for (point, most_copies, is_ambiguous) in DELIVERY {
                    let scene = Scene::new(engine, point);
                    lines.push(dies_while_delivering(&scene, most_copies, is_ambiguous));
                }
                lines
            }));
        }
        for one in playing {
            lines.extend(one.join().unwrap());
        }
    });
    println!("killed in  at             on         due   copies  ambiguous  attempts");
    for line in lines {
        println!("{line}");
    }
}
