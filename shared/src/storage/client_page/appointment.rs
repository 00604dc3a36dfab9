//! What a client does about an appointment: confirm, cancel, move, and tell how they are after it.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::{Did, Standing, admit, visit};
use crate::domain::booking::{Booking, Cancel, Occurred};
use crate::domain::local_time::Disambiguation;
use crate::domain::overriding::MayOverride;
use crate::domain::text::Note;
use crate::domain::{EndedBy, Instant, SafetyNoticeRecipientId, SessionId, SessionState, TaskKind};
use crate::error::{Error, Result};
use crate::links::Link;
use crate::storage::schema::tasks;
use crate::storage::sessions::Session;
use crate::storage::tasks::ClientWords;
use crate::storage::{Tx, safety_notices};

/// Says yes to the time.
pub fn confirm(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let visited = admit!(tx, link);
    match Session::confirm(tx, SessionId(link.subject), None, &Occurred::default()) {
        Ok(_) => visited.note_answer(tx).map(|()| Did::Done),
        Err(Error::Refused { .. }) => Ok(Did::TooLate),
        Err(error) => Err(error),
    }
}

/// Calls the session off, in time.
pub fn cancel(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let visited = admit!(tx, link);
    let is_off = visited
        .session
        .as_ref()
        .is_some_and(|session| session.state == SessionState::Cancelled);
    if is_off {
        return Ok(Did::Done);
    }
    if !visited.may(tx.now()).cancel {
        return Ok(Did::TooLate);
    }
    let told = Cancel {
        by: Some(EndedBy::Client),
        ..Cancel::default()
    };
    let session = Session::cancel(tx, SessionId(link.subject), None, &told)?;
    let key = format!(
        "client_cancelled:{}:{}",
        session.id, session.schedule_version
    );
    let task = visited.task(TaskKind::ClientCancelled, key, tx.now());
    visited.tell_staff(tx, task, ClientWords::default())?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Moves the session to a time that is offered.
pub fn choose_time(tx: &mut Tx<'_>, link: &Link, starts_at: Instant) -> Result<Did> {
    let now = tx.now();
    let visited = match visit(tx.db, link, now)? {
        Some((visited, Standing::Holds)) => visited,
        Some((visited, Standing::Moved)) if visited.is_at(starts_at) => {
            // The second click of two: it stands where the first one put it, unless it was called off since.
            return Ok(if visited.is_to_come() {
                Did::Done
            } else {
                Did::TooLate
            });
        }
        Some((_, standing)) => return Ok(Did::Not(standing)),
        None => return Ok(Did::Not(Standing::Void)),
    };
    if !visited.may(now).choose_time {
        return Ok(Did::TooLate);
    }
    let offered = visited
        .free_times(tx.db, now, starts_at)?
        .slots
        .into_iter()
        .find(|slot| slot.starts_at == starts_at);
    let Some(slot) = offered else {
        return Ok(Did::Taken);
    };
    let booking = Booking {
        starts_at: Some(starts_at),
        local_start: None,
        disambiguation: Disambiguation::Reject,
        practitioner_id: Some(slot.practitioner_id),
        room_id: slot.room_id,
        duration_minutes: None,
        override_: None,
    };
    let session =
        Session::reschedule(tx, SessionId(link.subject), None, &booking, MayOverride::No)?;
    // Who chose the time needn't be asked whether they come then.
    let session = Session::confirm(tx, session.id, None, &Occurred::default())?;
    let key = format!("client_moved:{}:{}", session.id, session.schedule_version);
    let mut task = visited.task(TaskKind::ClientMoved, key, now);
    let before = visited.session.as_ref().and_then(|it| it.starts_at);
    let before = before.map(|at| at.to_string().into());
    task.detail
        .extend(before.map(|at| ("previous_starts_at".to_owned(), at)));
    visited.tell_staff(tx, task, ClientWords::default())?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Asks the studio for another time.
pub fn ask_to_move(tx: &mut Tx<'_>, link: &Link, note: Option<Note>) -> Result<Did> {
    let visited = admit!(tx, link);
    let now = tx.now();
    if !visited.may(now).ask_to_move {
        return Ok(Did::TooLate);
    }
    // The same words for the same time of the session are the same wish, however often they're sent.
    let session_id = SessionId(link.subject);
    let words = note
        .as_ref()
        .map(|note| note.as_bytes())
        .unwrap_or_default();
    let key = format!(
        "move_requested:{session_id}:{}:{}",
        link.schedule_version,
        digest_of(words)
    );
    if is_one_too_many(tx, session_id, TaskKind::MoveRequested, &key)? {
        return Ok(Did::TooLate);
    }
    let task = visited.task(TaskKind::MoveRequested, key, now);
    let words = ClientWords {
        note,
        clinical_note: None,
    };
    visited.tell_staff(tx, task, words)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Says that they read what they are told of something unsafe.
pub fn read_safety_notice(
    tx: &mut Tx<'_>,
    link: &Link,
    id: SafetyNoticeRecipientId,
) -> Result<Did> {
    let visited = admit!(tx, link);
    if !safety_notices::note_read(tx, visited.client.id, id)? {
        return Ok(Did::TooLate);
    }
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Tells how the client is after a session. Only those who treat read the words.
pub fn report(tx: &mut Tx<'_>, link: &Link, text: Note) -> Result<Did> {
    let visited = admit!(tx, link);
    let now = tx.now();
    if !visited.may(now).report {
        return Ok(Did::TooLate);
    }
    // The same words are the same report.
    let session_id = SessionId(link.subject);
    let key = format!("client_report:{session_id}:{}", digest_of(text.as_bytes()));
    if is_one_too_many(tx, session_id, TaskKind::ClientReport, &key)? {
        return Ok(Did::TooLate);
    }
    let task = visited.task(TaskKind::ClientReport, key, now);
    let words = ClientWords {
        note: None,
        clinical_note: Some(text),
    };
    visited.tell_staff(tx, task, words)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// What tells a client's words from others, without being them. An erasure takes it out of the key of their task.
fn digest_of(words: &[u8]) -> String {
    use sha2::{Digest, Sha256};

    let digest = Sha256::digest(words);
    let start = digest.iter().take(8);
    start.map(|byte| format!("{byte:02x}")).collect()
}

/// So many tasks of a kind does a client open about a session in a day: more isn't a client.
const MOST_A_DAY: i64 = 5;

/// Whether a client said enough of a kind today, and this is something else again.
fn is_one_too_many(
    tx: &mut Tx<'_>,
    session_id: SessionId,
    kind: TaskKind,
    key: &str,
) -> Result<bool> {
    let now = tx.now();
    let said_today: i64 = tasks::table
        .filter(tasks::session_id.eq(session_id))
        .filter(tasks::kind.eq(kind))
        .filter(tasks::created_at.gt(now - TimeDelta::days(1)))
        .count()
        .get_result(tx.db)?;
    let is_known: i64 = tasks::table
        .filter(tasks::dedupe_key.eq(key))
        .count()
        .get_result(tx.db)?;
    Ok(is_known == 0 && said_today >= MOST_A_DAY)
}
