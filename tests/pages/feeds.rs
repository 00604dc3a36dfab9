//! Calendar feeds.

use serde_json::{Value, json};
use stipple_test_support::Answer;
use stipple_test_support::builders::new_practitioner;

use crate::place::Place;

fn make(place: &Place, of: &Value) -> (Answer, String) {
    let mut body = json!({"name": "On the wall"});
    body.as_object_mut()
        .unwrap()
        .extend(of.as_object().unwrap().clone());
    let made = place.server.post("/v1/calendar-feeds", &body).expect(201);
    let url = made.json["url"].as_str().unwrap();
    let path = url
        .strip_prefix("https://book.studio.example")
        .unwrap()
        .to_owned();
    (made, path)
}

#[test]
fn a_feed_shows_times_and_nobody() {
    Place::each(true, |place| {
        for of in [
            json!({"studio_id": place.studio_id}),
            json!({"practitioner_id": place.practitioner_id}),
        ] {
            let (_, path) = make(place, &of);
            let feed = place.look(&path).expect(200);
            assert_eq!(
                feed.header("Content-Type"),
                Some("text/calendar; charset=utf-8")
            );
            let calendar = &feed.text;
            assert!(
                calendar.contains(&format!("UID:session-{}@stipple", place.session_id)),
                "{calendar}"
            );
            assert!(calendar.contains("DTSTART:20261204T100000Z"), "{calendar}");
            assert!(calendar.contains("SUMMARY:appointment"), "{calendar}");
            assert!(calendar.contains("STATUS:TENTATIVE"), "{calendar}");
            assert!(!calendar.contains("METHOD"), "{calendar}");
            for hidden in ["ليلى", "consultation", "@example"] {
                assert!(!calendar.contains(hidden), "{calendar}");
            }
            let etag = feed.etag();
            let unchanged = place.server.stranger().header("If-None-Match", &etag);
            unchanged.get(&path).expect(304);
        }
        let (_, path) = make(place, &json!({"studio_id": place.studio_id}));
        let before = place.look(&path).expect(200);
        place.move_to("2026-12-08T12:00:00Z");
        let after = place
            .server
            .stranger()
            .header("If-None-Match", &before.etag())
            .get(&path)
            .expect(200);
        assert!(after.text.contains("SEQUENCE:2"), "{after}");
        assert!(after.text.contains("DTSTART:20261208T120000Z"), "{after}");
        let cancel = format!("/v1/sessions/{}/cancel", place.session_id);
        place.server.post(&cancel, &json!({})).expect(200);
        let after = place.look(&path).expect(200);
        assert!(after.text.contains("STATUS:CANCELLED"), "{after}");
        assert!(after.text.contains("SEQUENCE:3"), "{after}");
    });
}

#[test]
fn a_feed_names_the_room_unless_its_name_tells_what_is_treated() {
    Place::each(true, |place| {
        let (_, path) = make(place, &json!({"studio_id": place.studio_id}));
        assert!(!place.look(&path).text.contains("LOCATION"));
        let rooms = format!("/v1/studios/{}/rooms", place.studio_id);
        let session = format!("/v1/sessions/{}/reschedule", place.session_id);
        for (name, shown) in [("Garden room", true), ("Scalp room", false)] {
            let room = place
                .server
                .post(&rooms, &json!({"name": name}))
                .expect(201);
            let to = json!({"starts_at": "2026-12-04T10:00:00Z", "room_id": room.id()});
            let owner = place.server.owner().header("If-Match", "*");
            owner.post(&session, &to).expect(200);
            let feed = place.look(&path).expect(200);
            assert_eq!(
                feed.text.contains(&format!("LOCATION:{name}")),
                shown,
                "{feed}"
            );
            assert_eq!(feed.text.contains("LOCATION"), shown, "{feed}");
        }
    });
}

#[test]
fn a_feed_says_what_is_booked_in_the_studios_language_and_word() {
    Place::each(true, |place| {
        let (_, path) = make(place, &json!({"studio_id": place.studio_id}));
        let studio = format!("/v1/studios/{}", place.studio_id);
        let change = |change: &Value| {
            place.server.patch(&studio, "*", change).expect(200);
        };
        let says = |summary: &str| {
            let feed = place.look(&path).expect(200);
            let line = format!("SUMMARY:{summary}\r\n");
            assert!(feed.text.contains(&line), "{summary} in {feed}");
        };
        says("appointment");
        change(&json!({"language": "de"}));
        says("Termin");
        change(&json!({"service_label": "Sitzung"}));
        says("Sitzung");
        let templates = format!("/v1/studios/{}/mail-templates", place.studio_id);
        let words = json!({"language": "de", "words": {"service_label": "Besuch"}});
        place.server.post(&templates, &words).expect(201);
        says("Besuch");
    });
}

#[test]
fn a_shared_feed_says_who_treats() {
    Place::each(true, |place| {
        let (_, of_studio) = make(place, &json!({"studio_id": place.studio_id}));
        let (_, of_one) = make(place, &json!({"practitioner_id": place.practitioner_id}));
        let titles = |path: &str| {
            let feed = place.look(path).expect(200).text.replace("\r\n ", "");
            let titles = feed
                .lines()
                .filter_map(|line| line.strip_prefix("SUMMARY:"));
            titles.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(titles(&of_studio), ["appointment"]);
        let mut second = new_practitioner(&place.studio_id);
        second["name"] = json!("Noa, of the Hairline\u{200F}");
        let second = place.server.post("/v1/practitioners", &second).expect(201);
        let session = json!({
            "client_id": place.client_id, "kind": "consultation", "duration_minutes": 60,
            "booking": {"starts_at": "2026-12-07T10:00:00Z", "practitioner_id": second.id()},
        });
        place.server.post("/v1/sessions", &session).expect(201);
        let first = format!("/v1/practitioners/{}", place.practitioner_id);
        let name = |path: &str, name: &str| {
            let change = json!({"name": name});
            place.server.patch(path, "*", &change).expect(200);
        };
        name(&first, "Ada Finchley");
        // A name that tells what is treated stays out of a calendar.
        assert_eq!(
            titles(&of_studio),
            ["appointment\\, Ada Finchley", "appointment"]
        );
        name(&second.location(), "Noa Odell");
        assert_eq!(
            titles(&of_studio),
            ["appointment\\, Ada Finchley", "appointment\\, Noa Odell"]
        );
        assert_eq!(titles(&of_one), ["appointment"]);
    });
}

#[test]
fn a_feed_ends_when_it_is_revoked_or_its_practitioner_leaves() {
    Place::each(true, |place| {
        let (made, path) = make(place, &json!({"studio_id": place.studio_id}));
        let id = made.json["feed"]["id"].as_str().unwrap().to_owned();
        let shown = place
            .server
            .get(&format!("/v1/calendar-feeds/{id}"))
            .expect(200);
        let secret = path
            .trim_start_matches("/calendars/")
            .trim_end_matches(".ics")
            .to_owned();
        assert!(!shown.text.contains(&secret), "{shown}");
        for _ in 0..2 {
            let revoke = format!("/v1/calendar-feeds/{id}/revoke");
            place.server.owner().post_nothing(&revoke).expect(200);
        }
        place.look(&path).expect_problem(404, "no_such_path");
        place.look("/calendars/unknown.ics").expect(404);
        let (_, path) = make(place, &json!({"practitioner_id": place.practitioner_id}));
        place.look(&path).expect(200);
        let practitioner = format!("/v1/practitioners/{}", place.practitioner_id);
        let etag = place.server.get(&practitioner).expect(200).etag();
        place
            .server
            .patch(&practitioner, &etag, &json!({"active": false}))
            .expect(200);
        place.look(&path).expect(404);
        let again = json!({"name": "Again", "practitioner_id": place.practitioner_id});
        place
            .server
            .post("/v1/calendar-feeds", &again)
            .expect_problem(409, "practitioner_inactive");
        let both = json!({"name": "Both", "practitioner_id": place.practitioner_id, "studio_id": place.studio_id});
        place.server.post("/v1/calendar-feeds", &both).expect(422);
        assert_eq!(
            place
                .server
                .get("/v1/calendar-feeds")
                .expect(200)
                .data()
                .len(),
            2
        );
    });
}
