//! `/v1/reminders`, the ledger, and the rules that fill it.

use actix_web::{get, patch, post, web};
use serde::{Deserialize, Serialize};
use stipple_shared::domain::given;
use stipple_shared::domain::reminder_rule::{ReminderRulePatch, ReminderWish};
use stipple_shared::domain::text::EmailAddress;
use stipple_shared::domain::{
    ClientId, Instant, ReminderId, ReminderRuleId, ReminderState, ReminderStep, SessionId, StudioId,
};
use stipple_shared::error::Error;
use stipple_shared::letter;
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::reminder_actions::Previewed;
use stipple_shared::storage::reminder_rules::ReminderRule;
use stipple_shared::storage::reminders::{Reminder, ReminderFilter};
use utoipa::{IntoParams, ToSchema};

use super::Answered;
use crate::access::{ManageReminders, ManageStudio, SeeReminders, SeeStudio};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, MaybeJson, Merge, Paging, Reading};
use crate::server::Api;

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
    /// Those of any of these steps; write it once for each.
    #[serde(default)]
    step: Vec<ReminderStep>,
    /// Those due at this instant or later.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    due_from: Option<Instant>,
    /// Those due before this instant.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    due_before: Option<Instant>,
}

impl Filter for RemindersQuery {
    const LASTING: &'static [&'static str] = &["client_id", "session_id", "studio_id", "step"];
}

/// Lists reminders, in the order in which they were scheduled.
///
/// The ledger holds what is to come, what was sent, and what was replaced before it was sent.
#[utoipa::path(
    tag = "reminders",
    operation_id = "list_reminders",
    security(("key" = ["see_reminders"])),
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
                steps: query.step.clone(),
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
    security(("key" = ["see_reminders"])),
    params(("id" = ReminderId, Path, description = "The reminder.")),
    responses((status = 200, description = "The reminder.", body = Reminder, headers(("ETag" = String))))
)]
#[get("/v1/reminders/{id}")]
pub(crate) async fn get_reminder(reading: Reading<SeeReminders>, id: Id<ReminderId>) -> Answered {
    reading
        .one(move |db, caller| Reminder::find_in(db, &caller.scope, id.0))
        .await
}

/// Calls a reminder off.
///
/// It's suppressed with the reason `cancelled_by_staff`, and stays so until it's asked for again; a move of the session
/// schedules reminders for the new time. What is being handed to the mail server is refused with `being_sent`.
#[utoipa::path(
    tag = "reminders",
    operation_id = "cancel_reminder",
    security(("key" = ["manage_reminders"])),
    params(("id" = ReminderId, Path, description = "The reminder.")),
    request_body = ReminderWish,
    responses((status = 200, description = "The reminder as it stands now.", body = Reminder, headers(("ETag" = String))))
)]
#[post("/v1/reminders/{id}/cancel")]
pub(crate) async fn cancel_reminder(
    command: Command<ManageReminders, MaybeJson<ReminderWish>>,
    id: Id<ReminderId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let reason = given.body.reason.as_ref();
            given.changed(&Reminder::cancel(tx, id.0, given.if_match, reason)?)
        })
        .await
}

/// Asks for a reminder again that failed, may not have arrived, or was suppressed; or sends one once more that the client never got.
///
/// One that was sent needs a `reason`, and goes out anew in a mail of its own, to the address that is on file by now.
/// It's due at its own time, or at once if that has passed. What would keep it back is refused by its name: `no_consent`,
/// `no_address`, `bad_address`, `no_longer_useful`, `session_state`, `session_moved`, `later_work`.
#[utoipa::path(
    tag = "reminders",
    operation_id = "requeue_reminder",
    security(("key" = ["manage_reminders"])),
    params(("id" = ReminderId, Path, description = "The reminder.")),
    request_body = ReminderWish,
    responses((status = 200, description = "The reminder as it stands now.", body = Reminder, headers(("ETag" = String))))
)]
#[post("/v1/reminders/{id}/requeue")]
pub(crate) async fn requeue_reminder(
    command: Command<ManageReminders, MaybeJson<ReminderWish>>,
    id: Id<ReminderId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let reason = given.body.reason.as_ref();
            given.changed(&Reminder::requeue(tx, id.0, given.if_match, reason)?)
        })
        .await
}

/// Sends a scheduled reminder at once, in quiet hours too.
///
/// A cancellation goes to a client who was taken off the list too, but to nobody who was erased.
#[utoipa::path(
    tag = "reminders",
    operation_id = "send_reminder_now",
    security(("key" = ["manage_reminders"])),
    params(("id" = ReminderId, Path, description = "The reminder.")),
    request_body = ReminderWish,
    responses((status = 200, description = "The reminder as it stands now.", body = Reminder, headers(("ETag" = String))))
)]
#[post("/v1/reminders/{id}/send-now")]
pub(crate) async fn send_reminder_now(
    command: Command<ManageReminders, MaybeJson<ReminderWish>>,
    id: Id<ReminderId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let reason = given.body.reason.as_ref();
            given.changed(&Reminder::send_now(tx, id.0, given.if_match, reason)?)
        })
        .await
}

/// The mail of a reminder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReminderPreview {
    /// Whether it was tried in these words, which then stay as they are; else it's what would go out by now.
    attempted: bool,
    /// The address on file, where the client has one.
    to: Option<EmailAddress>,
    /// Whether the studio's own words couldn't be used, so that these are the built-in ones.
    own_words_failed: bool,
    /// The mail.
    mail: RenderedMail,
}

/// Shows the mail of a reminder: the one that was sent, or the one that would be.
///
/// Its links are the client's own and work: whoever follows one acts as the client.
#[utoipa::path(
    tag = "reminders",
    operation_id = "preview_reminder",
    security(("key" = ["manage_reminders"])),
    params(("id" = ReminderId, Path, description = "The reminder.")),
    responses((status = 200, description = "The mail.", body = ReminderPreview))
)]
#[get("/v1/reminders/{id}/preview")]
pub(crate) async fn preview_reminder(
    reading: Reading<ManageReminders>,
    id: Id<ReminderId>,
    api: web::Data<Api>,
) -> Answered {
    let now = reading.now();
    reading
        .show(
            move |db, caller, _| match Reminder::preview(db, &caller.scope, id.0, now)? {
                Previewed::Frozen { content, to } => Ok(ReminderPreview {
                    attempted: true,
                    to,
                    own_words_failed: false,
                    mail: serde_json::from_str(&content).map_err(Error::internal)?,
                }),
                Previewed::Rendered(prepared) => {
                    let letter = letter::write(&prepared, api.links.maker().as_ref())?;
                    Ok(ReminderPreview {
                        attempted: false,
                        to: prepared.client.email,
                        own_words_failed: letter.own_words_failed,
                        mail: letter.mail,
                    })
                }
            },
        )
        .await
}

/// Lists a studio's reminder rules.
#[utoipa::path(
    tag = "reminders",
    operation_id = "list_reminder_rules",
    security(("key" = ["see_studio"])),
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
    security(("key" = ["see_studio"])),
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
/// In the same transaction the reminders to come of the studio's sessions are scheduled anew: those that are no longer right
/// are superseded, what a rule asks for from now on is added, and what was sent or is called off stays as it is.
#[utoipa::path(
    tag = "reminders",
    operation_id = "change_reminder_rule",
    security(("key" = ["manage_studio"])),
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
