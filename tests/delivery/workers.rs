//! Several workers on one database, whose clocks differ: each mail comes once.

use std::collections::HashMap;

use chrono::TimeDelta;
use stipple_shared::Clock;
use stipple_test_support::Engine as Database;
use stipple_test_support::salon::{self, LedgerMail, Salon};
use stipple_test_support::smtp_server::{Script, SmtpServer};
use stipple_test_support::{TestDatabase, engines};
use stipple_worker::Engine;
use stipple_worker::transport::Timeouts;

use crate::place::{options, run, shifted};

/// How many reminders are due: more in the long proofs.
fn due() -> usize {
    std::env::var("STIPPLE_TEST_DUE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(600)
}

/// So many workers, each with a store of its own as in a process of its own, drain what is due.
fn each_comes_once(database: Database, clocks: &[i64]) {
    let place = TestDatabase::create(database);
    let due = due();
    let store = place.open(Clock::system());
    let salon = Salon::open(&store);
    // Early enough for the slowest clock, and far enough that nothing else comes due.
    let early = place.open(shifted(&Clock::system(), TimeDelta::minutes(-6)));
    let from = Clock::system().now() + TimeDelta::days(40);
    salon.book_many(&early, due, from);
    let server = SmtpServer::start(Script::default()).unwrap();
    let mut options = options(&server.url());
    options.timeouts = Timeouts::default();
    options.slots = 2;
    options.mails_per_tick = 20;
    let began = std::time::Instant::now();
    run(async {
        let working: Vec<_> = clocks
            .iter()
            .map(|minutes| {
                let clock = shifted(&Clock::system(), TimeDelta::minutes(*minutes));
                let worker = Engine::new(place.open(clock), options.clone());
                tokio::spawn(async move {
                    let mut sent = 0;
                    let mut idle = 0;
                    while idle < 3 {
                        let outcome = worker.tick().await.unwrap();
                        sent += outcome.sent;
                        idle = if outcome.is_idle() { idle + 1 } else { 0 };
                    }
                    sent
                })
            })
            .collect();
        let mut shares = Vec::new();
        for worker in working {
            shares.push(worker.await.unwrap());
        }
        println!(
            "{database:?}, {} workers, clocks {clocks:?} minutes off: {due} due in {:.1} s, shares {shares:?}",
            clocks.len(),
            began.elapsed().as_secs_f64(),
        );
    });
    let mails: Vec<LedgerMail> = salon::mails(&store);
    assert_eq!(mails.len(), due);
    assert!(
        mails
            .iter()
            .all(|mail| mail.state == "sent" && !mail.possibly_delivered)
    );
    let mut received: HashMap<Vec<u8>, usize> = HashMap::new();
    for mail in server.accepted() {
        *received.entry(message_id(&mail.bytes)).or_default() += 1;
    }
    assert_eq!(received.len(), due);
    assert!(received.values().all(|copies| *copies == 1));
}

fn message_id(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let line = text
        .lines()
        .find(|line| line.starts_with("Message-ID:"))
        .unwrap();
    line.as_bytes().to_vec()
}

#[test]
fn two_on_one_sqlite_file() {
    each_comes_once(Database::Sqlite, &[-5, 5]);
}

#[test]
fn two_and_four_on_one_postgres() {
    if engines().contains(&Database::Postgres) {
        each_comes_once(Database::Postgres, &[-5, 5]);
        each_comes_once(Database::Postgres, &[-5, 0, 2, 5]);
    }
}
