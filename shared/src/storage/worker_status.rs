//! What each reminder worker says of itself, so that the API can tell when ticks stop and why mail is held.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::Tx;
use super::schema::{sessions, worker_status};
use super::sessions::Session;
use super::tasks::Task;
use crate::domain::task::NewTask;
use crate::domain::{Instant, SessionState, TaskKind};
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

/// Opens a task for each session that starts within 48 hours and that its client hasn't confirmed.
pub fn open_unconfirmed_tasks(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let unconfirmed: Vec<Session> = sessions::table
        .filter(sessions::state.eq(SessionState::Booked))
        .filter(sessions::starts_at.gt(now))
        .filter(sessions::starts_at.le(now + TimeDelta::hours(48)))
        .select(Session::as_select())
        .load(tx.db)?;
    let mut opened = 0;
    for session in unconfirmed {
        let task = NewTask {
            studio_id: session.studio_id,
            kind: TaskKind::Unconfirmed,
            dedupe_key: format!("unconfirmed:{}:{}", session.id, session.schedule_version),
            client_id: Some(session.client_id),
            plan_id: session.plan_id,
            session_id: Some(session.id),
            mail_id: None,
            detail: serde_json::Map::new(),
            due_at: session.starts_at.unwrap_or(now),
        };
        opened += usize::from(Task::open(tx, task)?.is_some());
    }
    Ok(opened)
}
