//! Telling one client: a mail is queued, what becomes of it is taken note of, and staff are asked where no mail reaches them.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::SafetyNotice;
use super::news::unreachable_reason;
use super::recipients::SafetyNoticeRecipient;
use crate::domain::safety_notice::{RecipientState, SafetyNoticeState, ToldHow, after_mail};
use crate::domain::task::NewTask;
use crate::domain::{ClientId, MailId, MailState, SafetyNoticeRecipientId, TaskKind};
use crate::error::{Error, Result};
use crate::storage::clients::Client;
use crate::storage::erasure::CLIENT_ERASED;
use crate::storage::mails::{Mail, NewMail, SAFETY_NOTICE};
use crate::storage::schema::safety_notice_recipients;
use crate::storage::studios::Studio;
use crate::storage::tasks::Task;
use crate::storage::{Scope, Tx};

/// So long a mail is tried before somebody has to call.
const USEFUL_FOR: TimeDelta = TimeDelta::days(3);

impl SafetyNoticeRecipient {
    /// Queues a mail for a client who wasn't told yet, or asks staff to tell them.
    pub(super) fn tell(mut self, tx: &mut Tx<'_>) -> Result<()> {
        if !matches!(
            self.state,
            RecipientState::Listed | RecipientState::Unreached
        ) {
            return Ok(());
        }
        let client = Client::find(tx.db, self.client_id)?;
        if let Some(reason) = unreachable_reason(&client) {
            return self.leave_to_staff(tx, reason);
        }
        self.close_task(tx, "The notice is sent by mail.")?;
        let studio = Studio::find(tx.db, self.studio_id)?;
        let now = tx.now();
        let quiet = studio.quiet_hours.as_ref().map(|hours| hours.0);
        let not_before = quiet.map_or(now, |quiet| quiet.over_from(now, studio.time_zone.0));
        self.attempts += 1;
        let new = NewMail {
            studio_id: self.studio_id,
            client_id: self.client_id,
            session_id: self.session_id,
            dedupe_key: format!("{SAFETY_NOTICE}:{}:{}", self.id, self.attempts),
            useful_until: now + USEFUL_FOR,
        };
        let mail = Mail::queue_safety_notice(tx, new, not_before)?;
        self.state = RecipientState::Queued;
        self.state_reason = None;
        self.mail_id = Some(mail.id);
        self.save(tx, "safety_notice.client_queued", None).map(drop)
    }

    /// Notes that no mail reaches the client, and asks staff to tell them.
    fn leave_to_staff(mut self, tx: &mut Tx<'_>, reason: &str) -> Result<()> {
        if self.state == RecipientState::Unreached && self.state_reason.as_deref() == Some(reason) {
            return Ok(());
        }
        self.state = RecipientState::Unreached;
        self.state_reason = Some(reason.to_owned());
        let row = self.save(tx, "safety_notice.client_unreached", None)?;
        let mut detail = serde_json::Map::new();
        detail.insert("reason".into(), reason.into());
        detail.insert(
            "safety_notice_recipient_id".into(),
            row.id.to_string().into(),
        );
        let task = NewTask {
            studio_id: row.studio_id,
            kind: TaskKind::SafetyNoticeUnreached,
            dedupe_key: row.task_key(),
            client_id: Some(row.client_id),
            plan_id: None,
            session_id: Some(row.session_id),
            mail_id: row.mail_id,
            detail,
            due_at: tx.now(),
        };
        Task::open(tx, task).map(drop)
    }

    /// One task for each mail that came to nothing.
    fn task_key(&self) -> String {
        let kind = TaskKind::SafetyNoticeUnreached;
        format!("{kind}:{}:{}", self.id, self.attempts)
    }

    pub(super) fn close_task(&self, tx: &mut Tx<'_>, why: &'static str) -> Result<()> {
        Task::close_for(tx, &self.task_key(), why)
    }

    /// Ends the mail that waits, where nothing of it can have arrived.
    pub(super) fn call_off_mail(&self, tx: &mut Tx<'_>, reason: &str) -> Result<()> {
        let Some(id) = self.mail_id else {
            return Ok(());
        };
        let mail = Mail::find(tx.db, id)?;
        if mail.is_ours() {
            mail.end(tx, MailState::Cancelled, Some(reason))?;
        }
        Ok(())
    }
}

/// Takes note of how the mail to a client ended.
pub(in crate::storage) fn mail_ended(
    tx: &mut Tx<'_>,
    id: MailId,
    state: MailState,
    reason: Option<&str>,
) -> Result<()> {
    let Some(mut row) = SafetyNoticeRecipient::of_mail(tx.db, id)? else {
        return Ok(());
    };
    match after_mail(row.state, state) {
        Some(RecipientState::Unreached) => row.leave_to_staff(tx, reason.unwrap_or(state.as_str())),
        Some(after) => {
            row.state = after;
            row.save(tx, "safety_notice.client_mailed", None).map(drop)
        }
        None => Ok(()),
    }
}

/// Takes note that mail to a client's address comes back, or reaches somebody else: what was sent there told them nothing.
pub(in crate::storage) fn address_failed(
    tx: &mut Tx<'_>,
    client_id: ClientId,
    reason: &str,
) -> Result<()> {
    let sent: Vec<SafetyNoticeRecipient> = safety_notice_recipients::table
        .filter(safety_notice_recipients::client_id.eq(client_id))
        .filter(safety_notice_recipients::state.eq(RecipientState::Sent))
        .order(safety_notice_recipients::id)
        .select(SafetyNoticeRecipient::as_select())
        .load(tx.db)?;
    for row in sent {
        let notice = SafetyNotice::find(tx.db, row.notice_id)?;
        if notice.state == SafetyNoticeState::Sent {
            row.leave_to_staff(tx, reason)?;
        }
    }
    Ok(())
}

/// Notes that a client who is erased can't be told any more, and of how many notices that was to be.
pub(in crate::storage) fn clear_of_client(tx: &mut Tx<'_>, client_id: ClientId) -> Result<usize> {
    let rows = SafetyNoticeRecipient::of_client(tx.db, &Scope::all(), client_id)?;
    let mut cleared = 0;
    for row in rows {
        let before = row.version;
        cleared += usize::from(row.clear(tx, CLIENT_ERASED)?.version != before);
    }
    Ok(cleared)
}

/// Takes note that a client read a notice on their page, and says whether there is one that they are told of.
pub(in crate::storage) fn note_read(
    tx: &mut Tx<'_>,
    client_id: ClientId,
    id: SafetyNoticeRecipientId,
) -> Result<bool> {
    let mut row = match SafetyNoticeRecipient::find(tx.db, id) {
        Ok(row) if row.client_id == client_id => row,
        Ok(_) | Err(Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    match row.state {
        RecipientState::Listed | RecipientState::Cleared => return Ok(false),
        RecipientState::Reached => return Ok(true),
        RecipientState::Queued | RecipientState::Sent | RecipientState::Unreached => {}
    }
    row.state = RecipientState::Reached;
    row.state_reason = None;
    row.told_how = Some(ToldHow::Page);
    row.told_at = Some(tx.now());
    let row = row.save(tx, "safety_notice.client_read", None)?;
    row.call_off_mail(tx, "client_told")?;
    row.close_task(tx, "The client read it on their page.")?;
    Ok(true)
}
