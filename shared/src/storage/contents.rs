//! What a database holds so far, asked before anything is done to it; and the mark of the demo's database.

use diesel::prelude::*;

use super::dialect::{DatabaseUrl, Db};
use super::schema::{change_sequence, schema_facts};
use super::store::Store;
use super::transaction::Tx;
use crate::error::{Error, Result};

/// What a database holds so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No schema, or one in which nothing was ever stored.
    Nothing,
    /// The demo's data, made up and safe to lose.
    Demo,
    /// A studio's data.
    Studio,
}

impl Store {
    /// Looks without changing anything, also where the schema is older or not there.
    pub fn contents(url: &DatabaseUrl) -> Result<Contents> {
        let mut connection = url.open_writer().map_err(Error::internal)?;
        if connection.describe_columns()?.is_empty() {
            return Ok(Contents::Nothing);
        }
        contents(&mut connection)
    }
}

/// Marks an untouched database as the demo's. It stays so for good.
pub fn mark_as_demo(tx: &mut Tx<'_>) -> Result<()> {
    // Asked again here, since somebody else may have stored something since it was asked first.
    if contents(tx.db)? == Contents::Studio {
        return Err(Error::refused(
            "not_the_demo",
            "this database holds a studio's data: choose another --data-dir or --database-url for the demo",
        ));
    }
    diesel::update(schema_facts::table.find(1))
        .set(schema_facts::is_demo.eq(true))
        .execute(tx.db)?;
    Ok(())
}

fn contents(db: &mut Db) -> Result<Contents> {
    let is_demo = schema_facts::table
        .find(1)
        .select(schema_facts::is_demo)
        .get_result(db)?;
    if is_demo {
        return Ok(Contents::Demo);
    }
    // Each stored change takes a number, so at 0 nothing was ever stored.
    let changes: i64 = change_sequence::table
        .find(1)
        .select(change_sequence::value)
        .get_result(db)?;
    Ok(if changes == 0 {
        Contents::Nothing
    } else {
        Contents::Studio
    })
}
