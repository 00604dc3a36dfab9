//! What of the data a caller sees, and how each query is narrowed to it.
//!
//! Clients belong to the organisation: a caller who is limited to studios sees those who are registered with one of them
//! or have a session in one, with their whole file. Sessions, rooms and rules belong to their studio. What isn't seen is
//! left out by the query itself, so that no handler can forget it. A caller without limits adds nothing to any query.

use diesel::define_sql_function;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};

use super::dialect::MultiBackend;
use super::schema::{clients, plans, practitioners, sessions};
use crate::domain::{PractitionerId, StudioId};

/// What of the data somebody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    studio_ids: Option<Vec<StudioId>>,
    own_clients_of: Option<PractitionerId>,
    sees_clinical: bool,
}

impl Scope {
    /// All of it.
    pub const fn all() -> Self {
        Self {
            studio_ids: None,
            own_clients_of: None,
            sees_clinical: true,
        }
    }

    /// What belongs to these studios; to all where there is no list.
    #[must_use]
    pub fn in_studios(mut self, studio_ids: Option<Vec<StudioId>>) -> Self {
        self.studio_ids = studio_ids;
        self
    }

    /// Of the clients only those who have a session or a plan with this practitioner, where there is one.
    #[must_use]
    pub const fn with_clients_of(mut self, practitioner_id: Option<PractitionerId>) -> Self {
        self.own_clients_of = practitioner_id;
        self
    }

    /// Without what is clinical, where this says so.
    #[must_use]
    pub const fn with_clinical(mut self, sees_clinical: bool) -> Self {
        self.sees_clinical = sees_clinical;
        self
    }

    /// The studios that are seen; all where there is no list.
    pub fn studio_ids(&self) -> Option<&[StudioId]> {
        self.studio_ids.as_deref()
    }

    /// The practitioner whose clients alone are seen.
    pub const fn own_clients_of(&self) -> Option<PractitionerId> {
        self.own_clients_of
    }

    /// Whether clinical detail is seen.
    pub const fn sees_clinical(&self) -> bool {
        self.sees_clinical
    }

    /// Whether the studios or the clients are limited.
    pub const fn is_limited(&self) -> bool {
        self.studio_ids.is_some() || self.own_clients_of.is_some()
    }

    /// Whether this studio is seen.
    pub fn sees_studio(&self, id: StudioId) -> bool {
        self.studio_ids().is_none_or(|ids| ids.contains(&id))
    }
}

/// The rows of a table that are seen.
pub(super) type Seen<T> = Box<dyn BoxableExpression<T, MultiBackend, SqlType = Bool>>;

// The tables that say whether a client is seen, under names that no outer query has.
diesel::alias! {
    pub(super) const SEEN_CLIENT: Alias<SeenClient> = clients as seen_client;
    pub(super) const SEEN_SESSION: Alias<SeenSession> = sessions as seen_session;
    pub(super) const SEEN_PLAN: Alias<SeenPlan> = plans as seen_plan;
}

define_sql_function! {
    #[sql_name = "coalesce"]
    fn either(one: Binary, other: Binary) -> Binary;
}

/// A column by which rows are judged and never found.
///
/// A client has few sessions and a studio has many, but without statistics SQLite takes the one index for as good as the
/// other, and may go through all sessions of the studio for each client. It uses no index for what a function gives.
pub(super) fn looked_at<C>(column: C) -> either<C, C>
where
    C: Expression<SqlType = Binary> + Clone,
{
    either(column.clone(), column)
}

/// The rows whose client is seen; nothing where all are. The column names the client.
macro_rules! client_is_seen {
    ($scope:expr, $column:expr) => {{
        use diesel::dsl::exists;
        use $crate::storage::schema::{clients, plans, sessions};
        use $crate::storage::scope::{
            SEEN_CLIENT, SEEN_PLAN, SEEN_SESSION, Scope, Seen, both, looked_at,
        };

        let scope: &Scope = $scope;
        let at_studio = scope.studio_ids().map(|ids| -> Seen<_> {
            let registered = exists(
                SEEN_CLIENT
                    .filter(SEEN_CLIENT.field(clients::id).eq($column))
                    .filter(SEEN_CLIENT.field(clients::studio_id).eq_any(ids.to_vec())),
            );
            let has_session = exists(
                SEEN_SESSION
                    .filter(SEEN_SESSION.field(sessions::client_id).eq($column))
                    .filter(
                        looked_at(SEEN_SESSION.field(sessions::studio_id)).eq_any(ids.to_vec()),
                    ),
            );
            Box::new(registered.or(has_session))
        });
        let own = scope.own_clients_of().map(|id| -> Seen<_> {
            let treated = exists(
                SEEN_SESSION
                    .filter(SEEN_SESSION.field(sessions::client_id).eq($column))
                    .filter(
                        looked_at(
                            SEEN_SESSION
                                .field(sessions::practitioner_id)
                                .assume_not_null(),
                        )
                        .eq(id),
                    ),
            );
            let planned = exists(
                SEEN_PLAN
                    .filter(SEEN_PLAN.field(plans::client_id).eq($column))
                    .filter(SEEN_PLAN.field(plans::practitioner_id).eq(id)),
            );
            Box::new(treated.or(planned))
        });
        both(at_studio, own)
    }};
}

/// Both conditions, where there are two.
pub(super) fn both<T: 'static>(one: Option<Seen<T>>, other: Option<Seen<T>>) -> Option<Seen<T>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Box::new(one.and(other))),
        (one, other) => one.or(other),
    }
}

/// The practitioners who are seen: those who work at a studio that is, have a session there, or work nowhere yet.
pub(super) fn practitioners_seen(scope: &Scope) -> Option<Seen<practitioners::table>> {
    let ids = scope.studio_ids()?;
    let has_session = exists(
        SEEN_SESSION
            .filter(
                SEEN_SESSION
                    .field(sessions::practitioner_id)
                    .eq(practitioners::id.nullable()),
            )
            .filter(SEEN_SESSION.field(sessions::studio_id).eq_any(ids.to_vec())),
    );
    let has_any_session = exists(
        SEEN_SESSION.filter(
            SEEN_SESSION
                .field(sessions::practitioner_id)
                .eq(practitioners::id.nullable()),
        ),
    );
    let works_nowhere = practitioners::working_hours
        .eq("[]")
        .and(diesel::dsl::not(has_any_session));
    let mut seen: Seen<practitioners::table> = Box::new(has_session.or(works_nowhere));
    for id in ids {
        // The hours are JSON of ours, in which an id is always written like this.
        let named = practitioners::working_hours.like(format!("%{id}%"));
        seen = Box::new(seen.or(named));
    }
    Some(seen)
}

pub(super) use client_is_seen;

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
