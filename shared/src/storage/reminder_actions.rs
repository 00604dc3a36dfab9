//! What staff do with a single reminder: call it off, ask for it again, send it at once, look at its mail.

use diesel::prelude::*;

use super::clients::Client;
use super::delivery::{Prepared, hindrance_name, previous_time, time_to_tell};
use super::mail_templates::MailTemplate;
use super::mails::{Mail, NewMail};
use super::reminder_sync::{LATER_WORK, take_apart};
use super::reminders::{CANCELLED_BY_STAFF, Reminder};
use super::schema::reminders;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use super::{Db, Scope, Tx};
use crate::domain::text::{EmailAddress, Reason};
use crate::domain::{Instant, MailId, ReminderId, ReminderState, TaskKind};
use crate::error::{Error, Result};

/// What a preview is made from.
#[derive(Clone, Debug)]
pub enum Previewed {
    /// The words that were tried, whatever has changed since.
    Frozen {
        /// The mail, as JSON.
        content: String,
        /// The address on file by now.
        to: Option<EmailAddress>,
    },
    /// All that the mail would be made of if it went now.
    Rendered(Box<Prepared>),
}

impl Reminder {
    /// Calls a reminder off that wasn't sent yet. It stays off until it's asked for again, or the session moves.
    pub fn cancel(
        tx: &mut Tx<'_>,
        id: ReminderId,
        expected: Option<i64>,
        reason: Option<&Reason>,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        if found.is_called_off() {
            return Ok(found);
        }
        let mut row = found.unless_stale(expected)?;
        match row.state {
            ReminderState::Scheduled | ReminderState::Suppressed => {}
            ReminderState::Leased => {
                let mail = row.mail_id.map(|id| Mail::find(tx.db, id)).transpose()?;
                let Some(mail) = mail.filter(Mail::is_ours) else {
                    return Err(Error::refused(
                        "being_sent",
                        "this reminder is being handed to the mail server; look again in a minute",
                    ));
                };
                take_apart(tx, mail, CANCELLED_BY_STAFF)?;
                row = Self::find(tx.db, id)?;
            }
            _ => return Err(row.has_ended()),
        }
        row.state = ReminderState::Suppressed;
        row.state_reason = Some(CANCELLED_BY_STAFF.to_owned());
        row.finished_at = Some(tx.now());
        row.save(tx, "reminder.cancelled", reason.map(|reason| &**reason))
    }

    /// Asks again for a reminder that failed, may not have arrived, or was put aside; with a reason also for one that was sent,
    /// where the client says that it never came.
    ///
    /// Whatever would put it aside once more is told at once.
    pub fn requeue(
        tx: &mut Tx<'_>,
        id: ReminderId,
        expected: Option<i64>,
        reason: Option<&Reason>,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        if matches!(
            found.state,
            ReminderState::Scheduled | ReminderState::Leased
        ) {
            return Ok(found);
        }
        let mut row = found.unless_stale(expected)?;
        match row.state {
            ReminderState::Failed | ReminderState::Suppressed => {}
            // What may have arrived counts as told.
            ReminderState::Ambiguous => row.sent_before_at = row.finished_at,
            ReminderState::Sent | ReminderState::Written if reason.is_some() => {
                row.sent_before_at = row.finished_at;
            }
            ReminderState::Sent | ReminderState::Written => {
                return Err(Error::refused(
                    "reminder_ended",
                    format!(
                        "this reminder is {}: give a reason to send it once more",
                        row.state
                    ),
                ));
            }
            _ => return Err(row.has_ended()),
        }
        row.refuse_hindered(tx)?;
        if let Some(mail_id) = row.mail_id.take() {
            Task::close_of_mail(tx, mail_id, "The reminder was asked for again.")?;
        }
        row.state = ReminderState::Scheduled;
        row.state_reason = None;
        row.finished_at = None;
        row.due_at = row.due_at.max(tx.now());
        row.save(tx, "reminder.requeued", reason.map(|reason| &**reason))
    }

    /// Makes a scheduled reminder due at once, in quiet hours too: somebody at the studio decided so.
    pub fn send_now(
        tx: &mut Tx<'_>,
        id: ReminderId,
        expected: Option<i64>,
        reason: Option<&Reason>,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        let is_due = found.state == ReminderState::Scheduled && found.due_at <= tx.now();
        if is_due || found.state == ReminderState::Leased {
            return Ok(found);
        }
        let mut row = found.unless_stale(expected)?;
        match row.state {
            ReminderState::Scheduled => {}
            ReminderState::Failed | ReminderState::Ambiguous | ReminderState::Suppressed => {
                return Err(Error::refused(
                    "not_scheduled",
                    format!("this reminder is {}; requeue it instead", row.state),
                ));
            }
            _ => return Err(row.has_ended()),
        }
        row.refuse_hindered(tx)?;
        row.due_at = tx.now();
        row.save(tx, "reminder.hastened", reason.map(|reason| &**reason))
    }

    /// What the mail of a reminder says that was or would be sent.
    pub fn preview(db: &mut Db, scope: &Scope, id: ReminderId, now: Instant) -> Result<Previewed> {
        let row = Self::find_in(db, scope, id)?;
        let mail = match row.mail_id {
            Some(mail_id) => Some(Mail::find(db, mail_id)?),
            None => None,
        };
        let client = Client::find(db, row.client_id)?;
        client.standing().may_come_back()?;
        if let Some(content) = mail.as_ref().and_then(|mail| mail.content.clone()) {
            let to = client.email;
            return Ok(Previewed::Frozen { content, to });
        }
        if row.state == ReminderState::Superseded {
            return Err(Error::refused(
                "reminder_superseded",
                "this reminder was replaced before it was sent, and has no mail; look at the session's others",
            ));
        }
        let session = Session::find(db, row.session_id)?;
        let studio = Studio::find(db, row.studio_id)?;
        let together = row.falls_together(db, now)?;
        let steps: Vec<_> = together.iter().map(|one| one.step).collect();
        let mail = match mail {
            Some(mail) => mail,
            None => Mail::draft(
                NewMail {
                    studio_id: studio.id,
                    client_id: client.id,
                    session_id: session.id,
                    dedupe_key: String::new(),
                    useful_until: row.useful_until,
                },
                row.due_at.max(now),
            ),
        };
        Ok(Previewed::Rendered(Box::new(Prepared {
            time: time_to_tell(db, &session, &steps, row.time())?,
            previous: previous_time(db, &session, &steps)?,
            own_words: MailTemplate::in_use(db, studio.id)?,
            mail,
            steps,
            session,
            client,
            studio,
            safety_message: None,
        })))
    }

    /// The rows that share a mail with this one, or would if it went when it's due; in a mail's order.
    fn falls_together(&self, db: &mut Db, now: Instant) -> Result<Vec<Self>> {
        let mut together: Vec<Self> = match self.mail_id {
            Some(mail_id) => reminders::table
                .filter(reminders::mail_id.eq(mail_id))
                .select(Self::as_select())
                .load(db)?,
            None if self.state == ReminderState::Scheduled => reminders::table
                .filter(reminders::session_id.eq(self.session_id))
                .filter(reminders::state.eq(ReminderState::Scheduled))
                .filter(reminders::due_at.le(self.due_at.max(now)))
                .select(Self::as_select())
                .load::<Self>(db)?
                .into_iter()
                // What is due earlier goes earlier, unless both are due by now.
                .filter(|other| other.due_at == self.due_at || self.due_at.max(other.due_at) <= now)
                .collect(),
            None => vec![self.clone()],
        };
        together.retain(|other| other.step.is_marketing() == self.step.is_marketing());
        together.sort_by_key(Self::place_in_mail);
        Ok(together)
    }

    fn is_called_off(&self) -> bool {
        self.state == ReminderState::Suppressed
            && self.state_reason.as_deref() == Some(CANCELLED_BY_STAFF)
    }

    fn has_ended(&self) -> Error {
        Error::refused(
            "reminder_ended",
            format!(
                "this reminder is {}; nothing can be changed of it",
                self.state
            ),
        )
    }

    fn refuse_hindered(&self, tx: &mut Tx<'_>) -> Result<()> {
        let session = Session::find(tx.db, self.session_id)?;
        let client = Client::find(tx.db, self.client_id)?;
        match hindrance_name(tx.db, self, &session, &client, tx.now())? {
            None => Ok(()),
            Some(code) => Err(Error::refused(
                code,
                match code {
                    "no_longer_useful" => "its use is over, so it would not be sent",
                    "no_consent" => "the client doesn't want such mails",
                    "no_address" => "the client has no mail address; enter one first",
                    "bad_address" => {
                        "mail to the client's address doesn't reach them; correct it first"
                    }
                    "client_deleted" => {
                        "the client was taken off the list, so nothing is sent to them"
                    }
                    "client_erased" => "the client was erased, so nothing is sent to them",
                    LATER_WORK => "another session of the client has taken its place",
                    _ => "it no longer fits the session as it stands",
                },
            )),
        }
    }
}

impl Task {
    /// Closes the open tasks about a mail.
    fn close_of_mail(tx: &mut Tx<'_>, mail_id: MailId, resolution: &'static str) -> Result<()> {
        for kind in [TaskKind::MailFailed, TaskKind::MailAmbiguous] {
            Self::close_for(tx, &format!("{kind}:{mail_id}"), resolution)?;
        }
        Ok(())
    }
}
