//! `/v1/reminders`, the ledger, and the rules that fill it.

use actix_web::{get, patch};
use serde::Deserialize;
use stipple_shared::domain::reminder_rule::ReminderRulePatch;
use stipple_shared::domain::{
    ClientId, Instant, ReminderId, ReminderRuleId, ReminderState, SessionId, StudioId,
};
use stipple_shared::storage::reminder_rules::ReminderRule;
use stipple_shared::storage::reminders::{Reminder, ReminderFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageStudio, SeeReminders, SeeStudio};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Id, Merge, Paging, Reading};

resources! {
    Reminder: "/v1/reminders";
    ReminderRule: "/v1/reminder-rules";
}

/// Which reminders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemindersQuery {
    /// Those for this client.
    client_id: Option<ClientId>,
    /// Those about this session.
    session_id: Option<SessionId>,
    /// Those of this studio.
    studio_id: Option<StudioId>,
    /// Those in any of these states; write it once for each.
    #[serde(default)]
    state: Vec<ReminderState>,
    /// Those due at this instant or later.
    #[param(value_type = Option<Instant>)]
    due_from: Option<Instant>,
    /// Those due before this instant.
    #[param(value_type = Option<Instant>)]
    due_before: Option<Instant>,
}

/// Lists reminders, in the order in which they were scheduled.
///
/// The ledger holds what is to come, what was sent, and what was replaced before it was sent.
#[utoipa::path(
    tag = "reminders",
    operation_id = "list_reminders",
    params(Paging, RemindersQuery),
    responses((status = 200, description = "A page of reminders.", body = PageBody<Reminder>, headers(("Link" = String))))
)]
#[get("/v1/reminders")]
pub(crate) async fn list_reminders(reading: Reading<SeeReminders, RemindersQuery>) -> Answered {
    reading
        .page(|db, caller, query, page| {
            let filter = ReminderFilter {
                client_id: query.client_id,
                session_id: query.session_id,
                studio_id: query.studio_id,
                states: query.state.clone(),
                due_from: query.due_from,
                due_before: query.due_before,
            };
            Reminder::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows a reminder.
#[utoipa::path(
    tag = "reminders",
    operation_id = "get_reminder",
    params(("id" = ReminderId, Path, description = "The reminder.")),
    responses((status = 200, description = "The reminder.", body = Reminder, headers(("ETag" = String))))
)]
#[get("/v1/reminders/{id}")]
pub(crate) async fn get_reminder(reading: Reading<SeeReminders>, id: Id<ReminderId>) -> Answered {
    reading
        .one(move |db, caller| Reminder::find_in(db, &caller.scope, id.0))
        .await
}

/// Lists a studio's reminder rules.
#[utoipa::path(
    tag = "reminders",
    operation_id = "list_reminder_rules",
    params(("id" = StudioId, Path, description = "The studio."), Paging),
    responses((status = 200, description = "A page of rules.", body = PageBody<ReminderRule>, headers(("Link" = String))))
)]
#[get("/v1/studios/{id}/reminder-rules")]
pub(crate) async fn list_reminder_rules(reading: Reading<SeeStudio>, id: Id<StudioId>) -> Answered {
    reading
        .page(move |db, caller, _, page| ReminderRule::list(db, &caller.scope, id.0, page))
        .await
}

/// Shows a reminder rule.
#[utoipa::path(
    tag = "reminders",
    operation_id = "get_reminder_rule",
    params(("id" = ReminderRuleId, Path, description = "The rule.")),
    responses((status = 200, description = "The rule.", body = ReminderRule, headers(("ETag" = String))))
)]
#[get("/v1/reminder-rules/{id}")]
pub(crate) async fn get_reminder_rule(
    reading: Reading<SeeStudio>,
    id: Id<ReminderRuleId>,
) -> Answered {
    reading
        .one(move |db, caller| ReminderRule::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes a reminder rule.
///
/// The reminders to come of the studio's sessions are scheduled anew; what was sent stays sent.
#[utoipa::path(
    tag = "reminders",
    operation_id = "change_reminder_rule",
    params(("id" = ReminderRuleId, Path, description = "The rule.")),
    request_body(content = ReminderRulePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed rule.", body = ReminderRule, headers(("ETag" = String))))
)]
#[patch("/v1/reminder-rules/{id}")]
pub(crate) async fn change_reminder_rule(
    command: Command<ManageStudio, Merge<ReminderRulePatch>>,
    id: Id<ReminderRuleId>,
) -> Answered {
    command
        .run(move |tx, given| {
            given.changed(&ReminderRule::change(tx, id.0, given.if_match, given.body)?)
        })
        .await
}
