//! What a client does through the links in their mails: by the same actions as staff, and by nobody's override.

mod appointment;
mod contact;

use chrono::NaiveDate;

use super::availability::{AvailabilityRequest, OfferedSlot, Subject as SlotSubject, free_slots};
use super::clients::Client;
use super::mail_templates::MailTemplate;
use super::paging::PageRequest;
use super::safety_notices::{SafetyNews, news_of};
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::{ClientWords, Task};
use super::{Db, Scope, Tx, digest};
use crate::domain::client_page::{ClientMay, PageFacts, asks_to_book};
use crate::domain::mail_template::OwnWords;
use crate::domain::task::NewTask;
use crate::domain::{ClientId, EmailState, Instant, SessionId, SessionState, TaskKind};
use crate::error::{Error, Result};
use crate::links::{Link, LinkPurpose, number};

pub use appointment::{ask_to_move, cancel, choose_time, confirm, read_safety_notice, report};
pub use contact::{Choices, choose_mails, send_fresh_link, unsubscribe, wrong_person};

/// How far ahead a client is shown free times.
const DAYS_SHOWN: u64 = 14;

/// So many days ahead a client chooses at most: nobody books farther ahead by themselves.
pub const FARTHEST_DAYS: u64 = 365;

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
    /// What they are told of something unsafe, on the page of an appointment.
    pub safety_news: Vec<SafetyNews>,
    /// Whether the page asks them to book their next appointment.
    pub asks_to_book: bool,
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
    let safety_news = match &session {
        Some(session) if link.purpose == LinkPurpose::Appointment => {
            news_of(db, session.id, &client, &studio)?
        }
        _ => Vec::new(),
    };
    let asks_to_book = match &session {
        Some(session) => next_is_to_be_booked(db, session)?,
        None => false,
    };
    let visited = Visited {
        safety_news,
        asks_to_book,
        own_words: MailTemplate::in_use(db, studio_id)?,
        client,
        studio,
        session,
    };
    Ok(Some((visited, standing)))
}

fn next_is_to_be_booked(db: &mut Db, session: &Session) -> Result<bool> {
    let of_plan: Option<Vec<SessionState>> = match session.plan_id {
        Some(plan_id) if session.state.is_final() => {
            let of_plan = Session::of_plan(db, plan_id)?;
            Some(of_plan.iter().map(|other| other.state).collect())
        }
        _ => None,
    };
    Ok(asks_to_book(session.state, of_plan.as_deref()))
}

/// Free times, day by day.
#[derive(Clone, Debug, Default)]
pub struct FreeTimes {
    /// The times, by start and practitioner.
    pub slots: Vec<OfferedSlot>,
    /// The first day after those that were looked at, where there may be more.
    pub next_day: Option<NaiveDate>,
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

    /// Whether the session starts then, or was to.
    fn is_at(&self, starts_at: Instant) -> bool {
        let session = self.session.as_ref();
        session.and_then(|session| session.starts_at) == Some(starts_at)
    }

    /// Whether the session is still to take place.
    fn is_to_come(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| {
            matches!(
                session.state,
                SessionState::Booked | SessionState::Confirmed
            )
        })
    }

    /// The free times that the client may choose from, from an instant on, or from the first day that the plan allows.
    pub fn free_times(&self, db: &mut Db, now: Instant, from: Instant) -> Result<FreeTimes> {
        let (Some(session), Some(facts)) = (&self.session, self.facts()) else {
            return Ok(FreeTimes::default());
        };
        let earliest = facts.earliest_choice(now);
        let zone = self.studio.time_zone.0;
        let last_day = now.day_at(zone) + chrono::Days::new(FARTHEST_DAYS);
        let from_day = from.max(earliest).day_at(zone);
        if from_day > last_day {
            return Ok(FreeTimes::default());
        }
        let mut request = AvailabilityRequest {
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
        let mut free = free_slots(db, &Scope::all(), now, &request, &page)?;
        if let Some(first) = free.allowed_from.filter(|first| *first > from_day) {
            request.from_day = first;
            request.until_day = first + chrono::Days::new(DAYS_SHOWN - 1);
            free = free_slots(db, &Scope::all(), now, &request, &page)?;
        }
        free.slots.retain(|slot| {
            slot.starts_at >= earliest
                && slot.starts_at.day_at(zone) <= last_day
                && session.starts_at != Some(slot.starts_at)
        });
        let next_day = request.until_day + chrono::Days::new(1);
        let last_day = free
            .allowed_until
            .map_or(last_day, |last| last.min(last_day));
        Ok(FreeTimes {
            slots: free.slots,
            next_day: Some(next_day).filter(|day| *day <= last_day),
        })
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

    /// Opens a task about what the client did, of which staff hear soon.
    fn tell_staff(&self, tx: &mut Tx<'_>, task: NewTask, words: ClientWords) -> Result<()> {
        match Task::open_with(tx, task, words)? {
            Some(task) => digest::queue_answers(tx, &self.studio, task.id),
            None => Ok(()),
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
        match $crate::storage::client_page::admitted($tx, $link)? {
            Ok(visited) => visited,
            Err(did) => return Ok(did),
        }
    };
}

use admit;
