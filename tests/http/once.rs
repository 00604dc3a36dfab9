//! Idempotency-Key: a request that is sent again takes effect once.

use chrono::TimeDelta;
use serde_json::json;
use stipple_shared::domain::Role;
use stipple_test_support::builders::{new_client, new_room};

use crate::each;

const KEY: &str = "Idempotency-Key";

#[test]
fn a_repetition_gets_the_first_answer() {
    each(|server| {
        let studio_id = server.studio().id();
        let caller = server.owner().header(KEY, "register-1");
        let body = new_client(&studio_id);
        let first = caller.post("/v1/clients", &body).expect(201);
        assert_eq!(first.header("Idempotency-Replayed"), None);
        server
            .patch(&first.location(), "*", &json!({"notes": "changed since"}))
            .expect(200);
        let again = caller.post("/v1/clients", &body).expect(201);
        assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
        assert_eq!(again.text, first.text);
        assert_eq!(again.etag(), first.etag());
        assert_eq!(again.location(), first.location());
        assert_ne!(again.header("X-Request-Id"), first.header("X-Request-Id"));
        assert_eq!(server.get("/v1/clients").data().len(), 1);

        caller
            .post("/v1/clients", &new_client(&studio_id))
            .expect_problem(422, "idempotency_key_reused");
        assert_eq!(server.get("/v1/clients").data().len(), 1);
    });
}

#[test]
fn an_error_is_not_kept() {
    each(|server| {
        let studio_id = server.studio().id();
        let caller = server.owner().header(KEY, "second-try");
        let mut wrong = new_client(&studio_id);
        wrong["email"] = json!("nowhere");
        caller.post("/v1/clients", &wrong).expect(422);
        wrong["email"] = json!("somewhere@example.com");
        wrong["date_of_birth"] = json!("2030-01-01");
        caller.post("/v1/clients", &wrong).expect(422);
        let registered = caller
            .post("/v1/clients", &new_client(&studio_id))
            .expect(201);
        assert_eq!(registered.header("Idempotency-Replayed"), None);
    });
}

#[test]
fn twenty_at_once_make_one() {
    each(|server| {
        let studio_id = server.studio().id();
        let body = new_client(&studio_id);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..20)
                .map(|_| {
                    let caller = server.owner().header(KEY, "all-at-once");
                    let body = body.clone();
                    scope.spawn(move || caller.post("/v1/clients", &body).expect(201))
                })
                .collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let made = answers
            .iter()
            .filter(|answer| answer.header("Idempotency-Replayed").is_none())
            .count();
        assert_eq!(made, 1);
        for answer in &answers {
            assert_eq!(answer.text, answers[0].text);
        }
        assert_eq!(server.get("/v1/clients").data().len(), 1);
    });
}

#[test]
fn a_name_belongs_to_one_key_and_one_path() {
    each(|server| {
        let studio_id = server.studio().id();
        let other_id = server.studio().id();
        let body = new_client(&studio_id);
        let another_owner = server.make_key(Role::Owner);
        for caller in [
            server.owner(),
            server.caller(Role::FrontDesk),
            server.with_secret(&another_owner.secret),
        ] {
            let answer = caller
                .header(KEY, "the-same")
                .post("/v1/clients", &body)
                .expect(201);
            assert_eq!(answer.header("Idempotency-Replayed"), None);
        }
        let room = new_room();
        for id in [&studio_id, &other_id] {
            let answer = server
                .owner()
                .header(KEY, "the-same")
                .post(&format!("/v1/studios/{id}/rooms"), &room)
                .expect(201);
            assert_eq!(answer.header("Idempotency-Replayed"), None);
        }
        // Who may not do it doesn't see the answer of who did.
        server
            .caller(Role::Auditor)
            .header(KEY, "the-same")
            .post("/v1/clients", &body)
            .expect(403);
    });
}

#[test]
fn however_an_id_is_spelt_it_is_the_same_request() {
    each(|server| {
        let studio_id = server.studio().id();
        let caller = server.owner().header(KEY, "spelt");
        let room = new_room();
        let first = caller
            .post(&format!("/v1/studios/{studio_id}/rooms"), &room)
            .expect(201);
        assert_eq!(first.header("Idempotency-Replayed"), None);
        let (upper, simple) = (studio_id.to_uppercase(), studio_id.replace('-', ""));
        assert_ne!(upper, studio_id);
        for spelling in [&studio_id, &upper, &simple] {
            let again = caller
                .post(&format!("/v1/studios/{spelling}/rooms"), &room)
                .expect(201);
            assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
            assert_eq!((again.text, again.status), (first.text.clone(), 201));
            caller
                .post(&format!("/v1/studios/{spelling}/rooms"), &new_room())
                .expect_problem(422, "idempotency_key_reused");
        }
        let rooms = server.get(&format!("/v1/studios/{studio_id}/rooms"));
        assert_eq!(rooms.data().len(), 1);
    });
}

#[test]
fn after_three_days_a_name_is_free_again() {
    each(|server| {
        let studio_id = server.studio().id();
        let caller = server.owner().header(KEY, "long-ago");
        let body = new_client(&studio_id);
        let first = caller.post("/v1/clients", &body).expect(201);
        server
            .clock
            .advance(TimeDelta::hours(72) - TimeDelta::milliseconds(1));
        assert_eq!(
            caller.post("/v1/clients", &body).expect(201).id(),
            first.id()
        );
        server.clock.advance(TimeDelta::milliseconds(1));
        let later = caller
            .post("/v1/clients", &new_client(&studio_id))
            .expect(201);
        assert_eq!(later.header("Idempotency-Replayed"), None);
        assert_ne!(later.id(), first.id());
    });
}

#[test]
fn a_name_that_can_not_be_kept_is_refused() {
    each(|server| {
        let studio_id = server.studio().id();
        for bad in ["", "with space", &"k".repeat(256)] {
            server
                .owner()
                .header(KEY, bad)
                .post("/v1/clients", &new_client(&studio_id))
                .expect_problem(400, "invalid_header")
                .expect_error(KEY, "invalid_value");
        }
        server
            .owner()
            .header(KEY, &"k".repeat(255))
            .post("/v1/clients", &new_client(&studio_id))
            .expect(201);
        server
            .owner()
            .header(KEY, "one")
            .header(KEY, "two")
            .post("/v1/clients", &new_client(&studio_id))
            .expect_problem(400, "invalid_header");
    });
}

#[test]
fn no_body_says_the_same_as_an_empty_object() {
    each(|server| {
        let client = server.client(&server.studio().id());
        let owner = server.owner().header("If-Match", "*");
        owner.delete(&client.location()).expect(204);
        let restore = format!("{}/restore", client.location());
        for (key, bare_first) in [("bare-first", true), ("object-first", false)] {
            let caller = server.owner().header(KEY, key);
            let ask = |bare: bool| match bare {
                true => caller.post_nothing(&restore).expect(200),
                false => caller.post(&restore, &json!({})).expect(200),
            };
            let first = ask(bare_first);
            assert_eq!(first.header("Idempotency-Replayed"), None);
            let again = ask(!bare_first);
            assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
            assert_eq!(again.text, first.text);
        }
    });
}

#[test]
fn a_repetition_registers_nobody_who_was_erased_and_tells_nothing_of_them() {
    each(|server| {
        let studio_id = server.studio().id();
        let caller = server.owner().header(KEY, "register-once");
        let body = new_client(&studio_id);
        let first = caller.post("/v1/clients", &body).expect(201);
        let owner = server.owner().header("If-Match", "*");
        owner.delete(&first.location()).expect(204);
        let erase = format!("{}/erase", first.location());
        let why = json!({"reason": "Asked for in writing."});
        server.post(&erase, &why).expect(200);
        let again = caller.post("/v1/clients", &body).expect(201);
        assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
        assert_eq!(again.id(), first.id());
        assert_eq!(again.json["given_name"], "Erased");
        assert_eq!(again.json["email"], json!(null));
        assert!(server.get("/v1/clients").data().is_empty());
    });
}

#[test]
fn a_request_that_only_named_an_erased_client_is_still_known_by_what_it_said() {
    each(|server| {
        let studio_id = server.studio().id();
        let erased = server.client(&studio_id);
        let caller = server.owner().header(KEY, "register-another");
        let body = new_client(&studio_id);
        let other = caller.post("/v1/clients", &body).expect(201);
        assert_eq!(other.json["possible_duplicates"], json!([erased.id()]));
        let owner = server.owner().header("If-Match", "*");
        owner.delete(&erased.location()).expect(204);
        let why = json!({"reason": "Asked for in writing."});
        server
            .post(&format!("{}/erase", erased.location()), &why)
            .expect(200);
        caller
            .post("/v1/clients", &new_client(&studio_id))
            .expect_problem(422, "idempotency_key_reused");
        let again = caller.post("/v1/clients", &body).expect(201);
        assert_eq!(again.text, other.text);
    });
}
