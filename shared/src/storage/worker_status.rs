//! What each reminder worker says of itself, so that the API can tell when ticks stop and why mail is held.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::Tx;
use super::schema::worker_status;
use crate::domain::Instant;
use crate::error::Result;

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = worker_status, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row<'a> {
    id: &'a str,
    last_tick_at: Instant,
    paused_until: Option<Instant>,
    alarm: Option<&'a str>,
}

/// Notes a tick of a worker, and what holds it up where something does.
pub fn note_tick(
    tx: &mut Tx<'_>,
    worker: &str,
    paused_until: Option<Instant>,
    alarm: Option<&str>,
) -> Result<()> {
    let row = Row {
        id: worker,
        last_tick_at: tx.now(),
        paused_until,
        alarm,
    };
    let known = diesel::update(worker_status::table.find(worker))
        .set(&row)
        .execute(tx.db)?;
    if known == 0 {
        diesel::insert_into(worker_status::table)
            .values(&row)
            .execute(tx.db)?;
        // Rows of workers that are long gone would only confuse.
        let long_ago = tx.now() - TimeDelta::days(7);
        diesel::delete(worker_status::table.filter(worker_status::last_tick_at.lt(long_ago)))
            .execute(tx.db)?;
    }
    Ok(())
}
