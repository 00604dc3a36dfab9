//! What is told afterwards: late completions, who walked in, who treated after all.

use serde_json::{Value, json};

use crate::house::{House, act, text};
use crate::post::Post;

/// The care that is to come after a session, and when.
fn care(house: &House, id: &str) -> Vec<(String, String)> {
    let path = format!("/v1/reminders?session_id={id}&state=scheduled");
    let rows = house.list(&path).into_iter();
    let mut care: Vec<(String, String)> = rows
        .map(|row| (text(&row["due_at"]), text(&row["step"])))
        .filter(|(_, step)| step.starts_with("aftercare"))
        .collect();
    care.sort();
    care
}

fn codes(session: &Value) -> Vec<String> {
    let found = session["nonconformities"].as_array().unwrap();
    found.iter().map(|one| text(&one["code"])).collect()
}

#[test]
fn a_completion_weeks_later_is_questioned_and_care_counts_from_the_day_it_took_place() {
    House::each(|house| {
        let id = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&id, 1, "10:00");
        house.go_to(22);
        let dated_now = house.act(&id, "complete", &json!({})).expect(200);
        assert_eq!(dated_now.json["completed_at"], "2026-12-17T12:00:00Z");
        assert_eq!(codes(&dated_now.json), ["after_its_day"]);
        let told = text(&dated_now.json["nonconformities"][0]["detail"]);
        assert!(
            told.contains("2026-11-26") && told.contains("occurred_at"),
            "{told}"
        );
        assert!(house.tasks("nonconformity", &id).is_empty());
        assert_eq!(care(house, &id).len(), 4);

        let reason = json!({"reason": "It took place in November."});
        house.act(&id, "revert", &reason).expect(200);
        assert_eq!(care(house, &id), []);
        let then = json!({"occurred_at": "2026-11-26T11:00:00Z"});
        let completed = house.act(&id, "complete", &then).expect(200);
        assert_eq!(completed.json["completed_at"], "2026-11-26T11:00:00Z");
        assert_eq!(completed.json["recorded_at"], "2026-12-17T12:00:00Z");
        assert_eq!(codes(&completed.json), [""; 0]);
        // What should have come within three weeks is of no use any more.
        let left = care(house, &id);
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].1, "aftercare_day_30");
        assert!(left[0].0.starts_with("2026-12-26"), "{left:?}");
    });
}

#[test]
fn who_walks_in_is_booked_at_their_true_start_and_hears_nothing_of_a_time_to_come() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        house.go_to(1);
        let at = |time: &str| {
            json!({
                "starts_at": format!("2026-11-26T{time}Z"), "practitioner_id": house.practitioner_id,
            })
        };
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house
            .act(&id, "check-in", &json!({}))
            .expect_problem(409, "not_booked");
        house
            .act(&id, "book", &at("11:44:59"))
            .expect_problem(409, "in_the_past");
        house.act(&id, "book", &at("11:45:00")).expect(200);
        house.act(&id, "check-in", &json!({})).expect(200);
        assert_eq!(post.subjects(), [""; 0]);
        house.wait(50);
        let completed = house.act(&id, "complete", &json!({})).expect(200);
        assert_eq!(completed.json["starts_at"], "2026-11-26T11:45:00Z");
        assert_eq!(codes(&completed.json), [""; 0]);
        let today =
            "/v1/sessions?starts_from=2026-11-26T00:00:00Z&starts_before=2026-11-27T00:00:00Z";
        assert_eq!(house.list(today)[0]["id"], json!(id));

        // The present minute is a start too.
        let next = house.consultation().id();
        house.act(&next, "book", &at("12:50:00")).expect(200);
    });
}

#[test]
fn what_took_place_is_listed_by_when_it_did_booked_or_not() {
    House::each(|house| {
        let booked = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&booked, 1, "10:00");
        let unbooked = house.consultation().id();
        let to_come = house.consultation().id();
        house.book(&to_come, 3, "10:00");
        house.go_to(1);
        let who = json!({"practitioner_id": house.practitioner_id});
        for id in [&booked, &unbooked] {
            house.act(id, "complete", &who).expect(200);
        }
        let list = |query: &str| -> Vec<String> {
            let found = house.list(&format!("/v1/sessions?{query}"));
            found.iter().map(|one| text(&one["id"])).collect()
        };
        assert_eq!(
            list("completed_from=2026-11-26T12:00:00Z&completed_before=2026-11-26T12:00:01Z"),
            [booked, unbooked]
        );
        assert_eq!(list("completed_from=2026-11-26T12:00:01Z"), [""; 0]);
        assert_eq!(list("completed_before=2026-11-26T12:00:00Z"), [""; 0]);
    });
}

#[test]
fn who_treated_is_put_right_by_completing_anew() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 1, "10:00");
        house.go_to(1);
        house.act(&id, "complete", &json!({})).expect(200);
        let other = house.server.practitioner(&house.studio_id).id();
        let treated = json!({"practitioner_id": other});
        let path = format!("/v1/sessions/{id}");
        let refused = house
            .server
            .patch(&path, "*", &treated)
            .expect_problem(409, "session_final");
        let detail = text(&refused.json["detail"]);
        assert!(
            detail.contains("revert") && detail.contains("practitioner_id"),
            "{detail}"
        );
        let caller = house.server.owner().header("If-Match", "*");
        let reason = json!({"reason": "Somebody else treated."});
        act(&caller, &id, "revert", &reason).expect(200);
        let completed = house.act(&id, "complete", &treated).expect(200);
        assert_eq!(completed.json["practitioner_id"], json!(other));
    });
}
