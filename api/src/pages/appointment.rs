//! The appointment's pages: see it, confirm it, choose or ask for another time, cancel it, read the advice.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer};
use stipple_shared::domain::given;
use stipple_shared::domain::local_time::start_of_day;
use stipple_shared::domain::text::Note;
use stipple_shared::domain::{Instant, SafetyNoticeRecipientId};
use stipple_shared::links::LinkPurpose;
use stipple_shared::storage::client_page::{self, Did, FARTHEST_DAYS, FreeTimes, Standing};
use utoipa::ToSchema;

use super::entry::{Visitor, enter, form, refuse_foreign};
use crate::handlers::Answered;
use crate::problem::Problem;
use crate::server::Api;

/// Another time, or the wish for one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveForm {
    /// One of the times that the page offered.
    #[serde(default, deserialize_with = "chosen")]
    starts_at: Option<Instant>,
    /// Which times suit, where the page offers none.
    note: Option<String>,
}

/// A form names each of its fields: an empty one is no choice.
fn chosen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.filter(|text| !text.trim().is_empty())
        .map(|text| given::instant(text.into_deserializer()))
        .transpose()
}

/// From which day on times are shown.
#[derive(Debug, Default, Deserialize)]
struct MoveQuery {
    from: Option<NaiveDate>,
}

/// Lets somebody in to the page, or answers.
macro_rules! enter {
    ($request:expr, $api:expr, $token:expr) => {
        match enter(&$request, $api, &$token, LinkPurpose::Appointment).await? {
            Ok(visitor) => match visitor.turned_away(visitor.standing)? {
                None => visitor,
                Some(answer) => return Ok(answer),
            },
            Err(answer) => return Ok(answer),
        }
    };
}

fn moved(visitor: &Visitor) -> Option<&'static str> {
    (visitor.standing == Standing::Moved).then_some("moved_since")
}

/// Shows the appointment.
///
/// The link stands in the client's mails. Looking changes nothing.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_appointment_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/appointment/{token}")]
pub(crate) async fn see_appointment_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    let visitor = enter!(request, api, token);
    visitor.appointment(StatusCode::OK, moved(&visitor))
}

/// Confirms the appointment.
#[utoipa::path(
    tag = "client pages",
    operation_id = "confirm_appointment_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/appointment/{token}/confirm")]
pub(crate) async fn confirm_appointment_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    refuse_foreign(&request)?;
    let visitor = enter!(request, api, token);
    let did = visitor.act(client_page::confirm).await?;
    answer(visitor, did, "done_confirmed").await
}

/// Shows the free times to choose from, or a form to ask for one.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_move_page",
    params(
        ("token" = String, Path, description = "What the link in the mail holds."),
        ("from" = Option<NaiveDate>, Query, description = "The first day to be shown."),
    ),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/appointment/{token}/move")]
pub(crate) async fn see_move_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    let visitor = enter!(request, api, token);
    let notice = moved(&visitor);
    // What can't be read shows the first days.
    let query: MoveQuery = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    choose(visitor, StatusCode::OK, notice, query.from).await
}

async fn choose(
    visitor: Visitor,
    status: StatusCode,
    notice: Option<&'static str>,
    from: Option<NaiveDate>,
) -> Answered {
    let (now, zone) = (visitor.now, visitor.visited.studio.time_zone.0);
    let today = now.day_at(zone);
    let from = from
        .filter(|day| (today..=today + chrono::Days::new(FARTHEST_DAYS)).contains(day))
        .map_or(now, |day| start_of_day(day, zone).max(now));
    if !visitor.visited.may(now).choose_time {
        return visitor.other_times(status, notice, &FreeTimes::default());
    }
    let visited = visitor.visited.clone();
    let free = visitor
        .api
        .store
        .read(move |db| visited.free_times(db, now, from))
        .await?;
    visitor.other_times(status, notice, &free)
}

/// Moves the appointment to a free time, or asks the studio for another one.
#[utoipa::path(
    tag = "client pages",
    operation_id = "move_appointment_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    request_body(content = MoveForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/appointment/{token}/move")]
pub(crate) async fn move_appointment_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
    body: web::Bytes,
) -> Answered {
    refuse_foreign(&request)?;
    let visitor = enter!(request, api, token);
    let Some(wish) = form::<MoveForm>(&body) else {
        return visitor.unreadable();
    };
    match wish.starts_at {
        Some(starts_at) => {
            let did = visitor
                .act(move |tx, link| client_page::choose_time(tx, link, starts_at))
                .await?;
            answer_with_mail(visitor, did, "done_moved", "done_moved_mail").await
        }
        // Where times are offered, there's nothing to ask for before one was chosen.
        None if visitor.standing == Standing::Holds
            && visitor.visited.may(visitor.now).choose_time =>
        {
            choose(visitor, StatusCode::BAD_REQUEST, Some("choose_time"), None).await
        }
        None => {
            let note = wish.note.filter(|text| !text.trim().is_empty());
            let note = match note.as_deref().map(Note::parse).transpose() {
                Ok(note) => note,
                Err(_unfit) => return visitor.unreadable(),
            };
            let did = visitor
                .act(move |tx, link| client_page::ask_to_move(tx, link, note.clone()))
                .await?;
            answer(visitor, did, "done_asked").await
        }
    }
}

/// Asks whether the appointment shall be cancelled.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_cancel_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/appointment/{token}/cancel")]
pub(crate) async fn see_cancel_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    enter!(request, api, token).cancellation()
}

/// Cancels the appointment, up to the studio's cut-off.
#[utoipa::path(
    tag = "client pages",
    operation_id = "cancel_appointment_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/appointment/{token}/cancel")]
pub(crate) async fn cancel_appointment_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    refuse_foreign(&request)?;
    let visitor = enter!(request, api, token);
    let did = visitor.act(client_page::cancel).await?;
    answer_with_mail(visitor, did, "done_cancelled", "done_cancelled_mail").await
}

/// Says that the client read what they are told of something unsafe.
#[utoipa::path(
    tag = "client pages",
    operation_id = "read_safety_notice_page",
    params(
        ("token" = String, Path, description = "What the link in the mail holds."),
        ("inner_id" = SafetyNoticeRecipientId, Path, description = "The client's row of the notice."),
    ),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[post("/my/appointment/{token}/safety-notices/{inner_id}/read")]
pub(crate) async fn read_safety_notice_page(
    request: HttpRequest,
    api: web::Data<Api>,
    path: web::Path<(String, String)>,
) -> Answered {
    refuse_foreign(&request)?;
    let (token, id) = path.into_inner();
    let token = web::Path::from(token);
    let visitor = enter!(request, api, token);
    let Ok(id) = id.parse::<SafetyNoticeRecipientId>() else {
        return visitor.unreadable();
    };
    let did = visitor
        .act(move |tx, link| client_page::read_safety_notice(tx, link, id))
        .await?;
    answer(visitor, did, "done_read").await
}

/// Shows the advice before or after the appointment.
#[utoipa::path(
    tag = "client pages",
    operation_id = "see_advice_page",
    params(("token" = String, Path, description = "What the link in the mail holds.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/my/appointment/{token}/advice")]
pub(crate) async fn see_advice_page(
    request: HttpRequest,
    api: web::Data<Api>,
    token: web::Path<String>,
) -> Answered {
    enter!(request, api, token).advice()
}

/// The same, and whether a mail about it is still to come.
async fn answer_with_mail(
    visitor: Visitor,
    did: Did,
    done: &'static str,
    done_with_mail: &'static str,
) -> Result<HttpResponse, Problem> {
    let is_told = did == Did::Done && visitor.is_notice_to_come().await?;
    answer(visitor, did, if is_told { done_with_mail } else { done }).await
}

/// Shows how the appointment stands after an act.
async fn answer(visitor: Visitor, did: Did, done: &'static str) -> Result<HttpResponse, Problem> {
    let link = visitor.link;
    let visitor = visitor.again(link).await?;
    match did {
        Did::Done => visitor.appointment(StatusCode::OK, Some(done)),
        Did::Not(Standing::Moved | Standing::Holds) => {
            visitor.appointment(StatusCode::CONFLICT, Some("moved_since"))
        }
        Did::TooLate => visitor.appointment(StatusCode::CONFLICT, Some("too_late")),
        Did::Taken => choose(visitor, StatusCode::CONFLICT, Some("taken"), None).await,
        Did::Not(standing) => match visitor.turned_away(standing)? {
            Some(answer) => Ok(answer),
            None => visitor.appointment(StatusCode::CONFLICT, None),
        },
    }
}
