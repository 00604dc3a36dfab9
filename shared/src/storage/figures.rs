//! Figures for whoever watches: counts and ages, nothing about a person.

use chrono::TimeDelta;
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;

use super::Db;
use super::schema::{reminders, tasks, worker_status};
use crate::domain::{Instant, ReminderState, ReminderStep, TaskState};
use crate::error::Result;

/// So many rows of the ledger have this step and state.
#[derive(Debug, Queryable)]
pub struct ReminderCount {
    /// The step.
    pub step: ReminderStep,
    /// The state.
    pub state: ReminderState,
    /// How many.
    pub rows: i64,
}

/// What is due of a step and still scheduled.
#[derive(Debug)]
pub struct DueFigures {
    /// The step.
    pub step: ReminderStep,
    /// How many.
    pub rows: i64,
    /// How long the oldest of them has been waiting.
    pub oldest_age_millis: i64,
}

/// What is shown as metrics.
#[derive(Debug)]
pub struct Figures {
    /// The ledger by step and state.
    pub reminders: Vec<ReminderCount>,
    /// What is due and still scheduled, by step.
    pub due: Vec<DueFigures>,
    /// How long ago the newest tick of any worker was.
    pub last_tick_age_millis: Option<i64>,
    /// What holds mail up and somebody has to mend, and at how many workers that ticked lately.
    pub alarms: Vec<(Option<String>, i64)>,
    /// Open tasks.
    pub open_tasks: i64,
}

impl Figures {
    /// Reads the figures as they stand.
    pub fn read(db: &mut Db, now: Instant) -> Result<Self> {
        let due: Vec<(ReminderStep, i64, Option<i64>)> = reminders::table
            .filter(reminders::state.eq(ReminderState::Scheduled))
            .filter(reminders::due_at.le(now))
            .group_by(reminders::step)
            .select((reminders::step, count_star(), min(reminders::due_at)))
            .load(db)?;
        Ok(Self {
            reminders: reminders::table
                .group_by((reminders::step, reminders::state))
                .select((reminders::step, reminders::state, count_star()))
                .load(db)?,
            due: due
                .into_iter()
                .map(|(step, rows, oldest)| DueFigures {
                    step,
                    rows,
                    oldest_age_millis: oldest.map_or(0, |at| now.millis() - at),
                })
                .collect(),
            last_tick_age_millis: last_tick(db)?.map(|at| now.millis() - at.millis()),
            alarms: worker_status::table
                .filter(worker_status::alarm.is_not_null())
                .filter(worker_status::last_tick_at.ge(now - TimeDelta::minutes(5)))
                .group_by(worker_status::alarm)
                .select((worker_status::alarm, count_star()))
                .load(db)?,
            open_tasks: tasks::table
                .filter(tasks::state.eq(TaskState::Open))
                .count()
                .get_result(db)?,
        })
    }
}

/// When this worker last ticked.
pub fn last_tick_of(db: &mut Db, worker: &str) -> Result<Option<Instant>> {
    Ok(worker_status::table
        .find(worker)
        .select(worker_status::last_tick_at)
        .get_result(db)
        .optional()?)
}

/// When a worker last ticked, in any process.
pub fn last_tick(db: &mut Db) -> Result<Option<Instant>> {
    let newest: Option<i64> = worker_status::table
        .select(max(worker_status::last_tick_at))
        .get_result(db)?;
    Ok(newest.map(Instant::from_millis))
}
