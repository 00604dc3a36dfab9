//! Every step in every language, and what names and addresses must not be able to do.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use uuid::Uuid;

use super::words::Locale;
use super::*;
use crate::domain::client_page::ClientMay;
use crate::domain::mail_template::{OwnWords, TemplateContent};
use crate::domain::neutral::clinical_word;
use crate::domain::text::{Language, TemplateText};
use crate::domain::{Instant, ReminderStep as Step};

pub(super) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn stamp() -> Instant {
    at("2026-11-22T08:00:00Z")
}

pub(super) fn facts(step: Step) -> MailFacts {
    MailFacts {
        steps: vec![step],
        language: "en".into(),
        client_name: "Alex Example".into(),
        client_email: Some("alex@client.example".into()),
        studio: StudioFacts {
            id: Uuid::from_u128(9),
            sender_name: "Studio Nine".into(),
            service_label: None,
            address: Some("9 Example Street\nLondon".into()),
            telephone: Some("+44 20 7946 0018".into()),
            email: Some("hello@studio.example".into()),
            time_zone: chrono_tz::Europe::London,
            client_may_move: false,
        },
        appointment: Some(AppointmentFacts {
            session_id: Uuid::from_u128(7),
            schedule_version: 3,
            starts_at: at("2026-11-25T10:00:00Z"),
            ends_at: at("2026-11-25T13:00:00Z"),
            cancelled: step == Step::CancelledNotice,
        }),
        previous_start: (step == Step::MovedNotice).then(|| at("2026-11-24T10:00:00Z")),
        has_advice: true,
        care_advice_in_mail: false,
        may: ClientMay {
            confirm: true,
            ask_to_move: true,
            cancel: true,
            ..ClientMay::default()
        },
        links: None,
    }
}

fn unfolded(calendar: &str) -> String {
    calendar.replace("\r\n ", "")
}

#[test]
fn every_step_renders_in_every_language_without_and_with_a_page_and_advice() {
    for step in Step::ALL {
        for locale in Locale::ALL {
            for (page, care) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut facts = facts(*step);
                facts.language = locale.code().into();
                facts.care_advice_in_mail = care;
                facts.links = page.then(|| Links {
                    preferences: "https://book.example.com/my/mails/token".into(),
                    unsubscribe: "https://book.example.com/my/unsubscribe/token".into(),
                    page: "https://stipple.example/c/token?a=1&b=2".into(),
                });
                let mail = render(&facts, stamp()).unwrap();
                let place = format!("{step:?} {locale:?} page {page} care {care}");
                for text in [&mail.subject, &mail.preheader, &mail.text, &mail.html] {
                    assert!(!text.trim().is_empty(), "{place}");
                    assert!(!text.contains("{{") && !text.contains("{%"), "{place}");
                }
                assert!(!mail.text.contains("none"), "{place}");
                let headers = [&mail.subject, &mail.preheader, &mail.sender_name];
                for header in headers {
                    assert_eq!(clinical_word(header), None, "{place}");
                    assert!(!header.contains("Alex"), "{place}");
                }
                assert!(
                    mail.html
                        .contains(&format!("<html lang=\"{}\"", locale.code()))
                );
                assert_eq!(mail.text.contains("https://"), page, "{place}");
                assert_eq!(mail.html.contains("href=\"http"), page, "{place}");
                assert!(mail.text.contains("+44 20 7946 0018"), "{place}");
                assert!(mail.text.contains("9 Example Street, London"), "{place}");
                assert_eq!(mail.calendar.is_some(), step.is_about_the_time(), "{place}");
                let zoned = mail.text.contains("(Europe/London, UTC+00:00)");
                assert_eq!(zoned, step.is_about_the_time(), "{place}");
            }
        }
    }
}

#[test]
fn advice_stands_in_the_body_only_for_those_who_agreed() {
    for step in [Step::Preparation, Step::AftercareDay4, Step::AftercareDay10] {
        for locale in Locale::ALL {
            let mut facts = facts(step);
            facts.language = locale.code().into();
            let care = &locale.table().unwrap().steps[&step].care;
            let without = render(&facts, stamp()).unwrap();
            facts.care_advice_in_mail = true;
            let with = render(&facts, stamp()).unwrap();
            for advice in care {
                assert!(
                    !without.text.contains(advice.as_str()) && with.text.contains(advice.as_str())
                );
            }
            assert_eq!(clinical_word(&without.text), None);
            assert_eq!(clinical_word(&without.html), None);
        }
    }
}

#[test]
fn several_steps_share_a_mail_and_the_first_names_it() {
    let mut facts = facts(Step::ConfirmRequest);
    facts.steps.push(Step::Preparation);
    let mail = render(&facts, stamp()).unwrap();
    assert_eq!(
        mail.subject,
        "Please confirm: appointment, Wednesday 25 November 2026, 10:00"
    );
    assert!(mail.text.contains("whether you will come"));
    assert!(mail.text.contains("in the days before"));
    assert_eq!(mail.text.matches("Until:").count(), 1);
}

#[test]
fn a_name_can_neither_break_the_subject_nor_run_in_the_html() {
    let mut facts = facts(Step::AftercareDay0);
    facts.studio.sender_name = "Nine\r\nBcc: x@example.com".into();
    facts.client_name = "<script>alert(1)</script>\nAlex".into();
    facts.studio.address = Some("<img src=x>\r\nLondon".into());
    let mail = render(&facts, stamp()).unwrap();
    assert_eq!(mail.subject.lines().count(), 1);
    assert!(!mail.subject.contains('\r') && !mail.sender_name.contains('\n'));
    assert!(!mail.html.contains("<script") && !mail.html.contains("<img"));
    assert!(mail.html.contains("&lt;script&gt;"));
    assert!(
        mail.text.contains("<script>"),
        "the plain part escapes nothing"
    );
}

#[test]
fn a_right_to_left_name_is_set_apart() {
    let mut facts = facts(Step::FinalReminder);
    facts.client_name = "דנה".into();
    let mail = render(&facts, stamp()).unwrap();
    assert!(
        mail.text
            .starts_with("See you soon\n\nHello \u{2068}דנה\u{2069},")
    );
    assert!(mail.html.contains("<bdi dir=\"auto\">דנה</bdi>"));
}

#[test]
fn a_telling_studio_name_label_address_or_mailbox_does_not_leave_the_body() {
    let mut facts = facts(Step::FinalReminder);
    facts.studio.sender_name = "The Scalp Clinic".into();
    facts.studio.service_label = Some("SMP session".into());
    facts.studio.address = Some("Hairline House, London".into());
    facts.studio.email = Some("info@scalp.example".into());
    let mail = render(&facts, stamp()).unwrap();
    let calendar = mail.calendar.unwrap().body;
    for text in [&mail.subject, &mail.preheader, &mail.sender_name, &calendar] {
        assert_eq!(clinical_word(text), None, "{text}");
    }
    assert_eq!(mail.sender_name, "Your studio");
    assert!(
        mail.text.contains("Hairline House"),
        "the client must find it"
    );
}

#[test]
fn the_calendar_carries_one_uid_the_version_and_utc_times() {
    let mail = render(&facts(Step::MovedNotice), stamp()).unwrap();
    let calendar = mail.calendar.unwrap();
    assert_eq!(calendar.method, Method::Request);
    let body = unfolded(&calendar.body);
    for line in [
        "METHOD:REQUEST",
        "UID:session-00000000-0000-0000-0000-000000000007@stipple",
        "SEQUENCE:3",
        "DTSTAMP:20261122T080000Z",
        "DTSTART:20261125T100000Z",
        "DTEND:20261125T130000Z",
        "SUMMARY:appointment\\, Studio Nine",
        "LOCATION:9 Example Street\\, London",
        "STATUS:CONFIRMED",
        "ORGANIZER;CN=Studio Nine:mailto:hello@studio.example",
        "ATTENDEE;RSVP=FALSE:mailto:alex@client.example",
    ] {
        assert!(body.lines().any(|it| it == line), "{line} in {body}");
    }
    assert!(!body.contains("VALARM") && !body.contains("Alex"));
    // No line break in an address can add a line to the object.
    let mut crooked = facts(Step::MovedNotice);
    crooked.client_email = Some("a@client.example\r\nX-ADDED:1".into());
    let body = unfolded(&render(&crooked, stamp()).unwrap().calendar.unwrap().body);
    assert!(
        !body.lines().any(|line| line.starts_with("X-ADDED")),
        "{body}"
    );
    assert!(
        mail.text
            .contains("Previously: Tuesday 24 November 2026, 10:00")
    );

    let cancelled = render(&facts(Step::CancelledNotice), stamp()).unwrap();
    let calendar = cancelled.calendar.unwrap();
    assert_eq!(calendar.method.as_str(), "CANCEL");
    for line in ["METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:3"] {
        assert!(calendar.body.contains(line), "{line}");
    }
}

#[test]
fn contradicting_facts_are_refused() {
    let mut none = facts(Step::FinalReminder);
    none.appointment = None;
    let mut off = facts(Step::FinalReminder);
    off.appointment = facts(Step::CancelledNotice).appointment;
    let mut empty = facts(Step::FinalReminder);
    empty.steps.clear();
    let mut script = facts(Step::FinalReminder);
    script.links = Some(Links {
        preferences: String::new(),
        unsubscribe: String::new(),
        page: "javascript:alert(1)".into(),
    });
    for facts in [none, off, empty, script] {
        assert!(render(&facts, stamp()).is_err());
    }
}

#[test]
fn a_frozen_mail_thaws_unchanged_and_debug_shows_nobody() {
    let facts = facts(Step::BookingConfirmation);
    let mail = render(&facts, stamp()).unwrap();
    let frozen = serde_json::to_string(&mail).unwrap();
    assert!(frozen.contains("\"method\":\"REQUEST\""));
    assert!(serde_json::from_str::<RenderedMail>(&frozen).unwrap() == mail);
    let shown = format!("{facts:?} {:?} {mail:?} {:?}", facts.studio, mail.calendar);
    for personal in ["Alex", "Studio Nine", "7946", "Example Street", "2026"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}

pub(super) fn own(language: &str, step: Option<Step>, content: serde_json::Value) -> OwnWords {
    OwnWords {
        language: Language::parse(language).unwrap(),
        step,
        content: serde_json::from_value(content).unwrap(),
    }
}

#[test]
fn a_studios_own_words_come_first_and_the_rest_is_english() {
    let words = serde_json::json!({"greeting": "שלום {{ client_name }},", "when": "מתי"});
    let step =
        serde_json::json!({"subject": "תזכורת: {{ sender_name }}", "body": ["נתראה בקרוב."]});
    let own = [
        own("he", None, serde_json::json!({"words": words})),
        own("he", Some(Step::FinalReminder), step),
    ];
    let mut facts = facts(Step::FinalReminder);
    facts.language = "he-IL".into();
    let mail = render_with(&facts, &own, stamp()).unwrap();
    assert!(mail.html.contains("<html lang=\"he-IL\" dir=\"rtl\">"));
    assert!(
        mail.text
            .starts_with("See you soon\n\nשלום \u{2068}Alex Example\u{2069},")
    );
    assert_eq!(mail.subject, "תזכורת: \u{2068}Studio Nine\u{2069}");
    assert!(mail.text.contains("נתראה בקרוב.") && mail.text.contains("Where: "));
    facts.language = "it".into();
    let mail = render_with(&facts, &own, stamp()).unwrap();
    assert!(mail.html.contains("<html lang=\"en\" dir=\"ltr\">"));
    assert!(mail.text.starts_with("See you soon\n\nHello Alex Example,"));
}

#[test]
fn a_mail_stays_light_and_calls_nothing() {
    for step in Step::ALL {
        let mut facts = facts(*step);
        facts.steps.push(Step::AftercareDay10);
        facts.care_advice_in_mail = true;
        facts.client_name = "x".repeat(200);
        facts.studio.address = Some("Long Street\n".repeat(20));
        let mail = render(&facts, stamp()).unwrap();
        assert!(mail.html.len() < 30_000, "{}", mail.html.len());
        for outside in ["<img", "<script", "<link", "@import", "url("] {
            assert!(!mail.html.contains(outside), "{outside}");
        }
    }
}

/// How much lighter one colour is than another, as WCAG counts it.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn colours_can_be_told_apart_in_light_and_in_dark() {
    let html = render(&facts(Step::FinalReminder), stamp()).unwrap().html;
    for (text, ground) in [
        ("#1f2428", "#ffffff"),
        ("#4a545c", "#ffffff"),
        ("#4a545c", "#f1f3f4"),
        ("#14171a", "#ffffff"),
        ("#e8eaed", "#1f2428"),
        ("#b4bcc4", "#1f2428"),
        ("#b4bcc4", "#14171a"),
        ("#f4f6f8", "#263238"),
        ("#0b2a31", "#8ed0df"),
    ] {
        assert!(
            html.contains(text) && html.contains(ground),
            "{text} {ground}"
        );
        assert!(contrast(text, ground) >= 4.5, "{text} on {ground}");
    }
    assert!(contrast("#ffffff", "#1c6e7d") >= 4.5 && contrast("#1f2428", "#eaf4f6") >= 4.5);
}

#[test]
fn a_studios_own_words_are_text_in_html_too() {
    let own = OwnWords {
        language: Language::literal("en"),
        step: Some(Step::FinalReminder),
        content: TemplateContent {
            title: Some(TemplateText::literal("Soon <b>now</b> & then")),
            body: Some(vec![TemplateText::literal(
                "Write to <post@studio.example>.\nSee you, {{ client_name }}<script>alert(1)</script>",
            )]),
            ..TemplateContent::default()
        },
    };
    let mail = render_with(&facts(Step::FinalReminder), &[own], stamp()).unwrap();
    assert!(
        mail.text
            .contains("Write to <post@studio.example>.\nSee you, Alex Example<script>")
    );
    assert!(!mail.html.contains("<script") && !mail.html.contains("<b>"));
    assert!(
        mail.html
            .contains("Soon &lt;b&gt;now&lt;&#x2f;b&gt; &amp; then")
    );
    assert!(
        mail.html.contains(
            "&lt;post@studio.example&gt;.<br>See you, <bdi dir=\"auto\">Alex Example</bdi>"
        )
    );
}

#[test]
fn an_invitation_has_an_organizer_even_without_an_address() {
    for address in [None, Some("desk@scalp.example".to_owned())] {
        let mut facts = facts(Step::BookingConfirmation);
        facts.studio.email = address;
        let body = unfolded(&render(&facts, stamp()).unwrap().calendar.unwrap().body);
        let organizer = "ORGANIZER;CN=Studio Nine:urn:uuid:00000000-0000-0000-0000-000000000009";
        assert!(body.lines().any(|line| line == organizer), "{body}");
        assert!(!body.contains("scalp"));
    }
}

#[test]
fn nobody_is_told_to_call_a_studio_without_a_number_or_an_address() {
    let mut facts = facts(Step::FinalReminder);
    assert!(
        render(&facts, stamp())
            .unwrap()
            .text
            .contains("call or write")
    );
    facts.studio.telephone = None;
    facts.studio.email = None;
    let mail = render(&facts, stamp()).unwrap();
    assert!(!mail.text.contains("call or write") && !mail.html.contains("call or write"));
    assert!(mail.text.contains("\n\nKind regards,\n"), "{}", mail.text);
}
