//! What a worker looks for once in a while, whether or not mail can go: whatever becomes a task by the clock alone.

use std::collections::HashMap;

use chrono::TimeDelta;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::Tx;
use super::once::once;
use super::plans::Plan;
use super::schema::{sessions, studios, tasks};
use super::sessions::{Session, holds_time};
use super::studios::Studio;
use super::tasks::Task;
use crate::domain::gap::gap_after;
use crate::domain::local_time::{add_days, start_of_day};
use crate::domain::session::outcome_is_missed_at;
use crate::domain::task::{NewTask, TaskOutcome};
use crate::domain::text::Note;
use crate::domain::{
    Anchor, Instant, PlanId, ReminderStep, SessionState, StudioId, TaskKind, TaskState,
};
use crate::error::{Error, Result};

/// Opens a task for each session whose client hasn't confirmed so many hours before its start as the studio waits.
pub fn open_unconfirmed_tasks(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let waits: Vec<(StudioId, i32)> = studios::table
        .select((studios::id, studios::unconfirmed_task_hours))
        .load(tx.db)?;
    let mut opened = 0;
    for (studio_id, hours) in waits {
        let unconfirmed: Vec<Session> = sessions::table
            .filter(sessions::studio_id.eq(studio_id))
            .filter(sessions::state.eq(SessionState::Booked))
            .filter(sessions::starts_at.gt(now))
            .filter(sessions::starts_at.le(now + TimeDelta::hours(hours.into())))
            .select(Session::as_select())
            .load(tx.db)?;
        for session in unconfirmed {
            let task = NewTask {
                studio_id,
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
    }
    Ok(opened)
}

/// So many tasks are opened or closed in one write.
const TASKS_AT_ONCE: usize = 500;

/// Opens the tasks that go by days: sessions without an outcome, and what should be booked by now. Answers whether that's all
/// of them; else the rest waits for the next look, because other writes wait for this one.
pub fn open_tasks_of_days(tx: &mut Tx<'_>) -> Result<bool> {
    let without_outcome = open_outcome_tasks(tx)?;
    let overdue = open_overdue_tasks(tx)?;
    Ok(without_outcome < TASKS_AT_ONCE && overdue < TASKS_AT_ONCE)
}

/// Opens a task for each session whose day is over and of which nothing says what became of it.
fn open_outcome_tasks(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let known = tasks::table
        .filter(tasks::kind.eq(TaskKind::OutcomeMissing))
        .filter(tasks::state.eq(TaskState::Open))
        .filter(tasks::session_id.is_not_null())
        .select(tasks::session_id.assume_not_null());
    let ended: Vec<Session> = sessions::table
        .filter(holds_time())
        .filter(sessions::ends_at.le(now))
        .filter(sessions::id.ne_all(known))
        .select(Session::as_select())
        .load(tx.db)?;
    let mut studios: HashMap<StudioId, Studio> = HashMap::new();
    let mut opened = 0;
    for session in ended {
        if opened == TASKS_AT_ONCE {
            break;
        }
        let studio = once(&mut studios, session.studio_id, || {
            Studio::find(tx.db, session.studio_id)
        })?;
        let Some(ends_at) = session.ends_at else {
            continue;
        };
        let due_at = outcome_is_missed_at(ends_at, studio.time_zone.0);
        if now < due_at {
            continue;
        }
        // Whoever takes an outcome back is asked for the right one.
        let stands_since = session.recorded_at.unwrap_or(session.created_at);
        let task = NewTask {
            studio_id: session.studio_id,
            kind: TaskKind::OutcomeMissing,
            dedupe_key: format!("outcome_missing:{}:{}", session.id, stands_since.millis()),
            client_id: Some(session.client_id),
            plan_id: session.plan_id,
            session_id: Some(session.id),
            mail_id: None,
            detail: serde_json::Map::new(),
            due_at,
        };
        opened += usize::from(Task::open(tx, task)?.is_some());
    }
    Ok(opened)
}

/// What is to be done before a session starts, and is of no use later.
const BEFORE_THE_START: [TaskKind; 4] = [
    TaskKind::Unconfirmed,
    TaskKind::PractitionerLeft,
    TaskKind::HoursBreach,
    TaskKind::NoUsableAddress,
];

/// Closes the tasks that a session's start has overtaken.
pub fn close_overtaken_tasks(tx: &mut Tx<'_>) -> Result<usize> {
    let has_started = sessions::table
        .filter(sessions::id.nullable().eq(tasks::session_id))
        .filter(sessions::starts_at.le(tx.now()));
    let overtaken: Vec<Task> = tasks::table
        .filter(tasks::state.eq(TaskState::Open))
        .filter(tasks::kind.eq_any(BEFORE_THE_START))
        .filter(exists(has_started))
        .order(tasks::id)
        .select(Task::as_select())
        .load(tx.db)?;
    let mut closed = 0;
    let overtaken = overtaken.into_iter().filter(|task| !is_about_care(task));
    for task in overtaken.take(TASKS_AT_ONCE) {
        let why = Note::literal("The session's time has come: this isn't needed any more.");
        task.end(tx, TaskOutcome::Done, Some(&why))?;
        closed += 1;
    }
    Ok(closed)
}

/// Whether a task is about a mail that follows a session.
fn is_about_care(task: &Task) -> bool {
    let step = task.detail.get("step").and_then(|step| step.as_str());
    step.and_then(ReminderStep::parse)
        .is_some_and(|step| step.anchor() == Anchor::Care)
}

/// So many ids stand in one query.
const PLANS_AT_ONCE: usize = 500;

/// Opens a task for each session of a plan that isn't booked though the best days for it are over.
fn open_overdue_tasks(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let known = tasks::table
        .filter(tasks::kind.eq(TaskKind::OverdueForBooking))
        .filter(tasks::session_id.is_not_null())
        .select(tasks::session_id.assume_not_null());
    let waiting: Vec<Session> = sessions::table
        .filter(sessions::state.eq(SessionState::Planned))
        .filter(sessions::ordinal.gt(1))
        .filter(sessions::id.ne_all(known))
        .select(Session::as_select())
        .load(tx.db)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut plans: Vec<PlanId> = waiting.iter().filter_map(|it| it.plan_id).collect();
    plans.sort_unstable();
    plans.dedup();
    let mut done: HashMap<(PlanId, i32), Instant> = HashMap::new();
    for some in plans.chunks(PLANS_AT_ONCE) {
        let completed: Vec<Session> = sessions::table
            .filter(sessions::plan_id.assume_not_null().eq_any(some.to_vec()))
            .filter(sessions::state.eq(SessionState::Completed))
            .select(Session::as_select())
            .load(tx.db)?;
        done.extend(completed.into_iter().filter_map(|session| {
            let place = (session.plan_id?, session.ordinal?);
            Some((place, session.completed_at?))
        }));
    }
    let mut studios: HashMap<StudioId, Studio> = HashMap::new();
    let mut plans_read: HashMap<PlanId, Plan> = HashMap::new();
    let mut opened = 0;
    for session in waiting {
        if opened == TASKS_AT_ONCE {
            break;
        }
        let (Some(plan_id), Some(ordinal)) = (session.plan_id, session.ordinal) else {
            continue;
        };
        let Some(completed_at) = done.get(&(plan_id, ordinal - 1)) else {
            continue;
        };
        let studio = once(&mut studios, session.studio_id, || {
            Studio::find(tx.db, session.studio_id)
        })?;
        let zone = studio.time_zone.0;
        let plan = once(&mut plans_read, plan_id, || Plan::find(tx.db, plan_id))?;
        let before = u8::try_from(ordinal - 1).map_err(Error::internal)?;
        let Some(gap) = gap_after(&plan.gaps, before) else {
            continue;
        };
        let window = gap.window(completed_at.day_at(zone));
        if now.day_at(zone) <= window.recommended_until {
            continue;
        }
        let mut detail = serde_json::Map::new();
        detail.insert("latest_day".into(), window.latest.to_string().into());
        let task = NewTask {
            studio_id: session.studio_id,
            kind: TaskKind::OverdueForBooking,
            dedupe_key: format!(
                "overdue_for_booking:{}:{}",
                session.id,
                completed_at.millis()
            ),
            client_id: Some(session.client_id),
            plan_id: Some(plan_id),
            session_id: Some(session.id),
            mail_id: None,
            detail,
            due_at: start_of_day(add_days(window.latest, 1), zone),
        };
        opened += usize::from(Task::open(tx, task)?.is_some());
    }
    Ok(opened)
}
