//! A client's timeline and a plan with all that belongs to it: each in one snapshot, by as many queries as there are kinds
//! of things, however many things there are.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::assessments::Assessment;
use super::clients::Client;
use super::dialect::{Db, MultiBackend};
use super::paging::{PageRequest, Position};
use super::pigment_records::PigmentRecord;
use super::plans::Plan;
use super::reminders::Reminder;
use super::schema::{
    assessments, pigment_records, plans, reminders, session_transitions, sessions, tasks,
};
use super::scope::Scope;
use super::session_history::SessionTransition;
use super::sessions::Session;
use super::tasks::Task;
use crate::domain::{ClientId, Instant, PlanId, SessionId};
use crate::error::Result;

/// The kinds of things in a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// An assessment, at the time at which it took place. The front desk sees none.
    Assessment,
    /// A plan, at the time at which it was opened.
    Plan,
    /// A session with what was done with it, at its start, or when it was planned where it has no time.
    Session,
    /// A pigment record, at the time at which the pigment was used. The front desk sees none.
    PigmentRecord,
    /// A reminder, at the time at which it's due.
    Reminder,
    /// A task, at the time at which it was opened.
    Task,
}

/// Something in a timeline.
#[derive(Clone, Debug)]
pub enum TimelineThing {
    /// An assessment.
    Assessment(Box<Assessment>),
    /// A plan.
    Plan(Box<Plan>),
    /// A session with its steps, oldest first.
    Session(Box<Session>, Vec<SessionTransition>),
    /// A pigment record.
    PigmentRecord(Box<PigmentRecord>),
    /// A reminder.
    Reminder(Box<Reminder>),
    /// A task.
    Task(Box<Task>),
}

/// Something in a timeline, and its place there.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// When.
    pub at: Instant,
    /// The thing's id, which orders what has the same time.
    pub id: Uuid,
    /// What.
    pub thing: TimelineThing,
}

/// Which part of a timeline is asked for.
#[derive(Clone, Debug, Default)]
pub struct TimelineFilter {
    /// Only things of these kinds; of all where none is named.
    pub kinds: Vec<TimelineKind>,
    /// Only from this instant on.
    pub from: Option<Instant>,
    /// Only before this instant.
    pub before: Option<Instant>,
}

impl TimelineFilter {
    fn wants(&self, kind: TimelineKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// Loads at most a page of one kind of thing: what comes after the page's beginning, in order of time.
macro_rules! load_kind {
    ($db:expr, $scope:expr, $client:expr, $filter:expr, $page:expr, $table:ident, $row:ident, $at:expr, $entry:expr) => {{
        let at = || $at;
        let mut query = $table::table
            .filter($table::client_id.eq($client))
            .into_boxed::<MultiBackend>();
        if let Some(seen) = $row::seen($scope) {
            query = query.filter(seen);
        }
        if let Some(from) = $filter.from {
            query = query.filter(at().ge(from.millis()));
        }
        if let Some(before) = $filter.before {
            query = query.filter(at().lt(before.millis()));
        }
        if let Some((after, id)) = $page.after_instant() {
            query = query.filter(
                at().gt(after.millis()).or(at()
                    .eq(after.millis())
                    .and($table::id.gt(id.as_bytes().to_vec()))),
            );
        }
        let rows: Vec<(i64, $row)> = query
            .order((at().asc(), $table::id.asc()))
            .limit($page.rows())
            .select((at(), $row::as_select()))
            .load($db)?;
        let entry: fn($row) -> TimelineThing = $entry;
        rows.into_iter().map(move |(at, row)| TimelineEntry {
            at: Instant::from_millis(at),
            id: row.id.0,
            thing: entry(row),
        })
    }};
}

/// A page of what there is about a client, in order of time, and where the next one begins.
pub fn of_client(
    db: &mut Db,
    scope: &Scope,
    id: ClientId,
    filter: &TimelineFilter,
    page: &PageRequest,
) -> Result<(Vec<TimelineEntry>, Option<Position>)> {
    Client::find_in(db, scope, id)?;
    let mut entries: Vec<TimelineEntry> = Vec::new();
    if filter.wants(TimelineKind::Assessment) && scope.sees_clinical() {
        entries.extend(load_kind!(
            db,
            scope,
            id,
            filter,
            page,
            assessments,
            Assessment,
            sql::<BigInt>("assessments.occurred_at"),
            |row| TimelineThing::Assessment(Box::new(row))
        ));
    }
    if filter.wants(TimelineKind::Plan) {
        entries.extend(load_kind!(
            db,
            scope,
            id,
            filter,
            page,
            plans,
            Plan,
            sql::<BigInt>("plans.created_at"),
            |row| TimelineThing::Plan(Box::new(row))
        ));
    }
    if filter.wants(TimelineKind::Session) {
        entries.extend(load_kind!(
            db,
            scope,
            id,
            filter,
            page,
            sessions,
            Session,
            sql::<BigInt>("coalesce(sessions.starts_at, sessions.created_at)"),
            |row| TimelineThing::Session(Box::new(row), Vec::new())
        ));
    }
    if filter.wants(TimelineKind::PigmentRecord) && scope.sees_clinical() {
        entries.extend(load_kind!(
            db,
            scope,
            id,
            filter,
            page,
            pigment_records,
            PigmentRecord,
            sql::<BigInt>("pigment_records.occurred_at"),
            |row| TimelineThing::PigmentRecord(Box::new(row))
        ));
    }
    if filter.wants(TimelineKind::Reminder) {
        entries.extend(load_kind!(
            db,
            scope,
            id,
            filter,
            page,
            reminders,
            Reminder,
            sql::<BigInt>("reminders.due_at"),
            |row| TimelineThing::Reminder(Box::new(row))
        ));
    }
    if filter.wants(TimelineKind::Task) {
        entries.extend(load_kind!(
            db,
            scope,
            id,
            filter,
            page,
            tasks,
            Task,
            sql::<BigInt>("tasks.created_at"),
            |row| TimelineThing::Task(Box::new(row))
        ));
    }
    entries.sort_by_key(|entry| (entry.at, entry.id));
    let more = entries.len() > page.limit;
    entries.truncate(page.limit);
    let next = entries
        .last()
        .filter(|_| more)
        .map(|entry| Position::At(entry.at, entry.id));
    add_steps(db, &mut entries)?;
    Ok((entries, next))
}

fn add_steps(db: &mut Db, entries: &mut [TimelineEntry]) -> Result<()> {
    let ids: Vec<SessionId> = entries
        .iter()
        .filter_map(|entry| match &entry.thing {
            TimelineThing::Session(session, _) => Some(session.id),
            _ => None,
        })
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut steps = steps_of(db, ids)?;
    for entry in entries {
        if let TimelineThing::Session(session, own) = &mut entry.thing {
            *own = steps.remove(&session.id).unwrap_or_default();
        }
    }
    Ok(())
}

fn steps_of(
    db: &mut Db,
    ids: Vec<SessionId>,
) -> Result<HashMap<SessionId, Vec<SessionTransition>>> {
    let mut steps: HashMap<SessionId, Vec<SessionTransition>> = HashMap::new();
    let rows: Vec<SessionTransition> = session_transitions::table
        .filter(session_transitions::session_id.eq_any(ids))
        .order((session_transitions::session_id, session_transitions::id))
        .select(SessionTransition::as_select())
        .load(db)?;
    for step in rows {
        steps.entry(step.session_id).or_default().push(step);
    }
    Ok(steps)
}

/// A plan with all that belongs to it.
#[derive(Clone, Debug)]
pub struct PlanOverview {
    /// The plan.
    pub plan: Plan,
    /// Its sessions with their steps, by their place in the plan; cancelled and missed ones too.
    pub sessions: Vec<(Session, Vec<SessionTransition>)>,
    /// What went in, in order of time; nothing for who doesn't see what is clinical.
    pub pigment_records: Option<Vec<PigmentRecord>>,
    /// The reminders about its sessions, in the order in which they're due.
    pub reminders: Vec<Reminder>,
}

/// A plan with its sessions, records and reminders.
pub fn of_plan(db: &mut Db, scope: &Scope, id: PlanId) -> Result<PlanOverview> {
    let plan = Plan::find_in(db, scope, id)?;
    let mut query = sessions::table
        .filter(sessions::plan_id.eq(id))
        .into_boxed::<MultiBackend>();
    if let Some(seen) = Session::seen(scope) {
        query = query.filter(seen);
    }
    let own: Vec<Session> = query
        .order((sessions::ordinal, sessions::id))
        .select(Session::as_select())
        .load(db)?;
    let mut steps = steps_of(db, own.iter().map(|session| session.id).collect())?;
    // A client's file is seen whole, so pigment records are those of all the plan's sessions.
    let all = || {
        sessions::table
            .filter(sessions::plan_id.eq(id))
            .select(sessions::id)
    };
    let pigment_records = if scope.sees_clinical() {
        let records = pigment_records::table
            .filter(pigment_records::session_id.eq_any(all()))
            .order((pigment_records::occurred_at, pigment_records::id))
            .select(PigmentRecord::as_select())
            .load(db)?;
        Some(records)
    } else {
        None
    };
    let mut query = reminders::table
        .filter(reminders::session_id.eq_any(all()))
        .into_boxed::<MultiBackend>();
    // They tell when their sessions are, so they are seen where those are.
    if let Some(seen) = Reminder::seen(scope) {
        query = query.filter(seen);
    }
    let reminders = query
        .order((reminders::due_at, reminders::id))
        .select(Reminder::as_select())
        .load(db)?;
    Ok(PlanOverview {
        plan,
        sessions: own
            .into_iter()
            .map(|session| {
                let own = steps.remove(&session.id).unwrap_or_default();
                (session, own)
            })
            .collect(),
        pigment_records,
        reminders,
    })
}
