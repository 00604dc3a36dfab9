//! Booked sessions that a later change of hours, time off or rooms has left standing outside of them.
//!
//! The change itself is never refused, because somebody who is ill is ill; what it leaves behind becomes a task for each
//! session, which closes by itself once the session fits again, is moved or has ended.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::Tx;
use super::booking::hours_breaches;
use super::practitioners::Practitioner;
use super::rooms::Room;
use super::schema::sessions;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use crate::domain::booking::OverridableRule;
use crate::domain::task::NewTask;
use crate::domain::{Instant, PractitionerId, RoomId, SessionId, SessionState, StudioId, TaskKind};
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
    for session in found {
        recheck_session(tx, &session)?;
    }
    Ok(())
}

/// Looks at one session again, which has another practitioner now.
pub(super) fn recheck_session(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    let codes = misfits(tx, session)?;
    if codes.is_empty() {
        let why = "The session fits the hours again.";
        Task::close_about(tx, session.id, &[TaskKind::HoursBreach], why)
    } else {
        open(tx, session, codes)
    }
}

/// Closes that task of a session which was moved: the new time was judged when it was given.
pub(super) fn session_has_moved(tx: &mut Tx<'_>, id: SessionId) -> Result<()> {
    Task::close_about(tx, id, &[TaskKind::HoursBreach], "The session was moved.")
}

/// Closes what was to be done about a session that has ended.
pub(super) fn session_has_ended(tx: &mut Tx<'_>, id: SessionId) -> Result<()> {
    let kinds = [TaskKind::HoursBreach, TaskKind::PractitionerLeft];
    Task::close_about(tx, id, &kinds, "The session has ended.")
}

/// What of the hours, the time off and the room a session doesn't fit, apart from what was overridden when it was booked.
fn misfits(tx: &mut Tx<'_>, session: &Session) -> Result<Vec<Value>> {
    let Some(practitioner_id) = session.practitioner_id else {
        return Ok(Vec::new());
    };
    let practitioner = Practitioner::find(tx.db, practitioner_id)?;
    let studio = Studio::find(tx.db, session.studio_id)?;
    let is_overridden = session
        .overrides
        .iter()
        .any(|used| used.rule == OverridableRule::Hours);
    let mut codes: Vec<Value> = Vec::new();
    // Whoever has left is another task's matter.
    if practitioner.active && !is_overridden {
        let breaches = hours_breaches(tx.db, session, &studio, &practitioner)?;
        codes.extend(breaches.iter().map(|breach| breach.code.into()));
    }
    if let Some(room_id) = session.room_id
        && !Room::find(tx.db, room_id)?.active
    {
        codes.push("room_closed".into());
    }
    Ok(codes)
}

fn open(tx: &mut Tx<'_>, session: &Session, codes: Vec<Value>) -> Result<()> {
    let about = format!("hours_breach:{}:{}:", session.id, session.schedule_version);
    // What somebody dismissed for this time of the session isn't brought up again.
    if Task::stands(tx, &about)? {
        return Ok(());
    }
    let new = NewTask {
        studio_id: session.studio_id,
        kind: TaskKind::HoursBreach,
        dedupe_key: format!("{about}{}", tx.next_change()?),
        client_id: Some(session.client_id),
        plan_id: session.plan_id,
        session_id: Some(session.id),
        mail_id: None,
        detail: Map::from_iter([("codes".to_owned(), Value::Array(codes))]),
        due_at: tx.now(),
    };
    Task::open(tx, new).map(drop)
}
