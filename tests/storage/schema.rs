//! The three descriptions of the schema say the same: `schema.rs`, SQLite's migrations and PostgreSQL's.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::Text;
use stipple_test_support::{Engine, TestDatabase, engines};

/// What Diesel is told.
const SCHEMA: &str = include_str!("../../shared/src/storage/schema.rs");

/// (Table, column) to (Diesel's type, whether it may be null).
type Columns = BTreeMap<(String, String), (String, bool)>;

fn declared() -> Columns {
    let mut columns = Columns::new();
    let mut table = None;
    for line in SCHEMA.lines().map(str::trim) {
        if let Some((column, declared)) = line.split_once(" -> ") {
            let declared = declared.trim_end_matches(',');
            let (declared, nullable) = match declared.strip_prefix("Nullable<") {
                Some(inner) => (inner.trim_end_matches('>'), true),
                None => (declared, false),
            };
            let table: &String = table.as_ref().unwrap();
            columns.insert(
                (table.clone(), column.to_owned()),
                (declared.to_owned(), nullable),
            );
        } else if let Some((name, _key)) = line.strip_suffix('{').and_then(|it| it.split_once(" ("))
        {
            table = Some(name.to_owned());
        }
    }
    columns
}

/// What an engine calls a type of Diesel's.
fn engine_type(engine: Engine, declared: &str) -> &'static str {
    match (declared, engine) {
        ("Integer" | "BigInt" | "Bool", Engine::Sqlite) => "INTEGER",
        ("Text" | "Date", Engine::Sqlite) => "TEXT",
        ("Binary", Engine::Sqlite) => "BLOB",
        ("Integer", Engine::Postgres) => "integer",
        ("BigInt", Engine::Postgres) => "bigint",
        ("Bool", Engine::Postgres) => "boolean",
        ("Text", Engine::Postgres) => "text",
        ("Date", Engine::Postgres) => "date",
        ("Binary", Engine::Postgres) => "bytea",
        (other, _) => panic!("no engine has been asked yet what it calls {other}"),
    }
}

#[test]
fn both_engines_have_the_columns_that_diesel_is_told_of() {
    let declared = declared();
    assert!(declared.len() > 200, "schema.rs was not understood");
    for engine in engines() {
        let expected: Columns = declared
            .iter()
            .map(|(place, (kind, nullable))| {
                (
                    place.clone(),
                    (engine_type(engine, kind).to_owned(), *nullable),
                )
            })
            .collect();
        let stored: Columns = TestDatabase::create(engine)
            .connect()
            .describe_columns()
            .unwrap()
            .into_iter()
            .map(|it| ((it.table_name, it.column_name), (it.type_name, it.nullable)))
            .collect();
        for (place, column) in &expected {
            assert_eq!(stored.get(place), Some(column), "{place:?} on {engine:?}");
        }
        for place in stored.keys() {
            assert!(
                expected.contains_key(place),
                "{place:?} on {engine:?} alone"
            );
        }
    }
}

#[test]
fn tables_may_all_be_joined() {
    let (_, listed) = SCHEMA
        .split_once("allow_tables_to_appear_in_same_query!(")
        .unwrap();
    let listed: BTreeSet<&str> = listed
        .lines()
        .map(|line| line.trim().trim_end_matches(','))
        .filter(|line| !line.is_empty() && *line != ");")
        .collect();
    let declared = declared();
    let tables: BTreeSet<&str> = declared.keys().map(|(table, _)| table.as_str()).collect();
    // The engine's own status stands alone.
    assert_eq!(listed, tables);
}

/// Foreign keys by which nothing is searched. What they point to is never deleted, so the engine doesn't search by
/// them either.
const WITHOUT_INDEX: &[(&str, &str, &str)] = &[
    (
        "assessments",
        "practitioner_id",
        "a client's assessments are few",
    ),
    ("assessments", "studio_id", "a client's assessments are few"),
    (
        "mails",
        "studio_id",
        "mails are searched by what is due, and by client",
    ),
    (
        "pigment_records",
        "amended_by_record_id",
        "read with the record",
    ),
    (
        "pigment_records",
        "practitioner_id",
        "searched by client, session and lot",
    ),
    (
        "pigment_records",
        "studio_id",
        "searched by client, session and lot",
    ),
    ("plans", "assessment_id", "read with the plan"),
    ("plans", "practitioner_id", "searched by client"),
    ("plans", "studio_id", "searched by client"),
    ("plans", "template_id", "read with the plan"),
    (
        "reminders",
        "plan_id",
        "searched by session, which has the plan",
    ),
    ("sessions", "replaces_session_id", "read with the session"),
    ("tasks", "plan_id", "open tasks of a studio are few"),
    ("tasks", "mail_id", "open tasks of a studio are few"),
];

#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord, Debug, Clone)]
struct Place {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

#[test]
fn each_foreign_key_has_an_index_or_a_reason() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        let (keys, indexes) = match engine {
            Engine::Sqlite => (
                "SELECT m.name AS table_name, k.\"from\" AS column_name \
                 FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'",
                "SELECT m.name AS table_name, c.name AS column_name \
                 FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c \
                 WHERE m.type = 'table' AND i.partial = 0 AND c.seqno = 0 AND c.name IS NOT NULL \
                 UNION SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND c.pk = 1",
            ),
            Engine::Postgres => (
                "SELECT c.conrelid::regclass::text AS table_name, a.attname::text AS column_name \
                 FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
                 WHERE c.contype = 'f'",
                "SELECT i.indrelid::regclass::text AS table_name, a.attname::text AS column_name \
                 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                 JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid \
                 JOIN pg_am m ON m.oid = x.relam \
                 WHERE i.indpred IS NULL AND m.amname = 'btree' AND t.relnamespace = current_schema()::regnamespace",
            ),
        };
        let keys: BTreeSet<Place> = diesel::sql_query(keys)
            .load(&mut db)
            .unwrap()
            .into_iter()
            .collect();
        let indexes: BTreeSet<Place> = diesel::sql_query(indexes)
            .load(&mut db)
            .unwrap()
            .into_iter()
            .collect();
        assert!(
            keys.len() > 30,
            "the keys of {engine:?} were not understood"
        );
        let bare: BTreeSet<(&str, &str)> = keys
            .difference(&indexes)
            .map(|it| (it.table_name.as_str(), it.column_name.as_str()))
            .collect();
        let excused: BTreeSet<(&str, &str)> = WITHOUT_INDEX
            .iter()
            .map(|&(table, column, _reason)| (table, column))
            .collect();
        assert_eq!(bare, excused, "on {engine:?}");
    }
}
