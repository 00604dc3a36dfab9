//! API keys: shown once when they are made, kept only as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, resource};
use super::practitioners::Practitioner;
use super::references::named;
use super::schema::api_keys;
use super::studios::Studio;
use super::{Db, Tx};
use crate::domain::api_key::NewApiKey;
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

resource!(api_keys, ApiKey, ApiKeyId, "api_key");

impl ApiKey {
    /// Makes a key; the secret is in the answer and nowhere else.
    pub fn make(tx: &mut Tx<'_>, new: &NewApiKey) -> Result<(Self, KeySecret)> {
        let now = tx.now();
        new.check(now)?;
        if let Some(practitioner_id) = new.practitioner_id {
            named(
                Practitioner::find(tx.db, practitioner_id),
                "/practitioner_id",
            )?;
        }
        for (place, studio_id) in new.studio_ids.iter().flatten().enumerate() {
            named(
                Studio::find(tx.db, *studio_id),
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
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        Ok((key.create(tx, "api_key.made")?, secret))
    }

    /// A page of keys, ended ones too.
    pub fn list(db: &mut Db, page: &PageRequest) -> Result<Page<Self>> {
        let query = api_keys::table.into_boxed();
        load_page!(db, api_keys, ApiKey, query, page)
    }

    /// The key with this secret, if it's neither ended nor expired.
    pub fn recognise(db: &mut Db, secret_hash: &[u8], now: Instant) -> Result<Option<Self>> {
        let found: Option<Self> = api_keys::table
            .filter(api_keys::secret_hash.eq(secret_hash))
            .select(Self::as_select())
            .get_result(db)
            .optional()?;
        Ok(found.filter(|key| {
            key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| now < expires_at)
        }))
    }

    /// Ends a key; doing so twice is as doing it once.
    pub fn revoke(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<Self> {
        let mut key = Self::find(tx.db, id)?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        key.revoked_at = Some(tx.now());
        key.save(tx, "api_key.revoked", None)
    }

    /// Whether any key exists.
    pub fn any(db: &mut Db) -> Result<bool> {
        let count: i64 = api_keys::table.count().get_result(db)?;
        Ok(count > 0)
    }
}
