//! The ledger follows the sessions.

use serde_json::{Value, json};

use crate::house::{House, text};
use crate::post::Post;

/// The steps of a session's rows in a state, sorted, with their schedule version.
fn rows(house: &House, session_id: &str, state: &str) -> Vec<(String, u64)> {
    let path = format!("/v1/reminders?session_id={session_id}&state={state}&limit=200");
    let mut found: Vec<(String, u64)> = house
        .list(&path)
        .iter()
        .map(|row| {
            (
                text(&row["step"]),
                row["schedule_version"].as_u64().unwrap(),
            )
        })
        .collect();
    found.sort();
    found
}

fn steps(version: u64, names: &[&str]) -> Vec<(String, u64)> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), version))
        .collect()
}

const TO_COME: [&str; 4] = [
    "booking_confirmation",
    "confirm_request",
    "final_reminder",
    "preparation",
];

const AFTERWARDS: [&str; 6] = [
    "aftercare_day_0",
    "aftercare_day_10",
    "aftercare_day_30",
    "aftercare_day_4",
    "book_next_closing",
    "book_next_opens",
];

#[test]
fn booking_moving_and_cancelling_replace_what_is_to_come() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let (_, sessions) = house.plan();
        let id = &sessions[0];
        house.book(id, 20, "10:00");
        assert_eq!(rows(house, id, "scheduled"), steps(1, &TO_COME));
        post.deliver();
        assert_eq!(
            rows(house, id, "written"),
            steps(1, &["booking_confirmation"])
        );
        house.move_to(id, 21, "10:00");
        assert_eq!(rows(house, id, "superseded"), steps(1, &TO_COME[1..]));
        let moved = [
            "confirm_request",
            "final_reminder",
            "moved_notice",
            "preparation",
        ];
        assert_eq!(rows(house, id, "scheduled"), steps(2, &moved));

        // A yes ends the asking, and nothing else.
        house.act(id, "confirm", &json!({})).expect(200);
        let confirmed = ["final_reminder", "moved_notice", "preparation"];
        assert_eq!(rows(house, id, "scheduled"), steps(2, &confirmed));

        house.act(id, "cancel", &json!({})).expect(200);
        assert_eq!(
            rows(house, id, "scheduled"),
            steps(3, &["cancelled_notice"])
        );
        let body = json!({"reason": "The wrong one."});
        house.act(id, "revert", &body).expect(200);
        assert_eq!(rows(house, id, "scheduled"), steps(4, &confirmed));
    });
}

#[test]
fn what_nobody_heard_of_is_confirmed_anew_and_ends_unsaid() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        let id = &sessions[0];
        house.book(id, 20, "10:00");
        house.move_to(id, 21, "10:00");
        assert_eq!(rows(house, id, "superseded"), steps(1, &TO_COME));
        assert_eq!(rows(house, id, "scheduled"), steps(2, &TO_COME));
        house.act(id, "confirm", &json!({})).expect(200);
        house.act(id, "cancel", &json!({})).expect(200);
        assert_eq!(rows(house, id, "scheduled"), vec![]);
        let body = json!({"reason": "The wrong one."});
        house.act(id, "revert", &body).expect(200);
        let again = ["booking_confirmation", "final_reminder", "preparation"];
        assert_eq!(rows(house, id, "scheduled"), steps(4, &again));
        house.act(id, "revert", &body).expect(200);
        house.act(id, "revert", &body).expect(200);
        house.act(id, "revert", &body).expect(200);
        assert_eq!(house.session(id).json["state"], "planned");
        assert_eq!(rows(house, id, "scheduled"), vec![]);
    });
}

#[test]
fn care_follows_completion_and_ends_with_it() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        let id = &sessions[0];
        house.book(id, 1, "10:00");
        house.go_to(1);
        let version = 1;
        house.act(id, "complete", &json!({})).expect(200);
        assert_eq!(rows(house, id, "scheduled"), steps(version, &AFTERWARDS));
        // Booked, the next session needs no reminder to book it.
        house.book(&sessions[1], 12, "10:00");
        assert_eq!(
            rows(house, id, "scheduled"),
            steps(version, &AFTERWARDS[..4])
        );
        house.act(&sessions[1], "cancel", &json!({})).expect(200);
        assert_eq!(rows(house, id, "scheduled"), steps(version, &AFTERWARDS));
        let body = json!({"reason": "The wrong one."});
        house.act(id, "revert", &body).expect(200);
        assert_eq!(rows(house, id, "scheduled"), vec![]);
    });
}

#[test]
fn care_gives_way_to_that_of_a_later_session_and_comes_back_with_it() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let first = house.arrange(&house.client_id, "touch_up", 60).id();
        let second = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&first, 1, "10:00");
        house.book(&second, 9, "10:00");
        house.go_to(1);
        house.act(&first, "complete", &json!({})).expect(200);
        for day in [2, 7] {
            house.go_to(day);
            post.deliver();
        }
        let sent = steps(1, &["aftercare_day_0", "aftercare_day_4"]);
        let written = || {
            let mut rows = rows(house, &first, "written");
            rows.retain(|(step, _)| step.starts_with("aftercare"));
            rows
        };
        assert_eq!(written(), sent);
        let to_come = steps(1, &["aftercare_day_10", "aftercare_day_30"]);
        assert_eq!(rows(house, &first, "scheduled"), to_come);
        // What is booked changes nothing yet: the advice of the first still holds.
        house.go_to(9);
        house.act(&second, "complete", &json!({})).expect(200);
        assert_eq!(rows(house, &first, "scheduled"), vec![]);
        assert_eq!(written(), sent);
        let mut of_second = rows(house, &second, "scheduled");
        of_second.retain(|(step, _)| step.starts_with("aftercare"));
        assert_eq!(of_second, steps(1, &AFTERWARDS[..4]));
        // Days later only the second's own advice goes.
        house.go_to(10);
        assert_eq!(post.subjects().len(), 1);
        house.go_to(13);
        assert_eq!(post.subjects().len(), 1);
        assert_eq!(written(), sent);
        let body = json!({"reason": "The wrong one."});
        house.act(&second, "revert", &body).expect(200);
        let back: Vec<_> = rows(house, &first, "scheduled");
        assert_eq!(back, to_come);
    });
}

#[test]
fn what_is_recorded_after_a_later_session_has_no_care_left() {
    House::each(|house| {
        let first = house.arrange(&house.client_id, "touch_up", 60).id();
        let second = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&first, 1, "10:00");
        house.book(&second, 2, "10:00");
        house.go_to(2);
        house.act(&second, "complete", &json!({})).expect(200);
        let told = json!({"occurred_at": "2026-11-26T11:00:00Z"});
        house.act(&first, "complete", &told).expect(200);
        assert_eq!(rows(house, &first, "scheduled"), vec![]);
        // A consultation places nothing, and leaves the care as it is.
        let third = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&third, 3, "10:00");
        house.go_to(3);
        let before = rows(house, &second, "scheduled");
        assert!(before.len() >= 3, "{before:?}");
        house.act(&third, "complete", &json!({})).expect(200);
        assert_eq!(rows(house, &second, "scheduled"), before);
    });
}

#[test]
fn preparation_that_is_late_goes_with_the_booking() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        let id = &sessions[0];
        house.book(id, 4, "10:00");
        let due_of = |id: &str, step: &str| -> Value {
            house
                .list(&format!("/v1/reminders?session_id={id}&state=scheduled"))
                .into_iter()
                .find(|row| row["step"] == step)
                .unwrap_or_default()["due_at"]
                .clone()
        };
        let due = |step: &str| due_of(id, step);
        assert_eq!(due("preparation"), due("booking_confirmation"));
        house.act(id, "confirm", &json!({})).expect(200);
        assert_eq!(due("preparation"), due("booking_confirmation"));
        assert_eq!(due("booking_confirmation"), "2026-11-25T09:00:00Z");

        // The notice of a move waits ten minutes; what joined it waits too, whatever else is written down meanwhile.
        let told = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&told, 20, "10:00");
        Post::of(&house.server.store).deliver();
        house.move_to(&told, 5, "10:00");
        let due = |step: &str| due_of(&told, step);
        assert_eq!(due("moved_notice"), "2026-11-25T09:10:00Z");
        assert_eq!(due("preparation"), due("moved_notice"));
        let client = format!("/v1/clients/{}", house.client_id);
        let patch = json!({"email": "another@example.com"});
        house.server.patch(&client, "*", &patch).expect(200);
        house.act(&told, "confirm", &json!({})).expect(200);
        assert_eq!(due("preparation"), "2026-11-25T09:10:00Z");
        assert_eq!(due("moved_notice"), "2026-11-25T09:10:00Z");
    });
}

#[test]
fn another_address_keeps_the_rows_and_another_rule_reschedules_them() {
    House::each(|house| {
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house.wait(30);
        let path = format!("/v1/reminders?session_id={id}&state=scheduled");
        let before = house.list(&path);
        let client = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&client, "*", &json!({"email": "another@example.com"}))
            .expect(200);
        assert_eq!(house.list(&path), before);

        let rules = house.list(&format!("/v1/studios/{}/reminder-rules", house.studio_id));
        let rule = |step: &str| {
            rules
                .iter()
                .find(|rule| rule["step"] == step)
                .unwrap()
                .clone()
        };
        let last = rule("final_reminder");
        let path_of = |rule: &Value| format!("/v1/reminder-rules/{}", text(&rule["id"]));
        let seen = house.server.get(&path_of(&last)).expect(200);
        assert_eq!(seen.json, last);
        let timing = json!({"timing": {"relative_to": "start", "hours_before": 48}});
        house
            .server
            .patch(&path_of(&last), &seen.etag(), &timing)
            .expect(200);
        let found = house.list(&path);
        let row = found
            .iter()
            .find(|row| row["step"] == "final_reminder")
            .unwrap();
        assert_eq!(row["due_at"], "2026-12-13T10:00:00Z");
        assert_eq!(row["schedule_version"], 1);
        assert_eq!(
            rows(house, &id, "superseded"),
            steps(1, &["final_reminder"])
        );
        let off = json!({"enabled": false});
        house.server.patch(&path_of(&last), "*", &off).expect(200);
        assert_eq!(
            rows(house, &id, "scheduled"),
            steps(1, &["booking_confirmation", "confirm_request"])
        );
        let care = rule("aftercare_day_4");
        house
            .server
            .patch(&path_of(&care), "*", &timing)
            .expect(422)
            .expect_error("/timing", "wrong_timing");
        for (timing, field, code, words) in [
            (
                json!({"relative_to": "start", "hours_before": 2161}),
                "hours_before",
                "invalid_value",
                "from 0 to 2160",
            ),
            (
                json!({"relative_to": "start", "hours_before": 1.5}),
                "hours_before",
                "invalid_value",
                "from 0 to 2160",
            ),
            (
                json!({"relative_to": "start_day", "days_before": -1, "at": "10:00"}),
                "days_before",
                "invalid_value",
                "from 0 to 365",
            ),
            (
                json!({"relative_to": "completion_month", "months_after": 0, "at": "10:00"}),
                "months_after",
                "invalid_value",
                "from 1 to 120",
            ),
            (
                json!({"relative_to": "start_day", "days_before": 1}),
                "at",
                "required",
                "at",
            ),
        ] {
            let refused = house
                .server
                .patch(&path_of(&care), "*", &json!({"timing": timing}))
                .expect_problem(422, "invalid")
                .expect_error(&format!("/timing/{field}"), code);
            assert!(refused.text.contains(words), "{refused}");
        }
        let due = house.list("/v1/reminders?due_from=2026-12-01T00:00:00Z&due_before=2026-12-30T00:00:00Z&state=scheduled");
        assert_eq!(due.len(), 1);
        let one = house
            .server
            .get(&format!("/v1/reminders/{}", text(&due[0]["id"])));
        assert_eq!(one.expect(200).json, due[0]);
    });
}
