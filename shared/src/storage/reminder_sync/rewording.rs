//! Mails that were tried in words which no longer hold, taken apart.

use diesel::prelude::*;

use crate::domain::{ClientId, MailState, ReminderState, StudioId};
use crate::error::Result;
use crate::storage::Tx;
use crate::storage::mails::{FRESH_LINK, Mail, SAFETY_NOTICE};
use crate::storage::reminders::Reminder;
use crate::storage::schema::{mails, reminders};

/// Takes a client's mails apart that were tried in words which no longer hold, and of which nothing can have arrived:
/// their reminders go out in a new mail.
pub(in crate::storage) fn reword_for_client(tx: &mut Tx<'_>, client_id: ClientId) -> Result<()> {
    let frozen = mails::table
        .filter(mails::client_id.eq(client_id))
        .filter(mails::state.eq(MailState::Queued))
        .filter(mails::content.is_not_null())
        .select(Mail::as_select())
        .load(tx.db)?;
    reword(tx, frozen)
}

/// The same for all mails of a studio.
pub(in crate::storage) fn reword_for_studio(tx: &mut Tx<'_>, studio_id: StudioId) -> Result<()> {
    let frozen = mails::table
        .filter(mails::studio_id.eq(studio_id))
        .filter(mails::state.eq(MailState::Queued))
        .filter(mails::content.is_not_null())
        .select(Mail::as_select())
        .load(tx.db)?;
    reword(tx, frozen)
}

fn reword(tx: &mut Tx<'_>, frozen: Vec<Mail>) -> Result<()> {
    for mail in frozen {
        if !mail.is_ours() {
            continue;
        }
        if matches!(mail.kind.as_str(), FRESH_LINK | SAFETY_NOTICE) {
            mail.reword(tx)?;
        } else {
            take_apart(tx, mail, "reworded")?;
        }
    }
    Ok(())
}

/// Ends a mail of which nothing can have arrived, and schedules what it carries anew.
pub(in crate::storage) fn take_apart(tx: &mut Tx<'_>, mail: Mail, reason: &str) -> Result<()> {
    let carried: Vec<Reminder> = reminders::table
        .filter(reminders::mail_id.eq(mail.id))
        .filter(reminders::state.eq(ReminderState::Leased))
        .select(Reminder::as_select())
        .load(tx.db)?;
    if carried.is_empty() {
        return Ok(());
    }
    for mut row in carried {
        row.state = ReminderState::Scheduled;
        row.mail_id = None;
        row.save(tx, "reminder.scheduled", None)?;
    }
    mail.end(tx, MailState::Cancelled, Some(reason))
}
