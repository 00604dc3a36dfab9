//! What those who run the server rely on: health, figures, the published contract, an orderly end.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use stipple_test_support::builders::new_client;
use stipple_test_support::http::TestServerOptions;
use stipple_test_support::{TestServer, engines};

use crate::each;

#[test]
fn health_and_figures_need_no_key() {
    each(|server| {
        let stranger = server.stranger();
        assert_eq!(stranger.get("/livez").expect(200).text, "alive\n");
        assert_eq!(stranger.get("/readyz").expect(200).text, "ready\n");
        let studio_id = server.studio().id();
        let client = server.client(&studio_id);
        server.get(&client.location()).expect(200);
        stranger.send("BREW", "/v1/clients", None).expect(405);
        let figures = stranger.get("/metrics").expect(200).text;
        assert!(figures.ends_with("# EOF\n"), "{figures}");
        for expected in [
            "stipple_http_requests_total{method=\"POST\",route=\"/v1/clients\",status=\"201\"} 1\n",
            "stipple_http_requests_total{method=\"GET\",route=\"/v1/clients/{id}\",status=\"200\"} 1\n",
            "stipple_http_requests_total{method=\"other\",route=\"/v1/clients\",status=\"405\"} 1\n",
            "stipple_worker_last_tick_age_seconds -1.0\n",
            "stipple_reminders_due{step=\"final_reminder\"} 0\n",
            "stipple_reminders_oldest_due_age_seconds{step=\"final_reminder\"} 0.0\n",
        ] {
            assert!(figures.contains(expected), "{expected} in {figures}");
        }
        for personal in [client.id(), studio_id, "BREW".to_owned()] {
            assert!(!figures.contains(&personal), "{personal} in {figures}");
        }
    });
}

#[test]
fn a_server_whose_worker_never_ticked_is_not_ready() {
    for engine in engines() {
        let server = TestServer::start_with(TestServerOptions {
            threads: 1,
            expects_worker: true,
            ..TestServerOptions::on(engine)
        });
        server.stranger().get("/livez").expect(200);
        let answer = server
            .stranger()
            .get("/readyz")
            .expect_problem(503, "unavailable");
        assert_eq!(answer.header("Retry-After"), Some("5"));
    }
}

#[test]
fn the_contract_is_served_as_it_is_published() {
    each(|server| {
        let document = stipple_api::openapi::document();
        let yaml = server.stranger().get("/openapi.yaml").expect(200);
        assert_eq!(yaml.header("Content-Type"), Some("application/yaml"));
        assert!(yaml.text == stipple_api::openapi::Documents::make().yaml);
        let json = server.stranger().get("/openapi.json").expect(200);
        assert_eq!(json.json, serde_json::to_value(&document).unwrap());
        assert_eq!(json.json["openapi"], "3.1.0");
    });
}

#[test]
fn the_documentation_loads_nothing_from_elsewhere() {
    each(|server| {
        let stranger = server.stranger();
        for path in ["/", "/docs"] {
            let moved = stranger.get(path).expect(303);
            assert_eq!(moved.location(), "/docs/");
        }
        let page = stranger.get("/docs/").expect(200);
        assert_eq!(page.header("Content-Type"), Some("text/html"));
        let policy = page.header("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        assert!(!page.text.contains("<script>"), "the policy forbids this");
        for page in [&page, &stranger.get("/docs/index.html").expect(200)] {
            assert!(page.text.contains("<title>Stipple API</title>"), "{page}");
            assert_eq!(page.text.matches("<title>").count(), 1, "{page}");
        }
        for text in [
            page.text.clone(),
            stranger
                .get("/docs/swagger-initializer.js")
                .expect(200)
                .text,
        ] {
            for foreign in ["http://", "https://", "src=\"//", "href=\"//"] {
                assert!(!text.contains(foreign), "{foreign} in {text}");
            }
        }
        let files: Vec<&str> = page
            .text
            .split("src=\"")
            .skip(1)
            .chain(page.text.split("href=\"").skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(files.len() >= 4, "{files:?}");
        for file in files {
            stranger
                .get(&format!("/docs/{}", file.trim_start_matches("./")))
                .expect(200);
        }
        let initializer = stranger.get("/docs/swagger-initializer.js").text;
        assert!(initializer.contains("/openapi.json"), "{initializer}");
        stranger.get("/docs/nothing.js").expect(404);
    });
}

#[test]
fn a_stopping_server_answers_what_is_under_way_and_takes_nothing_new() {
    for engine in engines() {
        let mut server = TestServer::start(engine);
        let studio_id = server.studio().id();
        let address = server.address();
        // A connection that is kept alive must not hold the stop up.
        server.get("/v1/studios").expect(200);
        let answered = std::thread::scope(|scope| {
            let (server, studio_id) = (&server, &studio_id);
            let writers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(move || {
                        server
                            .post("/v1/clients", &new_client(studio_id))
                            .expect(201)
                            .id()
                    })
                })
                .collect();
            let answered: Vec<String> = writers
                .into_iter()
                .map(|writer| writer.join().unwrap())
                .collect();
            server.stopper()();
            answered
        });
        let took = server.stop();
        assert!(took < Duration::from_secs(5), "stopping took {took:?}");
        assert!(TcpStream::connect(address).is_err());
        let store = server.database().open(server.clock.clock());
        for id in answered {
            let id: uuid::Uuid = id.parse().unwrap();
            store
                .read_blocking(|db| {
                    stipple_shared::storage::clients::Client::find_in(
                        db,
                        &stipple_shared::storage::Scope::all(),
                        id.into(),
                    )
                })
                .unwrap();
        }
    }
}

#[test]
fn a_request_that_arrives_slowly_ends_before_the_server_does() {
    use std::io::{Read as _, Write as _};
    for engine in engines() {
        let mut server = TestServer::start(engine);
        let studio_id = server.studio().id();
        let body = new_client(&studio_id).to_string();
        let secret = &server.key(stipple_shared::domain::Role::Owner).secret;
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream
            .write_all(
                format!(
                    "POST /v1/clients HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\
                     Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                )
                .as_bytes(),
            )
            .unwrap();
        // Half of it is there when the server is told to stop.
        let (first, second) = body.as_bytes().split_at(body.len() / 2);
        stream.write_all(first).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let stop = server.stopper();
        let stopping = std::thread::spawn(stop);
        std::thread::sleep(Duration::from_millis(300));
        stream.write_all(second).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["studio_id"], json!(studio_id));
        stopping.join().unwrap();
        server.stop();
    }
}
