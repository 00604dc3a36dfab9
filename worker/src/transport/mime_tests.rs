//! The bytes, read by another library.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mail_parser::{Message, MessageParser, MimeHeaders};
use stipple_shared::domain::Instant;
use stipple_shared::mail::{Calendar, Method, RenderedMail};

use super::build;
use crate::transport::{Outcome, OutgoingMail};

fn mail() -> OutgoingMail {
    OutgoingMail {
        from: "post@studio.example".into(),
        reply_to: Some("desk@studio.example".into()),
        to: "alex@client.example".into(),
        message_id: "<mail-0198@studio.example>".into(),
        date: Instant::parse("2026-11-22T08:00:00Z").unwrap(),
        content: RenderedMail {
            sender_name: "Studio Nine".into(),
            subject: "Réservé : rendez-vous, mercredi 25 novembre 2026, 10:00".into(),
            preheader: "mercredi".into(),
            text: "Bonjour,\n.\nÀ bientôt\n".into(),
            html: "<!DOCTYPE html><p>À bientôt</p>".into(),
            calendar: Some(Calendar {
                method: Method::Cancel,
                body: "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n".into(),
            }),
            list_unsubscribe: None,
        },
        list_unsubscribe: None,
    }
}

fn parsed(mail: &OutgoingMail) -> Message<'static> {
    let built = build(mail, None)
        .map_err(|outcome| format!("{outcome:?}"))
        .unwrap();
    assert!(built.bytes.is_ascii() || built.needs_smtp_utf8());
    MessageParser::default()
        .parse(&built.bytes)
        .unwrap()
        .into_owned()
}

#[test]
fn another_library_reads_the_three_alternatives_in_their_order() {
    let message = parsed(&mail());
    let types: Vec<String> = message
        .parts
        .iter()
        .filter_map(|part| part.content_type())
        .map(|it| format!("{}/{}", it.ctype(), it.subtype().unwrap_or_default()))
        .collect();
    assert_eq!(
        types,
        [
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar"
        ]
    );
    let calendar = message.parts.last().unwrap();
    let content_type = calendar.content_type().unwrap();
    assert_eq!(content_type.attribute("method"), Some("CANCEL"));
    assert_eq!(content_type.attribute("charset"), Some("utf-8"));
    let body = calendar.text_contents().unwrap();
    assert!(body.contains("METHOD:CANCEL"));
    assert_eq!(message.subject(), Some(mail().content.subject.as_str()));
    assert_eq!(message.message_id(), Some("mail-0198@studio.example"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-22T08:00:00Z");
    assert_eq!(
        message.body_text(0).unwrap().lines().nth(2),
        Some("À bientôt")
    );
    let from = message.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("Studio Nine"), Some("post@studio.example"))
    );
    assert_eq!(
        message.reply_to().unwrap().first().unwrap().address(),
        Some("desk@studio.example")
    );
    assert_eq!(
        message.header_raw("Auto-Submitted").map(str::trim),
        Some("auto-generated")
    );
    assert!(message.header("List-Unsubscribe").is_none());
}

#[test]
fn the_same_mail_gives_the_same_bytes() {
    let bytes = || build(&mail(), None).map(|built| built.bytes).ok();
    assert_eq!(bytes(), bytes());
}

#[test]
fn one_click_needs_both_headers_and_a_safe_address() {
    let mut mail = mail();
    let long = format!("https://stipple.example/u/{}", "a1B2".repeat(40));
    mail.list_unsubscribe = Some(long.clone());
    let message = parsed(&mail);
    let raw = message.header_raw("List-Unsubscribe").unwrap();
    assert_eq!(
        raw.split_whitespace().collect::<String>(),
        format!("<{long}>")
    );
    assert_eq!(
        message.header_raw("List-Unsubscribe-Post").map(str::trim),
        Some("List-Unsubscribe=One-Click")
    );
    mail.list_unsubscribe = Some("https://a.example/\r\nBcc: x@example.com".into());
    assert!(parsed(&mail).header("List-Unsubscribe").is_none());
    // RFC 8058 knows https alone.
    mail.list_unsubscribe = Some("http://stipple.example/u/a1B2".into());
    let message = parsed(&mail);
    assert!(message.header("List-Unsubscribe").is_none());
    assert!(message.header("List-Unsubscribe-Post").is_none());
}

#[test]
fn nothing_that_comes_in_can_add_a_header() {
    let mut mail = mail();
    mail.content.subject = "Booked\r\nBcc: x@example.com".into();
    mail.content.sender_name = "Studio\r\nBcc: y@example.com\u{0} \"Nine\"".into();
    mail.reply_to = Some("desk@studio.example\r\nBcc: z@example.com".into());
    let message = parsed(&mail);
    assert!(message.bcc().is_none() && message.reply_to().is_none());
    assert_eq!(message.subject(), Some("Booked Bcc: x@example.com"));
    for wrong in [
        "a@b.example\r\nBcc: x@example.com",
        "a b@c.example",
        "a@",
        "<a@b.example>",
    ] {
        mail.to = wrong.into();
        assert!(
            matches!(build(&mail, None), Err(Outcome::Permanent { .. })),
            "{wrong}"
        );
    }
    mail.to = "alex@client.example".into();
    for wrong in [
        "../up@studio.example",
        "a\r\nb@studio.example",
        "a",
        ".a@b.example",
    ] {
        mail.message_id = wrong.into();
        assert!(
            matches!(build(&mail, None), Err(Outcome::Permanent { .. })),
            "{wrong}"
        );
    }
    mail.from = "nobody".into();
    assert!(matches!(
        build(&mail, None),
        Err(Outcome::Configuration { .. })
    ));
}

#[test]
fn a_foreign_domain_is_written_in_ascii() {
    let mut mail = mail();
    mail.to = "joerg@exämple.example".into();
    let built = build(&mail, None)
        .map_err(|outcome| format!("{outcome:?}"))
        .unwrap();
    assert_eq!(built.to.to_string(), "joerg@xn--exmple-cua.example");
    assert!(!built.needs_smtp_utf8());
    mail.to = "jörg@client.example".into();
    assert!(build(&mail, None).is_ok_and(|built| built.needs_smtp_utf8()));
}
