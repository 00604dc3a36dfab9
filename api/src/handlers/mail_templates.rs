//! A studio's own words for its mails.

use actix_web::{get, patch, post};
use serde::Deserialize;
use stipple_shared::domain::mail_preview::MailPreview;
use stipple_shared::domain::mail_template::{MailTemplatePatch, NewMailTemplate};
use stipple_shared::domain::text::Language;
use stipple_shared::domain::{MailTemplateId, ReminderStep, StudioId};
use stipple_shared::letter;
use stipple_shared::mail::words::{Locale, Table};
use stipple_shared::mail::{RenderedMail, lint};
use stipple_shared::storage::mail_templates::{MailTemplate, MailTemplateFilter};
use utoipa::IntoParams;

use super::Answered;
use crate::access::{ManageStudio, SeeStudio};
use crate::answer::{PageBody, plain, resources};
use crate::request::{Command, Filter, Id, Json, Merge, Paging, Reading};

resources! {
    MailTemplate: "/v1/mail-templates";
}

/// Which templates.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailTemplatesQuery {
    /// Those in this language.
    #[param(value_type = Option<Language>)]
    language: Option<Language>,
    /// Those for this step.
    step: Option<ReminderStep>,
    /// Only those that mails use, or only the others.
    active: Option<bool>,
}

impl Filter for MailTemplatesQuery {
    const LASTING: &'static [&'static str] = &["language", "step"];
}

/// Which built-in words.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailWordsQuery {
    /// In this language; English for one that isn't built in, and unless said otherwise.
    #[param(value_type = Option<Language>)]
    language: Option<Language>,
}

/// Adds a studio's own words for its mails.
///
/// They stand in place of the built-in ones, for one step or, without a step, in all mails of that language; what
/// they leave out stays as it was. Text may name variables, as `{{ client_name }}`, and choose, as
/// `{% if when %}…{% else %}…{% endif %}`. Subject and preheader know `service_label`, `sender_name` and `when`; title,
/// body, greeting and `why_this_mail` also `client_name` and `previously`. Body, greeting, `why_this_mail`, `page_hint…` and
/// `reach_studio…` know `reach` too, one of the sentences `reach_…` by what the studio has, and may ask for
/// `client_may_move` (clients of the studio choose another time; else they ask for one), `client_may_change` (this one still
/// may when the mail goes), `client_may_confirm` (they haven't said yet that they come) and `to_book`. Everything but care
/// advice has to be neutral.
/// The words `fresh_link_…` make the mail with a link that a client asked for, `digest_…` the morning mail to
/// staff, which `answers_subject` heads where it comes since a client did something.
#[utoipa::path(
    tag = "mails",
    operation_id = "add_mail_template",
    security(("key" = ["manage_studio"])),
    params(("id" = StudioId, Path, description = "The studio.")),
    request_body = NewMailTemplate,
    responses((status = 201, description = "The words.", body = MailTemplate, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/studios/{id}/mail-templates")]
pub(crate) async fn add_mail_template(
    command: Command<ManageStudio, Json<NewMailTemplate>>,
    id: Id<StudioId>,
) -> Answered {
    command
        .run(move |tx, given| {
            lint::check(&given.body.content(), given.body.step)?;
            given.created(&MailTemplate::add(tx, id.0, given.body)?)
        })
        .await
}

/// Lists a studio's own words.
#[utoipa::path(
    tag = "mails",
    operation_id = "list_mail_templates",
    security(("key" = ["see_studio"])),
    params(("id" = StudioId, Path, description = "The studio."), Paging, MailTemplatesQuery),
    responses((status = 200, description = "A page of templates.", body = PageBody<MailTemplate>, headers(("Link" = String))))
)]
#[get("/v1/studios/{id}/mail-templates")]
pub(crate) async fn list_mail_templates(
    reading: Reading<SeeStudio, MailTemplatesQuery>,
    id: Id<StudioId>,
) -> Answered {
    reading
        .page(move |db, caller, query, page| {
            let filter = MailTemplateFilter {
                language: query.language.clone(),
                step: query.step,
                active: query.active,
            };
            MailTemplate::list(db, &caller.scope, id.0, &filter, page)
        })
        .await
}

/// Shows a studio's own words.
#[utoipa::path(
    tag = "mails",
    operation_id = "get_mail_template",
    security(("key" = ["see_studio"])),
    params(("id" = MailTemplateId, Path, description = "The words.")),
    responses((status = 200, description = "The words.", body = MailTemplate, headers(("ETag" = String))))
)]
#[get("/v1/mail-templates/{id}")]
pub(crate) async fn get_mail_template(
    reading: Reading<SeeStudio>,
    id: Id<MailTemplateId>,
) -> Answered {
    reading
        .one(move |db, caller| MailTemplate::find_in(db, &caller.scope, id.0))
        .await
}

/// Changes a studio's own words.
///
/// The next mails use them; a mail that was tried already stays as it is. With `active` false the built-in ones are back.
#[utoipa::path(
    tag = "mails",
    operation_id = "change_mail_template",
    security(("key" = ["manage_studio"])),
    params(("id" = MailTemplateId, Path, description = "The words.")),
    request_body(content = MailTemplatePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The changed words.", body = MailTemplate, headers(("ETag" = String))))
)]
#[patch("/v1/mail-templates/{id}")]
pub(crate) async fn change_mail_template(
    command: Command<ManageStudio, Merge<MailTemplatePatch>>,
    id: Id<MailTemplateId>,
) -> Answered {
    command
        .run(move |tx, given| {
            let template = MailTemplate::change(tx, id.0, given.if_match, given.body, lint::check)?;
            given.changed(&template)
        })
        .await
}

/// Shows what a mail would look like, with a made-up client.
///
/// A `step` shows its mail; a `kind` shows the one with a fresh link, or a mail to staff with made-up numbers.
/// Drafts are checked as they would be when stored, and stand before the stored words; one of another step or language than
/// the mail's is refused. The appointment is made up, in the studio's opening hours. Nothing is kept or sent.
#[utoipa::path(
    tag = "mails",
    operation_id = "preview_mail",
    security(("key" = ["manage_studio"])),
    request_body = MailPreview,
    responses((status = 200, description = "The mail.", body = RenderedMail))
)]
#[post("/v1/mail-previews")]
pub(crate) async fn preview_mail(command: Command<ManageStudio, Json<MailPreview>>) -> Answered {
    command
        .run(|tx, given| {
            for (number, draft) in given.body.drafts.iter().enumerate() {
                lint::check(&draft.content(), draft.step)
                    .map_err(|error| error.under(&format!("/drafts/{number}")))?;
            }
            let (studio, stored, rules) =
                MailTemplate::studio_for_preview(tx, given.body.studio_id)?;
            let mail = letter::sample(&studio, stored, &rules, given.body, tx.now())?;
            plain(200, &mail)
        })
        .await
}

/// Shows the built-in words of a language.
#[utoipa::path(
    tag = "mails",
    operation_id = "get_mail_words",
    security(("key" = ["see_studio"])),
    params(MailWordsQuery),
    responses((status = 200, description = "The words.", body = Table))
)]
#[get("/v1/mail-words")]
pub(crate) async fn get_mail_words(reading: Reading<SeeStudio, MailWordsQuery>) -> Answered {
    reading
        .show(|_, _, query| {
            let language = query.language.as_ref().map_or("en", |tag| tag.as_str());
            Locale::of(language).table()
        })
        .await
}
