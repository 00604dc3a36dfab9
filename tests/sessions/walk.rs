//! A long random walk: whatever is done in whatever order, what must hold holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::house::{House, act, text};

/// A small generator of our own: the same walk in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn nothing_is_scheduled_twice_whatever_is_done() {
    House::each(|house| {
        for seed in [1, 2026] {
            walk(house, &mut Dice(seed));
        }
    });
}

fn walk(house: &House, dice: &mut Dice) {
    let (plan_id, _) = house.plan();
    let owner = house.server.owner().header("If-Match", "*");
    let mut worked = 0;
    for step in 0..200 {
        let sessions = house.list(&format!("/v1/plans/{plan_id}/sessions?limit=200"));
        let place = usize::try_from(dice.roll(u64::try_from(sessions.len()).unwrap())).unwrap();
        let id = text(&sessions[place]["id"]);
        let now = house.server.clock.now();
        let starts_at = now + chrono::TimeDelta::hours(i64::try_from(dice.roll(24 * 40)).unwrap());
        let booking = json!({
            "starts_at": starts_at,
            "override": {"rules": ["gap", "hours", "overlap"], "reason": "A walk."},
        });
        let (action, body) = match dice.roll(12) {
            0..=2 => ("book", booking),
            3 | 4 => ("reschedule", booking),
            5 => ("confirm", json!({})),
            6 => ("check-in", json!({})),
            7 => ("complete", json!({})),
            8 => ("cancel", json!({})),
            9 => ("no-show", json!({})),
            _ => (
                "revert",
                json!({"reason": "A walk.", "override": booking["override"]}),
            ),
        };
        let answer = act(&owner, &id, action, &body);
        assert!(
            matches!(answer.status, 200 | 409),
            "step {step}, {action}: {answer}"
        );
        worked += u32::from(answer.status == 200);
        house.wait(i64::try_from(dice.roll(60 * 12)).unwrap());
        let session = house.session(&id).json;
        check_rows(house, &session, &text(&session["state"]));
        if step % 20 == 19 {
            check(house, &plan_id);
        }
    }
    assert!(worked >= 50, "{worked}");
}

fn check(house: &House, plan_id: &str) {
    let sessions = house.list(&format!("/v1/plans/{plan_id}/sessions?limit=200"));
    let mut ordinals: Vec<u64> = Vec::new();
    for session in &sessions {
        let state = text(&session["state"]);
        let lives = !matches!(state.as_str(), "cancelled" | "no_show");
        if lives {
            ordinals.push(session["ordinal"].as_u64().unwrap());
        }
        check_rows(house, session, &state);
    }
    ordinals.sort_unstable();
    assert_eq!(ordinals, [1, 2, 3]);
}

fn check_rows(house: &House, session: &Value, state: &str) {
    let path = format!(
        "/v1/reminders?session_id={}&limit=200",
        text(&session["id"])
    );
    let rows = house.list(&path);
    let mut seen = BTreeSet::new();
    let now = house.server.clock.now().to_string();
    for row in rows.iter().filter(|row| row["state"] != "superseded") {
        let version = match text(&row["anchor"]).as_str() {
            "care" => Value::Null,
            _ => row["schedule_version"].clone(),
        };
        let step = text(&row["step"]);
        assert!(
            seen.insert((step.clone(), version.to_string())),
            "{step} stands twice"
        );
        assert!(text(&row["due_at"]) < text(&row["useful_until"]), "{row}");
        // What is still to come fits the session as it stands.
        if text(&row["due_at"]) > now {
            let fits = match step.as_str() {
                "booking_confirmation" | "moved_notice" | "preparation" | "final_reminder" => {
                    matches!(state, "booked" | "confirmed")
                }
                "confirm_request" => state == "booked",
                "cancelled_notice" => matches!(state, "cancelled" | "planned"),
                _ => state == "completed",
            };
            assert!(fits, "{step} of a session that is {state}");
        }
    }
}
