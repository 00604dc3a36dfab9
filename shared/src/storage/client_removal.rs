//! Taking clients off the list, and putting them back. What was recorded of them stays, and stays readable.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::clients::Client;
use super::mails::{FRESH_LINK, Mail, SAFETY_NOTICE};
use super::plans::Plan;
use super::reminders::Reminder;
use super::schema::{clients, mails, plans, reminders, sessions};
use super::sessions::Session;
use super::tasks::Task;
use super::{Tx, client_search, reminder_sync, safety_notices};
use crate::domain::client_removal::{ClientStanding, is_to_come};
use crate::domain::task::NewTask;
use crate::domain::text::ExternalId;
use crate::domain::{
    ClientId, EmailState, MailState, PlanState, ReminderState, ReminderStep, TaskKind,
};
use crate::error::{Error, FieldError, Result};

/// Why reminders and mails to whoever is off the list ended.
const CLIENT_DELETED: &str = "client_deleted";

impl Client {
    /// Where they stand.
    pub(super) const fn standing(&self) -> ClientStanding {
        ClientStanding::of(self.deleted_at, self.erased_at)
    }

    /// The client, unless they were taken off the list.
    pub(super) fn unless_off_the_list(self) -> Result<Self> {
        self.standing().may_begin()?;
        Ok(self)
    }

    /// Takes a client off the list; doing so twice is as doing it once.
    ///
    /// Whoever is expected stays: a session that nobody is told of any more would stand in the book.
    pub fn remove(tx: &mut Tx<'_>, id: ClientId, expected: Option<i64>) -> Result<()> {
        let found = Self::find_seen(tx, id)?;
        if found.deleted_at.is_some() {
            return Ok(());
        }
        let before = found.unless_stale(expected)?;
        refuse_expected(tx, id)?;
        let mut client = before.clone();
        client.deleted_at = Some(tx.now());
        // Links stay void should the client be put back: they were sent for a list that they're no longer on.
        client.link_generation += 1;
        let client = client.save_over(tx, &before, "client.removed", None)?;
        client_search::keep_words(tx.db, &client)?;
        end_what_was_to_be_sent(tx, id)?;
        safety_notices::address_failed(tx, &client)?;
        Task::close_of_address(tx, id, "The client was taken off the list.")
    }

    /// Puts a client back on the list, with what is still to be sent of it; doing so twice is as doing it once.
    pub fn restore(tx: &mut Tx<'_>, id: ClientId, expected: Option<i64>) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        found.standing().may_come_back()?;
        if found.deleted_at.is_none() {
            return Ok(found);
        }
        let before = found.unless_stale(expected)?;
        let mut client = before.clone();
        client.deleted_at = None;
        let client = client.save_over(tx, &before, "client.restored", None)?;
        client_search::keep_words(tx.db, &client)?;
        client.open_task_of_address(tx)?;
        reminder_sync::sync_client(tx, id)?;
        Ok(client)
    }

    /// The task about an address that doesn't reach them was closed when they left the list.
    fn open_task_of_address(&self, tx: &mut Tx<'_>) -> Result<()> {
        let kind = match self.email_state {
            EmailState::Bounced => TaskKind::AddressBounced,
            EmailState::WrongPerson => TaskKind::WrongPerson,
            EmailState::Unverified | EmailState::Ok => return Ok(()),
        };
        let task = NewTask {
            studio_id: self.studio_id,
            kind,
            dedupe_key: format!("{kind}:{}:restored:{}", self.id, self.version),
            client_id: Some(self.id),
            plan_id: None,
            session_id: None,
            mail_id: None,
            detail: serde_json::Map::new(),
            due_at: tx.now(),
        };
        Task::open(tx, task).map(drop)
    }
}

/// Refuses while the client has sessions to come or an open plan, and names these.
fn refuse_expected(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let now = tx.now();
    let sessions: Vec<Session> = sessions::table
        .filter(sessions::client_id.eq(id))
        .order((sessions::starts_at, sessions::id))
        .select(Session::as_select())
        .load(tx.db)?;
    let open_plans: Vec<Plan> = plans::table
        .filter(plans::client_id.eq(id))
        .filter(plans::state.eq(PlanState::Open))
        .order(plans::id)
        .select(Plan::as_select())
        .load(tx.db)?;
    let scope = tx.scope();
    let to_come = sessions
        .iter()
        .filter(|session| is_to_come(session.state, session.ends_at, now))
        .map(|session| {
            // Sessions at a studio that isn't seen have no names.
            if scope.sees_studio(session.studio_id) {
                json!({
                    "session_id": session.id,
                    "state": session.state,
                    "starts_at": session.starts_at,
                    "ends_at": session.ends_at,
                })
            } else {
                json!({"starts_at": session.starts_at, "ends_at": session.ends_at})
            }
        });
    let open = open_plans.iter().map(|plan| json!({"plan_id": plan.id}));
    let conflicts: Vec<Value> = to_come.chain(open).collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        code: "client_expected",
        detail: "the client is still expected: cancel the sessions that are to come, and close the open plans, which \
                 conflicts names"
            .into(),
        breaches: Vec::new(),
        conflicts,
    })
}

/// Ends the reminders and mails of which nothing can have left us. What is being handed over is the worker's to end: it looks
/// at the client once more before that. A cancellation still goes, or somebody would set out in vain.
fn end_what_was_to_be_sent(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let queued: Vec<Mail> = mails::table
        .filter(mails::client_id.eq(id))
        .filter(mails::state.eq(MailState::Queued))
        .order(mails::id)
        .select(Mail::as_select())
        .load(tx.db)?;
    for mail in queued.into_iter().filter(Mail::is_ours) {
        if matches!(mail.kind.as_str(), FRESH_LINK | SAFETY_NOTICE) {
            mail.end(tx, MailState::Cancelled, Some(CLIENT_DELETED))?;
        } else {
            reminder_sync::take_apart(tx, mail, CLIENT_DELETED)?;
        }
    }
    let scheduled: Vec<Reminder> = reminders::table
        .filter(reminders::client_id.eq(id))
        .filter(reminders::state.eq(ReminderState::Scheduled))
        .filter(reminders::step.ne(ReminderStep::CancelledNotice))
        .order(reminders::id)
        .select(Reminder::as_select())
        .load(tx.db)?;
    for reminder in scheduled {
        reminder.supersede(tx, CLIENT_DELETED)?;
    }
    Ok(())
}

/// Says where an external id is that a list doesn't show: with a client who was taken off it.
pub(super) fn refuse_external_id_off_the_list(
    tx: &mut Tx<'_>,
    id: ClientId,
    external_id: Option<&ExternalId>,
) -> Result<()> {
    let Some(external_id) = external_id else {
        return Ok(());
    };
    let mut query = clients::table
        .filter(clients::external_id.eq(external_id))
        .filter(clients::id.ne(id))
        .filter(clients::deleted_at.is_not_null())
        .into_boxed();
    if let Some(seen) = Client::seen(tx.scope()) {
        query = query.filter(seen);
    }
    let holder: Option<ClientId> = query.select(clients::id).first(tx.db).optional()?;
    let Some(holder) = holder else {
        return Ok(());
    };
    Err(Error::Refused {
        code: "external_id_taken",
        detail: "a client who was taken off the list has this external_id: put them back with POST /v1/clients/{id}/restore, \
                 or erase them; conflicts names them"
            .into(),
        breaches: vec![FieldError::new(
            "/external_id",
            "taken",
            "choose an external_id that no other one has, on the list or off it",
        )],
        conflicts: vec![json!({"client_id": holder})],
    })
}
