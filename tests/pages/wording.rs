//! What a page says and the mails say too: the same words, days and advice, and how to reach the studio.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stipple_shared::domain::Instant;
use stipple_shared::links::Link;
use stipple_shared::links::LinkPurpose::{Appointment, Preferences, Report, Unsubscribe};

use crate::place::{Place, path};

fn change_studio(place: &Place, change: &Value) {
    let studio = format!("/v1/studios/{}", place.studio_id);
    place.server.patch(&studio, "*", change).expect(200);
}

fn add_words(place: &Place, words: &Value) {
    let templates = format!("/v1/studios/{}/mail-templates", place.studio_id);
    place.server.post(&templates, words).expect(201);
}

#[test]
fn the_studios_own_advice_stands_on_the_page() {
    Place::each(true, |place| {
        let touch_up = json!({
            "client_id": place.client_id,
            "kind": "touch_up",
            "duration_minutes": 60,
            "booking": {"starts_at": "2026-12-10T10:00:00Z", "practitioner_id": place.practitioner_id},
        });
        let id = place
            .server
            .post("/v1/sessions", &touch_up)
            .expect(201)
            .id();
        let now = place.server.clock.now();
        let page = path(&Link::appointment(id.parse().unwrap(), 1, 1, now));
        let advice = || place.look(&format!("{page}/advice")).expect(200).text;
        assert!(
            advice().contains("La veille\u{202f}: pas d’alcool."),
            "{}",
            advice()
        );
        add_words(
            place,
            &json!({"language": "fr", "step": "preparation", "care": ["Buvez de l’eau."]}),
        );
        add_words(
            place,
            &json!({"language": "fr", "words": {"advice": "Avant de venir"}}),
        );
        assert!(
            advice().contains("<li dir=\"auto\">Buvez de l’eau.</li>"),
            "{}",
            advice()
        );
        assert!(!advice().contains("alcool"), "{}", advice());
        assert!(advice().contains("<h1>Avant de venir</h1>"), "{}", advice());
        let shown = place.look(&page).expect(200).text;
        assert!(shown.contains("/advice\">Avant de venir</a>"), "{shown}");
        // Advice that a studio took out leaves no link to nothing.
        let templates = format!("/v1/studios/{}/mail-templates", place.studio_id);
        let list = place.server.get(&templates).expect(200);
        let of_step = list.data().iter().find(|one| one["step"] == "preparation");
        let id = of_step.unwrap()["id"].as_str().unwrap();
        let none = json!({"care": [], "title": "Bientôt"});
        let template = format!("/v1/mail-templates/{id}");
        place.server.patch(&template, "*", &none).expect(200);
        let shown = place.look(&page).expect(200).text;
        assert!(!shown.contains("/advice"), "{shown}");
    });
}

#[test]
fn the_page_has_the_region_and_the_studios_own_days() {
    Place::each(true, |place| {
        let shown = || place.look(&place.path(Appointment)).expect(200).text;
        add_words(
            place,
            &json!({"language": "fr", "words": {"day_and_time": "le {{ day }} {{ month }}, {{ time }}"}}),
        );
        let own = "le 4 décembre, 10\u{a0}h (Europe/London, UTC+00:00)";
        assert!(shown().contains(own), "{}", shown());
        assert!(shown().contains("<dt>Objet</dt>"), "{}", shown());
        place.reads("en-US");
        let american = "Friday, December 4, 2026, 10:00 AM (Europe/London, UTC+00:00)";
        for words in [
            "<html lang=\"en-US\"",
            american,
            "<dd>11:00 AM</dd>",
            "<dt>Phone</dt>",
        ] {
            assert!(shown().contains(words), "{words} in {}", shown());
        }
        place.reads("de-AT");
        for words in ["<html lang=\"de-AT\"", "Guten Tag <bdi>ليلى</bdi>!"] {
            assert!(shown().contains(words), "{words} in {}", shown());
        }
    });
}

#[test]
fn an_end_on_the_next_day_has_its_day() {
    Place::each(true, |place| {
        change_studio(place, &json!({"time_zone": "Pacific/Auckland"}));
        place.reads("en");
        let shown = place.look(&place.path(Appointment)).expect(200).text;
        for time in [
            "<dd>Friday 4 December 2026, 23:00 (Pacific/Auckland, UTC+13:00)</dd>",
            "<dd>Saturday 5 December 2026, 00:00 (Pacific/Auckland, UTC+13:00)</dd>",
        ] {
            assert!(shown.contains(time), "{time} in {shown}");
        }
    });
}

#[test]
fn nobody_is_told_to_call_a_studio_without_a_number() {
    Place::each(true, |place| {
        place.wait(TimeDelta::days(7) + TimeDelta::hours(1) + TimeDelta::minutes(1));
        let late = || place.look(&place.path(Appointment)).expect(200).text;
        assert!(
            late().contains("Appelez le studio ou écrivez-nous."),
            "{}",
            late()
        );
        change_studio(place, &json!({"telephone": null}));
        assert!(late().contains("Écrivez-nous un e-mail."), "{}", late());
        assert!(!late().contains("ppelez"), "{}", late());
        change_studio(place, &json!({"email": null}));
        assert!(late().contains("Renseignez-vous au studio."), "{}", late());
        assert!(!late().contains("crivez"), "{}", late());
    });
}

#[test]
fn after_an_appointment_the_page_says_how_to_book_the_next() {
    Place::each(true, |place| {
        let asks =
            "réserver votre prochain rendez-vous\u{202f}? Appelez le studio ou écrivez-nous.";
        let shown = || place.look(&place.path(Appointment)).expect(200).text;
        assert!(!shown().contains(asks), "{}", shown());
        place.complete();
        assert!(shown().contains(asks), "{}", shown());
        // In a plan it's asked only while the next has no time.
        let plan = json!({
            "client_id": place.client_id, "practitioner_id": place.practitioner_id, "indication": "scar",
            "treatment_sessions": 2, "session_minutes": 60,
        });
        let plan = place.server.post("/v1/plans", &plan).expect(201).id();
        let sessions = format!("/v1/plans/{plan}/sessions");
        let sessions = place.server.get(&sessions).expect(200);
        let [first, second] = [0, 1].map(|number| {
            let id = sessions.data()[number]["id"].as_str().unwrap();
            id.to_owned()
        });
        let act = |id: &str, action: &str, body: Value| {
            let path = format!("/v1/sessions/{id}/{action}");
            let owner = place.server.owner().header("If-Match", "*");
            owner.post(&path, &body).expect(200);
        };
        let who = json!({"practitioner_id": place.practitioner_id});
        act(&first, "complete", who.clone());
        let now = place.server.clock.now();
        let of_first = path(&Link::appointment(first.parse().unwrap(), 1, 1, now));
        let shown = || place.look(&of_first).expect(200).text;
        assert!(shown().contains(asks), "{}", shown());
        act(
            &second,
            "book",
            json!({"starts_at": "2026-12-16T10:00:00Z", "practitioner_id": place.practitioner_id}),
        );
        assert!(!shown().contains(asks), "{}", shown());
        let after = Instant::parse("2026-12-16T11:00:00Z").unwrap();
        place.server.clock.set(after);
        act(&second, "complete", who);
        assert!(!shown().contains(asks), "{}", shown());
    });
}

#[test]
fn a_form_that_cannot_be_read_has_a_way_back_and_the_studios_number() {
    Place::each(false, |place| {
        let ask = format!("{}/move", place.path(Appointment));
        for (form, back) in [
            (ask, "<a href=\"/my/appointment/"),
            (place.path(Preferences), "<a href=\"/my/mails/"),
            (place.path(Unsubscribe), "<a href=\"/my/mails/"),
        ] {
            let page = place.send(&form, "note=a&unknown=b").expect(400).text;
            for shown in ["7946", "Cela n’a pas fonctionné", back] {
                assert!(page.contains(shown), "{shown} in {page}");
            }
        }
    });
}

#[test]
fn what_was_done_thanks_once_and_leads_back() {
    Place::each(true, |place| {
        place.complete();
        for (form, sent, back) in [
            (
                place.path(Report),
                "text=Tout+va+bien",
                "<a href=\"/my/appointment/",
            ),
            (
                place.path(Unsubscribe),
                "List-Unsubscribe=One-Click",
                "<a href=\"/my/mails/",
            ),
        ] {
            let page = place.send(&form, sent).expect(200).text;
            let (_, link) = page.split_once(back).unwrap();
            let link = link.split('"').next().unwrap();
            let front = back.trim_start_matches("<a href=\"");
            place.look(&format!("{front}{link}")).expect(200);
            assert_eq!(
                page.matches("Merci").count(),
                2,
                "title and heading: {page}"
            );
        }
    });
}
