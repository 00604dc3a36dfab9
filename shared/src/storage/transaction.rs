//! What a write sees: the connection, the present instant, who acts; and what it owes: audit and the change sequence.

use diesel::prelude::*;

use super::audit::{self, AuditDraft, AuditKey};
use super::dialect::{Db, is_out_of_room};
use super::kept::MoveChangeSequence;
use super::kept_text::Keep as _;
use super::schema::change_sequence;
use super::scope::Scope;
use crate::clock::Clock;
use crate::domain::{ApiKeyId, Instant, PractitionerId};
use crate::error::{Error, Result};

/// Why nothing can be written where the disk is full.
pub(super) const NO_ROOM: &str = "the disk is full: the database has no room left";

/// When to ask again where the disk is full: somebody has to make room first.
pub(super) const NO_ROOM_SECONDS: u32 = 60;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with a key.
    Key(ApiKeyId),
    /// A client, through the link in a mail.
    ClientLink,
    /// The reminder engine.
    Worker,
    /// Somebody at the command line.
    CommandLine,
}

impl Actor {
    /// The kind, as the audit trail names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::ClientLink => "client_link",
            Self::Worker => "worker",
            Self::CommandLine => "command_line",
        }
    }

    /// The key's id where there is one.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Key(id) => Some(id.to_string()),
            _ => None,
        }
    }
}

/// Who writes, from where, and why: what the audit trail keeps.
#[derive(Clone, Debug)]
pub struct WriteContext {
    /// Who acts.
    pub actor: Actor,
    /// From where: a network address, or nothing.
    pub source: Option<String>,
    /// The request that this belongs to.
    pub request_id: Option<String>,
    /// What of the data whoever writes sees: the rest is as if it didn't exist.
    pub scope: Scope,
    /// Whose key it is, where it's a practitioner's: who treats where nobody is named.
    pub practitioner_id: Option<PractitionerId>,
}

impl WriteContext {
    /// A write of the reminder engine.
    pub fn worker() -> Self {
        Self {
            actor: Actor::Worker,
            source: None,
            request_id: None,
            scope: Scope::all(),
            practitioner_id: None,
        }
    }

    /// A write from the command line.
    pub fn command_line() -> Self {
        Self {
            actor: Actor::CommandLine,
            source: None,
            request_id: None,
            scope: Scope::all(),
            practitioner_id: None,
        }
    }
}

/// A write in progress.
pub struct Tx<'a> {
    /// The connection, for queries.
    pub db: &'a mut Db,
    clock: &'a Clock,
    now: Instant,
    context: &'a WriteContext,
    drafts: Vec<AuditDraft>,
    /// The newest change number, once one was taken: nobody else takes one while this write holds the lock.
    newest_change: Option<i64>,
}

impl<'a> Tx<'a> {
    /// Runs a closure as one write: what it changed and its audit entries stand or fall together.
    pub(super) fn run<T>(
        db: &'a mut Db,
        clock: &'a Clock,
        audit_key: &AuditKey,
        context: &'a WriteContext,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut tx = Tx {
            db,
            clock,
            now: clock.now(),
            context,
            drafts: Vec::new(),
            newest_change: None,
        };
        let answer = closure(&mut tx)?;
        if let Some(change) = tx.newest_change {
            MoveChangeSequence(change).kept().execute(tx.db)?;
        }
        audit::append(tx.db, audit_key, context, tx.now, &tx.drafts)?;
        Ok(answer)
    }

    /// The instant of this write; the same throughout.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The practitioner whose key writes, where it's one's.
    pub fn own_practitioner(&self) -> Option<PractitionerId> {
        self.context.practitioner_id
    }

    /// Who treats: whoever is named; else, where nobody stands there yet, whoever's key it is.
    pub(super) fn who_treats(
        &self,
        named: Option<PractitionerId>,
        so_far: Option<PractitionerId>,
    ) -> Option<PractitionerId> {
        named.or_else(|| self.own_practitioner().filter(|_| so_far.is_none()))
    }

    /// The clock by which leases are kept.
    pub fn lease_now(&mut self) -> Result<Instant> {
        self.db.lease_clock(self.clock).map_err(Error::from)
    }

    /// What of the data whoever writes sees.
    pub fn scope(&self) -> &'a Scope {
        &self.context.scope
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.context.actor
    }

    /// The next number of the one change sequence. Every stored change takes one.
    pub fn next_change(&mut self) -> Result<i64> {
        let newest: i64 = match self.newest_change {
            Some(change) => change,
            None => change_sequence::table
                .find(1)
                .select(change_sequence::value)
                .kept()
                .get_result(self.db)?,
        };
        self.newest_change = Some(newest + 1);
        Ok(newest + 1)
    }

    /// Notes what was done; the write door appends it to the audit trail as the transaction's last act.
    pub fn audit(&mut self, draft: AuditDraft) {
        self.drafts.push(draft);
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        if is_out_of_room(&error) {
            tracing::error!("the database has no room left");
            return Self::Unavailable {
                cause: NO_ROOM,
                retry_after_seconds: NO_ROOM_SECONDS,
            };
        }
        Self::internal(error)
    }
}
