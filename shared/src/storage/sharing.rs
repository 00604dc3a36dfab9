//! When a client, or who treats them, comes into somebody's view who didn't see them before.
//!
//! Whoever keeps a copy by `updated_since` asks for what changed after a number. What was there before, and is only now to
//! be seen, must therefore change again: the client and their file move to the end of the change sequence.

use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use super::Tx;
use super::columns::Json;
use super::kept::MoveRow;
use super::kept_text::Keep as _;
use super::schema::{
    api_keys, assessments, clients, pigment_records, plans, practitioners, reminders,
    safety_notice_recipients, sessions, tasks,
};
use super::studio_marks;
use crate::domain::hours::WorkingHours;
use crate::domain::{ClientId, PractitionerId, StudioId};
use crate::error::Result;

/// Before a client is registered at a studio or gets a session there. Searches there find them from then on. The row that is
/// about to be saved for that moves by itself.
pub(super) fn reaches_studio(
    tx: &mut Tx<'_>,
    id: ClientId,
    studio_id: StudioId,
    saved: Uuid,
) -> Result<()> {
    let here: i64 = clients::table
        .filter(clients::id.eq(id))
        .filter(clients::studio_id.eq(studio_id))
        .count()
        .kept()
        .get_result(tx.db)?;
    if here > 0 {
        return Ok(());
    }
    // Of the two columns only the client's finds few rows, which an engine can't know: so it's asked for that alone.
    let studios: Vec<StudioId> = sessions::table
        .filter(sessions::client_id.eq(id))
        .select(sessions::studio_id)
        .kept()
        .load(tx.db)?;
    if !studios.contains(&studio_id) {
        studio_marks::add(tx.db, id, studio_id)?;
        move_file(tx, id, saved)
    } else {
        Ok(())
    }
}

/// The same before a client gets a session or a plan with a practitioner at a studio, where the practitioner may be new too.
pub(super) fn reaches_practitioner(
    tx: &mut Tx<'_>,
    id: ClientId,
    practitioner_id: Option<PractitionerId>,
    studio_id: StudioId,
    saved: Uuid,
) -> Result<()> {
    let Some(practitioner_id) = practitioner_id else {
        return Ok(());
    };
    shows_practitioner(tx, practitioner_id, studio_id)?;
    // Mostly nobody is limited to their own clients, and nothing is to be done.
    let limited: i64 = api_keys::table
        .filter(api_keys::practitioner_id.eq(practitioner_id))
        .filter(api_keys::own_clients_only.eq(true))
        .filter(api_keys::revoked_at.is_null())
        .count()
        .kept()
        .get_result(tx.db)?;
    if limited == 0 {
        return Ok(());
    }
    let mut treats: Vec<Option<PractitionerId>> = sessions::table
        .filter(sessions::client_id.eq(id))
        .select(sessions::practitioner_id)
        .kept()
        .load(tx.db)?;
    treats.extend(
        plans::table
            .filter(plans::client_id.eq(id))
            .select(plans::practitioner_id)
            .load::<Option<PractitionerId>>(tx.db)?,
    );
    if !treats.contains(&Some(practitioner_id)) {
        move_file(tx, id, saved)
    } else {
        Ok(())
    }
}

/// Before a practitioner gets a session at a studio: there they are seen from then on, also where they have no hours.
fn shows_practitioner(tx: &mut Tx<'_>, id: PractitionerId, studio_id: StudioId) -> Result<()> {
    let hours: Json<WorkingHours> = practitioners::table
        .filter(practitioners::id.eq(id))
        .select(practitioners::working_hours)
        .kept()
        .get_result(tx.db)?;
    if hours
        .hours()
        .iter()
        .any(|window| window.studio_id == studio_id)
    {
        return Ok(());
    }
    let has_been_here: bool = diesel::select(exists(
        sessions::table
            .filter(sessions::practitioner_id.eq(id))
            .filter(sessions::studio_id.eq(studio_id)),
    ))
    .get_result(tx.db)?;
    if has_been_here {
        return Ok(());
    }
    let change = tx.next_change()?;
    let row = id.0.as_bytes().to_vec();
    MoveRow::new(practitioners::table, "practitioners", row, change)
        .kept()
        .execute(tx.db)?;
    Ok(())
}

/// Gives the client and all that is theirs new change numbers, and so new versions: the number is part of what is shown.
fn move_file(tx: &mut Tx<'_>, id: ClientId, saved: Uuid) -> Result<()> {
    macro_rules! move_rows {
        ($($table:ident by $column:ident),+) => {$({
            let rows: Vec<Vec<u8>> = $table::table
                .filter($table::$column.eq(id))
                .filter($table::id.ne(saved.as_bytes().to_vec()))
                .order($table::id)
                .select($table::id)
                .kept()
                .load(tx.db)?;
            for row in rows {
                let change = tx.next_change()?;
                MoveRow::new($table::table, stringify!($table), row, change)
                    .kept()
                    .execute(tx.db)?;
            }
        })+};
    }
    move_rows!(
        clients by id,
        assessments by client_id,
        plans by client_id,
        sessions by client_id,
        pigment_records by client_id,
        reminders by client_id,
        tasks by client_id,
        safety_notice_recipients by client_id
    );
    Ok(())
}
