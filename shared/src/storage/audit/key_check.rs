//! Whether a key is the one that the trail was written with, by two entries of it.

use diesel::prelude::*;

use super::{AuditEvent, AuditKey, chain};
use crate::error::Result;
use crate::storage::dialect::Db;
use crate::storage::schema::audit_events;

/// How a key and a trail go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFit {
    /// The newest entry was written with the key, or there is none yet.
    Fits,
    /// The first entry was, and the newest isn't as it was written: somebody changed it, or went on with another key.
    FitsTheBeginning,
    /// Neither was: what is written with this key would break the trail.
    IsAnother,
}

/// Looks at the newest entry, and where that doesn't hold at the first: a trail that was changed still has its key.
pub fn key_fits(db: &mut Db, key: &AuditKey) -> Result<KeyFit> {
    let mut newest: Vec<AuditEvent> = audit_events::table
        .order(audit_events::sequence.desc())
        .limit(2)
        .select(AuditEvent::as_select())
        .load(db)?;
    let before = (newest.len() > 1).then(|| newest.pop()).flatten();
    let Some(newest) = newest.pop() else {
        return Ok(KeyFit::Fits);
    };
    if holds(key, before.as_ref(), &newest)? {
        return Ok(KeyFit::Fits);
    }
    let first: AuditEvent = audit_events::table
        .order(audit_events::sequence)
        .limit(1)
        .select(AuditEvent::as_select())
        .get_result(db)?;
    match holds(key, None, &first)? {
        true => Ok(KeyFit::FitsTheBeginning),
        false => Ok(KeyFit::IsAnother),
    }
}

fn holds(key: &AuditKey, before: Option<&AuditEvent>, event: &AuditEvent) -> Result<bool> {
    let previous = before.map_or(&[][..], |before| before.hash.as_slice());
    Ok(chain(key, previous, event)? == event.hash)
}
