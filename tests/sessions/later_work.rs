//! What becomes of the advice and the invitation after a session when pigment is placed again, or is to be.

use serde_json::json;

use crate::house::{House, text};
use crate::post::Post;

/// The rows of a session's steps whose name begins so: step, state and why.
fn rows(house: &House, id: &str, step: &str) -> Vec<(String, String, Option<String>)> {
    let found = house.list(&format!("/v1/reminders?session_id={id}"));
    let mut found: Vec<_> = found
        .iter()
        .map(|row| {
            let reason = row["state_reason"].as_str().map(str::to_owned);
            (text(&row["step"]), text(&row["state"]), reason)
        })
        .filter(|(name, ..)| name.starts_with(step))
        .collect();
    found.sort();
    found
}

/// A touch-up that was completed so many days after the first day of the test, at noon.
fn touch_up_on(house: &House, days: i64) -> String {
    let id = house.arrange(&house.client_id, "touch_up", 60).id();
    house.book(&id, days, "10:00");
    house.go_to(days);
    house.act(&id, "complete", &json!({})).expect(200);
    id
}

fn has_ended_for_later_work(row: &(String, String, Option<String>)) -> bool {
    row.1 == "superseded" && row.2.as_deref() == Some("later_work")
}

#[test]
fn advice_that_is_due_and_was_not_sent_yet_ends_with_the_next_work() {
    House::each(|house| {
        let first = touch_up_on(house, 1);
        let next = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&next, 12, "09:00");
        house.go_to(12);
        assert_eq!(
            rows(house, &first, "aftercare_day_10")[0].1,
            "scheduled",
            "it waits for a worker"
        );
        house.act(&next, "complete", &json!({})).expect(200);
        let advice = rows(house, &first, "aftercare");
        assert_eq!(advice.len(), 4);
        assert!(advice.iter().all(has_ended_for_later_work), "{advice:?}");
        assert_eq!(
            rows(house, &next, "aftercare_day_0")[0].1,
            "scheduled",
            "its own advice is to come"
        );
    });
}

#[test]
fn advice_whose_mail_waits_for_another_attempt_is_not_sent_after_the_next_work() {
    House::each(|house| {
        let first = touch_up_on(house, 1);
        let next = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&next, 12, "09:00");
        Post::of(&house.server.store).deliver();
        house.go_to(12);
        // Nobody listens there.
        let silent = Post::through(&house.server.store, "smtp://127.0.0.1:9?tls=none");
        silent.tick();
        assert_eq!(rows(house, &first, "aftercare_day_10")[0].1, "leased");
        house.act(&next, "complete", &json!({})).expect(200);

        house.wait(60);
        let post = Post::of(&house.server.store);
        post.deliver();
        let late = rows(house, &first, "aftercare_day_10");
        assert!(late.iter().all(has_ended_for_later_work), "{late:?}");
        assert_eq!(rows(house, &next, "aftercare_day_0")[0].1, "written");
    });
}

#[test]
fn an_invitation_that_was_not_sent_yet_ends_with_a_booking() {
    House::each(|house| {
        let client = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&client, "*", &json!({"marketing_mail": true}))
            .expect(200);
        let first = touch_up_on(house, 1);
        let years_later = 1 + 3 * 365 + 2;
        house.go_to(years_later);
        assert_eq!(
            rows(house, &first, "touch_up_invitation")[0].1,
            "scheduled",
            "it waits for a worker"
        );
        let next = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&next, years_later + 9, "10:00");
        let ended = rows(house, &first, "touch_up_invitation");
        assert!(ended.iter().all(has_ended_for_later_work), "{ended:?}");

        // Whoever calls off is invited again.
        house.act(&next, "cancel", &json!({})).expect(200);
        let states: Vec<String> = rows(house, &first, "touch_up_invitation")
            .into_iter()
            .map(|(_, state, _)| state)
            .collect();
        assert_eq!(states, ["scheduled", "superseded"]);
    });
}

#[test]
fn nothing_that_is_due_is_said_of_work_that_was_not_done_after_all() {
    House::each(|house| {
        let id = touch_up_on(house, 1);
        house.wait(120);
        assert_eq!(rows(house, &id, "aftercare_day_0")[0].1, "scheduled");
        let reason = json!({"reason": "Wrong client."});
        house.act(&id, "revert", &reason).expect(200);
        let advice = rows(house, &id, "aftercare");
        assert!(advice.iter().all(|row| row.1 == "superseded"), "{advice:?}");
    });
}

#[test]
fn a_place_in_a_plan_that_ended_is_no_work_to_come() {
    House::each(|house| {
        let touch_up = touch_up_on(house, 1);
        let (plan_id, sessions) = house.plan();
        // Never booked, and so planned again once it's taken back.
        let earlier = json!({
            "occurred_at": "2026-11-25T11:00:00Z",
            "practitioner_id": house.practitioner_id,
        });
        house.act(&sessions[0], "complete", &earlier).expect(200);
        let close = format!("/v1/plans/{plan_id}/close");
        house
            .server
            .post(&close, &json!({"reason": "Moved away."}))
            .expect(200);
        let invited = || {
            let found = rows(house, &touch_up, "touch_up_invitation").into_iter();
            found.filter(|(_, state, _)| state == "scheduled").count()
        };
        assert_eq!(invited(), 1);
        let reason = json!({"reason": "Wrong client."});
        house.act(&sessions[0], "revert", &reason).expect(200);
        assert_eq!(
            invited(),
            1,
            "{:?} {}",
            house
                .list(&format!("/v1/reminders?client_id={}", house.client_id))
                .iter()
                .map(|r| (
                    r["step"].clone(),
                    r["state"].clone(),
                    r["session_id"].clone()
                ))
                .collect::<Vec<_>>(),
            house.session(&sessions[0]).json["completed_at"]
        );
    });
}
