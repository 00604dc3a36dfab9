//! Who looked at whose clinical record.

use serde_json::json;
use stipple_shared::domain::{AccessKind, Role};
use stipple_shared::storage::Scope;
use stipple_shared::storage::access_events::{AccessEvent, AccessFilter};
use stipple_shared::storage::paging::PageRequest;
use stipple_test_support::{TestServer, engines};

/// All looks that are stored, oldest first. The server has stopped, so that none is on its way.
fn stored(server: &TestServer) -> Vec<AccessEvent> {
    let page = PageRequest {
        limit: 1000,
        after: None,
        updated_since: None,
    };
    server
        .store
        .read_blocking(|db| AccessEvent::list(db, &Scope::all(), &AccessFilter::default(), &page))
        .unwrap()
        .0
}

#[test]
fn each_look_at_a_clinical_record_is_noted_with_who_whose_and_what() {
    for engine in engines() {
        let mut server = TestServer::start(engine);
        let (client_id, plan_id) = crate::timeline::treated(&server);
        let studio_id = server
            .get(&format!("/v1/clients/{client_id}"))
            .expect(200)
            .json["studio_id"]
            .clone();
        let other = server.client(studio_id.as_str().unwrap()).id();
        let auditor = server.caller(Role::Auditor);
        let assessments = format!("/v1/assessments?client_id={client_id}");
        let assessment = server.get(&assessments).expect(200).json["data"][0]["id"].clone();
        let records = auditor
            .get(&format!("/v1/pigment-records?client_id={client_id}"))
            .expect(200);
        let (record, session) = (
            &records.json["data"][0]["id"],
            &records.json["data"][0]["session_id"],
        );
        // What was used isn't known, so it may have been of any pigment.
        let product = json!({"kind": "pigment", "maker": "Sample Inks", "brand": "Grey"});
        let product = server.post("/v1/products", &product).expect(201);
        for path in [
            format!("{}/uses", product.location()),
            format!("/v1/assessments/{}", assessment.as_str().unwrap()),
            format!("/v1/pigment-records/{}", record.as_str().unwrap()),
            format!("/v1/sessions/{}", session.as_str().unwrap()),
            format!("/v1/plans/{plan_id}"),
            format!("/v1/plans/{plan_id}/overview"),
            format!("/v1/clients/{client_id}/timeline"),
            format!("/v1/clients/{other}/timeline"),
        ] {
            let answer = auditor.get(&path).expect(200);
            assert!(answer.header("X-Request-Id").is_some());
        }
        server
            .get(&format!("/v1/clients/{client_id}/export"))
            .expect(200);
        // What isn't clinical, isn't found, or is asked by the front desk leaves nothing.
        server.get(&format!("/v1/clients/{client_id}")).expect(200);
        auditor
            .get(&format!("/v1/clients/{client_id}/attendance"))
            .expect(200);
        server
            .get("/v1/plans/01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14")
            .expect(404);
        let desk = server.caller(Role::FrontDesk);
        desk.get(&format!("/v1/clients/{client_id}/timeline"))
            .expect(200);
        desk.get(&format!("/v1/plans/{plan_id}/overview"))
            .expect(200);
        desk.get(&format!("/v1/sessions/{}", session.as_str().unwrap()))
            .expect(200);
        server.stop();

        let looks = stored(&server);
        let of_auditor: Vec<(AccessKind, String)> = looks
            .iter()
            .filter(|look| look.key_id == server.key(Role::Auditor).id)
            .map(|look| (look.kind, look.client_id.to_string()))
            .collect();
        let expected: Vec<(AccessKind, String)> = [
            (AccessKind::PigmentRecord, &client_id),
            (AccessKind::ProductUse, &client_id),
            (AccessKind::Assessment, &client_id),
            (AccessKind::PigmentRecord, &client_id),
            (AccessKind::Session, &client_id),
            (AccessKind::Plan, &client_id),
            (AccessKind::PlanOverview, &client_id),
            (AccessKind::Timeline, &client_id),
            (AccessKind::Timeline, &other),
        ]
        .map(|(kind, client)| (kind, client.clone()))
        .to_vec();
        assert_eq!(of_auditor, expected);
        let exports = looks.iter().filter(|look| look.kind == AccessKind::Export);
        let exports: Vec<String> = exports.map(|look| look.client_id.to_string()).collect();
        assert_eq!(exports, [client_id.as_str()]);
        assert!(
            looks
                .iter()
                .all(|look| look.key_id != server.key(Role::FrontDesk).id)
        );
        for look in &looks {
            assert!(
                look.request_id.is_some() && look.source.is_some(),
                "{look:?}"
            );
        }
        // Looks are no changes: they take no place in the trail.
        let actions = server
            .store
            .read_blocking(|db| {
                stipple_shared::storage::audit::list(
                    db,
                    &Default::default(),
                    &PageRequest {
                        limit: 1000,
                        after: None,
                        updated_since: None,
                    },
                )
            })
            .unwrap()
            .0;
        assert!(actions.iter().all(|entry| !entry.action.contains("access")));
    }
}

#[test]
fn owner_and_auditor_read_the_log_in_pages_and_by_filters() {
    for engine in engines() {
        let server = TestServer::start(engine);
        let (client_id, _) = crate::timeline::treated(&server);
        let path = format!("/v1/clients/{client_id}/timeline");
        for _ in 0..5 {
            server.caller(Role::Auditor).get(&path).expect(200);
        }
        let list = format!("/v1/access-events?client_id={client_id}&kind=timeline");
        let auditor = server.caller(Role::Auditor);
        // The log is written after the answers: asked until all are there.
        let all = loop {
            let all = auditor.get(&list).expect(200);
            if all.data().len() == 5 {
                break all;
            }
        };
        assert_eq!(
            all.json["data"][0]["key_id"],
            json!(server.key(Role::Auditor).id)
        );
        let first = auditor.get(&format!("{list}&limit=2")).expect(200);
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let second = auditor
            .get(&format!("{list}&limit=4&cursor={cursor}"))
            .expect(200);
        assert_eq!([first.data(), second.data()].concat(), all.data());
        let key = server.key(Role::Owner).id;
        assert!(
            auditor
                .get(&format!("{list}&key_id={key}"))
                .expect(200)
                .data()
                .is_empty()
        );
        assert!(
            auditor
                .get(&format!("{list}&before=2026-11-25T00:00:00Z"))
                .expect(200)
                .data()
                .is_empty()
        );
        for role in [Role::Practitioner, Role::FrontDesk] {
            server
                .caller(role)
                .get("/v1/access-events")
                .expect_problem(403, "forbidden");
        }
        let metrics = server.stranger().get("/metrics").expect(200);
        assert!(
            metrics.text.contains("stipple_access_log_lost_total 0"),
            "{metrics}"
        );
    }
}
