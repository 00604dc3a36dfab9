//! ETags, conditions, and what a merge patch keeps, clears and sets.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_test_support::builders::new_client;

use crate::each;

#[test]
fn a_tag_is_the_version_and_spares_the_body() {
    each(|server| {
        let studio = server.studio();
        assert_eq!(studio.etag(), "\"v1\"");
        assert_eq!(studio.json["version"], 1);
        let path = studio.location();
        assert_eq!(server.get(&path).expect(200).etag(), "\"v1\"");
        for current in ["\"v1\"", "W/\"v1\"", "*", "\"v7\", \"v1\""] {
            let answer = server
                .owner()
                .header("If-None-Match", current)
                .get(&path)
                .expect(304);
            assert_eq!(answer.text, "");
            assert_eq!(answer.etag(), "\"v1\"");
        }
        for other in ["\"v2\"", "v1", "\"\"", "nonsense"] {
            server
                .owner()
                .header("If-None-Match", other)
                .get(&path)
                .expect(200);
        }
        let changed = server
            .patch(&path, "\"v1\"", &json!({"name": "Renamed"}))
            .expect(200);
        assert_eq!(changed.etag(), "\"v2\"");
        server
            .owner()
            .header("If-None-Match", "\"v1\"")
            .get(&path)
            .expect(200);
    });
}

#[test]
fn a_change_names_the_copy_that_it_was_made_from() {
    each(|server| {
        let studio = server.studio();
        let path = studio.location();
        server
            .owner()
            .send("PATCH", &path, Some(("application/json", b"{}")))
            .expect_problem(428, "if_match_required");
        for (number, (etag, status)) in [
            ("\"v1\"", 200),
            ("\"v1\"", 412),
            ("\"v3\"", 412),
            ("W/\"v2\"", 200),
            ("*", 200),
            ("\"v4-front_desk\"", 200),
            ("\"\"", 412),
            ("\"1\"", 412),
            ("\"5e-b1946ac9\"", 412),
            ("nonsense", 400),
            ("", 400),
            ("v5", 400),
            ("\"v5", 400),
            ("\"v5\", \"v4\"", 400),
        ]
        .into_iter()
        .enumerate()
        {
            let patch = json!({"name": format!("Changed {number}")});
            let answer = server.patch(&path, etag, &patch);
            assert_eq!(answer.status, status, "{etag}: {answer}");
            if status == 412 {
                assert_eq!(answer.json["code"], "stale_version");
            }
            if status == 400 {
                let refused = answer
                    .expect_problem(400, "invalid_header")
                    .expect_error("If-Match", "invalid_value");
                let detail = refused.json["detail"].as_str().unwrap();
                assert!(
                    detail.contains("quotes included, such as \"v1\""),
                    "{detail}"
                );
            }
        }
        assert_eq!(server.get(&path).json["version"], 5);
        // A change that can't be read is refused before its tag is looked at.
        server
            .patch(&path, "\"v1\"", &json!({"nmae": "x"}))
            .expect(422);
    });
}

#[test]
fn of_two_changes_of_one_copy_one_is_stale() {
    each(|server| {
        let studio_id = server.studio().id();
        let client = server.client(&studio_id);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8)
                .map(|number| {
                    let caller = server.owner();
                    let path = client.location();
                    scope.spawn(move || {
                        caller
                            .patch(&path, "\"v1\"", &json!({"notes": format!("by {number}")}))
                            .status
                    })
                })
                .collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7);
        assert_eq!(server.get(&client.location()).json["version"], 2);
    });
}

#[test]
fn of_two_tabs_the_second_is_told_and_loses_nothing() {
    each(|server| {
        let studio_id = server.studio().id();
        let path = server.client(&studio_id).location();
        let (desk, owner) = (server.caller(Role::FrontDesk), server.owner());
        // Both open the same client.
        let first_tab = desk.get(&path).expect(200);
        let second_tab = owner.get(&path).expect(200);
        let telephone = json!({"telephone": "+44 20 7946 0999"});
        desk.patch(&path, &first_tab.etag(), &telephone).expect(200);
        // The second saves its own change of the copy that is no longer current.
        let notes =
            json!({"notes": "Prefers mornings.", "telephone": second_tab.json["telephone"]});
        let refused = owner
            .patch(&path, &second_tab.etag(), &notes)
            .expect_problem(412, "stale_version");
        assert!(
            refused.json["detail"].as_str().unwrap().contains('2'),
            "{refused}"
        );
        assert_eq!(server.get(&path).json["telephone"], telephone["telephone"]);
        // It reads again, puts its change on top of that, and both changes stand.
        let again = owner.get(&path).expect(200);
        owner
            .patch(&path, &again.etag(), &json!({"notes": "Prefers mornings."}))
            .expect(200);
        let stored = server.get(&path).expect(200);
        assert_eq!(stored.json["telephone"], telephone["telephone"]);
        assert_eq!(stored.json["notes"], "Prefers mornings.");
        assert_eq!(stored.json["version"], 3);
    });
}

#[test]
fn absent_keeps_null_clears_and_a_value_sets() {
    each(|server| {
        let studio_id = server.studio().id();
        let client = server.client(&studio_id);
        let path = client.location();
        let change = |patch: Value| server.patch(&path, "*", &patch);
        let kept = change(json!({"notes": "Prefers mornings."})).expect(200);
        assert_eq!(kept.json["telephone"], client.json["telephone"]);
        assert_eq!(kept.json["given_name"], client.json["given_name"]);
        let cleared = change(json!({"telephone": null, "email": null})).expect(200);
        assert_eq!(cleared.json["telephone"], Value::Null);
        assert_eq!(cleared.json["email"], Value::Null);
        assert_eq!(cleared.json["notes"], "Prefers mornings.");
        change(json!({"given_name": null}))
            .expect(422)
            .expect_error("/given_name", "invalid_value");
        change(json!({"service_mail": null}))
            .expect(422)
            .expect_error("/service_mail", "invalid_value");
        change(json!({"version": 9}))
            .expect(422)
            .expect_error("/version", "unknown_field");
        change(json!("no object")).expect(422);
        assert_eq!(
            change(json!({})).expect(200).json["notes"],
            kept.json["notes"]
        );
        let studio = server.get(&format!("/v1/studios/{studio_id}"));
        assert!(studio.json["quiet_hours"].is_object());
        let loud = server
            .patch(
                &format!("/v1/studios/{studio_id}"),
                "*",
                &json!({"quiet_hours": null}),
            )
            .expect(200);
        assert_eq!(loud.json["quiet_hours"], Value::Null);
        let partial = server.patch(
            &format!("/v1/studios/{studio_id}"),
            "*",
            &json!({"opening_hours": [{"weekday": "monday", "from": "09:00", "until": "24:00"}]}),
        );
        assert_eq!(
            partial.expect(200).json["opening_hours"],
            json!([{"weekday": "monday", "from": "09:00", "until": "24:00"}]),
            "a list is replaced whole"
        );
    });
}

#[test]
fn decisions_about_mails_are_kept_one_by_one() {
    each(|server| {
        let studio_id = server.studio().id();
        let mut body = new_client(&studio_id);
        body["marketing_mail"] = json!(true);
        let client = server.post("/v1/clients", &body).expect(201);
        server
            .patch(&client.location(), "*", &json!({"marketing_mail": false}))
            .expect(200);
        let consents = server
            .get(&format!("{}/contact-consents", client.location()))
            .expect(200);
        let marketing: Vec<&Value> = consents
            .data()
            .iter()
            .filter(|one| one["purpose"] == "marketing_mail")
            .map(|one| &one["granted"])
            .collect();
        assert_eq!(marketing, [&json!(true), &json!(false)]);
        assert_eq!(consents.data().len(), 4);
    });
}

#[test]
fn expectations_in_another_order_are_no_change() {
    each(|server| {
        let studio = server.studio().id();
        let point =
            |point: &str| json!({"point": point, "acknowledged_at": "2026-11-20T09:00:00Z"});
        let (first, second) = (point("no_growth"), point("cosmetic_only"));
        let new = json!({
            "client_id": server.client(&studio).id(), "practitioner_id": server.practitioner(&studio).id(),
            "indication": "scar", "expectations": [first, second],
        });
        let made = server.post("/v1/assessments", &new).expect(201);
        let reordered = json!({"expectations": [second, first]});
        let same = server
            .patch(&made.location(), &made.etag(), &reordered)
            .expect(200);
        assert_eq!((same.etag(), &same.json), (made.etag(), &made.json));
        // Beside another change the first order stays too.
        let both = json!({"expectations": [second, first], "goals": "A fuller look."});
        let changed = server
            .patch(&made.location(), &made.etag(), &both)
            .expect(200);
        assert_eq!(changed.json["expectations"], json!([first, second]));
        let fewer = json!({"expectations": [second]});
        let changed = server
            .patch(&made.location(), &changed.etag(), &fewer)
            .expect(200);
        assert_eq!(changed.json["expectations"], json!([second]));
    });
}
