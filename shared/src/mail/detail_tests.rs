//! What stands in the list of facts: times over a change of the clocks, links that call and write, American words.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::tests::{at, facts};
use super::*;
use crate::domain::ReminderStep as Step;
use crate::domain::client_page::ClientMay;

fn text_of(facts: &MailFacts) -> String {
    render(facts, at("2026-10-20T08:00:00Z")).unwrap().text
}

#[test]
fn the_end_has_its_zone_where_the_clocks_change_before_it() {
    let mut facts = facts(Step::FinalReminder);
    let appointment = facts.appointment.as_mut().unwrap();
    appointment.starts_at = at("2026-10-25T00:00:00Z");
    appointment.ends_at = at("2026-10-25T03:00:00Z");
    let text = text_of(&facts);
    assert!(
        text.contains("01:00 (Europe/London, UTC+01:00)\n"),
        "{text}"
    );
    assert!(
        text.contains("Until: 03:00 (Europe/London, UTC+00:00)\n"),
        "{text}"
    );
    // On any other day once is enough, unless it ends on the next.
    facts.appointment.as_mut().unwrap().starts_at = at("2026-10-25T02:00:00Z");
    let text = text_of(&facts);
    assert!(text.contains("Until: 03:00\n"), "{text}");
    facts.appointment.as_mut().unwrap().ends_at = at("2026-10-26T01:00:00Z");
    let text = text_of(&facts);
    let next_day = "Until: Monday 26 October 2026, 01:00 (Europe/London, UTC+00:00)\n";
    assert!(text.contains(next_day), "{text}");
}

#[test]
fn one_tap_calls_or_writes_and_the_plain_part_stays_plain() {
    let mut facts = facts(Step::FinalReminder);
    let mail = render(&facts, at("2026-11-22T08:00:00Z")).unwrap();
    for link in [
        "<a class=\"quiet\" href=\"tel:+442079460018\"",
        "<a class=\"quiet\" href=\"mailto:hello@studio.example\"",
    ] {
        assert!(mail.html.contains(link), "{link} in {}", mail.html);
    }
    assert!(
        mail.html
            .contains("<bdi dir=\"auto\">+44 20 7946 0018</bdi></a>")
    );
    assert!(
        mail.text
            .contains("Telephone: +44 20 7946 0018\nEmail: hello@studio.example\n")
    );
    assert!(!mail.text.contains("tel:+") && !mail.text.contains("mailto:"));

    facts.studio.telephone = Some("+44 20 7946 0018 x12".into());
    facts.studio.email = Some("a@b.example?bcc=c@d.example".into());
    let mail = render(&facts, at("2026-11-22T08:00:00Z")).unwrap();
    assert!(!mail.html.contains("href"), "{}", mail.html);
    assert!(mail.html.contains("+44 20 7946 0018 x12"));
}

#[test]
fn american_mails_have_no_british_words() {
    for step in Step::ALL {
        let mut facts = facts(*step);
        facts.language = "en-US".into();
        facts.care_advice_in_mail = true;
        let mail = render(&facts, at("2026-11-22T08:00:00Z")).unwrap();
        let all = format!("{}\n{}\n{}", mail.subject, mail.text, mail.html);
        for british in [
            "moisturise",
            "ancelled",
            "elephone: ",
            "E-mail",
            "sport ",
            " mail ",
            "mails",
            "getting on",
        ] {
            assert!(!all.contains(british), "{step} {british}");
        }
        assert!(all.contains("Phone: ") && all.contains("Email: "), "{step}");
        if step.is_about_the_time() {
            assert!(
                all.contains("Wednesday, November 25, 2026, 10:00 AM"),
                "{step}"
            );
        }
    }
}

#[test]
fn french_lines_do_not_break_before_a_colon() {
    for step in Step::ALL {
        let mut facts = facts(*step);
        facts.language = "fr".into();
        facts.care_advice_in_mail = true;
        facts.links = Some(Links {
            page: "https://book.example.com/my/appointment/token".into(),
            preferences: "https://book.example.com/my/mails/token".into(),
            unsubscribe: "https://book.example.com/my/unsubscribe/token".into(),
        });
        let mail = render(&facts, at("2026-11-22T08:00:00Z")).unwrap();
        let all = format!("{}\n{}", mail.subject, mail.text);
        let times_and_schemes =
            |before: char, after: &str| before.is_ascii_digit() || after.starts_with("//");
        for (place, _) in all.match_indices([':', ';', '?', '!']) {
            let before = all[..place].chars().next_back().unwrap();
            assert!(
                before == '\u{202f}' || times_and_schemes(before, &all[place + 1..]),
                "{step}: {}",
                &all[..=place]
            );
        }
        assert!(
            mail.text
                .contains("Choisir les messages que vous recevez\u{202f}: https://")
        );
    }
    let english = facts(Step::FinalReminder);
    assert!(!text_of(&english).contains('\u{202f}'));
}

#[test]
fn nobody_is_told_to_use_what_the_studio_lacks() {
    let all = |facts: &MailFacts| render(facts, at("2026-11-22T08:00:00Z")).unwrap().text;
    for step in [
        Step::BookNextOpens,
        Step::BookNextClosing,
        Step::TouchUpInvitation,
    ] {
        for (language, call, write, ask) in [
            ("en", "call", "write to", "ask at the studio"),
            ("de", "rufen", "schreiben Sie uns", "fragen Sie im Studio"),
            ("fr", "Appelez", "crivez-nous", "Renseignez-vous au studio"),
            ("es", "Llame", "scrib", "Pregunte en el estudio"),
        ] {
            let mut facts = facts(step);
            facts.language = language.into();
            facts.links = Some(links());
            // The other sentences of an invitation speak of writing too.
            let says = |facts: &MailFacts, what: &str| all(facts).matches(what).count();
            let both = (says(&facts, call), says(&facts, write));
            assert!(both.0 == 1 && both.1 >= 1, "{}", all(&facts));
            facts.studio.email = None;
            assert_eq!(says(&facts, call), 1, "{}", all(&facts));
            let others = says(&facts, write);
            assert!(others < both.1, "{}", all(&facts));
            facts.studio.telephone = None;
            assert_eq!(says(&facts, call), 0, "{}", all(&facts));
            assert_eq!(says(&facts, ask), 1, "{}", all(&facts));
            facts.studio.email = Some("hello@studio.example".into());
            assert_eq!(says(&facts, call), 0, "{}", all(&facts));
            assert!(says(&facts, write) > others, "{}", all(&facts));
        }
    }
}

fn links() -> Links {
    Links {
        page: "https://book.example.com/my/appointment/token".into(),
        preferences: "https://book.example.com/my/mails/token".into(),
        unsubscribe: "https://book.example.com/my/unsubscribe/token".into(),
    }
}

#[test]
fn clients_choose_another_time_where_the_studio_lets_them() {
    for (language, asks, chooses) in [
        ("en", "or ask for another time", "or choose another time"),
        (
            "de",
            "um eine andere Zeit bitten",
            "eine andere Zeit wählen",
        ),
        (
            "fr",
            "demander un autre horaire",
            "choisir un autre horaire",
        ),
        ("es", "pedir otra hora", "elegir otra hora"),
    ] {
        let mut facts = facts(Step::FinalReminder);
        facts.language = language.into();
        facts.links = Some(links());
        let text = text_of(&facts);
        assert!(text.contains(asks) && !text.contains(chooses), "{text}");
        facts.studio.client_may_move = true;
        let text = text_of(&facts);
        assert!(text.contains(chooses) && !text.contains(asks), "{text}");
    }
}

#[test]
fn nothing_is_promised_that_the_page_refuses() {
    let late = ClientMay {
        confirm: true,
        ..ClientMay::default()
    };
    let confirmed = ClientMay {
        choose_time: true,
        cancel: true,
        ..ClientMay::default()
    };
    for (language, expected) in [
        (
            "en",
            [
                "details. There you can also confirm, or choose another time.",
                "details. There you can also choose another time.",
                "details. There you can also confirm.",
                "details.",
            ],
        ),
        (
            "de",
            [
                "Einzelheiten. Dort können Sie auch zusagen oder eine andere Zeit wählen.",
                "Einzelheiten. Dort können Sie auch eine andere Zeit wählen.",
                "Einzelheiten. Dort können Sie auch zusagen.",
                "Einzelheiten.",
            ],
        ),
        (
            "fr",
            [
                "détails. Vous pouvez aussi y confirmer votre venue ou choisir un autre horaire.",
                "détails. Vous pouvez aussi y choisir un autre horaire.",
                "détails. Vous pouvez aussi y confirmer votre venue.",
                "détails.",
            ],
        ),
        (
            "es",
            [
                "detalles, confirmar la cita o elegir otra hora.",
                "detalles y elegir otra hora.",
                "detalles y confirmar la cita.",
                "detalles.",
            ],
        ),
    ] {
        let all = ClientMay {
            confirm: true,
            ..confirmed
        };
        let may = [all, confirmed, late, ClientMay::default()];
        for (may, expected) in may.into_iter().zip(expected) {
            let mut facts = facts(Step::FinalReminder);
            facts.language = language.into();
            facts.links = Some(links());
            facts.studio.client_may_move = true;
            facts.may = may;
            let text = text_of(&facts);
            let is_said = text.lines().any(|line| line.ends_with(expected));
            assert!(is_said, "{expected} in {text}");
        }
    }
}

#[test]
fn advice_is_announced_once_and_only_where_there_is_some() {
    let mut facts = facts(Step::AftercareDay0);
    facts.steps.push(Step::AftercareDay4);
    facts.links = Some(links());
    let announced = "You can read our advice on your page.";
    assert_eq!(text_of(&facts).matches(announced).count(), 1);
    facts.has_advice = false;
    assert!(!text_of(&facts).contains(announced));
    facts.care_advice_in_mail = true;
    assert!(!text_of(&facts).contains("Our advice"));
    assert!(!text_of(&facts).contains("no sun"));
}

#[test]
fn headings_go_down_one_step_at_a_time() {
    let mut facts = facts(Step::AftercareDay0);
    facts.steps.push(Step::AftercareDay4);
    facts.care_advice_in_mail = true;
    let mail = render(&facts, at("2026-11-22T08:00:00Z")).unwrap();
    let headings: Vec<u32> = mail
        .html
        .match_indices("<h")
        .filter_map(|(place, _)| mail.html[place + 2..].chars().next()?.to_digit(10))
        .collect();
    assert_eq!(headings, [1, 2, 2, 3], "{}", mail.html);
    for title in ["Thank you for coming\n\nHello", "\n\nThe next days\n\n"] {
        assert!(mail.text.contains(title), "{}", mail.text);
    }
}
