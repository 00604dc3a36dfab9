//! Giving sessions their time.

use serde_json::{Value, json};
use stipple_shared::domain::Role;

use crate::house::{House, act, day, text};

#[test]
fn one_of_twenty_gets_the_time_and_the_others_are_told_who_has_it() {
    House::each(|house| {
        let ids: Vec<String> = (0..20).map(|_| house.consultation().id()).collect();
        let booking = house.at(1, "10:00");
        let answers: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = ids
                .iter()
                .map(|id| scope.spawn(|| house.act(id, "book", &booking)))
                .collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            let answer = answer
                .expect_problem(409, "overlap")
                .expect_error("/local_start", "overlap");
            let conflict = &answer.json["conflicts"][0];
            assert_eq!(conflict["session_id"], won[0].json["id"]);
            assert_eq!(conflict["kind"], "practitioner");
            assert_eq!(conflict["starts_at"], "2026-11-26T10:00:00Z");
            // An hour, and fifteen minutes that are kept free.
            assert_eq!(conflict["ends_at"], "2026-11-26T11:15:00Z");
        }
    });
}

#[test]
fn a_gap_that_is_too_short_needs_an_override_by_somebody_who_treats() {
    House::each(|house| {
        let (_, sessions) = house.plan();
        house
            .act(&sessions[1], "book", &house.at(20, "10:00"))
            .expect_problem(409, "earlier_session_not_booked");
        house.book(&sessions[0], 10, "10:00");
        let mut early = house.at(16, "10:00");
        house
            .act(&sessions[1], "book", &early)
            .expect_problem(409, "gap_too_short")
            .expect_error("/local_start", "gap_too_short");
        house
            .act(&sessions[1], "book", &house.at(71, "10:00"))
            .expect_problem(409, "gap_too_long");

        early["override"] = json!({"rules": ["overlap"], "reason": "Agreed with the client."});
        house
            .act(&sessions[1], "book", &early)
            .expect_problem(409, "gap_too_short");
        early["override"]["rules"] = json!(["gap"]);
        let desk = house.server.caller(Role::FrontDesk);
        act(&desk, &sessions[1], "book", &early).expect(403);
        // Each is told what they may do, and no more.
        let mut plain = early.clone();
        plain.as_object_mut().unwrap().remove("override");
        let told = |caller: &stipple_test_support::Caller| {
            let refused = act(caller, &sessions[1], "book", &plain);
            let refused = refused.expect_problem(409, "gap_too_short");
            let detail = refused.json["detail"].as_str().unwrap().to_owned();
            assert_eq!(refused.json["errors"][0]["detail"], detail);
            detail
        };
        let to_desk = told(&desk);
        assert!(!to_desk.contains("overrid"), "{to_desk}");
        assert!(
            to_desk.ends_with("ask somebody who treats, or an owner, for an exception"),
            "{to_desk}"
        );
        for role in [Role::Owner, Role::Practitioner] {
            let told = told(&house.server.caller(role));
            assert!(
                told.ends_with("override the rule `gap` with a reason"),
                "{told}"
            );
        }
        assert_eq!(house.session(&sessions[1]).json["state"], "planned");

        let owner = house.server.caller(Role::Practitioner);
        let booked = act(&owner, &sessions[1], "book", &early).expect(200);
        assert_eq!(booked.json["overrides"][0]["rule"], "gap");
        assert_eq!(booked.json["overrides"][0]["code"], "gap_too_short");
        assert!(house.tasks("gap_breach", &sessions[1]).is_empty());
    });
}

#[test]
fn hours_time_off_and_the_past_are_refused() {
    House::each(|house| {
        let id = house.consultation().id();
        for (time, code) in [
            ("07:45", "outside_opening_hours"),
            ("19:15", "outside_opening_hours"),
        ] {
            house
                .act(&id, "book", &house.at(1, time))
                .expect_problem(409, code);
        }
        house
            .act(&id, "book", &house.at(-1, "10:00"))
            .expect_problem(409, "in_the_past");
        let away = json!({
            "starts_at": format!("{}T00:00:00Z", day(2)),
            "ends_at": format!("{}T00:00:00Z", day(3)),
        });
        let path = format!("/v1/practitioners/{}/time-off", house.practitioner_id);
        house.server.post(&path, &away).expect(201);
        house
            .act(&id, "book", &house.at(2, "10:00"))
            .expect_problem(409, "time_off");
        let mut overridden = house.at(2, "10:00");
        overridden["override"] = json!({"rules": ["hours"], "reason": "Comes in for this."});
        house.act(&id, "book", &overridden).expect(200);

        // The last quarter of an hour may be the buffer's.
        let id = house.consultation().id();
        house.book(&id, 1, "19:00");
    });
}

#[test]
fn a_series_is_booked_whole_or_not_at_all() {
    House::each(|house| {
        let (plan_id, sessions) = house.plan();
        let path = format!("/v1/plans/{plan_id}/book-series");
        let series = |days: [i64; 3]| -> Value {
            let one = |ordinal: usize| json!({"ordinal": ordinal + 1, "booking": house.at(days[ordinal], "10:00")});
            // The order in which they are named doesn't matter.
            json!({"sessions": [one(2), one(0), one(1)]})
        };
        house
            .server
            .post(&path, &series([1, 11, 14]))
            .expect_problem(409, "gap_too_short")
            .expect_error("/sessions/0/booking/local_start", "gap_too_short");
        for id in &sessions {
            assert_eq!(house.session(id).json["state"], "planned");
            assert!(
                house
                    .list(&format!("/v1/reminders?session_id={id}"))
                    .is_empty()
            );
        }
        let booked = house.server.post(&path, &series([1, 11, 21])).expect(200);
        let booked = booked.json["data"].as_array().unwrap();
        assert_eq!(booked.len(), 3);
        for (place, session) in booked.iter().enumerate() {
            assert_eq!(session["ordinal"], place + 1);
            assert_eq!(session["state"], "booked");
        }
        let again = house.server.post(&path, &series([1, 11, 21])).expect(200);
        assert_eq!(again.json["data"], json!(booked));
        let one = json!({"ordinal": 1, "booking": house.at(1, "10:00")});
        house
            .server
            .post(&path, &json!({"sessions": [one.clone(), one]}))
            .expect(422);
        house
            .server
            .post(&path, &json!({"sessions": []}))
            .expect(422);
    });
}

#[test]
fn a_move_keeps_the_id_and_needs_the_version_that_was_seen() {
    House::each(|house| {
        let id = house.consultation().id();
        let booked = house.book(&id, 1, "10:00");
        let confirmed = house.act(&id, "confirm", &json!({})).expect(200);
        assert_eq!(confirmed.json["state"], "confirmed");
        let other = house.at(2, "11:00");
        house.act(&id, "reschedule", &other).expect(428);
        let stale = house.server.owner().header("If-Match", &booked.etag());
        act(&stale, &id, "reschedule", &other).expect(412);
        let current = house.server.owner().header("If-Match", &confirmed.etag());
        let moved = act(&current, &id, "reschedule", &other).expect(200);
        assert_eq!(moved.json["id"], id);
        assert_eq!(moved.json["state"], "booked");
        assert_eq!(moved.json["schedule_version"], 2);
        assert_eq!(moved.json["confirmed_at"], Value::Null);
        assert_eq!(moved.json["starts_at"], "2026-11-27T11:00:00Z");
        // What is in effect is answered before the version is looked at.
        let again = act(&current, &id, "reschedule", &other).expect(200);
        assert_eq!(again.json, moved.json);
        let planned = house.consultation();
        let caller = house.server.owner().header("If-Match", &planned.etag());
        act(&caller, &planned.id(), "reschedule", &other).expect_problem(409, "not_booked");

        // The time that it left is free again.
        let next = house.consultation().id();
        house.book(&next, 1, "10:00");
    });
}

#[test]
fn a_time_that_the_clocks_skip_or_repeat_must_be_made_clear() {
    House::each(|house| {
        let id = house.consultation().id();
        let at = |local: &str| {
            json!({
                "local_start": local,
                "practitioner_id": house.practitioner_id,
                "override": {"rules": ["hours"], "reason": "A night in the studio."},
            })
        };
        house
            .act(&id, "book", &at("2027-03-28T01:30"))
            .expect(422)
            .expect_error("/local_start", "local_time_does_not_exist");
        house
            .act(&id, "book", &at("2027-10-31T01:30"))
            .expect(422)
            .expect_error("/local_start", "local_time_exists_twice");
        for (local, disambiguation, instant) in [
            ("2027-03-28T01:30", "later", "2027-03-28T01:30:00Z"),
            ("2027-10-31T01:30", "earlier", "2027-10-31T00:30:00Z"),
            ("2027-10-31T01:30", "later", "2027-10-31T01:30:00Z"),
        ] {
            let id = house.consultation().id();
            let mut booking = at(local);
            booking["disambiguation"] = disambiguation.into();
            let booked = house.act(&id, "book", &booking).expect(200);
            assert_eq!(booked.json["starts_at"], instant);
            house.act(&id, "cancel", &json!({})).expect(200);
        }
        let both = json!({
            "starts_at": "2026-12-01T10:00:00Z",
            "local_start": "2026-12-01T10:00",
            "practitioner_id": house.practitioner_id,
        });
        house.act(&id, "book", &both).expect(422);
    });
}

#[test]
fn rooms_are_chosen_and_kept_apart() {
    House::each(|house| {
        let rooms = [0, 1].map(|_| house.server.room(&house.studio_id).id());
        let second = house.server.practitioner(&house.studio_id).id();
        let third = house.server.practitioner(&house.studio_id).id();
        let at_ten = |practitioner_id: &str| {
            let mut booking = house.at(1, "10:00");
            booking["practitioner_id"] = practitioner_id.into();
            booking
        };
        let mut taken = Vec::new();
        for practitioner_id in [&house.practitioner_id, &second] {
            let id = house.consultation().id();
            let booked = house.act(&id, "book", &at_ten(practitioner_id)).expect(200);
            taken.push(text(&booked.json["room_id"]));
        }
        taken.sort();
        let mut all = rooms.to_vec();
        all.sort();
        assert_eq!(taken, all);
        let id = house.consultation().id();
        let refused = house
            .act(&id, "book", &at_ten(&third))
            .expect_problem(409, "overlap");
        assert_eq!(refused.json["conflicts"][0]["kind"], "room");
        let mut elsewhere = house.at(2, "10:00");
        elsewhere["room_id"] = house.studio_id.clone().into();
        house
            .act(&id, "book", &elsewhere)
            .expect(422)
            .expect_error("/room_id", "unknown_room");
        // A client is in one place at a time, whoever treats and wherever.
        let client_id = house.server.client(&house.studio_id).id();
        let first = house.arrange(&client_id, "consultation", 60).id();
        let also = house.arrange(&client_id, "review", 60).id();
        house.book(&first, 3, "10:00");
        let mut same_time = house.at(3, "10:30");
        same_time["practitioner_id"] = second.into();
        let refused = house
            .act(&also, "book", &same_time)
            .expect_problem(409, "overlap");
        assert_eq!(refused.json["conflicts"][0]["kind"], "client");
    });
}

#[test]
fn a_session_may_be_booked_as_it_is_arranged() {
    House::each(|house| {
        let arrange = |booking: Value| {
            json!({
                "client_id": house.client_id,
                "kind": "consultation",
                "duration_minutes": 60,
                "booking": booking,
            })
        };
        let booked = house
            .server
            .post("/v1/sessions", &arrange(house.at(1, "10:00")))
            .expect(201);
        assert_eq!(booked.json["state"], "booked");
        let seen = house.server.get(&booked.location()).expect(200);
        assert_eq!(seen.json, booked.json);
        house
            .server
            .post("/v1/sessions", &arrange(house.at(1, "10:30")))
            .expect_problem(409, "overlap")
            .expect_error("/booking/local_start", "overlap");
        let path = format!("/v1/sessions?client_id={}", house.client_id);
        assert_eq!(house.list(&path).len(), 1);
        let mut treatment = arrange(house.at(2, "10:00"));
        treatment["kind"] = "treatment".into();
        house
            .server
            .post("/v1/sessions", &treatment)
            .expect(422)
            .expect_error("/kind", "needs_plan");
    });
}

#[test]
fn sessions_are_listed_by_what_they_are_and_when_they_start() {
    House::each(|house| {
        let (plan_id, sessions) = house.plan();
        house.book(&sessions[0], 5, "10:00");
        let early = house.consultation().id();
        house.book(&early, 2, "10:00");
        let ids = |path: &str| -> Vec<String> {
            house
                .list(path)
                .iter()
                .map(|one| text(&one["id"]))
                .collect()
        };
        assert_eq!(ids(&format!("/v1/sessions?plan_id={plan_id}")), sessions);
        let by_start = vec![early.clone(), sessions[0].clone()];
        assert_eq!(
            ids("/v1/sessions?starts_from=2026-11-26T00:00:00Z"),
            by_start
        );
        assert_eq!(
            ids(
                "/v1/sessions?starts_from=2026-11-26T00:00:00Z&starts_before=2026-11-27T10:00:00%2B00:00"
            ),
            Vec::<String>::new()
        );
        assert_eq!(ids("/v1/sessions?kind=consultation"), vec![early.clone()]);
        assert_eq!(ids("/v1/sessions?state=booked&state=confirmed").len(), 2);
        assert_eq!(ids("/v1/sessions?state=planned").len(), 2);
        let first = house
            .server
            .get("/v1/sessions?starts_from=2026-11-26T00:00:00Z&limit=1")
            .expect(200);
        let cursor = text(&first.json["next_cursor"]);
        assert_eq!(
            ids(&format!(
                "/v1/sessions?starts_from=2026-11-26T00:00:00Z&limit=1&cursor={cursor}"
            )),
            vec![sessions[0].clone()]
        );
        house.server.get("/v1/sessions?status=booked").expect(400);

        let session = house.session(&early);
        let patched = house
            .server
            .patch(
                &format!("/v1/sessions/{early}"),
                &session.etag(),
                &json!({"notes": "Comes by bus.", "external_id": "x-1"}),
            )
            .expect(200);
        assert_eq!(patched.json["notes"], "Comes by bus.");
        assert_eq!(ids("/v1/sessions?external_id=x-1"), vec![early]);
    });
}
