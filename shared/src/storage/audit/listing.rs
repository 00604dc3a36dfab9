//! The trail as those read it who may.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AuditEvent;
use super::verification::StoredDetail;
use crate::domain::text::Name;
use crate::domain::{ApiKeyId, Instant};
use crate::error::{Error, Result};
use crate::storage::dialect::Db;
use crate::storage::paging::{PageRequest, Position};
use crate::storage::schema::{audit_details, audit_events};

/// Which entries are asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Those about things of this kind.
    pub entity_kind: Option<Name>,
    /// Those about this thing.
    pub entity_id: Option<Uuid>,
    /// Those of this key.
    pub actor_id: Option<ApiKeyId>,
    /// Those that came about through this: `key`, `client_link`, `worker` or `command_line`.
    pub actor_kind: Option<Name>,
    /// Those in which this was done.
    pub action: Option<Name>,
    /// Those of this request.
    pub request_id: Option<Name>,
    /// Those from this instant on.
    pub from: Option<Instant>,
    /// Those before this instant.
    pub before: Option<Instant>,
}

/// An entry of the trail with its details.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its place: 1, 2, 3 and so on without a hole.
    pub sequence: i64,
    /// When.
    pub at: Instant,
    /// Through what it came about: `key`, `client_link`, `worker` or `command_line`.
    pub actor_kind: String,
    /// Which key, where it was one.
    pub actor_id: Option<String>,
    /// From where: a network address.
    pub source: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub entity_kind: String,
    /// To which thing.
    pub entity_id: Uuid,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// The thing before; null where it's new, or where the details were blanked.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The thing after; null where the details were blanked.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// What the chain says of this entry and all before it, in hexadecimal digits. With the place it's a head to be noted
    /// elsewhere.
    pub hash: String,
}

/// A page of the trail, oldest first, and where the next one begins.
pub fn list(
    db: &mut Db,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<(Vec<AuditEntry>, Option<Position>)> {
    let mut query = audit_events::table.into_boxed();
    if let Some(Position::Change(after)) = page.after {
        query = query.filter(audit_events::sequence.gt(after));
    }
    if let Some(kind) = &filter.entity_kind {
        query = query.filter(audit_events::entity_kind.eq(kind.as_str().to_owned()));
    }
    if let Some(id) = filter.entity_id {
        query = query.filter(audit_events::entity_id.eq(id.as_bytes().to_vec()));
    }
    if let Some(id) = filter.actor_id {
        query = query.filter(audit_events::actor_id.eq(id.to_string()));
    }
    if let Some(kind) = &filter.actor_kind {
        query = query.filter(audit_events::actor_kind.eq(kind.as_str().to_owned()));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit_events::action.eq(action.as_str().to_owned()));
    }
    if let Some(id) = &filter.request_id {
        query = query.filter(audit_events::request_id.eq(id.as_str().to_owned()));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_events::at.ge(from));
    }
    if let Some(before) = filter.before {
        query = query.filter(audit_events::at.lt(before));
    }
    let mut events: Vec<AuditEvent> = query
        .order(audit_events::sequence)
        .limit(page.rows())
        .select(AuditEvent::as_select())
        .load(db)?;
    let more = events.len() > page.limit;
    events.truncate(page.limit);
    let next = events
        .last()
        .filter(|_| more)
        .map(|event| Position::Change(event.sequence));
    let places: Vec<i64> = events.iter().map(|event| event.sequence).collect();
    let mut details: HashMap<i64, StoredDetail> = audit_details::table
        .filter(audit_details::sequence.eq_any(places))
        .load::<StoredDetail>(db)?
        .into_iter()
        .map(|detail| (detail.sequence, detail))
        .collect();
    let entries = events
        .into_iter()
        .map(|event| {
            let detail = details.remove(&event.sequence);
            entry(event, detail)
        })
        .collect::<Result<_>>()?;
    Ok((entries, next))
}

fn entry(event: AuditEvent, detail: Option<StoredDetail>) -> Result<AuditEntry> {
    let (before, after) = detail.map_or((None, None), |detail| {
        (detail.before_change, detail.after_change)
    });
    let raw = |text: Option<String>| -> Result<Option<Value>> {
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(Error::internal)
    };
    Ok(AuditEntry {
        sequence: event.sequence,
        at: event.at,
        actor_kind: event.actor_kind,
        actor_id: event.actor_id,
        source: event.source,
        request_id: event.request_id,
        action: event.action,
        entity_kind: event.entity_kind,
        entity_id: Uuid::from_slice(&event.entity_id).map_err(Error::internal)?,
        reason: event.reason,
        before: raw(before)?,
        after: raw(after)?,
        hash: hexadecimal(&event.hash),
    })
}

/// Bytes as people note them.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
