//! Who may do what, and who sees what: the table of all operations, walked with real requests, and the rules behind it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod chain;
mod house;
mod keys;
mod leaving;
mod scope;
mod sight;
mod table;
mod unchanged;
mod walk;

use stipple_test_support::Answer;

/// The ids of a list's things.
#[track_caller]
fn ids(list: &Answer) -> Vec<String> {
    list.data()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}
