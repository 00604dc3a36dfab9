//! Behind a proxy: whose word is taken for where a request comes from.

use diesel::prelude::*;
use stipple_shared::config::ForwardedHeader;
use stipple_shared::storage::schema::audit_events;
use stipple_test_support::TestServer;
use stipple_test_support::builders::new_client;

use crate::{each_with, number};

/// Where the trail says that a change of this caller's came from.
fn source_of(server: &TestServer, studio_id: &str, headers: &[(&str, &str)]) -> Option<String> {
    let mut caller = server.owner();
    for (name, value) in headers {
        caller = caller.header(name, value);
    }
    caller
        .post("/v1/clients", &new_client(studio_id))
        .expect(201);
    let mut database = server.database().connect();
    audit_events::table
        .select(audit_events::source)
        .order(audit_events::sequence.desc())
        .first(&mut database)
        .unwrap()
}

#[test]
fn a_stranger_can_not_say_where_it_comes_from() {
    each_with(
        |_| (),
        |server| {
            let studio_id = server.studio().id();
            let said = [
                ("X-Forwarded-For", "198.51.100.7"),
                ("Forwarded", "for=198.51.100.7"),
            ];
            let source = source_of(server, &studio_id, &said);
            assert_eq!(source.as_deref(), Some("127.0.0.1"));
        },
    );
}

#[test]
fn a_trusted_proxy_is_believed_and_what_it_was_told_is_not() {
    each_with(
        |edge| edge.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()],
        |server| {
            let studio_id = server.studio().id();
            for (said, expected) in [
                (&[("X-Forwarded-For", "198.51.100.7")][..], "198.51.100.7"),
                (
                    &[("X-Forwarded-For", "6.6.6.6, 198.51.100.8")],
                    "198.51.100.8",
                ),
                // The header that this proxy doesn't write is the client's, whatever it says.
                (&[("Forwarded", "for=6.6.6.6")], "127.0.0.1"),
                (&[], "127.0.0.1"),
            ] {
                let source = source_of(server, &studio_id, said);
                assert_eq!(source.as_deref(), Some(expected), "{said:?}");
            }
        },
    );
    each_with(
        |edge| {
            edge.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            edge.forwarded_header = ForwardedHeader::Forwarded;
        },
        |server| {
            let studio_id = server.studio().id();
            let said = [
                (
                    "Forwarded",
                    "for=6.6.6.6, for=\"[2001:db8::9]:443\";proto=https",
                ),
                ("X-Forwarded-For", "6.6.6.6"),
            ];
            let source = source_of(server, &studio_id, &said);
            assert_eq!(source.as_deref(), Some("2001:db8::9"));
        },
    );
}

#[test]
fn limits_count_for_the_client_behind_the_proxy() {
    each_with(
        |edge| {
            edge.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            // A wrong key costs twenty: two of them use it up.
            edge.address_rate = number(22);
        },
        |server| {
            let client = |address: &str| server.stranger().header("X-Forwarded-For", address);
            // Whatever it puts before its address is of no use to it.
            for made_up in ["6.6.6.1", "6.6.6.2"] {
                client(&format!("{made_up}, 198.51.100.7"))
                    .get("/v1/me")
                    .expect(401);
            }
            client("6.6.6.3, 198.51.100.7").get("/v1/me").expect(429);
            client("198.51.100.8").get("/v1/me").expect(401);
        },
    );
}
