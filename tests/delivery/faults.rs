//! Every fault in every phase, once and for good: what the ledger says, how many attempts it took, and what a recipient
//! got.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use rustls::ServerConfig;
use stipple_shared::storage::Store;
use stipple_test_support::certificates::Certificates;
use stipple_test_support::salon::{self, Salon};
use stipple_test_support::smtp_server::{At, Fault, Script, SmtpServer};
use stipple_test_support::{Engine as Database, TestClock, TestDatabase};
use stipple_worker::Engine;
use stipple_worker::transport::{SmtpUrl, Target};

use crate::place::{Place, options, run};

/// What a fault is to be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Nothing was taken, and another attempt may succeed.
    Transient,
    /// This mail will never be taken.
    Permanent,
    /// Our settings are wrong, and no mail is to pay for it.
    Settings,
    /// The answer was lost, before the content was whole or after it.
    Lost { taken: bool },
}

#[derive(Clone)]
struct Case {
    at: At,
    fault: Fault,
    class: Class,
    tls: &'static str,
    certificate: Option<Arc<ServerConfig>>,
    name: String,
}

const DRIP: Fault = Fault::Drip(Duration::from_millis(300));

fn plain(at: At, fault: Fault, class: Class) -> Case {
    Case {
        at,
        fault,
        class,
        tls: "none",
        certificate: None,
        name: format!("{fault:?}"),
    }
}

fn cases(certificates: &Certificates) -> Vec<Case> {
    use Class::{Lost, Permanent, Settings, Transient};
    use Fault::{Drop, Garbage, Reply, Stall};
    let mut cases = Vec::new();
    let phases = [
        (At::Greeting, Transient),
        (At::Ehlo, Transient),
        (At::Auth, Settings),
        (At::Mail, Settings),
        (At::Rcpt, Permanent),
        (At::Data, Permanent),
    ];
    for (at, refused) in phases {
        for fault in [Stall, Drop, DRIP, Garbage, Reply(421), Reply(451)] {
            cases.push(plain(at, fault, Transient));
        }
        cases.push(plain(at, Reply(554), refused));
    }
    for fault in [Stall, Drop] {
        cases.push(plain(At::Content, fault, Lost { taken: false }));
    }
    for fault in [Stall, Drop, DRIP, Garbage] {
        cases.push(plain(At::AfterDot, fault, Lost { taken: true }));
    }
    cases.extend([
        plain(At::AfterDot, Reply(421), Transient),
        plain(At::AfterDot, Reply(451), Transient),
        plain(At::AfterDot, Reply(552), Permanent),
        plain(At::AfterDot, Reply(554), Permanent),
        plain(At::Auth, Reply(535), Settings),
        plain(At::Mail, Reply(530), Settings),
        plain(At::Mail, Reply(552), Permanent),
        plain(At::Rcpt, Reply(530), Settings),
    ]);
    let starttls = |at, fault, class, certificate: &Arc<ServerConfig>, name: &str| Case {
        tls: "required",
        certificate: Some(Arc::clone(certificate)),
        name: name.to_owned(),
        ..plain(at, fault, class)
    };
    let right = &certificates.right;
    for fault in [Stall, Drop, DRIP, Garbage, Reply(454)] {
        let name = format!("{fault:?}");
        cases.push(starttls(At::Starttls, fault, Transient, right, &name));
    }
    for fault in [Stall, Drop] {
        let name = format!("{fault:?}");
        cases.push(starttls(At::Handshake, fault, Transient, right, &name));
    }
    let handshake =
        |fault, certificate, name| starttls(At::Handshake, fault, Settings, certificate, name);
    cases.push(handshake(Garbage, right, "Garbage"));
    // No fault but the certificate itself: the place of the fault is one that nothing reaches.
    for (certificate, name) in [
        (&certificates.other_host, "certificate of another host"),
        (&certificates.expired, "certificate that has ended"),
        (
            &certificates.unknown_authority,
            "certificate of an unknown authority",
        ),
    ] {
        cases.push(starttls(At::Noop, Drop, Settings, certificate, name));
    }
    cases
}

/// What came of a case.
struct Row {
    case: Case,
    lasts: bool,
    state: String,
    reason: String,
    attempts: i32,
    copies: usize,
    reminder: String,
    tasks: i64,
    alarmed: bool,
}

async fn play(template: &TestDatabase, authority: &str, case: Case, lasts: bool) -> Row {
    let (database, clock) = (template.copy(), TestClock::new());
    let store = database.open(clock.clock());
    let script = Script {
        fault: Some((case.at, case.fault)),
        faulty_connections: (!lasts).then_some(1),
        offers_starttls: case.certificate.is_some(),
        ..Script::default()
    };
    let is_certificate = case.at == At::Noop;
    let server = SmtpServer::start_with(script, case.certificate.clone()).unwrap();
    let url = format!("{}?tls={}", server.url(), case.tls).replace("//", "//desk:secret@");
    let url = SmtpUrl::parse(&url).unwrap();
    let mut options = options("file:nowhere");
    options.target = Some(Target::Smtp(url.trusting(authority.as_bytes()).unwrap()));
    let engine = Engine::new(store.clone(), options.clone());
    let place = Place {
        salon: salon_of(&store),
        clock,
        store,
        database,
    };
    engine.tick().await.unwrap();
    let alarmed = !salon::alarms(&place.store).is_empty();
    if is_certificate && !lasts {
        // Somebody mends the server: another one with the right certificate, for which this one is asked no more.
        return mended(&place, case, authority, alarmed).await;
    }
    place.settle(&engine, 80).await;
    row(&place, case, lasts, alarmed, server.accepted().len())
}

async fn mended(place: &Place, case: Case, authority: &str, alarmed: bool) -> Row {
    let certificates = MENDED.get_or_init(Certificates::make);
    let script = Script {
        offers_starttls: true,
        ..Script::default()
    };
    let server = SmtpServer::start_with(script, Some(Arc::clone(&certificates.right))).unwrap();
    let url = SmtpUrl::parse(&format!("{}?tls=required", server.url())).unwrap();
    let both = format!("{authority}{}", certificates.authority_pem);
    let mut options = options("file:nowhere");
    options.target = Some(Target::Smtp(url.trusting(both.as_bytes()).unwrap()));
    let engine = Engine::new(place.store.clone(), options);
    place.clock.advance(TimeDelta::minutes(3));
    place.settle(&engine, 80).await;
    row(place, case, false, alarmed, server.accepted().len())
}

static MENDED: std::sync::OnceLock<Certificates> = std::sync::OnceLock::new();

fn salon_of(_store: &Store) -> Salon {
    // Nobody books anything more here.
    Salon {
        studio_id: stipple_shared::domain::StudioId::new(),
        practitioner_id: stipple_shared::domain::PractitionerId::new(),
    }
}

fn row(place: &Place, case: Case, lasts: bool, alarmed: bool, copies: usize) -> Row {
    let mails = salon::mails(&place.store);
    assert_eq!(mails.len(), 1, "{:?} {}", case.at, case.name);
    let mail = mails.into_iter().next().unwrap();
    Row {
        lasts,
        state: mail.state,
        reason: mail.reason.unwrap_or_default(),
        attempts: mail.attempts,
        copies,
        reminder: salon::reminder_states(&place.store)
            .into_iter()
            .map(|(state, _)| state)
            .filter(|state| state != "superseded")
            .collect::<Vec<_>>()
            .join(" "),
        tasks: salon::open_tasks(&place.store),
        alarmed,
        case,
    }
}

/// What must have come of it: the state, the fewest and most attempts, the copies, the tasks, whether an alarm showed.
fn expected(class: Class, lasts: bool) -> (&'static str, [i32; 2], usize, i64, bool) {
    match (class, lasts) {
        (Class::Transient, false) => ("sent", [2, 2], 1, 0, false),
        (Class::Transient, true) => ("expired", [4, 20], 0, 0, false),
        (Class::Permanent, _) => ("failed", [1, 1], 0, 1, false),
        (Class::Settings, false) => ("sent", [1, 1], 1, 0, true),
        (Class::Settings, true) => ("expired", [0, 0], 0, 0, true),
        (Class::Lost { taken }, false) => ("ambiguous", [2, 2], 1 + usize::from(taken), 0, false),
        (Class::Lost { taken }, true) => ("ambiguous", [2, 2], 2 * usize::from(taken), 1, false),
    }
}

#[test]
fn every_fault_in_every_phase_leaves_the_ledger_right() {
    let template = TestDatabase::create(Database::Sqlite);
    {
        let clock = TestClock::new();
        let store = template.open(clock.clock());
        let salon = Salon::open(&store);
        let client = salon.client(&store, "kim@example.com");
        salon.book(&store, client, clock.now() + TimeDelta::minutes(50));
    }
    let certificates = Certificates::make();
    let authority = certificates.authority_pem.as_str();
    let cases = cases(&certificates);
    let rows = run(async {
        let playing = cases.into_iter().flat_map(|case| {
            [false, true].map(|lasts| play(&template, authority, case.clone(), lasts))
        });
        futures_util::future::join_all(playing).await
    });
    println!(
        "{:<10} {:<36} {:<5} {:<10} {:<34} {:>8} {:>6} {:<10} {:>5} {:<5}",
        "at",
        "fault",
        "lasts",
        "mail",
        "reason",
        "attempts",
        "copies",
        "reminder",
        "tasks",
        "alarm"
    );
    let mut wrong = Vec::new();
    for row in &rows {
        println!(
            "{:<10} {:<36} {:<5} {:<10} {:<34} {:>8} {:>6} {:<10} {:>5} {:<5}",
            format!("{:?}", row.case.at),
            row.case.name,
            row.lasts,
            row.state,
            row.reason,
            row.attempts,
            row.copies,
            row.reminder,
            row.tasks,
            row.alarmed,
        );
        let (state, attempts, copies, tasks, alarmed) = expected(row.case.class, row.lasts);
        let is_right = row.state == state
            && (attempts[0]..=attempts[1]).contains(&row.attempts)
            && row.copies == copies
            && row.reminder == state
            && row.tasks == tasks
            && row.alarmed == alarmed;
        if !is_right {
            wrong.push(format!(
                "{:?} {} {}: {} after {} attempts, {} copies, {} tasks; not {:?}",
                row.case.at,
                row.case.name,
                if row.lasts { "for good" } else { "once" },
                row.state,
                row.attempts,
                row.copies,
                row.tasks,
                expected(row.case.class, row.lasts),
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} faults", rows.len());
}
