//! Who came, who called off late, and who didn't come.

use serde_json::{Value, json};

use crate::house::{House, day, text};

/// So many days after the first of the test, at this time.
fn at(days: i64, time: &str) -> String {
    format!("{}T{time}Z", day(days))
}

/// Calls a session off at ten o'clock of the sixth day, as the client does at this time.
#[track_caller]
fn cancelled_at(house: &House, days: i64, time: &str) -> Value {
    let id = house.consultation().id();
    house.book(&id, 5, "10:00");
    let told = json!({"by": "client", "occurred_at": at(days, time)});
    house.act(&id, "cancel", &told).expect(200);
    house.session(&id).json
}

#[test]
fn a_client_who_calls_off_after_the_cut_off_is_late() {
    House::each(|house| {
        house.go_to(4);
        // The studio's cut-off is 48 hours: what counts is when it was said, not when it was written down.
        for (days, time, late) in [
            (3, "09:59:59.999", false),
            (3, "10:00:00", false),
            (3, "10:00:00.001", true),
            (4, "12:00:00", true),
        ] {
            let cancelled = cancelled_at(house, days, time);
            assert_eq!(cancelled["cancelled_late"], late, "day {days}, {time}");
        }
        let late = house.list("/v1/sessions?cancelled_late=true");
        assert_eq!(late.len(), 2);
        let in_time = house.list("/v1/sessions?cancelled_late=false&state=cancelled");
        assert_eq!(in_time.len(), 2);
        house
            .server
            .get("/v1/sessions?cancelled_late=perhaps")
            .expect(400);
        house
            .server
            .get("/v1/sessions?cancelled_late=true&updated_since=0")
            .expect(400);
    });
}

#[test]
fn nobody_is_late_who_is_the_studio_or_had_no_time() {
    House::each(|house| {
        let planned = house.consultation();
        assert_eq!(planned.json["cancelled_late"], Value::Null);
        let by_client = json!({"by": "client"});
        let planned = house.act(&planned.id(), "cancel", &by_client).expect(200);
        assert_eq!(planned.json["cancelled_late"], false);
        let id = house.consultation().id();
        house.book(&id, 1, "10:00");
        let ill = house.act(&id, "cancel", &json!({})).expect(200);
        assert_eq!(ill.json["cancelled_late"], false);
        // Nor is who didn't come at all, or was here.
        house.act(&id, "revert", &json!({"reason": "Better again."}));
        house.go_to(1);
        let missed = house.act(&id, "no-show", &json!({})).expect(200);
        assert_eq!(missed.json["cancelled_late"], Value::Null);
        // A plan that is closed calls its sessions off for the studio.
        let (plan_id, sessions) = house.plan();
        let path = format!("/v1/plans/{plan_id}/close");
        let why = json!({"reason": "Moves abroad."});
        house.server.post(&path, &why).expect(200);
        assert_eq!(house.session(&sessions[0]).json["cancelled_late"], false);
    });
}

#[test]
fn what_was_late_when_it_happened_stays_so_and_is_taken_back_with_the_cancellation() {
    House::each(|house| {
        let studio = format!("/v1/studios/{}", house.studio_id);
        let cut_off = |hours: u16| {
            let patch = json!({"cancellation_cutoff_hours": hours});
            house.server.patch(&studio, "*", &patch).expect(200);
        };
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        house.go_to(1);
        let by_client = json!({"by": "client"});
        let late = house.act(&id, "cancel", &by_client).expect(200);
        assert_eq!(late.json["cancelled_late"], true);
        cut_off(12);
        assert_eq!(house.session(&id).json, late.json);
        let again = house.act(&id, "cancel", &by_client).expect(200);
        assert_eq!(again.json, late.json);

        let back = json!({"reason": "Comes after all."});
        let back = house.act(&id, "revert", &back).expect(200);
        assert_eq!(back.json["cancelled_late"], Value::Null);
        // Called off anew, it's judged by the hours that hold now, and by the time that it has now.
        let in_time = house.act(&id, "cancel", &by_client).expect(200);
        assert_eq!(in_time.json["cancelled_late"], false);
        let back = json!({"reason": "Comes after all."});
        house.act(&id, "revert", &back).expect(200);
        house.move_to(&id, 1, "19:00");
        let moved = house.act(&id, "cancel", &by_client).expect(200);
        assert_eq!(moved.json["cancelled_late"], true);
    });
}

#[test]
fn an_erasure_leaves_how_a_session_ended() {
    House::each(|house| {
        let session = house.arrange(&house.client_id, "consultation", 60);
        let id = session.id();
        house.book(&id, 1, "10:00");
        let told = json!({"by": "client", "reason": "No time."});
        house.act(&id, "cancel", &told).expect(200);
        house.go_to(9);
        let client = format!("/v1/clients/{}", house.client_id);
        let owner = house.server.owner().header("If-Match", "*");
        owner.delete(&client).expect(204);
        let asked = json!({"reason": "Asked for in writing."});
        owner.post(&format!("{client}/erase"), &asked).expect(200);
        let kept = house.session(&id).json;
        assert_eq!(kept["cancelled_late"], true);
        assert_eq!(text(&kept["ended_by"]), "client");
    });
}

#[test]
fn what_became_of_a_clients_sessions_is_counted() {
    House::each(|house| {
        let client = &house.client_id;
        let path = format!("/v1/clients/{client}/attendance");
        let none = house.server.get(&path).expect(200);
        assert_eq!(
            none.json,
            json!({
                "completed": 0, "cancelled_by_client": 0, "cancelled_late": 0, "cancelled_by_studio": 0, "no_shows": 0,
                "last_completed_at": null, "last_missed_at": null,
            })
        );
        let booked = |days: i64, hour: &str| {
            let id = house.arrange(client, "review", 30).id();
            house.book(&id, days, hour);
            id
        };
        let by_client = json!({"by": "client"});
        for (days, hour) in [(5, "10:00"), (6, "10:00"), (1, "10:00")] {
            house
                .act(&booked(days, hour), "cancel", &by_client)
                .expect(200);
        }
        house
            .act(&booked(5, "10:00"), "cancel", &json!({}))
            .expect(200);
        // Nobody waited for what had no time yet.
        let planned = house.arrange(client, "review", 30).id();
        house.act(&planned, "cancel", &by_client).expect(200);
        let (first, second) = (booked(1, "10:00"), booked(1, "11:00"));
        let (came, missed) = (booked(2, "10:00"), booked(2, "11:00"));
        let still_to_come = booked(9, "10:00");
        // Somebody else's don't count.
        let other = house.consultation().id();
        house.book(&other, 1, "14:00");
        house.go_to(2);
        house.act(&other, "no-show", &json!({})).expect(200);
        house.act(&second, "no-show", &json!({})).expect(200);
        house.act(&missed, "no-show", &json!({})).expect(200);
        for (id, ended_at) in [(&came, at(2, "10:25:00")), (&first, at(1, "10:20:00"))] {
            let told = json!({"occurred_at": ended_at});
            house.act(id, "complete", &told).expect(200);
        }
        let counted = house.server.get(&path).expect(200);
        let mut expected = json!({
            "completed": 2, "cancelled_by_client": 3, "cancelled_late": 1, "cancelled_by_studio": 1, "no_shows": 2,
            "last_completed_at": at(2, "10:25:00"), "last_missed_at": at(2, "11:00:00"),
        });
        assert_eq!(counted.json, expected);
        let back = json!({"reason": "She was here."});
        house.act(&missed, "revert", &back).expect(200);
        expected["no_shows"] = json!(1);
        expected["last_missed_at"] = json!(at(1, "11:00:00"));
        assert_eq!(house.server.get(&path).expect(200).json, expected);
        assert_eq!(house.session(&still_to_come).json["state"], "booked");
    });
}

#[test]
fn a_key_counts_what_it_sees() {
    House::each(|house| {
        let server = &house.server;
        let elsewhere = server.studio().id();
        let there = server.practitioner(&elsewhere).id();
        let limited = |role: &str, studio: &str| {
            let key = json!({"name": "Desk", "role": role, "studio_ids": [studio]});
            let key = server.post("/v1/api-keys", &key).expect(201);
            server.with_secret(&text(&key.json["secret"]))
        };
        let (here, other) = (
            limited("front_desk", &house.studio_id),
            limited("auditor", &elsewhere),
        );
        let path = format!("/v1/clients/{}/attendance", house.client_id);
        other.get(&path).expect(404);
        let by_client = json!({"by": "client"});
        let session = house.arrange(&house.client_id, "review", 30).id();
        house.book(&session, 1, "10:00");
        house.act(&session, "cancel", &by_client).expect(200);
        let new = json!({
            "client_id": house.client_id, "studio_id": elsewhere, "kind": "review", "duration_minutes": 30,
            "booking": {"local_start": format!("{}T10:00", day(1)), "practitioner_id": there},
        });
        let session = server.post("/v1/sessions", &new).expect(201).id();
        house.act(&session, "cancel", &json!({})).expect(200);
        for (caller, by_client, by_studio) in
            [(&here, 1, 0), (&other, 0, 1), (&server.owner(), 1, 1)]
        {
            let counted = caller.get(&path).expect(200).json;
            assert_eq!(counted["cancelled_by_client"], by_client, "{counted}");
            assert_eq!(counted["cancelled_late"], by_client, "{counted}");
            assert_eq!(counted["cancelled_by_studio"], by_studio, "{counted}");
        }
    });
}
