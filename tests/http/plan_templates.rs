//! The templates that plans are made from, from outside.

use serde_json::{Value, json};
use stipple_shared::domain::Role;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::plan_templates::PlanTemplate;

use crate::each;

#[test]
fn an_organisation_starts_with_templates_once() {
    each(|server| {
        let ensure = || {
            server
                .store
                .write_blocking(WriteContext::command_line(), PlanTemplate::ensure_defaults)
                .unwrap()
        };
        let made = ensure();
        assert_eq!((made, ensure()), (8, 0));
        let all = server.get("/v1/plan-templates").expect(200);
        assert_eq!(all.data().len(), made);
        for template in all.data() {
            let gaps = template["gaps"].as_array().unwrap().len();
            assert_eq!(template["treatment_sessions"], gaps + 1, "{template}");
        }
        let areata = server
            .get("/v1/plan-templates?indication=alopecia_areata&active=true")
            .expect(200);
        assert_eq!(areata.data().len(), 2);
    });
}

#[test]
fn a_template_has_a_gap_for_each_pair() {
    each(|server| {
        let new = json!({
            "name": "Three sessions", "indication": "scar", "treatment_sessions": 3, "session_minutes": 90, "source": "Ours.",
        });
        let template = server.post("/v1/plan-templates", &new).expect(201);
        let (path, etag) = (template.location(), template.etag());
        server
            .patch(&path, &etag, &json!({"treatment_sessions": 4}))
            .expect_problem(422, "invalid")
            .expect_error("/gaps", "wrong_count");
        server
            .patch(&path, &etag, &json!({"name": null}))
            .expect_problem(422, "invalid");
        let changed = server
            .patch(&path, &etag, &json!({"source": null, "active": false}))
            .expect(200);
        assert_eq!(
            (&changed.json["source"], &changed.json["name"]),
            (&Value::Null, &template.json["name"])
        );
        let client_id = server.client(&server.studio().id()).id();
        server
            .post(
                "/v1/plans",
                &json!({"client_id": client_id, "template_id": template.id()}),
            )
            .expect_problem(409, "template_inactive");
        server
            .caller(Role::Practitioner)
            .post("/v1/plan-templates", &new)
            .expect_problem(403, "forbidden");
    });
}
