//! Which lots a pigment record names, kept apart so that a lot finds its clients by index.

use std::collections::HashMap;

use diesel::prelude::*;

use super::Db;
use super::kept_text::Keep as _;
use super::products::Product;
use super::schema::pigment_record_lots;
use crate::domain::lot::LotFacts;
use crate::domain::pigment::PlacedUse;
use crate::domain::{LotId, PigmentRecordId, ProductId, ProductKind};
use crate::error::{Error, FieldError, Result};

/// One lot in one record: the lot, or the product where only that is known, or neither.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = pigment_record_lots, treat_none_as_default_value = false)]
pub(super) struct RecordLot {
    pub(super) record_id: PigmentRecordId,
    pub(super) position: i32,
    pub(super) kind: ProductKind,
    pub(super) product_id: Option<ProductId>,
    pub(super) lot_id: Option<LotId>,
}

/// A lot in a record that isn't stored yet.
pub(super) struct PlacedLot {
    kind: ProductKind,
    product_id: Option<ProductId>,
    lot_id: Option<LotId>,
}

impl PlacedLot {
    /// Something of this kind that nobody named.
    pub(super) fn unsaid(kind: ProductKind) -> Self {
        Self {
            kind,
            product_id: None,
            lot_id: None,
        }
    }
}

/// Finds the product of each use, or refuses what doesn't exist and says where it stands in the body.
pub(super) fn place_lots(
    db: &mut Db,
    uses: &[PlacedUse<'_>],
    lots: &HashMap<LotId, (ProductId, LotFacts)>,
    at: &str,
) -> Result<Vec<PlacedLot>> {
    let mut placed = Vec::with_capacity(uses.len());
    let mut unknown = Vec::new();
    for one in uses {
        let (lot_id, mut product_id) = (one.lot_use.lot_id, one.lot_use.product_id);
        if let Some(lot_id) = lot_id {
            product_id = lots.get(&lot_id).map(|(product_id, _facts)| *product_id);
            if product_id.is_none() {
                unknown.push(FieldError::new(
                    format!("{at}{}/lot_id", one.pointer),
                    "unknown_lot",
                    "name a lot that exists, or say in unknown_lot_reason why it isn't known",
                ));
            }
        } else if let Some(product_id) = product_id {
            match Product::find(db, product_id) {
                Err(Error::NotFound { .. }) => unknown.push(FieldError::new(
                    format!("{at}{}/product_id", one.pointer),
                    "unknown_product",
                    "name a product that exists, or leave it out",
                )),
                found => found.map(drop)?,
            }
        }
        placed.push(PlacedLot {
            kind: one.kind,
            product_id,
            lot_id,
        });
    }
    if unknown.is_empty() {
        Ok(placed)
    } else {
        Err(Error::Invalid(unknown))
    }
}

impl RecordLot {
    /// Stores the lots of a new record, in the order of the record.
    pub(super) fn insert_all(
        db: &mut Db,
        record_id: PigmentRecordId,
        placed: &[PlacedLot],
    ) -> Result<()> {
        for (position, one) in (0..).zip(placed) {
            let row = Self {
                record_id,
                position,
                kind: one.kind,
                product_id: one.product_id,
                lot_id: one.lot_id,
            };
            diesel::insert_into(pigment_record_lots::table)
                .values(&row)
                .kept()
                .execute(db)?;
        }
        Ok(())
    }
}
