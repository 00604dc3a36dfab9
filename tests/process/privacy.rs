//! Nothing about a person leaves by the side doors: log, metrics, URLs, and what a mailbox or a calendar shows.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use stipple_test_support::smtp_server::{Script, SmtpServer};

use crate::process::{Place, Serving, agent};

/// Words that occur nowhere else; each stands for one kind of thing that must stay inside.
const MARKERS: [&str; 9] = [
    "Quixoticmarker",
    "Zephyrmarker",
    "markermail",
    "7946010199",
    "Markernotes",
    "MARKERLOT",
    "Markersubject",
    "markerreason",
    "Markerxternal",
];

/// The markers that stand in a text, whatever its case.
fn found(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let stands = |marker: &&str| text.contains(&marker.to_lowercase());
    MARKERS.into_iter().filter(stands).collect()
}

/// An SMTP server that refuses every recipient and repeats their address in doing so.
fn echoing_server() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let Ok(copy) = stream.try_clone() else {
                continue;
            };
            let _greeted = stream.write_all(b"220 hello\r\n");
            for line in BufReader::new(copy).lines() {
                let Ok(line) = line else { break };
                let answer = match line.get(..4) {
                    Some("EHLO" | "HELO") => "250 fine".to_owned(),
                    Some("MAIL") => "250 fine".to_owned(),
                    _ => format!("550 5.1.1 no such person: {line}"),
                };
                if stream
                    .write_all(format!("{answer}\r\n").as_bytes())
                    .is_err()
                {
                    break;
                }
            }
        }
    });
    format!("smtp://{address}")
}

/// Sends requests and remembers each address that it saw.
struct Story<'a> {
    serving: &'a Serving,
    key: &'a str,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Story<'_> {
    fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(self.serving.url(path))
            .header("Authorization", format!("Bearer {}", self.key))
            .header("If-Match", "*")
            .header(
                "Content-Type",
                if method == "PATCH" {
                    "application/merge-patch+json"
                } else {
                    "application/json"
                },
            );
        let watcher = self.serving.watcher();
        watcher.sent("application/json", body.as_bytes());
        let sent = match method {
            "GET" => agent().run(request.body(()).unwrap()),
            _ => agent().run(request.body(body.to_owned()).unwrap()),
        };
        let mut answer = sent.unwrap();
        let mut seen = self.seen.lock().unwrap();
        seen.push(path.to_owned());
        for name in ["location", "link", "x-request-id"] {
            if let Some(value) = answer.headers().get(name) {
                seen.push(value.to_str().unwrap().to_owned());
                watcher.url(value.to_str().unwrap());
            }
        }
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::Null),
        )
    }

    fn made(&self, path: &str, body: &Value) -> String {
        let (status, json) = self.send("POST", path, &body.to_string());
        assert_eq!(status, 201, "{json}");
        json["id"].as_str().unwrap().to_owned()
    }
}

/// What a studio does on a day, with markers wherever something about a person can stand.
fn play(story: &Story<'_>) {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let week = days.map(|day| json!({"weekday": day, "from": "00:00", "until": "24:00"}));
    let studio = story.made("/v1/studios", &json!({
        "name": "Studio", "sender_name": "Studio", "time_zone": "Etc/UTC", "opening_hours": week, "quiet_hours": null,
    }));
    let hours = days
        .map(|day| json!({"studio_id": studio, "weekday": day, "from": "00:00", "until": "24:00"}));
    let practitioner = story.made(
        "/v1/practitioners",
        &json!({"name": "Kit", "working_hours": hours}),
    );
    let client = story.made("/v1/clients", &json!({
        "studio_id": studio, "given_name": "Quixoticmarker", "family_name": "Zephyrmarker",
        "email": "alex.markermail@example.com", "telephone": "+44 7946010199", "notes": "Markernotes: scar",
        "external_id": "Markerxternal-1",
    }));
    story.send(
        "POST",
        "/v1/clients",
        &json!({"studio_id": studio, "given_name": "Zephyrmarker",
        "family_name": "Two", "external_id": "Markerxternal-1"})
        .to_string(),
    );
    let session = story.made("/v1/sessions", &json!({
        "client_id": client, "kind": "consultation", "duration_minutes": 60, "practitioner_id": practitioner,
        "booking": {"starts_at": Utc::now() + TimeDelta::days(3)},
    }));
    // Bodies that are wrong in several ways, each with something that must not be repeated anywhere but in the answer.
    for body in [
        r#"{"given_name": "Quixoticmarker""#,
        r#"{"given_name": {"Zephyrmarker": 1}}"#,
        r#"{"email": "markermail at example.com", "studio_id": "Quixoticmarker"}"#,
        r#"["Markernotes"]"#,
    ] {
        let (status, _) = story.send("POST", "/v1/clients", body);
        assert!((400..500).contains(&status), "{status}");
    }
    story.send(
        "POST",
        &format!("/v1/studios/{studio}/mail-templates"),
        &json!({"language": "en", "step": "final_reminder", "subject": "Markersubject {{ x"})
            .to_string(),
    );
    story.send(
        "POST",
        &format!("/v1/sessions/{session}/cancel"),
        &json!({"by": "markerreason", "reason": "markerreason"}).to_string(),
    );
    story.send(
        "POST",
        "/v1/lots",
        &json!({"code": "MARKERLOT-7"}).to_string(),
    );
    story.send(
        "PATCH",
        &format!("/v1/clients/{client}"),
        &json!({"notes": "Markernotes again"}).to_string(),
    );
    story.send("GET", "/v1/clients?limit=1", "");
    let sought = json!({"text": "quixoticmarker ZEPHYRMARKER 7946010199", "limit": 1});
    let (status, body) = story.send("POST", "/v1/clients/search", &sought.to_string());
    assert_eq!(
        (status, body["data"].as_array().map(Vec::len)),
        (200, Some(1))
    );
    let wrong = json!({"text": "quixoticmarker", "cursor": "zephyrmarker", "limit": "markernotes"});
    story.send("POST", "/v1/clients/search", &wrong.to_string());
    story.send("GET", &format!("/v1/clients/{client}/timeline"), "");
    story.send("GET", "/v1/audit-events?limit=2", "");
    story.send("GET", "/v1/audit-events/export", "");
    story.send("GET", "/v1/access-events", "");
    story.send("GET", &format!("/v1/sessions/{session}/history"), "");
}

/// Waits until the log says so.
fn wait_for(serving: &Serving, text: &str) {
    let began = Instant::now();
    while !serving.log().contains(text) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{text} was never logged"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Plays the story with this mail server; answers the log, the figures, and the addresses.
fn told_by(smtp: &str) -> (String, String, Vec<String>) {
    let place = Place::new();
    let mut command = place.command(&["up"]);
    command
        .env("STIPPLE_LOG", "trace")
        .env("STIPPLE_SMTP_URL", smtp)
        .env("STIPPLE_MAIL_FROM", "studio@example.com");
    let mut serving = place.serve(command);
    serving.wait_until_ready();
    let key = place.read("stipple-data/owner.key").trim().to_owned();
    let story = Story {
        serving: &serving,
        key: &key,
        seen: Arc::default(),
    };
    play(&story);
    wait_for(&serving, "a mail was tried");
    let metrics = agent()
        .get(serving.url("/metrics"))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let seen = story.seen.lock().unwrap().clone();
    serving.signal("TERM");
    assert!(serving.wait_until_ended().success());
    (serving.log(), metrics, seen)
}

#[test]
fn nothing_about_a_person_leaves_by_the_side_doors() {
    let mails = SmtpServer::start(Script::default()).unwrap();
    for smtp in [mails.url(), echoing_server()] {
        let (log, metrics, seen) = told_by(&smtp);
        assert!(log.lines().count() > 50, "the log wasn't talkative");
        let telling: Vec<&str> = log.lines().filter(|line| !found(line).is_empty()).collect();
        assert_eq!(telling, Vec::<&str>::new());
        assert_eq!(found(&metrics), Vec::<&str>::new());
        assert_eq!(found(&seen.join("\n")), Vec::<&str>::new());
    }
    // The mail itself does speak to the client: the search would find what it looks for.
    let mails = mails.complete();
    let mail = mails.first().unwrap();
    let message = MessageParser::default().parse(&mail.bytes).unwrap();
    assert_eq!(found(&message.body_text(0).unwrap()), ["Quixoticmarker"]);
    assert_eq!(found(&mail.to.join(" ")), ["markermail"]);
    assert_eq!(found(message.subject().unwrap()), Vec::<&str>::new());
    assert_eq!(
        found(message.from().unwrap().first().unwrap().name().unwrap()),
        Vec::<&str>::new()
    );
    let calendar = message.parts.last().unwrap().text_contents().unwrap();
    assert!(calendar.contains("BEGIN:VCALENDAR"));
    // It names who is invited, as RFC 5546 wants, by the address that the mail goes to and by nothing else.
    assert_eq!(found(calendar), ["markermail"]);
    let attendees = calendar.lines().filter(|line| !found(line).is_empty());
    assert!(
        attendees
            .clone()
            .all(|line| line.starts_with("ATTENDEE;RSVP=FALSE:mailto:"))
    );
    assert_eq!(attendees.count(), 1);
    let html = message.body_html(0).unwrap();
    let preheader = html
        .split("mso-hide:all\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    assert!(!preheader.is_empty());
    assert_eq!(found(&preheader), Vec::<&str>::new());
}
