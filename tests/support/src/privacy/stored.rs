//! What a database holds at a test's end: values that came in by the inner doors are a person's too.

use std::path::Path;

use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::sql_types::Text;
use diesel::{QueryableByName, SqliteConnection, sql_query};
use stipple_shared::storage::Db;

use super::Watcher;
use super::fields::Fields;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Text)]
    field: String,
    #[diesel(sql_type = Text)]
    value: String,
}

const SQLITE_COLUMNS: &str = "SELECT m.name AS table_name, p.name AS column_name \
     FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.type = 'TEXT'";

#[cfg(feature = "postgres")]
const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text AS table_name, c.column_name::text AS column_name \
     FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
     WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.data_type = 'text'";

/// One question for the values of all watched columns; nothing where there are none.
fn question(columns: &[Column]) -> Option<SqlQuery> {
    let fields = Fields::of_the_contract();
    let parts: Vec<String> = columns
        .iter()
        .filter(|column| fields.watches(&column.column_name))
        .map(
            |Column {
                 table_name,
                 column_name,
             }| {
                format!(
                    "SELECT DISTINCT '{column_name}' AS field, {column_name} AS value \
                 FROM {table_name} WHERE {column_name} IS NOT NULL"
                )
            },
        )
        .collect();
    (!parts.is_empty()).then(|| sql_query(parts.join(" UNION ALL ")))
}

macro_rules! stored {
    ($connection:expr, $columns:expr) => {{
        let columns: Vec<Column> = sql_query($columns).load($connection)?;
        match question(&columns) {
            Some(question) => question.load($connection),
            None => Ok(Vec::new()),
        }
    }};
}

fn stored(db: &mut Db) -> QueryResult<Vec<Stored>> {
    match db {
        Db::Sqlite(connection) => stored!(connection, SQLITE_COLUMNS),
        #[cfg(feature = "postgres")]
        Db::Postgres(connection) => stored!(connection, POSTGRES_COLUMNS),
    }
}

/// Tells what a database holds. One that a test has broken can't be asked, and what it was told was watched as it was sent.
pub(crate) fn watch_stored(watcher: &Watcher, db: &mut Db) {
    for Stored { field, value } in stored(db).unwrap_or_default() {
        watcher.value(&field, &value);
    }
}

/// The same for all SQLite files in a directory and those in it.
pub fn watch_stored_in(watcher: &Watcher, directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            watch_stored_in(watcher, &path);
        } else if path.extension().is_some_and(|kind| kind == "db")
            && let Some(path) = path.to_str()
            && let Ok(connection) = SqliteConnection::establish(path)
        {
            watch_stored(watcher, &mut Db::Sqlite(connection));
        }
    }
}
