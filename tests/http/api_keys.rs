//! Keys: their secret and their end, from outside.

use serde_json::json;

use crate::each;

#[test]
fn a_keys_secret_is_shown_once() {
    each(|server| {
        let studio_id = server.studio().id();
        let owner = server.owner();
        let new = json!({
            "name": "Desk tablet",
            "role": "front_desk",
            "studio_ids": [studio_id],
            "expires_at": "2026-11-26T09:00:00Z",
        });
        owner
            .header("Idempotency-Key", "a-key")
            .post("/v1/api-keys", &new)
            .expect_problem(400, "invalid_header");
        let made = owner.post("/v1/api-keys", &new).expect(201);
        let secret = made.json["secret"].as_str().unwrap();
        let desk = server.with_secret(secret);
        let me = desk.get("/v1/me").expect(200);
        assert_eq!(me.json["role"], "front_desk");
        assert_eq!(me.json["studio_ids"], json!([studio_id]));
        let permissions = me.json["permissions"].as_array().unwrap();
        assert!(permissions.contains(&json!("book")));
        assert!(!permissions.contains(&json!("manage_keys")));

        let shown = owner.get(&made.location()).expect(200);
        let mut used = made.json["key"].clone();
        for changing in ["last_used_at", "version", "change"] {
            used[changing] = shown.json[changing].clone();
        }
        assert_eq!(used["last_used_at"], used["created_at"]);
        assert_eq!(shown.json, used);
        for answer in [&shown, &owner.get("/v1/api-keys").expect(200)] {
            assert!(!answer.text.contains(secret));
        }
        desk.get("/v1/api-keys").expect_problem(403, "forbidden");

        let revoke = format!("{}/revoke", made.location());
        let ended = owner.post_nothing(&revoke).expect(200);
        let again = owner.post_nothing(&revoke).expect(200);
        assert_eq!(again.json, ended.json);
        desk.get("/v1/me").expect_problem(401, "unauthorised");
    });
}

#[test]
fn a_key_ends_by_itself() {
    each(|server| {
        let owner = server.owner();
        let new = |expires_at: &str| json!({"name": "Tablet", "role": "auditor", "expires_at": expires_at});
        owner
            .post("/v1/api-keys", &new("2026-11-25T09:00:00Z"))
            .expect_problem(422, "invalid")
            .expect_error("/expires_at", "in_the_past");
        let made = owner
            .post("/v1/api-keys", &new("2026-11-25T10:00:00Z"))
            .expect(201);
        let tablet = server.with_secret(made.json["secret"].as_str().unwrap());
        tablet.get("/v1/me").expect(200);
        server.clock.advance(chrono::TimeDelta::hours(1));
        tablet.get("/v1/me").expect_problem(401, "unauthorised");
    });
}
