//! Giving sessions their time: the rules are asked in the write itself, so that no race gets past them.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::audit::AuditDraft;
use super::columns::Json;
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::rooms::Room;
use super::schema::{rooms, sessions};
use super::session_history::Step;
use super::sessions::{Session, find_named_practitioner, holds_time};
use super::studios::Studio;
use super::time_off::TimeOff;
use super::{Db, Scope, Tx, leaving, session_history, sharing};
use crate::domain::booking::{
    BookSeries, Booking, Breach, NewSession, OverridableRule, Override, weigh,
};
use crate::domain::gap::{self, PlanSession};
use crate::domain::interval::{Interval, any_covers, intersect};
use crate::domain::local_time::add_days;
use crate::domain::overlap::{Claim, Conflict, ConflictKind, conflicts};
use crate::domain::session::{Circumstances, SessionAction, Transition, next};
use crate::domain::{Instant, PlanId, RoomId, SessionId};
use crate::error::{Error, Result};

/// The longest that a session with its buffer can hold a time: 12 hours and 8.
pub(super) const LONGEST_CLAIM: TimeDelta = TimeDelta::hours(20);

/// What may be asked for beyond the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayOverride {
    /// The caller's role allows overrides.
    Yes,
    /// It doesn't.
    No,
}

impl Session {
    /// Plans a session and books it at once where a time is given.
    pub fn arrange(tx: &mut Tx<'_>, new: &NewSession, may_override: MayOverride) -> Result<Self> {
        let session = Self::draft_single(tx, new)?;
        match &new.booking {
            Some(booking) => session
                .give_time(tx, None, booking, may_override, SessionAction::Book)
                .map_err(|error| error.under("/booking")),
            None => session.create(tx, "session.planned"),
        }
    }

    /// Books a planned session.
    pub fn book(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        booking: &Booking,
        may_override: MayOverride,
    ) -> Result<Self> {
        Self::find_seen(tx, id)?.give_time(tx, expected, booking, may_override, SessionAction::Book)
    }

    /// Moves a booked session: it keeps its id and gets a new schedule version.
    pub fn reschedule(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        booking: &Booking,
        may_override: MayOverride,
    ) -> Result<Self> {
        Self::find_seen(tx, id)?.give_time(
            tx,
            expected,
            booking,
            may_override,
            SessionAction::Reschedule,
        )
    }

    /// Books several sessions of a plan, all of them or none.
    pub fn book_series(
        tx: &mut Tx<'_>,
        plan_id: PlanId,
        series: &BookSeries,
        may_override: MayOverride,
    ) -> Result<Vec<Self>> {
        Plan::find_seen(tx, plan_id)?;
        if series.sessions.is_empty() {
            return Err(Error::invalid(
                "/sessions",
                "empty",
                "name at least one session",
            ));
        }
        // In the plan's order, whatever order they were named in: each is judged by the one before it.
        let mut wanted: Vec<(usize, i32)> = series
            .sessions
            .iter()
            .enumerate()
            .map(|(place, one)| (place, i32::from(one.ordinal.get())))
            .collect();
        wanted.sort_by_key(|(_, ordinal)| *ordinal);
        let planned = Self::of_plan(tx.db, plan_id)?;
        let mut booked = Vec::new();
        let mut last = None;
        for (place, ordinal) in wanted {
            let pointer = format!("/sessions/{place}/ordinal");
            if last == Some(ordinal) {
                return Err(Error::invalid(
                    pointer,
                    "named_twice",
                    "name each session once",
                ));
            }
            last = Some(ordinal);
            let session = planned
                .iter()
                .find(|session| session.ordinal == Some(ordinal))
                .ok_or_else(|| {
                    Error::invalid(
                        pointer,
                        "unknown_ordinal",
                        "name a session that the plan has",
                    )
                })?;
            let Some(one) = series.sessions.get(place) else {
                continue;
            };
            let session = Self::book(tx, session.id, None, &one.booking, may_override)
                .map_err(|error| error.under(&format!("/sessions/{place}/booking")))?;
            booked.push(session);
        }
        Ok(booked)
    }

    /// Gives a session its time; one that isn't stored yet is stored with it.
    fn give_time(
        self,
        tx: &mut Tx<'_>,
        expected: Option<i64>,
        booking: &Booking,
        may_override: MayOverride,
        action: SessionAction,
    ) -> Result<Self> {
        let found = self;
        let studio = Studio::find(tx.db, found.studio_id)?;
        let now = tx.now();
        let starts_at = booking.start(studio.time_zone.0)?;
        let circumstances = Circumstances {
            at: now,
            starts_at: found.starts_at,
            previous: None,
        };
        let to = match next(found.state, action, circumstances) {
            Transition::To(state) => state,
            Transition::AlreadyInEffect if found.stands_so(booking, starts_at) => return Ok(found),
            Transition::AlreadyInEffect => {
                return Err(Error::refused(
                    "already_booked",
                    "the session is booked for another time, practitioner or room; move it with reschedule",
                ));
            }
            Transition::Refused { code, detail } => return Err(Error::refused(code, detail)),
        };
        if action == SessionAction::Reschedule && found.stands_so(booking, starts_at) {
            return Ok(found);
        }
        let before = found.unless_stale(expected)?;
        refuse_unallowed_override(booking.override_.as_ref(), may_override)?;
        let mut session = before.clone();
        let practitioner = match (booking.practitioner_id, session.practitioner_id) {
            (Some(id), before) if before != Some(id) => find_named_practitioner(tx, id)?,
            (_, Some(id)) => Practitioner::find(tx.db, id)?,
            _ => {
                return Err(Error::invalid(
                    "/practitioner_id",
                    "required",
                    "say who treats: neither the session nor the request does",
                ));
            }
        };
        if let Some(minutes) = booking.duration_minutes {
            session.duration_minutes = i32::from(minutes.get());
        }
        session.practitioner_id = Some(practitioner.id);
        let ends_at = starts_at + TimeDelta::minutes(i64::from(session.duration_minutes));
        let blocked_until = ends_at + TimeDelta::minutes(i64::from(practitioner.buffer_minutes));
        session.starts_at = Some(starts_at);
        session.ends_at = Some(ends_at);
        session.blocked_until = Some(blocked_until);
        let kept_room = if action == SessionAction::Reschedule {
            session.room_id
        } else {
            None
        };
        let claims = claims_near(tx.db, &session)?;
        session.room_id = choose_room(
            tx.db,
            &session,
            &studio,
            &claims,
            booking.room_id,
            kept_room,
        )?;
        let mut breaches = Vec::new();
        if starts_at <= now {
            breaches.push(Breach {
                rule: None,
                code: "in_the_past",
                pointer: "/starts_at",
                detail: "book a time to come; what has already taken place is told with complete"
                    .into(),
                conflicts: Vec::new(),
            });
        }
        breaches.extend(hours_breaches(tx.db, &session, &studio, &practitioner)?);
        breaches.extend(overlaps_among(tx.db, tx.scope(), &session, &claims)?);
        breaches.extend(gap_breaches(tx.db, &session, &studio)?);
        if booking.local_start.is_some() {
            let starts = breaches
                .iter_mut()
                .filter(|breach| breach.pointer == "/starts_at");
            starts.for_each(|breach| breach.pointer = "/local_start");
        }
        session.accept(&breaches, booking.override_.as_ref(), now)?;
        session.state = to;
        session.booked_at = Some(now);
        session.confirmed_at = None;
        session.recorded_at = Some(now);
        if action == SessionAction::Reschedule {
            session.schedule_version += 1;
        }
        let reason = booking
            .override_
            .as_ref()
            .map(|asked| asked.reason.to_string());
        let name = if action == SessionAction::Book {
            "session.booked"
        } else {
            "session.moved"
        };
        if before.practitioner_id != session.practitioner_id {
            let (client_id, treats) = (session.client_id, session.practitioner_id);
            sharing::reaches_practitioner(tx, client_id, treats, session.id.0)?;
        }
        let is_new = before.version == 0;
        let saved = if is_new {
            let made = session.store_new(tx)?;
            let draft = AuditDraft::new(name, "session", made.id.0);
            tx.audit(draft.because(reason.as_deref()).after(&made)?);
            made
        } else {
            session.save_over(tx, &before, name, reason.as_deref())?
        };
        // Why a rule was overridden may be clinical: it stands in the overrides and in the audit trail, not here.
        session_history::note(tx, &before, &saved, Step::at(action, now))?;
        if !is_new && before.practitioner_id != saved.practitioner_id {
            leaving::session_is_settled(tx, saved.id)?;
        }
        saved.settle(tx, Some(action), &studio)?;
        Ok(saved)
    }

    /// Whether the session already stands as this asks.
    fn stands_so(&self, booking: &Booking, starts_at: Instant) -> bool {
        self.starts_at == Some(starts_at)
            && booking
                .practitioner_id
                .is_none_or(|id| self.practitioner_id == Some(id))
            && booking.room_id.is_none_or(|id| self.room_id == Some(id))
            && booking
                .duration_minutes
                .is_none_or(|minutes| i32::from(minutes.get()) == self.duration_minutes)
    }

    /// Takes note of the overrides that are used, or refuses.
    pub(super) fn accept(
        &mut self,
        breaches: &[Breach],
        asked: Option<&Override>,
        now: Instant,
    ) -> Result<()> {
        let used = weigh(breaches, asked, now)?;
        self.overlap_reason = used
            .iter()
            .find(|used| used.rule == OverridableRule::Overlap)
            .map(|used| used.reason.clone());
        self.overrides = Json(used);
        Ok(())
    }
}

/// Overrides are for those who answer for the treatment.
pub(super) fn refuse_unallowed_override(
    asked: Option<&Override>,
    may_override: MayOverride,
) -> Result<()> {
    if asked.is_some() && may_override == MayOverride::No {
        return Err(Error::Forbidden {
            detail: "overriding a rule needs the role owner or practitioner".into(),
        });
    }
    Ok(())
}

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
        .flat_map(|day| studio.opening_hours.open_on(*day, zone))
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
        breaches.push(breach(
            "outside_opening_hours",
            "take a time in which the studio is open",
        ));
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
            "take another time: another session holds this one for the same {}; see conflicts",
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
fn gap_breaches(db: &mut Db, session: &Session, studio: &Studio) -> Result<Vec<Breach>> {
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
    let zone = studio.time_zone.0;
    Session::of_plan(db, plan_id)?
        .into_iter()
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
        .load(db)?;
    Ok(near.iter().filter_map(Session::claim).collect())
}
