//! Finding clients by what somebody types.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_shared::domain::client::NewClient;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::clients::Client;
use stipple_test_support::{Answer, Caller, TestServer};

use crate::each;

fn register(
    server: &TestServer,
    studio_id: &str,
    given_name: &str,
    family_name: &str,
    more: &Value,
) {
    let mut body =
        json!({"studio_id": studio_id, "given_name": given_name, "family_name": family_name});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    server.post("/v1/clients", &body).expect(201);
}

#[track_caller]
fn ask(caller: &Caller, text: &str) -> Answer {
    caller
        .post("/v1/clients/search", &json!({"text": text}))
        .expect(200)
}

fn names(answer: &Answer) -> Vec<&str> {
    answer
        .data()
        .iter()
        .map(|one| one["family_name"].as_str().unwrap())
        .collect()
}

#[test]
fn clients_are_found_by_what_people_type() {
    each(|server| {
        let studio_id = server.studio().id();
        let people = [
            (
                "Zoë",
                "Ångström",
                json!({"email": "zoe.a@mail.example", "telephone": "+44 (0)20 7946 0018"}),
            ),
            ("Zoey", "Muster", json!({"external_id": "crm-10482"})),
            ("Jürgen", "Müller", json!({"preferred_name": "Jojo"})),
            ("Anna", "Annandale", json!({})),
            ("美玲", "例子", json!({})),
            ("Фёдор", "Примеров", json!({"telephone": "020 7946 0999"})),
        ];
        for (given, family, more) in &people {
            register(server, &studio_id, given, family, more);
        }
        let owner = server.owner();
        for (text, expected) in [
            ("zoe", vec!["Ångström", "Muster"]),
            ("ZOË ang", vec!["Ångström"]),
            ("angstrom", vec!["Ångström"]),
            ("zoe.a@mail.example", vec!["Ångström"]),
            ("mail.ex", vec!["Ångström"]),
            ("020 7946 0018", vec!["Ångström"]),
            ("+44 20 7946 0999", vec!["Примеров"]),
            ("0018", vec!["Ångström"]),
            ("crm-104", vec!["Muster"]),
            ("mueller", vec!["Müller"]),
            ("muller jojo", vec!["Müller"]),
            ("ann", vec!["Annandale"]),
            ("例", vec!["例子"]),
            ("федор", vec!["Примеров"]),
            ("ngstrom", vec![]),
            ("zoe muller", vec![]),
        ] {
            assert_eq!(names(&ask(&owner, text)), expected, "{text}");
        }
        // The front desk finds them too; what a client carries isn't clinical.
        assert_eq!(ask(&server.caller(Role::FrontDesk), "zoe").data().len(), 2);
    });
}

#[test]
fn pages_hold_everybody_once_in_one_order() {
    each(|server| {
        let studio_id = server.studio().id();
        for number in 0..23 {
            // Each has several words that begin alike, and seven share a name.
            let family = format!("Sample{:02}", number / 7);
            register(
                server,
                &studio_id,
                "Sam",
                &family,
                &json!({"email": format!("sam.s{number}@sample.example")}),
            );
        }
        let all: Vec<Value> = ask(&server.owner(), "sam").data().to_vec();
        assert_eq!(all.len(), 23);
        for text in ["sam", "sa sample", "sample.example"] {
            let mut cursor = Value::Null;
            let mut seen = Vec::new();
            loop {
                let page = server
                    .post(
                        "/v1/clients/search",
                        &json!({"text": text, "limit": 4, "cursor": cursor}),
                    )
                    .expect(200);
                seen.extend(
                    page.data()
                        .iter()
                        .map(|one| one["id"].as_str().unwrap().to_owned()),
                );
                cursor = page.json["next_cursor"].clone();
                if cursor.is_null() {
                    break;
                }
                assert_eq!(page.data().len(), 4);
                assert_eq!(page.header("Link"), None, "no name goes into an address");
            }
            let once: BTreeSet<&String> = seen.iter().collect();
            assert_eq!((seen.len(), once.len()), (23, 23), "{text}");
        }
    });
}

#[test]
fn a_key_finds_whom_it_sees() {
    each(|server| {
        let (here, there) = (server.studio().id(), server.studio().id());
        register(server, &here, "Alex", "Here", &json!({}));
        register(server, &there, "Alex", "There", &json!({}));
        let key = server
            .post(
                "/v1/api-keys",
                &json!({"name": "Desk", "role": "front_desk", "studio_ids": [here]}),
            )
            .expect(201);
        let desk = server.with_secret(key.json["secret"].as_str().unwrap());
        assert_eq!(names(&ask(&desk, "alex")), ["Here"]);
        assert_eq!(names(&ask(&server.owner(), "alex")), ["Here", "There"]);
    });
}

#[test]
fn what_cannot_be_asked_is_refused() {
    each(|server| {
        let search = |body: Value| server.post("/v1/clients/search", &body);
        for (body, pointer, code) in [
            (json!({}), "/text", "required"),
            (json!({"text": ""}), "/text", "invalid_value"),
            (json!({"text": " - @ "}), "/text", "invalid_value"),
            (
                json!({"text": "a b c d e f g h i"}),
                "/text",
                "invalid_value",
            ),
            (json!({"text": "x".repeat(201)}), "/text", "invalid_value"),
            (json!({"text": "a", "limit": 0}), "/limit", "invalid_value"),
            (
                json!({"text": "a", "limit": 201}),
                "/limit",
                "invalid_value",
            ),
            (
                json!({"text": "a", "cursor": "AAAA"}),
                "/cursor",
                "invalid_cursor",
            ),
            (json!({"text": "a", "name": "b"}), "/name", "unknown_field"),
        ] {
            search(body).expect(422).expect_error(pointer, code);
        }
        let studio_id = server.studio().id();
        for number in 0..3 {
            register(
                server,
                &studio_id,
                "Al",
                &format!("Sample{number}"),
                &json!({}),
            );
        }
        let page = search(json!({"text": "al", "limit": 1})).expect(200);
        let cursor = &page.json["next_cursor"];
        search(json!({"text": "al", "limit": 2, "cursor": cursor})).expect(200);
        search(json!({"text": "sample", "cursor": cursor}))
            .expect(422)
            .expect_error("/cursor", "invalid_cursor");
    });
}

#[test]
fn who_may_be_registered_already_is_named_and_registered_all_the_same() {
    each(|server| {
        let (studio, elsewhere) = (server.studio().id(), server.studio().id());
        let body = |at: &str, given: &str, family: &str, more: Value| -> Value {
            let mut body = json!({"studio_id": at, "given_name": given, "family_name": family});
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            body
        };
        let zoe = json!({"email": "zoe@client.example", "telephone": "+354 555 0101", "date_of_birth": "1984-05-17"});
        let first = server
            .post("/v1/clients", &body(&studio, "Zoë", "Müller-Beispiel", zoe))
            .expect(201);
        assert_eq!(first.json["possible_duplicates"], json!([]));
        for (given, family, more, is_like) in [
            (
                "Ada",
                "Muster",
                json!({"email": "ZOE@client.example"}),
                true,
            ),
            (
                "Bea",
                "Muster",
                json!({"telephone": "00354 555-0101"}),
                true,
            ),
            (
                "zoe",
                "Mueller Beispiel",
                json!({"date_of_birth": "1984-05-17"}),
                true,
            ),
            (
                "Zoë",
                "Müller-Beispiel",
                json!({"date_of_birth": "1984-05-18"}),
                false,
            ),
            ("Zoë", "Müller-Beispiel", json!({}), true),
            (
                "Zoë",
                "Müller-Beispiel",
                json!({"telephone": "+354 555 0109"}),
                false,
            ),
            (
                "Cleo",
                "Muster",
                json!({"email": "zoe@client2.example", "telephone": "0101"}),
                false,
            ),
        ] {
            let new = body(&studio, given, family, more.clone());
            let made = server.post("/v1/clients", &new).expect(201);
            let named = made.json["possible_duplicates"].as_array().unwrap();
            assert_eq!(named.contains(&first.json["id"]), is_like, "{given} {more}");
            let read = server.get(&made.location()).expect(200);
            assert_eq!(read.json.get("possible_duplicates"), None);
            assert_eq!(read.etag(), made.etag());
        }

        // Another studio's clients aren't meant, and a repetition is answered alike whatever came since.
        let email = json!({"email": "zoe@client.example"});
        let caller = server.owner().header("Idempotency-Key", "twice-1");
        let new = body(&elsewhere, "Dora", "Muster", email.clone());
        let made = caller.post("/v1/clients", &new).expect(201);
        assert_eq!(made.json["possible_duplicates"], json!([]));
        let second = server
            .post("/v1/clients", &body(&elsewhere, "Emma", "Muster", email))
            .expect(201);
        assert_eq!(second.json["possible_duplicates"], json!([made.json["id"]]));
        assert_eq!(caller.post("/v1/clients", &new).expect(201).text, made.text);
    });
}

#[test]
fn a_name_that_many_have_elsewhere_hides_nobody_here() {
    each(|server| {
        let (here, elsewhere) = (server.studio().id(), server.studio().id());
        let named = |studio: &str, born: &str| {
            json!({
                "studio_id": studio, "given_name": "Anna", "family_name": "Muster", "date_of_birth": born,
            })
        };
        let first = server
            .post("/v1/clients", &named(&here, "1984-05-17"))
            .expect(201);
        // As many as are looked at, and some more.
        let store = server.database().open(server.clock.clock());
        for _ in 0..21 {
            let new: NewClient = serde_json::from_value(named(&elsewhere, "1984-05-17")).unwrap();
            store
                .write_blocking(WriteContext::worker(), move |tx| {
                    for _ in 0..10 {
                        Client::register(tx, &new)?;
                    }
                    Ok(())
                })
                .unwrap();
        }
        drop(store);
        let made = server
            .post("/v1/clients", &named(&here, "1984-05-17"))
            .expect(201);
        assert_eq!(made.json["possible_duplicates"], json!([first.json["id"]]));
    });
}
