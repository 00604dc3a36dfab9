//! `/v1/audit-events` and `/v1/access-events`: who changed what, and who looked at what.

use actix_web::get;
use serde::{Deserialize, Serialize};
use stipple_shared::domain::given;
use stipple_shared::domain::text::Name;
use stipple_shared::domain::{AccessKind, ApiKeyId, ClientId, Instant};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::access_events::{AccessEvent, AccessFilter};
use stipple_shared::storage::audit::{self, AuditEntry, AuditFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Answered;
use crate::access::{Caller, SeeAudit};
use crate::request::Reading;

/// Which entries of the trail.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// Those about things of this kind, such as `client`.
    #[param(value_type = Option<Name>)]
    entity_kind: Option<Name>,
    /// Those about this thing.
    entity_id: Option<Uuid>,
    /// Those of this key.
    actor_id: Option<ApiKeyId>,
    /// Those that came about through this: `key`, `client_link`, `worker` or `command_line`.
    #[param(value_type = Option<Name>)]
    actor_kind: Option<Name>,
    /// Those in which this was done, such as `client.changed`.
    #[param(value_type = Option<Name>)]
    action: Option<Name>,
    /// Those of this request.
    #[param(value_type = Option<Name>)]
    request_id: Option<Name>,
    /// Those from this instant on.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    from: Option<Instant>,
    /// Those before this instant.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    before: Option<Instant>,
}

impl AuditQuery {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            entity_kind: self.entity_kind.clone(),
            entity_id: self.entity_id,
            actor_id: self.actor_id,
            actor_kind: self.actor_kind.clone(),
            action: self.action.clone(),
            request_id: self.request_id.clone(),
            from: self.from,
            before: self.before,
        }
    }
}

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The entries, oldest first.
    data: Vec<AuditEntry>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// The trail is one, and its entries don't say which studio they're about.
fn refuse_limited(caller: &Caller) -> Result<()> {
    if caller.scope.is_limited() {
        return Err(Error::Forbidden {
            detail: "the audit trail is the whole organisation's: ask with a key that isn't limited to studios".into(),
        });
    }
    Ok(())
}

/// Lists the audit trail: who changed what, and when.
///
/// Only a key that isn't limited to studios sees it. What was erased has null in place of `before` and `after`.
#[utoipa::path(
    tag = "audit",
    operation_id = "list_audit_events",
    security(("key" = ["see_audit"])),
    params(
        ("cursor" = Option<String>, Query, description = "Where to go on: the `next_cursor` of the page before, with the same parameters.", max_length = 1000),
        ("limit" = Option<u16>, Query, description = "So many entries at most: 50 unless said otherwise, at most 200.", minimum = 1, maximum = 200),
        AuditQuery
    ),
    responses((status = 200, description = "A page of the trail.", body = AuditPage, headers(("Link" = String))))
)]
#[get("/v1/audit-events")]
pub(crate) async fn list_audit_events(reading: Reading<SeeAudit, AuditQuery>) -> Answered {
    reading
        .computed_page(
            |db, caller, query, page| {
                refuse_limited(caller)?;
                audit::list(db, &query.filter(), page)
            },
            |data, next_cursor| AuditPage { data, next_cursor },
        )
        .await
}

/// Exports the audit trail: each line is one entry as JSON, oldest first.
///
/// The answer is sent while it's read, so that it may be of any length. Where it breaks off without an end, ask again.
#[utoipa::path(
    tag = "audit",
    operation_id = "export_audit_events",
    security(("key" = ["see_audit"])),
    params(AuditQuery),
    responses((status = 200, description = "The entries, one on each line.", body = String, content_type = "application/x-ndjson"))
)]
#[get("/v1/audit-events/export")]
pub(crate) async fn export_audit_events(reading: Reading<SeeAudit, AuditQuery>) -> Answered {
    reading
        .lines(|db, caller, query, page| {
            refuse_limited(caller)?;
            audit::list(db, &query.filter(), page)
        })
        .await
}

/// Which looks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessQuery {
    /// Those at this client's record.
    client_id: Option<ClientId>,
    /// Those with this key.
    key_id: Option<ApiKeyId>,
    /// Those at this.
    kind: Option<AccessKind>,
    /// Those from this instant on.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    from: Option<Instant>,
    /// Those before this instant.
    #[param(value_type = Option<Instant>)]
    #[serde(default, deserialize_with = "given::maybe")]
    before: Option<Instant>,
}

/// A page of the access log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessPage {
    /// The looks, oldest first.
    data: Vec<AccessEvent>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Lists who looked at which client's clinical record, and when.
///
/// A look is noted after its answer, within a second: a page that was asked for just now may lack the newest.
#[utoipa::path(
    tag = "audit",
    operation_id = "list_access_events",
    security(("key" = ["see_audit"])),
    params(
        ("cursor" = Option<String>, Query, description = "Where to go on: the `next_cursor` of the page before, with the same parameters.", max_length = 1000),
        ("limit" = Option<u16>, Query, description = "So many looks at most: 50 unless said otherwise, at most 200.", minimum = 1, maximum = 200),
        AccessQuery
    ),
    responses((status = 200, description = "A page of looks.", body = AccessPage, headers(("Link" = String))))
)]
#[get("/v1/access-events")]
pub(crate) async fn list_access_events(reading: Reading<SeeAudit, AccessQuery>) -> Answered {
    reading
        .computed_page(
            |db, caller, query, page| {
                let filter = AccessFilter {
                    client_id: query.client_id,
                    key_id: query.key_id,
                    kind: query.kind,
                    from: query.from,
                    before: query.before,
                };
                AccessEvent::list(db, &caller.scope, &filter, page)
            },
            |data, next_cursor| AccessPage { data, next_cursor },
        )
        .await
}
