//! Pages, filters and cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stipple_test_support::builders::new_client;
use stipple_test_support::{Answer, TestServer};

use crate::each;

fn ids(answer: &Answer) -> Vec<String> {
    answer
        .data()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

fn next_cursor(answer: &Answer) -> String {
    answer.json["next_cursor"].as_str().unwrap().to_owned()
}

fn link(answer: &Answer) -> String {
    let link = answer.header("Link").unwrap();
    link.strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        .unwrap()
        .to_owned()
}

fn register(server: &TestServer, studio_id: &str, count: usize) -> Vec<String> {
    (0..count).map(|_| server.client(studio_id).id()).collect()
}

#[test]
fn an_empty_list_is_a_page() {
    each(|server| {
        for path in [
            "/v1/studios",
            "/v1/practitioners",
            "/v1/clients",
            "/v1/clients?updated_since=0",
        ] {
            let answer = server.get(path).expect(200);
            assert_eq!(answer.json["data"], json!([]));
            assert_eq!(answer.json["next_cursor"], Value::Null);
            assert_eq!(answer.header("Link"), None);
        }
    });
}

#[test]
fn pages_follow_one_another_by_cursor_and_by_link() {
    each(|server| {
        let studio_id = server.studio().id();
        let other_id = server.studio().id();
        let mut made = register(server, &studio_id, 5);
        register(server, &other_id, 2);
        made.sort_unstable();
        let filtered = format!("/v1/clients?studio_id={studio_id}&limit=2");
        let mut by_cursor = Vec::new();
        let mut by_link = Vec::new();
        let mut path = filtered.clone();
        loop {
            let page = server.get(&path).expect(200);
            by_cursor.extend(ids(&page));
            if page.json["next_cursor"].is_null() {
                assert_eq!(page.header("Link"), None);
                break;
            }
            assert_eq!(page.data().len(), 2);
            path = format!("{filtered}&cursor={}", next_cursor(&page));
        }
        let mut path = filtered;
        loop {
            let page = server.get(&path).expect(200);
            by_link.extend(ids(&page));
            if page.header("Link").is_none() {
                break;
            }
            path = link(&page);
        }
        assert_eq!(by_cursor, made);
        assert_eq!(by_link, made);
    });
}

#[test]
fn a_full_last_page_has_no_next() {
    each(|server| {
        let studio_id = server.studio().id();
        register(server, &studio_id, 3);
        let page = server.get("/v1/clients?limit=3").expect(200);
        assert_eq!(page.data().len(), 3);
        assert_eq!(page.json["next_cursor"], Value::Null);
        let one = server.get("/v1/clients?limit=1").expect(200);
        assert_eq!(one.data().len(), 1);
        // The limit may change on the way.
        let rest = server
            .get(&format!(
                "/v1/clients?limit=200&cursor={}",
                next_cursor(&one)
            ))
            .expect(200);
        assert_eq!(rest.data().len(), 2);
    });
}

#[test]
fn what_is_made_while_paging_does_not_move_the_pages() {
    each(|server| {
        let studio_id = server.studio().id();
        let made = register(server, &studio_id, 4);
        let first = server.get("/v1/clients?limit=2").expect(200);
        let later = server.client(&studio_id).id();
        server
            .patch(
                &format!("/v1/clients/{}", made[0]),
                "*",
                &json!({"notes": "x"}),
            )
            .expect(200);
        let second = server.get(&link(&first)).expect(200);
        let third = server.get(&link(&second)).expect(200);
        let all: Vec<String> = [ids(&first), ids(&second), ids(&third)].concat();
        assert_eq!(all, [made, vec![later]].concat());
    });
}

#[test]
fn a_query_that_is_not_understood_is_refused() {
    each(|server| {
        let studio_id = server.studio().id();
        register(server, &studio_id, 2);
        for (query, place, code) in [
            ("colour=red", "colour", "unknown_parameter"),
            ("Limit=1", "Limit", "unknown_parameter"),
            ("limit=0", "limit", "out_of_range"),
            ("limit=201", "limit", "out_of_range"),
            ("limit=-1", "limit", "invalid_value"),
            ("limit=ten", "limit", "invalid_value"),
            ("limit=99999999999", "limit", "invalid_value"),
            ("limit=", "limit", "invalid_value"),
            ("updated_since=-1", "updated_since", "out_of_range"),
            ("updated_since=yesterday", "updated_since", "invalid_value"),
            ("cursor=", "cursor", "invalid_value"),
            ("cursor=nonsense", "cursor", "invalid_cursor"),
            ("cursor=AAAAAAAAAAAAAAAA", "cursor", "invalid_cursor"),
            ("studio_id=1", "studio_id", "invalid_value"),
            ("external_id=", "external_id", "invalid_value"),
        ] {
            server
                .get(&format!("/v1/clients?{query}"))
                .expect_problem(400, "invalid_query")
                .expect_error(place, code);
        }
        for (path, known) in [
            (
                "/v1/clients?page=2",
                "`cursor`, `external_id`, `limit`, `studio_id`, `updated_since`; to find clients by name, \
                 e-mail or telephone, send POST /v1/clients/search",
            ),
            (
                &format!("/v1/studios/{studio_id}/rooms?page=2"),
                "`cursor`, `limit`, `updated_since`",
            ),
            (
                "/v1/access-events?updated_since=0",
                "`before`, `client_id`, `cursor`, `from`, `key_id`, `kind`, `limit`",
            ),
            ("/v1/me?page=2", "no parameters"),
        ] {
            let refused = server.get(path).expect_problem(400, "invalid_query");
            assert_eq!(
                refused.json["detail"],
                format!("leave it out: this takes {known}")
            );
        }
        for number in ["1.0", "-0", "1e400", "18446744073709551616", "ten", ""] {
            let refused = server
                .get(&format!("/v1/clients?limit={number}"))
                .expect_problem(400, "invalid_query")
                .expect_error("limit", "invalid_value");
            if !number.is_empty() {
                assert_eq!(refused.json["detail"], "write a whole number from 1 to 200");
            }
        }
        for twice in ["limit=1&limit=2", "external_id=a&external_id=b"] {
            server
                .get(&format!("/v1/clients?{twice}"))
                .expect_problem(400, "invalid_query");
        }
        server
            .get(&format!("/v1/studios/{studio_id}?limit=1"))
            .expect_problem(400, "invalid_query");
        server
            .get(&format!("/v1/studios/{studio_id}/rooms?active=true"))
            .expect_problem(400, "invalid_query");
        server.get("/v1/clients?limit=200&").expect(200);
        server
            .get(&format!("/v1/clients?studio_id={}", uuid::Uuid::now_v7()))
            .expect(200);
    });
}

#[test]
fn a_cursor_fits_the_list_that_it_was_given_for() {
    each(|server| {
        let studio_id = server.studio().id();
        server.studio();
        register(server, &studio_id, 3);
        let clients = next_cursor(&server.get("/v1/clients?limit=1"));
        let studios = next_cursor(&server.get("/v1/studios?limit=1"));
        let changes = next_cursor(&server.get("/v1/clients?limit=1&updated_since=0"));
        for misplaced in [
            format!("/v1/clients?cursor={studios}"),
            format!("/v1/studios?cursor={clients}"),
            format!("/v1/clients?cursor={changes}"),
            format!("/v1/clients?updated_since=0&cursor={clients}"),
            format!("/v1/clients?studio_id={studio_id}&cursor={clients}"),
        ] {
            server
                .get(&misplaced)
                .expect_problem(400, "invalid_query")
                .expect_error("cursor", "invalid_cursor");
        }
        server
            .get(&format!("/v1/clients?cursor={clients}"))
            .expect(200);
    });
}

#[test]
fn a_cursor_that_was_changed_by_hand_is_refused() {
    each(|server| {
        let studio_id = server.studio().id();
        register(server, &studio_id, 3);
        for list in ["/v1/clients?limit=1", "/v1/clients?limit=1&updated_since=0"] {
            let cursor = next_cursor(&server.get(list));
            let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            // Eight bytes bind it to its list; then comes which kind of position it is, and the position.
            let head = &bytes[..8];
            let mut forged: Vec<Vec<u8>> = [(0, 16), (1, 8), (2, 24), (3, 16)]
                .into_iter()
                .map(|(kind, length)| [head, &[kind], &vec![0; length]].concat())
                .collect();
            for place in 0..bytes.len() {
                let mut other = bytes.clone();
                other[place] ^= 1;
                forged.push(other);
            }
            forged.push(bytes[..bytes.len() - 1].to_vec());
            for bytes in forged {
                let cursor = URL_SAFE_NO_PAD.encode(bytes);
                server
                    .get(&format!("{list}&cursor={cursor}"))
                    .expect_problem(400, "invalid_query")
                    .expect_error("cursor", "invalid_cursor");
            }
            server.get(&format!("{list}&cursor={cursor}")).expect(200);
        }
    });
}

#[test]
fn an_external_id_is_taken_once_and_found_by() {
    each(|server| {
        let studio_id = server.studio().id();
        let mut body = new_client(&studio_id);
        body["external_id"] = json!("crm ü/+&=10482");
        let client = server.post("/v1/clients", &body).expect(201);
        server
            .post("/v1/clients", &body)
            .expect_problem(409, "external_id_taken")
            .expect_error("/external_id", "taken");
        let other = server.client(&studio_id);
        server
            .patch(
                &other.location(),
                "*",
                &json!({"external_id": "crm ü/+&=10482"}),
            )
            .expect_problem(409, "external_id_taken");
        server
            .patch(
                &client.location(),
                "*",
                &json!({"external_id": "crm ü/+&=10482"}),
            )
            .expect(200);
        let found = server
            .get("/v1/clients?external_id=crm%20%C3%BC%2F%2B%26%3D10482")
            .expect(200);
        assert_eq!(ids(&found), [client.id()]);
        let none = server.get("/v1/clients?external_id=crm").expect(200);
        assert!(none.data().is_empty());
        server
            .patch(&client.location(), "*", &json!({"external_id": null}))
            .expect(200);
        server.post("/v1/clients", &body).expect(201);
    });
}

#[test]
fn practitioners_are_found_by_whether_they_are_active() {
    each(|server| {
        let studio_id = server.studio().id();
        let gone = server.practitioner(&studio_id);
        let here = server.practitioner(&studio_id);
        server
            .patch(&gone.location(), "*", &json!({"active": false}))
            .expect(200);
        for (query, expected) in [("true", here.id()), ("false", gone.id())] {
            let found = server
                .get(&format!("/v1/practitioners?active={query}"))
                .expect(200);
            assert_eq!(ids(&found), [expected]);
        }
        server
            .get("/v1/practitioners?active=maybe")
            .expect_problem(400, "invalid_query")
            .expect_error("active", "invalid_value");
    });
}
