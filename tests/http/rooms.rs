//! A studio's rooms, from outside.

use serde_json::json;

use crate::each;

#[test]
fn a_studio_has_one_room_of_a_name_however_it_is_written() {
    each(|server| {
        let studio = server.studio().id();
        let path = format!("/v1/studios/{studio}/rooms");
        let first = server
            .post(&path, &json!({"name": "Room Nord-1"}))
            .expect(201);
        for again in [
            "Room Nord-1",
            "room nord-1",
            "Room  Nord\u{2013}1",
            "ＲＯＯＭ nord-1",
        ] {
            let refused = server
                .post(&path, &json!({"name": again}))
                .expect_problem(409, "room_name_taken");
            assert_eq!(refused.json["conflicts"], json!([{"id": first.id()}]));
        }
        let other = server
            .post(&path, &json!({"name": "Room Nord-2"}))
            .expect(201);
        let taken = json!({"name": "room nord-1"});
        let refused = server
            .patch(&other.location(), &other.etag(), &taken)
            .expect_problem(409, "room_name_taken");
        assert_eq!(refused.json["conflicts"], json!([{"id": first.id()}]));
        // Its own name may be written in another way, and one that is out of use keeps its name.
        let renamed = server
            .patch(&first.location(), &first.etag(), &taken)
            .expect(200);
        assert_eq!(renamed.json["name"], "room nord-1");
        server
            .patch(&first.location(), "*", &json!({"active": false}))
            .expect(200);
        server
            .post(&path, &json!({"name": "Room Nord-1"}))
            .expect_problem(409, "room_name_taken");
        // Another studio has its own rooms.
        let elsewhere = server.studio().id();
        server
            .post(&format!("/v1/studios/{elsewhere}/rooms"), &taken)
            .expect(201);
    });
}
