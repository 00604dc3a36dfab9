//! `kill -9` in the middle of writes and sends: what was acknowledged is there, and nothing is sent twice unless the
//! ledger says that nobody can know.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use stipple_test_support::smtp_server::{Script, SmtpServer};
use ureq::Agent;

use crate::process::{Place, Serving, agent};

/// After so many milliseconds of work the process is killed; the gaps land in different steps of a tick.
const KILLED_AFTER: [u64; 5] = [700, 1900, 2300, 2900, 3600];

fn post(agent: &Agent, base: &Serving, path: &str, key: &str, body: &Value) -> Option<Value> {
    let mut answer = agent
        .post(base.url(path))
        .header("Authorization", format!("Bearer {key}"))
        .header("Content-Type", "application/json")
        .send(body.to_string())
        .ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    let body: Value = serde_json::from_str(&text).ok()?;
    assert_eq!(answer.status().as_u16(), 201, "{body}");
    Some(body)
}

fn all(serving: &Serving, key: &str, path: &str) -> Vec<Value> {
    let agent = agent();
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let url = serving.url(&format!("{path}?limit=200{cursor}"));
        let mut answer = agent
            .get(url)
            .header("Authorization", format!("Bearer {key}"))
            .call()
            .unwrap();
        let page: Value =
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// One studio, open all day, with a practitioner who needs no pause and ten clients.
fn furnish(serving: &Serving, key: &str) -> (String, String, Vec<String>) {
    let agent = agent();
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let week: Vec<Value> = days
        .iter()
        .map(|day| json!({"weekday": day, "from": "00:00", "until": "24:00"}))
        .collect();
    let studio = json!({
        "name": "Killdeer", "sender_name": "Killdeer", "time_zone": "Etc/UTC", "opening_hours": week,
        "quiet_hours": null,
    });
    let studio = id(post(&agent, serving, "/v1/studios", key, &studio));
    let hours: Vec<Value> = week
        .into_iter()
        .map(|mut day| {
            day["studio_id"] = json!(studio);
            day
        })
        .collect();
    let practitioner = json!({"name": "Kit", "working_hours": hours, "buffer_minutes": 0});
    let practitioner = id(post(
        &agent,
        serving,
        "/v1/practitioners",
        key,
        &practitioner,
    ));
    let clients = (0..10)
        .map(|place| {
            let client = json!({
                "studio_id": studio, "given_name": "Kim", "family_name": "Pemberley",
                "email": format!("kim{place}@example.com"),
            });
            id(post(&agent, serving, "/v1/clients", key, &client))
        })
        .collect();
    (studio, practitioner, clients)
}

fn id(made: Option<Value>) -> String {
    made.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_kill_in_the_middle_loses_nothing_and_repeats_nothing_unsaid() {
    let place = Place::new();
    let mails = SmtpServer::start(Script::default()).unwrap();
    let start = || {
        let mut command = place.command(&["up"]);
        command
            .env("STIPPLE_SMTP_URL", mails.url())
            .env("STIPPLE_MAIL_FROM", "studio@example.com");
        let serving = place.serve(command);
        serving.wait_until_ready();
        serving
    };
    let mut serving = start();
    let key = place.read("stipple-data/owner.key").trim().to_owned();
    let (_studio, practitioner, clients) = furnish(&serving, &key);
    let acknowledged = Mutex::new(Vec::new());
    let next = AtomicI64::new(0);
    let first: DateTime<Utc> = Utc::now() + TimeDelta::days(30);
    for killed_after in KILLED_AFTER {
        let stopped = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let agent = agent();
                    while !stopped.load(Ordering::Relaxed) {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let starts_at = first + TimeDelta::minutes(5 * place);
                        let client = &clients[usize::try_from(place).unwrap() % clients.len()];
                        let session = json!({
                            "client_id": client, "kind": "consultation", "duration_minutes": 5,
                            "practitioner_id": practitioner, "booking": {"starts_at": starts_at},
                        });
                        match post(&agent, &serving, "/v1/sessions", &key, &session) {
                            Some(made) => acknowledged.lock().unwrap().push(id(Some(made))),
                            None => break,
                        }
                        std::thread::sleep(Duration::from_millis(20));
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(killed_after));
            serving.signal("KILL");
            stopped.store(true, Ordering::Relaxed);
        });
        serving = start();
        let stored: HashSet<String> = all(&serving, &key, "/v1/sessions")
            .iter()
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect();
        let acknowledged = acknowledged.lock().unwrap();
        let lost: Vec<&String> = acknowledged
            .iter()
            .filter(|id| !stored.contains(*id))
            .collect();
        assert!(
            lost.is_empty(),
            "{} of {} acknowledged are gone",
            lost.len(),
            acknowledged.len()
        );
    }
    // A tick or two of the last process, so that mails go out after the last kill as well.
    std::thread::sleep(Duration::from_secs(5));
    let ledger = all(&serving, &key, "/v1/reminders");
    let mut received: HashMap<String, usize> = HashMap::new();
    for mail in mails.accepted() {
        let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
        *received
            .entry(parsed.message_id().unwrap().to_owned())
            .or_default() += 1;
    }
    assert!(!received.is_empty(), "no mail was ever sent");
    let ambiguous: HashSet<&str> = ledger
        .iter()
        .filter(|row| row["state"] == "ambiguous")
        .filter_map(|row| row["mail_id"].as_str())
        .collect();
    for (message_id, times) in &received {
        let mail_id = message_id.split('@').next().unwrap();
        assert!(
            *times == 1 || ambiguous.contains(mail_id),
            "{message_id} came {times} times"
        );
    }
    for row in ledger.iter().filter(|row| row["state"] == "sent") {
        let mail_id = row["mail_id"].as_str().unwrap();
        let came = received
            .keys()
            .any(|message_id| message_id.starts_with(mail_id));
        assert!(came, "the ledger says sent, and nothing came");
    }
    let booked = acknowledged.lock().unwrap().len();
    println!(
        "{} kills: {booked} bookings acknowledged and none lost; {} mails came, {} of them more than once",
        KILLED_AFTER.len(),
        received.len(),
        received.values().filter(|times| **times > 1).count(),
    );
}
