//! The second line against double bookings: triggers on SQLite, exclusion constraints on PostgreSQL, one meaning.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use stipple_shared::storage::Db;
use stipple_test_support::{TestDatabase, engines};

use crate::migrations::{rows, with_ids};

/// A session beside the one of `rows.sql`: booked, with practitioner 4 in room 3, from 1000 to 2000, who are blocked
/// until 2500.
#[derive(Clone, Copy)]
struct Session {
    state: &'static str,
    client: u8,
    practitioner: u8,
    room: Option<u8>,
    /// Start, end, and how long practitioner and room stay blocked.
    times: (i64, i64, i64),
    overlap_reason: Option<&'static str>,
}

/// Somebody else's, elsewhere and with somebody else: in nobody's way.
const APART: Session = Session {
    state: "booked",
    client: 50,
    practitioner: 51,
    room: Some(52),
    times: (1500, 1800, 1800),
    overlap_reason: None,
};

/// What each session meets: the name of the rule, or nothing.
const CASES: &[(Session, Option<&str>)] = &[
    (APART, None),
    (
        Session {
            practitioner: 4,
            ..APART
        },
        Some("sessions_no_practitioner_overlap"),
    ),
    (
        Session {
            room: Some(3),
            ..APART
        },
        Some("sessions_no_room_overlap"),
    ),
    (
        Session {
            client: 16,
            ..APART
        },
        Some("sessions_no_client_overlap"),
    ),
    (
        Session {
            room: None,
            ..APART
        },
        None,
    ),
    // The buffer after a session blocks practitioner and room, not the client.
    (
        Session {
            practitioner: 4,
            times: (2400, 2900, 2900),
            ..APART
        },
        Some("sessions_no_practitioner_overlap"),
    ),
    (
        Session {
            room: Some(3),
            times: (2400, 2900, 2900),
            ..APART
        },
        Some("sessions_no_room_overlap"),
    ),
    (
        Session {
            client: 16,
            times: (2400, 2900, 2900),
            ..APART
        },
        None,
    ),
    (
        Session {
            practitioner: 4,
            times: (500, 900, 1001),
            ..APART
        },
        Some("sessions_no_practitioner_overlap"),
    ),
    // One may end as the other begins.
    (
        Session {
            practitioner: 4,
            times: (500, 900, 1000),
            ..APART
        },
        None,
    ),
    (
        Session {
            practitioner: 4,
            times: (2500, 2900, 2900),
            ..APART
        },
        None,
    ),
    (
        Session {
            client: 16,
            times: (2000, 2900, 2900),
            ..APART
        },
        None,
    ),
    (
        Session {
            practitioner: 4,
            state: "confirmed",
            ..APART
        },
        Some("sessions_no_practitioner_overlap"),
    ),
    (
        Session {
            practitioner: 4,
            state: "arrived",
            ..APART
        },
        Some("sessions_no_practitioner_overlap"),
    ),
    // What has happened is a fact, and what is off takes no time.
    (
        Session {
            practitioner: 4,
            state: "completed",
            ..APART
        },
        None,
    ),
    (
        Session {
            practitioner: 4,
            state: "cancelled",
            ..APART
        },
        None,
    ),
    (
        Session {
            practitioner: 4,
            state: "planned",
            ..APART
        },
        None,
    ),
    (
        Session {
            practitioner: 4,
            overlap_reason: Some("two chairs"),
            ..APART
        },
        None,
    ),
];

impl Session {
    fn insert(&self) -> String {
        let (starts_at, ends_at, blocked_until) = self.times;
        let room = self
            .room
            .map_or_else(|| "NULL".to_owned(), |room| format!("id({room})"));
        let reason = self
            .overlap_reason
            .map_or_else(|| "NULL".to_owned(), |reason| format!("'{reason}'"));
        format!(
            "INSERT INTO sessions (id, studio_id, client_id, kind, state, practitioner_id, room_id, duration_minutes, \
             starts_at, ends_at, blocked_until, schedule_version, overlap_reason, overrides, nonconformities, \
             version, change, created_at, updated_at) \
             VALUES (id(60), id(2), id({}), 'review', '{}', id({}), {room}, 30, \
             {starts_at}, {ends_at}, {blocked_until}, 1, {reason}, '[]', '[]', 1, 99, 0, 0)",
            self.client, self.state, self.practitioner
        )
    }

    /// The same session planned at first and then put into its state.
    fn update(&self) -> [String; 2] {
        let planned = Self {
            state: "planned",
            ..*self
        };
        [
            planned.insert(),
            format!(
                "UPDATE sessions SET state = '{}' WHERE id = id(60)",
                self.state
            ),
        ]
    }
}

/// Runs the statements and undoes them, and says which rule refused.
fn refusal(db: &mut Db, statements: &[String]) -> Option<String> {
    let mut refused = None;
    let undone = db.transaction::<(), _, _>(|db| {
        for statement in statements {
            if let Err(error) = db.batch_execute(statement) {
                refused = Some(error.to_string());
                break;
            }
        }
        Err(diesel::result::Error::RollbackTransaction)
    });
    assert_eq!(undone, Err(diesel::result::Error::RollbackTransaction));
    refused
}

#[test]
fn both_engines_refuse_the_same_overlaps() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute(&rows(engine)).unwrap();
        let others = "
            INSERT INTO clients (id, studio_id, given_name, family_name, email_state, service_mail, marketing_mail, care_advice_in_mail, version, change, created_at, updated_at)
                VALUES (id(50), id(2), 'Kim', 'Sample', 'unverified', TRUE, FALSE, FALSE, 1, 90, 0, 0);
            INSERT INTO practitioners (id, name, active, buffer_minutes, working_hours, version, change, created_at, updated_at)
                VALUES (id(51), 'Sam Example', TRUE, 15, '[]', 1, 91, 0, 0);
            INSERT INTO rooms (id, studio_id, name, active, version, change, created_at, updated_at)
                VALUES (id(52), id(2), 'Room 2', TRUE, 1, 92, 0, 0);";
        db.batch_execute(&with_ids(others, engine)).unwrap();

        for (place, (session, expected)) in CASES.iter().enumerate() {
            for statements in [vec![session.insert()], session.update().to_vec()] {
                let statements: Vec<String> = statements
                    .iter()
                    .map(|statement| with_ids(statement, engine))
                    .collect();
                let refused = refusal(&mut db, &statements);
                match expected {
                    None => assert_eq!(refused, None, "case {place} on {engine:?}"),
                    Some(rule) => assert!(
                        refused.as_ref().is_some_and(|error| error.contains(rule)),
                        "case {place} on {engine:?}: {refused:?}"
                    ),
                }
            }
        }
    }
}
