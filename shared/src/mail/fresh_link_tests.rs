//! The mail with a fresh link: where the page is, in all languages and in a studio's own words, and nothing else.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde_json::json;

use super::tests::{facts, own};
use super::*;
use crate::domain::ReminderStep as Step;
use crate::domain::neutral::clinical_word;

const PAGE: &str = "https://book.example.com/my/appointment/token";

fn asked(language: &str) -> MailFacts {
    MailFacts {
        language: language.into(),
        links: Some(Links {
            page: PAGE.into(),
            preferences: "https://book.example.com/my/mails/token".into(),
            unsubscribe: "https://book.example.com/my/unsubscribe/token".into(),
        }),
        steps: Vec::new(),
        ..facts(Step::FinalReminder)
    }
}

#[test]
fn it_says_where_the_page_is_and_nothing_else() {
    for (language, subject, preheader) in [
        ("en", "Your new link", "Studio Nine: a message for you"),
        ("en-US", "Your new link", "Studio Nine: a message for you"),
        (
            "de-AT",
            "Ihr neuer Link",
            "Studio Nine: eine Nachricht für Sie",
        ),
        (
            "fr",
            "Votre nouveau lien",
            "Studio Nine\u{202f}: un message pour vous",
        ),
        (
            "es",
            "Su nuevo enlace",
            "Studio Nine: un mensaje para usted",
        ),
    ] {
        let mail = fresh_link::render(&asked(language), &[]).unwrap();
        assert_eq!(mail.subject, subject);
        assert_eq!(mail.preheader, preheader);
        assert!(mail.calendar.is_none() && mail.list_unsubscribe.is_none());
        assert!(
            mail.html
                .contains(&format!("<html lang=\"{language}\" dir=\"ltr\">"))
        );
        assert!(mail.text.contains(&format!("\n{PAGE}\n")), "{}", mail.text);
        assert!(
            mail.html
                .contains(&format!("href=\"{}\"", PAGE.replace('/', "&#x2f;")))
        );
        for text in [&mail.text, &mail.html] {
            for secret in [
                "Alex",
                "7946",
                "Example Street",
                "2026",
                "/my/mails",
                "/my/unsub",
            ] {
                assert!(!text.contains(secret), "{language} {secret}");
            }
            assert_eq!(clinical_word(text), None);
            assert!(!text.contains("{{") && !text.contains("{%"));
        }
    }
    let plain = fresh_link::render(&asked("en"), &[]).unwrap().text;
    assert_eq!(
        plain,
        format!(
            "Your new link\n\nHere is the link that you asked for:\n\n{PAGE}\n\nKind regards,\nStudio Nine\n\n\
            If you did not ask for it, you need not do anything."
        )
    );
}

#[test]
fn a_studio_says_it_in_its_own_words_from_right_to_left() {
    let words = json!({
        "fresh_link_subject": "קישור חדש מאת {{ sender_name }}",
        "fresh_link_body": "שלום {{ client_name }}, הנה הקישור:",
        "closing": "בברכה,",
    });
    let own = [own("he", None, json!({"words": words}))];
    let mail = fresh_link::render(&asked("he-IL"), &own).unwrap();
    assert_eq!(mail.subject, "קישור חדש מאת \u{2068}Studio Nine\u{2069}");
    assert!(mail.html.contains("<html lang=\"he-IL\" dir=\"rtl\">"));
    assert!(
        mail.html
            .contains("שלום <bdi dir=\"auto\">Alex Example</bdi>, הנה הקישור:")
    );
    assert!(mail.text.contains("בברכה,\n\u{2068}Studio Nine\u{2069}"));
}

#[test]
fn without_somebody_who_makes_links_there_is_no_such_mail() {
    let mut facts = asked("en");
    facts.links = None;
    assert!(fresh_link::render(&facts, &[]).is_err());
    let mut script = asked("en");
    script.links.as_mut().unwrap().page = "javascript:alert(1)".into();
    assert!(fresh_link::render(&script, &[]).is_err());
}

#[test]
fn own_words_that_print_what_it_does_not_have_fail() {
    let words = json!({"fresh_link_body": "At {{ when }}"});
    let own = [own("en", None, json!({"words": words}))];
    assert!(fresh_link::render(&asked("en"), &own).is_err());
}
