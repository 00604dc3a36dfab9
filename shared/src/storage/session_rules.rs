//! What a session's time is judged by: hours, rooms, other sessions, the plan's gaps.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::kept_text::Keep as _;
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::rooms::Room;
use super::schema::{rooms, sessions};
use super::sessions::{Session, holds_time};
use super::studios::Studio;
use super::time_off::TimeOff;
use super::{Db, Scope, Tx};
use crate::domain::gap::{self, GapVerdict, PlanSession};
use crate::domain::interval::{Interval, any_covers, intersect};
use crate::domain::local_time::add_days;
use crate::domain::nonconformity::{Nonconformity, NonconformityCode, nonconformity};
use crate::domain::overlap::{Claim, Conflict, ConflictKind, conflicts};
use crate::domain::overriding::{Breach, OverridableRule};
use crate::domain::{Instant, PlanId, RoomId, SessionId};
use crate::error::{Error, Result};

/// The longest that a session with its buffer can hold a time: 12 hours and 8.
pub(super) const LONGEST_CLAIM: TimeDelta = TimeDelta::hours(20);

/// The room that is asked for, the one that the session has if it's free, or the first free one.
pub(super) fn choose_room(
    db: &mut Db,
    session: &Session,
    studio: &Studio,
    claims: &[Claim],
    asked: Option<RoomId>,
    kept: Option<RoomId>,
) -> Result<Option<RoomId>> {
    let usable: Vec<Room> = rooms::table
        .filter(rooms::studio_id.eq(studio.id))
        .filter(rooms::active.eq(true))
        .order(rooms::id)
        .select(Room::as_select())
        .kept()
        .load(db)?;
    if let Some(asked) = asked {
        if usable.iter().any(|room| room.id == asked) {
            return Ok(Some(asked));
        }
        return Err(Error::invalid(
            "/room_id",
            "unknown_room",
            "name a room of the session's studio that is in use",
        ));
    }
    let mut in_order: Vec<RoomId> = usable.iter().map(|room| room.id).collect();
    if let Some(kept) = kept.filter(|kept| in_order.contains(kept)) {
        in_order.retain(|id| *id != kept);
        in_order.insert(0, kept);
    }
    for room_id in &in_order {
        let candidate = Session {
            room_id: Some(*room_id),
            ..session.clone()
        };
        let is_free = candidate.claim().is_none_or(|claim| {
            conflicts(&claim, claims)
                .iter()
                .all(|conflict| conflict.kind != ConflictKind::Room)
        });
        if is_free {
            return Ok(Some(*room_id));
        }
    }
    // None is free: the first is asked for, so that the conflict is named.
    Ok(in_order.first().copied())
}

/// The studio's and the practitioner's hours, and time off.
pub(super) fn hours_breaches(
    db: &mut Db,
    session: &Session,
    studio: &Studio,
    practitioner: &Practitioner,
) -> Result<Vec<Breach>> {
    let (Some(starts_at), Some(ends_at)) = (session.starts_at, session.ends_at) else {
        return Ok(Vec::new());
    };
    let wanted = Interval::new(starts_at, ends_at);
    let zone = studio.time_zone.0;
    // A session may span midnight, and so may opening hours that meet there.
    let days = [-1, 0, 1].map(|offset| add_days(starts_at.day_at(zone), offset));
    let open: Vec<Interval> = days
        .iter()
        .flat_map(|day| {
            studio
                .closed_days
                .open_on(&studio.opening_hours, *day, zone)
        })
        .collect();
    let works_here = practitioner.working_hours.at_studio(studio.id);
    let working: Vec<Interval> = days
        .iter()
        .flat_map(|day| works_here.open_on(*day, zone))
        .collect();
    let open = crate::domain::interval::normalise(open);
    let working = crate::domain::interval::normalise(working);
    let breach = |code, detail: &str| Breach {
        rule: Some(OverridableRule::Hours),
        code,
        pointer: "/starts_at",
        detail: detail.to_owned(),
        conflicts: Vec::new(),
    };
    let mut breaches = Vec::new();
    if !any_covers(&open, wanted) {
        let closure = [starts_at, ends_at]
            .iter()
            .find_map(|at| studio.closed_days.on(at.day_at(zone)));
        breaches.push(match closure {
            Some(closure) => breach(
                "studio_closed",
                &format!(
                    "take another day: the studio is closed {}",
                    closure.in_words()
                ),
            ),
            None => breach(
                "outside_opening_hours",
                "take a time in which the studio is open",
            ),
        });
    } else if !any_covers(&intersect(&open, &working), wanted) {
        breaches.push(breach(
            "outside_working_hours",
            "take a time in which the practitioner works at this studio",
        ));
    }
    if !practitioner.active {
        breaches.push(Breach {
            rule: None,
            pointer: "/practitioner_id",
            ..breach("practitioner_inactive", "take a practitioner who is active")
        });
    }
    if !TimeOff::of(db, practitioner.id, starts_at, ends_at)?.is_empty() {
        breaches.push(breach(
            "time_off",
            "take a time in which the practitioner is not away",
        ));
    }
    Ok(breaches)
}

/// Who or what would be in two sessions at once. Of sessions that aren't seen only the time is told.
pub(super) fn overlap_breaches(
    db: &mut Db,
    scope: &Scope,
    session: &Session,
) -> Result<Vec<Breach>> {
    let claims = claims_near(db, session)?;
    overlaps_among(db, scope, session, &claims)
}

pub(super) fn overlaps_among(
    db: &mut Db,
    scope: &Scope,
    session: &Session,
    claims: &[Claim],
) -> Result<Vec<Breach>> {
    let Some(claim) = session.claim() else {
        return Ok(Vec::new());
    };
    let mut found = conflicts(&claim, claims);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    hide_unseen(db, scope, &mut found)?;
    let mut kinds: Vec<&str> = found
        .iter()
        .map(|conflict| conflict.kind.as_str())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    Ok(vec![Breach {
        rule: Some(OverridableRule::Overlap),
        code: "overlap",
        pointer: "/starts_at",
        detail: format!(
            "take another {}: another session holds this time for the same {}; see conflicts",
            if kinds == ["room"] {
                "room or time"
            } else {
                "time"
            },
            kinds.join(" and ")
        ),
        conflicts: found,
    }])
}

/// Takes the names off sessions that whoever asks may not know of.
fn hide_unseen(db: &mut Db, scope: &Scope, conflicts: &mut [Conflict]) -> Result<()> {
    let Some(seen) = Session::seen(scope) else {
        return Ok(());
    };
    let named: Vec<SessionId> = conflicts.iter().filter_map(|one| one.session_id).collect();
    let seen: Vec<SessionId> = sessions::table
        .filter(sessions::id.eq_any(named))
        .filter(seen)
        .select(sessions::id)
        .load(db)?;
    for conflict in conflicts {
        conflict.session_id = conflict.session_id.filter(|id| seen.contains(id));
    }
    Ok(())
}

/// The plan's gaps, towards the session before and the one after.
pub(super) fn gap_breaches(db: &mut Db, session: &Session, studio: &Studio) -> Result<Vec<Breach>> {
    let (Some(plan_id), Some(ordinal), Some(starts_at)) =
        (session.plan_id, session.ordinal, session.starts_at)
    else {
        return Ok(Vec::new());
    };
    let plan = Plan::find(db, plan_id)?;
    let all = plan_sessions(db, plan_id, studio)?;
    let ordinal = u8::try_from(ordinal).map_err(Error::internal)?;
    let day = starts_at.day_at(studio.time_zone.0);
    Ok(gap::check_neighbours(&all, &plan.gaps, ordinal, day)
        .into_iter()
        .map(|breach| Breach {
            rule: Some(OverridableRule::Gap),
            code: breach.kind.as_str(),
            pointer: "/starts_at",
            detail: breach.detail(),
            conflicts: Vec::new(),
        })
        .collect())
}

/// The sessions of a plan as the gaps' rules see them.
pub(super) fn plan_sessions(
    db: &mut Db,
    plan_id: PlanId,
    studio: &Studio,
) -> Result<Vec<PlanSession>> {
    for_gaps(&Session::of_plan(db, plan_id)?, studio)
}

/// These sessions of a plan, as the gaps' rules see them.
pub(super) fn for_gaps(sessions: &[Session], studio: &Studio) -> Result<Vec<PlanSession>> {
    let zone = studio.time_zone.0;
    sessions
        .iter()
        .filter_map(|session| session.ordinal.map(|ordinal| (session, ordinal)))
        .map(|(session, ordinal)| {
            Ok(PlanSession {
                session_id: session.id,
                ordinal: u8::try_from(ordinal).map_err(Error::internal)?,
                state: session.state,
                booked_day: session.starts_at.map(|at| at.day_at(zone)),
                completed_day: session.completed_at.map(|at| at.day_at(zone)),
            })
        })
        .collect()
}

impl Session {
    /// What it takes up, where it has its time.
    pub(super) fn claim(&self) -> Option<Claim> {
        Some(Claim {
            session_id: self.id,
            practitioner_id: self.practitioner_id?,
            room_id: self.room_id,
            client_id: self.client_id,
            starts_at: self.starts_at?,
            ends_at: self.ends_at?,
            blocked_until: self.blocked_until?,
        })
    }
}

/// What other sessions take up around this one's time: its practitioner's, its client's, and all of its studio's.
pub(super) fn claims_near(db: &mut Db, session: &Session) -> Result<Vec<Claim>> {
    let (Some(starts_at), Some(blocked_until)) = (session.starts_at, session.blocked_until) else {
        return Ok(Vec::new());
    };
    let near: Vec<Session> = sessions::table
        .filter(
            sessions::studio_id
                .eq(session.studio_id)
                .or(sessions::practitioner_id.eq(session.practitioner_id))
                .or(sessions::client_id.eq(session.client_id)),
        )
        .filter(holds_time())
        .filter(sessions::starts_at.gt(starts_at - LONGEST_CLAIM))
        .filter(sessions::starts_at.lt(blocked_until))
        .filter(sessions::blocked_until.gt(starts_at))
        .select(Session::as_select())
        .kept()
        .load(db)?;
    Ok(near.iter().filter_map(Session::claim).collect())
}

/// What wasn't as it should have been when the session took place.
pub(super) fn found_wanting(
    tx: &mut Tx<'_>,
    before: &Session,
    studio: &Studio,
    occurred_at: Instant,
) -> Result<Vec<Nonconformity>> {
    let mut found = Vec::new();
    if before.starts_at.is_none() {
        found.push(nonconformity(
            NonconformityCode::NotBooked,
            "The session took place without having been booked.",
            "",
        ));
    }
    let zone = studio.time_zone.0;
    if let Some(starts_at) = before.starts_at
        && occurred_at.day_at(zone) < starts_at.day_at(zone)
    {
        found.push(nonconformity(
            NonconformityCode::BeforeItsDay,
            format!("The session was booked for {}.", starts_at.day_at(zone)),
            "",
        ));
    }
    if let Some(ends_at) = before.ends_at
        && occurred_at.day_at(zone) > ends_at.day_at(zone)
    {
        found.push(nonconformity(
            NonconformityCode::AfterItsDay,
            format!(
                "The session was booked for {}. If it took place then, revert this and complete it again with occurred_at.",
                ends_at.day_at(zone)
            ),
            "",
        ));
    }
    if let (Some(plan_id), Some(ordinal)) = (before.plan_id, before.ordinal) {
        let plan = Plan::find(tx.db, plan_id)?;
        let all = plan_sessions(tx.db, plan_id, studio)?;
        let ordinal = u8::try_from(ordinal).map_err(Error::internal)?;
        let earlier = all.iter().find(|session| session.ordinal + 1 == ordinal);
        let day = occurred_at.day_at(zone);
        let gap = ordinal
            .checked_sub(1)
            .and_then(|earlier| gap::gap_after(&plan.gaps, earlier));
        if let (Some(gap), Some(earlier)) = (gap, earlier) {
            match earlier.completed_day {
                Some(earlier_day) => {
                    if let GapVerdict::TooEarly { earliest } = gap.check(earlier_day, day) {
                        found.push(nonconformity(
                            NonconformityCode::GapTooShort,
                            format!("The plan's gap allowed this session from {earliest} on."),
                            "",
                        ));
                    }
                }
                None => found.push(nonconformity(
                    NonconformityCode::EarlierSessionNotCompleted,
                    "The plan's earlier session had not taken place.",
                    "",
                )),
            }
        }
    }
    Ok(found)
}
