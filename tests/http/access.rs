//! Keys and roles.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use stipple_shared::domain::Role;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_test_support::TestServer;
use stipple_test_support::builders::{new_client, new_studio};

use crate::each;

#[track_caller]
fn is_turned_away(server: &TestServer, authorization: &str) {
    let answer = server
        .stranger()
        .header("Authorization", authorization)
        .get("/v1/studios")
        .expect_problem(401, "unauthorised");
    assert_eq!(
        answer.header("WWW-Authenticate"),
        Some("Bearer realm=\"stipple\"")
    );
}

#[test]
fn without_a_known_key_nothing_is_answered() {
    each(|server| {
        server
            .stranger()
            .get("/v1/studios")
            .expect_problem(401, "unauthorised");
        let secret = &server.key(Role::Owner).secret;
        for malformed in [
            "Bearer",
            "Bearer ",
            "Basic c3RpcHBsZTpzdGlwcGxl",
            "Bearer stipple_unknown",
            &format!("Bearer {secret}x"),
            &format!("Token {secret}"),
            secret,
        ] {
            is_turned_away(server, malformed);
        }
        server
            .stranger()
            .header("Authorization", &format!("bEARER {secret}"))
            .get("/v1/studios")
            .expect(200);
    });
}

#[test]
fn a_revoked_key_and_an_expired_one_are_unknown() {
    each(|server| {
        let revoked = server.make_key(Role::Owner);
        let caller = server.with_secret(&revoked.secret);
        caller.get("/v1/studios").expect(200);
        server
            .store
            .write_blocking(WriteContext::command_line(), move |tx| {
                ApiKey::revoke(tx, revoked.id, None)
            })
            .unwrap();
        caller
            .get("/v1/studios")
            .expect_problem(401, "unauthorised");
        is_turned_away(server, &format!("Bearer {}", revoked.secret));

        let expiring = server.make_key(Role::Owner);
        let ends_at = server.clock.now() + TimeDelta::hours(1);
        let changed = diesel::sql_query(format!(
            "UPDATE api_keys SET expires_at = {} WHERE name = 'a key for tests' AND role = 'owner'",
            ends_at.millis()
        ))
        .execute(&mut server.database().connect())
        .unwrap();
        assert!(changed > 0);
        let caller = server.with_secret(&expiring.secret);
        server.clock.advance(TimeDelta::milliseconds(3_599_999));
        caller.get("/v1/studios").expect(200);
        server.clock.advance(TimeDelta::milliseconds(1));
        caller
            .get("/v1/studios")
            .expect_problem(401, "unauthorised");
    });
}

#[test]
fn a_role_may_do_what_its_permissions_say() {
    each(|server| {
        let studio_id = server.studio().id();
        for (role, may_manage_studio, may_manage_clients) in [
            (Role::Owner, true, true),
            (Role::Practitioner, false, true),
            (Role::FrontDesk, false, true),
            (Role::Auditor, false, false),
        ] {
            let caller = server.caller(role);
            caller.get("/v1/studios").expect(200);
            caller.get("/v1/clients").expect(200);
            let opened = caller.post("/v1/studios", &new_studio());
            if may_manage_studio {
                opened.expect(201);
            } else {
                let refused = opened.expect_problem(403, "forbidden");
                assert!(refused.text.contains("manage_studio"), "{refused}");
            }
            let registered = caller.post("/v1/clients", &new_client(&studio_id));
            if may_manage_clients {
                registered.expect(201);
            } else {
                registered.expect_problem(403, "forbidden");
            }
        }
    });
}

#[test]
fn who_may_not_learns_nothing_more() {
    each(|server| {
        let auditor = server.caller(Role::Auditor);
        // Neither that the body is wrong, nor that the thing isn't there, nor that a header is missing.
        auditor
            .send("POST", "/v1/clients", Some(("text/plain", b"{")))
            .expect_problem(403, "forbidden");
        auditor
            .send(
                "PATCH",
                "/v1/clients/nobody",
                Some(("application/json", b"{}")),
            )
            .expect_problem(403, "forbidden");
        server
            .stranger()
            .post("/v1/clients?unknown=1", &json!({"unknown": true}))
            .expect_problem(401, "unauthorised");
        let secret = &server.key(Role::Auditor).secret;
        let refused = auditor.post("/v1/studios", &new_studio());
        assert!(!refused.text.contains(secret.as_str()));
    });
}
