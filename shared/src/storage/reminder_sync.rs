//! Brings the ledger in line with what it follows from: sessions, rules, clients, studios, plans.
//!
//! Rows are written in the transaction of whatever they follow from. What was sent, or may have been, is never written
//! again; what is still to come and no longer right is superseded, and what is right is scheduled anew.

mod ledger;
mod rewording;

use chrono::TimeDelta;
use diesel::prelude::*;

use super::kept_text::Keep as _;
use super::plans::Plan;
use super::reminder_rules::ReminderRule;
use super::schema::{reminders, sessions};
use super::sessions::Session;
use super::studios::Studio;
use super::{Db, Tx};
use crate::domain::reminder::Subject;
use crate::domain::session::SessionAction;
use crate::domain::{
    Anchor, ClientId, PlanId, ReminderState, ReminderStep, SessionId, SessionKind, SessionState,
    StudioId,
};
use crate::error::Result;

use ledger::sync;
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
    sync(tx, session, action, &studio, &rules)
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
        sync(tx, &session, None, &studio, &rules)?;
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

/// Does so for the invitations of a client, after their plans changed.
pub(super) fn sync_invitations(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    for id in with_care_to_come(tx.db, client_id)? {
        let session = Session::find(tx.db, id)?;
        sync_session(tx, &session, None)?;
    }
    Ok(())
}

/// Does so for a session that has changed and for those whose reminders depend on it, each once: the one before it in its
/// plan, which asks for this one to be booked, and those with care or an invitation to come.
pub(super) fn sync_around(
    tx: &mut Tx<'_>,
    session: &Session,
    before: Option<&Session>,
    action: Option<SessionAction>,
    studio: &Studio,
) -> Result<()> {
    let rules = ReminderRule::of_studio(tx.db, studio.id)?;
    sync(tx, session, action, studio, &rules)?;
    let mut others: Vec<Session> = before
        .filter(|other| other.state == SessionState::Completed)
        .cloned()
        .into_iter()
        .collect();
    if session.kind.places_pigment() {
        for id in with_care_to_come(tx.db, session.client_id)? {
            if id != session.id && others.iter().all(|other| other.id != id) {
                others.push(Session::find(tx.db, id)?);
            }
        }
    }
    for other in others {
        if other.studio_id == studio.id {
            sync(tx, &other, None, studio, &rules)?;
        } else {
            sync_session(tx, &other, None)?;
        }
    }
    Ok(())
}

/// Only the last work that was done has care and an invitation to come: this is that session, and those that had so far.
fn with_care_to_come(db: &mut Db, client_id: ClientId) -> Result<Vec<SessionId>> {
    let mut ids: Vec<SessionId> = reminders::table
        .filter(reminders::client_id.eq(client_id))
        .filter(reminders::anchor.eq(Anchor::Care))
        .select((reminders::session_id, reminders::step, reminders::state))
        .kept()
        .load::<(SessionId, ReminderStep, ReminderState)>(db)?
        .into_iter()
        .filter(|(_, step, state)| {
            *state == ReminderState::Scheduled
                && matches!(step.subject(), Subject::Aftercare | Subject::Invitation)
        })
        .map(|(id, ..)| id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let latest: Option<SessionId> = sessions::table
        .filter(sessions::client_id.eq(client_id))
        .filter(
            sessions::kind
                .eq(SessionKind::Treatment)
                .or(sessions::kind.eq(SessionKind::TouchUp)),
        )
        .filter(sessions::state.eq(SessionState::Completed))
        .order((sessions::completed_at.desc(), sessions::id.desc()))
        .select(sessions::id)
        .kept()
        .load(db)?
        .into_iter()
        .next();
    ids.extend(latest.filter(|id| !ids.contains(id)));
    Ok(ids)
}

/// The sessions with rows that are still to come.
#[diesel::dsl::auto_type]
fn open_sessions() -> _ {
    reminders::table
        .filter(reminders::state.eq("scheduled"))
        .select(reminders::session_id)
}
