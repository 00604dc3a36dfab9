//! `updated_since`: a copy that is kept in step misses nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stipple_test_support::{Caller, TestServer};

use crate::each;

/// A front-end's copy of the clients: by id, the version.
#[derive(Default)]
struct Copy {
    versions: BTreeMap<String, i64>,
    since: i64,
}

impl Copy {
    /// Asks for everything since the last time, page by page.
    fn catch_up(&mut self, caller: &Caller, list: &str) {
        let mut path = format!("{list}?limit=7&updated_since={}", self.since);
        let mut latest = None;
        loop {
            let page = caller.get(&path).expect(200);
            // What the first page knew of: later pages may be younger, and what came between them is asked for again.
            latest = latest.or(page.json["latest_change"].as_i64());
            for one in page.data() {
                self.versions.insert(
                    one["id"].as_str().unwrap().to_owned(),
                    one["version"].as_i64().unwrap(),
                );
            }
            let Some(cursor) = page.json["next_cursor"].as_str() else {
                break;
            };
            path = format!(
                "{list}?limit=7&updated_since={}&cursor={cursor}",
                self.since
            );
        }
        self.since = latest.unwrap();
    }
}

fn stored(server: &TestServer) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    let mut path = "/v1/clients?limit=200".to_owned();
    loop {
        let page = server.get(&path).expect(200);
        for one in page.data() {
            all.insert(
                one["id"].as_str().unwrap().to_owned(),
                one["version"].as_i64().unwrap(),
            );
        }
        match page.json["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/clients?limit=200&cursor={cursor}"),
            None => return all,
        }
    }
}

#[test]
fn a_copy_kept_in_step_while_thirty_two_write_misses_nothing() {
    each(|server| {
        let studio_id = server.studio().id();
        let mut copy = Copy::default();
        std::thread::scope(|scope| {
            let studio_id = &studio_id;
            let write = move || {
                for _ in 0..6 {
                    let client = server.client(studio_id);
                    server
                        .patch(&client.location(), "*", &json!({"notes": "once"}))
                        .expect(200);
                    server
                        .patch(&client.location(), "*", &json!({"notes": "twice"}))
                        .expect(200);
                }
            };
            let writers: Vec<_> = (0..32).map(|_| scope.spawn(write)).collect();
            while writers.iter().any(|writer| !writer.is_finished()) {
                copy.catch_up(&server.owner(), "/v1/clients");
            }
        });
        copy.catch_up(&server.owner(), "/v1/clients");
        let stored = stored(server);
        assert_eq!(stored.len(), 192);
        assert_eq!(copy.versions, stored);
    });
}

#[test]
fn what_was_taken_back_comes_as_a_change() {
    each(|server| {
        let studio_id = server.studio().id();
        let practitioner = server.practitioner(&studio_id);
        let list = format!("{}/time-off", practitioner.location());
        let enter = |note: &str| {
            server
                .post(
                    &list,
                    &json!({
                        "starts_at": "2026-12-01T00:00:00Z",
                        "ends_at": "2026-12-02T01:00:00+01:00",
                        "note": note,
                    }),
                )
                .expect(201)
        };
        let kept = enter("Fair");
        let taken_back = enter("Course");
        let before = server.get(&list).expect(200);
        assert_eq!(before.data().len(), 2);
        assert_eq!(before.json["data"][0]["ends_at"], "2026-12-02T00:00:00Z");
        let since = before.json["latest_change"].as_i64().unwrap();

        server
            .owner()
            .header("If-Match", "\"v9\"")
            .delete(&taken_back.location())
            .expect_problem(412, "stale_version");
        for _ in 0..2 {
            server.owner().delete(&taken_back.location()).expect(204);
        }
        let after = server.get(&list).expect(200);
        assert_eq!(after.data().len(), 1);
        assert_eq!(after.json["data"][0]["id"], json!(kept.id()));
        let changes = server
            .get(&format!("{list}?updated_since={since}"))
            .expect(200);
        assert_eq!(changes.data().len(), 1, "taking back twice is one change");
        assert_eq!(changes.json["data"][0]["id"], json!(taken_back.id()));
        assert_ne!(changes.json["data"][0]["deleted_at"], Value::Null);
        let latest = changes.json["latest_change"].as_i64().unwrap();
        let nothing = server
            .get(&format!("{list}?updated_since={latest}"))
            .expect(200);
        assert!(nothing.data().is_empty());

        let other = server.practitioner(&studio_id);
        server
            .owner()
            .delete(&format!("{}/time-off/{}", other.location(), kept.id()))
            .expect_problem(404, "not_found");
        server
            .post(
                &list,
                &json!({"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}),
            )
            .expect(422)
            .expect_error("/ends_at", "not_after_start");
    });
}

#[test]
fn a_copy_of_other_data_is_told_to_begin_again() {
    each(|server| {
        let studio_id = server.studio().id();
        server.client(&studio_id);
        for list in ["/v1/clients", "/v1/sessions", "/v1/tasks"] {
            let page = server.get(list).expect(200);
            let latest = page.json["latest_change"].as_i64().unwrap();
            server
                .get(&format!("{list}?updated_since={latest}"))
                .expect(200);
            for ahead in [latest + 1, i64::MAX] {
                let refused = server
                    .get(&format!("{list}?updated_since={ahead}"))
                    .expect_problem(400, "unknown_change")
                    .expect_error("updated_since", "unknown_change");
                let detail = refused.json["detail"].as_str().unwrap();
                assert!(detail.contains("updated_since=0"), "{refused}");
                assert!(detail.contains(&latest.to_string()), "{refused}");
            }
        }
    });
}

#[test]
fn a_filter_that_things_leave_is_no_way_to_keep_a_copy() {
    each(|server| {
        let (here, there) = (server.studio().id(), server.studio().id());
        let client = server.client(&here);
        let session = server
            .post(
                "/v1/sessions",
                &json!({"client_id": client.id(), "kind": "consultation", "duration_minutes": 60}),
            )
            .expect(201);
        for refused in [
            format!("/v1/clients?updated_since=0&studio_id={here}"),
            "/v1/clients?external_id=one&updated_since=0".to_owned(),
            "/v1/sessions?updated_since=0&state=planned".to_owned(),
            "/v1/sessions?updated_since=0&starts_from=2026-11-25T09:00:00Z".to_owned(),
            "/v1/tasks?updated_since=0&state=open".to_owned(),
            "/v1/practitioners?updated_since=0&active=true".to_owned(),
        ] {
            let answer = server.get(&refused).expect_problem(400, "invalid_query");
            assert_eq!(
                answer.json["errors"][0]["code"], "not_with_updated_since",
                "{answer}"
            );
        }
        // What never changes for a thing is taken: at its studio a session stays whatever becomes of it.
        for (query, found) in [
            (format!("studio_id={here}"), 1),
            (format!("studio_id={there}"), 0),
            (format!("client_id={}&kind=consultation", client.id()), 1),
        ] {
            let page = server
                .get(&format!("/v1/sessions?updated_since=0&{query}"))
                .expect(200);
            assert_eq!(page.data().len(), found, "{page}");
        }
        // A client who leaves a studio is told to whoever keeps a copy of all, and no longer there.
        let since = server.get("/v1/clients").json["latest_change"].clone();
        server
            .patch(&client.location(), "*", &json!({"studio_id": there}))
            .expect(200);
        let changes = server.get(&format!("/v1/clients?updated_since={since}"));
        assert_eq!(changes.data().len(), 1);
        assert_eq!(changes.json["data"][0]["studio_id"], json!(there));
        assert_eq!(session.json["studio_id"], json!(here));
    });
}
