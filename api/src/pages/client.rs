//! The pages about the client: which mails they want, "this isn't me", a report after a session, a fresh link.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use minijinja::{Value, context};
use serde::Deserialize;
use stipple_shared::domain::text::Note;
use stipple_shared::links::LinkPurpose;
use stipple_shared::storage::client_page::{self, Choices, Did, Standing};
use utoipa::ToSchema;

use super::entry::{Visitor, enter, form, refuse_foreign, unknown};
use super::{locale_of, view};
use crate::handlers::Answered;
use crate::problem::Problem;
use crate::server::Api;

const MAILS: &str = include_str!("templates/mails.html");
const WRONG_PERSON: &str = include_str!("templates/wrong_person.html");
const REPORT: &str = include_str!("templates/report.html");
const UNSUBSCRIBE: &str = include_str!("templates/unsubscribe.html");

/// Which mails are wanted: a box that isn't ticked isn't sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailsForm {
    /// Those about appointments, where it's there.
    service_mail: Option<String>,
    /// Care advice in the mail itself, where it's there.
    care_advice_in_mail: Option<String>,
    /// Invitations, where it's there.
    marketing_mail: Option<String>,
}

/// How the client is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportForm {
    /// In their words.
    #[serde(default)]
    #[schema(required = true)]
    text: String,
}

/// What mail programs send for their readers (RFC 8058).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnsubscribeForm {
    /// `One-Click`.
    #[serde(rename = "List-Unsubscribe")]
    list_unsubscribe: Option<String>,
}

/// A ticked box sends `yes`; anything else is no consent.
fn is_yes(value: Option<&str>) -> bool {
    value == Some("yes")
}

macro_rules! enter {
    ($request:expr, $api:expr, $token:expr, $purpose:ident) => {
        match enter(&$request, $api, &$token, LinkPurpose::$purpose).await? {
            Ok(visitor) => match visitor.turned_away(visitor.standing)? {
                None => visitor,
                Some(answer) => return Ok(answer),
            },
            Err(answer) => return Ok(answer),
        }
    };
}

impl Visitor {
    fn mails(&self, notice: Option<&'static str>) -> Result<HttpResponse, Problem> {
        let client = &self.visited.client;
        let choices = context! {
            service_mail => client.service_mail,
            marketing_mail => client.marketing_mail,
            care_advice_in_mail => client.care_advice_in_mail,
        };
        self.page(StatusCode::OK, "mails", notice)?
            .respond(MAILS, context! { choices, base => self.path(&self.link)? })
    }

    /// What came of an act, and the way back where the link still holds.
    fn thanks(&self, line: &'static str, back: Option<Value>) -> Result<HttpResponse, Problem> {
        self.page(StatusCode::OK, "thanks", None)?.say(line, back)
    }

    fn report_page(
        &self,
        status: StatusCode,
        notice: Option<&'static str>,
    ) -> Result<HttpResponse, Problem> {
        self.page(status, "report", notice)?.respond(
            REPORT,
            context! { may => view::may_of(self), base => self.path(&self.link)? },
        )
    }

    /// The page for a link that stopped to hold while somebody looked.
    fn not_done(&self, did: Did) -> Result<HttpResponse, Problem> {
        let turned = match did {
            Did::Not(standing) => self.turned_away(standing)?,
            _ => None,
        };
        turned.map_or_else(|| self.void(), Ok)
    }
}

/// Shows which mails the client gets.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_mails_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/mails/{token}")]
pub(crate) async fn see_mails_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    enter!(request, api, token, Preferences).mails(None)
}

/// Takes note of which mails the client wants.
#[utoipa::path(
    tag = "client pages",
    operation_id = "choose_mails_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    request_body(content = MailsForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/mails/{token}")]
pub(crate) async fn choose_mails_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
    body: web::Bytes,
) -> Answered {
    refuse_foreign(&request)?;
    let visitor = enter!(request, api, token, Preferences);
    let Some(wish) = form::<MailsForm>(&body) else {
        return visitor.unreadable();
    };
    let choices = Choices {
        service_mail: is_yes(wish.service_mail.as_deref()),
        marketing_mail: is_yes(wish.marketing_mail.as_deref()),
        care_advice_in_mail: is_yes(wish.care_advice_in_mail.as_deref()),
    };
    let did = visitor
        .act(move |tx, link| client_page::choose_mails(tx, link, choices))
        .await?;
    let link = visitor.link;
    let visitor = visitor.again(link).await?;
    match did {
        Did::Done => visitor.mails(Some("done_saved")),
        did => visitor.not_done(did),
    }
}

/// Asks whether the mails reach the wrong person.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_wrong_person_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/mails/{token}/wrong-person")]
pub(crate) async fn see_wrong_person_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    let visitor = enter!(request, api, token, Preferences);
    let base = visitor.path(&visitor.link)?;
    visitor
        .page(StatusCode::OK, "not_me", None)?
        .respond(WRONG_PERSON, context! { base })
}

/// Notes that the address is somebody else's: its mails end, and its links.
#[utoipa::path(
    tag = "client pages",
    operation_id = "note_wrong_person_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/mails/{token}/wrong-person")]
pub(crate) async fn note_wrong_person_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    refuse_foreign(&request)?;
    // Not turned away at the door: the first click of two has made the link void.
    let visitor = match enter(&request, api, &token, LinkPurpose::Preferences).await? {
        Ok(visitor) => visitor,
        Err(answer) => return Ok(answer),
    };
    match visitor.act(client_page::wrong_person).await? {
        Did::Done => visitor.thanks("not_me_done", None),
        did => visitor.not_done(did),
    }
}

/// Shows a form to tell how one is after a session.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_report_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/report/{token}")]
pub(crate) async fn see_report_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    enter!(request, api, token, Report).report_page(StatusCode::OK, None)
}

/// Takes in how the client is; those who treat find it on the worklist.
#[utoipa::path(
    tag = "client pages",
    operation_id = "send_report_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    request_body(content = ReportForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/report/{token}")]
pub(crate) async fn send_report_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
    body: web::Bytes,
) -> Answered {
    refuse_foreign(&request)?;
    let visitor = enter!(request, api, token, Report);
    let Some(wish) = form::<ReportForm>(&body) else {
        return visitor.unreadable();
    };
    let Ok(text) = Note::parse(&wish.text) else {
        let says_nothing = wish.text.trim().is_empty();
        let why = if says_nothing {
            "report_empty"
        } else {
            "report_unfit"
        };
        return visitor.report_page(StatusCode::BAD_REQUEST, Some(why));
    };
    let did = visitor
        .act(move |tx, link| client_page::report(tx, link, text.clone()))
        .await?;
    match did {
        Did::Done => visitor.thanks("report_done", Some(visitor.way_back()?)),
        Did::TooLate => visitor.report_page(StatusCode::CONFLICT, Some("too_late")),
        did => visitor.not_done(did),
    }
}

/// Asks whether invitations shall end. Only the form, or a mail program's POST, ends them.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_unsubscribe_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/unsubscribe/{token}")]
pub(crate) async fn see_unsubscribe_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    let visitor = enter!(request, api, token, Unsubscribe);
    let base = visitor.path(&visitor.link)?;
    visitor
        .page(StatusCode::OK, "title_unsubscribe", None)?
        .respond(UNSUBSCRIBE, context! { base })
}

/// Ends invitations in one click (RFC 8058).
#[utoipa::path(
    tag = "client pages",
    operation_id = "unsubscribe_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    request_body(content = UnsubscribeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/unsubscribe/{token}")]
pub(crate) async fn unsubscribe_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
    body: web::Bytes,
) -> Answered {
    // A mail program posts from wherever it shows the mail, so another site's form is not refused here.
    let visitor = enter!(request, api, token, Unsubscribe);
    let wish = form::<UnsubscribeForm>(&body).and_then(|wish| wish.list_unsubscribe);
    if wish.as_deref() != Some("One-Click") {
        return visitor.unreadable();
    }
    match visitor.act(client_page::unsubscribe).await? {
        Did::Done => visitor.thanks("unsubscribe_done", Some(visitor.way_back()?)),
        did => visitor.not_done(did),
    }
}

/// Sends a fresh link to the address on file. The answer is the same whether or not there is one.
#[utoipa::path(
    tag = "client pages",
    operation_id = "send_fresh_link",
    params(("token" = String, Path, description = "What the expired link held.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/fresh-link/{token}")]
pub(crate) async fn send_fresh_link(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    refuse_foreign(&request)?;
    let Some(link) = api.links.key.read_any(&token) else {
        return unknown(locale_of(request.headers()));
    };
    let has_address = api.links.public_url.is_some();
    let visitor = match enter(&request, api, &token, link.purpose).await? {
        Ok(visitor) if visitor.standing != Standing::Void => visitor,
        Ok(visitor) => return visitor.void(),
        Err(answer) => return Ok(answer),
    };
    if has_address {
        visitor.send_fresh_link().await?;
    }
    visitor
        .page(StatusCode::OK, "title_fresh", None)?
        .say("fresh_done", None)
}
