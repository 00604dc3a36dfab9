//! The edge, proved from outside: limits, slow and greedy clients, other origins, proxies, what every answer carries.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod answers;
mod crowds;
mod origins;
mod proxies;
mod rates;
mod sizes;
mod slow;
mod wire;

use std::num::NonZeroU32;

use stipple_api::EdgeOptions;
use stipple_test_support::http::TestServerOptions;
use stipple_test_support::{TestServer, engines};

/// Runs a test on each engine with a server whose edge was set up so.
fn each_with(set_up: impl Fn(&mut EdgeOptions), test: impl Fn(&TestServer)) {
    for engine in engines() {
        let mut options = TestServerOptions::on(engine);
        set_up(&mut options.edge);
        test(&TestServer::start_with(options));
    }
}

fn number(number: u32) -> Option<NonZeroU32> {
    Some(NonZeroU32::new(number).unwrap())
}
