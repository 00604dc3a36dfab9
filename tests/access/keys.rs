//! Keys: made, rotated, used, ended.

use chrono::TimeDelta;
use serde_json::json;
use stipple_shared::domain::Role;
use stipple_shared::storage::WriteContext;
use stipple_test_support::{TestServer, engines};

use crate::ids;

fn each(test: impl Fn(&TestServer)) {
    for engine in engines() {
        test(&TestServer::start(engine));
    }
}

#[test]
fn a_rotated_key_has_two_secrets_for_a_while() {
    each(|server| {
        let made = server
            .post(
                "/v1/api-keys",
                &json!({"name": "Till", "role": "front_desk"}),
            )
            .expect(201);
        let path = made.location();
        let first = server.with_secret(made.json["secret"].as_str().unwrap());
        let rotated = server
            .post(&format!("{path}/rotate"), &json!({"overlap_minutes": 30}))
            .expect(200);
        assert_eq!(rotated.json["key"]["id"], made.json["key"]["id"]);
        let second = server.with_secret(rotated.json["secret"].as_str().unwrap());
        let ends_at = rotated.json["key"]["previous_ends_at"].clone();
        assert_eq!(first.get("/v1/me").expect(200).json["expires_at"], ends_at);
        assert!(second.get("/v1/me").expect(200).json["expires_at"].is_null());

        server.clock.advance(TimeDelta::minutes(30));
        first.get("/v1/me").expect_problem(401, "unauthorised");
        second.get("/v1/me").expect(200);
        // Without an overlap the old one ends at once.
        let third = server
            .post(&format!("{path}/rotate"), &json!({"overlap_minutes": 0}))
            .expect(200);
        second.get("/v1/me").expect_problem(401, "unauthorised");
        let third = server.with_secret(third.json["secret"].as_str().unwrap());
        third.get("/v1/me").expect(200);
        // Ending the key ends both secrets.
        let fourth = server
            .owner()
            .post_nothing(&format!("{path}/rotate"))
            .expect(200);
        let fourth = server.with_secret(fourth.json["secret"].as_str().unwrap());
        server
            .owner()
            .post_nothing(&format!("{path}/revoke"))
            .expect(200);
        for caller in [third, fourth] {
            caller.get("/v1/me").expect_problem(401, "unauthorised");
        }
        server
            .owner()
            .post_nothing(&format!("{path}/rotate"))
            .expect_problem(409, "key_ended");
        server
            .owner()
            .header("Idempotency-Key", "once")
            .post_nothing(&format!("{path}/rotate"))
            .expect_problem(400, "invalid_header");
    });
}

#[test]
fn a_key_shows_its_last_use_to_the_minute() {
    each(|server| {
        let key = server.make_key(Role::Auditor);
        let path = format!("/v1/api-keys/{}", key.id);
        let last_use = || {
            // The writer takes its work in turn: behind this nothing that was noted before is left.
            server
                .store
                .write_blocking(WriteContext::command_line(), |_| Ok(()))
                .unwrap();
            server.get(&path).expect(200)
        };
        assert!(last_use().json["last_used_at"].is_null());
        let began = server.clock.now();
        let caller = server.with_secret(&key.secret);
        caller.get("/v1/me").expect(200);
        let first = last_use();
        assert_eq!(first.json["last_used_at"], json!(began));
        for _ in 0..3 {
            server.clock.advance(TimeDelta::seconds(19));
            caller.get("/v1/me").expect(200);
        }
        assert_eq!(last_use().json["last_used_at"], json!(began));
        assert_eq!(last_use().etag(), first.etag());
        server.clock.advance(TimeDelta::seconds(3));
        caller.get("/v1/me").expect(200);
        assert_eq!(last_use().json["last_used_at"], json!(server.clock.now()));
        assert_ne!(last_use().etag(), first.etag());
    });
}

#[test]
fn an_owner_of_one_studio_hands_out_no_more_than_they_have() {
    each(|server| {
        let (mine, other) = (server.studio().id(), server.studio().id());
        let limited = json!({"name": "North", "role": "owner", "studio_ids": [mine]});
        let limited = server.post("/v1/api-keys", &limited).expect(201);
        let caller = server.with_secret(limited.json["secret"].as_str().unwrap());
        let new = |studio_ids: serde_json::Value| json!({"name": "Desk", "role": "front_desk", "studio_ids": studio_ids});
        caller
            .post("/v1/api-keys", &json!({"name": "All", "role": "owner"}))
            .expect_problem(422, "invalid")
            .expect_error("/studio_ids", "required");
        caller
            .post("/v1/api-keys", &new(json!([mine, other])))
            .expect_problem(422, "invalid")
            .expect_error("/studio_ids/1", "unknown_studio");
        let desk = caller.post("/v1/api-keys", &new(json!([mine]))).expect(201);
        let both = server
            .post("/v1/api-keys", &new(json!([mine, other])))
            .expect(201);
        let seen = caller.get("/v1/api-keys").expect(200);
        let id = |made: &stipple_test_support::Answer| {
            made.json["key"]["id"].as_str().unwrap().to_owned()
        };
        assert_eq!(ids(&seen), [id(&limited), id(&desk)]);
        caller
            .post_nothing(&format!("{}/rotate", both.location()))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn the_last_owner_locks_nobody_out() {
    each(|server| {
        let last = server.key(Role::Owner).id;
        let revoke = format!("/v1/api-keys/{last}/revoke");
        let is_kept = || {
            let refused = server
                .owner()
                .post_nothing(&revoke)
                .expect_problem(409, "last_owner_key");
            let detail = refused.json["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("make another owner key first"), "{detail}");
            server.get("/v1/me").expect(200);
        };
        is_kept();
        let owner = |body: &mut serde_json::Value| {
            body["name"] = json!("Other");
            body["role"] = json!("owner");
            let made = server.post("/v1/api-keys", body).expect(201);
            server.with_secret(made.json["secret"].as_str().unwrap())
        };
        // Neither who sees less nor who has ended could take its place.
        let studio = server.studio().id();
        let limited = owner(&mut json!({"studio_ids": [studio]}));
        let me = limited.get("/v1/me").expect(200).json["key_id"].clone();
        is_kept();
        let until = server.clock.now() + TimeDelta::hours(1);
        owner(&mut json!({"expires_at": until}));
        is_kept();
        server.clock.advance(TimeDelta::hours(1));
        is_kept();
        server
            .owner()
            .post_nothing(&format!("/v1/api-keys/{}/revoke", me.as_str().unwrap()))
            .expect(200);

        // A key goes with its practitioner, and must not be the last then either.
        let practitioner = server.practitioner(&studio);
        let treating = owner(&mut json!({"practitioner_id": practitioner.id()}));
        server.owner().post_nothing(&revoke).expect(200);
        let leaves = json!({"active": false});
        treating
            .patch(&practitioner.location(), "*", &leaves)
            .expect_problem(409, "last_owner_key");
        let still = treating.get(&practitioner.location()).expect(200);
        assert_eq!(still.json["active"], true);
        let heir = treating
            .post("/v1/api-keys", &json!({"name": "Heir", "role": "owner"}))
            .expect(201);
        treating
            .patch(&practitioner.location(), "*", &leaves)
            .expect(200);
        treating.get("/v1/me").expect(401);
        // Who is at the machine may: they can make another there.
        let id = heir.json["key"]["id"].as_str().unwrap();
        let id = stipple_shared::domain::ApiKeyId(id.parse().unwrap());
        server
            .store
            .write_blocking(WriteContext::command_line(), move |tx| {
                stipple_shared::storage::api_keys::ApiKey::revoke(tx, id, None)
            })
            .unwrap();
    });
}

#[test]
fn a_key_that_ends_while_its_request_arrives_changes_nothing() {
    each(|server| {
        let studio = server.studio().id();
        let key = server.make_key(Role::Owner);
        let id = key.id;
        // The request was let in, and its key ended before the writer came to it.
        let context = WriteContext {
            actor: stipple_shared::storage::Actor::Key(id),
            ..WriteContext::command_line()
        };
        server
            .owner()
            .post_nothing(&format!("/v1/api-keys/{id}/revoke"))
            .expect(200);
        let studio_id = studio.parse::<uuid::Uuid>().unwrap().into();
        let late = server.store.write_once(context, None, move |tx| {
            stipple_shared::storage::rooms::Room::add(
                tx,
                studio_id,
                &serde_json::from_value(json!({"name": "Late"})).unwrap(),
            )
            .map(|_| unreachable!())
        });
        let ended = wait_for(late);
        assert!(matches!(ended, Err(stipple_shared::Error::KeyEnded)));
        let rooms = server
            .get(&format!("/v1/studios/{studio}/rooms"))
            .expect(200);
        assert!(rooms.data().is_empty());
    });
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
