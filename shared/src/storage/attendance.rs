//! How a client kept to what was booked: counts, and nothing of what was treated.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::clients::Client;
use super::schema::sessions;
use super::sessions::Session;
use super::{Db, Scope};
use crate::domain::{ClientId, EndedBy, Instant, SessionState};
use crate::error::Result;

/// What became of a client's sessions, of all kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attendance {
    /// Took place, booked before or not.
    pub completed: i64,
    /// Had a time and were called off by the client, the late ones too.
    pub cancelled_by_client: i64,
    /// Of these, those that were called off late: the sessions with `cancelled_late`.
    pub cancelled_late: i64,
    /// Had a time and were called off by the studio.
    pub cancelled_by_studio: i64,
    /// The client didn't come.
    pub no_shows: i64,
    /// When the last one that took place ended.
    pub last_completed_at: Option<Instant>,
    /// When the last one to which the client didn't come had its start.
    pub last_missed_at: Option<Instant>,
}

/// The sessions that ended in the same way.
#[derive(Debug, Queryable)]
struct Ended {
    state: SessionState,
    by: Option<EndedBy>,
    late: Option<bool>,
    rows: i64,
    last_completed_at: Option<Instant>,
    last_starts_at: Option<Instant>,
}

impl Attendance {
    /// Counts those of a client's sessions that are seen.
    pub fn of_client(db: &mut Db, scope: &Scope, id: ClientId) -> Result<Self> {
        Client::find_in(db, scope, id)?;
        // What was called off before it had a time kept nobody waiting.
        let was_expected = sessions::state
            .ne(SessionState::Cancelled)
            .or(sessions::starts_at.is_not_null());
        let mut query = sessions::table
            .group_by((
                sessions::state,
                sessions::ended_by,
                sessions::cancelled_late,
            ))
            .select((
                sessions::state,
                sessions::ended_by,
                sessions::cancelled_late,
                count_star(),
                max(sessions::completed_at),
                max(sessions::starts_at),
            ))
            .into_boxed()
            .filter(sessions::client_id.eq(id))
            .filter(was_expected);
        if let Some(seen) = Session::seen(scope) {
            query = query.filter(seen);
        }
        let ended: Vec<Ended> = query.load(db)?;
        Ok(ended.iter().fold(Self::default(), Self::and))
    }

    fn and(mut self, ended: &Ended) -> Self {
        match ended.state {
            SessionState::Completed => {
                self.completed += ended.rows;
                self.last_completed_at = self.last_completed_at.max(ended.last_completed_at);
            }
            SessionState::Cancelled if ended.by == Some(EndedBy::Client) => {
                self.cancelled_by_client += ended.rows;
                if ended.late == Some(true) {
                    self.cancelled_late += ended.rows;
                }
            }
            SessionState::Cancelled => self.cancelled_by_studio += ended.rows,
            SessionState::NoShow => {
                self.no_shows += ended.rows;
                self.last_missed_at = self.last_missed_at.max(ended.last_starts_at);
            }
            SessionState::Planned
            | SessionState::Booked
            | SessionState::Confirmed
            | SessionState::Arrived => {}
        }
        self
    }
}
