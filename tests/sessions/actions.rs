//! What happens to sessions once they have their time.

use serde_json::{Value, json};
use stipple_shared::domain::Role;

use crate::house::{House, act, day, text};

const REASON: &str = "Entered for the wrong client.";

fn because() -> Value {
    json!({"reason": REASON})
}

#[test]
fn repeating_what_is_in_effect_answers_as_before() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 1, "10:00");
        let repeat = |action: &str, body: &Value| {
            let first = house.act(&id, action, body).expect(200);
            let stale = house.server.owner().header("If-Match", "\"v1\"");
            let second = act(&stale, &id, action, body).expect(200);
            assert_eq!(first.json, second.json, "{action}");
            assert_eq!(first.etag(), second.etag(), "{action}");
        };
        repeat("book", &house.at(1, "10:00"));
        house
            .act(&id, "book", &house.at(1, "12:00"))
            .expect_problem(409, "already_booked");
        repeat("confirm", &json!({}));
        house.go_to(1);
        repeat("check-in", &json!({}));
        repeat("complete", &json!({}));
        house
            .act(&id, "cancel", &json!({}))
            .expect_problem(409, "session_final");
        let id = house.consultation().id();
        house.book(&id, 3, "10:00");
        let cancelled = house
            .act(&id, "cancel", &json!({"by": "client"}))
            .expect(200);
        assert_eq!(cancelled.json["ended_by"], "client");
        let again = house.act(&id, "cancel", &json!({})).expect(200);
        assert_eq!(again.json, cancelled.json);
        let id = house.consultation().id();
        house.book(&id, 3, "10:00");
        house
            .act(&id, "no-show", &json!({}))
            .expect_problem(409, "not_started");
        house.go_to(3);
        let missed = house
            .server
            .owner()
            .post_nothing(&format!("/v1/sessions/{id}/no-show"));
        assert_eq!(missed.expect(200).json["state"], "no_show");
        house.act(&id, "no-show", &json!({})).expect(200);
        let steps = house.list(&format!("/v1/sessions/{id}/history"));
        let actions: Vec<String> = steps.iter().map(|step| text(&step["action"])).collect();
        assert_eq!(actions, ["book", "no_show"]);
    });
}

#[test]
fn a_stale_copy_changes_nothing() {
    House::each(|house| {
        let id = house.consultation().id();
        let stale = house.server.owner().header("If-Match", "\"v1\"");
        let booked = house.book(&id, 1, "10:00");
        for (action, body) in [
            ("confirm", json!({})),
            ("check-in", json!({})),
            ("complete", json!({})),
            ("cancel", json!({})),
            ("revert", because()),
        ] {
            act(&stale, &id, action, &body).expect(412);
        }
        assert_eq!(house.session(&id).json, booked.json);
    });
}

#[test]
fn a_cancelled_session_gives_its_place_to_a_new_one_and_takes_it_back() {
    House::each(|house| {
        let (plan_id, sessions) = house.plan();
        let first = &sessions[0];
        house.book(first, 1, "10:00");
        house
            .act(first, "cancel", &json!({"reason": "Ill."}))
            .expect(200);
        let standing = |state: &str| -> Vec<Value> {
            let all = house.list(&format!("/v1/sessions?plan_id={plan_id}&state={state}"));
            all.into_iter().filter(|one| one["ordinal"] == 1).collect()
        };
        let replacement = standing("planned");
        assert_eq!(replacement.len(), 1);
        assert_eq!(replacement[0]["replaces_session_id"], json!(first));

        // Each has a higher number than what a calendar may have before it.
        assert_eq!(house.session(first).json["schedule_version"], 2);
        let back = house.act(first, "revert", &because()).expect(200);
        assert_eq!(back.json["state"], "booked");
        assert_eq!(back.json["schedule_version"], 3);
        assert!(standing("planned").is_empty());

        // The place goes on to a second and a third: whichever holds it gives it back.
        house.act(first, "cancel", &json!({})).expect(200);
        let second = text(&standing("planned")[0]["id"]);
        house.book(&second, 2, "10:00");
        house
            .act(first, "revert", &because())
            .expect_problem(409, "replaced");
        house.act(&second, "cancel", &json!({})).expect(200);
        let third = text(&standing("planned")[0]["id"]);
        assert_ne!(third, second);
        let back = house.act(first, "revert", &because()).expect(200);
        assert_eq!(back.json["state"], "booked");
        assert!(standing("planned").is_empty());
        assert_eq!(house.session(&third).json["state"], "cancelled");
        for gone in [&second, &third] {
            house
                .act(gone, "revert", &because())
                .expect_problem(409, "replaced");
        }
    });
}

#[test]
fn a_missed_session_gives_its_place_to_a_new_one() {
    House::each(|house| {
        let (plan_id, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.go_to(1);
        house.act(&sessions[0], "no-show", &json!({})).expect(200);
        let planned = house.list(&format!("/v1/sessions?plan_id={plan_id}&state=planned"));
        assert_eq!(planned.len(), 3);
    });
}

#[test]
fn the_place_in_a_closed_plan_is_gone() {
    House::each(|house| {
        let (plan_id, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.act(&sessions[0], "cancel", &json!({})).expect(200);
        let path = format!("/v1/plans/{plan_id}/close");
        house
            .server
            .post(&path, &json!({"reason": "Moves abroad."}))
            .expect(200);
        for id in &sessions {
            assert_eq!(house.session(id).json["state"], "cancelled");
            house
                .act(id, "revert", &because())
                .expect_problem(409, "plan_closed");
        }
    });
}

#[test]
fn each_action_can_be_taken_back() {
    House::each(|house| {
        let id = house.consultation().id();
        house
            .act(&id, "revert", &because())
            .expect_problem(409, "nothing_to_revert");
        house.book(&id, 1, "10:00");
        house.act(&id, "confirm", &json!({})).expect(200);
        let revert = || house.act(&id, "revert", &because()).expect(200).json;
        let back = revert();
        assert_eq!(
            (&back["state"], &back["confirmed_at"]),
            (&json!("booked"), &Value::Null)
        );
        house.act(&id, "confirm", &json!({})).expect(200);
        house.move_to(&id, 2, "11:00");
        let back = revert();
        assert_eq!(back["state"], "confirmed");
        assert_eq!(back["starts_at"], "2026-11-26T10:00:00Z");
        assert_eq!(back["schedule_version"], 3);
        house.go_to(1);
        house
            .act(&id, "complete", &json!({"clinical_notes": "All is well."}))
            .expect(200);
        let back = revert();
        assert_eq!(back["state"], "confirmed");
        assert_eq!(back["completed_at"], Value::Null);
        assert_eq!(back["completion"], Value::Null);
        // Notes are what somebody wrote, not a part of the step.
        assert_eq!(back["clinical_notes"], "All is well.");
        // The client was told nothing of the completion, so nothing needs telling again.
        assert_eq!(back["schedule_version"], 3);
        // Further and further back, to where nothing was done yet.
        assert_eq!(revert()["state"], "booked");
        assert_eq!(revert()["state"], "planned");
        house
            .act(&id, "revert", &because())
            .expect_problem(409, "nothing_to_revert");
        let steps = house.list(&format!("/v1/sessions/{id}/history"));
        assert!(steps.iter().all(|step| step["reverted"] == true));
        assert_eq!(steps[2]["action"], "revert");
        assert_eq!(steps[2]["reason"], REASON);
    });
}

#[test]
fn a_time_that_somebody_else_has_by_now_is_not_taken_back() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 1, "10:00");
        house.act(&id, "cancel", &json!({})).expect(200);
        let other = house.consultation().id();
        house.book(&other, 1, "10:30");
        house
            .act(&id, "revert", &because())
            .expect_problem(409, "overlap");
        let mut anyway = because();
        anyway["override"] = json!({"rules": ["overlap"], "reason": "Two chairs."});
        let desk = house.server.caller(Role::FrontDesk);
        act(&desk.header("If-Match", "*"), &id, "revert", &anyway).expect(403);
        let back = house.act(&id, "revert", &anyway).expect(200);
        assert_eq!(back.json["overlap_reason"], "Two chairs.");
        let seen = desk.get(&format!("/v1/sessions/{id}")).expect(200);
        assert!(!seen.json.to_string().contains("Two chairs"));
    });
}

#[test]
fn what_took_place_is_stored_with_what_was_wrong() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        let first = house
            .act(&sessions[0], "complete", &json!({"completion": "partial"}))
            .expect(200);
        assert_eq!(first.json["state"], "completed");
        assert_eq!(first.json["completion"], "partial");
        assert_eq!(first.json["nonconformities"][0]["code"], "not_booked");
        let tasks = house.tasks("nonconformity", &sessions[0]);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["detail"]["codes"], json!(["not_booked"]));

        house.go_to(3);
        let second = house.act(&sessions[1], "complete", &json!({})).expect(200);
        let codes: Vec<String> = second.json["nonconformities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(&one["code"]))
            .collect();
        assert_eq!(codes, ["not_booked", "gap_too_short"]);

        let nobody = house.consultation();
        house
            .act(&nobody.id(), "complete", &json!({}))
            .expect(422)
            .expect_error("/practitioner_id", "required");
    });
}

#[test]
fn a_cancellation_that_tells_something_else_than_the_first_is_refused() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 3, "10:00");
        house.go_to(1);
        let told = json!({
            "by": "client", "reason": "Called in the morning.", "occurred_at": "2026-11-26T09:00:00Z",
        });
        let first = house.act(&id, "cancel", &told).expect(200);
        house.wait(10);
        for same in [
            told.clone(),
            json!({}),
            json!({"by": "client"}),
            json!({"reason": "Called in the morning."}),
        ] {
            let again = house.act(&id, "cancel", &same).expect(200);
            assert_eq!(again.json, first.json, "{same}");
        }
        for (other, pointer) in [
            (json!({"by": "studio"}), "/by"),
            (json!({"reason": "Ill that day."}), "/reason"),
            (
                json!({"occurred_at": "2026-11-26T09:00:01Z"}),
                "/occurred_at",
            ),
        ] {
            let refused = house
                .act(&id, "cancel", &other)
                .expect_problem(409, "already_cancelled")
                .expect_error(pointer, "told_otherwise");
            assert_eq!(refused.json["errors"].as_array().unwrap().len(), 1);
        }
        assert_eq!(house.session(&id).json, first.json);

        // A clock that runs a little fast is cut to ours, then as now.
        let id = house.consultation().id();
        house.book(&id, 3, "10:00");
        let fast = json!({"occurred_at": format!("{}T12:13:00Z", day(1))});
        let first = house.act(&id, "cancel", &fast).expect(200);
        house.wait(10);
        let again = house.act(&id, "cancel", &fast).expect(200);
        assert_eq!(again.json, first.json);
        house
            .act(&id, "cancel", &json!({"reason": "Found out later."}))
            .expect_problem(409, "already_cancelled");
    });
}

#[test]
fn what_is_known_of_a_missed_session_is_kept_and_not_told_otherwise() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 1, "10:00");
        house.go_to(1);
        let told =
            json!({"reason": "Stood in a traffic jam.", "occurred_at": "2026-11-26T10:30:00Z"});
        let first = house.act(&id, "no-show", &told).expect(200);
        assert_eq!(first.json["end_reason"], "Stood in a traffic jam.");
        assert_eq!(first.json["ended_at"], "2026-11-26T10:30:00Z");
        assert_eq!(first.json["ended_by"], Value::Null);
        let steps = house.list(&format!("/v1/sessions/{id}/history"));
        assert_eq!(steps[1]["reason"], "Stood in a traffic jam.");
        let trail = house.list("/v1/audit-events?action=session.missed");
        assert_eq!(trail[0]["reason"], "Stood in a traffic jam.");
        house.wait(10);
        for same in [
            told,
            json!({}),
            json!({"reason": "Stood in a traffic jam."}),
            json!({"occurred_at": "2026-11-26T10:30:00Z"}),
        ] {
            let again = house.act(&id, "no-show", &same).expect(200);
            assert_eq!(again.json, first.json, "{same}");
        }
        for (other, pointer) in [
            (json!({"reason": "Forgot it."}), "/reason"),
            (
                json!({"occurred_at": "2026-11-26T10:31:00Z"}),
                "/occurred_at",
            ),
        ] {
            let refused = house
                .act(&id, "no-show", &other)
                .expect_problem(409, "already_missed")
                .expect_error(pointer, "told_otherwise");
            assert_eq!(refused.json["errors"].as_array().unwrap().len(), 1);
        }
        // Nor is what is told to have happened after it was written down.
        house.wait(6);
        let later = json!({"occurred_at": house.server.clock.now()});
        house
            .act(&id, "no-show", &later)
            .expect_problem(409, "already_missed")
            .expect_error("/occurred_at", "told_otherwise");
        assert_eq!(house.session(&id).json, first.json);

        // Taken back, it can be told anew.
        let back = house.act(&id, "revert", &because()).expect(200);
        assert_eq!(back.json["end_reason"], Value::Null);
        let other = json!({"reason": "Forgot it."});
        let second = house.act(&id, "no-show", &other).expect(200);
        assert_eq!(second.json["end_reason"], "Forgot it.");
        house
            .act(&id, "no-show", &json!({"by": "client"}))
            .expect_problem(422, "invalid")
            .expect_error("/by", "unknown_field");
    });
}

#[test]
fn what_is_written_down_afterwards_says_when_it_happened() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 1, "10:00");
        house.go_to(2);
        let future = json!({"occurred_at": format!("{}T12:06:00Z", day(2))});
        house
            .act(&id, "complete", &future)
            .expect(422)
            .expect_error("/occurred_at", "in_the_future");
        let past = json!({"occurred_at": "2026-11-26T11:05:00Z"});
        let completed = house.act(&id, "complete", &past).expect(200);
        assert_eq!(completed.json["completed_at"], "2026-11-26T11:05:00Z");
        assert_eq!(completed.json["recorded_at"], "2026-11-27T12:00:00Z");
        assert_eq!(completed.json["nonconformities"], json!([]));
    });
}

#[test]
fn a_late_completion_moves_the_gap_and_what_is_too_near_becomes_a_task() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.book(&sessions[1], 8, "10:00");
        house.go_to(3);
        house.act(&sessions[0], "complete", &json!({})).expect(200);
        let tasks = house.tasks("gap_breach", &sessions[1]);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["detail"]["codes"], json!(["gap_too_short"]));
        assert_eq!(house.session(&sessions[1]).json["state"], "booked");
    });
}

#[test]
fn the_front_desk_receives_but_does_not_treat() {
    House::each(|house| {
        let desk = house.server.caller(Role::FrontDesk);
        let id = house.consultation().id();
        let patch = json!({"clinical_notes": "Scar on the crown."});
        let seen = desk.get(&format!("/v1/sessions/{id}")).expect(200);
        desk.patch(&format!("/v1/sessions/{id}"), &seen.etag(), &patch)
            .expect(403);
        house
            .server
            .patch(&format!("/v1/sessions/{id}"), "*", &patch)
            .expect(200);
        act(&desk, &id, "book", &house.at(1, "10:00")).expect(200);
        act(&desk, &id, "confirm", &json!({})).expect(200);
        house.go_to(1);
        let arrived = act(&desk, &id, "check-in", &json!({})).expect(200);
        assert_eq!(arrived.json.get("clinical_notes"), None);
        let listed = desk.get("/v1/sessions").expect(200);
        assert!(!listed.text.contains("clinical_notes"));
        act(&desk, &id, "complete", &json!({})).expect(403);
        act(&desk.header("If-Match", "*"), &id, "revert", &because()).expect(200);
        act(&desk, &id, "no-show", &json!({})).expect(200);
        let auditor = house.server.caller(Role::Auditor);
        act(&auditor, &id, "revert", &because()).expect(403);
        auditor.get(&format!("/v1/sessions/{id}")).expect(200);
    });
}
