//! Practitioners.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::references::named;
use super::schema::{practitioners, sessions};
use super::scope::practitioners_seen;
use super::stranded::Concerned;
use super::studios::Studio;
use super::{Db, Scope, Tx, leaving, stranded};
use crate::domain::hours::WorkingHours;
use crate::domain::practitioner::{NewPractitioner, PractitionerPatch};
use crate::domain::text::{EmailAddress, ExternalId, Name};
use crate::domain::{Instant, PractitionerId};
use crate::error::{Error, Result};

/// Somebody who treats clients.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = practitioners, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Practitioner {
    /// Their id.
    pub id: PractitionerId,
    /// Another system's name for them.
    pub external_id: Option<ExternalId>,
    /// Their name.
    pub name: Name,
    /// Their licence number.
    pub licence_number: Option<Name>,
    /// Their e-mail address. Nothing is sent to it: mails to staff go to the studio's `digest_email`.
    pub email: Option<EmailAddress>,
    /// Whether sessions can be booked with them.
    pub active: bool,
    /// What is kept free after each of their sessions, in minutes.
    pub buffer_minutes: i32,
    /// When they work, for each studio.
    #[schema(value_type = WorkingHours)]
    pub working_hours: Json<WorkingHours>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When they were added.
    pub created_at: Instant,
    /// When they were last changed.
    pub updated_at: Instant,
}

resource!(
    practitioners,
    Practitioner,
    PractitionerId,
    "practitioner",
    seen: practitioners_seen
);

/// Which practitioners are asked for.
#[derive(Clone, Debug, Default)]
pub struct PractitionerFilter {
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
    /// Only those who can be booked, or only those who can't.
    pub active: Option<bool>,
}

impl Practitioner {
    /// Adds a practitioner.
    pub fn add(tx: &mut Tx<'_>, new: &NewPractitioner) -> Result<Self> {
        let id = PractitionerId::new();
        refuse_taken_external_id!(tx.db, practitioners, id, &new.external_id);
        refuse_unknown_studios(tx, &new.working_hours, None)?;
        let now = tx.now();
        let practitioner = Self {
            id,
            external_id: new.external_id.clone(),
            name: new.name.clone(),
            licence_number: new.licence_number.clone(),
            email: new.email.clone(),
            active: true,
            buffer_minutes: i32::from(new.buffer_minutes.get()),
            working_hours: Json(new.working_hours.clone()),
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        practitioner.create(tx, "practitioner.added")
    }

    /// Changes a practitioner.
    pub fn change(
        tx: &mut Tx<'_>,
        id: PractitionerId,
        expected: Option<i64>,
        patch: &PractitionerPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut practitioner = before.clone();
        patch.name.apply(&mut practitioner.name);
        patch.licence_number.apply(&mut practitioner.licence_number);
        patch.email.apply(&mut practitioner.email);
        patch.active.apply(&mut practitioner.active);
        patch.external_id.apply(&mut practitioner.external_id);
        if let Some(buffer) = patch.buffer_minutes.value() {
            practitioner.buffer_minutes = i32::from(buffer.get());
        }
        if let Some(hours) = patch.working_hours.value() {
            refuse_unknown_studios(tx, hours, Some(&practitioner.working_hours))?;
            practitioner.working_hours =
                Json(with_unseen(tx.scope(), hours, &practitioner.working_hours)?);
        }
        if practitioner == before {
            return Ok(before);
        }
        if practitioner.active != before.active {
            refuse_unless_all_seen(tx, &practitioner)?;
        }
        refuse_taken_external_id!(tx.db, practitioners, id, &practitioner.external_id);
        let practitioner = practitioner.save(tx, "practitioner.changed", None)?;
        match (before.active, practitioner.active) {
            (true, false) => leaving::leave(tx, &practitioner)?,
            (false, true) => leaving::come_back(tx, &practitioner)?,
            _ => {}
        }
        if practitioner.working_hours != before.working_hours {
            stranded::recheck(tx, Concerned::Of(practitioner.id))?;
        }
        Ok(practitioner)
    }

    /// A page of practitioners.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &PractitionerFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = practitioners::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(practitioners::external_id.eq(external_id.clone()));
        }
        if let Some(active) = filter.active {
            query = query.filter(practitioners::active.eq(active));
        }
        load_page!(db, practitioners, Practitioner, query, page)
    }
}

/// Refuses hours at a studio that isn't seen, unless they were there before.
fn refuse_unknown_studios(
    tx: &mut Tx<'_>,
    hours: &WorkingHours,
    before: Option<&WorkingHours>,
) -> Result<()> {
    for (place, hours) in hours.hours().iter().enumerate() {
        let was_there = before.is_some_and(|before| {
            before
                .hours()
                .iter()
                .any(|one| one.studio_id == hours.studio_id)
        });
        if !was_there {
            named(
                Studio::find_seen(tx, hours.studio_id),
                &format!("/working_hours/{place}/studio_id"),
            )?;
        }
    }
    Ok(())
}

/// New hours, with the old ones at studios that whoever writes doesn't see.
fn with_unseen(scope: &Scope, new: &WorkingHours, old: &WorkingHours) -> Result<WorkingHours> {
    let seen = new
        .hours()
        .iter()
        .filter(|one| scope.sees_studio(one.studio_id));
    let unseen = old
        .hours()
        .iter()
        .filter(|one| !scope.sees_studio(one.studio_id));
    WorkingHours::new(seen.chain(unseen).copied().collect())
        .map_err(|detail| Error::invalid("/working_hours", "invalid_value", detail))
}

/// Whether somebody works at all belongs to every studio where they do.
fn refuse_unless_all_seen(tx: &mut Tx<'_>, practitioner: &Practitioner) -> Result<()> {
    let Some(ids) = tx.scope().studio_ids() else {
        return Ok(());
    };
    let works_elsewhere = practitioner
        .working_hours
        .hours()
        .iter()
        .any(|one| !ids.contains(&one.studio_id));
    let elsewhere: i64 = sessions::table
        .filter(sessions::practitioner_id.eq(practitioner.id))
        .filter(sessions::studio_id.ne_all(ids.to_vec()))
        .count()
        .get_result(tx.db)?;
    if works_elsewhere || elsewhere > 0 {
        return Err(Error::Forbidden {
            detail: "they work at other studios too: it takes a key that sees all of those".into(),
        });
    }
    Ok(())
}
