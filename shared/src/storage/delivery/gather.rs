//! Reminders that are due become mails, those of one session that fall together one.

use diesel::prelude::*;

use super::{Hindrance, hindrance, without_reminders};
use crate::clock::Clock;
use crate::domain::reminder::Subject;
use crate::domain::{Instant, ReminderId, ReminderState, SessionId};
use crate::error::Result;
use crate::storage::audit::AuditDraft;
use crate::storage::clients::Client;
use crate::storage::mails::{Mail, NewMail};
use crate::storage::reminder_sync::later_work_beside;
use crate::storage::reminders::Reminder;
use crate::storage::schema::reminders;
use crate::storage::sending_rate::{SendingRate, allowance};
use crate::storage::sessions::Session;
use crate::storage::{Db, Tx};

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
    /// Reminders that can't be read, and were ended alone.
    pub unreadable: usize,
}

impl std::ops::AddAssign for Gathered {
    fn add_assign(&mut self, other: Self) {
        self.queued += other.queued;
        self.expired += other.expired;
        self.suppressed += other.suppressed;
        self.superseded += other.superseded;
        self.unreadable += other.unreadable;
    }
}

/// What is gathered in one write. When that fails it's taken apart, until the one row that is to blame stands alone.
#[derive(Clone, Debug)]
pub enum Gathering {
    /// All that is due of these sessions.
    Sessions(Vec<SessionId>),
    /// One reminder.
    One(ReminderId),
}

impl Gathering {
    /// Its parts, to be tried one by one; none if it can't be taken apart.
    pub fn parts(&self, db: &mut Db, now: Instant) -> Result<Vec<Self>> {
        match self {
            Self::One(_) => Ok(Vec::new()),
            Self::Sessions(ids) if ids.len() > 1 => {
                Ok(ids.iter().map(|id| Self::Sessions(vec![*id])).collect())
            }
            Self::Sessions(ids) => Ok(due(now)
                .filter(reminders::session_id.eq_any(ids.clone()))
                .select(reminders::id)
                .load::<ReminderId>(db)?
                .into_iter()
                .map(Self::One)
                .collect()),
        }
    }
}

#[diesel::dsl::auto_type]
fn due(now: Instant) -> _ {
    reminders::table
        .filter(reminders::state.eq("scheduled"))
        .filter(reminders::due_at.le(now))
}

/// The sessions with reminders that are due, those first whose are soonest of no more use: no more than the rate allows.
pub fn due_sessions(
    db: &mut Db,
    clock: &Clock,
    rate: SendingRate,
    at_most: u32,
) -> Result<Vec<SessionId>> {
    let (now, lease_now) = (clock.now(), db.lease_clock(clock)?);
    let at_most = at_most.min(allowance(db, rate, lease_now)?);
    let found: Vec<SessionId> = due(now)
        .order((reminders::useful_until, reminders::id))
        .limit(at_most.into())
        .select(reminders::session_id)
        .load(db)?;
    let mut once: Vec<SessionId> = Vec::new();
    for id in found {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    Ok(once)
}

/// Puts reminders that are due into mails, those of one session that fall together into one.
pub fn gather(tx: &mut Tx<'_>, what: &Gathering) -> Result<Gathered> {
    match what {
        Gathering::Sessions(ids) => {
            let mut gathered = Gathered::default();
            for id in ids {
                let group = due(tx.now())
                    .filter(reminders::session_id.eq(*id))
                    .order((reminders::due_at, reminders::id))
                    .select(Reminder::as_select())
                    .load::<Reminder>(tx.db)?;
                // An invitation goes alone: it can be ended in one click, and nothing that the client needs hangs on it.
                let (invitations, others) = group
                    .into_iter()
                    .partition(|reminder| reminder.step.is_marketing());
                for group in [others, invitations] {
                    gathered += gather_session(tx, *id, group)?;
                }
            }
            Ok(gathered)
        }
        Gathering::One(id) => {
            let reminder: Option<Reminder> = due(tx.now())
                .filter(reminders::id.eq(*id))
                .select(Reminder::as_select())
                .first(tx.db)
                .optional()?;
            match reminder {
                Some(reminder) => gather_session(tx, reminder.session_id, vec![reminder]),
                None => Ok(Gathered::default()),
            }
        }
    }
}

fn gather_session(
    tx: &mut Tx<'_>,
    session_id: SessionId,
    group: Vec<Reminder>,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    if group.is_empty() {
        return Ok(gathered);
    }
    let now = tx.now();
    let session = Session::find(tx.db, session_id)?;
    let client = Client::find(tx.db, session.client_id)?;
    let later_work = later_work_beside(tx.db, &session)?;
    let mut together = Vec::new();
    for reminder in group {
        match hindrance(&reminder, &session, &client, later_work, now) {
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
        return Ok(gathered);
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
        },
    )?;
    for mut reminder in together {
        reminder.state = ReminderState::Leased;
        reminder.mail_id = Some(mail.id);
        reminder.save(tx, "reminder.leased", None)?;
    }
    gathered.queued += 1;
    Ok(gathered)
}

/// Whether a notice of what was done with a session waits, and nothing stands in its way.
pub fn is_notice_to_come(db: &mut Db, session_id: SessionId, now: Instant) -> Result<bool> {
    let session = Session::find(db, session_id)?;
    let client = Client::find(db, session.client_id)?;
    let later_work = later_work_beside(db, &session)?;
    Ok(Reminder::of_session(db, session_id)?.iter().any(|row| {
        row.state == ReminderState::Scheduled
            && row.step.subject() == Subject::Act
            && hindrance(row, &session, &client, later_work, now).is_none()
    }))
}

/// Says of what has waited too long that it's of no more use, also while nothing can be sent: so many rows at most.
pub fn expire_overdue(tx: &mut Tx<'_>, at_most: i64) -> Result<usize> {
    let now = tx.now();
    let overdue: Vec<ReminderId> = due(now)
        .filter(reminders::useful_until.le(now))
        .limit(at_most)
        .select(reminders::id)
        .load(tx.db)?;
    let mut expired = 0;
    for id in overdue {
        expired += usize::from(Reminder::end_by_id(
            tx,
            id,
            ReminderState::Expired,
            "no_longer_useful",
        )?);
    }
    Ok(expired + without_reminders::expire_overdue(tx, at_most)?)
}

impl Gathering {
    /// Ends the one reminder that can't be read or gathered, so that it holds nobody up.
    pub fn bury(&self, tx: &mut Tx<'_>) -> Result<Gathered> {
        let mut gathered = Gathered::default();
        if let Self::One(id) = self {
            Reminder::bury(tx, *id, "unreadable")?;
            gathered.unreadable += 1;
        }
        Ok(gathered)
    }
}

impl Reminder {
    /// Ends a reminder that can't be read whole as failed, by its id alone.
    pub(in crate::storage) fn bury(tx: &mut Tx<'_>, id: ReminderId, reason: &str) -> Result<()> {
        Self::end_by_id(tx, id, ReminderState::Failed, reason).map(drop)
    }

    fn end_by_id(
        tx: &mut Tx<'_>,
        id: ReminderId,
        state: ReminderState,
        reason: &str,
    ) -> Result<bool> {
        let now = tx.now();
        let change = tx.next_change()?;
        let ended = diesel::update(reminders::table.find(id))
            .filter(reminders::finished_at.is_null())
            .set((
                reminders::state.eq(state),
                reminders::state_reason.eq(reason),
                reminders::finished_at.eq(now),
                reminders::version.eq(reminders::version + 1),
                reminders::change.eq(change),
                reminders::updated_at.eq(now),
            ))
            .execute(tx.db)?;
        if ended > 0 {
            tx.audit(AuditDraft::new("reminder.ended", "reminder", id.0).because(Some(reason)));
        }
        Ok(ended > 0)
    }
}
