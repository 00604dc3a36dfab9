//! The contract that is committed.

use crate::process::{Place, succeeded};

#[test]
fn the_committed_contract_is_what_the_binary_prints() {
    let committed = include_str!("../../openapi.yaml");
    let printed = succeeded(&Place::new().run(&["openapi"]));
    // Not assert_eq!: nobody reads two whole documents side by side.
    let difference = printed
        .lines()
        .zip(committed.lines())
        .find(|(printed, committed)| printed != committed);
    assert!(
        printed == committed,
        "openapi.yaml is out of date: `cargo run -- openapi > openapi.yaml`; first difference: {difference:?}"
    );
}
