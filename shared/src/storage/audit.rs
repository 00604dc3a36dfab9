//! The audit trail: one entry for each change, in the change's own transaction, chained by keyed hashes.
//!
//! The chain covers a salted digest of the details, not the details: an erasure may blank those and the chain holds.

mod key_check;
mod listing;
mod verification;

pub use key_check::{KeyFit, key_fits};
pub use listing::{AuditEntry, AuditFilter, list};
pub use verification::{AuditHead, Fault, FaultKind, Verification, verify};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::dialect::Db;
use super::kept_text::Keep as _;
use super::schema::{audit_details, audit_events};
use super::transaction::WriteContext;
use crate::domain::Instant;
use crate::error::{Error, Result};

/// The secret under which the chain is made. It lives outside of the database, so that whoever can write there
/// can't make the chain anew.
#[derive(Clone)]
pub struct AuditKey(Vec<u8>);

impl AuditKey {
    /// A new random key.
    pub fn generate() -> Result<Self> {
        let mut bytes = vec![0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(bytes))
    }

    /// Reads the key as [`AuditKey::to_text`] wrote it.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD
            .decode(text.trim().trim_end_matches('='))
            .ok()?;
        (bytes.len() >= 32).then_some(Self(bytes))
    }

    /// The key as text, for the file that keeps it.
    pub fn to_text(&self) -> String {
        STANDARD_NO_PAD.encode(&self.0)
    }

    /// A key for another purpose, from which this one can't be told.
    pub fn derive(&self, purpose: &str) -> Result<Vec<u8>> {
        let mut mac = self.mac()?;
        mac.update(b"derived key: ");
        mac.update(purpose.as_bytes());
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn mac(&self) -> Result<Hmac<Sha256>> {
        Hmac::new_from_slice(&self.0).map_err(Error::internal)
    }
}

/// What was done, before the write door gives it its place in the chain.
#[derive(Clone, Debug)]
pub struct AuditDraft {
    action: &'static str,
    entity_kind: &'static str,
    entity_id: Uuid,
    reason: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl AuditDraft {
    /// Something was done to a thing.
    pub fn new(action: &'static str, entity_kind: &'static str, entity_id: Uuid) -> Self {
        Self {
            action,
            entity_kind,
            entity_id,
            reason: None,
            before: None,
            after: None,
        }
    }

    /// Why, in the actor's words.
    pub fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }

    /// The thing before.
    pub fn before(mut self, thing: &impl Serialize) -> Result<Self> {
        self.before = Some(serde_json::to_string(thing).map_err(Error::internal)?);
        Ok(self)
    }

    /// The thing after.
    pub fn after(mut self, thing: &impl Serialize) -> Result<Self> {
        self.after = Some(serde_json::to_string(thing).map_err(Error::internal)?);
        Ok(self)
    }
}

/// One entry of the trail.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub struct AuditEvent {
    /// Its place: 1, 2, 3 and so on without a hole.
    pub sequence: i64,
    /// When.
    pub at: Instant,
    /// What kind of actor.
    pub actor_kind: String,
    /// Which key, where it was one.
    pub actor_id: Option<String>,
    /// From where.
    pub source: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub entity_kind: String,
    /// To which thing.
    pub entity_id: Vec<u8>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// Random, so that a digest can't be guessed from likely details.
    pub salt: Vec<u8>,
    /// SHA-256 over the salt and the details.
    pub detail_digest: Vec<u8>,
    /// HMAC over the entry before and all the fields of this one.
    pub hash: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = audit_details, treat_none_as_default_value = false)]
struct AuditDetail<'a> {
    sequence: i64,
    before_change: Option<&'a str>,
    after_change: Option<&'a str>,
}

/// Appends the drafts of one write at the end of the chain.
pub(super) fn append(
    db: &mut Db,
    key: &AuditKey,
    context: &WriteContext,
    now: Instant,
    drafts: &[AuditDraft],
) -> Result<()> {
    if drafts.is_empty() {
        return Ok(());
    }
    // Not ORDER BY … LIMIT: a bound limit would keep the statement out of the cache.
    let newest = diesel::alias!(audit_events as newest);
    let last: Option<(i64, Vec<u8>)> = audit_events::table
        .filter(
            audit_events::sequence.nullable().eq(newest
                .select(diesel::dsl::max(newest.field(audit_events::sequence)))
                .single_value()),
        )
        .select((audit_events::sequence, audit_events::hash))
        .kept()
        .get_result(db)
        .optional()?;
    let (mut sequence, mut hash) = last.unwrap_or_default();
    // One call for all: asking the system costs more than what it answers.
    let mut salts = vec![[0; 16]; drafts.len()];
    getrandom::fill(salts.as_flattened_mut()).map_err(Error::internal)?;
    for (draft, salt) in drafts.iter().zip(salts) {
        sequence += 1;
        let mut event = AuditEvent {
            sequence,
            at: now,
            actor_kind: context.actor.kind().to_owned(),
            actor_id: context.actor.id(),
            source: context.source.clone(),
            request_id: context.request_id.clone(),
            action: draft.action.to_owned(),
            entity_kind: draft.entity_kind.to_owned(),
            entity_id: draft.entity_id.as_bytes().to_vec(),
            reason: draft.reason.clone(),
            detail_digest: digest(&salt, draft.before.as_deref(), draft.after.as_deref()),
            salt: salt.to_vec(),
            hash: Vec::new(),
        };
        event.hash = chain(key, &hash, &event)?;
        hash.clone_from(&event.hash);
        diesel::insert_into(audit_events::table)
            .values(&event)
            .kept()
            .execute(db)?;
        diesel::insert_into(audit_details::table)
            .values(&AuditDetail {
                sequence,
                before_change: draft.before.as_deref(),
                after_change: draft.after.as_deref(),
            })
            .kept()
            .execute(db)?;
    }
    Ok(())
}

/// So many things are named in one statement.
const THINGS_AT_ONCE: usize = 500;

/// Blanks the details of the entries about these things. The entries stay, and the chain holds: it's over the digests.
///
/// Those of one action stay, which tells nothing of anybody. Answers how many weren't blank before.
pub(super) fn blank_details(db: &mut Db, things: &[Uuid], but: &str) -> Result<usize> {
    let mut blanked = 0;
    for some in things.chunks(THINGS_AT_ONCE) {
        let ids: Vec<Vec<u8>> = some.iter().map(|id| id.as_bytes().to_vec()).collect();
        let about = audit_events::table
            .filter(audit_events::entity_id.eq_any(ids))
            .filter(audit_events::action.ne(but))
            .select(audit_events::sequence);
        let holds_something = audit_details::before_change
            .is_not_null()
            .or(audit_details::after_change.is_not_null());
        blanked += diesel::update(audit_details::table)
            .filter(audit_details::sequence.eq_any(about))
            .filter(holds_something)
            .set((
                audit_details::before_change.eq(None::<String>),
                audit_details::after_change.eq(None::<String>),
            ))
            .execute(db)?;
    }
    Ok(blanked)
}

fn digest(salt: &[u8], before: Option<&str>, after: Option<&str>) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    for part in [before, after] {
        hasher.update([u8::from(part.is_some())]);
        let text = part.unwrap_or_default();
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().to_vec()
}

/// Each field goes in with its length, so that no two entries can read the same.
fn chain(key: &AuditKey, previous: &[u8], event: &AuditEvent) -> Result<Vec<u8>> {
    let mut mac = key.mac()?;
    let mut field = |bytes: Option<&[u8]>| {
        mac.update(&[u8::from(bytes.is_some())]);
        let bytes = bytes.unwrap_or_default();
        mac.update(&(bytes.len() as u64).to_be_bytes());
        mac.update(bytes);
    };
    field(Some(previous));
    field(Some(&event.sequence.to_be_bytes()));
    field(Some(&event.at.millis().to_be_bytes()));
    field(Some(event.actor_kind.as_bytes()));
    field(event.actor_id.as_deref().map(str::as_bytes));
    field(event.source.as_deref().map(str::as_bytes));
    field(event.request_id.as_deref().map(str::as_bytes));
    field(Some(event.action.as_bytes()));
    field(Some(event.entity_kind.as_bytes()));
    field(Some(&event.entity_id));
    field(event.reason.as_deref().map(str::as_bytes));
    field(Some(&event.salt));
    field(Some(&event.detail_digest));
    Ok(mac.finalize().into_bytes().to_vec())
}
