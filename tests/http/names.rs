//! Names as people have them.

use serde_json::json;
use stipple_test_support::Answer;
use stipple_test_support::builders::{new_client, new_practitioner};

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
fn a_name_with_letters_that_mislead_is_refused_and_told_which() {
    each(|server| {
        let studio = server.studio();
        for (name, letter) in [
            ("Ada\u{202E}nilbuD", "U+202E, character 4"),
            ("\u{2067}Ada", "U+2067, character 1"),
            ("Ada \u{E000}", "U+E000, character 5"),
            ("\u{FFFC}", "U+FFFC, character 1"),
            ("\u{301}", "U+0301, character 1"),
        ] {
            let refused = |answer: Answer, pointer: &str| {
                let answer = answer.expect(422).expect_error(pointer, "invalid_value");
                assert!(answer.text.contains(letter), "{answer}");
            };
            for field in ["given_name", "family_name", "preferred_name"] {
                let mut body = new_client(&studio.id());
                body[field] = json!(name);
                refused(server.post("/v1/clients", &body), &format!("/{field}"));
            }
            let client = server.client(&studio.id());
            for field in ["given_name", "family_name", "preferred_name"] {
                let change = json!({field: name});
                let answer = server.patch(&client.location(), "*", &change);
                refused(answer, &format!("/{field}"));
            }
            let change = json!({"sender_name": name});
            refused(
                server.patch(&studio.location(), "*", &change),
                "/sender_name",
            );
            let mut practitioner = new_practitioner(&studio.id());
            practitioner["name"] = json!(name);
            refused(server.post("/v1/practitioners", &practitioner), "/name");
        }
        // What only says where a letter without a direction belongs is part of a name, and null still takes one back.
        let client = server.client(&studio.id());
        for name in [json!("ليلى \u{200F}(2)"), json!("שָׁלוֹם"), json!(null)] {
            let change = json!({"preferred_name": name});
            let changed = server.patch(&client.location(), "*", &change).expect(200);
            assert_eq!(changed.json["preferred_name"], name);
        }
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
