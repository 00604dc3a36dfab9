//! What staff do with a single reminder.

use serde_json::{Value, json};
use stipple_shared::domain::Role;

use crate::house::{House, text};
use crate::post::Post;

#[track_caller]
fn find(house: &House, session_id: &str, step: &str) -> Value {
    let path = format!("/v1/reminders?session_id={session_id}&step={step}&limit=200");
    let rows = house.list(&path);
    let standing = rows.into_iter().find(|row| row["state"] != "superseded");
    standing.unwrap()
}

fn path(row: &Value, action: &str) -> String {
    format!("/v1/reminders/{}/{action}", text(&row["id"]))
}

fn booked(house: &House) -> String {
    let id = house.arrange(&house.client_id, "consultation", 60).id();
    house.book(&id, 20, "10:00");
    id
}

#[test]
fn a_reminder_that_staff_call_off_stays_off_until_they_ask_for_it_again() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = booked(house);
        post.deliver();
        let row = find(house, &id, "final_reminder");
        let off = house
            .server
            .post(
                &path(&row, "cancel"),
                &json!({"reason": "They come straight from the airport."}),
            )
            .expect(200);
        assert_eq!(off.json["state"], "suppressed");
        assert_eq!(off.json["state_reason"], "cancelled_by_staff");
        let again = house
            .server
            .post(&path(&row, "cancel"), &json!({}))
            .expect(200);
        assert_eq!(again.json, off.json);

        // Nothing that schedules anew brings it back.
        let client = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&client, "*", &json!({"email": "another@example.com"}))
            .expect(200);
        house.act(&id, "confirm", &json!({})).expect(200);
        assert_eq!(find(house, &id, "final_reminder")["state"], "suppressed");

        let wanted = house
            .server
            .post(&path(&row, "requeue"), &json!({}))
            .expect(200);
        assert_eq!(wanted.json["state"], "scheduled");
        assert_eq!(wanted.json["due_at"], row["due_at"]);
        house
            .server
            .post(&path(&row, "requeue"), &json!({}))
            .expect(200);

        house
            .server
            .post(&path(&row, "cancel"), &json!({}))
            .expect(200);
        // For another time there's another one.
        house.move_to(&id, 21, "10:00");
        let rows = house.list(&format!(
            "/v1/reminders?session_id={id}&step=final_reminder&state=scheduled"
        ));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["schedule_version"], 2);
    });
}

#[test]
fn a_reminder_is_sent_at_once_when_staff_say_so_and_only_once() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = booked(house);
        post.deliver();
        let row = find(house, &id, "confirm_request");
        let desk = house.server.caller(Role::FrontDesk);
        let hastened = desk.post(&path(&row, "send-now"), &json!({})).expect(200);
        assert_eq!(
            hastened.json["due_at"],
            house.server.clock.now().to_string()
        );
        assert_eq!(
            desk.post(&path(&row, "send-now"), &json!({}))
                .expect(200)
                .json,
            hastened.json
        );
        assert_eq!(post.subjects(), ["Please confirm"]);
        desk.post(&path(&row, "send-now"), &json!({}))
            .expect_problem(409, "reminder_ended");
        desk.post(&path(&row, "cancel"), &json!({}))
            .expect_problem(409, "reminder_ended");
        desk.post(&path(&row, "requeue"), &json!({}))
            .expect_problem(409, "reminder_ended");
        house
            .server
            .caller(Role::Auditor)
            .post(&path(&row, "requeue"), &json!({}))
            .expect_problem(403, "forbidden");
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
    });
}

#[test]
fn asking_again_says_what_would_keep_it_back() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let client = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&client, "*", &json!({"email": null}))
            .expect(200);
        let id = booked(house);
        post.deliver();
        let row = find(house, &id, "booking_confirmation");
        assert_eq!(row["state_reason"], "no_address");
        assert_eq!(house.tasks("no_usable_address", &id).len(), 1);
        house
            .server
            .post(&path(&row, "requeue"), &json!({}))
            .expect_problem(409, "no_address");
        house
            .server
            .post(&path(&row, "send-now"), &json!({}))
            .expect_problem(409, "not_scheduled");
        let preview = house.server.get(&path(&row, "preview")).expect(200);
        assert_eq!(preview.json["to"], Value::Null);

        house
            .server
            .patch(&client, "*", &json!({"email": "alex@example.com"}))
            .expect(200);
        // What was kept back for want of it goes out now.
        assert_eq!(post.subjects(), ["Booked"]);
        // The address is there: staff need not telephone any more.
        assert_eq!(house.tasks("no_usable_address", &id)[0]["state"], "done");
    });
}

#[test]
fn a_preview_is_the_mail_that_would_go_and_then_the_one_that_went() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = booked(house);
        let row = find(house, &id, "booking_confirmation");
        let before = house.server.get(&path(&row, "preview")).expect(200);
        assert_eq!(before.json["attempted"], false);
        let mails = post.deliver();
        let after = house.server.get(&path(&row, "preview")).expect(200);
        assert_eq!(after.json["attempted"], true);
        for part in ["subject", "text", "html", "sender_name"] {
            assert_eq!(
                after.json["mail"][part], before.json["mail"][part],
                "{part}"
            );
        }
        assert!(
            mails[0].contains(
                after.json["mail"]["preheader"]
                    .as_str()
                    .unwrap()
                    .split(',')
                    .next()
                    .unwrap()
            )
        );

        // What has changed since doesn't touch what was sent.
        let client = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&client, "*", &json!({"language": "de"}))
            .expect(200);
        let sent = house.server.get(&path(&row, "preview")).expect(200);
        assert_eq!(sent.json["mail"], after.json["mail"]);
        let to_come = find(house, &id, "final_reminder");
        let german = house.server.get(&path(&to_come, "preview")).expect(200);
        assert!(
            german.json["mail"]["subject"]
                .as_str()
                .unwrap()
                .starts_with("Erinnerung"),
            "{german}"
        );

        house.move_to(&id, 21, "10:00");
        house
            .server
            .get(&path(&to_come, "preview"))
            .expect_problem(409, "reminder_superseded");
        house
            .server
            .caller(Role::Auditor)
            .get(&path(&row, "preview"))
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_mail_promises_what_the_page_allows_when_it_goes() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let said = |id: &str, step: &str| {
            let row = find(house, id, step);
            let preview = house.server.get(&path(&row, "preview")).expect(200);
            let text = text(&preview.json["mail"]["text"]);
            let hint = text.lines().find(|line| line.starts_with("Your page"));
            hint.unwrap().to_owned()
        };
        let id = booked(house);
        let confirmed = house.consultation().id();
        house.book(&confirmed, 20, "14:00");
        house.act(&confirmed, "confirm", &json!({})).expect(200);
        let all =
            "Your page shows all the details. There you can also confirm, or ask for another time.";
        let still = "Your page shows all the details. There you can also ask for another time.";
        let late = "Your page shows all the details. There you can also confirm.";
        let nothing = "Your page shows all the details.";
        for (id, step, expected) in [
            (&id, "booking_confirmation", all),
            (&id, "confirm_request", all),
            // A day before, and the cut-off is at two.
            (&id, "final_reminder", late),
            (&confirmed, "booking_confirmation", still),
            (&confirmed, "final_reminder", nothing),
        ] {
            assert_eq!(said(id, step), expected, "{step}");
        }
        // What goes says what was shown.
        assert_eq!(post.subjects(), ["Booked", "Booked"]);
        house.go_to(19);
        house.wait(120 + 5);
        assert_eq!(post.subjects(), ["Reminder", "Reminder"]);
        assert_eq!(said(&id, "final_reminder"), late);
        assert_eq!(said(&confirmed, "final_reminder"), nothing);
    });
}

/// Where the texts stand in a mail, if they're all there.
#[track_caller]
fn places(mail: &str, texts: &[&str]) -> Vec<usize> {
    let found: Vec<Option<usize>> = texts.iter().map(|text| mail.find(text)).collect();
    assert!(!found.contains(&None), "{found:?} in {mail}");
    found.into_iter().flatten().collect()
}

#[test]
fn what_falls_together_is_told_in_the_order_of_its_meaning() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let (_, sessions) = house.plan();
        let id = sessions[0].clone();
        house.book(&id, 20, "10:00");
        for step in ["preparation", "final_reminder"] {
            let row = find(house, &id, step);
            let hasten = path(&row, "send-now");
            house.server.post(&hasten, &json!({})).expect(200);
        }
        let row = find(house, &id, "preparation");
        let preview = house.server.get(&path(&row, "preview")).expect(200);
        let subject = text(&preview.json["mail"]["subject"]);
        assert!(subject.starts_with("Booked: "), "{subject}");
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0].contains("Subject: Booked: "), "{}", mails[0]);
        let sections = [
            "Your appointment is booked",
            "See you soon",
            "Getting ready for your appointment",
        ];
        for mail in [&text(&preview.json["mail"]["text"]), &mails[0]] {
            let places = places(mail, &sections);
            assert!(places.is_sorted(), "{places:?} in {mail}");
        }
        let sent = house.server.get(&path(&row, "preview")).expect(200);
        assert_eq!(sent.json["attempted"], true);
        assert_eq!(sent.json["mail"]["text"], preview.json["mail"]["text"]);
    });
}

#[test]
fn each_act_is_in_the_audit_trail_with_its_reason() {
    use diesel::prelude::*;
    use stipple_shared::storage::schema::audit_events;

    House::each(|house| {
        let id = booked(house);
        let row = find(house, &id, "final_reminder");
        let body = json!({"reason": "Asked for by telephone."});
        for action in ["cancel", "requeue", "send-now"] {
            house.server.post(&path(&row, action), &body).expect(200);
        }
        let mut db = house.server.database().connect();
        let kept: Vec<(String, Option<String>)> = audit_events::table
            .filter(audit_events::action.eq_any([
                "reminder.cancelled",
                "reminder.requeued",
                "reminder.hastened",
            ]))
            .order(audit_events::sequence)
            .select((audit_events::action, audit_events::reason))
            .load(&mut db)
            .unwrap();
        let actions: Vec<&str> = kept.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(
            actions,
            [
                "reminder.cancelled",
                "reminder.requeued",
                "reminder.hastened"
            ]
        );
        assert!(
            kept.iter()
                .all(|(_, reason)| reason.as_deref() == Some("Asked for by telephone."))
        );
    });
}

#[test]
fn what_a_client_never_got_is_sent_once_more_with_a_reason() {
    House::each(|house| {
        let id = booked(house);
        let post = Post::of(&house.server.store);
        assert_eq!(post.subjects(), ["Booked"]);
        let row = find(house, &id, "booking_confirmation");
        house
            .server
            .post(&path(&row, "requeue"), &json!({}))
            .expect_problem(409, "reminder_ended");
        let client = format!("/v1/clients/{}", house.client_id);
        let address = json!({"email": "right@example.com"});
        house.server.patch(&client, "*", &address).expect(200);
        assert!(post.deliver().is_empty(), "nothing is repeated by itself");

        let why = json!({"reason": "It went to a mistyped address."});
        let again = house.server.post(&path(&row, "requeue"), &why).expect(200);
        assert_eq!(again.json["state"], "scheduled");
        let mails = post.deliver();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("To: right@example.com"), "{}", mails[0]);
        assert_eq!(find(house, &id, "booking_confirmation")["state"], "written");
    });
}

#[test]
fn what_was_told_is_known_though_the_repetition_is_called_off() {
    House::each(|house| {
        let id = booked(house);
        let post = Post::of(&house.server.store);
        assert_eq!(post.subjects(), ["Booked"]);
        let row = find(house, &id, "booking_confirmation");
        let why = json!({"reason": "They looked in the wrong mailbox."});
        let again = house.server.post(&path(&row, "requeue"), &why).expect(200);
        assert_eq!(again.json["sent_before_at"], row["finished_at"]);
        house
            .server
            .post(&path(&row, "cancel"), &json!({}))
            .expect(200);
        assert!(post.deliver().is_empty());
        house.act(&id, "cancel", &json!({})).expect(200);
        house.wait(11);
        assert_eq!(post.subjects(), ["Cancelled"]);
    });
}
