//! API keys: shown once when they are made, kept only as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use diesel::dsl::exists;
use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::columns::Json;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, load_page, resource};
use super::practitioners::Practitioner;
use super::references::named;
use super::schema::{api_key_studios, api_keys};
use super::scope::Seen;
use super::studios::Studio;
use super::{Actor, Db, Scope, Tx};
use crate::domain::api_key::{NewApiKey, OwnerReach, RotateApiKey, check_owner_stays};
use crate::domain::text::Name;
use crate::domain::{ApiKeyId, Instant, PractitionerId, Role, StudioId};
use crate::error::{Error, Result};

/// What a key begins with, so that a person or a scanner knows one when it lies where it shouldn't.
pub const PREFIX: &str = "stipple_";

/// The secret itself: 256 random bits. It has no Debug; it's shown once and never stored.
#[derive(Clone)]
pub struct KeySecret(String);

impl KeySecret {
    fn generate() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The text to hand to whoever asked for the key.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a presented secret: with 256 random bits behind it, nothing slower is needed.
pub fn hash_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// A key, without its secret.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = api_keys, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it's for, in its maker's words.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    #[serde(skip)]
    #[schema(ignore)]
    secret_hash: Vec<u8>,
    /// Whose it is, where it belongs to a practitioner.
    pub practitioner_id: Option<PractitionerId>,
    /// Which studios it sees; all of them where this is null.
    #[schema(value_type = Option<Vec<StudioId>>)]
    pub studio_ids: Option<Json<Vec<StudioId>>>,
    /// When it ends by itself.
    pub expires_at: Option<Instant>,
    /// When it was ended.
    pub revoked_at: Option<Instant>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<Instant>,
    /// Whether it sees only the clients who have a session or a plan with its practitioner.
    pub own_clients_only: bool,
    #[serde(skip)]
    #[schema(ignore)]
    previous_secret_hash: Option<Vec<u8>>,
    /// Until when the secret before the last rotation still works.
    pub previous_ends_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiKey({})", self.id)
    }
}

resource!(api_keys, ApiKey, ApiKeyId, "api_key", seen: keys_seen);

/// Who is limited to studios sees the keys that see no more than that.
fn keys_seen(scope: &Scope) -> Option<Seen<api_keys::table>> {
    let ids = scope.studio_ids()?;
    let sees_more = exists(
        api_key_studios::table
            .filter(api_key_studios::key_id.eq(api_keys::id))
            .filter(api_key_studios::studio_id.ne_all(ids.to_vec())),
    );
    Some(Box::new(
        exists(api_key_studios::table.filter(api_key_studios::key_id.eq(api_keys::id)))
            .and(diesel::dsl::not(sees_more)),
    ))
}

/// A key's use is noted at most this often.
pub const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

impl ApiKey {
    /// Makes a key; the secret is in the answer and nowhere else.
    pub fn make(tx: &mut Tx<'_>, new: &NewApiKey) -> Result<(Self, KeySecret)> {
        let now = tx.now();
        new.check(now)?;
        if let Some(practitioner_id) = new.practitioner_id {
            let practitioner = named(
                Practitioner::find_seen(tx, practitioner_id),
                "/practitioner_id",
            )?;
            if !practitioner.active {
                return Err(Error::refused(
                    "practitioner_inactive",
                    "this practitioner has left: make them active first, or make a key without practitioner_id",
                ));
            }
        }
        if tx.scope().studio_ids().is_some() && new.studio_ids.is_none() {
            return Err(Error::invalid(
                "/studio_ids",
                "required",
                "name studios that your own key sees: a new key can't see more",
            ));
        }
        for (place, studio_id) in new.studio_ids.iter().flatten().enumerate() {
            named(
                Studio::find_seen(tx, *studio_id),
                &format!("/studio_ids/{place}"),
            )?;
        }
        let secret = KeySecret::generate()?;
        let key = Self {
            id: ApiKeyId::new(),
            name: new.name.clone(),
            role: new.role,
            secret_hash: hash_of(secret.reveal()),
            practitioner_id: new.practitioner_id,
            studio_ids: new.studio_ids.clone().map(Json),
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
            own_clients_only: new.own_clients_only,
            previous_secret_hash: None,
            previous_ends_at: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        let key = key.create(tx, "api_key.made")?;
        for studio_id in new.studio_ids.iter().flatten() {
            diesel::insert_into(api_key_studios::table)
                .values((
                    api_key_studios::key_id.eq(key.id),
                    api_key_studios::studio_id.eq(*studio_id),
                ))
                .execute(tx.db)?;
        }
        Ok((key, secret))
    }

    /// Gives a key a new secret. The old one works a while longer; one from before that ends now.
    pub fn rotate(
        tx: &mut Tx<'_>,
        id: ApiKeyId,
        expected: Option<i64>,
        rotate: &RotateApiKey,
    ) -> Result<(Self, KeySecret)> {
        let mut key = Self::find_seen_for_change(tx, id, expected)?;
        rotate.check()?;
        if !key.is_good_at(tx.now()) {
            return Err(Error::refused(
                "key_ended",
                "this key has ended or was revoked; make a new one",
            ));
        }
        let secret = KeySecret::generate()?;
        let old = std::mem::replace(&mut key.secret_hash, hash_of(secret.reveal()));
        let overlap = TimeDelta::minutes(rotate.overlap_minutes.into());
        key.previous_secret_hash = (rotate.overlap_minutes > 0).then_some(old);
        key.previous_ends_at = key
            .previous_secret_hash
            .is_some()
            .then(|| tx.now() + overlap);
        Ok((key.save(tx, "api_key.rotated", None)?, secret))
    }

    /// A page of keys, ended ones too.
    pub fn list(db: &mut Db, scope: &Scope, page: &PageRequest) -> Result<Page<Self>> {
        let mut query = api_keys::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        load_page!(db, api_keys, ApiKey, query, page)
    }

    /// The key with this secret, if it's neither ended nor expired. One with an old secret ends when that does.
    pub fn recognise(db: &mut Db, secret_hash: &[u8], now: Instant) -> Result<Option<Self>> {
        let found: Option<Self> = api_keys::table
            .filter(api_keys::secret_hash.eq(secret_hash))
            .select(Self::as_select())
            .kept()
            .get_result(db)
            .optional()?;
        let found = match found {
            Some(key) => Some(key),
            None => Self::with_old_secret(db, secret_hash)?,
        };
        Ok(found.filter(|key| key.is_good_at(now)))
    }

    fn with_old_secret(db: &mut Db, secret_hash: &[u8]) -> Result<Option<Self>> {
        let found: Option<Self> = api_keys::table
            .filter(api_keys::previous_secret_hash.eq(secret_hash))
            .select(Self::as_select())
            .get_result(db)
            .optional()?;
        Ok(found.and_then(|mut key| {
            let secret_ends_at = key.previous_ends_at?;
            let ends_at = key
                .expires_at
                .map_or(secret_ends_at, |at| at.min(secret_ends_at));
            key.expires_at = Some(ends_at);
            Some(key)
        }))
    }

    fn is_good_at(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Refuses to go on for a key that has ended since it was recognised: a body may take its time to arrive.
    pub(super) fn refuse_ended(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<()> {
        if Self::find(tx.db, id)?.is_good_at(tx.now()) {
            Ok(())
        } else {
            Err(Error::KeyEnded)
        }
    }

    /// Whether its use is to be noted again.
    pub fn use_is_news(&self, now: Instant) -> bool {
        self.last_used_at
            .is_none_or(|noted| noted + USE_NOTED_EVERY <= now)
    }

    /// Notes that a key was used. No audit entry: whatever was done with it has its own.
    pub fn note_use(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<()> {
        let now = tx.now();
        let change = tx.next_change()?;
        diesel::update(api_keys::table.find(id))
            .set((
                api_keys::last_used_at.eq(now),
                api_keys::version.eq(api_keys::version + 1),
                api_keys::change.eq(change),
                api_keys::updated_at.eq(now),
            ))
            .execute(tx.db)?;
        Ok(())
    }

    /// Ends a key; doing so twice is as doing it once.
    pub fn revoke(tx: &mut Tx<'_>, id: ApiKeyId, expected: Option<i64>) -> Result<Self> {
        let key = Self::find_seen(tx, id)?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        let mut key = key.unless_stale(expected)?;
        Self::refuse_last_owner(tx, std::slice::from_ref(&key))?;
        key.revoked_at = Some(tx.now());
        key.save(tx, "api_key.revoked", None)
    }

    /// Ends all keys of a practitioner.
    pub(super) fn revoke_all_of(tx: &mut Tx<'_>, practitioner_id: PractitionerId) -> Result<()> {
        let keys: Vec<Self> = api_keys::table
            .filter(api_keys::practitioner_id.eq(practitioner_id))
            .filter(api_keys::revoked_at.is_null())
            .select(Self::as_select())
            .load(tx.db)?;
        Self::refuse_last_owner(tx, &keys)?;
        for mut key in keys {
            key.revoked_at = Some(tx.now());
            key.save(tx, "api_key.revoked", Some("the practitioner has left"))?;
        }
        Ok(())
    }

    /// Refuses to end the keys without which nobody would be left to make others. The command line may: it makes others.
    fn refuse_last_owner(tx: &mut Tx<'_>, ending: &[Self]) -> Result<()> {
        if *tx.actor() == Actor::CommandLine {
            return Ok(());
        }
        let owners: Vec<Self> = api_keys::table
            .filter(api_keys::role.eq(Role::Owner))
            .filter(api_keys::revoked_at.is_null())
            .select(Self::as_select())
            .load(tx.db)?;
        let now = tx.now();
        let (ending, staying): (Vec<&Self>, Vec<&Self>) = owners
            .iter()
            .filter(|key| key.is_good_at(now))
            .partition(|key| ending.iter().any(|one| one.id == key.id));
        let ending: Vec<_> = ending.into_iter().map(Self::owner_reach).collect();
        let staying: Vec<_> = staying.into_iter().map(Self::owner_reach).collect();
        check_owner_stays(&ending, &staying)
    }

    fn owner_reach(&self) -> OwnerReach<'_> {
        OwnerReach {
            studio_ids: self.studio_ids.as_ref().map(|ids| ids.0.as_slice()),
            expires_at: self.expires_at,
        }
    }

    /// Whether any key exists.
    pub fn any(db: &mut Db) -> Result<bool> {
        let count: i64 = api_keys::table.count().get_result(db)?;
        Ok(count > 0)
    }
}
