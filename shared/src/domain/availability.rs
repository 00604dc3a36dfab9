//! The times at which a session could be booked.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::closed_days::ClosedDays;
use super::hours::WeeklyHours;
use super::id::{PractitionerId, RoomId};
use super::instant::Instant;
use super::interval::{Interval, any_covers, any_overlaps, intersect, normalise, subtract};
use super::local_time::add_days;

/// How far apart the starts that are offered lie, unless the caller says otherwise.
pub const DEFAULT_STEP_MINUTES: u16 = 15;

/// A practitioner's time, as far as one studio is concerned.
#[derive(Clone, Debug)]
pub struct PractitionerTime {
    /// Who.
    pub practitioner_id: PractitionerId,
    /// The working hours at this studio.
    pub working_hours: WeeklyHours,
    /// What is kept free after a session.
    pub buffer_minutes: u16,
    /// Time off; a buffer may reach into it.
    pub time_off: Vec<Interval>,
    /// Sessions at any studio, each with its buffer.
    pub busy: Vec<Interval>,
}

/// A room's time.
#[derive(Clone, Debug)]
pub struct RoomTime {
    /// Which.
    pub room_id: RoomId,
    /// Sessions in it, each with its buffer.
    pub busy: Vec<Interval>,
}

/// What is looked for, and among what.
#[derive(Clone, Debug)]
pub struct SlotSearch {
    /// The studio's zone.
    pub zone: Tz,
    /// The first day.
    pub from_day: NaiveDate,
    /// The day after the last.
    pub until_day: NaiveDate,
    /// How long the session takes.
    pub duration_minutes: u16,
    /// How far apart the starts lie on the wall clock, counted from each opening; 0 counts as 1.
    pub step_minutes: u16,
    /// When the studio is open.
    pub opening_hours: WeeklyHours,
    /// When it isn't, whatever its week says.
    pub closed_days: ClosedDays,
    /// Who could treat.
    pub practitioners: Vec<PractitionerTime>,
    /// Where; a studio without rooms has an empty list and needs none.
    pub rooms: Vec<RoomTime>,
    /// The client's sessions, without their buffers.
    pub client_busy: Vec<Interval>,
    /// The first day that a plan's gaps allow.
    pub allowed_from: Option<NaiveDate>,
    /// The last day that a plan's gaps allow.
    pub allowed_until: Option<NaiveDate>,
    /// No slot starts before this.
    pub not_before: Instant,
    /// How many slots at most.
    pub limit: usize,
    /// Only slots that sort after this one.
    pub after: Option<(Instant, PractitionerId)>,
}

impl SlotSearch {
    fn open_on(&self, day: NaiveDate) -> Vec<Interval> {
        self.closed_days
            .open_on(&self.opening_hours, day, self.zone)
    }
}

/// A time at which the session could be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// When it would start.
    pub starts_at: Instant,
    /// When it would end.
    pub ends_at: Instant,
    /// Who would treat.
    pub practitioner_id: PractitionerId,
    /// The first room that is free, if the studio has rooms.
    pub room_id: Option<RoomId>,
}

/// A practitioner's time, ready to be asked about.
struct Candidate {
    practitioner_id: PractitionerId,
    buffer: TimeDelta,
    windows: Vec<Interval>,
    busy: Vec<Interval>,
}

/// The free slots, sorted by start and practitioner.
///
/// A slot lies wholly in the studio's opening hours, in the practitioner's working hours and outside the time off;
/// with its buffer it is clear of the other sessions of practitioner and room, with theirs. The buffer may reach past
/// closing.
pub fn free_slots(search: &SlotSearch) -> Vec<Slot> {
    let duration = TimeDelta::minutes(search.duration_minutes.into());
    let first = search
        .allowed_from
        .map_or(search.from_day, |day| day.max(search.from_day));
    let end = search.allowed_until.map_or(search.until_day, |day| {
        add_days(day, 1).min(search.until_day)
    });
    if first >= end || duration <= TimeDelta::zero() {
        return Vec::new();
    }
    let candidates = candidates(search, first, end);
    let rooms = search
        .rooms
        .iter()
        .map(|room| (room.room_id, normalise(room.busy.clone())))
        .collect::<Vec<_>>();

    let mut slots = Vec::new();
    for day in first.iter_days().take_while(|day| *day < end) {
        for opening in search.open_on(day) {
            for starts_at in starts(opening, search.zone, search.step_minutes) {
                if starts_at < search.not_before {
                    continue;
                }
                let ends_at = starts_at + duration;
                for candidate in &candidates {
                    if slots.len() >= search.limit {
                        return slots;
                    }
                    if search
                        .after
                        .is_some_and(|after| (starts_at, candidate.practitioner_id) <= after)
                    {
                        continue;
                    }
                    let blocked = Interval::new(starts_at, ends_at + candidate.buffer);
                    if !any_covers(&candidate.windows, Interval::new(starts_at, ends_at))
                        || any_overlaps(&candidate.busy, blocked)
                    {
                        continue;
                    }
                    let room = rooms
                        .iter()
                        .find(|(_, busy)| !any_overlaps(busy, blocked))
                        .map(|(id, _)| *id);
                    if room.is_some() || rooms.is_empty() {
                        slots.push(Slot {
                            starts_at,
                            ends_at,
                            practitioner_id: candidate.practitioner_id,
                            room_id: room,
                        });
                    }
                }
            }
        }
    }
    slots
}

fn candidates(search: &SlotSearch, first: NaiveDate, end: NaiveDate) -> Vec<Candidate> {
    // A session may run past midnight where the hours of two days touch, so the day after counts too.
    let days = || first.iter_days().take_while(|day| *day <= end);
    let open = normalise(days().flat_map(|day| search.open_on(day)).collect());
    let studio = subtract(&open, &normalise(search.client_busy.clone()));
    let mut candidates = search
        .practitioners
        .iter()
        .map(|practitioner| {
            let at_work =
                days().flat_map(|day| practitioner.working_hours.open_on(day, search.zone));
            let working = intersect(&studio, &normalise(at_work.collect()));
            Candidate {
                practitioner_id: practitioner.practitioner_id,
                buffer: TimeDelta::minutes(practitioner.buffer_minutes.into()),
                windows: subtract(&working, &normalise(practitioner.time_off.clone())),
                busy: normalise(practitioner.busy.clone()),
            }
        })
        .collect::<Vec<_>>();
    candidates.sort_unstable_by_key(|candidate| candidate.practitioner_id);
    candidates
}

/// The instants of an opening at which the wall clock is a multiple of the step after the opening.
fn starts(opening: Interval, zone: Tz, step_minutes: u16) -> Vec<Instant> {
    let step = i64::from(step_minutes.max(1));
    let wall = |instant: Instant| -> NaiveDateTime { instant.at(zone).naive_local() };
    let opens = wall(opening.starts_at);
    let clocks_change = wall(opening.ends_at) - opens != opening.ends_at - opening.starts_at;
    // Where the clocks change in between, each minute is looked at; else elapsed time is the wall clock's.
    let stride = TimeDelta::minutes(if clocks_change { 1 } else { step });
    std::iter::successors(Some(opening.starts_at), |instant| Some(*instant + stride))
        .take_while(|instant| *instant < opening.ends_at)
        .filter(|instant| {
            !clocks_change || (wall(*instant) - opens).num_minutes().rem_euclid(step) == 0
        })
        .collect()
}

#[cfg(test)]
#[path = "availability_tests.rs"]
mod tests;
