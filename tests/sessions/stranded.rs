//! Booked sessions that a later change leaves outside of the hours, in time off, or in a room that isn't used any more.

use serde_json::{Value, json};

use crate::house::{House, day, text};

/// Closes the studio on these days, and on no others.
#[track_caller]
fn close(house: &House, days: &[i64]) {
    let closed: Vec<Value> = days
        .iter()
        .map(|one| json!({"from_day": day(*one), "until_day": day(*one)}))
        .collect();
    change_studio(house, &json!({"closed_days": closed}));
}

#[track_caller]
fn change_studio(house: &House, change: &Value) {
    let path = format!("/v1/studios/{}", house.studio_id);
    house.server.patch(&path, "*", change).expect(200);
}

/// Sends whoever treats away for a day: the path of that time off.
#[track_caller]
fn send_away(house: &House, days: i64) -> String {
    let path = format!("/v1/practitioners/{}/time-off", house.practitioner_id);
    let away = json!({
        "starts_at": format!("{}T00:00:00Z", day(days)),
        "ends_at": format!("{}T00:00:00Z", day(days + 1)),
    });
    house.server.post(&path, &away).expect(201).location()
}

#[track_caller]
fn call_back(house: &House, time_off: &str) {
    let owner = house.server.owner().header("If-Match", "*");
    owner.delete(time_off).expect(204);
}

/// The tasks about a session: where each stands, and what it names.
#[track_caller]
fn told(house: &House, id: &str) -> Vec<(String, Value)> {
    let tasks = house.tasks("hours_breach", id);
    tasks
        .iter()
        .map(|task| (text(&task["state"]), task["detail"]["codes"].clone()))
        .collect()
}

#[track_caller]
fn open(house: &House, id: &str, codes: &[&str]) {
    let tasks = told(house, id);
    let open: Vec<&Value> = tasks
        .iter()
        .filter(|(state, _)| state == "open")
        .map(|(_, codes)| codes)
        .collect();
    assert_eq!(open, [&json!(codes)], "{tasks:?}");
}

#[track_caller]
fn none_open(house: &House, id: &str) {
    let tasks = told(house, id);
    assert!(tasks.iter().all(|(state, _)| state != "open"), "{tasks:?}");
}

fn taken_back() -> Value {
    json!({"reason": "It was a mistake."})
}

#[test]
fn a_cancellation_that_is_taken_back_asks_about_a_day_that_was_closed_since() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        house.act(&id, "cancel", &json!({})).expect(200);
        close(house, &[2]);
        none_open(house, &id);
        house.act(&id, "revert", &taken_back()).expect(200);
        open(house, &id, &["studio_closed"]);
        close(house, &[]);
        none_open(house, &id);
    });
}

#[test]
fn a_move_that_is_taken_back_asks_about_the_time_before() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        house.move_to(&id, 4, "10:00");
        close(house, &[2]);
        none_open(house, &id);
        house.act(&id, "revert", &taken_back()).expect(200);
        open(house, &id, &["studio_closed"]);

        // The other way round: it goes back to a time that fits.
        house.move_to(&id, 4, "10:00");
        close(house, &[4]);
        open(house, &id, &["studio_closed"]);
        house.act(&id, "revert", &taken_back()).expect(200);
        none_open(house, &id);
    });
}

#[test]
fn an_appointment_that_stands_again_asks_about_its_room_and_who_is_away() {
    House::each(|house| {
        let room = house.server.room(&house.studio_id);
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        assert_eq!(house.session(&id).json["room_id"], json!(room.id()));
        house.act(&id, "cancel", &json!({})).expect(200);
        let closed = json!({"active": false});
        house
            .server
            .patch(&room.location(), "*", &closed)
            .expect(200);
        send_away(house, 2);
        house.act(&id, "revert", &taken_back()).expect(200);
        open(house, &id, &["time_off", "room_closed"]);
    });
}

#[test]
fn what_was_accepted_when_booking_is_no_answer_to_a_day_that_is_closed_later() {
    House::each(|house| {
        let id = house.consultation().id();
        let mut early = house.at(2, "07:00");
        early["override"] = json!({"rules": ["hours"], "reason": "Has a train to catch."});
        house.act(&id, "book", &early).expect(200);
        // The same breach as before isn't news.
        send_away(house, 3);
        change_studio(house, &json!({"unconfirmed_task_hours": 72}));
        close(house, &[3]);
        none_open(house, &id);
        close(house, &[2]);
        open(house, &id, &["studio_closed"]);
        close(house, &[]);
        none_open(house, &id);
        send_away(house, 2);
        open(house, &id, &["time_off"]);
    });
}

#[test]
fn an_open_task_names_what_holds_now() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        let away = send_away(house, 2);
        open(house, &id, &["time_off"]);
        close(house, &[2]);
        open(house, &id, &["studio_closed", "time_off"]);
        call_back(house, &away);
        open(house, &id, &["studio_closed"]);
        close(house, &[]);
        assert_eq!(
            told(house, &id),
            [("done".to_owned(), json!(["studio_closed"]))]
        );
    });
}

#[test]
fn what_somebody_acted_upon_comes_back_only_when_it_changes() {
    House::each(|house| {
        let id = house.consultation().id();
        house.book(&id, 2, "10:00");
        let answer = |outcome: &str| {
            let tasks = house.tasks("hours_breach", &id);
            let open = tasks.iter().find(|task| task["state"] == "open").unwrap();
            let path = format!("/v1/tasks/{}/close", text(&open["id"]));
            let answered = json!({"outcome": outcome});
            house.server.post(&path, &answered).expect(200);
        };
        let away = send_away(house, 2);
        answer("done");
        // Another day is closed, which is nothing to this session.
        close(house, &[5]);
        none_open(house, &id);
        close(house, &[2, 5]);
        open(house, &id, &["studio_closed", "time_off"]);
        answer("done");
        close(house, &[2]);
        none_open(house, &id);

        close(house, &[]);
        open(house, &id, &["time_off"]);
        answer("done");
        // It fits again, and then it doesn't: that is another time off.
        call_back(house, &away);
        none_open(house, &id);
        send_away(house, 2);
        open(house, &id, &["time_off"]);

        // Who wants to hear no more of it hears no more.
        answer("dismissed");
        close(house, &[2]);
        none_open(house, &id);
        house.move_to(&id, 3, "10:00");
        close(house, &[3]);
        open(house, &id, &["studio_closed"]);
    });
}

#[test]
fn what_was_accepted_of_the_hours_stands_when_an_overlap_is_accepted_too() {
    House::each(|house| {
        let (id, other) = (house.consultation().id(), house.consultation().id());
        let mut late = house.at(2, "20:30");
        late["override"] = json!({"rules": ["hours"], "reason": "Comes from abroad."});
        house.act(&id, "book", &late).expect(200);
        house.act(&id, "cancel", &json!({})).expect(200);
        house.act(&other, "book", &late).expect(200);
        let back = json!({
            "reason": "Called off by mistake.",
            "override": {"rules": ["overlap"], "reason": "They come together."},
        });
        let back = house.act(&id, "revert", &back).expect(200);
        let rules: Vec<&str> = back.json["overrides"]
            .as_array()
            .unwrap()
            .iter()
            .map(|used| used["rule"].as_str().unwrap())
            .collect();
        assert_eq!(rules, ["overlap", "hours"]);
        assert!(house.tasks("hours_breach", &id).is_empty());
    });
}
