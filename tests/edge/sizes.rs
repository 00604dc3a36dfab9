//! How large a request may be.

use stipple_test_support::TestServer;

use crate::each_with;
use crate::wire::Wire;

#[test]
fn a_long_path_or_query_is_refused() {
    each_with(
        |_| (),
        |server| {
            let long = "x".repeat(9 * 1024);
            server
                .get(&format!("/v1/clients?cursor={long}"))
                .expect_problem(414, "uri_too_long");
            server
                .get(&format!("/v1/clients/{long}"))
                .expect_problem(414, "uri_too_long");
            let page = server.stranger().get(&format!("/my/mails/{long}"));
            assert_eq!(
                page.expect(414).header("Content-Type"),
                Some("text/html; charset=utf-8")
            );
            // What the longest honest one has.
            let fits = "x".repeat(7 * 1024);
            server
                .get(&format!("/v1/clients?cursor={fits}"))
                .expect_problem(400, "invalid_query");
        },
    );
}

#[test]
fn long_headers_are_refused() {
    each_with(
        |_| (),
        |server| {
            let ask = |bytes: usize| {
                let mut wire = Wire::open(server.address());
                wire.ask("GET", "/v1/me", &[("X-Long", &"x".repeat(bytes))])
            };
            let refused = ask(40 * 1024);
            assert_eq!(refused.status, 431);
            assert_eq!(refused.json()["code"], "headers_too_large");
            assert_eq!(ask(30 * 1024).status, 401);
            // Beyond what the server keeps in memory it answers without a body, and ends the connection.
            let mut wire = Wire::open(server.address());
            let _sent = wire.send(&format!(
                "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nX-Long: {}",
                "x".repeat(160 * 1024)
            ));
            assert!(wire.answer().is_none_or(|answer| answer.status == 431));
            assert!(wire.is_ended());
        },
    );
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    each_with(
        |_| (),
        |server: &TestServer| {
            let large = format!("{{\"name\": \"{}\"}}", "x".repeat(300 * 1024));
            server
                .owner()
                .send(
                    "POST",
                    "/v1/products",
                    Some(("application/json", large.as_bytes())),
                )
                .expect_problem(413, "payload_too_large");
        },
    );
}
