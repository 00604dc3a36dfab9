//! Lots of products.
//!
//! Codes are compared by their keys, which are stored beside them. Lots that were entered twice before there were keys stay:
//! they are one lot to a trace, and to a rule that judges a use.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::products::Product;
use super::references::named;
use super::schema::{lots, products};
use super::{Db, Tx};
use crate::domain::lot::{Expiry, LotFacts, Opening};
use crate::domain::lot_key::LotKey;
use crate::domain::lot_shape::LotShape;
use crate::domain::stock::{LotPatch, NewLot};
use crate::domain::text::{ExternalId, LotCode, Name, Note, Reason};
use crate::domain::{ExpiryPrecision, Instant, LotId, LotState, ProductId, ProductKind};
use crate::error::{Error, FieldError, Result};

/// What a maker filled in one go, and printed one code on.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = lots, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Lot {
    /// Its id.
    pub id: LotId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// Of which product.
    pub product_id: ProductId,
    /// The code as printed.
    pub code: Option<LotCode>,
    /// Why there is no code.
    pub no_code_reason: Option<Reason>,
    /// A second code that some makers print.
    pub batch_code: Option<LotCode>,
    /// When it expires; with month precision any day of the month.
    pub expires_on: Option<NaiveDate>,
    /// How exactly the expiry is printed.
    pub expiry_precision: Option<ExpiryPrecision>,
    /// Who delivered it.
    pub supplier: Option<Name>,
    /// On which invoice.
    pub invoice_reference: Option<Name>,
    /// When it was delivered.
    pub received_on: Option<NaiveDate>,
    /// Whether it may be used.
    pub state: LotState,
    /// Why the state is what it is.
    pub state_reason: Option<Reason>,
    /// Notes.
    pub notes: Option<Note>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was added.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// By what the code is compared.
    #[serde(skip)]
    #[schema(ignore)]
    pub code_key: Option<LotKey>,
    /// By what the second code is compared.
    #[serde(skip)]
    #[schema(ignore)]
    pub batch_code_key: Option<LotKey>,
    /// When the bottle in use was opened; with the product's `period_after_opening_days` it tells how long it may be used.
    pub opened_on: Option<NaiveDate>,
}

resource!(lots, Lot, LotId, "lot");

/// Which lots are asked for.
#[derive(Clone, Debug, Default)]
pub struct LotFilter {
    /// Those of this product.
    pub product_id: Option<ProductId>,
    /// Those that stand so.
    pub state: Option<LotState>,
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
    /// Those with this code, however it's written, of whatever product.
    pub code: Option<LotCode>,
}

impl Lot {
    /// Adds a lot of a product.
    pub fn add(tx: &mut Tx<'_>, new: &NewLot) -> Result<Self> {
        named(Product::find(tx.db, new.product_id), "/product_id")?;
        let now = tx.now();
        let lot = Self {
            id: LotId::new(),
            external_id: new.external_id.clone(),
            product_id: new.product_id,
            code: new.code.clone(),
            no_code_reason: new.no_code_reason.clone(),
            batch_code: new.batch_code.clone(),
            expires_on: new.expires_on,
            expiry_precision: new
                .expiry_precision
                .or(new.expires_on.map(|_day| ExpiryPrecision::Day)),
            supplier: new.supplier.clone(),
            invoice_reference: new.invoice_reference.clone(),
            received_on: new.received_on,
            state: new.state,
            state_reason: new.state_reason.clone(),
            notes: new.notes.clone(),
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
            code_key: new.code.as_ref().map(LotKey::of),
            batch_code_key: new.batch_code.as_ref().map(LotKey::of),
            opened_on: new.opened_on,
        };
        lot.shape().check(None, now)?;
        lot.refuse_taken_code(tx.db)?;
        refuse_taken_external_id!(tx.db, lots, lot.id, &lot.external_id);
        lot.create(tx, "lot.added")
    }

    /// Changes a lot.
    pub fn change(
        tx: &mut Tx<'_>,
        id: LotId,
        expected: Option<i64>,
        patch: &LotPatch,
    ) -> Result<Self> {
        let before = Self::find_for_change(tx.db, id, expected)?;
        let mut lot = before.clone();
        patch.code.apply(&mut lot.code);
        patch.no_code_reason.apply(&mut lot.no_code_reason);
        patch.batch_code.apply(&mut lot.batch_code);
        patch.expires_on.apply(&mut lot.expires_on);
        // What an expiry that is gone leaves behind goes with it; one that was never there is refused below.
        if lot.expires_on.is_none() {
            lot.expiry_precision = None;
        }
        patch.expiry_precision.apply(&mut lot.expiry_precision);
        if lot.expires_on.is_some() {
            lot.expiry_precision.get_or_insert(ExpiryPrecision::Day);
        }
        patch.supplier.apply(&mut lot.supplier);
        patch.invoice_reference.apply(&mut lot.invoice_reference);
        patch.received_on.apply(&mut lot.received_on);
        patch.opened_on.apply(&mut lot.opened_on);
        patch.state.apply(&mut lot.state);
        if lot.state != before.state {
            // A reason given for another state says nothing about this one.
            lot.state_reason = None;
        }
        patch.state_reason.apply(&mut lot.state_reason);
        patch.notes.apply(&mut lot.notes);
        patch.external_id.apply(&mut lot.external_id);
        lot.code_key = lot.code.as_ref().map(LotKey::of);
        lot.batch_code_key = lot.batch_code.as_ref().map(LotKey::of);
        if lot == before {
            return Ok(before);
        }
        lot.shape().check(Some(&before.shape()), tx.now())?;
        if (&lot.code, &lot.batch_code) != (&before.code, &before.batch_code) {
            // A lot that was entered twice must still be held back and recalled under the codes that it has.
            lot.refuse_taken_code(tx.db)?;
        }
        refuse_taken_external_id!(tx.db, lots, id, &lot.external_id);
        let action = match (lot.state == before.state, lot.state) {
            (true, _) => "lot.changed",
            (false, LotState::Available) => "lot.released",
            (false, LotState::Quarantined) => "lot.quarantined",
            (false, LotState::Recalled) => "lot.recalled",
            (false, LotState::Discarded) => "lot.discarded",
        };
        let reason = lot.state_reason.clone();
        lot.save(tx, action, reason.as_deref())
    }

    /// A page of lots.
    pub fn list(db: &mut Db, filter: &LotFilter, page: &PageRequest) -> Result<Page<Self>> {
        let mut query = lots::table.into_boxed();
        if let Some(product_id) = filter.product_id {
            query = query.filter(lots::product_id.eq(product_id));
        }
        if let Some(state) = filter.state {
            query = query.filter(lots::state.eq(state));
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(lots::external_id.eq(external_id.clone()));
        }
        if let Some(code) = &filter.code {
            query = query.filter(lots::code_key.eq(LotKey::of(code)));
        }
        load_page!(db, lots, Lot, query, page)
    }

    /// What rules have to know of these lots, with their products. A lot that doesn't exist is left out.
    pub fn facts(db: &mut Db, ids: &[LotId]) -> Result<HashMap<LotId, (ProductId, LotFacts)>> {
        let mut known = HashMap::new();
        // One by one: a record names few, and so the statement stays prepared.
        for id in ids {
            let found: Option<(Self, ProductKind, Option<i32>)> = lots::table
                .inner_join(products::table.on(products::id.eq(lots::product_id)))
                .filter(lots::id.eq(id))
                .select((
                    Self::as_select(),
                    products::kind,
                    products::period_after_opening_days,
                ))
                .kept()
                .get_result(db)
                .optional()?;
            let Some((lot, kind, usable_days)) = found else {
                continue;
            };
            let mut facts = lot.own_facts(kind, usable_days);
            for other in lot.entered_again(db)? {
                // An entry of the product's twin may be used for as long as that says.
                let usable_days = match other.product_id == lot.product_id {
                    true => usable_days,
                    false => Product::find(db, other.product_id)?.period_after_opening_days,
                };
                facts = facts.with_other_entry(other.own_facts(kind, usable_days));
            }
            known.insert(lot.id, (lot.product_id, facts));
        }
        Ok(known)
    }

    /// What the lot says of itself.
    fn own_facts(&self, kind: ProductKind, usable_days: Option<i32>) -> LotFacts {
        let expiry = self.expires_on.zip(self.expiry_precision);
        LotFacts {
            kind,
            state: self.state,
            expiry: expiry.map(|(on, precision)| Expiry { on, precision }),
            opening: self
                .opened_on
                .zip(usable_days)
                .map(|(on, usable_days)| Opening { on, usable_days }),
            state_is_of_other_entry: false,
            expiry_is_of_other_entry: false,
            opening_is_of_other_entry: false,
        }
    }

    /// The other lots of the product with the same codes, which are this one under another id.
    pub(super) fn entered_again(&self, db: &mut Db) -> Result<Vec<Self>> {
        let Some(key) = &self.code_key else {
            return Ok(Vec::new());
        };
        let mut others: Vec<Self> = lots::table
            .filter(lots::code_key.eq(key))
            .filter(lots::id.ne(self.id))
            .order(lots::id)
            .select(Self::as_select())
            .kept()
            .load(db)?;
        // Here and not in the statement, whose text would hang on whether there is a second code.
        others.retain(|other| other.batch_code_key == self.batch_code_key);
        if others
            .iter()
            .any(|other| other.product_id != self.product_id)
        {
            // Its product may have been entered twice too.
            let products = Product::find(db, self.product_id)?.entered_again(db)?;
            others.retain(|other| {
                other.product_id == self.product_id || products.contains(&other.product_id)
            });
        }
        Ok(others)
    }

    fn shape(&self) -> LotShape<'_> {
        LotShape {
            code: self.code.as_ref(),
            batch_code: self.batch_code.as_ref(),
            no_code_reason: self.no_code_reason.as_ref(),
            expires_on: self.expires_on,
            expiry_precision: self.expiry_precision,
            received_on: self.received_on,
            opened_on: self.opened_on,
            state: self.state,
            state_reason: self.state_reason.as_ref(),
        }
    }

    /// Refuses a second lot of a product with the same codes. Lots without a code can't be told apart and may be many.
    fn refuse_taken_code(&self, db: &mut Db) -> Result<()> {
        let taken = self.entered_again(db)?;
        match taken.first() {
            Some(other) => Err(Error::Refused {
                code: "lot_code_taken",
                detail: "this product has a lot with this code already; use that one, or write the batch_code that tells them apart".into(),
                breaches: vec![FieldError::new(
                    "/code",
                    "taken",
                    "choose a code that no other lot of the product has, however it's written",
                )],
                conflicts: vec![serde_json::json!({ "id": other.id })],
            }),
            None => Ok(()),
        }
    }
}

/// So many lots get their keys in one transaction, so that others needn't wait long.
const BATCH: usize = 500;

/// The stored codes of a lot and the keys beside them.
type StoredKeys = (
    LotId,
    Option<LotCode>,
    Option<LotCode>,
    Option<LotKey>,
    Option<LotKey>,
);

/// Makes the keys of lots that an older release stored, or changed, and says of how many.
pub(super) fn make_missing_keys(db: &mut Db) -> Result<usize> {
    let without: Vec<LotId> = without_keys(stored_keys().load::<StoredKeys>(db)?)
        .map(|(id, ..)| id)
        .collect();
    let mut made = 0;
    for batch in without.chunks(BATCH) {
        db.begin_write()?;
        // A batch that failed is rolled back with its connection.
        made += make_batch(db, batch)?;
        db.commit_write()
            .map_err(|failure| Error::internal(failure.error))?;
    }
    Ok(made)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn stored_keys() -> _ {
    lots::table.select((
        lots::id,
        lots::code,
        lots::batch_code,
        lots::code_key,
        lots::batch_code_key,
    ))
}

fn make_batch(db: &mut Db, ids: &[LotId]) -> Result<usize> {
    // Once more, now that nobody else can write.
    let stored = stored_keys()
        .filter(lots::id.eq_any(ids.to_vec()))
        .load::<StoredKeys>(db)?;
    let mut made = 0;
    for (id, key, batch_key) in without_keys(stored) {
        diesel::update(lots::table.find(id))
            .set((lots::code_key.eq(key), lots::batch_code_key.eq(batch_key)))
            .execute(db)?;
        made += 1;
    }
    Ok(made)
}

/// The lots whose keys aren't those of their codes, with the right ones.
fn without_keys(
    stored: Vec<StoredKeys>,
) -> impl Iterator<Item = (LotId, Option<LotKey>, Option<LotKey>)> {
    stored
        .into_iter()
        .filter_map(|(id, code, batch_code, key, batch_key)| {
            let right = code.as_ref().map(LotKey::of);
            let right_batch = batch_code.as_ref().map(LotKey::of);
            let is_right = (&key, &batch_key) == (&right, &right_batch);
            (!is_right).then_some((id, right, right_batch))
        })
}
