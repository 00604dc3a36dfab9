//! When practitioners are away.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::{Page, PageRequest, load_page, resource};
use super::practitioners::Practitioner;
use super::schema::time_off;
use super::stranded::Concerned;
use super::{Db, Scope, Tx, stranded};
use crate::domain::practitioner::NewTimeOff;
use crate::domain::text::Note;
use crate::domain::{Instant, PractitionerId, TimeOffId};
use crate::error::{Error, Result};

/// A time in which a practitioner isn't booked.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = time_off, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TimeOff {
    /// Its id.
    pub id: TimeOffId,
    /// Whose it is.
    pub practitioner_id: PractitionerId,
    /// From when.
    pub starts_at: Instant,
    /// Until when, exclusive.
    pub ends_at: Instant,
    /// What for.
    pub note: Option<Note>,
    /// When it was taken back, where it was.
    pub deleted_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was entered.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(time_off, TimeOff, TimeOffId, "time_off");

impl TimeOff {
    /// Enters time off. Sessions that are already booked in it stay: they are listed for staff to move.
    pub fn enter(
        tx: &mut Tx<'_>,
        practitioner_id: PractitionerId,
        new: &NewTimeOff,
    ) -> Result<Self> {
        Practitioner::find_seen(tx, practitioner_id)?;
        if new.starts_at >= new.ends_at {
            return Err(Error::invalid(
                "/ends_at",
                "not_after_start",
                "end after the start",
            ));
        }
        let now = tx.now();
        let entered = Self {
            id: TimeOffId::new(),
            practitioner_id,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            note: new.note.clone(),
            deleted_at: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        let entered = entered.create(tx, "time_off.entered")?;
        entered.recheck(tx)?;
        Ok(entered)
    }

    /// Takes time off back; doing so twice is as doing it once.
    pub fn take_back(
        tx: &mut Tx<'_>,
        practitioner_id: PractitionerId,
        id: TimeOffId,
        expected: Option<i64>,
    ) -> Result<()> {
        Practitioner::find_seen(tx, practitioner_id)?;
        let found = Self::find(tx.db, id)?;
        if found.practitioner_id != practitioner_id {
            return Err(Error::NotFound { what: "time_off" });
        }
        if found.deleted_at.is_some() {
            return Ok(());
        }
        let mut found = Self::find_for_change(tx.db, id, expected)?;
        found.deleted_at = Some(tx.now());
        found.save(tx, "time_off.taken_back", None)?.recheck(tx)
    }

    fn recheck(&self, tx: &mut Tx<'_>) -> Result<()> {
        let within = Concerned::Within(self.practitioner_id, self.starts_at, self.ends_at);
        stranded::recheck(tx, within)
    }

    /// A page of a practitioner's time off; what was taken back only shows among the changes.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        practitioner_id: PractitionerId,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        Practitioner::find_in(db, scope, practitioner_id)?;
        let mut query = time_off::table
            .filter(time_off::practitioner_id.eq(practitioner_id))
            .into_boxed();
        if page.updated_since.is_none() {
            query = query.filter(time_off::deleted_at.is_null());
        }
        load_page!(db, time_off, TimeOff, query, page)
    }

    /// The times in which a practitioner is away between two instants.
    pub fn of(
        db: &mut Db,
        practitioner_id: PractitionerId,
        starts_at: Instant,
        ends_at: Instant,
    ) -> Result<Vec<Self>> {
        Ok(time_off::table
            .filter(time_off::practitioner_id.eq(practitioner_id))
            .filter(time_off::deleted_at.is_null())
            .filter(time_off::starts_at.lt(ends_at))
            .filter(time_off::ends_at.gt(starts_at))
            .order(time_off::starts_at)
            .select(Self::as_select())
            .load(db)?)
    }

    /// The times in which any of these practitioners is away between two instants.
    pub fn between(
        db: &mut Db,
        practitioner_ids: &[PractitionerId],
        starts_at: Instant,
        ends_at: Instant,
    ) -> Result<Vec<Self>> {
        Ok(time_off::table
            .filter(time_off::practitioner_id.eq_any(practitioner_ids.to_vec()))
            .filter(time_off::deleted_at.is_null())
            .filter(time_off::starts_at.lt(ends_at))
            .filter(time_off::ends_at.gt(starts_at))
            .order(time_off::starts_at)
            .select(Self::as_select())
            .load(db)?)
    }
}
