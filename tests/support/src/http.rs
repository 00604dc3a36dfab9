//! A server of its own for each test, and callers that check every answer against the contract.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Stopwatch};

use serde_json::Value;
use stipple_api::{ClientLinks, EdgeOptions, ExpectedWorker, Listening, Options, Server};
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::text::Name;
use stipple_shared::domain::{ApiKeyId, Role};
use stipple_shared::links::LinkKey;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_shared::storage::{Store, WriteContext};
use ureq::Agent;
use ureq::http::Request;

pub use crate::answer::Answer;
use crate::contract::{Contract, Received};
use crate::privacy::Watcher;
use crate::{Engine, TestClock, TestDatabase};

/// How a server under test is started.
#[derive(Clone, Debug)]
pub struct TestServerOptions {
    /// What it stores in.
    pub engine: Engine,
    /// How many threads answer requests.
    pub threads: usize,
    /// Whether readiness depends on a worker that ticks.
    pub expects_worker: bool,
    /// How much may be asked, by whom, and how long it may take.
    pub edge: EdgeOptions,
}

impl TestServerOptions {
    /// The usual way.
    pub fn on(engine: Engine) -> Self {
        // Limits that no test meets by chance, so that answers tell of them.
        let edge = EdgeOptions {
            key_rate: NonZeroU32::new(1_000_000),
            address_rate: NonZeroU32::new(1_000_000),
            ..EdgeOptions::default()
        };
        Self {
            engine,
            threads: 2,
            expects_worker: false,
            edge,
        }
    }
}

/// A key and the secret that is shown with a request.
#[derive(Clone)]
pub struct TestKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its secret.
    pub secret: String,
}

/// A server with a database of its own, on a clock in the test's hand. It stops when this is dropped.
pub struct TestServer {
    /// What "now" is for it.
    pub clock: TestClock,
    /// The same data by the inner doors: for what no route does.
    pub store: Store,
    keys: Vec<(Role, TestKey)>,
    agent: Agent,
    running: Option<Running>,
    // The last field: the database goes when nobody uses it any more.
    database: TestDatabase,
}

struct Running {
    listening: Listening,
    thread: JoinHandle<()>,
}

impl TestServer {
    /// Starts one.
    pub fn start(engine: Engine) -> Self {
        Self::start_with(TestServerOptions::on(engine))
    }

    /// Starts one in a particular way.
    pub fn start_with(options: TestServerOptions) -> Self {
        let database = TestDatabase::create(options.engine);
        let clock = TestClock::new();
        let store = database.open(clock.clock());
        let running = Running::start(store.clone(), &options);
        let mut server = Self {
            clock,
            store,
            keys: Vec::new(),
            agent: agent(),
            running: Some(running),
            database,
        };
        server.keys = [
            Role::Owner,
            Role::Practitioner,
            Role::FrontDesk,
            Role::Auditor,
        ]
        .map(|role| (role, server.make_key(role)))
        .into();
        server
    }

    /// Its database.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().listening.address
    }

    /// Makes another key.
    pub fn make_key(&self, role: Role) -> TestKey {
        self.store
            .write_blocking(WriteContext::command_line(), move |tx| {
                let name = Name::literal("a key for tests");
                let (key, secret) = ApiKey::make(tx, &NewApiKey::unbounded(role, name))?;
                Ok(TestKey {
                    id: key.id,
                    secret: secret.reveal().to_owned(),
                })
            })
            .unwrap()
    }

    /// The key that a role has from the start.
    pub fn key(&self, role: Role) -> &TestKey {
        let found = self.keys.iter().find(|(of, _)| *of == role);
        &found.unwrap().1
    }

    /// Somebody without a key.
    pub fn stranger(&self) -> Caller {
        Caller {
            agent: self.agent.clone(),
            base: format!("http://{}", self.address()),
            headers: Vec::new(),
            watcher: self.database.watcher(),
            asks_at_random: false,
        }
    }

    /// Somebody who shows this secret.
    pub fn with_secret(&self, secret: &str) -> Caller {
        self.stranger()
            .header("Authorization", &format!("Bearer {secret}"))
    }

    /// Somebody with a role's key.
    pub fn caller(&self, role: Role) -> Caller {
        self.with_secret(&self.key(role).secret)
    }

    /// Somebody who may do everything.
    pub fn owner(&self) -> Caller {
        self.caller(Role::Owner)
    }

    /// GET as the owner.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.owner().get(path)
    }

    /// POST as the owner.
    #[track_caller]
    pub fn post(&self, path: &str, json: &Value) -> Answer {
        self.owner().post(path, json)
    }

    /// PATCH as the owner.
    #[track_caller]
    pub fn patch(&self, path: &str, etag: &str, json: &Value) -> Answer {
        self.owner().patch(path, etag, json)
    }

    /// Begins to stop the server while it may still be answering, from another thread.
    pub fn stopper(&self) -> impl FnOnce() + Send + 'static {
        let listening = self.running.as_ref().unwrap().listening.clone();
        move || stop(&listening)
    }

    /// Stops the server and says how long that took.
    pub fn stop(&mut self) -> Duration {
        self.watch_metrics();
        let began = Stopwatch::now();
        if let Some(running) = self.running.take() {
            stop(&running.listening);
            running.thread.join().unwrap();
        }
        began.elapsed()
    }
}

impl TestServer {
    /// Shows the figures to the watch. Where the test has the server refuse or stopped it, there are none to see.
    fn watch_metrics(&self) {
        let Some(running) = self.running.as_ref().filter(|_| !std::thread::panicking()) else {
            return;
        };
        let url = format!("http://{}/metrics", running.listening.address);
        let asked = agent_for(Duration::from_secs(2)).get(url).call();
        let Some(mut answer) = asked.ok().filter(|answer| answer.status() == 200) else {
            return;
        };
        if let Ok(text) = answer.body_mut().read_to_string() {
            self.database.watcher().metrics(&text);
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.watch_metrics();
        if let Some(running) = self.running.take() {
            stop(&running.listening);
            // Not unwrapped: a second panic would hide the one that may be under way.
            let _ended = running.thread.join();
        }
    }
}

impl Running {
    fn start(store: Store, options: &TestServerOptions) -> Self {
        let options = Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            threads: options.threads,
            expects_worker: if options.expects_worker {
                ExpectedWorker::Any
            } else {
                ExpectedWorker::None
            },
            links: client_links(),
            edge: options.edge.clone(),
        };
        let (bound, listening) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async move {
                let server = Server::bind(store, &options).unwrap();
                bound.send(server.listening()).unwrap();
                server.run().await.unwrap();
            });
        });
        Self {
            listening: listening.recv().unwrap(),
            thread,
        }
    }
}

/// The key that tests sign with too, and an address like a studio's.
pub fn client_links() -> ClientLinks {
    ClientLinks {
        key: LinkKey::from_text("bGlua3MgaW4gdGVzdHMgYXJlIHNpZ25lZCB3aXRoIHRoaXM").unwrap(),
        public_url: Some("https://book.studio.example".parse().unwrap()),
    }
}

fn stop(listening: &Listening) {
    runtime().block_on(listening.stop());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn agent() -> Agent {
    agent_for(Duration::from_secs(60))
}

fn agent_for(patience: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(patience))
        .build()
        .into()
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Caller {
    agent: Agent,
    base: String,
    headers: Vec<(String, String)>,
    watcher: Watcher,
    asks_at_random: bool,
}

impl Caller {
    /// The same, whose addresses are made of the same random texts as bodies: what's asked for tells nothing then.
    #[must_use]
    pub fn asking_at_random(&self) -> Self {
        Self {
            asks_at_random: true,
            ..self.clone()
        }
    }

    /// The same, who sends this header too.
    #[must_use]
    pub fn header(&self, name: &str, value: &str) -> Self {
        let mut same = self.clone();
        same.headers.push((name.to_owned(), value.to_owned()));
        same
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// DELETE.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// POST with JSON.
    #[track_caller]
    pub fn post(&self, path: &str, json: &Value) -> Answer {
        let body = json.to_string();
        self.send("POST", path, Some(("application/json", body.as_bytes())))
    }

    /// POST without a body.
    #[track_caller]
    pub fn post_nothing(&self, path: &str) -> Answer {
        self.header("Content-Length", "0").send("POST", path, None)
    }

    /// PATCH of the copy that has this tag.
    #[track_caller]
    pub fn patch(&self, path: &str, etag: &str, json: &Value) -> Answer {
        let body = json.to_string();
        self.header("If-Match", etag).send(
            "PATCH",
            path,
            Some(("application/merge-patch+json", body.as_bytes())),
        )
    }

    /// Anything: a method, a path with its query, a body with its media type (none where that is empty).
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.asks_at_random {
            self.watcher.url(path);
        }
        let sent = match body {
            Some((kind, bytes)) => {
                self.watcher.sent(kind, bytes);
                if !kind.is_empty() {
                    request = request.header("Content-Type", kind);
                }
                request = request.header("Content-Length", bytes.len().to_string());
                self.agent.run(request.body(bytes).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response =
            sent.unwrap_or_else(|error| panic!("{method} {path} was not answered: {error}"));
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.to_string(), value.into_owned())
            })
            .collect();
        let bytes = response.body_mut().read_to_vec().unwrap();
        let answer = Answer {
            status: response.status().as_u16(),
            headers,
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            asked: format!("{method} {path}"),
        };
        answer.tell(&self.watcher);
        let received = Received {
            method,
            path: path.split('?').next().unwrap_or(path),
            status: answer.status,
            headers: &answer.headers,
            body: &bytes,
        };
        if let Err(breach) = Contract::published().and_then(|contract| contract.check(&received)) {
            panic!("the contract is broken: {breach}\n{answer}");
        }
        answer
    }
}
