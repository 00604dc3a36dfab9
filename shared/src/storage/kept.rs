//! Statements that stay prepared: parsing one anew often costs more than carrying it out.
//!
//! Diesel keeps selects and inserts of a fixed form, but it prepares each UPDATE anew, since a changeset may leave
//! columns out. Ours never do.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary};
use uuid::Uuid;

use super::dialect::{Db, MultiBackend};

/// A statement without parameters.
macro_rules! kept_statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {$(
        $(#[$doc])*
        #[derive(QueryId)]
        pub(super) struct $name;

        impl<DB: Backend> QueryFragment<DB> for $name {
            fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                pass.push_sql($sql);
                Ok(())
            }
        }

        impl RunQueryDsl<Db> for $name {}
    )+};
}

kept_statements! {
    /// Begins a snapshot.
    Begin = "BEGIN";
    /// Ends it.
    Commit = "COMMIT";
}

/// Moves the one change sequence on to this number.
#[derive(QueryId)]
pub(super) struct MoveChangeSequence(pub(super) i64);

impl QueryFragment<MultiBackend> for MoveChangeSequence {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        pass.push_sql("UPDATE change_sequence SET value = ");
        pass.push_bind_param::<BigInt, _>(&self.0)?;
        pass.push_sql(" WHERE id = 1");
        Ok(())
    }
}

impl RunQueryDsl<Db> for MoveChangeSequence {}

/// Saves a whole row over the version that it was read as.
///
/// The row type `R` names the statement, so its changeset must always set the same columns: `treat_none_as_null`.
pub(super) struct SaveRow<'a, R, C> {
    table: &'static str,
    changes: C,
    id: &'a Uuid,
    version: &'a i64,
    row: PhantomData<fn() -> R>,
}

impl<'a, R, C> SaveRow<'a, R, C> {
    /// Saves these changes in the row of a table, where it still has this version.
    pub(super) fn new(table: &'static str, changes: C, id: &'a Uuid, version: &'a i64) -> Self {
        Self {
            table,
            changes,
            id,
            version,
            row: PhantomData,
        }
    }
}

impl<R, C: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for SaveRow<'_, R, C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        pass.push_sql("UPDATE ");
        pass.push_identifier(self.table)?;
        pass.push_sql(" SET ");
        self.changes.walk_ast(pass.reborrow())?;
        pass.push_sql(" WHERE id = ");
        pass.push_bind_param::<Binary, [u8]>(self.id.as_bytes().as_slice())?;
        pass.push_sql(" AND version = ");
        pass.push_bind_param::<BigInt, i64>(self.version)?;
        Ok(())
    }
}

/// Gives a row of the table `T` another place in the change sequence, and so another version.
#[derive(QueryId)]
pub(super) struct MoveRow<T> {
    name: &'static str,
    id: Vec<u8>,
    change: i64,
    table: PhantomData<T>,
}

impl<T> MoveRow<T> {
    /// Moves the row with this id in the table of this name.
    pub(super) fn new(_table: T, name: &'static str, id: Vec<u8>, change: i64) -> Self {
        Self {
            name,
            id,
            change,
            table: PhantomData,
        }
    }
}

impl<T> QueryFragment<MultiBackend> for MoveRow<T> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        pass.push_sql("UPDATE ");
        pass.push_identifier(self.name)?;
        pass.push_sql(" SET version = version + 1, change = ");
        pass.push_bind_param::<BigInt, i64>(&self.change)?;
        pass.push_sql(" WHERE id = ");
        pass.push_bind_param::<Binary, [u8]>(self.id.as_slice())?;
        Ok(())
    }
}

impl<T> RunQueryDsl<Db> for MoveRow<T> {}

/// The statement's name alone, whatever its row borrows.
#[derive(Debug)]
pub(super) struct SavedRow<R>(PhantomData<fn() -> R>);

impl<R: 'static, C> QueryId for SaveRow<'_, R, C> {
    type QueryId = SavedRow<R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R, C> RunQueryDsl<Db> for SaveRow<'_, R, C> {}
