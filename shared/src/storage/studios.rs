//! Studios.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::reminder_rules::ReminderRule;
use super::reminder_sync::{self, REACH_OF_CARE};
use super::schema::studios;
use super::stranded::Concerned;
use super::{Db, Scope, Tx, stranded};
use crate::domain::closed_days::ClosedDays;
use crate::domain::hours::{QuietHours, WeeklyHours};
use crate::domain::studio::{NewStudio, StudioPatch};
use crate::domain::text::{EmailAddress, ExternalId, Language, Name, Note, Telephone};
use crate::domain::{Instant, StudioId, TimeZoneName};
use crate::error::{Error, Result};

/// A place with its own clock, rooms, hours and mails.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = studios, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Studio {
    /// Its id.
    pub id: StudioId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// Its name, for staff.
    pub name: Name,
    /// The neutral name that its mails come from.
    pub sender_name: Name,
    /// What its mails call a session.
    pub service_label: Name,
    /// Where it stands in time.
    pub time_zone: TimeZoneName,
    /// The language of its mails.
    pub language: Language,
    /// The postal address.
    pub address: Option<Note>,
    /// How clients reach it.
    pub telephone: Option<Telephone>,
    /// Where replies to its mails go.
    pub email: Option<EmailAddress>,
    /// Whose law on keeping records applies.
    pub jurisdiction: Option<Name>,
    /// When it's open, on its own clock.
    #[schema(value_type = WeeklyHours)]
    pub opening_hours: Json<WeeklyHours>,
    /// When no mail goes out unless it answers the client, or would come too late.
    #[schema(value_type = Option<QuietHours>)]
    pub quiet_hours: Option<Json<QuietHours>>,
    /// Until how many hours before the start a client may cancel.
    pub cancellation_cutoff_hours: i32,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// Whether clients may choose another time themselves, on their page; else they ask for one.
    pub client_may_move: bool,
    /// Where staff are told each morning how much waits for them, and soon after a client did something on their page; nowhere
    /// without one.
    pub digest_email: Option<EmailAddress>,
    /// How many hours before its start a session that isn't confirmed becomes a task.
    pub unconfirmed_task_hours: i32,
    /// When it stays closed whatever its week says.
    #[schema(value_type = ClosedDays)]
    pub closed_days: Json<ClosedDays>,
}

resource!(studios, Studio, StudioId, "studio", seen: |scope| {
    let ids = scope.studio_ids()?;
    Some(Box::new(studios::id.eq_any(ids.to_vec())))
});

/// Which studios are asked for.
#[derive(Clone, Debug, Default)]
pub struct StudioFilter {
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
}

impl Studio {
    /// Opens a studio.
    pub fn open(tx: &mut Tx<'_>, new: &NewStudio) -> Result<Self> {
        if tx.scope().studio_ids().is_some() {
            return Err(Error::Forbidden {
                detail:
                    "this key is limited to its studios: open a new one with a key that sees all"
                        .into(),
            });
        }
        let id = StudioId::new();
        refuse_taken_external_id!(tx.db, studios, id, &new.external_id);
        let now = tx.now();
        let studio = Self {
            id,
            external_id: new.external_id.clone(),
            name: new.name.clone(),
            sender_name: new.sender_name.name().clone(),
            service_label: new.service_label.name().clone(),
            time_zone: new.time_zone,
            language: new.language.clone(),
            address: new.address.clone(),
            telephone: new.telephone.clone(),
            email: new.email.clone(),
            jurisdiction: new.jurisdiction.clone(),
            opening_hours: Json(new.opening_hours.clone()),
            quiet_hours: new.quiet_hours.map(Json),
            cancellation_cutoff_hours: i32::from(new.cancellation_cutoff_hours.get()),
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
            client_may_move: new.client_may_move,
            digest_email: new.digest_email.clone(),
            unconfirmed_task_hours: i32::from(new.unconfirmed_task_hours.get()),
            closed_days: Json(new.closed_days.clone()),
        };
        let studio = studio.create(tx, "studio.opened")?;
        ReminderRule::make_usual(tx, studio.id)?;
        Ok(studio)
    }

    /// Changes a studio.
    pub fn change(
        tx: &mut Tx<'_>,
        id: StudioId,
        expected: Option<i64>,
        patch: &StudioPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut studio = before.clone();
        patch.name.apply(&mut studio.name);
        if let Some(name) = patch.sender_name.value() {
            studio.sender_name = name.name().clone();
        }
        if let Some(label) = patch.service_label.value() {
            studio.service_label = label.name().clone();
        }
        patch.time_zone.apply(&mut studio.time_zone);
        patch.language.apply(&mut studio.language);
        if let Some(hours) = patch.opening_hours.value() {
            studio.opening_hours = Json(hours.clone());
        }
        if let Some(days) = patch.closed_days.value() {
            studio.closed_days = Json(days.clone());
        }
        if let Some(hours) = patch.cancellation_cutoff_hours.value() {
            studio.cancellation_cutoff_hours = i32::from(hours.get());
        }
        patch.client_may_move.apply(&mut studio.client_may_move);
        if let Some(hours) = patch.unconfirmed_task_hours.value() {
            studio.unconfirmed_task_hours = i32::from(hours.get());
        }
        patch.digest_email.apply(&mut studio.digest_email);
        patch.address.apply(&mut studio.address);
        patch.telephone.apply(&mut studio.telephone);
        patch.email.apply(&mut studio.email);
        patch.jurisdiction.apply(&mut studio.jurisdiction);
        let mut quiet_hours = studio.quiet_hours.map(|hours| hours.0);
        patch.quiet_hours.apply(&mut quiet_hours);
        studio.quiet_hours = quiet_hours.map(Json);
        patch.external_id.apply(&mut studio.external_id);
        if studio == before {
            return Ok(before);
        }
        refuse_taken_external_id!(tx.db, studios, id, &studio.external_id);
        let studio = studio.save(tx, "studio.changed", None)?;
        let clock_changed = studio.time_zone != before.time_zone;
        if clock_changed || studio.language != before.language {
            reminder_sync::reword_for_studio(tx, studio.id)?;
        }
        if clock_changed
            || quiet_hours != before.quiet_hours.map(|hours| hours.0)
            || studio.cancellation_cutoff_hours != before.cancellation_cutoff_hours
        {
            reminder_sync::sync_studio(tx, studio.id, REACH_OF_CARE)?;
        }
        if clock_changed
            || studio.opening_hours != before.opening_hours
            || studio.closed_days != before.closed_days
        {
            stranded::recheck(tx, Concerned::At(studio.id))?;
        }
        Ok(studio)
    }

    /// A page of studios.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &StudioFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = studios::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(studios::external_id.eq(external_id.clone()));
        }
        load_page!(db, studios, Studio, query, page)
    }
}
