//! `/v1/calendar-feeds`, and the feeds themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use stipple_shared::domain::calendar_feed::NewCalendarFeed;
use stipple_shared::domain::{CalendarFeedId, SessionState, StudioId};
use stipple_shared::error::{Error, Result};
use stipple_shared::letter::service_word;
use stipple_shared::mail::AppointmentFacts;
use stipple_shared::mail::calendar::{FeedEvent, feed};
use stipple_shared::storage::calendar_feeds::{CalendarFeed, FeedPlace, FeedSecret, FeedSession};
use stipple_shared::storage::idempotency::Answer;
use utoipa::ToSchema;

use super::Answered;
use crate::access::ManageKeys;
use crate::answer::{PageBody, Resource, resources};
use crate::problem::Problem;
use crate::request::{Command, Id, Json, NoBody, Paging, Reading, has_already};
use crate::server::Api;

resources! {
    CalendarFeed: "/v1/calendar-feeds";
}

/// A feed that was just made, with its address.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeCalendarFeed {
    /// The feed.
    feed: CalendarFeed,
    /// Where a calendar program fetches it. It's shown this once and can't be read again; without a public address it
    /// begins with the path.
    #[schema(example = "https://book.example.com/calendars/….ics")]
    url: String,
}

/// Makes a calendar feed of a studio or a practitioner. Its address is in this answer and nowhere else.
///
/// An Idempotency-Key is refused here: to repeat the answer, the secret would have to be kept.
#[utoipa::path(
    tag = "calendar feeds",
    operation_id = "make_calendar_feed",
    security(("key" = ["manage_keys"])),
    request_body = NewCalendarFeed,
    responses((status = 201, description = "The feed and its address.", body = MadeCalendarFeed, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/calendar-feeds")]
pub(crate) async fn make_calendar_feed(
    command: Command<ManageKeys, Json<NewCalendarFeed>>,
    api: web::Data<Api>,
) -> Answered {
    let base = api.links.public_url.clone();
    command
        .run_unkept(move |tx, given| {
            let (feed, secret) = CalendarFeed::make(tx, given.body)?;
            let base = base.as_ref().map_or("", |url| url.as_str());
            made(feed, &secret, base)
        })
        .await
}

fn made(feed: CalendarFeed, secret: &FeedSecret, base: &str) -> Result<Answer> {
    let location = feed.path();
    let etag = format!("\"v{}\"", feed.version);
    let made = MadeCalendarFeed {
        feed,
        url: format!("{base}/calendars/{}.ics", secret.reveal()),
    };
    Ok(Answer {
        status: 201,
        headers: vec![("location".into(), location), ("etag".into(), etag)],
        body: serde_json::to_vec(&made).map_err(Error::internal)?,
    })
}

/// Lists calendar feeds, ended ones too.
#[utoipa::path(
    tag = "calendar feeds",
    operation_id = "list_calendar_feeds",
    security(("key" = ["manage_keys"])),
    params(Paging),
    responses((status = 200, description = "A page of feeds.", body = PageBody<CalendarFeed>, headers(("Link" = String))))
)]
#[get("/v1/calendar-feeds")]
pub(crate) async fn list_calendar_feeds(reading: Reading<ManageKeys>) -> Answered {
    reading
        .page(|db, caller, _, page| CalendarFeed::list(db, &caller.scope, page))
        .await
}

/// Shows a calendar feed, without its address.
#[utoipa::path(
    tag = "calendar feeds",
    operation_id = "get_calendar_feed",
    security(("key" = ["manage_keys"])),
    params(("id" = CalendarFeedId, Path, description = "The feed.")),
    responses((status = 200, description = "The feed.", body = CalendarFeed, headers(("ETag" = String))))
)]
#[get("/v1/calendar-feeds/{id}")]
pub(crate) async fn get_calendar_feed(
    reading: Reading<ManageKeys>,
    id: Id<CalendarFeedId>,
) -> Answered {
    reading
        .one(move |db, caller| CalendarFeed::find_in(db, &caller.scope, id.0))
        .await
}

/// Ends a calendar feed at once; ending it twice is as ending it once.
#[utoipa::path(
    tag = "calendar feeds",
    operation_id = "revoke_calendar_feed",
    security(("key" = ["manage_keys"])),
    params(("id" = CalendarFeedId, Path, description = "The feed.")),
    responses((status = 200, description = "The ended feed.", body = CalendarFeed, headers(("ETag" = String))))
)]
#[post("/v1/calendar-feeds/{id}/revoke")]
pub(crate) async fn revoke_calendar_feed(
    command: Command<ManageKeys, NoBody>,
    id: Id<CalendarFeedId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&CalendarFeed::revoke(tx, id.0, given.if_match)?))
        .await
}

/// A studio's or a practitioner's calendar, for programs that fetch it again and again.
///
/// It shows times and neutral titles, and no client. Where a studio's feed shows sessions of several practitioners, each title
/// tells whose it is. The secret in the address is all that it asks for.
#[utoipa::path(
    tag = "calendar feeds",
    operation_id = "fetch_calendar",
    params(("secret" = String, Path, description = "What the feed's address holds.")),
    responses(
        (status = 200, description = "The calendar.", body = String, content_type = "text/calendar", headers(("ETag" = String))),
        (status = 404, description = "There is no such feed, or it has ended.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/calendars/{secret}.ics")]
pub(crate) async fn fetch_calendar(
    request: HttpRequest,
    api: web::Data<Api>,
    secret: web::Path<String>,
) -> Answered {
    let now = api.store.clock().now();
    let found = api
        .store
        .read(move |db| match CalendarFeed::recognise(db, &secret)? {
            Some(feed) => Ok(Some((feed.sessions(db, now)?, feed))),
            None => Ok(None),
        })
        .await?;
    let Some((sessions, found)) = found else {
        return Err(Problem::no_such_path());
    };
    let labels = labels(&sessions)?;
    let events: Vec<FeedEvent<'_>> = sessions
        .iter()
        .filter_map(|shown| event(shown, labels.get(&shown.session.studio_id)?))
        .collect();
    let body = feed(&found.name, &events);
    let etag = format!(
        "\"{}\"",
        URL_SAFE_NO_PAD.encode(&Sha256::digest(body.as_bytes())[..16])
    );
    if has_already(&request, &etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .content_type("text/calendar; charset=utf-8")
        .body(body))
}

/// What each studio calls an appointment, in its own language.
fn labels(sessions: &[FeedSession]) -> Result<HashMap<StudioId, String>> {
    let mut labels = HashMap::new();
    for shown in sessions {
        let FeedPlace { studio, own_words } = &*shown.place;
        if let Entry::Vacant(place) = labels.entry(studio.id) {
            place.insert(service_word(studio, own_words, &studio.language)?);
        }
    }
    Ok(labels)
}

fn event<'a>(shown: &'a FeedSession, summary: &'a str) -> Option<FeedEvent<'a>> {
    let session = &shown.session;
    Some(FeedEvent {
        appointment: AppointmentFacts {
            session_id: session.id.0,
            schedule_version: session.schedule_version,
            starts_at: session.starts_at?,
            ends_at: session.ends_at?,
            cancelled: matches!(
                session.state,
                SessionState::Cancelled | SessionState::NoShow
            ),
        },
        tentative: session.state == SessionState::Booked,
        summary,
        practitioner: shown.practitioner.as_deref(),
        room: shown.room.as_deref(),
        changed_at: session.updated_at,
    })
}
