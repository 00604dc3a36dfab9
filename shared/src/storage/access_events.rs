//! Who looked at whose clinical record. Not part of the audit chain, so that a look costs no place in it.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::kept_text::Keep as _;
use super::paging::{PageRequest, Position};
use super::schema::access_events;
use super::scope::{Seen, client_is_seen};
use super::{Db, Scope, Tx};
use crate::domain::{AccessEventId, AccessKind, ApiKeyId, ClientId, Instant};
use crate::error::Result;

/// One look at a client's clinical record.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = access_events, treat_none_as_default_value = false)]
pub struct AccessEvent {
    /// Its id.
    pub id: AccessEventId,
    /// When.
    pub at: Instant,
    /// With which key.
    pub key_id: ApiKeyId,
    /// At whose record.
    pub client_id: ClientId,
    /// At what of it.
    pub kind: AccessKind,
    /// From where: a network address.
    pub source: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

/// Which looks are asked for.
#[derive(Clone, Debug, Default)]
pub struct AccessFilter {
    /// Those at this client's record.
    pub client_id: Option<ClientId>,
    /// Those with this key.
    pub key_id: Option<ApiKeyId>,
    /// Those at this.
    pub kind: Option<AccessKind>,
    /// Those from this instant on.
    pub from: Option<Instant>,
    /// Those before this instant.
    pub before: Option<Instant>,
}

fn seen(scope: &Scope) -> Option<Seen<access_events::table>> {
    client_is_seen!(scope, access_events::client_id)
}

impl AccessEvent {
    /// Keeps looks that took place.
    pub fn keep_all(tx: &mut Tx<'_>, looks: &[Self]) -> Result<()> {
        for look in looks {
            diesel::insert_into(access_events::table)
                .values(look)
                .kept()
                .execute(tx.db)?;
        }
        Ok(())
    }

    /// A page of looks, oldest first, and where the next one begins.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &AccessFilter,
        page: &PageRequest,
    ) -> Result<(Vec<Self>, Option<Position>)> {
        let mut query = access_events::table.into_boxed();
        if let Some(seen) = seen(scope) {
            query = query.filter(seen);
        }
        if let Some(id) = filter.client_id {
            query = query.filter(access_events::client_id.eq(id));
        }
        if let Some(id) = filter.key_id {
            query = query.filter(access_events::key_id.eq(id));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(access_events::kind.eq(kind));
        }
        if let Some(from) = filter.from {
            query = query.filter(access_events::at.ge(from));
        }
        if let Some(before) = filter.before {
            query = query.filter(access_events::at.lt(before));
        }
        if let Some(id) = page.after_id() {
            query = query.filter(access_events::id.gt(id.as_bytes().to_vec()));
        }
        let mut looks: Vec<Self> = query
            .order(access_events::id)
            .limit(page.rows())
            .select(Self::as_select())
            .load(db)?;
        let more = looks.len() > page.limit;
        looks.truncate(page.limit);
        let next = looks
            .last()
            .filter(|_| more)
            .map(|look| Position::Id(look.id.0));
        Ok((looks, next))
    }
}
