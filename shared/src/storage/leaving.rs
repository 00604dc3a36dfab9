//! What ends when a practitioner leaves, and what is left to others then.

use diesel::prelude::*;
use serde_json::{Map, json};

use super::Tx;
use super::api_keys::ApiKey;
use super::calendar_feeds::CalendarFeed;
use super::practitioners::Practitioner;
use super::schema::sessions;
use super::sessions::Session;
use super::tasks::Task;
use crate::domain::task::NewTask;
use crate::domain::{PractitionerId, SessionId, SessionState, TaskKind};
use crate::error::Result;

/// Ends a practitioner's access, and leaves a task for each of their sessions to come.
pub(super) fn leave(tx: &mut Tx<'_>, practitioner: &Practitioner) -> Result<()> {
    end_access(tx, practitioner.id)?;
    for session in to_come(tx, practitioner.id)? {
        open_task(tx, &session, practitioner)?;
    }
    Ok(())
}

/// Leaves that task for a session that has its old time again, if whoever was to treat has left since.
pub(super) fn recheck_session(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    let waits = matches!(
        session.state,
        SessionState::Booked | SessionState::Confirmed
    );
    let Some(practitioner_id) = session.practitioner_id.filter(|_| waits) else {
        return Ok(());
    };
    let practitioner = Practitioner::find(tx.db, practitioner_id)?;
    if practitioner.active || session.starts_at <= Some(tx.now()) {
        return Ok(());
    }
    open_task(tx, session, &practitioner)
}

fn open_task(tx: &mut Tx<'_>, session: &Session, practitioner: &Practitioner) -> Result<()> {
    let detail = Map::from_iter([("practitioner_id".to_owned(), json!(practitioner.id))]);
    let task = NewTask {
        studio_id: session.studio_id,
        kind: TaskKind::PractitionerLeft,
        // Whoever leaves again has other sessions then.
        dedupe_key: format!("practitioner_left:{}:{}", session.id, practitioner.version),
        client_id: Some(session.client_id),
        plan_id: session.plan_id,
        session_id: Some(session.id),
        mail_id: None,
        detail,
        due_at: tx.now(),
    };
    Task::open(tx, task).map(drop)
}

/// Closes those tasks of a practitioner who is back. Their keys and feeds stay ended.
pub(super) fn come_back(tx: &mut Tx<'_>, practitioner: &Practitioner) -> Result<()> {
    for session in to_come(tx, practitioner.id)? {
        let why = "The practitioner is back.";
        Task::close_about(tx, session.id, &[TaskKind::PractitionerLeft], why)?;
    }
    Ok(())
}

/// Closes that task of a session which has another practitioner.
pub(super) fn session_is_settled(tx: &mut Tx<'_>, id: SessionId) -> Result<()> {
    let why = "Somebody else treats.";
    Task::close_about(tx, id, &[TaskKind::PractitionerLeft], why)
}

/// Ends every way in that a practitioner has. Whatever else gives them one is to be ended here too.
fn end_access(tx: &mut Tx<'_>, id: PractitionerId) -> Result<()> {
    CalendarFeed::revoke_all_of(tx, id)?;
    ApiKey::revoke_all_of(tx, id)
}

/// The sessions of a practitioner that have their time and are to come.
fn to_come(tx: &mut Tx<'_>, id: PractitionerId) -> Result<Vec<Session>> {
    Ok(sessions::table
        .filter(sessions::practitioner_id.eq(id))
        .filter(sessions::state.eq_any([SessionState::Booked, SessionState::Confirmed]))
        .filter(sessions::starts_at.gt(tx.now()))
        .order(sessions::starts_at)
        .select(Session::as_select())
        .load(tx.db)?)
}
