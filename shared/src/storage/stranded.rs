//! Booked sessions that a later change of hours, time off or rooms has left standing outside of them.
//!
//! The change itself is never refused, because somebody who is ill is ill; what it leaves behind becomes a task for each
//! session, which names what holds now and closes by itself once the session fits again, is moved or has ended.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde_json::Value;

use super::Tx;
use super::once::once;
use super::practitioners::Practitioner;
use super::schema::{rooms, sessions};
use super::session_rules::hours_breaches;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use crate::domain::overriding::accepted;
use crate::domain::{Instant, PractitionerId, RoomId, SessionState, StudioId, TaskKind};
use crate::error::Result;

/// Whose sessions are looked at again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Concerned {
    /// All that a practitioner has to come.
    Of(PractitionerId),
    /// Those that lie in this stretch of a practitioner's time.
    Within(PractitionerId, Instant, Instant),
    /// All that a studio has to come.
    At(StudioId),
    /// All that a room has to come.
    In(RoomId),
}

/// Opens a task for each session that doesn't fit any more, and closes those of sessions that do again.
pub(super) fn recheck(tx: &mut Tx<'_>, concerned: Concerned) -> Result<()> {
    let mut query = sessions::table
        .filter(sessions::state.eq_any([SessionState::Booked, SessionState::Confirmed]))
        .filter(sessions::starts_at.gt(tx.now()))
        .order(sessions::starts_at)
        .select(Session::as_select())
        .into_boxed();
    query = match concerned {
        Concerned::Of(id) => query.filter(sessions::practitioner_id.eq(id)),
        Concerned::Within(id, from, until) => query
            .filter(sessions::practitioner_id.eq(id))
            .filter(sessions::starts_at.lt(until))
            .filter(sessions::ends_at.gt(from)),
        Concerned::At(id) => query.filter(sessions::studio_id.eq(id)),
        Concerned::In(id) => query.filter(sessions::room_id.eq(id)),
    };
    let found: Vec<Session> = query.load(tx.db)?;
    let mut house = House::default();
    for session in found {
        recheck_in(tx, &mut house, &session)?;
    }
    Ok(())
}

/// Looks at one session again, which has another practitioner or its old time now, if it's to come.
pub(super) fn recheck_session(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    let waits = matches!(
        session.state,
        SessionState::Booked | SessionState::Confirmed
    );
    if waits && session.starts_at > Some(tx.now()) {
        recheck_in(tx, &mut House::default(), session)?;
    }
    Ok(())
}

fn recheck_in(tx: &mut Tx<'_>, house: &mut House, session: &Session) -> Result<()> {
    let codes = misfits(tx, house, session)?;
    if codes.is_empty() {
        let why = "The session fits the hours again.";
        Task::close_about(tx, session.id, &[TaskKind::HoursBreach], why)
    } else {
        let about = format!("hours_breach:{}:{}:", session.id, session.schedule_version);
        Task::tell(tx, session, TaskKind::HoursBreach, &about, codes)
    }
}

/// What was read of the house so far: most sessions share it.
#[derive(Default)]
struct House {
    practitioners: HashMap<PractitionerId, Practitioner>,
    studios: HashMap<StudioId, Studio>,
    closed_rooms: Option<HashSet<RoomId>>,
}

/// What of the hours, the time off and the room a session doesn't fit, apart from what was overridden when it was booked.
fn misfits(tx: &mut Tx<'_>, house: &mut House, session: &Session) -> Result<Vec<Value>> {
    let Some(practitioner_id) = session.practitioner_id else {
        return Ok(Vec::new());
    };
    let practitioner = once(&mut house.practitioners, practitioner_id, || {
        Practitioner::find(tx.db, practitioner_id)
    })?;
    let studio = once(&mut house.studios, session.studio_id, || {
        Studio::find(tx.db, session.studio_id)
    })?;
    let mut codes: Vec<Value> = Vec::new();
    // Whoever has left is another task's matter.
    if practitioner.active {
        let breaches = hours_breaches(tx.db, session, studio, practitioner)?;
        let news = breaches
            .iter()
            .filter(|breach| !accepted(&session.overrides, breach.code));
        codes.extend(news.map(|breach| breach.code.into()));
    }
    if house.closed_rooms.is_none() {
        house.closed_rooms = Some(closed_rooms(tx)?);
    }
    let is_closed = |room_id| {
        let closed = house.closed_rooms.as_ref();
        closed.is_some_and(|closed| closed.contains(&room_id))
    };
    if session.room_id.is_some_and(is_closed) {
        codes.push("room_closed".into());
    }
    Ok(codes)
}

fn closed_rooms(tx: &mut Tx<'_>) -> Result<HashSet<RoomId>> {
    let closed: Vec<RoomId> = rooms::table
        .filter(rooms::active.eq(false))
        .select(rooms::id)
        .load(tx.db)?;
    Ok(closed.into_iter().collect())
}
