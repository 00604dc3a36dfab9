//! Calendar feeds: the secret in their address is shown once and kept as a hash, like a key's.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::api_keys::hash_of;
use super::mail_templates::MailTemplate;
use super::paging::{Page, PageRequest, load_page, resource};
use super::practitioners::Practitioner;
use super::references::named;
use super::schema::{calendar_feeds, practitioners, rooms, sessions};
use super::sessions::Session;
use super::studios::Studio;
use super::{Db, Scope, Tx};
use crate::domain::calendar_feed::NewCalendarFeed;
use crate::domain::mail_template::OwnWords;
use crate::domain::text::Name;
use crate::domain::{CalendarFeedId, Instant, PractitionerId, RoomId, SessionState, StudioId};
use crate::error::{Error, Result};

/// A calendar feed, without its secret.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = calendar_feeds, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct CalendarFeed {
    /// Its id.
    pub id: CalendarFeedId,
    /// What it's for, in its maker's words.
    pub name: Name,
    /// The studio whose sessions it shows.
    pub studio_id: Option<StudioId>,
    /// The practitioner whose sessions it shows.
    pub practitioner_id: Option<PractitionerId>,
    #[serde(skip)]
    #[schema(ignore)]
    secret_hash: Vec<u8>,
    /// When it was ended.
    pub revoked_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

impl fmt::Debug for CalendarFeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CalendarFeed({})", self.id)
    }
}

resource!(
    calendar_feeds,
    CalendarFeed,
    CalendarFeedId,
    "calendar_feed",
    // A practitioner's feed shows every studio, so whoever is limited to some sees only the studios' own.
    seen: |scope| {
        let ids = scope.studio_ids()?;
        Some(Box::new(
            calendar_feeds::studio_id
                .is_not_null()
                .and(calendar_feeds::studio_id.assume_not_null().eq_any(ids.to_vec())),
        ))
    }
);

/// The secret in a feed's address: 256 random bits. It has no Debug.
#[derive(Clone)]
pub struct FeedSecret(String);

impl FeedSecret {
    /// The text to hand to whoever asked for the feed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A session as a feed shows it: no client, no kind.
#[derive(Clone, Debug)]
pub struct FeedSession {
    /// The session.
    pub session: Session,
    /// Where it takes place.
    pub place: Arc<FeedPlace>,
    /// Who treats, where a studio's feed shows the sessions of several.
    pub practitioner: Option<Name>,
    /// In which room, where one is booked.
    pub room: Option<Name>,
}

/// A studio as a feed names it.
#[derive(Debug)]
pub struct FeedPlace {
    /// The studio.
    pub studio: Studio,
    /// Its own words.
    pub own_words: Vec<OwnWords>,
}

impl CalendarFeed {
    /// Makes a feed; the secret is in the answer and nowhere else.
    pub fn make(tx: &mut Tx<'_>, new: &NewCalendarFeed) -> Result<(Self, FeedSecret)> {
        new.check()?;
        if let Some(id) = new.studio_id {
            named(Studio::find_seen(tx, id), "/studio_id")?;
        }
        if let Some(id) = new.practitioner_id {
            if tx.scope().studio_ids().is_some() {
                return Err(Error::invalid(
                    "/practitioner_id",
                    "unseen",
                    "name a studio_id: a practitioner's feed shows every studio, and your key doesn't",
                ));
            }
            let practitioner = named(Practitioner::find_seen(tx, id), "/practitioner_id")?;
            if !practitioner.active {
                return Err(Error::refused(
                    "practitioner_inactive",
                    "this practitioner has left; their feeds have ended",
                ));
            }
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        let secret = FeedSecret(URL_SAFE_NO_PAD.encode(bytes));
        let now = tx.now();
        let feed = Self {
            id: CalendarFeedId::new(),
            name: new.name.clone(),
            studio_id: new.studio_id,
            practitioner_id: new.practitioner_id,
            secret_hash: hash_of(secret.reveal()),
            revoked_at: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        Ok((feed.create(tx, "calendar_feed.made")?, secret))
    }

    /// A page of feeds, ended ones too.
    pub fn list(db: &mut Db, scope: &Scope, page: &PageRequest) -> Result<Page<Self>> {
        let mut query = calendar_feeds::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        load_page!(db, calendar_feeds, CalendarFeed, query, page)
    }

    /// Ends a feed; doing so twice is as doing it once.
    pub fn revoke(tx: &mut Tx<'_>, id: CalendarFeedId, expected: Option<i64>) -> Result<Self> {
        let feed = Self::find_seen(tx, id)?;
        if feed.revoked_at.is_some() {
            return Ok(feed);
        }
        let mut feed = feed.unless_stale(expected)?;
        feed.revoked_at = Some(tx.now());
        feed.save(tx, "calendar_feed.revoked", None)
    }

    /// Ends all feeds of a practitioner.
    pub(super) fn revoke_all_of(tx: &mut Tx<'_>, id: PractitionerId) -> Result<()> {
        let standing: Vec<Self> = calendar_feeds::table
            .filter(calendar_feeds::practitioner_id.eq(id))
            .filter(calendar_feeds::revoked_at.is_null())
            .select(Self::as_select())
            .load(tx.db)?;
        for mut feed in standing {
            feed.revoked_at = Some(tx.now());
            feed.save(tx, "calendar_feed.revoked", None)?;
        }
        Ok(())
    }

    /// The feed with this secret, unless it has ended.
    pub fn recognise(db: &mut Db, secret: &str) -> Result<Option<Self>> {
        Ok(calendar_feeds::table
            .filter(calendar_feeds::secret_hash.eq(hash_of(secret)))
            .filter(calendar_feeds::revoked_at.is_null())
            .select(Self::as_select())
            .get_result(db)
            .optional()?)
    }

    /// What the feed shows: a month back and a year ahead.
    pub fn sessions(&self, db: &mut Db, now: Instant) -> Result<Vec<FeedSession>> {
        let mut query = sessions::table
            .filter(sessions::starts_at.gt(now - TimeDelta::days(30)))
            .filter(sessions::starts_at.lt(now + TimeDelta::days(365)))
            .filter(sessions::state.ne(SessionState::Planned))
            .order((sessions::starts_at, sessions::id))
            .into_boxed();
        if let Some(id) = self.studio_id {
            query = query.filter(sessions::studio_id.eq(id));
        }
        if let Some(id) = self.practitioner_id {
            query = query.filter(sessions::practitioner_id.eq(id));
        }
        let found: Vec<Session> = query.select(Session::as_select()).load(db)?;
        let names = self.names(db, &found)?;
        let rooms = rooms_of(db, &found)?;
        let mut places: Vec<Arc<FeedPlace>> = Vec::new();
        let mut shown = Vec::new();
        for session in found {
            let id = session.studio_id;
            let known = places.iter().find(|place| place.studio.id == id);
            let place = match known {
                Some(place) => place.clone(),
                None => {
                    let place = Arc::new(FeedPlace {
                        studio: Studio::find(db, id)?,
                        own_words: MailTemplate::in_use(db, id)?,
                    });
                    places.push(place.clone());
                    place
                }
            };
            let practitioner = session
                .practitioner_id
                .and_then(|id| names.get(&id).cloned());
            let room = session.room_id.and_then(|id| rooms.get(&id).cloned());
            shown.push(FeedSession {
                session,
                place,
                practitioner,
                room,
            });
        }
        Ok(shown)
    }

    /// The names by which a studio's staff tell their sessions apart; none where all are one practitioner's.
    fn names(&self, db: &mut Db, found: &[Session]) -> Result<HashMap<PractitionerId, Name>> {
        let treating: BTreeSet<PractitionerId> = found
            .iter()
            .filter_map(|session| session.practitioner_id)
            .collect();
        if self.practitioner_id.is_some() || treating.len() < 2 {
            return Ok(HashMap::new());
        }
        let names: Vec<(PractitionerId, Name)> = practitioners::table
            .filter(practitioners::id.eq_any(treating))
            .select((practitioners::id, practitioners::name))
            .load(db)?;
        Ok(names.into_iter().collect())
    }
}

/// The names of the rooms that these sessions are in.
fn rooms_of(db: &mut Db, found: &[Session]) -> Result<HashMap<RoomId, Name>> {
    let booked: BTreeSet<RoomId> = found.iter().filter_map(|session| session.room_id).collect();
    let names: Vec<(RoomId, Name)> = rooms::table
        .filter(rooms::id.eq_any(booked))
        .select((rooms::id, rooms::name))
        .load(db)?;
    Ok(names.into_iter().collect())
}
