//! Days on which a studio is closed whatever its week says.

use serde_json::{Value, json};

use crate::house::{House, day};

/// Changes the studio's closed days: those between these two, counted from the first day of the test.
#[track_caller]
fn close(house: &House, stretches: &[(i64, i64)]) -> Value {
    let closed: Vec<Value> = stretches
        .iter()
        .map(|(from, until)| json!({"from_day": day(*from), "until_day": day(*until), "name": "Fair"}))
        .collect();
    let path = format!("/v1/studios/{}", house.studio_id);
    let owner = house.server.owner();
    owner
        .patch(&path, "*", &json!({"closed_days": closed}))
        .expect(200)
        .json
}

/// The days on which something is offered.
fn offered(house: &House, from: i64, until: i64) -> Vec<String> {
    let path = format!(
        "/v1/availability?studio_id={}&duration_minutes=60&step_minutes=720&from_day={}&until_day={}",
        house.studio_id,
        day(from),
        day(until)
    );
    let mut days: Vec<String> = house
        .list(&path)
        .iter()
        .map(|slot| slot["starts_at"].as_str().unwrap()[..10].to_owned())
        .collect();
    days.dedup();
    days
}

#[test]
fn nothing_is_offered_or_booked_on_a_closed_day_unless_somebody_says_why() {
    House::each(|house| {
        let studio = close(house, &[(4, 4), (1, 2)]);
        let kept: Vec<&Value> = studio["closed_days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|closure| &closure["from_day"])
            .collect();
        assert_eq!(kept, [&json!(day(1)), &json!(day(4))]);
        assert_eq!(
            offered(house, 1, 5),
            [day(3).to_string(), day(5).to_string()]
        );

        let id = house.consultation().id();
        let refused = house
            .act(&id, "book", &house.at(2, "10:00"))
            .expect_problem(409, "studio_closed");
        let told = refused.json["detail"].as_str().unwrap();
        assert!(
            told.contains(&format!("closed from {} to {}", day(1), day(2))),
            "{told}"
        );
        let mut all_the_same = house.at(2, "10:00");
        all_the_same["override"] = json!({"rules": ["hours"], "reason": "Comes from abroad."});
        house.act(&id, "book", &all_the_same).expect(200);
        assert!(house.tasks("hours_breach", &id).is_empty());
    });
}

#[test]
fn what_was_booked_on_a_day_that_is_closed_later_becomes_a_task_until_it_is_opened_again() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        close(house, &[(2, 2)]);
        let tasks = house.tasks("hours_breach", &id);
        assert_eq!(tasks.len(), 1);
        assert_eq!(
            tasks[0]["detail"]["codes"],
            json!(["studio_closed"]),
            "{tasks:?}"
        );
        assert!(tasks[0]["closed_at"].is_null());
        assert_eq!(house.session(&id).json["state"], "booked");
        close(house, &[]);
        assert!(!house.tasks("hours_breach", &id)[0]["closed_at"].is_null());
    });
}

#[test]
fn what_is_no_stretch_of_days_is_refused_by_its_field() {
    House::each(|house| {
        let path = format!("/v1/studios/{}", house.studio_id);
        let owner = house.server.owner();
        let backwards = json!({"closed_days": [{"from_day": day(3), "until_day": day(2)}]});
        owner
            .patch(&path, "*", &backwards)
            .expect_error("/closed_days", "invalid_value");
        for loose in ["2026-12-1", "+2026-12-01", " 2026-12-01"] {
            let refused = |stretch| json!({"closed_days": [stretch]});
            owner
                .patch(
                    &path,
                    "*",
                    &refused(json!({"from_day": loose, "until_day": day(3)})),
                )
                .expect_error("/closed_days/0/from_day", "invalid_value");
            owner
                .patch(
                    &path,
                    "*",
                    &refused(json!({"from_day": day(3), "until_day": loose})),
                )
                .expect_error("/closed_days/0/until_day", "invalid_value");
        }
        let named = json!({"closed_days": [{"day": day(3)}]});
        owner
            .patch(&path, "*", &named)
            .expect_error("/closed_days/0/day", "unknown_field");
        let kept = house.server.get(&path).expect(200);
        assert_eq!(kept.json["closed_days"], json!([]));
    });
}
