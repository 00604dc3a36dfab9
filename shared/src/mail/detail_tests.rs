//! What stands in the list of facts: times over a change of the clocks, links that call and write, American words.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::tests::{at, facts};
use super::*;
use crate::domain::ReminderStep as Step;

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
            .contains("Telephone: +44 20 7946 0018\nE-mail: hello@studio.example\n")
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
