//! Telling one client: a mail is queued, what becomes of it is taken note of, and staff are asked where no mail reaches them.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::SafetyNotice;
use super::news::unreachable_reason;
use super::recipients::SafetyNoticeRecipient;
use crate::domain::safety_notice::{
    MailEnd, RecipientState, SafetyNoticeState, ToldHow, after_mail,
};
use crate::domain::task::{NewTask, TaskOutcome};
use crate::domain::text::Note;
use crate::domain::{ClientId, MailId, MailState, SafetyNoticeRecipientId, TaskKind};
use crate::error::{Error, Result};
use crate::storage::clients::Client;
use crate::storage::erasure::CLIENT_ERASED;
use crate::storage::mails::{Mail, NewMail, SAFETY_NOTICE};
use crate::storage::schema::safety_notice_recipients;
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
        self.attempts += 1;
        let new = NewMail {
            studio_id: self.studio_id,
            client_id: self.client_id,
            session_id: self.session_id,
            dedupe_key: format!("{SAFETY_NOTICE}:{}:{}", self.id, self.attempts),
            useful_until: tx.now() + USEFUL_FOR,
        };
        let mail = Mail::queue_kind(tx, SAFETY_NOTICE, new)?;
        self.state = RecipientState::Queued;
        self.state_reason = None;
        self.mail_id = Some(mail.id);
        self.save(tx, "safety_notice.client_queued", None).map(drop)
    }

    /// Notes that no mail reaches the client, and asks staff to tell them, unless they are asked already.
    fn leave_to_staff(mut self, tx: &mut Tx<'_>, reason: &str) -> Result<()> {
        let stands_so =
            self.state == RecipientState::Unreached && self.state_reason.as_deref() == Some(reason);
        if stands_so && !self.open_tasks(tx)?.is_empty() {
            return Ok(());
        }
        self.close_task(tx, "It's another reason by now.")?;
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
            // Each time that it comes to this is a cause of its own.
            dedupe_key: format!("{}{}", row.task_keys(), row.version),
            client_id: Some(row.client_id),
            plan_id: None,
            session_id: Some(row.session_id),
            mail_id: row.mail_id,
            detail,
            due_at: tx.now(),
        };
        Task::open(tx, task).map(drop)
    }

    /// How the keys of the tasks about this client begin.
    fn task_keys(&self) -> String {
        format!("{}:{}:", TaskKind::SafetyNoticeUnreached, self.id)
    }

    fn open_tasks(&self, tx: &mut Tx<'_>) -> Result<Vec<Task>> {
        let kind = TaskKind::SafetyNoticeUnreached;
        let mut open = Task::open_of_client(tx, self.client_id, kind)?;
        let keys = self.task_keys();
        open.retain(|task| task.dedupe_key.starts_with(&keys));
        Ok(open)
    }

    pub(super) fn close_task(&self, tx: &mut Tx<'_>, why: &'static str) -> Result<()> {
        for task in self.open_tasks(tx)? {
            task.end(tx, TaskOutcome::Done, Some(&Note::literal(why)))?;
        }
        Ok(())
    }

    /// Whether a mail is on its way that nobody can hold back.
    pub(super) fn has_left(&self, tx: &mut Tx<'_>) -> Result<bool> {
        let Some(id) = self
            .mail_id
            .filter(|_| self.state == RecipientState::Queued)
        else {
            return Ok(false);
        };
        Ok(!Mail::find(tx.db, id)?.is_ours())
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
    let client = Client::find(tx.db, row.client_id)?;
    let notice = SafetyNotice::find(tx.db, row.notice_id)?;
    // What failed while the mail was on its way was noted on the row.
    let failed = row.state_reason.take();
    let failed = failed.or_else(|| unreachable_reason(&client).map(str::to_owned));
    let end = MailEnd {
        mail: state,
        is_over: notice.state != SafetyNoticeState::Sent || client.erased_at.is_some(),
        address_holds: failed.is_none(),
    };
    match after_mail(row.state, end) {
        Some(RecipientState::Unreached) => {
            let reason = failed.as_deref().or(reason).unwrap_or(state.as_str());
            row.leave_to_staff(tx, reason)
        }
        Some(after) => {
            row.state = after;
            row.state_reason = reason
                .filter(|_| after == RecipientState::Cleared)
                .map(str::to_owned);
            row.save(tx, "safety_notice.client_mailed", None).map(drop)
        }
        None => Ok(()),
    }
}

/// Takes note that an address isn't, or never was, the client's: what went there told them nothing that we know of. `reason`
/// says why, unless there is no other address by now.
pub(in crate::storage) fn address_failed(tx: &mut Tx<'_>, client: &Client) -> Result<()> {
    let reason = unreachable_reason(client).unwrap_or("address_changed");
    let rows: Vec<SafetyNoticeRecipient> = safety_notice_recipients::table
        .filter(safety_notice_recipients::client_id.eq(client.id))
        .filter(
            safety_notice_recipients::state.eq_any([RecipientState::Sent, RecipientState::Queued]),
        )
        .order(safety_notice_recipients::id)
        .select(SafetyNoticeRecipient::as_select())
        .load(tx.db)?;
    for mut row in rows {
        if SafetyNotice::find(tx.db, row.notice_id)?.state != SafetyNoticeState::Sent {
            continue;
        }
        if row.state == RecipientState::Sent {
            row.leave_to_staff(tx, reason)?;
        } else if row.has_left(tx)? {
            row.state_reason = Some(reason.to_owned());
            row.save(tx, "safety_notice.address_failed", None)?;
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
    if SafetyNotice::find(tx.db, row.notice_id)?.state != SafetyNoticeState::Sent {
        return Ok(false);
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
