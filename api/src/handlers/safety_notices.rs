//! `/v1/safety-notices`: telling clients that something which was used on them may be unsafe.

use actix_web::{get, post};
use serde::Deserialize;
use stipple_shared::domain::safety_notice::{
    NewSafetyNotice, NoteTold, RecipientState, SafetyNoticeState, WithdrawSafetyNotice,
};
use stipple_shared::domain::{AccessKind, SafetyNoticeId, SafetyNoticeRecipientId};
use stipple_shared::storage::safety_notices::{
    RecipientFilter, SafetyNotice, SafetyNoticeProgress, SafetyNoticeRecipient,
};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{RecordClinical, SeeClinical, SendSafetyNotices};
use crate::answer::{PageBody, resources};
use crate::request::{Command, Filter, Id, Json, NoBody, Paging, Reading};

resources! {
    SafetyNotice: "/v1/safety-notices";
    SafetyNoticeRecipient: "/v1/safety-notice-recipients", record: |it| Some((it.client_id, AccessKind::ProductUse));
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SafetyNoticesQuery {
    /// Those that stand so.
    state: Option<SafetyNoticeState>,
}

impl Filter for SafetyNoticesQuery {
    const LASTING: &'static [&'static str] = &[];
}

/// Which of a notice's clients.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipientsQuery {
    /// Those with whom it got so far: `unreached` are those whom somebody has to call.
    state: Option<RecipientState>,
}

impl Filter for RecipientsQuery {
    const LASTING: &'static [&'static str] = &[];
}

/// Makes a safety notice, and lists whom it concerns.
///
/// Nobody is told yet: look at the recipients, and send it. Listed is each client once, at all studios, on whom the lot or the
/// product was used, or may have been, by the records that stand: patch tests too, and entries of the lot or the product under
/// other ids. Recalling a lot is another thing, and keeps it from being used: `PATCH /v1/lots/{id}` with `state` `recalled`.
/// A key that is limited to studios or to own clients can't make notices, since a recall doesn't stop at them.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "draft_safety_notice",
    security(("key" = ["send_safety_notices"])),
    request_body = NewSafetyNotice,
    responses((status = 201, description = "The notice.", body = SafetyNotice, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/safety-notices")]
pub(crate) async fn draft_safety_notice(
    command: Command<SendSafetyNotices, Json<NewSafetyNotice>>,
) -> Answered {
    command
        .run(|tx, given| given.created(&SafetyNotice::draft(tx, given.body)?))
        .await
}

/// Lists safety notices.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "list_safety_notices",
    security(("key" = ["see_clinical"])),
    params(Paging, SafetyNoticesQuery),
    responses((status = 200, description = "A page of notices.", body = PageBody<SafetyNotice>, headers(("Link" = String))))
)]
#[get("/v1/safety-notices")]
pub(crate) async fn list_safety_notices(
    reading: Reading<SeeClinical, SafetyNoticesQuery>,
) -> Answered {
    reading
        .page(|db, _, query, page| SafetyNotice::list(db, query.state, page))
        .await
}

/// Shows a safety notice.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "get_safety_notice",
    security(("key" = ["see_clinical"])),
    params(("id" = SafetyNoticeId, Path, description = "The notice.")),
    responses((status = 200, description = "The notice.", body = SafetyNotice, headers(("ETag" = String))))
)]
#[get("/v1/safety-notices/{id}")]
pub(crate) async fn get_safety_notice(
    reading: Reading<SeeClinical>,
    id: Id<SafetyNoticeId>,
) -> Answered {
    reading.one(move |db, _| SafetyNotice::find(db, id.0)).await
}

/// Shows how far a safety notice got: how many clients stand how.
///
/// Counted are the clients whom the key sees.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "show_safety_notice_progress",
    security(("key" = ["see_clinical"])),
    params(("id" = SafetyNoticeId, Path, description = "The notice.")),
    responses((status = 200, description = "The counts.", body = SafetyNoticeProgress))
)]
#[get("/v1/safety-notices/{id}/progress")]
pub(crate) async fn show_safety_notice_progress(
    reading: Reading<SeeClinical>,
    id: Id<SafetyNoticeId>,
) -> Answered {
    reading
        .show(move |db, caller, _| SafetyNotice::progress(db, &caller.scope, id.0))
        .await
}

/// Sends a safety notice.
///
/// Each listed client gets a mail, outside of the studio's quiet hours, whichever mails they chose: subject and sender tell
/// nobody what it's about. The message itself stands on the client's page, where they say that they read it, and in the mail
/// only for those who agreed to read care advice there. Whom no mail reaches becomes a task, `safety_notice_unreached`, at once
/// or when the mail comes to nothing; a mail is tried for three days, and one that may not have arrived counts as none.
///
/// Sending it again lists anew whom it concerns, tells those who are new, and tries those again who were unreached and have an
/// address by now. Nobody is written to twice who was reached or has a mail already. A notice that was withdrawn is 409,
/// `notice_withdrawn`.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "send_safety_notice",
    security(("key" = ["send_safety_notices"])),
    params(("id" = SafetyNoticeId, Path, description = "The notice.")),
    responses((status = 200, description = "The notice.", body = SafetyNotice, headers(("ETag" = String))))
)]
#[post("/v1/safety-notices/{id}/send")]
pub(crate) async fn send_safety_notice(
    command: Command<SendSafetyNotices, NoBody>,
    id: Id<SafetyNoticeId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&SafetyNotice::send(tx, id.0, given.if_match)?))
        .await
}

/// Withdraws a safety notice.
///
/// What hasn't left isn't sent any more, the message disappears from clients' pages, and the tasks about it close. Doing so twice
/// is as doing it once.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "withdraw_safety_notice",
    security(("key" = ["send_safety_notices"])),
    params(("id" = SafetyNoticeId, Path, description = "The notice.")),
    request_body = WithdrawSafetyNotice,
    responses((status = 200, description = "The notice.", body = SafetyNotice, headers(("ETag" = String))))
)]
#[post("/v1/safety-notices/{id}/withdraw")]
pub(crate) async fn withdraw_safety_notice(
    command: Command<SendSafetyNotices, Json<WithdrawSafetyNotice>>,
    id: Id<SafetyNoticeId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let reason = &given.body.reason;
            given.changed(&SafetyNotice::withdraw(tx, id.0, given.if_match, reason)?)
        })
        .await
}

/// Lists whom a safety notice concerns, and how far it got with each.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "list_safety_notice_recipients",
    security(("key" = ["see_clinical"])),
    params(("id" = SafetyNoticeId, Path, description = "The notice."), Paging, RecipientsQuery),
    responses((status = 200, description = "A page of clients.", body = PageBody<SafetyNoticeRecipient>, headers(("Link" = String))))
)]
#[get("/v1/safety-notices/{id}/recipients")]
pub(crate) async fn list_safety_notice_recipients(
    reading: Reading<SeeClinical, RecipientsQuery>,
    id: Id<SafetyNoticeId>,
) -> Answered {
    reading
        .page(move |db, caller, query, page| {
            let filter = RecipientFilter {
                notice_id: id.0,
                state: query.state,
            };
            SafetyNoticeRecipient::list(db, &caller.scope, &filter, page)
        })
        .await
}

/// Shows how far a safety notice got with one client.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "get_safety_notice_recipient",
    security(("key" = ["see_clinical"])),
    params(("id" = SafetyNoticeRecipientId, Path, description = "The client's row.")),
    responses((status = 200, description = "The row.", body = SafetyNoticeRecipient, headers(("ETag" = String))))
)]
#[get("/v1/safety-notice-recipients/{id}")]
pub(crate) async fn get_safety_notice_recipient(
    reading: Reading<SeeClinical>,
    id: Id<SafetyNoticeRecipientId>,
) -> Answered {
    reading
        .one(move |db, caller| SafetyNoticeRecipient::find_in(db, &caller.scope, id.0))
        .await
}

/// Writes down that staff told a client.
///
/// A mail that waits is called off, and the task closes. It's a fact, and never refused for where the notice stands.
#[utoipa::path(
    tag = "safety notices",
    operation_id = "note_safety_notice_told",
    security(("key" = ["record_clinical"])),
    params(("id" = SafetyNoticeRecipientId, Path, description = "The client's row.")),
    request_body = NoteTold,
    responses((status = 200, description = "The row.", body = SafetyNoticeRecipient, headers(("ETag" = String))))
)]
#[post("/v1/safety-notice-recipients/{id}/told")]
pub(crate) async fn note_safety_notice_told(
    command: Command<RecordClinical, Json<NoteTold>>,
    id: Id<SafetyNoticeRecipientId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let row = SafetyNoticeRecipient::told(tx, id.0, given.if_match, given.body)?;
            given.changed(&row)
        })
        .await
}
