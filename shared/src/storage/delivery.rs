//! The steps of a delivery that touch the data: gather what is due, look at it again, begin, hand over, record.
//!
//! Each is one short transaction; rendering and sending happen between them. Whoever comes with a lease that is no
//! longer theirs is refused, so that two workers never record one mail.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::clients::Client;
use super::mail_templates::MailTemplate;
use super::mails::{FRESH_LINK, LeaseToken, Mail, NewMail};
use super::reminders::Reminder;
use super::schema::reminders;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use super::{Db, Tx};
use crate::domain::interval::Interval;
use crate::domain::mail_template::OwnWords;
use crate::domain::news::Knowledge;
use crate::domain::task::NewTask;
use crate::domain::{
    Anchor, EmailState, Instant, MailId, MailState, ReminderState, ReminderStep, SessionId,
    SessionState, TaskKind,
};
use crate::error::{Error, Result};

/// What came of gathering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Mails that were queued.
    pub queued: usize,
    /// Reminders whose moment had passed.
    pub expired: usize,
    /// Reminders that may not be sent.
    pub suppressed: usize,
    /// Reminders that no longer hold.
    pub superseded: usize,
}

/// All that a mail is made of, as it stands.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The mail.
    pub mail: Mail,
    /// The steps that it carries.
    pub steps: Vec<ReminderStep>,
    /// The session that it's about.
    pub session: Session,
    /// The time that it speaks of, which a session that was called off may have no more.
    pub time: Option<Interval>,
    /// The time that the client was told before, where the mail tells of a move.
    pub previous: Option<Interval>,
    /// Whom it's for.
    pub client: Client,
    /// Who sends it.
    pub studio: Studio,
    /// The studio's own words for it.
    pub own_words: Vec<OwnWords>,
}

impl Prepared {
    /// Tells apart two states of the things that the mail speaks of.
    fn fingerprint(&self) -> (i64, i64, i64, Vec<ReminderStep>) {
        (
            self.session.version,
            self.client.version,
            self.studio.version,
            self.steps.clone(),
        )
    }
}

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

/// What stands in the way of a reminder now.
enum Hindrance {
    Expired,
    Superseded(&'static str),
    Suppressed(&'static str),
}

fn hindrance(
    reminder: &Reminder,
    session: &Session,
    client: &Client,
    now: Instant,
) -> Option<Hindrance> {
    let to_come = matches!(
        session.state,
        SessionState::Booked | SessionState::Confirmed
    );
    let fits = match (reminder.step, reminder.anchor) {
        // A booking that was taken back leaves a session without a time.
        (ReminderStep::CancelledNotice, _) => matches!(
            session.state,
            SessionState::Cancelled | SessionState::Planned
        ),
        (ReminderStep::ConfirmRequest, _) => session.state == SessionState::Booked,
        (_, Anchor::Schedule) => to_come,
        (_, Anchor::Care) => session.state == SessionState::Completed,
    };
    if !fits {
        return Some(Hindrance::Superseded("session_state"));
    }
    if reminder.anchor == Anchor::Schedule && reminder.schedule_version != session.schedule_version
    {
        return Some(Hindrance::Superseded("session_moved"));
    }
    if reminder.useful_until <= now {
        return Some(Hindrance::Expired);
    }
    let agreed = if reminder.step.is_marketing() {
        client.marketing_mail
    } else {
        client.service_mail
    };
    if !agreed {
        return Some(Hindrance::Suppressed("no_consent"));
    }
    if client.deleted_at.is_some() {
        return Some(Hindrance::Suppressed("client_deleted"));
    }
    if client.email.is_none() {
        return Some(Hindrance::Suppressed("no_address"));
    }
    if matches!(
        client.email_state,
        EmailState::Bounced | EmailState::WrongPerson
    ) {
        return Some(Hindrance::Suppressed("bad_address"));
    }
    None
}

/// What would put a reminder aside now, by its stable name.
pub(super) fn hindrance_name(
    reminder: &Reminder,
    session: &Session,
    client: &Client,
    now: Instant,
) -> Option<&'static str> {
    hindrance(reminder, session, client, now).map(|hindrance| match hindrance {
        Hindrance::Expired => "no_longer_useful",
        Hindrance::Superseded(reason) | Hindrance::Suppressed(reason) => reason,
    })
}

impl Reminder {
    fn finish(mut self, tx: &mut Tx<'_>, state: ReminderState, reason: Option<&str>) -> Result<()> {
        self.state = state;
        self.state_reason = reason.map(str::to_owned);
        self.finished_at = Some(tx.now());
        self.save(tx, "reminder.ended", None).map(drop)
    }

    fn put_aside(self, tx: &mut Tx<'_>, hindrance: Hindrance, client: &Client) -> Result<()> {
        match hindrance {
            Hindrance::Expired => self.finish(tx, ReminderState::Expired, Some("no_longer_useful")),
            Hindrance::Superseded(reason) => self.supersede(tx, reason),
            Hindrance::Suppressed(reason) => {
                if matches!(reason, "no_address" | "bad_address") {
                    let mut detail = serde_json::Map::new();
                    detail.insert("reason".into(), reason.into());
                    detail.insert("step".into(), self.step.as_str().into());
                    let task = NewTask {
                        studio_id: self.studio_id,
                        kind: TaskKind::NoUsableAddress,
                        dedupe_key: format!("no_usable_address:{}:{}", client.id, self.session_id),
                        client_id: Some(client.id),
                        plan_id: self.plan_id,
                        session_id: Some(self.session_id),
                        mail_id: None,
                        detail,
                        due_at: tx.now(),
                    };
                    Task::open(tx, task)?;
                }
                self.finish(tx, ReminderState::Suppressed, Some(reason))
            }
        }
    }
}

/// Puts the reminders that are due into mails, those of one session that fall together into one.
pub fn gather(tx: &mut Tx<'_>, at_most: i64, sending_domain: &str) -> Result<Gathered> {
    let now = tx.now();
    let due: Vec<Reminder> = reminders::table
        .filter(reminders::state.eq(ReminderState::Scheduled))
        .filter(reminders::due_at.le(now))
        .order((reminders::due_at, reminders::id))
        .limit(at_most)
        .select(Reminder::as_select())
        .load(tx.db)?;
    // An invitation goes alone: it can be ended in one click, and nothing that the client needs may hang on it.
    let mut by_session: Vec<((SessionId, bool), Vec<Reminder>)> = Vec::new();
    for reminder in due {
        let place = (reminder.session_id, reminder.step.is_marketing());
        match by_session.iter_mut().find(|(known, _)| *known == place) {
            Some((_, group)) => group.push(reminder),
            None => by_session.push((place, vec![reminder])),
        }
    }
    let mut gathered = Gathered::default();
    for ((session_id, _), group) in by_session {
        let session = Session::find(tx.db, session_id)?;
        let client = Client::find(tx.db, session.client_id)?;
        let mut together = Vec::new();
        for reminder in group {
            match hindrance(&reminder, &session, &client, now) {
                None => together.push(reminder),
                Some(hindrance) => {
                    match hindrance {
                        Hindrance::Expired => gathered.expired += 1,
                        Hindrance::Superseded(_) => gathered.superseded += 1,
                        Hindrance::Suppressed(_) => gathered.suppressed += 1,
                    }
                    reminder.put_aside(tx, hindrance, &client)?;
                }
            }
        }
        let Some(first) = together.first() else {
            continue;
        };
        let useful_until = together
            .iter()
            .map(|one| one.useful_until)
            .max()
            .unwrap_or(first.useful_until);
        let mail = Mail::queue(
            tx,
            NewMail {
                studio_id: session.studio_id,
                client_id: client.id,
                session_id,
                dedupe_key: format!("reminder:{}:{}", first.id, first.version),
                useful_until,
                sending_domain: sending_domain.to_owned(),
            },
        )?;
        for mut reminder in together {
            reminder.state = ReminderState::Leased;
            reminder.mail_id = Some(mail.id);
            reminder.save(tx, "reminder.leased", None)?;
        }
        gathered.queued += 1;
    }
    Ok(gathered)
}

/// Looks at a leased mail again. Nothing comes of it where none of its reminders holds any more: it's cancelled.
pub fn prepare(tx: &mut Tx<'_>, id: MailId, token: LeaseToken) -> Result<Option<Prepared>> {
    let mail = Mail::find_leased(tx.db, id, token)?;
    let carried = carried(tx, id)?;
    let Some(session_id) = mail.session_id else {
        return Err(Error::internal("a mail about no session"));
    };
    let session = Session::find(tx.db, session_id)?;
    let client = Client::find(tx.db, session.client_id)?;
    let studio = Studio::find(tx.db, session.studio_id)?;
    let now = tx.now();
    let mut steps = Vec::new();
    let mut dropped = Vec::new();
    let mut kept = Vec::new();
    for reminder in carried {
        match hindrance(&reminder, &session, &client, now) {
            None => {
                steps.push(reminder.step);
                kept.push(reminder);
            }
            Some(hindrance) => dropped.push((reminder, hindrance)),
        }
    }
    if mail.kind == FRESH_LINK {
        return prepare_fresh_link(tx, mail, session, client, studio);
    }
    let is_frozen = mail.content.is_some();
    let lost_some = !dropped.is_empty();
    let possibly_delivered = mail.possibly_delivered;
    for (reminder, hindrance) in dropped {
        if possibly_delivered {
            reminder.finish(tx, ReminderState::Ambiguous, Some("not_repeated"))?;
        } else {
            reminder.put_aside(tx, hindrance, &client)?;
        }
    }
    // What was frozen speaks of a reminder that no longer holds: the others get a mail of their own.
    if kept.is_empty() || (is_frozen && lost_some) {
        for mut reminder in kept {
            if possibly_delivered {
                reminder.finish(tx, ReminderState::Ambiguous, Some("not_repeated"))?;
            } else {
                reminder.state = ReminderState::Scheduled;
                reminder.mail_id = None;
                reminder.save(tx, "reminder.scheduled", None)?;
            }
        }
        let state = if possibly_delivered {
            MailState::Ambiguous
        } else {
            MailState::Cancelled
        };
        mail.end(tx, state, Some("no_longer_holds"))?;
        return Ok(None);
    }
    let time = session
        .time()
        .or_else(|| kept.iter().find_map(Reminder::time));
    let previous = previous_time(tx.db, &session, &steps)?;
    Ok(Some(Prepared {
        mail,
        steps,
        time,
        previous,
        session,
        client,
        own_words: MailTemplate::in_use(tx.db, studio.id)?,
        studio,
    }))
}

/// The time that the client was told before a move, where a mail tells of one.
pub(super) fn previous_time(
    db: &mut Db,
    session: &Session,
    steps: &[ReminderStep],
) -> Result<Option<Interval>> {
    if !steps.contains(&ReminderStep::MovedNotice) {
        return Ok(None);
    }
    Ok(Knowledge::of(&Reminder::told(db, session.id)?).time())
}

/// An answer to the client's own wish: it carries no reminder, and only asks for an address that is theirs.
fn prepare_fresh_link(
    tx: &mut Tx<'_>,
    mail: Mail,
    session: Session,
    client: Client,
    studio: Studio,
) -> Result<Option<Prepared>> {
    let is_bad = matches!(
        client.email_state,
        EmailState::Bounced | EmailState::WrongPerson
    );
    let (late, possibly_delivered) = (mail.useful_until <= tx.now(), mail.possibly_delivered);
    if client.email.is_none() || is_bad || client.deleted_at.is_some() || late {
        let state = match (possibly_delivered, late) {
            (true, _) => MailState::Ambiguous,
            (false, true) => MailState::Expired,
            (false, false) => MailState::Cancelled,
        };
        mail.end(tx, state, Some("no_longer_holds"))?;
        return Ok(None);
    }
    Ok(Some(Prepared {
        mail,
        steps: Vec::new(),
        time: session.time(),
        previous: None,
        session,
        client,
        own_words: Vec::new(),
        studio,
    }))
}

/// Begins an attempt with this content, if everything still stands as it was rendered. `None` asks to look again.
pub fn begin(
    tx: &mut Tx<'_>,
    token: LeaseToken,
    rendered: &Prepared,
    content: &str,
) -> Result<Option<Mail>> {
    match prepare(tx, rendered.mail.id, token)? {
        Some(now) if now.fingerprint() == rendered.fingerprint() => {
            now.mail.begin_attempt(tx, content).map(Some)
        }
        _ => Ok(None),
    }
}

/// The last look before the content leaves us. An error keeps it here.
pub fn hand_over(tx: &mut Tx<'_>, token: LeaseToken, rendered: &Prepared) -> Result<()> {
    match prepare(tx, rendered.mail.id, token)? {
        Some(now) if now.fingerprint() == rendered.fingerprint() => now.mail.note_handover(tx),
        _ => Err(Error::refused(
            "changed_meanwhile",
            "what the mail speaks of has changed",
        )),
    }
}

/// Records how an attempt ended.
pub fn record(tx: &mut Tx<'_>, id: MailId, token: LeaseToken, end: AttemptEnd) -> Result<()> {
    let mut mail = match Mail::find_leased(tx.db, id, token) {
        Ok(mail) => mail,
        // It was cancelled by the last look, and nothing left us.
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
        Outcome::Configuration => mail.try_again(tx, now + TimeDelta::minutes(1), false, &reason),
        Outcome::Ambiguous if mail.attempts >= LAST_AMBIGUOUS_ATTEMPT => {
            fail_ambiguous(tx, mail, &reason)
        }
        Outcome::Ambiguous | Outcome::Transient => {
            mail.possibly_delivered |= end.outcome == Outcome::Ambiguous;
            let at = now + backoff(mail.attempts, end.jitter);
            if at < mail.useful_until {
                mail.try_again(tx, at, true, &reason)
            } else if mail.possibly_delivered {
                fail_ambiguous(tx, mail, &reason)
            } else {
                finish(tx, mail, MailState::Expired, &reason)
            }
        }
    }
}

/// A mail that may have been taken is repeated once: a reminder that is lost costs more than one that comes twice.
const LAST_AMBIGUOUS_ATTEMPT: i32 = 2;

/// One, five, fifteen minutes and then an hour each, give or take a quarter.
fn backoff(attempts: i32, jitter: f64) -> TimeDelta {
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
    TimeDelta::seconds(seconds as i64)
}

fn fail(tx: &mut Tx<'_>, mail: Mail, reason: &str) -> Result<()> {
    if mail.possibly_delivered {
        return fail_ambiguous(tx, mail, reason);
    }
    open_task(tx, &mail, TaskKind::MailFailed, reason)?;
    finish(tx, mail, MailState::Failed, reason)
}

fn fail_ambiguous(tx: &mut Tx<'_>, mail: Mail, reason: &str) -> Result<()> {
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

/// The reminders that a mail carries.
fn carried(tx: &mut Tx<'_>, id: MailId) -> Result<Vec<Reminder>> {
    Ok(reminders::table
        .filter(reminders::mail_id.eq(id))
        .filter(reminders::state.eq(ReminderState::Leased))
        .order((reminders::step, reminders::id))
        .select(Reminder::as_select())
        .load(tx.db)?)
}
