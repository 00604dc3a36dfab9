//! Goes along the chain and says where it doesn't hold.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;

use super::listing::hexadecimal;
use super::{AuditEvent, AuditKey, chain, digest};
use crate::error::Result;
use crate::storage::dialect::Db;
use crate::storage::schema::{audit_details, audit_events};

/// So many entries are held in memory at once.
const PAGE: i64 = 1000;
/// So many faults are listed; a trail with more of them needs no longer list.
const MOST_FAULTS: usize = 100;

/// The newest entry as somebody has noted it elsewhere. Only with such a note can a cut-off end be told from an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The entry's place.
    pub sequence: i64,
    /// The entry's hash.
    pub hash: Vec<u8>,
}

impl fmt::Display for AuditHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.sequence, hexadecimal(&self.hash))
    }
}

impl FromStr for AuditHead {
    type Err = String;

    /// Reads what [`AuditHead`] shows itself as.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong =
            || "write it as it was printed, such as 1042: and 64 hexadecimal digits".to_owned();
        let (sequence, hash) = text.trim().split_once(':').ok_or_else(wrong)?;
        let digits: Vec<u8> = hash
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            })
            .collect::<Option<_>>()
            .filter(|digits: &Vec<u8>| digits.len() == 64)
            .ok_or_else(wrong)?;
        Ok(Self {
            sequence: sequence.parse().map_err(|_| wrong())?,
            hash: digits
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
                .collect(),
        })
    }
}

/// What is wrong with one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The entry isn't there, and perhaps more that followed it.
    Missing,
    /// The entry, or its place in the chain, isn't what was written.
    Changed,
    /// The details are others than were written, and not blanked.
    DetailChanged,
    /// The details' row is gone; an erasure blanks it and leaves it.
    DetailMissing,
    /// The entry is whole by the key, and yet not the one that was noted.
    NotAsNoted,
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Of which entry.
    pub sequence: i64,
    /// Which.
    pub kind: FaultKind,
}

/// What a look at the whole trail found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// So many entries are there.
    pub entries: u64,
    /// Of so many the details have been blanked.
    pub blanked: u64,
    /// The newest entry; to be noted elsewhere.
    pub head: Option<AuditHead>,
    /// The first faults in the order of the entries; none on a whole trail.
    pub faults: Vec<Fault>,
}

impl Verification {
    /// Whether the trail is as it was written.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, sequence: i64, kind: FaultKind) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { sequence, kind });
        }
    }
}

/// What was kept of the thing itself.
#[derive(Queryable)]
pub(super) struct StoredDetail {
    pub(super) sequence: i64,
    pub(super) before_change: Option<String>,
    pub(super) after_change: Option<String>,
}

/// Checks each entry against the one before it, its details, and a noted head where there is one.
pub fn verify(db: &mut Db, key: &AuditKey, noted_head: Option<&AuditHead>) -> Result<Verification> {
    let mut found = Verification {
        entries: 0,
        blanked: 0,
        head: None,
        faults: Vec::new(),
    };
    loop {
        let after = found.head.as_ref().map(|head| head.sequence);
        let page = read_page(db, after)?;
        if page.is_empty() {
            break;
        }
        for (event, detail) in page {
            check_entry(&mut found, key, noted_head, event, detail)?;
        }
    }
    let last = found.head.as_ref().map_or(0, |head| head.sequence);
    if noted_head.is_some_and(|noted| noted.sequence > last) {
        found.fault(last.saturating_add(1), FaultKind::Missing);
    }
    Ok(found)
}

fn read_page(db: &mut Db, after: Option<i64>) -> Result<Vec<(AuditEvent, Option<StoredDetail>)>> {
    let mut events = audit_events::table
        .order(audit_events::sequence)
        .limit(PAGE)
        .select(AuditEvent::as_select())
        .into_boxed();
    if let Some(after) = after {
        events = events.filter(audit_events::sequence.gt(after));
    }
    let events: Vec<AuditEvent> = events.load(db)?;
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(Vec::new());
    };
    let mut details: HashMap<i64, StoredDetail> = audit_details::table
        .filter(audit_details::sequence.between(first.sequence, last.sequence))
        .load::<StoredDetail>(db)?
        .into_iter()
        .map(|detail| (detail.sequence, detail))
        .collect();
    Ok(events
        .into_iter()
        .map(|event| {
            let detail = details.remove(&event.sequence);
            (event, detail)
        })
        .collect())
}

fn check_entry(
    found: &mut Verification,
    key: &AuditKey,
    noted_head: Option<&AuditHead>,
    event: AuditEvent,
    detail: Option<StoredDetail>,
) -> Result<()> {
    let sequence = event.sequence;
    let (last, previous) = match found.head.take() {
        Some(head) => (head.sequence, head.hash),
        None => (0, Vec::new()),
    };
    found.entries += 1;
    if sequence == last.saturating_add(1) {
        if chain(key, &previous, &event)? != event.hash {
            found.fault(sequence, FaultKind::Changed);
        }
    } else {
        // What the chain says here can't be checked without the entry that is gone.
        found.fault(last.saturating_add(1), FaultKind::Missing);
    }
    match detail {
        None => found.fault(sequence, FaultKind::DetailMissing),
        Some(detail) => {
            let (before, after) = (
                detail.before_change.as_deref(),
                detail.after_change.as_deref(),
            );
            if digest(&event.salt, before, after) != event.detail_digest {
                if before.is_none() && after.is_none() {
                    found.blanked += 1;
                } else {
                    found.fault(sequence, FaultKind::DetailChanged);
                }
            }
        }
    }
    if noted_head.is_some_and(|noted| noted.sequence == sequence && noted.hash != event.hash) {
        found.fault(sequence, FaultKind::NotAsNoted);
    }
    found.head = Some(AuditHead {
        sequence,
        hash: event.hash,
    });
    Ok(())
}
