//! What a client does through the links in their mails: by the same actions as staff, and by nobody's override.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::availability::{AvailabilityRequest, OfferedSlot, Subject as SlotSubject, free_slots};
use super::clients::Client;
use super::mail_templates::MailTemplate;
use super::mails::{FRESH_LINK, Mail, NewMail};
use super::paging::PageRequest;
use super::schema::{mails, tasks};
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::{ClientWords, Task};
use super::{Db, Scope, Tx};
use crate::domain::booking::{Booking, Cancel, MayOverride, Occurred};
use crate::domain::client::ClientPatch;
use crate::domain::client_page::{ClientMay, PageFacts};
use crate::domain::local_time::Disambiguation;
use crate::domain::mail_template::OwnWords;
use crate::domain::patch::Set;
use crate::domain::task::NewTask;
use crate::domain::text::Note;
use crate::domain::{ClientId, EmailState, EndedBy, Instant, SessionId, SessionState, TaskKind};
use crate::error::{Error, Result};
use crate::links::{Link, LinkPurpose, number};

/// How far ahead a client is shown free times.
const DAYS_SHOWN: u64 = 14;

/// Nobody books farther ahead by themselves.
const FARTHEST: TimeDelta = TimeDelta::days(366);

/// Whom and what a link speaks of.
#[derive(Clone, Debug)]
pub struct Visited {
    /// The client.
    pub client: Client,
    /// Whose studio the page is.
    pub studio: Studio,
    /// The session, where the link is about one.
    pub session: Option<Session>,
    /// The studio's own words.
    pub own_words: Vec<OwnWords>,
}

/// Whether a link holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Holds,
    /// The session was moved since.
    Moved,
    /// Its time is over.
    Expired,
    /// It was made void, or what it speaks of is gone.
    Void,
}

/// What came of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// It's done, or had been before.
    Done,
    /// The link doesn't hold, so nothing was done.
    Not(Standing),
    /// It may not be done now.
    TooLate,
    /// The time that was chosen isn't free.
    Taken,
}

/// Whom a link speaks of, and whether it holds; nothing where there is no such client or session.
pub fn visit(db: &mut Db, link: &Link, now: Instant) -> Result<Option<(Visited, Standing)>> {
    let known = |error| match error {
        Error::NotFound { .. } => Ok(None),
        error => Err(error),
    };
    let session = match link.purpose {
        LinkPurpose::Appointment | LinkPurpose::Report => {
            match Session::find(db, SessionId(link.subject)) {
                Ok(session) => Some(session),
                Err(error) => return known(error),
            }
        }
        LinkPurpose::Preferences | LinkPurpose::Unsubscribe => None,
    };
    let client_id = session
        .as_ref()
        .map_or(ClientId(link.subject), |session| session.client_id);
    let client = match Client::find(db, client_id) {
        Ok(client) => client,
        Err(error) => return known(error),
    };
    let studio_id = session
        .as_ref()
        .map_or(client.studio_id, |session| session.studio_id);
    let studio = Studio::find(db, studio_id)?;
    let was_moved = session.as_ref().is_some_and(|session| {
        let current = number(session.schedule_version);
        // A cancellation raises the version, and is no move.
        let called_off = session.state == SessionState::Cancelled;
        link.purpose == LinkPurpose::Appointment
            && current != link.schedule_version
            && !(called_off && current == link.schedule_version.saturating_add(1))
    });
    let standing =
        if number(client.link_generation) != link.generation || client.deleted_at.is_some() {
            Standing::Void
        } else if link.is_expired(now) {
            Standing::Expired
        } else if was_moved {
            Standing::Moved
        } else {
            Standing::Holds
        };
    let visited = Visited {
        own_words: MailTemplate::in_use(db, studio_id)?,
        client,
        studio,
        session,
    };
    Ok(Some((visited, standing)))
}

impl Visited {
    /// What the rules look at.
    pub fn facts(&self) -> Option<PageFacts> {
        self.session.as_ref().map(|session| PageFacts {
            state: session.state,
            starts_at: session.starts_at,
            cutoff_hours: i64::from(self.studio.cancellation_cutoff_hours),
            client_may_move: self.studio.client_may_move,
        })
    }

    /// What the client may do now.
    pub fn may(&self, now: Instant) -> ClientMay {
        self.facts()
            .map_or_else(ClientMay::default, |facts| facts.allow(now))
    }

    /// The free times that the client may choose from, from an instant on.
    pub fn free_times(&self, db: &mut Db, now: Instant, from: Instant) -> Result<Vec<OfferedSlot>> {
        let (Some(session), Some(facts)) = (&self.session, self.facts()) else {
            return Ok(Vec::new());
        };
        let earliest = facts.earliest_choice(now);
        if from > now + FARTHEST {
            return Ok(Vec::new());
        }
        let from_day = from.max(earliest).day_at(self.studio.time_zone.0);
        let request = AvailabilityRequest {
            subject: SlotSubject::Session {
                session_id: session.id,
                duration_minutes: None,
            },
            practitioner_id: None,
            room_id: None,
            from_day,
            until_day: from_day + chrono::Days::new(DAYS_SHOWN - 1),
            step_minutes: Some(60),
        };
        let page = PageRequest {
            limit: 200,
            after: None,
            updated_since: None,
        };
        let mut slots = free_slots(db, &Scope::all(), now, &request, &page)?.slots;
        slots
            .retain(|slot| slot.starts_at >= earliest && session.starts_at != Some(slot.starts_at));
        Ok(slots)
    }

    fn task(&self, kind: TaskKind, dedupe_key: String, now: Instant) -> NewTask {
        NewTask {
            studio_id: self.studio.id,
            kind,
            dedupe_key,
            client_id: Some(self.client.id),
            plan_id: self.session.as_ref().and_then(|session| session.plan_id),
            session_id: self.session.as_ref().map(|session| session.id),
            mail_id: None,
            detail: serde_json::Map::new(),
            due_at: now,
        }
    }

    /// Somebody answers through the address: it's theirs.
    fn note_answer(&self, tx: &mut Tx<'_>) -> Result<()> {
        if self.client.email_state == EmailState::Unverified {
            let mut client = self.client.clone();
            client.email_state = EmailState::Ok;
            client.save(tx, "client.address_answered", None)?;
        }
        Ok(())
    }
}

/// What a link speaks of if it holds, or what came of the act.
fn admitted(tx: &mut Tx<'_>, link: &Link) -> Result<std::result::Result<Visited, Did>> {
    let now = tx.now();
    Ok(match visit(tx.db, link, now)? {
        Some((visited, Standing::Holds)) => Ok(visited),
        Some((_, standing)) => Err(Did::Not(standing)),
        None => Err(Did::Not(Standing::Void)),
    })
}

macro_rules! admit {
    ($tx:expr, $link:expr) => {
        match admitted($tx, $link)? {
            Ok(visited) => visited,
            Err(did) => return Ok(did),
        }
    };
}

/// Says yes to the time.
pub fn confirm(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let visited = admit!(tx, link);
    match Session::confirm(tx, SessionId(link.subject), None, &Occurred::default()) {
        Ok(_) => visited.note_answer(tx).map(|()| Did::Done),
        Err(Error::Refused { .. }) => Ok(Did::TooLate),
        Err(error) => Err(error),
    }
}

/// Calls the session off, in time.
pub fn cancel(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let visited = admit!(tx, link);
    let is_off = visited
        .session
        .as_ref()
        .is_some_and(|session| session.state == SessionState::Cancelled);
    if is_off {
        return Ok(Did::Done);
    }
    if !visited.may(tx.now()).cancel {
        return Ok(Did::TooLate);
    }
    let told = Cancel {
        by: Some(EndedBy::Client),
        ..Cancel::default()
    };
    Session::cancel(tx, SessionId(link.subject), None, &told)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Moves the session to a time that is offered.
pub fn choose_time(tx: &mut Tx<'_>, link: &Link, starts_at: Instant) -> Result<Did> {
    let now = tx.now();
    let visited = match visit(tx.db, link, now)? {
        Some((visited, Standing::Holds)) => visited,
        // The second click of two: it stands where the first one put it.
        Some((visited, Standing::Moved))
            if visited.session.as_ref().and_then(|it| it.starts_at) == Some(starts_at) =>
        {
            return Ok(Did::Done);
        }
        Some((_, standing)) => return Ok(Did::Not(standing)),
        None => return Ok(Did::Not(Standing::Void)),
    };
    if !visited.may(now).choose_time {
        return Ok(Did::TooLate);
    }
    let offered = visited
        .free_times(tx.db, now, starts_at)?
        .into_iter()
        .find(|slot| slot.starts_at == starts_at);
    let Some(slot) = offered else {
        return Ok(Did::Taken);
    };
    let booking = Booking {
        starts_at: Some(starts_at),
        local_start: None,
        disambiguation: Disambiguation::Reject,
        practitioner_id: Some(slot.practitioner_id),
        room_id: slot.room_id,
        duration_minutes: None,
        override_: None,
    };
    Session::reschedule(tx, SessionId(link.subject), None, &booking, MayOverride::No)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Asks the studio for another time.
pub fn ask_to_move(tx: &mut Tx<'_>, link: &Link, note: Option<Note>) -> Result<Did> {
    let visited = admit!(tx, link);
    let now = tx.now();
    if !visited.may(now).ask_to_move {
        return Ok(Did::TooLate);
    }
    // One wish for one time of the session, however often it's sent.
    let key = format!(
        "move_requested:{}:{}",
        SessionId(link.subject),
        link.schedule_version
    );
    let task = visited.task(TaskKind::MoveRequested, key, now);
    let words = ClientWords {
        note,
        clinical_note: None,
    };
    Task::open_with(tx, task, words)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Tells how the client is after a session. Only those who treat read the words.
pub fn report(tx: &mut Tx<'_>, link: &Link, text: Note) -> Result<Did> {
    use sha2::{Digest, Sha256};

    let visited = admit!(tx, link);
    let now = tx.now();
    if !visited.may(now).report {
        return Ok(Did::TooLate);
    }
    let told_today: i64 = tasks::table
        .filter(tasks::session_id.eq(SessionId(link.subject)))
        .filter(tasks::kind.eq(TaskKind::ClientReport))
        .filter(tasks::created_at.gt(now - TimeDelta::days(1)))
        .count()
        .get_result(tx.db)?;
    // The same words are the same report; more than a few a day isn't a client.
    let digest = Sha256::digest(text.as_bytes());
    let digest: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let key = format!("client_report:{}:{digest}", SessionId(link.subject));
    let is_known: i64 = tasks::table
        .filter(tasks::dedupe_key.eq(&key))
        .count()
        .get_result(tx.db)?;
    if is_known == 0 && told_today >= 5 {
        return Ok(Did::TooLate);
    }
    let task = visited.task(TaskKind::ClientReport, key, now);
    let words = ClientWords {
        note: None,
        clinical_note: Some(text),
    };
    Task::open_with(tx, task, words)?;
    visited.note_answer(tx).map(|()| Did::Done)
}

/// Which mails a client wants.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// Mails about their sessions.
    pub service_mail: bool,
    /// Invitations.
    pub marketing_mail: bool,
    /// Care advice in the mail itself.
    pub care_advice_in_mail: bool,
}

/// Takes note of which mails the client wants.
pub fn choose_mails(tx: &mut Tx<'_>, link: &Link, choices: Choices) -> Result<Did> {
    let visited = admit!(tx, link);
    let patch = ClientPatch {
        service_mail: Set::Value(choices.service_mail),
        marketing_mail: Set::Value(choices.marketing_mail),
        care_advice_in_mail: Set::Value(choices.care_advice_in_mail),
        ..ClientPatch::default()
    };
    let client = &visited.client;
    let stands_so = client.service_mail == choices.service_mail
        && client.marketing_mail == choices.marketing_mail
        && client.care_advice_in_mail == choices.care_advice_in_mail;
    if !stands_so {
        Client::change(tx, client.id, None, &patch)?;
    }
    Ok(Did::Done)
}

/// Ends invitations.
pub fn unsubscribe(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let visited = admit!(tx, link);
    if visited.client.marketing_mail {
        let patch = ClientPatch {
            marketing_mail: Set::Value(false),
            ..ClientPatch::default()
        };
        Client::change(tx, visited.client.id, None, &patch)?;
    }
    Ok(Did::Done)
}

/// Notes that the address belongs to somebody else: its mails end, and all its links with them.
pub fn wrong_person(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let now = tx.now();
    let visited = match visit(tx.db, link, now)? {
        Some((visited, Standing::Holds)) => visited,
        // The second click of two: the first one made the link void.
        Some((visited, Standing::Void))
            if visited.client.email_state == EmailState::WrongPerson
                && number(visited.client.link_generation) == link.generation + 1 =>
        {
            return Ok(Did::Done);
        }
        Some((_, standing)) => return Ok(Did::Not(standing)),
        None => return Ok(Did::Not(Standing::Void)),
    };
    let key = format!("wrong_person:{}:{}", visited.client.id, link.generation);
    let task = visited.task(TaskKind::WrongPerson, key, now);
    Task::open(tx, task)?;
    let patch = ClientPatch {
        email_state: Set::Value(EmailState::WrongPerson),
        ..ClientPatch::default()
    };
    Client::change(tx, visited.client.id, None, &patch)?;
    Ok(Did::Done)
}

/// Queues a mail with a fresh link to the address on file, if there is one and not too often. Says nothing of it.
pub fn send_fresh_link(tx: &mut Tx<'_>, link: &Link) -> Result<()> {
    let now = tx.now();
    let Some((visited, Standing::Holds | Standing::Moved | Standing::Expired)) =
        visit(tx.db, link, now)?
    else {
        return Ok(());
    };
    let client = &visited.client;
    let is_bad = matches!(
        client.email_state,
        EmailState::Bounced | EmailState::WrongPerson
    );
    if client.email.is_none() || is_bad {
        return Ok(());
    }
    let lately: Vec<Instant> = mails::table
        .filter(mails::client_id.eq(client.id))
        .filter(mails::kind.eq(FRESH_LINK))
        .filter(mails::created_at.gt(now - TimeDelta::days(1)))
        .select(mails::created_at)
        .load(tx.db)?;
    if lately.len() >= 5 || lately.iter().any(|at| *at > now - TimeDelta::minutes(10)) {
        return Ok(());
    }
    let session_id = match &visited.session {
        Some(session) => session.id,
        // A mail is about a session: the client's newest.
        None => match Session::newest_of(tx.db, client.id)? {
            Some(id) => id,
            None => return Ok(()),
        },
    };
    let studio_id = Session::find(tx.db, session_id)?.studio_id;
    Mail::queue_kind(
        tx,
        FRESH_LINK,
        NewMail {
            studio_id,
            client_id: client.id,
            session_id,
            dedupe_key: format!("fresh_link:{}:{}", client.id, now.millis()),
            useful_until: now + TimeDelta::hours(6),
        },
    )
    .map(drop)
}

impl Session {
    fn newest_of(db: &mut Db, client_id: ClientId) -> Result<Option<SessionId>> {
        use super::schema::sessions;

        let ids: Vec<SessionId> = sessions::table
            .filter(sessions::client_id.eq(client_id))
            .order(sessions::id.desc())
            .limit(1)
            .select(sessions::id)
            .load(db)?;
        Ok(ids.into_iter().next())
    }
}
