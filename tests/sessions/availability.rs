//! The times that are offered.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::house::{House, day, text};

/// The path that asks for an hour in a period.
fn path(house: &House, from: i64, until: i64, more: &str) -> String {
    format!(
        "/v1/availability?studio_id={}&duration_minutes=60&from_day={}&until_day={}{more}",
        house.studio_id,
        day(from),
        day(until)
    )
}

/// All pages.
fn all(house: &House, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.server.get(&format!("{path}{cursor}")).expect(200);
        found.extend(page.json["data"].as_array().unwrap().clone());
        let Some(next) = page.json["next_cursor"].as_str() else {
            return found;
        };
        assert!(page.header("Link").unwrap().contains(next));
        cursor = format!("&cursor={next}");
    }
}

/// A busy day: two practitioners with different buffers, two rooms, time off, sessions that leave little room.
fn busy(house: &House) -> [String; 2] {
    house.server.room(&house.studio_id);
    house.server.room(&house.studio_id);
    let mut other = stipple_test_support::builders::new_practitioner(&house.studio_id);
    other["buffer_minutes"] = json!(30);
    let other = house
        .server
        .post("/v1/practitioners", &other)
        .expect(201)
        .id();
    let away = json!({
        "starts_at": format!("{}T16:00:00Z", day(1)),
        "ends_at": format!("{}T18:30:00Z", day(1)),
    });
    house
        .server
        .post(&format!("/v1/practitioners/{other}/time-off"), &away)
        .expect(201);
    for (practitioner_id, time) in [
        (&house.practitioner_id, "09:00"),
        (&house.practitioner_id, "11:30"),
        (&other, "09:30"),
        (&other, "13:00"),
    ] {
        let mut booking = house.at(1, time);
        booking["practitioner_id"] = practitioner_id.clone().into();
        let id = house.consultation().id();
        house.act(&id, "book", &booking).expect(200);
    }
    [house.practitioner_id.clone(), other]
}

#[test]
fn what_is_offered_can_be_booked_and_what_is_not_offered_cannot() {
    House::each(|house| {
        let practitioners = busy(house);
        let offered: BTreeSet<(String, String)> = all(house, &path(house, 1, 1, "&limit=200"))
            .iter()
            .map(|slot| (text(&slot["local_start"]), text(&slot["practitioner_id"])))
            .collect();
        assert!(offered.len() > 20, "{}", offered.len());
        let id = house.consultation().id();
        for quarter in 30..80 {
            let local = format!("{}T{:02}:{:02}:00", day(1), quarter / 4, quarter % 4 * 15);
            for practitioner_id in &practitioners {
                let booking = json!({"local_start": local, "practitioner_id": practitioner_id});
                let answer = house.act(&id, "book", &booking);
                let expected = offered.contains(&(local.clone(), practitioner_id.clone()));
                assert_eq!(answer.status == 200, expected, "{local}: {answer}");
                if expected {
                    house
                        .act(&id, "revert", &json!({"reason": "Only tried."}))
                        .expect(200);
                }
            }
        }
    });
}

#[test]
fn pages_put_together_are_the_whole() {
    House::each(|house| {
        busy(house);
        let whole = all(house, &path(house, 0, 30, "&limit=200"));
        assert!(whole.len() > 1000);
        assert_eq!(all(house, &path(house, 0, 30, "&limit=37")), whole);
        let order: Vec<(String, String)> = whole
            .iter()
            .map(|slot| (text(&slot["starts_at"]), text(&slot["practitioner_id"])))
            .collect();
        assert!(order.is_sorted());
        // Nothing that has begun is offered.
        assert!(order[0].0.as_str() > "2026-11-25T09:00:00Z");
        let one = house
            .server
            .get(&path(house, 0, 30, "&limit=1"))
            .expect(200);
        let cursor = text(&one.json["next_cursor"]);
        house
            .server
            .get(&path(house, 0, 29, &format!("&cursor={cursor}")))
            .expect(400);
    });
}

#[test]
fn gaps_and_the_sessions_own_time_are_respected() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        let ask = |id: &str, from: i64, until: i64| {
            let path = format!(
                "/v1/availability?session_id={id}&from_day={}&until_day={}&limit=200&step_minutes=60",
                day(from),
                day(until)
            );
            house.server.get(&path).expect(200)
        };
        let blocked = ask(&sessions[1], 1, 20);
        assert_eq!(blocked.json["data"], json!([]));
        assert_eq!(blocked.json["blocked_by"], "earlier_session_not_booked");

        house.book(&sessions[0], 5, "10:00");
        let found = ask(&sessions[1], 1, 20);
        assert_eq!(found.json["allowed_from"], day(12).to_string());
        assert_eq!(found.json["allowed_until"], day(65).to_string());
        assert_eq!(found.json["time_zone"], "Europe/London");
        let slots = found.json["data"].as_array().unwrap();
        assert!(!slots.is_empty());
        assert!(
            slots
                .iter()
                .all(|slot| text(&slot["local_start"]) >= day(12).to_string())
        );
        let first = slots.first().unwrap();
        let booking = json!({"starts_at": first["starts_at"]});
        house.act(&sessions[1], "book", &booking).expect(200);

        // The first now has a neighbour on each side of its window, and its own time counts as free.
        let own = ask(&sessions[0], 5, 5);
        assert_eq!(own.json["allowed_until"], day(5).to_string());
        assert!(
            own.json["data"]
                .as_array()
                .unwrap()
                .iter()
                .any(|slot| slot["starts_at"] == house.session(&sessions[0]).json["starts_at"])
        );
        assert_eq!(ask(&sessions[0], 6, 20).json["data"], json!([]));
        house.act(&sessions[0], "cancel", &json!({})).expect(200);
        let gone = ask(&sessions[0], 1, 20);
        assert_eq!(gone.json["blocked_by"], "session_final");
    });
}

#[test]
fn rooms_and_practitioners_can_be_named() {
    House::each(|house| {
        let [first, _] = busy(house);
        let only = all(
            house,
            &path(house, 1, 1, &format!("&limit=200&practitioner_id={first}")),
        );
        assert!(!only.is_empty());
        assert!(
            only.iter()
                .all(|slot| slot["practitioner_id"] == json!(first))
        );
        let room_id = text(&only[0]["room_id"]);
        let there = all(
            house,
            &path(house, 1, 1, &format!("&limit=200&room_id={room_id}")),
        );
        assert!(there.iter().all(|slot| slot["room_id"] == json!(room_id)));
        let nowhere = path(house, 1, 1, &format!("&room_id={first}"));
        assert!(all(house, &nowhere).is_empty());
        // A client who is in a session isn't offered another at that time.
        let client_id = &house.client_id;
        let id = house.arrange(client_id, "consultation", 60).id();
        house.book(&id, 2, "10:00");
        for slot in all(
            house,
            &path(house, 2, 2, &format!("&limit=200&client_id={client_id}")),
        ) {
            let start = text(&slot["local_start"]);
            let start = start.split('T').nth(1).unwrap();
            assert!(start <= "09:00:00" || start >= "11:00:00", "{slot}");
        }
    });
}

#[test]
fn what_does_not_fit_together_is_refused() {
    House::each(|house| {
        let id = house.consultation().id();
        let days = format!("from_day={}&until_day={}", day(1), day(2));
        for query in [
            days.clone(),
            format!("{days}&studio_id={}", house.studio_id),
            format!("{days}&session_id={id}&studio_id={}", house.studio_id),
            format!("{days}&session_id={id}&client_id={}", house.client_id),
            format!("{days}&session_id={id}&step_minutes=0"),
            format!("{days}&session_id={id}&duration_minutes=4"),
            format!("{days}&session_id={id}&updated_since=0"),
            format!("session_id={id}&from_day={}&until_day={}", day(2), day(1)),
            format!("session_id={id}&from_day={}&until_day={}", day(0), day(63)),
            format!("session_id={id}&from_day=tomorrow&until_day={}", day(63)),
            format!("session_id={id}"),
        ] {
            house
                .server
                .get(&format!("/v1/availability?{query}"))
                .expect(400);
        }
        let nobody = &house.studio_id;
        house
            .server
            .get(&format!("/v1/availability?{days}&session_id={nobody}"))
            .expect(404);
        house
            .server
            .get(&format!(
                "/v1/availability?session_id={id}&from_day={}&until_day={}",
                day(0),
                day(62)
            ))
            .expect(200);
    });
}
