//! Giving sessions their time: the rules are asked in the write itself, so that no race gets past them.

use chrono::TimeDelta;

use super::audit::AuditDraft;
use super::clients::Client;
use super::columns::Json;
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::session_history::Step;
use super::session_rules::{
    choose_room, claims_near, gap_breaches, hours_breaches, overlaps_among,
};
use super::sessions::{Session, find_named_practitioner};
use super::studios::Studio;
use super::{Tx, leaving, session_history, sharing};
use crate::domain::booking::{BookSeries, Booking, NewSession, is_too_long_ago};
use crate::domain::overriding::{Breach, MayOverride, OverridableRule, Override, weigh};
use crate::domain::session::{Circumstances, SessionAction, Transition, next};
use crate::domain::{Instant, PlanId, SessionId};
use crate::error::{Error, Result};

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
        let is_new = before.version == 0;
        if !is_new {
            Client::find(tx.db, before.client_id)?.unless_off_the_list()?;
        }
        refuse_unallowed_override(booking.override_.as_ref(), may_override)?;
        let mut session = before.clone();
        let named = tx.who_treats(booking.practitioner_id, session.practitioner_id);
        let practitioner = match (named, session.practitioner_id) {
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
        if is_too_long_ago(starts_at, now) {
            breaches.push(Breach {
                rule: None,
                code: "in_the_past",
                pointer: "/starts_at",
                detail: "book a time to come, or one of the last 15 minutes for who walked in; what has already taken place \
                         is told with complete"
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
        session.accept(&breaches, booking.override_.as_ref(), may_override, now)?;
        session.state = to;
        session.booked_at = Some(now);
        session.confirmed_at = None;
        session.recorded_at = Some(now);
        let was_taken_back = session.schedule_version > 1;
        if action == SessionAction::Reschedule || was_taken_back {
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
            sharing::reaches_practitioner(tx, client_id, treats, session.studio_id, session.id.0)?;
        }
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
        may_override: MayOverride,
        now: Instant,
    ) -> Result<()> {
        let used = weigh(breaches, asked, may_override, now)?;
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
