//! Migrations go up, down and up again with data in every table, and are the same steps on both engines.

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use stipple_shared::storage::{Db, Store};
use stipple_test_support::{Engine, TestDatabase, engines};

/// One row or more for each table, `id(N)` standing for an id.
const ROWS: &str = include_str!("rows.sql");

/// The stamps and names of an engine's migrations.
pub(crate) fn names(engine: Engine) -> Vec<String> {
    let directory = match engine {
        Engine::Sqlite => "../migrations/sqlite",
        Engine::Postgres => "../migrations/postgres",
    };
    let mut names: Vec<String> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
    names.sort();
    names
}

#[test]
fn both_engines_take_the_same_steps() {
    assert!(!names(Engine::Sqlite).is_empty());
    assert_eq!(names(Engine::Sqlite), names(Engine::Postgres));
}

/// One row or more in each table.
pub(crate) fn rows(engine: Engine) -> String {
    with_ids(ROWS, engine)
}

/// The statements with the engine's own literal for each `id(N)`.
pub(crate) fn with_ids(statements: &str, engine: Engine) -> String {
    (0..100).fold(statements.to_owned(), |statements, number| {
        let digits = format!("{number:032x}");
        let literal = match engine {
            Engine::Sqlite => format!("X'{digits}'"),
            Engine::Postgres => format!("'\\x{digits}'::bytea"),
        };
        statements.replace(&format!("id({number})"), &literal)
    })
}

fn count(db: &mut Db, from: &str) -> i64 {
    diesel::select(diesel::dsl::sql::<BigInt>(&format!(
        "(SELECT count(*) FROM {from})"
    )))
    .get_result(db)
    .unwrap()
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Everything that the migrations can have made.
fn made(db: &mut Db, engine: Engine) -> Vec<String> {
    let query = match engine {
        Engine::Sqlite => {
            "SELECT type || ' ' || name AS name FROM sqlite_master \
             WHERE name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' AND tbl_name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
             AND name NOT LIKE 'sqlite%' ORDER BY 1"
        }
        Engine::Postgres => {
            "SELECT * FROM ( \
             SELECT relkind::text || ' ' || relname AS name FROM pg_class \
             WHERE relnamespace = current_schema()::regnamespace AND relname NOT LIKE '\\_\\_diesel%' \
             UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal \
             UNION ALL SELECT 'constraint ' || conname FROM pg_constraint \
             WHERE connamespace = current_schema()::regnamespace AND conname NOT LIKE '\\_\\_diesel%' \
             UNION ALL SELECT 'function ' || p.proname FROM pg_proc p \
             WHERE p.pronamespace = current_schema()::regnamespace \
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
             AND p.proname NOT LIKE 'diesel\\_%') AS made ORDER BY 1"
        }
    };
    diesel::sql_query(query)
        .load::<Named>(db)
        .unwrap()
        .into_iter()
        .map(|it| it.name)
        .collect()
}

#[test]
fn migrations_go_up_down_and_up_with_data_in_every_table() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        let first = made(&mut db, engine);
        assert!(first.len() > 60, "{first:?}");

        for _ in 0..2 {
            db.batch_execute(&rows(engine)).unwrap();
            let mut tables: Vec<String> = db
                .describe_columns()
                .unwrap()
                .into_iter()
                .map(|column| column.table_name)
                .collect();
            tables.dedup();
            for table in &tables {
                assert_ne!(
                    count(&mut db, table),
                    0,
                    "{table} is empty: give it a row in tests/storage/rows.sql"
                );
            }
            assert_eq!(
                db.revert_all_migrations().unwrap(),
                names(engine).len(),
                "on {engine:?}"
            );
            assert_eq!(made(&mut db, engine), Vec::<String>::new());
            assert_eq!(
                Store::migrate(&database.url()).unwrap(),
                names(engine).len()
            );
            // What was made before is made again, and the rows find their place as before.
            assert_eq!(made(&mut db, engine), first);
        }
    }
}

#[test]
fn what_was_called_off_before_is_judged_by_the_studios_cut_off() {
    macro_rules! step {
        ($name:literal) => {
            [
                include_str!(concat!("../../migrations/sqlite/", $name)),
                include_str!(concat!("../../migrations/postgres/", $name)),
            ]
        };
    }
    const DAY: i64 = 24 * 3_600_000;
    let up = step!("2026-11-27-000101_late_cancellations/up.sql");
    let down = step!("2026-11-27-000101_late_cancellations/down.sql");
    let cancelled = |number: i64, starts_at: &str, ended_at: i64, ended_by: &str| {
        format!(
            "INSERT INTO sessions (id, studio_id, client_id, kind, state, duration_minutes, starts_at, ends_at, blocked_until, \
             schedule_version, overrides, nonconformities, ended_at, ended_by, version, change, created_at, updated_at) \
             VALUES (id({number}), id(2), id(16), 'review', 'cancelled', 60, {starts_at}, {starts_at} + 1, {starts_at} + 1, \
             1, '[]', '[]', {ended_at}, '{ended_by}', 1, {number}, 0, 0);"
        )
    };
    // The longest cut-off that a studio may have, 720 hours, is at the end of the first day.
    let start = format!("{}", 31 * DAY);
    for engine in engines() {
        let (up, down) = match engine {
            Engine::Sqlite => (up[0], down[0]),
            Engine::Postgres => (up[1], down[1]),
        };
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute(&rows(engine)).unwrap();
        let before = [
            cancelled(80, &start, DAY, "client"),
            cancelled(81, &start, DAY + 1, "client"),
            cancelled(82, &start, 31 * DAY, "client"),
            cancelled(83, &start, 31 * DAY, "studio"),
            cancelled(84, "CAST(NULL AS BIGINT)", DAY, "client"),
        ];
        let before = with_ids(&before.concat(), engine);
        db.batch_execute("UPDATE studios SET cancellation_cutoff_hours = 720")
            .unwrap();
        db.batch_execute(&before).unwrap();
        db.batch_execute(down).unwrap();
        db.batch_execute(up).unwrap();
        let late = with_ids(
            "sessions WHERE cancelled_late AND id IN (id(81), id(82))",
            engine,
        );
        assert_eq!(count(&mut db, &late), 2, "{engine:?}");
        assert_eq!(count(&mut db, "sessions WHERE cancelled_late"), 2);
        // One of the rows that each table has was called off by nobody that is known.
        let in_time = "sessions WHERE NOT cancelled_late AND state = 'cancelled'";
        assert_eq!(count(&mut db, in_time), 4);
        let unjudged = "sessions WHERE cancelled_late IS NULL AND state <> 'cancelled'";
        assert_eq!(count(&mut db, unjudged), 1);
    }
}

#[test]
fn the_readable_views_can_be_read() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute(&rows(engine)).unwrap();
        let kind = match engine {
            Engine::Sqlite => "view ",
            Engine::Postgres => "v ",
        };
        let views: Vec<String> = made(&mut db, engine)
            .iter()
            .filter_map(|made| made.strip_prefix(kind).map(str::to_owned))
            .collect();
        assert_eq!(views.len(), 5, "{views:?}");
        for view in views {
            // DISTINCT makes the engine work out every column.
            let lines = count(
                &mut db,
                &format!("(SELECT DISTINCT * FROM {view}) AS lines"),
            );
            assert_ne!(lines, 0, "{view} on {engine:?}");
        }
        let shown: String = diesel::select(diesel::dsl::sql::<Text>(
            "(SELECT CAST(id AS TEXT) FROM readable_clients)",
        ))
        .get_result(&mut db)
        .unwrap();
        assert_eq!(shown, "00000000-0000-0000-0000-000000000010");
    }
}
