//! What there is about a client in order of time, and a plan with all that belongs to it.

use actix_web::get;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stipple_shared::domain::given;
use stipple_shared::domain::{AccessKind, ClientId, Instant, PlanId};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::assessments::Assessment;
use stipple_shared::storage::pigment_records::PigmentRecord;
use stipple_shared::storage::plans::Plan;
use stipple_shared::storage::reminders::Reminder;
use stipple_shared::storage::session_history::SessionTransition;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::tasks::Task;
use stipple_shared::storage::timeline::{
    self, TimelineEntry, TimelineFilter, TimelineKind, TimelineThing,
};
use utoipa::{IntoParams, ToSchema};

use super::Answered;
use crate::access::{Caller, SeeClients};
use crate::answer::view;
use crate::request::{Id, Reading};

/// Which part of a timeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimelineQuery {
    /// Things of any of these kinds; write it once for each.
    #[serde(default)]
    kind: Vec<TimelineKind>,
    /// From this instant on.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    from: Option<Instant>,
    /// Before this instant.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    before: Option<Instant>,
}

/// Something in a timeline: it has the one thing that `kind` names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub(crate) struct TimelineEntryBody {
    /// When.
    at: Instant,
    /// What.
    kind: TimelineKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Assessment, required = false)]
    assessment: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plan, required = false)]
    plan: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Session, required = false)]
    session: Option<Value>,
    /// What was done with the session, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<SessionTransition>, required = false)]
    history: Option<Vec<SessionTransition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PigmentRecord, required = false)]
    pigment_record: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Reminder, required = false)]
    reminder: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Task, required = false)]
    task: Option<Value>,
}

impl TimelineEntryBody {
    pub(super) fn of(entry: &TimelineEntry, caller: &Caller) -> Result<Self> {
        let mut body = Self {
            at: entry.at,
            kind: TimelineKind::Assessment,
            assessment: None,
            plan: None,
            session: None,
            history: None,
            pigment_record: None,
            reminder: None,
            task: None,
        };
        match &entry.thing {
            TimelineThing::Assessment(thing) => body.assessment = Some(view(&**thing, caller)?),
            TimelineThing::Plan(thing) => {
                body.kind = TimelineKind::Plan;
                body.plan = Some(view(&**thing, caller)?);
            }
            TimelineThing::Session(thing, history) => {
                body.kind = TimelineKind::Session;
                body.session = Some(view(&**thing, caller)?);
                body.history = Some(history.clone());
            }
            TimelineThing::PigmentRecord(thing) => {
                body.kind = TimelineKind::PigmentRecord;
                body.pigment_record = Some(view(&**thing, caller)?);
            }
            TimelineThing::Reminder(thing) => {
                body.kind = TimelineKind::Reminder;
                body.reminder = Some(serde_json::to_value(thing).map_err(Error::internal)?);
            }
            TimelineThing::Task(thing) => {
                body.kind = TimelineKind::Task;
                body.task = Some(view(&**thing, caller)?);
            }
        }
        Ok(body)
    }
}

/// A page of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineBody {
    /// What there is, in order of time.
    data: Vec<TimelineEntryBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Shows what there is about a client in order of time: assessments, plans, sessions with what was done with them, pigment
/// records, reminders and tasks.
///
/// The front desk sees nothing clinical in it. Later pages are looked up anew: what changes between them shows in the later
/// ones alone.
#[utoipa::path(
    tag = "clients",
    operation_id = "show_client_timeline",
    security(("key" = ["see_clients"])),
    params(
        ("id" = ClientId, Path, description = "The client."),
        ("cursor" = Option<String>, Query, description = "Where to go on: the `next_cursor` of the page before, with the same parameters.", max_length = 1000),
        ("limit" = Option<u16>, Query, description = "So many things at most: 50 unless said otherwise, at most 200.", minimum = 1, maximum = 200),
        TimelineQuery
    ),
    responses((status = 200, description = "A page of the timeline.", body = TimelineBody, headers(("Link" = String))))
)]
#[get("/v1/clients/{id}/timeline")]
pub(crate) async fn show_client_timeline(
    reading: Reading<SeeClients, TimelineQuery>,
    id: Id<ClientId>,
) -> Answered {
    reading
        .page_of_record(
            (id.0, AccessKind::Timeline),
            move |db, caller, query, page| {
                let filter = TimelineFilter {
                    kinds: query.kind.clone(),
                    from: query.from,
                    before: query.before,
                };
                let (entries, next) = timeline::of_client(db, &caller.scope, id.0, &filter, page)?;
                let entries = entries
                    .iter()
                    .map(|entry| TimelineEntryBody::of(entry, caller))
                    .collect::<Result<Vec<_>>>()?;
                Ok((entries, next))
            },
            |data, next_cursor| TimelineBody { data, next_cursor },
        )
        .await
}

/// A session of a plan with what was done with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanOverviewSession {
    #[schema(value_type = Session)]
    session: Value,
    /// What was done with it, oldest first.
    history: Vec<SessionTransition>,
}

/// A plan with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanOverviewBody {
    #[schema(value_type = Plan)]
    plan: Value,
    /// Its sessions by their place in the plan; cancelled and missed ones too.
    sessions: Vec<PlanOverviewSession>,
    /// What went in, in order of time, amended and voided records included. Absent for the front desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<PigmentRecord>, required = false)]
    pigment_records: Option<Vec<PigmentRecord>>,
    /// The reminders about its sessions, in the order in which they're due.
    reminders: Vec<Reminder>,
}

/// Shows a plan with its sessions, its pigment records and its reminders.
#[utoipa::path(
    tag = "plans",
    operation_id = "show_plan_overview",
    security(("key" = ["see_clients"])),
    params(("id" = PlanId, Path, description = "The plan.")),
    responses((status = 200, description = "The plan and what belongs to it.", body = PlanOverviewBody))
)]
#[get("/v1/plans/{id}/overview")]
pub(crate) async fn show_plan_overview(reading: Reading<SeeClients>, id: Id<PlanId>) -> Answered {
    reading
        .show_record(move |db, caller, _| {
            let overview = timeline::of_plan(db, &caller.scope, id.0)?;
            let look = (overview.plan.client_id, AccessKind::PlanOverview);
            let sessions = overview
                .sessions
                .into_iter()
                .map(|(session, history)| {
                    Ok(PlanOverviewSession {
                        session: view(&session, caller)?,
                        history,
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            let body = PlanOverviewBody {
                plan: view(&overview.plan, caller)?,
                sessions,
                pigment_records: overview.pigment_records,
                reminders: overview.reminders,
            };
            Ok((body, Some(look)))
        })
        .await
}
