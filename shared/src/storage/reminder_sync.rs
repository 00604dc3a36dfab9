//! Brings the ledger in line with what it follows from: sessions, rules, clients, studios, plans.
//!
//! Rows are written in the transaction of whatever they follow from. What was sent, or may have been, is never written
//! again; what is still to come and no longer right is superseded, and what is right is scheduled anew.

mod ledger;
mod rewording;

use chrono::TimeDelta;
use diesel::prelude::*;

use super::Tx;
use super::plans::Plan;
use super::reminder_rules::ReminderRule;
use super::schema::{reminders, sessions};
use super::sessions::Session;
use super::studios::Studio;
use crate::domain::later_work::{LaterWork, Work};
use crate::domain::session::SessionAction;
use crate::domain::{ClientId, PlanId, SessionState, StudioId};
use crate::error::Result;

pub(super) use ledger::{LATER_WORK, later_work_beside};
use ledger::{sync, work_beside, work_on};
pub(super) use rewording::{reword_for_client, reword_for_studio, take_apart};

/// Care after a session reaches a gap's maximum, a year at most; older sessions have none to come.
pub(super) const REACH_OF_CARE: TimeDelta = TimeDelta::days(400);

/// An invitation comes ten years after the last work at most.
pub(super) const REACH_OF_INVITATIONS: TimeDelta = TimeDelta::days(11 * 366);

/// Brings a session's rows in line with the session as it stands now. `action` is what was just done with it.
pub(super) fn sync_session(
    tx: &mut Tx<'_>,
    session: &Session,
    action: Option<SessionAction>,
) -> Result<()> {
    let studio = Studio::find(tx.db, session.studio_id)?;
    let rules = ReminderRule::of_studio(tx.db, session.studio_id)?;
    let work = work_beside(tx.db, session)?;
    sync(tx, session, action, &studio, &rules, &work)
}

/// Does so for all sessions of a studio that may still have reminders to come, after its rules or hours changed.
///
/// Beside those with rows to come these are the sessions ahead, and those that were completed since `reach` ago.
pub(super) fn sync_studio(tx: &mut Tx<'_>, studio_id: StudioId, reach: TimeDelta) -> Result<()> {
    let studio = Studio::find(tx.db, studio_id)?;
    let rules = ReminderRule::of_studio(tx.db, studio_id)?;
    let concerned: Vec<Session> = sessions::table
        .filter(sessions::studio_id.eq(studio_id))
        .filter(sessions::state.ne_all([SessionState::Planned, SessionState::NoShow]))
        .filter(
            sessions::starts_at
                .ge(tx.now())
                .or(sessions::id.eq_any(open_sessions()))
                .or(sessions::completed_at.ge(tx.now() - reach)),
        )
        .select(Session::as_select())
        .load(tx.db)?;
    for session in concerned {
        let work = work_beside(tx.db, &session)?;
        sync(tx, &session, None, &studio, &rules, &work)?;
    }
    Ok(())
}

/// Does so for all sessions of a client, after what they may be sent changed.
pub(super) fn sync_client(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    let concerned: Vec<Session> = sessions::table
        .filter(sessions::client_id.eq(client_id))
        .filter(sessions::state.ne_all([SessionState::Planned, SessionState::NoShow]))
        .select(Session::as_select())
        .load(tx.db)?;
    for session in concerned {
        sync_session(tx, &session, None)?;
    }
    Ok(())
}

/// Does so for what came before in a plan, whose next session is another one now, has a time, or is gone.
pub(super) fn sync_plan(tx: &mut Tx<'_>, plan_id: PlanId) -> Result<()> {
    for session in Session::of_plan(tx.db, plan_id)? {
        if session.state == SessionState::Completed {
            sync_session(tx, &session, None)?;
        }
    }
    let client_id = Plan::find(tx.db, plan_id)?.client_id;
    sync_invitations(tx, client_id)
}

/// Does so for the invitation of a client, after their plans changed.
pub(super) fn sync_invitations(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    if let Some(id) = LaterWork::last_done(&work_on(tx.db, client_id)?) {
        let session = Session::find(tx.db, id)?;
        sync_session(tx, &session, None)?;
    }
    Ok(())
}

/// Does so for a session that has changed and for those whose reminders depend on it, each once: the one before it in its
/// plan, which asks for this one to be booked, and the last work beside it, which has care and an invitation to come unless
/// this one puts an end to them.
pub(super) fn sync_around(
    tx: &mut Tx<'_>,
    session: &Session,
    before: Option<&Session>,
    action: Option<SessionAction>,
    studio: &Studio,
) -> Result<()> {
    let rules = ReminderRule::of_studio(tx.db, studio.id)?;
    let places_pigment = session.kind.places_pigment();
    let work = match places_pigment || before.is_some() {
        true => work_on(tx.db, session.client_id)?,
        false => Vec::new(),
    };
    sync(tx, session, action, studio, &rules, &work)?;
    let mut others: Vec<Session> = before
        .filter(|other| other.state == SessionState::Completed)
        .cloned()
        .into_iter()
        .collect();
    if places_pigment {
        let beside: Vec<Work> = work
            .iter()
            .filter(|other| other.id != session.id)
            .copied()
            .collect();
        let last = LaterWork::last_done(&beside);
        if let Some(id) = last.filter(|id| others.iter().all(|other| other.id != *id)) {
            others.push(Session::find(tx.db, id)?);
        }
    }
    for other in others {
        if other.studio_id == studio.id {
            sync(tx, &other, None, studio, &rules, &work)?;
        } else {
            sync_session(tx, &other, None)?;
        }
    }
    Ok(())
}

/// The sessions with rows that are still to come.
#[diesel::dsl::auto_type]
fn open_sessions() -> _ {
    reminders::table
        .filter(reminders::state.eq("scheduled"))
        .select(reminders::session_id)
}
