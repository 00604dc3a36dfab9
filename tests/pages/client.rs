//! Which mails are wanted, the wrong person, a report, a fresh link.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use stipple_shared::domain::Role;
use stipple_shared::links::LinkPurpose::{Appointment, Preferences, Report, Unsubscribe};
use stipple_shared::storage::schema::mails;
use stipple_test_support::http::client_links;
use stipple_worker::transport::Target;
use stipple_worker::{Engine, EngineOptions};

use crate::place::{Place, notice};

#[test]
fn choices_are_kept_with_their_source() {
    Place::each(true, |place| {
        let path = place.path(Preferences);
        let page = place.look(&path).expect(200);
        assert!(
            page.text
                .contains("name=\"marketing_mail\" value=\"yes\" checked"),
            "{page}"
        );
        for _ in 0..2 {
            place
                .send(&path, "service_mail=yes&care_advice_in_mail=yes")
                .expect(200);
        }
        let client = place.stored_client().json;
        assert_eq!(client["service_mail"], true);
        assert_eq!(client["care_advice_in_mail"], true);
        assert_eq!(client["marketing_mail"], false);
        let consents = format!("/v1/clients/{}/contact-consents", place.client_id);
        let consents = place.server.get(&consents).expect(200);
        let by_link = consents
            .data()
            .iter()
            .filter(|one| one["source"] == "client_link");
        assert_eq!(by_link.count(), 2, "{consents}");
    });
}

#[test]
fn one_click_ends_invitations_and_looking_does_not() {
    Place::each(true, |place| {
        let path = place.path(Unsubscribe);
        place.look(&path).expect(200);
        assert_eq!(place.stored_client().json["marketing_mail"], true);
        place.send(&path, "").expect(400);
        for _ in 0..2 {
            place.send(&path, "List-Unsubscribe=One-Click").expect(200);
        }
        let client = place.stored_client().json;
        assert_eq!(client["marketing_mail"], false);
        assert_eq!(client["service_mail"], true);
    });
}

#[test]
fn the_wrong_person_ends_mails_and_links() {
    Place::each(true, |place| {
        let (path, appointment) = (place.path(Preferences), place.path(Appointment));
        place.look(&format!("{path}/wrong-person")).expect(200);
        for _ in 0..2 {
            let page = place.send(&format!("{path}/wrong-person"), "").expect(200);
            assert!(!page.text.contains("ليلى"), "{page}");
        }
        assert_eq!(place.stored_client().json["email_state"], "wrong_person");
        assert_eq!(place.tasks("wrong_person").len(), 1);
        for void in [&path, &appointment] {
            let page = place.look(void).expect(404);
            assert!(page.text.contains("7946"), "{page}");
            assert!(!page.text.contains("ليلى"), "{page}");
        }
        place
            .send(&format!("{appointment}/confirm"), "")
            .expect(404);
        assert_eq!(place.stored()["state"], "booked");
    });
}

#[test]
fn another_address_voids_the_links_of_the_one_before() {
    Place::each(true, |place| {
        let path = place.path(Appointment);
        place.look(&path).expect(200);
        let client_path = format!("/v1/clients/{}", place.client_id);
        let client = place.stored_client();
        let shouted = client.json["email"].as_str().unwrap().to_uppercase();
        let patch = json!({"email": shouted});
        place
            .server
            .patch(&client_path, &client.etag(), &patch)
            .expect(200);
        place.look(&path).expect(200);
        let client = place.stored_client();
        let patch = json!({"email": "somebody-else@example.com"});
        place
            .server
            .patch(&client_path, &client.etag(), &patch)
            .expect(200);
        place.look(&path).expect(404);
        place.send(&format!("{path}/cancel"), "").expect(404);
        assert_eq!(place.stored()["state"], "booked");
    });
}

#[test]
fn a_report_is_read_by_those_who_treat() {
    Place::each(true, |place| {
        let early = place.path(Report);
        place.send(&early, "text=Une+rougeur").expect(409);
        place.complete();
        let path = place.path(Report);
        let from = place.look(&place.path(Appointment)).expect(200);
        assert!(from.text.contains("/my/report/"), "{from}");
        place.look(&path).expect(200);
        place.send(&path, "text=+").expect(400);
        for _ in 0..2 {
            place
                .send(&path, "text=Une+rougeur+depuis+hier")
                .expect(200);
        }
        let tasks = place.tasks("client_report");
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["clinical_note"], "Une rougeur depuis hier");
        let desk = place.server.caller(Role::FrontDesk);
        let seen = desk.get("/v1/tasks?kind=client_report").expect(200);
        assert_eq!(seen.data().len(), 1);
        assert!(seen.data()[0].get("clinical_note").is_none(), "{seen}");
        assert!(!seen.text.contains("rougeur"), "{seen}");
        // Many are no client's.
        for number in 0..6 {
            place.send(&path, &format!("text=autre+{number}"));
        }
        assert_eq!(place.tasks("client_report").len(), 5);
    });
}

#[test]
fn a_report_that_says_nothing_is_told_what_to_write() {
    Place::each(true, |place| {
        place.complete();
        let path = place.path(Report);
        for (language, empty, unfit) in [
            ("en", "Please write what you have noticed", "is too long"),
            (
                "de",
                "Bitte schreiben Sie, was Sie bemerkt haben",
                "ist zu lang",
            ),
            (
                "fr",
                "Merci d’écrire ce que vous avez remarqué",
                "est trop long",
            ),
            (
                "es",
                "Escriba, por favor, qué ha notado",
                "es demasiado largo",
            ),
        ] {
            place.reads(language);
            for form in ["", "text=", "text=+%0A"] {
                let page = place.send(&path, form).expect(400);
                assert!(notice(&page.text).starts_with(empty), "{form}: {page}");
                assert!(page.text.contains("<textarea"), "{page}");
            }
            let long = format!("text={}", "x".repeat(10_001));
            let page = place.send(&path, &long).expect(400);
            assert!(notice(&page.text).contains(unfit), "{}", notice(&page.text));
        }
        assert_eq!(place.tasks("client_report").len(), 0);
    });
}

#[test]
fn a_void_link_says_how_to_reach_the_studio_and_nothing_of_the_client() {
    Place::each(true, |place| {
        let voided: Vec<String> = [Appointment, Preferences, Report, Unsubscribe]
            .map(|purpose| place.path(purpose))
            .to_vec();
        let client_path = format!("/v1/clients/{}", place.client_id);
        let patch = json!({"email": "somebody-else@example.com"});
        place.server.patch(&client_path, "*", &patch).expect(200);
        for (language, title) in [
            ("en", "This link is not valid"),
            ("de", "Dieser Link gilt nicht"),
            ("fr", "Ce lien n’est pas valable"),
            ("es", "Este enlace no es válido"),
        ] {
            place.reads(language);
            for path in &voided {
                let page = place.look(path).expect(404);
                for shown in [title, "+44 20 7946 0018", "mailto:"] {
                    assert!(page.text.contains(shown), "{shown} in {page}");
                }
                for hidden in ["ليلى", "somebody-else", "2026", "<form"] {
                    assert!(!page.text.contains(hidden), "{hidden} in {page}");
                }
            }
            let fresh = voided[0].replace("/my/appointment/", "/my/fresh-link/");
            let page = place.send(&fresh, "").expect(404);
            assert!(page.text.contains("+44 20 7946 0018"), "{page}");
        }
        assert_eq!(fresh(place), 0);
        // A link that nobody signed tells nothing, whatever it speaks of.
        for path in &voided {
            let forged = match path.strip_suffix('A') {
                Some(front) => format!("{front}Q"),
                None => format!("{}A", &path[..path.len() - 1]),
            };
            let page = place.look(&forged).expect(404);
            assert!(!page.text.contains("7946"), "{page}");
            assert!(!page.text.contains("mailto:"), "{page}");
        }
    });
}

fn fresh(place: &Place) -> i64 {
    mails::table
        .filter(mails::kind.eq("fresh_link"))
        .count()
        .get_result(&mut place.server.database().connect())
        .unwrap()
}

#[test]
fn all_mails_have_their_message_id_from_the_address_that_they_come_from() {
    Place::each(true, |place| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let directory = tempfile::TempDir::new().unwrap();
        let target = Target::parse(&format!("file:{}", directory.path().display())).unwrap();
        let mut options = EngineOptions::new(Some(target), "post@mail.example".into());
        options.links = client_links().maker();
        let engine = Engine::new(place.server.store.clone(), options);
        let path = place.path(Appointment);
        let asks = path.replace("/my/appointment/", "/my/fresh-link/");
        place.send(&asks, "").expect(200);
        while !runtime.block_on(engine.tick()).unwrap().is_idle() {}
        let known: Vec<(String, String, String)> = mails::table
            .order(mails::kind)
            .select((mails::kind, mails::state, mails::message_id))
            .load(&mut place.server.database().connect())
            .unwrap();
        let kinds: Vec<&str> = known.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!(kinds, ["fresh_link", "reminder"]);
        for (kind, state, message_id) in &known {
            assert_eq!(state, "written", "{kind}");
            assert!(message_id.ends_with("@mail.example>"), "{message_id}");
            let written = std::fs::read_dir(directory.path()).unwrap().any(|file| {
                let mail = std::fs::read_to_string(file.unwrap().path()).unwrap();
                mail.contains(&format!("Message-ID: {message_id}\r\n"))
            });
            assert!(written, "{kind}");
        }
    });
}

#[test]
fn an_expired_link_says_so_and_sends_another() {
    Place::each(true, |place| {
        let path = place.path(Appointment);
        place.wait(TimeDelta::days(46));
        let page = place.look(&path).expect(410);
        assert!(page.text.contains("+44 20 7946 0018"), "{page}");
        place.send(&format!("{path}/confirm"), "").expect(410);
        let action = page.text.split("action=\"").nth(1).unwrap();
        let action = action.split('"').next().unwrap().to_owned();
        assert_eq!(fresh(place), 0, "looking sends nothing");
        let first = place.send(&action, "").expect(200).text;
        assert_eq!(fresh(place), 1);
        // Soon again: the same answer, and no other mail.
        assert_eq!(place.send(&action, "").expect(200).text, first);
        assert_eq!(fresh(place), 1);
        for _ in 0..8 {
            place.wait(TimeDelta::minutes(11));
            place.send(&action, "").expect(200);
        }
        assert_eq!(fresh(place), 5, "no more in a day");
        // Without an address: the same answer too.
        place.wait(TimeDelta::days(2));
        let client = place.stored_client();
        let bounced = json!({"email_state": "bounced"});
        let client_path = format!("/v1/clients/{}", place.client_id);
        place
            .server
            .patch(&client_path, &client.etag(), &bounced)
            .expect(200);
        assert_eq!(place.send(&action, "").expect(200).text, first);
        assert_eq!(fresh(place), 5);
    });
}
