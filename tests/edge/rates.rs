//! How much may be asked.

use stipple_shared::domain::Role;
use stipple_test_support::Answer;

use crate::wire::Wire;
use crate::{each_with, number};

#[track_caller]
fn expect_limited(answer: Answer) -> Answer {
    let answer = answer.expect_problem(429, "too_many_requests");
    let wait: u64 = answer.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{answer}");
    answer
}

#[test]
fn a_key_that_asks_too_much_is_told_to_wait_and_others_are_not() {
    each_with(
        |edge| edge.key_rate = number(3),
        |server| {
            for left in ["2", "1", "0"] {
                let answer = server.get("/v1/me").expect(200);
                let told = answer.header("RateLimit").unwrap();
                assert!(told.starts_with(&format!("\"key\";r={left};t=")), "{told}");
                assert_eq!(answer.header("RateLimit-Policy"), Some("\"key\";q=3;w=60"));
            }
            let refused = expect_limited(server.get("/v1/me"));
            let told = refused.header("RateLimit").unwrap();
            assert!(told.starts_with("\"key\";r=0;t="), "{told}");
            // Neither a change nor what a key isn't known for gets past it.
            expect_limited(server.post("/v1/studios", &serde_json::json!({})));
            server.caller(Role::Auditor).get("/v1/me").expect(200);
        },
    );
}

#[test]
fn an_address_that_asks_too_much_is_told_to_wait_on_every_path_but_health() {
    each_with(
        |edge| edge.address_rate = number(4),
        |server| {
            let stranger = server.stranger();
            for _ in 0..3 {
                let page = stranger.get("/my/mails/nothing").expect(404);
                assert_eq!(
                    page.header("Content-Type"),
                    Some("text/html; charset=utf-8")
                );
            }
            stranger.get("/openapi.json").expect(200);
            let page = stranger.get("/my/mails/nothing").expect(429);
            assert_eq!(
                page.header("Content-Type"),
                Some("text/html; charset=utf-8")
            );
            assert!(page.header("Retry-After").is_some(), "{page}");
            assert!(page.text.contains("<html"), "{page}");
            expect_limited(server.get("/v1/me"));
            expect_limited(stranger.get("/calendars/nothing.ics"));
            for _ in 0..10 {
                stranger.get("/livez").expect(200);
                stranger.get("/readyz").expect(200);
                let figures = stranger.get("/metrics").expect(200);
                assert!(figures.text.contains("status=\"429\""), "{figures}");
            }
            // The machine has more addresses, and each has its own allowance.
            let mut another = Wire::open_from([127, 0, 0, 2], server.address());
            assert_eq!(another.ask("GET", "/v1/me", &[]).status, 401);
        },
    );
}

#[test]
fn wrong_keys_use_an_addresss_allowance_up_sooner() {
    each_with(
        |edge| edge.address_rate = number(45),
        |server| {
            let guesser = server.with_secret("stipple_wrong");
            for _ in 0..3 {
                guesser.get("/v1/me").expect_problem(401, "unauthorised");
            }
            expect_limited(guesser.get("/v1/me"));
            expect_limited(server.get("/v1/me"));
        },
    );
}

#[test]
fn without_a_limit_nothing_is_counted_or_told() {
    each_with(
        |edge| (edge.key_rate, edge.address_rate) = (None, None),
        |server| {
            let answer = server.get("/v1/me").expect(200);
            assert_eq!(answer.header("RateLimit"), None);
            assert_eq!(answer.header("RateLimit-Policy"), None);
        },
    );
}
