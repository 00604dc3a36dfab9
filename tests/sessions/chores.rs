//! What becomes a task by the clock alone or by an address, and closes by itself; and the morning mail to staff.

use serde_json::{Value, json};

use crate::house::{House, day, text};
use crate::post::Post;

fn change_client(house: &House, change: serde_json::Value) {
    let client = format!("/v1/clients/{}", house.client_id);
    house.server.patch(&client, "*", &change).expect(200);
}

fn change_studio(house: &House, change: serde_json::Value) {
    let studio = format!("/v1/studios/{}", house.studio_id);
    house.server.patch(&studio, "*", &change).expect(200);
}

#[test]
fn an_unconfirmed_session_is_a_task_until_its_client_answers_or_it_moves() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 4, "10:00");
        house.go_to(1);
        post.tick();
        assert_eq!(house.tasks("unconfirmed", &id).len(), 0);
        // The studio wants to know earlier than most.
        change_studio(house, json!({"unconfirmed_task_hours": 72}));
        house.wait(2);
        post.tick();
        assert_eq!(house.tasks("unconfirmed", &id)[0]["state"], "open");
        house.move_to(&id, 20, "10:00");
        assert_eq!(house.tasks("unconfirmed", &id)[0]["state"], "done");
        house.go_to(18);
        post.tick();
        let tasks = house.tasks("unconfirmed", &id);
        assert_eq!(tasks.len(), 2);
        house.act(&id, "confirm", &json!({})).expect(200);
        assert!(
            house
                .tasks("unconfirmed", &id)
                .iter()
                .all(|task| task["state"] == "done")
        );
    });
}

#[test]
fn a_move_that_is_taken_back_asks_no_more_about_the_time_that_it_had() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        change_studio(house, json!({"unconfirmed_task_hours": 72}));
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house.move_to(&id, 4, "10:00");
        house.go_to(2);
        post.tick();
        assert_eq!(house.tasks("unconfirmed", &id)[0]["state"], "open");
        house
            .act(&id, "revert", &json!({"reason": "Wrong client."}))
            .expect(200);
        let states = |house: &House| -> Vec<Value> {
            let tasks = house.tasks("unconfirmed", &id).into_iter();
            tasks.map(|task| task["state"].clone()).collect()
        };
        assert_eq!(states(house), ["done"]);
        // The time that it has again is asked about when that is near.
        house.go_to(18);
        post.tick();
        assert_eq!(states(house), ["done", "open"]);
    });
}

#[test]
fn a_day_that_is_over_asks_what_became_of_its_sessions() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        change_studio(house, json!({"digest_email": "desk@studio.example"}));
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 1, "08:00");
        let here = house.consultation().id();
        house.book(&here, 1, "10:00");
        let missed = house.consultation().id();
        house.book(&missed, 1, "12:00");
        let to_come = house.consultation().id();
        house.book(&to_come, 2, "12:00");
        house.go_to(1);
        house.act(&here, "check-in", &json!({})).expect(200);
        house.act(&missed, "no-show", &json!({})).expect(200);
        post.deliver();
        // A minute before six in the morning after, and at six.
        house.wait(17 * 60 + 59);
        post.tick();
        assert_eq!(house.tasks("outcome_missing", &id).len(), 0);
        house.wait(1);
        post.tick();
        for open in [&id, &here] {
            let tasks = house.tasks("outcome_missing", open);
            assert_eq!(tasks.len(), 1);
            assert_eq!(tasks[0]["state"], "open");
            assert_eq!(tasks[0]["due_at"], "2026-11-27T06:00:00Z");
        }
        for settled in [&missed, &to_come] {
            assert_eq!(house.tasks("outcome_missing", settled).len(), 0);
        }
        house.wait(60);
        let mails = post.deliver();
        let counted = mails
            .iter()
            .any(|mail| mail.contains("Appointments without an outcome: 2"));
        assert!(counted, "{mails:?}");

        // It's asked once, and an outcome closes it, whichever.
        house.wait(120);
        post.tick();
        assert_eq!(house.tasks("outcome_missing", &id).len(), 1);
        let then = json!({"occurred_at": "2026-11-26T11:00:00Z"});
        house.act(&here, "complete", &then).expect(200);
        assert_eq!(house.tasks("outcome_missing", &here)[0]["state"], "done");
        house.act(&id, "no-show", &json!({})).expect(200);
        assert_eq!(house.tasks("outcome_missing", &id)[0]["state"], "done");

        // The wrong one was taken back: it's asked again, until the session lies ahead.
        let reason = json!({"reason": "They were here."});
        house.act(&id, "revert", &reason).expect(200);
        house.wait(60);
        post.tick();
        let states = || -> Vec<String> {
            let tasks = house.tasks("outcome_missing", &id);
            tasks.iter().map(|task| text(&task["state"])).collect()
        };
        assert_eq!(states(), ["done", "open"]);
        house.move_to(&id, 5, "08:00");
        assert_eq!(states(), ["done", "done"]);
    });
}

#[test]
fn the_start_of_a_session_closes_what_was_to_be_done_before() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let leaving = house.server.practitioner(&house.studio_id).id();
        let id = house.arrange(&house.client_id, "touch_up", 60).id();
        change_client(house, json!({"email": null}));
        let mut booking = house.at(1, "12:30");
        booking["practitioner_id"] = json!(leaving);
        house.act(&id, "book", &booking).expect(200);
        let off = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&off, 1, "14:00");
        post.deliver();
        house.act(&off, "cancel", &json!({})).expect(200);
        let path = format!("/v1/practitioners/{leaving}");
        let left = json!({"active": false});
        house.server.patch(&path, "*", &left).expect(200);
        let before_it = ["unconfirmed", "practitioner_left", "no_usable_address"];
        let states = |id: &str| {
            before_it.map(|kind| {
                let tasks = house.tasks(kind, id);
                tasks
                    .iter()
                    .map(|task| text(&task["state"]))
                    .collect::<Vec<_>>()
            })
        };
        let all = |state: &str| before_it.map(|_| vec![state.to_owned()]);
        house.go_to(1);
        post.deliver();
        assert_eq!(states(&id), all("open"));
        // Who can't be told that it's off has to be called.
        assert_eq!(states(&off)[2], ["open"]);
        house.wait(30);
        post.deliver();
        assert_eq!(states(&id), all("done"));
        assert_eq!(states(&off)[2], ["open"]);
        house.wait(90);
        post.deliver();
        assert_eq!(states(&off)[2], ["done"]);

        // Care that reaches nobody is another matter, and stays.
        house.act(&id, "complete", &json!({})).expect(200);
        house.wait(40);
        post.deliver();
        house.wait(40);
        post.deliver();
        let tasks = house.tasks("no_usable_address", &id);
        assert_eq!(tasks.len(), 2);
        assert_eq!(tasks[1]["detail"]["step"], "aftercare_day_0");
        assert_eq!(tasks[1]["state"], "open");
    });
}

#[test]
fn a_session_that_should_be_booked_by_now_is_a_task_until_it_is() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.go_to(1);
        house.act(&sessions[0], "complete", &json!({})).expect(200);
        // The best days are the tenth to the fourteenth after.
        house.go_to(15);
        post.tick();
        assert_eq!(house.tasks("overdue_for_booking", &sessions[1]).len(), 0);
        house.go_to(16);
        post.tick();
        let tasks = house.tasks("overdue_for_booking", &sessions[1]);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["detail"]["latest_day"], "2027-01-25");
        assert_eq!(house.tasks("overdue_for_booking", &sessions[2]).len(), 0);
        house.book(&sessions[1], 18, "10:00");
        assert_eq!(
            house.tasks("overdue_for_booking", &sessions[1])[0]["state"],
            "done"
        );
    });
}

#[test]
fn a_bad_address_is_a_task_until_there_is_another() {
    House::each(|house| {
        for (state, kind) in [
            ("bounced", "address_bounced"),
            ("wrong_person", "wrong_person"),
        ] {
            change_client(house, json!({"email_state": state}));
            let path = format!("/v1/tasks?kind={kind}&client_id={}", house.client_id);
            let tasks = house.list(&path);
            assert_eq!(tasks.len(), 1, "{kind}");
            assert_eq!(tasks[0]["state"], "open");
            change_client(house, json!({"notes": "Called."}));
            assert_eq!(house.list(&path)[0]["state"], "open");
            change_client(house, json!({"email": format!("{state}@example.com")}));
            assert_eq!(house.list(&path)[0]["state"], "done");
        }
    });
}

#[test]
fn staff_are_told_each_morning_in_numbers_if_they_ask_for_it() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 2, "10:00");
        post.deliver();
        house.go_to(1);
        assert!(!post.subjects().contains(&"Your day in numbers".to_owned()));
        change_studio(house, json!({"digest_email": "desk@studio.example"}));
        house.wait(2);
        let mails = post.deliver();
        let digest: Vec<&String> = mails
            .iter()
            .filter(|mail| mail.contains("Subject: Your day in numbers"))
            .collect();
        assert_eq!(digest.len(), 1, "{mails:?}");
        let digest = digest[0];
        assert!(digest.contains("To: desk@studio.example"), "{digest}");
        assert!(
            digest.contains("Appointments today: 0") && digest.contains("Not confirmed yet: 1"),
            "{digest}"
        );
        let client = house
            .server
            .get(&format!("/v1/clients/{}", house.client_id))
            .expect(200);
        for personal in ["given_name", "family_name", "email"] {
            assert!(
                !digest.contains(&text(&client.json[personal])),
                "{personal} in {digest}"
            );
        }
        // Once a day.
        house.wait(120);
        assert!(!post.subjects().contains(&"Your day in numbers".to_owned()));
        house.go_to(2);
        assert!(post.subjects().contains(&"Your day in numbers".to_owned()));
        change_studio(house, json!({"digest_email": null}));
        house.go_to(3);
        assert!(!post.subjects().contains(&"Your day in numbers".to_owned()));
        // Whoever asks for it in the evening waits for the morning.
        house.wait(8 * 60);
        change_studio(house, json!({"digest_email": "desk@studio.example"}));
        assert!(!post.subjects().contains(&"Your day in numbers".to_owned()));
        // On a closed day nobody is there to read it.
        let closed = json!({"from_day": day(4), "until_day": day(4)});
        change_studio(house, json!({"closed_days": [closed]}));
        house.go_to(4);
        assert!(!post.subjects().contains(&"Your day in numbers".to_owned()));
        house.go_to(5);
        assert!(post.subjects().contains(&"Your day in numbers".to_owned()));
    });
}
