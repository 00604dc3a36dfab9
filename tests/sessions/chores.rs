//! What becomes a task by the clock alone or by an address, and closes by itself; and the morning mail to staff.

use serde_json::json;

use crate::house::{House, text};
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
    });
}
