//! Names as people have them.

use serde_json::json;
use stipple_test_support::builders::new_client;

use crate::each;

#[test]
fn names_of_all_scripts_come_back_as_they_were_given() {
    each(|server| {
        let studio_id = server.studio().id();
        for name in [
            "Zoë",
            "Zoe\u{308}",
            "Nguyễn Thị Mẫu",
            "例美玲",
            "مثال",
            "Примерова",
            "O'Beispiel-Müller",
            "Ẽxample \"Al\" \\ / <b>",
            "👩🏽‍🦲",
            "'; DROP TABLE clients; --",
            "X",
        ] {
            let mut body = new_client(&studio_id);
            body["given_name"] = json!(name);
            let made = server.post("/v1/clients", &body).expect(201);
            assert_eq!(made.json["given_name"], name);
            assert_eq!(server.get(&made.location()).json["given_name"], name);
        }
        let mut body = new_client(&studio_id);
        body["given_name"] = json!("  Ada \t");
        let trimmed = server.post("/v1/clients", &body).expect(201);
        assert_eq!(trimmed.json["given_name"], "Ada");
    });
}

#[test]
fn a_name_has_up_to_two_hundred_characters_on_one_line() {
    each(|server| {
        let studio_id = server.studio().id();
        let mut body = new_client(&studio_id);
        for character in ["x", "é", "例", "👩"] {
            body["given_name"] = json!(character.repeat(200));
            server.post("/v1/clients", &body).expect(201);
            body["given_name"] = json!(character.repeat(201));
            server
                .post("/v1/clients", &body)
                .expect(422)
                .expect_error("/given_name", "invalid_value");
        }
        for refused in ["", "   ", "a\nb", "a\u{0}b", "\u{7}"] {
            body["given_name"] = json!(refused);
            server
                .post("/v1/clients", &body)
                .expect(422)
                .expect_error("/given_name", "invalid_value");
        }
    });
}
