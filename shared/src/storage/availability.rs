//! The times at which a session could be booked: what is offered here passes the rules of booking.

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::clients::Client;
use super::kept_text::Keep as _;
use super::paging::{PageRequest, Position};
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::schema::{practitioners, rooms, sessions};
use super::session_rules::{LONGEST_CLAIM, plan_sessions};
use super::sessions::{Session, holds_time};
use super::studios::Studio;
use super::time_off::TimeOff;
use super::{Db, Scope};
use crate::domain::availability::{
    DEFAULT_STEP_MINUTES, PractitionerTime, RoomTime, SlotSearch, free_slots as search_slots,
};
use crate::domain::booking::LocalStart;
use crate::domain::gap::{self, GapBreachKind};
use crate::domain::interval::Interval;
use crate::domain::local_time::{add_days, start_of_day};
use crate::domain::number::DurationMinutes;
use crate::domain::overlap::Claim;
use crate::domain::{
    ClientId, Instant, PractitionerId, RoomId, SessionId, SessionState, StudioId, TimeZoneName,
};
use crate::error::{Error, Result};

/// For what a time is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A session that is planned or booked: its own time counts as free.
    Session {
        /// Which.
        session_id: SessionId,
        /// How long it shall take, where not as long as it says.
        duration_minutes: Option<DurationMinutes>,
    },
    /// One that doesn't exist yet.
    New {
        /// Who is to be treated, where that is known.
        client_id: Option<ClientId>,
        /// Where.
        studio_id: StudioId,
        /// How long it takes.
        duration_minutes: DurationMinutes,
    },
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct AvailabilityRequest {
    /// For what.
    pub subject: Subject,
    /// Only with this practitioner.
    pub practitioner_id: Option<PractitionerId>,
    /// Only in this room.
    pub room_id: Option<RoomId>,
    /// The first day at the studio.
    pub from_day: NaiveDate,
    /// The last day at the studio.
    pub until_day: NaiveDate,
    /// How far apart the starts lie.
    pub step_minutes: Option<u16>,
}

/// A time that is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfferedSlot {
    /// When it would start.
    pub starts_at: Instant,
    /// When it would end.
    pub ends_at: Instant,
    /// When it would start on the studio's clock. Book by `starts_at`: where clocks go back this may mean two instants.
    pub local_start: LocalStart,
    /// Who would treat.
    pub practitioner_id: PractitionerId,
    /// The first room that is free, if the studio has rooms.
    pub room_id: Option<RoomId>,
}

/// What was found.
#[derive(Debug)]
pub struct Availability {
    /// The times, by start and practitioner.
    pub slots: Vec<OfferedSlot>,
    /// Where the next page begins, where there is one.
    pub next: Option<Position>,
    /// The studio's zone.
    pub time_zone: TimeZoneName,
    /// The first day that the plan's gaps allow, where they set one.
    pub allowed_from: Option<NaiveDate>,
    /// The last day that the plan's gaps allow, where they set one.
    pub allowed_until: Option<NaiveDate>,
    /// Why there is nothing to offer on any day.
    pub blocked_by: Option<&'static str>,
}

/// What the times have to fit, whatever they are looked for.
struct Wanted {
    studio: Studio,
    session_id: Option<SessionId>,
    client_id: Option<ClientId>,
    practitioner_id: Option<PractitionerId>,
    duration_minutes: u16,
    allowed: (Option<NaiveDate>, Option<NaiveDate>),
    blocked_by: Option<&'static str>,
}

/// The times at which the session could be booked without an override, a page at a time.
pub fn free_slots(
    db: &mut Db,
    scope: &Scope,
    now: Instant,
    request: &AvailabilityRequest,
    page: &PageRequest,
) -> Result<Availability> {
    let wanted = wanted(db, scope, request)?;
    let mut found = Availability {
        slots: Vec::new(),
        next: None,
        time_zone: wanted.studio.time_zone,
        allowed_from: wanted.allowed.0,
        allowed_until: wanted.allowed.1,
        blocked_by: wanted.blocked_by,
    };
    if wanted.blocked_by.is_some() {
        return Ok(found);
    }
    let zone = wanted.studio.time_zone.0;
    let Some(room_ids) = usable_rooms(db, wanted.studio.id, request.room_id)? else {
        return Ok(found);
    };
    let staff = who_could(db, &wanted)?;
    let ids: Vec<PractitionerId> = staff.iter().map(|one| one.id).collect();
    // A session that starts on the last day, with its buffer, may reach into the next.
    let period = Interval::new(
        start_of_day(request.from_day, zone),
        start_of_day(add_days(request.until_day, 1), zone) + LONGEST_CLAIM,
    );
    let claims = claims_in(db, &wanted, &ids, period)?;
    let away = TimeOff::between(db, &ids, period.starts_at, period.ends_at)?;
    let busy = |concerns: &dyn Fn(&Claim) -> bool, time: fn(&Claim) -> Interval| -> Vec<Interval> {
        claims
            .iter()
            .filter(|claim| concerns(claim))
            .map(time)
            .collect()
    };
    let practitioners = staff
        .iter()
        .map(|one| {
            Ok(PractitionerTime {
                practitioner_id: one.id,
                working_hours: one.working_hours.at_studio(wanted.studio.id),
                buffer_minutes: u16::try_from(one.buffer_minutes).map_err(Error::internal)?,
                time_off: away
                    .iter()
                    .filter(|time_off| time_off.practitioner_id == one.id)
                    .map(|time_off| Interval::new(time_off.starts_at, time_off.ends_at))
                    .collect(),
                busy: busy(&|claim| claim.practitioner_id == one.id, Claim::blocked),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let search = SlotSearch {
        zone,
        from_day: request.from_day,
        until_day: add_days(request.until_day, 1),
        duration_minutes: wanted.duration_minutes,
        step_minutes: request.step_minutes.unwrap_or(DEFAULT_STEP_MINUTES),
        opening_hours: wanted.studio.opening_hours.0.clone(),
        closed_days: wanted.studio.closed_days.0.clone(),
        practitioners,
        rooms: room_ids
            .into_iter()
            .map(|room_id| RoomTime {
                room_id,
                busy: busy(&|claim| claim.room_id == Some(room_id), Claim::blocked),
            })
            .collect(),
        client_busy: busy(
            &|claim| Some(claim.client_id) == wanted.client_id,
            Claim::attended,
        ),
        allowed_from: wanted.allowed.0,
        allowed_until: wanted.allowed.1,
        // What starts now is refused as past.
        not_before: now + TimeDelta::milliseconds(1),
        limit: page.limit.saturating_add(1),
        after: page
            .after_instant()
            .map(|(at, id)| (at, PractitionerId(id))),
    };
    let mut slots = search_slots(&search);
    if slots.len() > page.limit {
        slots.truncate(page.limit);
        found.next = slots
            .last()
            .map(|slot| Position::At(slot.starts_at, slot.practitioner_id.0));
    }
    found.slots = slots
        .into_iter()
        .map(|slot| OfferedSlot {
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            local_start: LocalStart(slot.starts_at.at(zone).naive_local()),
            practitioner_id: slot.practitioner_id,
            room_id: slot.room_id,
        })
        .collect();
    Ok(found)
}

fn wanted(db: &mut Db, scope: &Scope, request: &AvailabilityRequest) -> Result<Wanted> {
    match request.subject {
        Subject::New {
            client_id,
            studio_id,
            duration_minutes,
        } => {
            // When somebody is busy is theirs: only who sees the client is told.
            let client = client_id
                .map(|client_id| Client::find_in(db, scope, client_id))
                .transpose()?;
            Ok(Wanted {
                studio: Studio::find_in(db, scope, studio_id)?,
                session_id: None,
                client_id,
                practitioner_id: request.practitioner_id,
                duration_minutes: duration_minutes.get(),
                allowed: (None, None),
                blocked_by: client.and_then(|client| off_the_list(&client)),
            })
        }
        Subject::Session {
            session_id,
            duration_minutes,
        } => {
            let session = Session::find_in(db, scope, session_id)?;
            let studio = Studio::find(db, session.studio_id)?;
            let blocked_by = match session.state {
                SessionState::Planned | SessionState::Booked | SessionState::Confirmed => {
                    off_the_list(&Client::find(db, session.client_id)?)
                }
                SessionState::Arrived => Some("session_arrived"),
                _ => Some("session_final"),
            };
            let mut wanted = Wanted {
                session_id: Some(session_id),
                client_id: Some(session.client_id),
                practitioner_id: request.practitioner_id.or(session.practitioner_id),
                duration_minutes: match duration_minutes {
                    Some(minutes) => minutes.get(),
                    None => u16::try_from(session.duration_minutes).map_err(Error::internal)?,
                },
                allowed: (None, None),
                blocked_by,
                studio,
            };
            if let (Some(plan_id), Some(ordinal)) = (session.plan_id, session.ordinal) {
                let ordinal = u8::try_from(ordinal).map_err(Error::internal)?;
                let plan = Plan::find(db, plan_id)?;
                let all = plan_sessions(db, plan_id, &wanted.studio)?;
                wanted.allowed = gap::allowed_days(&all, &plan.gaps, ordinal);
                let day = request.from_day;
                if gap::check_neighbours(&all, &plan.gaps, ordinal, day)
                    .iter()
                    .any(|breach| breach.kind == GapBreachKind::EarlierNotBooked)
                {
                    let code = GapBreachKind::EarlierNotBooked.as_str();
                    wanted.blocked_by = wanted.blocked_by.or(Some(code));
                }
            }
            Ok(wanted)
        }
    }
}

/// What stands in the way of whoever was taken off the list.
fn off_the_list(client: &Client) -> Option<&'static str> {
    client.deleted_at.map(|_| "client_deleted")
}

/// The rooms that may be offered: none for a studio without rooms, nothing if there are rooms but not the one asked for.
fn usable_rooms(
    db: &mut Db,
    studio_id: StudioId,
    asked: Option<RoomId>,
) -> Result<Option<Vec<RoomId>>> {
    let usable: Vec<RoomId> = rooms::table
        .filter(rooms::studio_id.eq(studio_id))
        .filter(rooms::active.eq(true))
        .order(rooms::id)
        .select(rooms::id)
        .kept()
        .load(db)?;
    Ok(match asked {
        None => Some(usable),
        Some(asked) => usable.contains(&asked).then(|| vec![asked]),
    })
}

/// The active practitioners who work at the studio, or the one who is asked for.
fn who_could(db: &mut Db, wanted: &Wanted) -> Result<Vec<Practitioner>> {
    let mut query = practitioners::table
        .filter(practitioners::active.eq(true))
        .into_boxed();
    if let Some(id) = wanted.practitioner_id {
        query = query.filter(practitioners::id.eq(id));
    }
    let mut staff: Vec<Practitioner> = query.select(Practitioner::as_select()).load(db)?;
    staff.retain(|one| {
        !one.working_hours
            .at_studio(wanted.studio.id)
            .hours()
            .is_empty()
    });
    Ok(staff)
}

/// What sessions take up in the period: those of the studio, of these practitioners and of the client.
fn claims_in(
    db: &mut Db,
    wanted: &Wanted,
    practitioner_ids: &[PractitionerId],
    period: Interval,
) -> Result<Vec<Claim>> {
    let some_ids: Vec<Option<PractitionerId>> =
        practitioner_ids.iter().copied().map(Some).collect();
    let found: Vec<Session> = sessions::table
        .filter(
            sessions::studio_id
                .eq(wanted.studio.id)
                .or(sessions::practitioner_id.eq_any(some_ids))
                .or(sessions::client_id.nullable().eq(wanted.client_id)),
        )
        .filter(holds_time())
        .filter(sessions::starts_at.gt(period.starts_at - LONGEST_CLAIM))
        .filter(sessions::starts_at.lt(period.ends_at))
        .select(Session::as_select())
        .load(db)?;
    Ok(found
        .iter()
        .filter(|session| Some(session.id) != wanted.session_id)
        .filter_map(Session::claim)
        .collect())
}
