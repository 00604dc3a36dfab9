//! See, confirm, move, cancel.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stipple_shared::links::Link;
use stipple_shared::links::LinkPurpose::Appointment;

use crate::place::{Place, notice, path};

#[test]
fn the_page_shows_the_time_in_the_clients_language_and_nothing_clinical() {
    Place::each(true, |place| {
        let answer = place.look(&place.path(Appointment)).expect(200);
        let page = &answer.text;
        assert!(page.contains("lang=\"fr\""), "{page}");
        assert!(page.contains("vendredi 4 décembre 2026 à 10 h (Europe/London, UTC+00:00)"));
        assert!(page.contains("<bdi>ليلى</bdi>"), "{page}");
        for word in ["consultation", "scalp", "<script", "http://", "src="] {
            assert!(!page.contains(word), "{word} in {page}");
        }
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex, nofollow"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{answer}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
    });
}

#[test]
fn two_clicks_confirm_once_and_the_trail_says_by_whom() {
    Place::each(true, |place| {
        let path = place.path(Appointment);
        for _ in 0..2 {
            let page = place.send(&format!("{path}/confirm"), "").expect(200);
            assert!(page.text.contains("role=\"status\""), "{page}");
        }
        let stored = place.stored();
        assert_eq!(stored["state"], "confirmed");
        let history = format!("/v1/sessions/{}/history", place.session_id);
        let history = place.server.get(&history).expect(200);
        let confirmed: Vec<_> = history
            .data()
            .iter()
            .filter(|step| step["action"] == "confirm")
            .collect();
        assert_eq!(confirmed.len(), 1, "{history}");
        assert_eq!(confirmed[0]["actor"], "client_link");
        assert_eq!(place.stored_client().json["email_state"], "ok");
    });
}

#[test]
fn a_free_time_is_chosen_by_the_rules_of_the_house() {
    Place::each(true, |place| {
        let path = place.path(Appointment);
        let choice = place.look(&format!("{path}/move")).expect(200);
        assert!(
            choice.text.contains("value=\"2026-11-28T09:00:00Z\""),
            "{choice}"
        );
        assert!(
            !choice.text.contains("2026-11-27T08:00"),
            "inside the cut-off: {choice}"
        );
        // Neither a time that isn't offered nor one that is taken.
        for wrong in [
            "2026-12-01T10%3A07%3A00Z",
            "2026-11-26T10%3A00%3A00Z",
            "2026-12-01T03%3A00%3A00Z",
        ] {
            place
                .send(&format!("{path}/move"), &format!("starts_at={wrong}"))
                .expect(409);
        }
        assert_eq!(place.stored()["schedule_version"], 1);
        let form = "starts_at=2026-12-01T10%3A00%3A00Z";
        // The client never had a mail: the answer is the first, and the page doesn't say that it left already.
        for _ in 0..2 {
            let moved = place.send(&format!("{path}/move"), form).expect(200);
            assert!(
                moved.text.contains("nouvel horaire. Un e-mail vous le confirmera dans quelques minutes, au cas où vous changeriez encore d’horaire."),
                "{moved}"
            );
            // Choosing it was a yes to it.
            assert!(
                moved.text.contains("Vous avez confirmé votre rendez-vous"),
                "{moved}"
            );
        }
        let stored = place.stored();
        assert_eq!(stored["state"], "confirmed");
        let asks = format!(
            "/v1/reminders?session_id={}&step=confirm_request&state=scheduled",
            place.session_id
        );
        assert!(place.server.get(&asks).expect(200).data().is_empty());
        assert_eq!(stored["starts_at"], "2026-12-01T10:00:00Z");
        assert_eq!(stored["schedule_version"], 2);
        let tasks = place.tasks("client_moved");
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["state"], "open");
        assert_eq!(
            tasks[0]["detail"]["previous_starts_at"],
            "2026-12-04T10:00:00Z"
        );
        // The mail's link is stale now: it shows the present time, asks again, and does nothing by itself.
        let stale = place.look(&path).expect(200);
        assert!(stale.text.contains("mardi 1er décembre 2026"), "{stale}");
        let refused = place.send(&format!("{path}/cancel"), "").expect(409);
        assert!(
            refused.text.contains("mardi 1er décembre 2026"),
            "{refused}"
        );
        assert_eq!(place.stored()["state"], "confirmed");
        // The page's own links speak of the present time. Whoever calls it off then leaves staff one thing to look at.
        let links = stale.text.split("href=\"").skip(1);
        let mut links = links.map(|link| link.split('"').next().unwrap());
        let cancel = links.find(|link| link.ends_with("/cancel")).unwrap();
        place.send(cancel, "").expect(200);
        assert_eq!(place.tasks("client_moved")[0]["state"], "done");
        assert_eq!(place.tasks("client_cancelled")[0]["state"], "open");
    });
}

#[test]
fn a_form_that_moved_it_promises_no_time_once_it_is_called_off() {
    Place::each(true, |place| {
        let choose = format!("{}/move", place.path(Appointment));
        let form = "starts_at=2026-12-01T10%3A00%3A00Z";
        place.send(&choose, form).expect(200);
        let cancel = format!("/v1/sessions/{}/cancel", place.session_id);
        place.server.post(&cancel, &json!({})).expect(200);
        let again = place.send(&choose, form).expect(409);
        assert!(!again.text.contains("nouvel horaire"), "{again}");
        assert!(
            again.text.contains("Votre rendez-vous est annulé."),
            "{again}"
        );
        assert_eq!(place.stored()["state"], "cancelled");
    });
}

#[test]
fn a_form_without_a_chosen_time_asks_for_one() {
    Place::each(true, |place| {
        let path = format!("{}/move", place.path(Appointment));
        for (language, asks) in [
            ("en", "Please choose one of the times."),
            ("de", "Bitte wählen Sie eine der Zeiten."),
            ("fr", "Merci de choisir l’un des horaires."),
            ("es", "Elija una de las horas, por favor."),
        ] {
            place.reads(language);
            for form in ["", "starts_at=", "note=mornings"] {
                let page = place.send(&path, form).expect(400);
                assert_eq!(notice(&page.text), asks, "{form}");
                assert!(page.text.contains("type=\"radio\""), "{page}");
            }
        }
        assert_eq!(place.stored()["schedule_version"], 1);
        assert_eq!(place.tasks("move_requested").len(), 0);
        // Later than the cut-off it's too late, whatever was chosen.
        place.wait(TimeDelta::days(8));
        let late = place.send(&path, "").expect(409);
        assert!(notice(&late.text).contains("ya no se pueden"), "{late}");
    });
}

#[test]
fn where_clients_may_not_choose_they_ask() {
    Place::each(false, |place| {
        let path = format!("{}/move", place.path(Appointment));
        let page = place.look(&path).expect(200);
        assert!(page.text.contains("<textarea"), "{page}");
        place
            .send(&path, "starts_at=2026-12-01T10%3A00%3A00Z")
            .expect(409);
        for _ in 0..2 {
            place
                .send(&path, "note=Le+mardi+matin%2C+s%27il+vous+pla%C3%AEt")
                .expect(200);
        }
        let tasks = place.tasks("move_requested");
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["note"], "Le mardi matin, s'il vous plaît");
        assert_eq!(place.stored()["schedule_version"], 1);
        place.send(&path, "note=a&unknown=b").expect(400);
    });
}

#[test]
fn another_wish_for_another_time_is_heard_and_more_than_a_few_a_day_are_none() {
    Place::each(false, |place| {
        let path = format!("{}/move", place.path(Appointment));
        place.send(&path, "note=Tuesday+morning").expect(200);
        let notes = || -> Vec<String> {
            let tasks = place.tasks("move_requested");
            let notes = tasks.iter().map(|task| task["note"].as_str());
            notes
                .map(|note| note.unwrap_or_default().to_owned())
                .collect()
        };
        // While the first is open, and once it's closed.
        place.send(&path, "note=No%2C+Friday").expect(200);
        assert_eq!(notes(), ["Tuesday morning", "No, Friday"]);
        for task in place.tasks("move_requested") {
            let close = format!("/v1/tasks/{}/close", task["id"].as_str().unwrap());
            let done = json!({"outcome": "done"});
            place.server.post(&close, &done).expect(200);
        }
        for form in ["note=Monday", "note=Monday", "note=", "note=+"] {
            place.send(&path, form).expect(200);
        }
        assert_eq!(notes(), ["Tuesday morning", "No, Friday", "Monday", ""]);
        place.send(&path, "note=Or+Sunday").expect(200);
        place.send(&path, "note=Or+Saturday").expect(409);
        assert_eq!(notes().len(), 5);
        // What is known is still answered as done.
        place.send(&path, "note=Monday").expect(200);
        place.wait(TimeDelta::days(1));
        place.send(&path, "note=Or+Saturday").expect(200);
        assert_eq!(notes().len(), 6);
    });
}

#[test]
fn it_is_cancelled_up_to_the_cut_off_and_then_by_telephone() {
    Place::each(true, |place| {
        let path = place.path(Appointment);
        place.wait(TimeDelta::days(7) + TimeDelta::hours(1) + TimeDelta::minutes(1));
        let late = place.look(&path).expect(200);
        assert!(!late.text.contains(&format!("{path}/cancel")), "{late}");
        assert!(late.text.contains("+44 20 7946 0018"), "{late}");
        place.send(&format!("{path}/cancel"), "").expect(409);
        assert_eq!(place.stored()["state"], "booked");
    });
    Place::each(true, |place| {
        let path = format!("{}/cancel", place.path(Appointment));
        let question = place.look(&path).expect(200);
        assert!(question.text.contains("method=\"post\""), "{question}");
        for _ in 0..2 {
            let done = place.send(&path, "").expect(200);
            assert!(
                done.text
                    .contains("est annulé. Un e-mail le confirmera dans quelques minutes."),
                "{done}"
            );
        }
        let stored = place.stored();
        assert_eq!(stored["state"], "cancelled");
        assert_eq!(stored["ended_by"], "client");
        // The page takes a cancellation in time alone.
        assert_eq!(stored["cancelled_late"], false);
        let tasks = place.tasks("client_cancelled");
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["state"], "open");
        assert_eq!(tasks[0]["session_id"], stored["id"]);
        // The mail's link shows it as it stands, and doesn't speak of a move.
        let shown = place.look(&place.path(Appointment)).expect(200);
        assert!(
            shown.text.contains("Votre rendez-vous est annulé."),
            "{shown}"
        );
        assert!(!shown.text.contains("déplacé"), "{shown}");
    });
}

#[test]
fn no_mail_is_promised_to_who_wants_none() {
    Place::each(true, |place| {
        let client = format!("/v1/clients/{}", place.client_id);
        place
            .server
            .patch(&client, "*", &json!({"service_mail": false}))
            .expect(200);
        let form = "starts_at=2026-12-01T10%3A00%3A00Z";
        let path = format!("{}/move", place.path(Appointment));
        let moved = place.send(&path, form).expect(200);
        assert!(moved.text.contains("a son nouvel horaire."), "{moved}");
        assert!(!moved.text.contains("e-mail vous le confirmera"), "{moved}");
    });
}

#[test]
fn what_is_booked_has_the_studios_own_word_in_the_pages_language() {
    Place::each(true, |place| {
        let page = || place.look(&place.path(Appointment)).expect(200);
        assert!(page().text.contains("rendez-vous"), "{}", page());
        let templates = format!("/v1/studios/{}/mail-templates", place.studio_id);
        for (language, word) in [("fr", "visite au studio"), ("en", "studio visit")] {
            let words = json!({"language": language, "words": {"service_label": word}});
            place.server.post(&templates, &words).expect(201);
        }
        let shown = page();
        assert!(shown.text.contains("visite au studio"), "{shown}");
        assert!(!shown.text.contains("studio visit"), "{shown}");
    });
}

#[test]
fn another_sites_form_changes_nothing() {
    Place::each(true, |place| {
        let path = format!("{}/confirm", place.path(Appointment));
        let foreign = place
            .server
            .stranger()
            .header("Origin", "https://elsewhere.example");
        foreign.post_nothing(&path).expect(403);
        assert_eq!(place.stored()["state"], "booked");
        let own = place.server.stranger().header("Origin", "null");
        own.post_nothing(&path).expect(200);
    });
}

#[test]
fn advice_stands_behind_the_link_and_fits_the_day() {
    Place::each(true, |place| {
        // A consultation needs none.
        let page = place.look(&place.path(Appointment)).expect(200);
        assert!(!page.text.contains("/advice"), "{page}");
        place
            .server
            .post(
                "/v1/sessions",
                &json!({
                    "client_id": place.client_id,
                    "kind": "touch_up",
                    "duration_minutes": 60,
                    "booking": {"starts_at": "2026-12-10T10:00:00Z", "practitioner_id": place.practitioner_id},
                }),
            )
            .expect(201);
        place
            .look(&format!("{}/advice", place.path(Appointment)))
            .expect(200);
    });
}

#[test]
fn what_a_client_did_is_no_task_any_more_once_staff_have_acted_upon_it() {
    let states = |place: &Place, kind: &str| -> Vec<String> {
        let tasks = place.tasks(kind);
        let states = tasks.iter().map(|task| task["state"].as_str().unwrap());
        states.map(str::to_owned).collect()
    };
    let act = |place: &Place, action: &str, body: &Value| {
        let path = format!("/v1/sessions/{}/{action}", place.session_id);
        let owner = place.server.owner().header("If-Match", "*");
        owner.post(&path, body).expect(200);
    };
    let wrong = json!({"reason": "The wrong one."});
    Place::each(true, |place| {
        let cancel = format!("{}/cancel", place.path(Appointment));
        place.send(&cancel, "").expect(200);
        assert_eq!(states(place, "client_cancelled"), ["open"]);
        act(place, "revert", &wrong);
        assert_eq!(states(place, "client_cancelled"), ["done"]);
        // Called off again, it's a task again.
        let version = place.stored()["schedule_version"].as_i64().unwrap();
        let mut link = place.link(Appointment);
        link.schedule_version = version.try_into().unwrap();
        place
            .send(&format!("{}/cancel", path(&link)), "")
            .expect(200);
        assert_eq!(states(place, "client_cancelled"), ["done", "open"]);
    });
    let to = json!({"starts_at": "2026-12-02T10:00:00Z"});
    let off = json!({});
    for (action, body) in [("reschedule", &to), ("cancel", &off), ("revert", &wrong)] {
        Place::each(true, |place| {
            let form = "starts_at=2026-12-01T10%3A00%3A00Z";
            let choose = format!("{}/move", place.path(Appointment));
            place.send(&choose, form).expect(200);
            assert_eq!(states(place, "client_moved"), ["open"]);
            if action == "revert" {
                // Their choice of the time was their yes too: that is the last act.
                act(place, action, body);
                assert_eq!(states(place, "client_moved"), ["open"]);
            }
            act(place, action, body);
            assert_eq!(states(place, "client_moved"), ["done"], "{action}");
        });
    }
    for (action, body) in [("reschedule", &to), ("cancel", &off)] {
        Place::each(false, |place| {
            let ask = format!("{}/move", place.path(Appointment));
            place.send(&ask, "note=Mondays").expect(200);
            // A yes to the time as it stands leaves the wish to staff.
            act(place, "confirm", &off);
            assert_eq!(states(place, "move_requested"), ["open"]);
            act(place, action, body);
            assert_eq!(states(place, "move_requested"), ["done"], "{action}");
        });
    }
    Place::each(false, |place| {
        let ask = format!("{}/move", place.path(Appointment));
        place.send(&ask, "").expect(200);
        place.complete();
        assert_eq!(states(place, "move_requested"), ["done"]);
    });
}

#[test]
fn the_choice_begins_and_ends_with_the_days_that_the_plan_allows() {
    Place::each(true, |place| {
        let gap = json!({
            "minimum_days": 40, "recommended_from_days": 40, "recommended_until_days": 50, "maximum_days": 50,
        });
        let plan = json!({
            "client_id": place.client_id, "practitioner_id": place.practitioner_id, "indication": "scar",
            "treatment_sessions": 2, "session_minutes": 60, "gaps": [gap],
        });
        let plan = place.server.post("/v1/plans", &plan).expect(201).location();
        let mut sessions = place
            .server
            .get(&format!("{plan}/sessions"))
            .expect(200)
            .data()
            .to_vec();
        sessions.sort_by_key(|session| session["ordinal"].as_u64());
        let mut ids = Vec::new();
        for (session, starts_at) in sessions
            .iter()
            .zip(["2026-12-10T10:00:00Z", "2027-01-25T10:00:00Z"])
        {
            let id = session["id"].as_str().unwrap().to_owned();
            let booking = json!({"starts_at": starts_at, "practitioner_id": place.practitioner_id});
            let path = format!("/v1/sessions/{id}/book");
            place.server.post(&path, &booking).expect(200);
            ids.push(id);
        }
        let link = Link::appointment(ids[1].parse().unwrap(), 1, 1, place.server.clock.now());
        let asks = format!("{}/move", path(&link));
        let choice = place.look(&asks).expect(200);
        assert!(choice.text.contains("value=\"2027-01-19T"), "{choice}");
        assert!(!choice.text.contains("value=\"2027-01-18T"), "{choice}");
        // Five days fit on a page, and the last that the plan allows is the end.
        assert!(choice.text.contains("/move?from=2027-01-24"), "{choice}");
        let later = place.look(&format!("{asks}?from=2027-01-24")).expect(200);
        assert!(later.text.contains("value=\"2027-01-24T"), "{later}");
        let last = place.look(&format!("{asks}?from=2027-01-29")).expect(200);
        assert!(last.text.contains("value=\"2027-01-29T"), "{last}");
        assert!(!last.text.contains("/move?from="), "{last}");
    });
}

#[test]
fn the_choice_ends_a_year_ahead() {
    Place::each(true, |place| {
        let asks = format!("{}/move", place.path(Appointment));
        let last = place.look(&format!("{asks}?from=2027-11-24")).expect(200);
        assert!(last.text.contains("value=\"2027-11-25T"), "{last}");
        assert!(!last.text.contains("/move?from="), "{last}");
        let before = place.look(&format!("{asks}?from=2027-11-10")).expect(200);
        assert!(before.text.contains("/move?from=2027-11-15"), "{before}");
    });
}
