//! What each fault of a server does to an attempt, and what the server then has.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "the table is worth reading")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mail_parser::{MessageParser, MimeHeaders};
use stipple_shared::domain::Instant;
use stipple_shared::mail::{Calendar, Method, RenderedMail};
use stipple_test_support::smtp_server::{At, Fault, Script, SmtpServer};
use stipple_worker::transport::{
    Outcome, OutgoingMail, Phase, SmtpTransport, SmtpUrl, Target, Timeouts, Transport,
};

const LIMIT: Duration = Duration::from_millis(1500);
const DRIP: Fault = Fault::Drip(Duration::from_millis(400));

fn mail() -> OutgoingMail {
    OutgoingMail {
        from: "post@studio.example".into(),
        reply_to: None,
        to: "alex@client.example".into(),
        message_id: "<mail-0198@studio.example>".into(),
        date: Instant::parse("2026-11-22T08:00:00Z").unwrap(),
        content: RenderedMail {
            sender_name: "Studio Nine".into(),
            subject: "Booked: appointment".into(),
            preheader: "Studio Nine".into(),
            text: "Hello,\n.\n..dots\n".into(),
            html: "<!DOCTYPE html><p>Hello</p>".into(),
            calendar: Some(Calendar {
                method: Method::Request,
                body: "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n".into(),
            }),
            list_unsubscribe: None,
        },
        list_unsubscribe: None,
    }
}

fn smtp(url: &str) -> Transport {
    let url = SmtpUrl::parse(url).unwrap();
    let smtp = SmtpTransport::new(url, "studio.example", Timeouts::all(LIMIT), None);
    Transport::Smtp(Box::new(smtp))
}

/// Sends one mail and counts how often the handover was announced.
async fn send(transport: &Transport) -> (Outcome, usize) {
    let announced = AtomicUsize::new(0);
    let outcome = transport
        .send(&mail(), async || {
            announced.fetch_add(1, Ordering::SeqCst);
            Ok::<(), ()>(())
        })
        .await;
    (outcome, announced.into_inner())
}

fn transient(phase: Phase, code: impl Into<Option<u16>>) -> Outcome {
    let code = code.into();
    Outcome::Transient { phase, code }
}

fn permanent(phase: Phase, code: u16) -> Outcome {
    let code = Some(code);
    Outcome::Permanent { phase, code }
}

fn configuration(phase: Phase, code: impl Into<Option<u16>>) -> Outcome {
    let code = code.into();
    Outcome::Configuration { phase, code }
}

/// Phase by fault: the outcome, whether the handover was announced, whether the whole content arrived.
fn table() -> Vec<(At, Fault, Outcome, usize, usize)> {
    use Fault::{Drop, Garbage, Reply, Stall};
    let mut rows = Vec::new();
    let before = [
        (At::Greeting, Phase::Greeting),
        (At::Ehlo, Phase::Greeting),
        (At::Auth, Phase::Auth),
        (At::Mail, Phase::Mail),
        (At::Rcpt, Phase::Rcpt),
    ];
    for (at, phase) in before {
        for fault in [Stall, Drop, Garbage, DRIP] {
            rows.push((at, fault, transient(phase, None), 0, 0));
        }
        rows.push((at, Reply(421), transient(phase, 421), 0, 0));
    }
    for fault in [Stall, Drop, Garbage, DRIP, Reply(250)] {
        rows.push((At::Data, fault, transient(Phase::Data, None), 1, 0));
    }
    let ambiguous = Outcome::Ambiguous {
        phase: Phase::AfterData,
    };
    for fault in [Stall, Drop] {
        rows.push((At::Content, fault, ambiguous, 1, 0));
    }
    for fault in [Stall, Drop, Garbage, DRIP, Reply(354)] {
        rows.push((At::AfterDot, fault, ambiguous, 1, 1));
    }
    rows.extend([
        (
            At::Greeting,
            Reply(554),
            transient(Phase::Greeting, 554),
            0,
            0,
        ),
        (
            At::Greeting,
            Reply(552),
            transient(Phase::Greeting, 552),
            0,
            0,
        ),
        (At::Auth, Reply(535), configuration(Phase::Auth, 535), 0, 0),
        (At::Auth, Reply(534), configuration(Phase::Auth, 534), 0, 0),
        (At::Auth, Reply(454), transient(Phase::Auth, 454), 0, 0),
        (At::Mail, Reply(530), configuration(Phase::Mail, 530), 0, 0),
        (At::Mail, Reply(553), configuration(Phase::Mail, 553), 0, 0),
        (At::Mail, Reply(552), permanent(Phase::Mail, 552), 0, 0),
        (At::Mail, Reply(354), transient(Phase::Mail, None), 0, 0),
        (At::Rcpt, Reply(550), permanent(Phase::Rcpt, 550), 0, 0),
        (At::Rcpt, Reply(450), transient(Phase::Rcpt, 450), 0, 0),
        (At::Rcpt, Reply(530), configuration(Phase::Rcpt, 530), 0, 0),
        (At::Data, Reply(554), permanent(Phase::Data, 554), 1, 0),
        (At::Data, Reply(451), transient(Phase::Data, 451), 1, 0),
        (
            At::AfterDot,
            Reply(451),
            transient(Phase::AfterData, 451),
            1,
            1,
        ),
        (
            At::AfterDot,
            Reply(554),
            permanent(Phase::AfterData, 554),
            1,
            1,
        ),
        (
            At::AfterDot,
            Reply(535),
            configuration(Phase::AfterData, 535),
            1,
            1,
        ),
    ]);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_in_every_phase_has_its_outcome() {
    let mut running = Vec::new();
    for (at, fault, expected, announced, complete) in table() {
        running.push(tokio::spawn(async move {
            let server = SmtpServer::start(Script {
                fault: Some((at, fault)),
                ..Script::default()
            })
            .unwrap();
            let url = server.url().replace("smtp://", "smtp://desk:secret@");
            let (outcome, handovers) = send(&smtp(&url)).await;
            let found = (outcome, handovers, server.complete().len());
            (at, fault, found, (expected, announced, complete), server)
        }));
    }
    println!("phase of the server | fault | outcome | announced | content complete");
    let mut wrong = Vec::new();
    for case in running {
        let (at, fault, found, expected, server) = case.await.unwrap();
        println!(
            "{at:?} | {fault:?} | {:?} | {} | {}",
            found.0, found.1, found.2
        );
        let answer_was_lost = at == At::AfterDot && !matches!(fault, Fault::Reply(_));
        if found != expected || answer_was_lost == server.accepted().is_empty() {
            wrong.push(format!("{at:?} {fault:?}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_good_server_gets_the_mail_whole_and_the_connection_serves_the_next() {
    let server = SmtpServer::start(Script::default()).unwrap();
    let transport = smtp(&server.url());
    for _ in 0..3 {
        assert_eq!(send(&transport).await, (Outcome::Sent, 1));
    }
    transport.close().await;
    assert_eq!(send(&transport).await.0, Outcome::Sent);
    assert_eq!(server.connections(), 2);
    let mails = server.accepted();
    assert_eq!(mails.len(), 4);
    assert!(
        mails.iter().all(|mail| mail == &mails[0]),
        "one mail, the same bytes"
    );
    assert_eq!(mails[0].from, "post@studio.example");
    assert_eq!(mails[0].to, ["alex@client.example"]);
    let message = MessageParser::default().parse(&mails[0].bytes).unwrap();
    assert_eq!(message.message_id(), Some("mail-0198@studio.example"));
    assert!(
        message
            .body_text(0)
            .unwrap()
            .starts_with("Hello,\r\n.\r\n..dots")
    );
    let calendar = message.parts.last().unwrap();
    let method = calendar
        .content_type()
        .unwrap()
        .attribute("method")
        .unwrap();
    assert!(
        calendar
            .text_contents()
            .unwrap()
            .contains(&format!("METHOD:{method}"))
    );
}

#[tokio::test]
async fn an_idle_connection_that_died_costs_nothing() {
    for script in [
        Script {
            mails_per_connection: Some(1),
            ..Script::default()
        },
        Script {
            fault: Some((At::Noop, Fault::Reply(421))),
            ..Script::default()
        },
        Script {
            fault: Some((At::Noop, Fault::Stall)),
            ..Script::default()
        },
    ] {
        let server = SmtpServer::start(script).unwrap();
        let transport = smtp(&server.url());
        for _ in 0..2 {
            assert_eq!(send(&transport).await, (Outcome::Sent, 1), "{script:?}");
        }
        assert_eq!(server.connections(), 2, "{script:?}");
        assert_eq!(server.accepted().len(), 2, "{script:?}");
    }
}

#[tokio::test]
async fn a_failure_does_not_poison_the_next_attempt() {
    let server = SmtpServer::start(Script {
        fault: Some((At::Rcpt, Fault::Reply(450))),
        faulty_connections: Some(1),
        ..Script::default()
    })
    .unwrap();
    let transport = smtp(&server.url());
    assert_eq!(send(&transport).await.0, transient(Phase::Rcpt, 450));
    assert_eq!(send(&transport).await.0, Outcome::Sent);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn nothing_is_handed_over_when_the_ledger_cannot_record_it() {
    let server = SmtpServer::start(Script::default()).unwrap();
    let transport = smtp(&server.url());
    let outcome = transport.send(&mail(), async || Err("disk full")).await;
    assert_eq!(outcome, transient(Phase::Data, None));
    assert!(!server.commands().contains(&"DATA".to_owned()));
    assert!(server.complete().is_empty());
}

#[tokio::test]
async fn wrong_settings_are_told_apart_from_bad_luck() {
    let plain = SmtpServer::start(Script::default()).unwrap();
    let offering = SmtpServer::start(Script {
        offers_starttls: true,
        ..Script::default()
    })
    .unwrap();
    let refusing = SmtpServer::start(Script {
        offers_starttls: true,
        fault: Some((At::Starttls, Fault::Reply(454))),
        ..Script::default()
    })
    .unwrap();
    let silent = SmtpServer::start(Script {
        fault: Some((At::Greeting, Fault::Stall)),
        ..Script::default()
    })
    .unwrap();
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let tls = |server: &SmtpServer, mode: &str| format!("{}?tls={mode}", server.url());
    let implicit = |server: &SmtpServer| format!("smtps://{}", server.address());
    let cases = [
        (tls(&plain, "required"), configuration(Phase::Tls, None)),
        (tls(&plain, "opportunistic"), Outcome::Sent),
        (tls(&offering, "none"), Outcome::Sent),
        (
            tls(&offering, "opportunistic"),
            configuration(Phase::Tls, None),
        ),
        (tls(&refusing, "required"), transient(Phase::Tls, 454)),
        (implicit(&plain), configuration(Phase::Tls, None)),
        (implicit(&silent), transient(Phase::Tls, None)),
        (format!("smtp://{closed}"), transient(Phase::Connect, None)),
        (format!("smtps://{closed}"), transient(Phase::Connect, None)),
        (
            "smtp://nowhere.invalid".to_owned(),
            configuration(Phase::Connect, None),
        ),
    ];
    for (url, expected) in cases {
        assert_eq!(send(&smtp(&url)).await.0, expected, "{url}");
    }
}

#[tokio::test]
async fn a_mail_is_one_file_however_often_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let mails = directory.path().join("mails");
    let target = Target::parse(&format!("file:{}", mails.display())).unwrap();
    let transport = Transport::open(target, "studio.example", Timeouts::default(), None);
    let refused = transport.send(&mail(), async || Err(())).await;
    assert_eq!(refused, transient(Phase::Data, None));
    assert!(!mails.exists());
    for _ in 0..2 {
        assert_eq!(send(&transport).await, (Outcome::Written, 1));
    }
    let names: Vec<_> = std::fs::read_dir(&mails)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["mail-0198.eml"]);
    let bytes = std::fs::read(mails.join("mail-0198.eml")).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), Some("Booked: appointment"));

    std::fs::write(directory.path().join("occupied"), b"").unwrap();
    let target = Target::Files(directory.path().join("occupied"));
    let occupied = Transport::open(target, "studio.example", Timeouts::default(), None);
    assert_eq!(send(&occupied).await.0, configuration(Phase::Data, None));
}
