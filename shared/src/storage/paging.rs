//! Lists in pages over a stable key: by creation, by start, or by the change sequence.

use diesel::prelude::*;
use uuid::Uuid;

use super::dialect::Db;
use super::schema::change_sequence;
use crate::domain::Instant;
use crate::error::Result;

/// Where a page ended, and so where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// After the thing with this id, in order of creation.
    Id(Uuid),
    /// After this number, in order of change.
    Change(i64),
    /// After the thing with this id at this instant, in order of time.
    At(Instant, Uuid),
}

/// Which page is asked for.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// So many things at most.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// Only what changed after this number, in order of change, deleted things included.
    pub updated_since: Option<i64>,
}

impl PageRequest {
    /// How many rows to ask the database for: one more than shown tells whether there is a next page.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }

    /// The change number after which this page begins, where it's ordered by change.
    pub fn after_change(&self) -> Option<i64> {
        let since = self.updated_since?;
        Some(match self.after {
            Some(Position::Change(change)) => since.max(change),
            _ => since,
        })
    }

    /// The id after which this page begins, where it's ordered by creation.
    pub fn after_id(&self) -> Option<Uuid> {
        match self.after {
            Some(Position::Id(id)) => Some(id),
            _ => None,
        }
    }

    /// The instant and id after which this page begins, where it's ordered by time.
    pub fn after_instant(&self) -> Option<(Instant, Uuid)> {
        match self.after {
            Some(Position::At(at, id)) => Some((at, id)),
            _ => None,
        }
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The things.
    pub rows: Vec<T>,
    /// Where the next page begins, where there is one.
    pub next: Option<Position>,
    /// The newest change number in the snapshot that this page shows.
    pub latest_change: i64,
}

impl<T> Page<T> {
    /// Makes a page of rows that may be one more than asked for.
    pub fn cut(
        db: &mut Db,
        mut rows: Vec<T>,
        request: &PageRequest,
        position: impl Fn(&T) -> Position,
    ) -> Result<Self> {
        let more = rows.len() > request.limit;
        rows.truncate(request.limit);
        let next = if more {
            rows.last().map(position)
        } else {
            None
        };
        let latest_change = change_sequence::table
            .find(1)
            .select(change_sequence::value)
            .get_result(db)?;
        Ok(Self {
            rows,
            next,
            latest_change,
        })
    }
}

/// Loads a page of a boxed query: by `change` when the request asks what was updated, else by `id`.
macro_rules! load_page {
    ($db:expr, $table:ident, $row:ty, $query:expr, $request:expr) => {{
        let request: &$crate::storage::paging::PageRequest = $request;
        let mut query = $query;
        match request.after_change() {
            Some(change) => {
                query = query
                    .filter($table::change.gt(change))
                    .order($table::change.asc());
            }
            None => {
                if let Some(id) = request.after_id() {
                    query = query.filter($table::id.gt(id.as_bytes().to_vec()));
                }
                query = query.order($table::id.asc());
            }
        }
        let rows: Vec<$row> = query
            .limit(request.rows())
            .select(<$row>::as_select())
            .load($db)?;
        $crate::storage::paging::Page::cut($db, rows, request, |row| match request.updated_since {
            Some(_) => $crate::storage::paging::Position::Change(row.change),
            None => $crate::storage::paging::Position::Id(row.id.0),
        })
    }};
}

/// Inserts, finds and saves rows of a table that has `id`, `version`, `change` and the two instants.
///
/// `create` and `save` give the row its change number and its audit entry; `save` compares the version in the
/// UPDATE's WHERE, so that a stale copy never wins.
macro_rules! resource {
    ($table:ident, $row:ident, $id:ty, $what:literal) => {
        $crate::storage::paging::finders!(pub, $table, $row, $id, $what);
        $crate::storage::paging::savers!($table, $row, $what);
        $crate::storage::paging::creators!($row, $what);

        impl $row {
            /// The thing with this id, if the caller's copy is the stored one.
            pub fn find_for_change(
                db: &mut $crate::storage::Db,
                id: $id,
                expected_version: Option<i64>,
            ) -> $crate::error::Result<Self> {
                Self::find(db, id)?.unless_stale(expected_version)
            }
        }
    };
    // Something that not every caller sees: from outside of storage it's only found within a scope.
    ($table:ident, $row:ident, $id:ty, $what:literal, seen: $seen:expr) => {
        $crate::storage::paging::finders!(pub(crate), $table, $row, $id, $what);
        $crate::storage::paging::savers!($table, $row, $what);
        $crate::storage::paging::creators!($row, $what);

        $crate::storage::paging::seers!($table, $row, $id, $what, $seen);
    };
}

/// Finds rows within a scope.
macro_rules! seers {
    ($table:ident, $row:ident, $id:ty, $what:literal, $seen:expr) => {
        impl $row {
            /// The rows that are seen; nothing where all are.
            pub(crate) fn seen(
                scope: &$crate::storage::Scope,
            ) -> Option<$crate::storage::scope::Seen<$table::table>> {
                let seen: fn(
                    &$crate::storage::Scope,
                ) -> Option<$crate::storage::scope::Seen<$table::table>> = $seen;
                seen(scope)
            }

            /// The thing with this id, where it's seen.
            pub fn find_in(
                db: &mut $crate::storage::Db,
                scope: &$crate::storage::Scope,
                id: $id,
            ) -> $crate::error::Result<Self> {
                let Some(seen) = Self::seen(scope) else {
                    return Self::find(db, id);
                };
                $table::table
                    .find(id)
                    .filter(seen)
                    .select(Self::as_select())
                    .get_result(db)
                    .optional()?
                    .ok_or($crate::error::Error::NotFound { what: $what })
            }

            /// The thing with this id, where whoever writes sees it.
            pub fn find_seen(
                tx: &mut $crate::storage::Tx<'_>,
                id: $id,
            ) -> $crate::error::Result<Self> {
                let scope = tx.scope();
                Self::find_in(tx.db, scope, id)
            }

            /// The same, if the caller's copy is the stored one.
            pub fn find_seen_for_change(
                tx: &mut $crate::storage::Tx<'_>,
                id: $id,
                expected_version: Option<i64>,
            ) -> $crate::error::Result<Self> {
                Self::find_seen(tx, id)?.unless_stale(expected_version)
            }
        }
    };
}

/// Finds rows by id, whoever asks.
macro_rules! finders {
    ($visibility:vis, $table:ident, $row:ident, $id:ty, $what:literal) => {
        impl $row {
            /// The thing with this id.
            $visibility fn find(
                db: &mut $crate::storage::Db,
                id: $id,
            ) -> $crate::error::Result<Self> {
                use $crate::storage::kept_text::Keep as _;
                $table::table
                    .find(id)
                    .select(Self::as_select())
                    .kept()
                    .get_result(db)
                    .optional()?
                    .ok_or($crate::error::Error::NotFound { what: $what })
            }
        }
    };
}

/// Inserts rows.
macro_rules! creators {
    ($row:ident, $what:literal) => {
        impl $row {
            /// Inserts this new thing.
            pub(crate) fn create(
                self,
                tx: &mut $crate::storage::Tx<'_>,
                action: &'static str,
            ) -> $crate::error::Result<Self> {
                let created = self.store_new(tx)?;
                tx.audit(
                    $crate::storage::audit::AuditDraft::new(action, $what, created.id.0)
                        .after(&created)?,
                );
                Ok(created)
            }
        }
    };
}

/// Stores rows, new and changed.
macro_rules! savers {
    ($table:ident, $row:ident, $what:literal) => {
        impl $row {
            /// Inserts this new thing without an audit entry, for a caller that makes one.
            pub(crate) fn store_new(
                mut self,
                tx: &mut $crate::storage::Tx<'_>,
            ) -> $crate::error::Result<Self> {
                use $crate::storage::kept_text::Keep as _;
                self.version = 1;
                self.change = tx.next_change()?;
                self.created_at = tx.now();
                self.updated_at = self.created_at;
                diesel::insert_into($table::table)
                    .values(&self)
                    .kept()
                    .execute(tx.db)?;
                Ok(self)
            }

            /// This thing, if the caller's copy is of the same version.
            pub(crate) fn unless_stale(
                self,
                expected_version: Option<i64>,
            ) -> $crate::error::Result<Self> {
                match expected_version {
                    Some(version) if version != self.version => Err($crate::error::Error::Stale {
                        current: self.version,
                    }),
                    _ => Ok(self),
                }
            }

            /// Saves this changed thing over the version it was read as.
            pub(crate) fn save(
                self,
                tx: &mut $crate::storage::Tx<'_>,
                action: &'static str,
                reason: Option<&str>,
            ) -> $crate::error::Result<Self> {
                let before = Self::find(tx.db, self.id)?;
                self.save_over(tx, &before, action, reason)
            }

            /// The same where the stored thing is at hand, as this write read it.
            pub(crate) fn save_over(
                self,
                tx: &mut $crate::storage::Tx<'_>,
                before: &Self,
                action: &'static str,
                reason: Option<&str>,
            ) -> $crate::error::Result<Self> {
                let saved = self.store_over(tx)?;
                tx.audit(
                    $crate::storage::audit::AuditDraft::new(action, $what, saved.id.0)
                        .because(reason)
                        .before(before)?
                        .after(&saved)?,
                );
                Ok(saved)
            }

            /// The same without an audit entry, for a caller that makes one of many.
            pub(crate) fn store_over(
                mut self,
                tx: &mut $crate::storage::Tx<'_>,
            ) -> $crate::error::Result<Self> {
                use $crate::storage::kept_text::Keep as _;
                let read_as = self.version;
                self.version = read_as + 1;
                self.change = tx.next_change()?;
                self.updated_at = tx.now();
                let saved = $crate::storage::kept::SaveRow::<Self, _>::new(
                    stringify!($table),
                    diesel::AsChangeset::as_changeset(&self),
                    &self.id.0,
                    &read_as,
                )
                .kept()
                .execute(tx.db)?;
                if saved == 0 {
                    return Err($crate::error::Error::Stale {
                        current: Self::find(tx.db, self.id)?.version,
                    });
                }
                Ok(self)
            }
        }
    };
}

/// Refuses a second thing with the same external id, naming the field.
macro_rules! refuse_taken_external_id {
    ($db:expr, $table:ident, $id:expr, $external_id:expr) => {{
        if let Some(external_id) = $external_id {
            let taken: i64 = $table::table
                .filter($table::external_id.eq(external_id))
                .filter($table::id.ne($id))
                .count()
                .get_result($db)?;
            if taken > 0 {
                return Err($crate::error::Error::Refused {
                    code: "external_id_taken",
                    detail:
                        "another one has this external_id; look it up with the external_id filter"
                            .into(),
                    breaches: vec![$crate::error::FieldError::new(
                        "/external_id",
                        "taken",
                        "choose an external_id that no other one has",
                    )],
                    conflicts: Vec::new(),
                });
            }
        }
    }};
}

pub(crate) use {creators, finders, load_page, refuse_taken_external_id, resource, savers, seers};
