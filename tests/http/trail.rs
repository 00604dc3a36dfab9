//! The audit trail, from outside.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::builders::new_client;

use crate::each;

#[test]
fn the_trail_says_who_did_what_to_which_thing_and_in_which_request() {
    each(|server| {
        let studio_id = server.studio().id();
        let client = server.client(&studio_id);
        let changed = server
            .patch(&client.location(), "*", &json!({"given_name": "Renamed"}))
            .expect(200);
        let request_id = changed.header("X-Request-Id").unwrap().to_owned();
        let auditor = server.caller(Role::Auditor);
        let of_client = format!(
            "/v1/audit-events?entity_kind=client&entity_id={}",
            client.id()
        );
        let trail = auditor.get(&of_client).expect(200);
        let actions: Vec<&str> = trail
            .data()
            .iter()
            .map(|one| one["action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["client.registered", "client.changed"]);
        let last = &trail.data()[1];
        assert_eq!(last["actor_kind"], "key");
        assert_eq!(
            last["actor_id"],
            json!(server.key(Role::Owner).id.to_string())
        );
        assert_eq!(last["request_id"], json!(request_id));
        assert_eq!(last["before"]["given_name"], client.json["given_name"]);
        assert_eq!(last["after"]["given_name"], "Renamed");
        assert_eq!(trail.data()[0]["before"], Value::Null);
        let owner = server.key(Role::Owner).id;
        for (filter, expected) in [
            (format!("request_id={request_id}"), 1),
            ("action=client.changed".to_owned(), 1),
            (format!("actor_id={owner}&entity_kind=client"), 2),
            ("actor_kind=worker".to_owned(), 0),
            ("before=2026-11-25T00:00:00Z".to_owned(), 0),
            (
                "from=2026-11-25T00:00:00Z&action=client.changed".to_owned(),
                1,
            ),
            (
                "entity_id=01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14".to_owned(),
                0,
            ),
        ] {
            let found = auditor
                .get(&format!("/v1/audit-events?{filter}"))
                .expect(200);
            assert_eq!(found.data().len(), expected, "{filter}");
        }
        auditor
            .get("/v1/audit-events?entity_id=nonsense")
            .expect_problem(400, "invalid_query");
        auditor
            .get("/v1/audit-events?updated_since=0")
            .expect_problem(400, "invalid_query");
        auditor
            .get("/v1/audit-events?actor=x")
            .expect_problem(400, "invalid_query");
    });
}

#[test]
fn pages_and_the_export_hold_the_whole_trail() {
    each(|server| {
        let studio_id = server.studio().id();
        for _ in 0..6 {
            server
                .post("/v1/clients", &new_client(&studio_id))
                .expect(201);
        }
        let auditor = server.caller(Role::Auditor);
        let mut paged: Vec<Value> = Vec::new();
        let mut path = "/v1/audit-events?limit=4".to_owned();
        loop {
            let page = auditor.get(&path).expect(200);
            paged.extend(page.data().iter().cloned());
            match page.json["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/audit-events?limit=4&cursor={cursor}"),
                None => break,
            }
        }
        let places: Vec<i64> = paged
            .iter()
            .map(|one| one["sequence"].as_i64().unwrap())
            .collect();
        assert_eq!(
            places,
            (1..=i64::try_from(places.len()).unwrap()).collect::<Vec<_>>()
        );
        let export = auditor.get("/v1/audit-events/export").expect(200);
        let lines: Vec<Value> = export
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines, paged);
        let some = auditor
            .get("/v1/audit-events/export?entity_kind=studio")
            .expect(200);
        assert_eq!(some.text.lines().count(), 1);
        auditor
            .get("/v1/audit-events/export?limit=1")
            .expect_problem(400, "invalid_query");
    });
}

#[test]
fn a_word_where_an_id_may_stand_answers_its_own_methods_alone() {
    each(|server| {
        for (method, path, allowed) in [
            ("GET", "/v1/clients/search", "POST, OPTIONS"),
            ("PATCH", "/v1/clients/search", "POST, OPTIONS"),
        ] {
            let body = (method == "PATCH").then_some(("application/merge-patch+json", &b"{}"[..]));
            let answer = server.owner().send(method, path, body).expect(405);
            assert_eq!(answer.header("Allow"), Some(allowed), "{answer}");
        }
    });
}

#[test]
fn an_export_of_several_reads_has_each_entry_once() {
    each(|server| {
        server
            .store
            .write_blocking(stipple_shared::storage::WriteContext::worker(), |tx| {
                for number in 0..1234 {
                    let thing = stipple_shared::storage::audit::AuditDraft::new(
                        "thing.changed",
                        "thing",
                        stipple_shared::domain::ClientId::new().0,
                    );
                    tx.audit(thing.after(&number)?);
                }
                Ok(())
            })
            .unwrap();
        let export = server
            .get("/v1/audit-events/export?entity_kind=thing")
            .expect(200);
        let numbers: Vec<i64> = export
            .text
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["after"]
                    .as_i64()
                    .unwrap()
            })
            .collect();
        assert_eq!(numbers, (0..1234).collect::<Vec<_>>());
    });
}

#[test]
fn nobody_changes_or_deletes_an_entry_here() {
    each(|server| {
        server.studio();
        let owner = server.owner();
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for path in [
                "/v1/audit-events",
                "/v1/audit-events/export",
                "/v1/access-events",
            ] {
                let answer = owner.header("If-Match", "*").send(
                    method,
                    path,
                    Some(("application/json", b"{}")),
                );
                assert_eq!(answer.status, 405, "{answer}");
            }
        }
        for role in [Role::Practitioner, Role::FrontDesk] {
            server
                .caller(role)
                .get("/v1/audit-events")
                .expect_problem(403, "forbidden");
        }
    });
}
