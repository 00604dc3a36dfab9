//! How an attempt ended, and what that means for the mail and the reminders that it carries.

use chrono::TimeDelta;

use super::carried;
use crate::domain::task::NewTask;
use crate::domain::{Instant, MailId, MailState, ReminderState, TaskKind};
use crate::error::{Error, Result};
use crate::storage::Tx;
use crate::storage::mails::{LeaseToken, Mail, SAFETY_NOTICE};
use crate::storage::tasks::Task;

/// How an attempt ended, as the ledger keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Sent,
    /// It was written to a file.
    Written,
    /// It will never be taken.
    Permanent,
    /// It may be taken later.
    Transient,
    /// Our settings are wrong; the mail isn't to blame.
    Configuration,
    /// Nobody knows whether it was taken.
    Ambiguous,
}

/// What an attempt's end is told with.
#[derive(Clone, Copy, Debug)]
pub struct AttemptEnd {
    /// How.
    pub outcome: Outcome,
    /// The name of the outcome.
    pub name: &'static str,
    /// In which phase it failed.
    pub phase: Option<&'static str>,
    /// What the server said.
    pub smtp_code: Option<u16>,
    /// A number from 0 to 1 that spreads repetitions.
    pub jitter: f64,
}

/// Records how an attempt ended.
pub fn record(tx: &mut Tx<'_>, id: MailId, token: LeaseToken, end: AttemptEnd) -> Result<()> {
    let mut mail = match Mail::find_leased(tx.db, id, token) {
        Ok(mail) => mail,
        // It was cancelled by the last look, or leased anew meanwhile, and nothing left us.
        Err(Error::Refused {
            code: "lease_lost", ..
        }) if end.outcome == Outcome::Transient => return Ok(()),
        Err(error) => return Err(error),
    };
    mail.end_attempt(tx, end.name, end.phase, end.smtp_code)?;
    let reason = match (end.phase, end.smtp_code) {
        (Some(phase), Some(code)) => format!("{} in {phase} ({code})", end.name),
        (Some(phase), None) => format!("{} in {phase}", end.name),
        (None, _) => end.name.to_owned(),
    };
    let now = tx.now();
    match end.outcome {
        Outcome::Sent | Outcome::Written if mail.possibly_delivered => {
            finish(tx, mail, MailState::Ambiguous, "accepted_on_repeat")
        }
        Outcome::Sent => finish(tx, mail, MailState::Sent, &reason),
        Outcome::Written => finish(tx, mail, MailState::Written, &reason),
        Outcome::Permanent => fail(tx, mail, &reason),
        // Later than the pause of all sending, so that another mail is the first to be tried after it.
        Outcome::Configuration => mail.try_again(tx, now + TimeDelta::minutes(2), false, &reason),
        // It's tried once more, since a reminder that is lost costs more than one that comes twice; not a third time.
        Outcome::Ambiguous if mail.possibly_delivered => end_ambiguous(tx, mail, &reason),
        Outcome::Ambiguous | Outcome::Transient => {
            mail.possibly_delivered |= end.outcome == Outcome::Ambiguous;
            if let Some(at) = next_attempt(mail.attempts, end.jitter, now, mail.useful_until) {
                mail.try_again(tx, at, true, &reason)
            } else if mail.possibly_delivered {
                end_ambiguous(tx, mail, &reason)
            } else {
                finish(tx, mail, MailState::Expired, &reason)
            }
        }
    }
}

/// When to try again: after one, five, fifteen minutes and then an hour each, give or take a quarter, but never later
/// than when half of the mail's use is left. `None` where too little of it is.
fn next_attempt(
    attempts: i32,
    jitter: f64,
    now: Instant,
    useful_until: Instant,
) -> Option<Instant> {
    let minutes: f64 = match attempts {
        ..=1 => 1.0,
        2 => 5.0,
        3 => 15.0,
        _ => 60.0,
    };
    let seconds = minutes * 60.0 * (0.75 + 0.5 * jitter.clamp(0.0, 1.0));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 45 seconds and 75 minutes"
    )]
    let pause = TimeDelta::seconds(seconds as i64).min((useful_until - now) / 2);
    (pause >= SHORTEST_PAUSE).then(|| now + pause)
}

/// A pause that is shorter would only press a server that is in trouble.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Fails a leased mail that no attempt can be made with, for instance because it can't be rendered.
pub fn blame(tx: &mut Tx<'_>, id: MailId, token: LeaseToken, reason: &str) -> Result<()> {
    match Mail::find_leased(tx.db, id, token) {
        Ok(mail) => fail(tx, mail, reason),
        Err(Error::Refused {
            code: "lease_lost", ..
        }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The same for one that can't even be read: by its id alone, without a task.
pub fn bury(tx: &mut Tx<'_>, id: MailId, reason: &str) -> Result<()> {
    Mail::bury(tx, id, reason)
}

fn fail(tx: &mut Tx<'_>, mail: Mail, reason: &str) -> Result<()> {
    if mail.possibly_delivered {
        return end_ambiguous(tx, mail, reason);
    }
    open_task(tx, &mail, TaskKind::MailFailed, reason)?;
    finish(tx, mail, MailState::Failed, reason)
}

pub(super) fn end_ambiguous(tx: &mut Tx<'_>, mail: Mail, reason: &str) -> Result<()> {
    open_task(tx, &mail, TaskKind::MailAmbiguous, reason)?;
    finish(tx, mail, MailState::Ambiguous, reason)
}

fn finish(tx: &mut Tx<'_>, mail: Mail, state: MailState, reason: &str) -> Result<()> {
    let row_state = match state {
        MailState::Sent => ReminderState::Sent,
        MailState::Written => ReminderState::Written,
        MailState::Ambiguous => ReminderState::Ambiguous,
        MailState::Expired => ReminderState::Expired,
        MailState::Failed | MailState::Queued | MailState::Cancelled => ReminderState::Failed,
    };
    for reminder in carried(tx, mail.id)? {
        reminder.finish(tx, row_state, Some(reason))?;
    }
    mail.end(tx, state, Some(reason))
}

fn open_task(tx: &mut Tx<'_>, mail: &Mail, kind: TaskKind, reason: &str) -> Result<()> {
    if mail.kind == SAFETY_NOTICE {
        // Its client's row opens one that says what to do.
        return Ok(());
    }
    let mut detail = serde_json::Map::new();
    detail.insert("reason".into(), reason.into());
    let task = NewTask {
        studio_id: mail.studio_id,
        kind,
        dedupe_key: format!("{kind}:{}", mail.id),
        client_id: mail.client_id,
        plan_id: None,
        session_id: mail.session_id,
        mail_id: Some(mail.id),
        detail,
        due_at: tx.now(),
    };
    Task::open(tx, task).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_never_outlast_half_of_the_use() {
        let now = Instant::from_millis(0);
        let pause = |attempts, jitter, left: TimeDelta| {
            next_attempt(attempts, jitter, now, now + left).map(|at| (at - now).num_seconds())
        };
        let days = TimeDelta::days(20);
        assert_eq!(
            [1, 2, 3, 4, 40].map(|attempts| pause(attempts, 0.5, days)),
            [60, 300, 900, 3600, 3600].map(Some)
        );
        assert_eq!(pause(1, 0.0, days), Some(45));
        assert_eq!(pause(1, 1.0, days), Some(75));
        assert_eq!(pause(9, 1.0, TimeDelta::minutes(30)), Some(900));
        assert_eq!(pause(9, 1.0, TimeDelta::seconds(60)), Some(30));
        assert_eq!(pause(9, 1.0, TimeDelta::seconds(59)), None);
        assert_eq!(pause(1, 0.0, TimeDelta::seconds(-1)), None);
    }
}
