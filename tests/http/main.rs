//! What the HTTP surface promises to every caller, proved from outside. Each answer in here was also checked against the
//! published contract, field by field, by the caller that received it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod access;
mod access_log;
mod api_keys;
mod arbitrary;
mod bodies;
mod bounds;
mod days;
mod examples;
mod lists;
mod mail_templates;
mod names;
mod once;
mod own_key;
mod paths;
mod pigment_records;
mod plan_templates;
mod plans;
mod removal;
mod rooms;
mod search;
mod serving;
mod stock;
mod sync;
mod tags;
mod timeline;
mod trail;
mod words;

use stipple_test_support::{TestServer, engines};

/// Runs a test on each engine with a fresh server.
fn each(test: impl Fn(&TestServer)) {
    for engine in engines() {
        test(&TestServer::start(engine));
    }
}
