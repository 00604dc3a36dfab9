//! `/v1/availability`.

use actix_web::get;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use stipple_shared::domain::day;
use stipple_shared::domain::instant::is_in_years;
use stipple_shared::domain::number::DurationMinutes;
use stipple_shared::domain::{ClientId, PractitionerId, RoomId, SessionId, StudioId, TimeZoneName};
use stipple_shared::storage::availability::{
    AvailabilityRequest, OfferedSlot, Subject, free_slots,
};
use utoipa::{IntoParams, ToSchema};

use super::Answered;
use crate::access::SeeStudio;
use crate::problem::ProblemBody;
use crate::request::Reading;

/// The longest period that is looked at in one call, in days.
const LONGEST_PERIOD_DAYS: i64 = 62;

/// For what, and when. Write either `session_id` or `studio_id` with `duration_minutes`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AvailabilityQuery {
    /// A session to be booked or moved: its client, practitioner, length and its plan's gaps hold, and the time that it
    /// has now counts as free.
    session_id: Option<SessionId>,
    /// For a new session: who is to be treated, and so must be free.
    client_id: Option<ClientId>,
    /// For a new session: where.
    studio_id: Option<StudioId>,
    /// How long it takes; with `session_id` as long as the session says unless this is given.
    #[param(value_type = Option<DurationMinutes>)]
    duration_minutes: Option<u16>,
    /// Only this practitioner.
    practitioner_id: Option<PractitionerId>,
    /// Only this room.
    room_id: Option<RoomId>,
    /// The first day, on the studio's calendar.
    #[serde(deserialize_with = "day::required")]
    from_day: NaiveDate,
    /// The last day, at most 62 days after the first.
    #[serde(deserialize_with = "day::required")]
    until_day: NaiveDate,
    /// How far apart the starts lie, in minutes.
    #[param(minimum = 1, maximum = 720, default = 15)]
    step_minutes: Option<u16>,
}

/// What is asked for, once the parameters have been found to fit together.
#[derive(Debug, Deserialize)]
#[serde(try_from = "AvailabilityQuery")]
pub(crate) struct Asked(AvailabilityRequest);

impl TryFrom<AvailabilityQuery> for Asked {
    type Error = String;

    fn try_from(query: AvailabilityQuery) -> Result<Self, String> {
        let days = query
            .until_day
            .signed_duration_since(query.from_day)
            .num_days();
        if !(0..=LONGEST_PERIOD_DAYS).contains(&days) {
            return Err("write an until_day that is from_day or up to 62 days later".into());
        }
        if !is_in_years(query.from_day) || !is_in_years(query.until_day) {
            return Err("write days in the years 1900 to 2200".into());
        }
        let duration_minutes = query
            .duration_minutes
            .map(|minutes| DurationMinutes::new(minutes.into()))
            .transpose()?;
        if query
            .step_minutes
            .is_some_and(|step| !(1..=720).contains(&step))
        {
            return Err("write step_minutes from 1 to 720".into());
        }
        let subject = match (query.session_id, query.studio_id, duration_minutes) {
            (Some(session_id), None, _) if query.client_id.is_none() => Subject::Session {
                session_id,
                duration_minutes,
            },
            (None, Some(studio_id), Some(duration_minutes)) => Subject::New {
                client_id: query.client_id,
                studio_id,
                duration_minutes,
            },
            _ => {
                return Err(
                    "write either session_id or studio_id with duration_minutes; client_id goes with the latter".into(),
                );
            }
        };
        Ok(Self(AvailabilityRequest {
            subject,
            practitioner_id: query.practitioner_id,
            room_id: query.room_id,
            from_day: query.from_day,
            until_day: query.until_day,
            step_minutes: query.step_minutes,
        }))
    }
}

/// Times at which a session could be booked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailabilityBody {
    /// The times on this page, by start and practitioner.
    data: Vec<OfferedSlot>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    /// The studio's zone, in which the days and local times are.
    time_zone: TimeZoneName,
    /// The first day that the plan's gaps allow, where they set one.
    allowed_from: Option<NaiveDate>,
    /// The last day that the plan's gaps allow, where they set one.
    allowed_until: Option<NaiveDate>,
    /// Why there is nothing to offer on any day: `earlier_session_not_booked`, `session_arrived`, `session_final`,
    /// `client_deleted`.
    blocked_by: Option<&'static str>,
}

/// Lists times at which a session could be booked without an override.
///
/// Others may book in the meantime: an offer is not a hold.
#[utoipa::path(
    tag = "sessions",
    operation_id = "list_availability",
    security(("key" = ["see_studio"])),
    params(
        AvailabilityQuery,
        ("cursor" = Option<String>, Query, description = "Where to go on: the `next_cursor` of the page before, with the same parameters."),
        ("limit" = Option<u16>, Query, description = "So many times at most: 50 unless said otherwise, at most 200.", minimum = 1, maximum = 200),
    ),
    responses(
        (status = 200, description = "A page of times.", body = AvailabilityBody, headers(("Link" = String))),
        (status = 404, description = "There is no such session, studio or client that this key can see.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/availability")]
pub(crate) async fn list_availability(reading: Reading<SeeStudio, Asked>) -> Answered {
    let now = reading.now();
    reading
        .computed_page(
            move |db, caller, asked, page| {
                let found = free_slots(db, &caller.scope, now, &asked.0, page)?;
                let next = found.next;
                Ok((found, next))
            },
            |found, next_cursor| AvailabilityBody {
                data: found.slots,
                next_cursor,
                time_zone: found.time_zone,
                allowed_from: found.allowed_from,
                allowed_until: found.allowed_until,
                blocked_by: found.blocked_by,
            },
        )
        .await
}
