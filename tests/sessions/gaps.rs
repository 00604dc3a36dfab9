//! The task about sessions of a plan that lie too near or too far apart: it comes, changes and goes with what holds.

use serde_json::{Value, json};

use crate::house::House;
use crate::post::Post;

/// The open tasks about a session's gap, by their codes.
#[track_caller]
fn open(house: &House, session_id: &str) -> Vec<Value> {
    let mut tasks = house.tasks("gap_breach", session_id);
    tasks.retain(|task| task["state"] == "open");
    tasks
        .iter()
        .map(|task| task["detail"]["codes"].clone())
        .collect()
}

/// Moves a session whatever the plan says.
#[track_caller]
fn force(house: &House, id: &str, days: i64) {
    let mut to = house.at(days, "10:00");
    to["override"] = json!({"rules": ["gap"], "reason": "The client asked for it."});
    let owner = house.server.owner().header("If-Match", "*");
    owner
        .post(&format!("/v1/sessions/{id}/reschedule"), &to)
        .expect(200);
}

#[track_caller]
fn revert(house: &House, id: &str) {
    house
        .act(id, "revert", &json!({"reason": "It was a mistake."}))
        .expect(200);
}

#[test]
fn a_revert_to_a_time_that_breaks_the_gap_is_told() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.book(&sessions[1], 10, "10:00");
        house.move_to(&sessions[1], 14, "10:00");
        house.move_to(&sessions[0], 6, "10:00");
        assert!(open(house, &sessions[1]).is_empty());
        revert(house, &sessions[1]);
        assert_eq!(open(house, &sessions[1]), [json!(["gap_too_short"])]);
        revert(house, &sessions[0]);
        assert!(open(house, &sessions[1]).is_empty());
    });
}

#[test]
fn it_names_what_holds_now_and_an_answer_holds_for_those_times() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.book(&sessions[1], 10, "10:00");
        force(house, &sessions[0], 6);
        assert_eq!(open(house, &sessions[1]), [json!(["gap_too_short"])]);
        let task = house.tasks("gap_breach", &sessions[1]).remove(0);
        let close = format!("/v1/tasks/{}/close", task["id"].as_str().unwrap());
        let done = json!({"outcome": "done"});
        house.server.post(&close, &done).expect(200);
        // Another time of the earlier one is another matter.
        force(house, &sessions[0], 7);
        assert_eq!(open(house, &sessions[1]), [json!(["gap_too_short"])]);
        house
            .act(&sessions[0], "cancel", &json!({"by": "client"}))
            .expect(200);
        assert_eq!(
            open(house, &sessions[1]),
            [json!(["earlier_session_not_booked"])]
        );
    });
}

#[test]
fn it_ends_when_they_lie_right_again_or_the_later_one_has_ended() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.book(&sessions[1], 10, "10:00");
        force(house, &sessions[0], 6);
        assert_eq!(open(house, &sessions[1]).len(), 1);
        house.move_to(&sessions[0], 1, "10:00");
        assert!(open(house, &sessions[1]).is_empty());
        force(house, &sessions[0], 6);
        assert_eq!(open(house, &sessions[1]).len(), 1);
        house
            .act(&sessions[1], "cancel", &json!({"by": "client"}))
            .expect(200);
        assert!(open(house, &sessions[1]).is_empty());
    });
}

#[test]
fn other_gaps_of_the_plan_are_asked_of_what_is_booked() {
    House::each(|house| {
        let (plan, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.book(&sessions[1], 10, "10:00");
        let gaps = |minimum: u16| {
            let gap = json!({
                "minimum_days": minimum, "recommended_from_days": minimum,
                "recommended_until_days": 30, "maximum_days": 60,
            });
            let path = format!("/v1/plans/{plan}");
            let patch = json!({"gaps": [gap.clone(), gap]});
            house.server.patch(&path, "*", &patch).expect(200);
        };
        gaps(20);
        assert_eq!(open(house, &sessions[1]), [json!(["gap_too_short"])]);
        gaps(5);
        assert!(open(house, &sessions[1]).is_empty());
    });
}

#[test]
fn a_confirmation_that_is_taken_back_leaves_it_unconfirmed() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        house.go_to(1);
        let open = || {
            post.tick();
            let tasks = house.tasks("unconfirmed", &id);
            tasks.iter().filter(|task| task["state"] == "open").count()
        };
        assert_eq!(open(), 1);
        house.act(&id, "confirm", &json!({})).expect(200);
        assert_eq!(open(), 0);
        revert(house, &id);
        house.wait(2);
        assert_eq!(open(), 1);
    });
}

#[test]
fn a_cancellation_that_is_taken_back_asks_who_treats_where_that_one_has_left() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        house
            .act(&id, "cancel", &json!({"by": "client"}))
            .expect(200);
        let left = json!({"active": false});
        let path = format!("/v1/practitioners/{}", house.practitioner_id);
        house.server.patch(&path, "*", &left).expect(200);
        assert!(house.tasks("practitioner_left", &id).is_empty());
        revert(house, &id);
        let tasks = house.tasks("practitioner_left", &id);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["state"], "open");
    });
}

#[test]
fn who_called_it_off_themself_needs_no_call() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let path = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&path, "*", &json!({"email": null}))
            .expect(200);
        for (by, state) in [("client", "done"), ("studio", "open")] {
            let id = house.arrange(&house.client_id, "consultation", 60).id();
            house.book(&id, 10, "10:00");
            post.tick();
            assert_eq!(house.tasks("no_usable_address", &id)[0]["state"], "open");
            house.act(&id, "cancel", &json!({"by": by})).expect(200);
            post.tick();
            assert_eq!(
                house.tasks("no_usable_address", &id)[0]["state"],
                state,
                "{by}"
            );
        }
    });
}
