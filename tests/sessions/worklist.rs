//! The worklist by who treats.

use serde_json::{Map, Value, json};
use stipple_shared::domain::TaskKind;
use stipple_shared::domain::task::NewTask;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::tasks::Task;

use crate::house::{House, text};

/// The kinds and sessions of the open tasks of whoever treats.
fn open_of(house: &House, practitioner_id: &str) -> Vec<(String, String)> {
    let path = format!("/v1/tasks?state=open&practitioner_id={practitioner_id}");
    let tasks = house.list(&path);
    tasks
        .iter()
        .map(|task| (text(&task["kind"]), text(&task["session_id"])))
        .collect()
}

#[test]
fn tasks_are_found_by_who_treats_in_their_session() {
    House::each(|house| {
        let (own, other) = (
            &house.practitioner_id,
            &house.server.practitioner(&house.studio_id).id(),
        );
        // A task of the studio's belongs to nobody who treats.
        let studio_id: uuid::Uuid = house.studio_id.parse().unwrap();
        house
            .server
            .store
            .write_blocking(WriteContext::worker(), move |tx| {
                let new = NewTask {
                    studio_id: studio_id.into(),
                    kind: TaskKind::MailTemplateFailed,
                    dedupe_key: "worklist".into(),
                    client_id: None,
                    plan_id: None,
                    session_id: None,
                    mail_id: None,
                    detail: Map::<String, Value>::new(),
                    due_at: tx.now(),
                };
                Task::open(tx, new)
            })
            .unwrap();
        assert!(open_of(house, own).is_empty());

        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.book(&sessions[1], 8, "10:00");
        house.go_to(3);
        house.act(&sessions[0], "complete", &json!({})).expect(200);
        let walked_in = house.consultation().id();
        let told = json!({"practitioner_id": other});
        house.act(&walked_in, "complete", &told).expect(200);
        let too_near = [("gap_breach".to_owned(), sessions[1].clone())];
        let unbooked = [("nonconformity".to_owned(), walked_in)];
        assert_eq!(open_of(house, own), too_near);
        assert_eq!(open_of(house, other), unbooked);
        let both = format!("/v1/tasks?practitioner_id={other}&kind=gap_breach");
        assert!(house.list(&both).is_empty());
        assert_eq!(house.list("/v1/tasks?state=open").len(), 3);

        // It goes with the session to whoever treats by then, and so can't be kept a copy of by changes.
        let given = json!({"to_practitioner_id": other, "session_ids": [sessions[1]]});
        let path = format!("/v1/practitioners/{own}/reassign-sessions");
        house.server.post(&path, &given).expect(200);
        assert!(open_of(house, own).is_empty());
        assert_eq!(open_of(house, other), [too_near, unbooked].concat());
        house
            .server
            .get(&format!("/v1/tasks?practitioner_id={own}&updated_since=0"))
            .expect(400);
    });
}
