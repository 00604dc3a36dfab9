//! `stipple audit verify` against somebody who owns the database's file.

use std::fs;

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::process::{Place, complaint, succeeded};

/// What a stranger does first: the database itself refuses to change the trail.
const WITHOUT_GUARDS: &str = "PRAGMA foreign_keys = OFF; DROP TRIGGER audit_events_stay_as_written; \
    DROP TRIGGER audit_events_are_kept; DROP TRIGGER audit_details_are_kept;";

fn database(place: &Place) -> SqliteConnection {
    let path = place.path("stipple-data/stipple.db");
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

/// A trail of a few entries, and its head as the check printed it.
fn trail() -> (Place, String) {
    let place = Place::new();
    succeeded(&place.run(&["migrate"]));
    for number in 0..6 {
        let name = format!("Visitor {number}");
        succeeded(&place.run(&["key", "create", "--role", "auditor", "--name", &name]));
    }
    let told = succeeded(&place.run(&["audit", "verify"]));
    let (first, head) = told.split_once("\nnote this head elsewhere: ").unwrap();
    assert_eq!(
        first,
        "the audit trail is whole: 6 entries, 0 of them blanked"
    );
    let head = head.trim().to_owned();
    (place, head)
}

#[test]
fn a_trail_broken_by_hand_in_four_ways_is_found_broken() {
    let swap = "UPDATE audit_events SET sequence = 99 WHERE sequence = 2; UPDATE audit_events SET sequence = 2 WHERE sequence = 4; \
        UPDATE audit_events SET sequence = 4 WHERE sequence = 99;";
    let ways = [
        (
            "UPDATE audit_events SET action = 'key.ended' WHERE sequence = 3;",
            "entry 3 was changed or moved",
            false,
        ),
        (
            "DELETE FROM audit_details WHERE sequence = 3; DELETE FROM audit_events WHERE sequence = 3;",
            "entry 3 is missing, and perhaps more after it",
            false,
        ),
        (swap, "entry 2 was changed or moved", false),
        (
            "DELETE FROM audit_details WHERE sequence > 4; DELETE FROM audit_events WHERE sequence > 4;",
            "entry 5 is missing, and perhaps more after it",
            true,
        ),
    ];
    for (way, expected, needs_head) in ways {
        let (place, head) = trail();
        let refused = database(&place).batch_execute(way);
        assert!(refused.is_err(), "the database let it happen: {way}");
        database(&place)
            .batch_execute(&format!("{WITHOUT_GUARDS} {way}"))
            .unwrap();
        let alone = place.run(&["audit", "verify"]);
        if needs_head {
            // An end that is cut off looks like an end.
            assert!(succeeded(&alone).contains("is whole: 4 entries"));
        } else {
            let found = complaint(&alone);
            assert!(
                found.starts_with("error: the audit trail isn't as it was written:\n"),
                "{found}"
            );
            assert!(found.contains(expected), "{found}");
        }
        let with_head = place.run(&["audit", "verify", "--head", &head]);
        assert_eq!(with_head.status.code(), Some(1), "{way}");
        let found = complaint(&with_head);
        assert!(found.contains(expected), "{found}");
    }
}

/// A base64 text of 32 bytes that no trail was written with.
const ANOTHER_KEY: &str = "c3RpcHBsZSB0ZXN0IGtleSBvZiBhbm90aGVyIHN0dWRpbw";

#[test]
fn a_key_of_another_trail_is_refused_before_anything_is_written() {
    let (place, head) = trail();
    let key = place.read("stipple-data/audit.key");
    fs::write(place.path("stipple-data/audit.key"), ANOTHER_KEY).unwrap();
    let create = ["key", "create", "--role", "auditor", "--name", "Visitor"];
    for command in [&["up"][..], &["api"], &["worker"], &create] {
        let refused = place.run(&[command, &["--log", "off"]].concat());
        assert_eq!(refused.status.code(), Some(2), "{command:?}");
        assert_eq!(
            complaint(&refused),
            "error: the key in stipple-data/audit.key isn't the one that this database's audit trail was written with: put \
             the audit.key there that was backed up with this database; the trail was left as it is\n"
        );
    }
    let given = ["--audit-key", ANOTHER_KEY];
    fs::write(place.path("stipple-data/audit.key"), &key).unwrap();
    let refused = complaint(&place.run(&[&create[..], &given].concat()));
    assert!(
        refused.starts_with("error: the key given with --audit-key (STIPPLE_AUDIT_KEY) isn't"),
        "{refused}"
    );
    assert!(!refused.contains(ANOTHER_KEY), "{refused}");
    // Who wants to know what is wrong is told.
    let told = complaint(&place.run(&[&["audit", "verify"][..], &given].concat()));
    assert!(told.contains("entry 1 was changed or moved"), "{told}");
    let whole = succeeded(&place.run(&["audit", "verify", "--head", &head]));
    assert!(whole.contains("is whole: 6 entries"), "{whole}");
    succeeded(&place.run(&create));
}

#[test]
fn a_trail_without_entries_takes_any_key() {
    let place = Place::new();
    succeeded(&place.run(&["migrate"]));
    let create = ["key", "create", "--role", "auditor", "--name", "Visitor"];
    succeeded(&place.run(&[&create[..], &["--audit-key", ANOTHER_KEY]].concat()));
    let verify = ["audit", "verify", "--audit-key", ANOTHER_KEY];
    assert!(succeeded(&place.run(&verify)).contains("is whole: 1 entries"));
}

#[test]
fn a_trail_whose_end_was_changed_still_has_its_key() {
    let (place, _head) = trail();
    let forged = "UPDATE audit_events SET action = 'key.ended' WHERE sequence = 6;";
    database(&place)
        .batch_execute(&format!("{WITHOUT_GUARDS} {forged}"))
        .unwrap();
    let create = ["key", "create", "--role", "auditor", "--name", "Visitor"];
    let made = place.run(&create);
    succeeded(&made);
    let log = String::from_utf8_lossy(&made.stderr);
    assert!(log.contains("run `stipple audit verify`"), "{log}");
    let told = complaint(&place.run(&["audit", "verify"]));
    assert!(told.contains("entry 6 was changed or moved"), "{told}");
}

#[test]
fn a_noted_head_is_read_as_it_was_printed_and_a_trail_may_grow() {
    let (place, head) = trail();
    succeeded(&place.run(&["key", "create", "--role", "auditor", "--name", "One more"]));
    let grown = succeeded(&place.run(&["audit", "verify", "--head", &head]));
    assert!(grown.contains("is whole: 7 entries"), "{grown}");
    for wrong in ["", "6", "6:", "6:12", "x:y"] {
        let refused = place.run(&["audit", "verify", "--head", wrong]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
}
