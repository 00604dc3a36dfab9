//! Telling clients that something which was used on them turned out to be unsafe: to whom, and how far it got.
//!
//! A notice lists whom it concerns when it's made and anew whenever it's sent, so that a record written later is told of too.
//! A mail that ends tells the client's row what became of it in the same transaction; who isn't reached becomes a task.

mod news;
mod recipients;
mod telling;

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::exposures;
use super::paging::{Page, PageRequest, load_page, resource};
use super::references::named;
use super::schema::{safety_notice_recipients, safety_notices};
use super::{Db, Scope, Tx};
use crate::domain::safety_notice::{
    Concerned, Exposure, NewSafetyNotice, RecipientState, SafetyNoticeState, concerned,
};
use crate::domain::text::{Language, Name, Note, Reason};
use crate::domain::{ClientId, Instant, LotId, ProductId, SafetyNoticeId};
use crate::error::{Error, Result};

use super::lots::Lot;
use super::products::Product;

pub use news::{SafetyNews, ToldSafetyNotice, news_of, of_client};
pub(super) use news::{still_to_tell, unreachable_reason};
pub use recipients::{RecipientFilter, SafetyNoticeRecipient};
pub(super) use telling::{address_failed, clear_of_client, mail_ended, note_read};

/// What clients are told about something that was used on them.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = safety_notices, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SafetyNotice {
    /// Its id.
    pub id: SafetyNoticeId,
    /// About which product.
    pub product_id: ProductId,
    /// About which lot of it; null for all its lots.
    pub lot_id: Option<LotId>,
    /// Whether those are told too of whom nobody knows whether it was used on them.
    pub include_possible: bool,
    /// What the maker or the authority calls its notice.
    pub reference: Option<Name>,
    /// What it's about, for staff.
    pub reason: Reason,
    /// What clients read, by language tag.
    #[schema(value_type = BTreeMap<String, Note>)]
    pub message: Json<BTreeMap<Language, Note>>,
    /// Where it stands.
    pub state: SafetyNoticeState,
    /// When it was first sent.
    pub sent_at: Option<Instant>,
    /// When it was taken back.
    pub withdrawn_at: Option<Instant>,
    /// Why it was taken back.
    pub withdrawn_reason: Option<Reason>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(
    safety_notices,
    SafetyNotice,
    SafetyNoticeId,
    "safety_notice"
);

/// How many clients stand how, of those who are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SafetyNoticeProgress {
    /// Listed; nothing was sent yet.
    pub listed: i64,
    /// A mail waits.
    pub queued: i64,
    /// A mail left.
    pub sent: i64,
    /// No mail reaches them.
    pub unreached: i64,
    /// They know.
    pub reached: i64,
    /// It doesn't concern them any more, or they were erased.
    pub cleared: i64,
}

impl SafetyNotice {
    /// Makes a notice and lists whom it concerns, at all studios. Nobody is told yet.
    pub fn draft(tx: &mut Tx<'_>, new: &NewSafetyNotice) -> Result<Self> {
        refuse_limited(tx)?;
        let (product_id, lot_id) = match new.check()? {
            Concerned::Product(id) => (
                named(Product::find(tx.db, id), "/product_id").map(|product| product.id)?,
                None,
            ),
            Concerned::Lot(id) => {
                let lot = named(Lot::find(tx.db, id), "/lot_id")?;
                (lot.product_id, Some(id))
            }
        };
        let now = tx.now();
        let notice = Self {
            id: SafetyNoticeId::new(),
            product_id,
            lot_id,
            include_possible: new.include_possible,
            reference: new.reference.clone(),
            reason: new.reason.clone(),
            message: Json(new.message.clone()),
            state: SafetyNoticeState::Draft,
            sent_at: None,
            withdrawn_at: None,
            withdrawn_reason: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        let notice = notice.create(tx, "safety_notice.drafted")?;
        notice.list_anew(tx)?;
        Ok(notice)
    }

    /// Tells everybody whom it concerns and who wasn't told yet. Sending it again tells those who came to be concerned since,
    /// and tries those again who have an address by now.
    pub fn send(tx: &mut Tx<'_>, id: SafetyNoticeId, expected: Option<i64>) -> Result<Self> {
        refuse_limited(tx)?;
        let mut notice = Self::find_for_change(tx.db, id, expected)?;
        match notice.state {
            SafetyNoticeState::Withdrawn => return Err(is_withdrawn()),
            SafetyNoticeState::Sent => {}
            SafetyNoticeState::Draft => {
                notice.state = SafetyNoticeState::Sent;
                notice.sent_at = Some(tx.now());
                notice = notice.save(tx, "safety_notice.sent", None)?;
            }
        }
        for row in notice.list_anew(tx)? {
            row.tell(tx)?;
        }
        Ok(notice)
    }

    /// Takes it back: what hasn't left isn't sent. Doing so twice is as doing it once.
    pub fn withdraw(
        tx: &mut Tx<'_>,
        id: SafetyNoticeId,
        expected: Option<i64>,
        reason: &Reason,
    ) -> Result<Self> {
        refuse_limited(tx)?;
        let found = Self::find(tx.db, id)?;
        if found.state == SafetyNoticeState::Withdrawn {
            return Ok(found);
        }
        let mut notice = found.unless_stale(expected)?;
        notice.state = SafetyNoticeState::Withdrawn;
        notice.withdrawn_at = Some(tx.now());
        notice.withdrawn_reason = Some(reason.clone());
        let notice = notice.save(tx, "safety_notice.withdrawn", Some(reason))?;
        for row in SafetyNoticeRecipient::all_of(tx.db, id)? {
            row.clear(tx, "notice_withdrawn")?;
        }
        Ok(notice)
    }

    /// A page of notices.
    pub fn list(
        db: &mut Db,
        state: Option<SafetyNoticeState>,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = safety_notices::table.into_boxed();
        if let Some(state) = state {
            query = query.filter(safety_notices::state.eq(state));
        }
        load_page!(db, safety_notices, SafetyNotice, query, page)
    }

    /// How far it got with those who are seen.
    pub fn progress(
        db: &mut Db,
        scope: &Scope,
        id: SafetyNoticeId,
    ) -> Result<SafetyNoticeProgress> {
        Self::find(db, id)?;
        let mut query = safety_notice_recipients::table
            .filter(safety_notice_recipients::notice_id.eq(id))
            .group_by(safety_notice_recipients::state)
            .select((safety_notice_recipients::state, count_star()))
            .into_boxed();
        if let Some(seen) = SafetyNoticeRecipient::seen(scope) {
            query = query.filter(seen);
        }
        let counts: HashMap<RecipientState, i64> = query.load(db)?.into_iter().collect();
        let count = |state| counts.get(&state).copied().unwrap_or_default();
        Ok(SafetyNoticeProgress {
            listed: count(RecipientState::Listed),
            queued: count(RecipientState::Queued),
            sent: count(RecipientState::Sent),
            unreached: count(RecipientState::Unreached),
            reached: count(RecipientState::Reached),
            cleared: count(RecipientState::Cleared),
        })
    }

    /// What it's about.
    fn concerned(&self) -> Concerned {
        self.lot_id
            .map_or(Concerned::Product(self.product_id), Concerned::Lot)
    }

    /// Lists whom it concerns as the records say now, and gives back all rows.
    fn list_anew(&self, tx: &mut Tx<'_>) -> Result<Vec<SafetyNoticeRecipient>> {
        let exposures = exposures::all(tx.db, self.concerned())?;
        let mut wanted: HashMap<ClientId, Exposure> = concerned(exposures, self.include_possible)
            .into_iter()
            .map(|one| (one.client_id, one))
            .collect();
        let mut rows = Vec::new();
        for row in SafetyNoticeRecipient::all_of(tx.db, self.id)? {
            let row = match wanted.remove(&row.client_id) {
                Some(exposure) => row.concern(tx, &exposure)?,
                None => row.clear(tx, "no_longer_concerned")?,
            };
            rows.push(row);
        }
        let mut new: Vec<Exposure> = wanted.into_values().collect();
        new.sort_by_key(|one| one.client_id);
        for exposure in new {
            rows.push(SafetyNoticeRecipient::add(tx, self.id, &exposure)?);
        }
        Ok(rows)
    }
}

/// A recall reaches all studios, and so does what clients are told of it.
fn refuse_limited(tx: &Tx<'_>) -> Result<()> {
    if tx.scope().is_limited() {
        return Err(Error::Forbidden {
            detail:
                "a safety notice reaches the clients of all studios: use a key that isn't limited"
                    .into(),
        });
    }
    Ok(())
}

fn is_withdrawn() -> Error {
    Error::refused(
        "notice_withdrawn",
        "this notice was withdrawn and is sent to nobody any more: make a new one",
    )
}
