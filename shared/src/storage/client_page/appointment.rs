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
use crate::storage::tasks::{ClientWords, Task};
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
    let why = "The client called the session off.";
    Task::close_about(tx, session.id, &[TaskKind::ClientMoved], why)?;
    let key = format!(
        "client_cancelled:{}:{}",
        session.id, session.schedule_version
    );
    let task = visited.task(TaskKind::ClientCancelled, key, tx.now());
    Task::open(tx, task)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Moves the session to a time that is offered.
pub fn choose_time(tx: &mut Tx<'_>, link: &Link, starts_at: Instant) -> Result<Did> {
    let now = tx.now();
    let visited = match visit(tx.db, link, now)? {
        Some((visited, Standing::Holds)) => visited,
        // The second click of two: it stands where the first one put it.
        Some((visited, Standing::Moved))
            if visited.session.as_ref().and_then(|it| it.starts_at) == Some(starts_at) =>
        {
            return Ok(Did::Done);
        }
        Some((_, standing)) => return Ok(Did::Not(standing)),
        None => return Ok(Did::Not(Standing::Void)),
    };
    if !visited.may(now).choose_time {
        return Ok(Did::TooLate);
    }
    let offered = visited
        .free_times(tx.db, now, starts_at)?
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
    let why = "The client chose another time again.";
    Task::close_about(tx, session.id, &[TaskKind::ClientMoved], why)?;
    let key = format!("client_moved:{}:{}", session.id, session.schedule_version);
    let mut task = visited.task(TaskKind::ClientMoved, key, now);
    let before = visited.session.as_ref().and_then(|it| it.starts_at);
    let before = before.map(|at| at.to_string().into());
    task.detail
        .extend(before.map(|at| ("previous_starts_at".to_owned(), at)));
    Task::open(tx, task)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Asks the studio for another time.
pub fn ask_to_move(tx: &mut Tx<'_>, link: &Link, note: Option<Note>) -> Result<Did> {
    let visited = admit!(tx, link);
    let now = tx.now();
    if !visited.may(now).ask_to_move {
        return Ok(Did::TooLate);
    }
    // One wish for one time of the session, however often it's sent.
    let key = format!(
        "move_requested:{}:{}",
        SessionId(link.subject),
        link.schedule_version
    );
    let task = visited.task(TaskKind::MoveRequested, key, now);
    let words = ClientWords {
        note,
        clinical_note: None,
    };
    Task::open_with(tx, task, words)?;
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
    use sha2::{Digest, Sha256};

    let visited = admit!(tx, link);
    let now = tx.now();
    if !visited.may(now).report {
        return Ok(Did::TooLate);
    }
    let told_today: i64 = tasks::table
        .filter(tasks::session_id.eq(SessionId(link.subject)))
        .filter(tasks::kind.eq(TaskKind::ClientReport))
        .filter(tasks::created_at.gt(now - TimeDelta::days(1)))
        .count()
        .get_result(tx.db)?;
    // The same words are the same report; more than a few a day isn't a client.
    let digest = Sha256::digest(text.as_bytes());
    let digest: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let key = format!("client_report:{}:{digest}", SessionId(link.subject));
    let is_known: i64 = tasks::table
        .filter(tasks::dedupe_key.eq(&key))
        .count()
        .get_result(tx.db)?;
    if is_known == 0 && told_today >= 5 {
        return Ok(Did::TooLate);
    }
    let task = visited.task(TaskKind::ClientReport, key, now);
    let words = ClientWords {
        note: None,
        clinical_note: Some(text),
    };
    Task::open_with(tx, task, words)?;
    visited.note_answer(tx).map(|()| Did::Done)
}
