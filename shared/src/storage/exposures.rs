//! Every use of a product or a lot, and every use that may have been one.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Db;
use super::lots::Lot;
use super::products::Product;
use super::schema::{lots, pigment_record_lots, pigment_records};
use crate::domain::safety_notice::{Concerned, Exposure};
use crate::domain::trace::Traced;
use crate::domain::{ClientId, Instant, LotId, ProductId, ProductKind, SessionId, StudioId};
use crate::error::Result;

/// What is asked for, under each id that it was entered with.
pub(super) fn traced(db: &mut Db, what: Concerned) -> Result<Traced> {
    let (product_id, lot) = match what {
        Concerned::Product(id) => (id, None),
        Concerned::Lot(id) => {
            let lot = Lot::find(db, id)?;
            (lot.product_id, Some(lot))
        }
    };
    let product = Product::find(db, product_id)?;
    let mut product_ids = product.entered_again(db)?;
    product_ids.push(product_id);
    let entered_again = match &lot {
        Some(lot) => lot
            .entered_again(db)?
            .iter()
            .map(|other| other.id)
            .collect(),
        None => Vec::new(),
    };
    Ok(Traced {
        kind: product.kind,
        lot_id: lot.map(|lot| lot.id),
        entered_again,
        lots_without_code: lots::table
            .filter(lots::product_id.eq_any(product_ids.clone()))
            .filter(lots::code.is_null())
            .select(lots::id)
            .load(db)?,
        product_ids,
    })
}

/// The rows of records that may be of what is asked for; [`Traced::certainty`] judges each.
macro_rules! maybe_used {
    ($traced:expr) => {{
        use $crate::storage::schema::pigment_record_lots as used;
        let traced: &Traced = $traced;
        let maybe_it = used::product_id.is_null().and(used::kind.eq(traced.kind));
        let mut lot_ids = traced.lots_without_code.clone();
        lot_ids.extend(traced.lot_id);
        lot_ids.extend(&traced.entered_again);
        let every_lot = traced.lot_id.is_none().into_sql::<Bool>();
        used::table
            .filter(
                used::product_id
                    .assume_not_null()
                    .eq_any(traced.product_ids.clone())
                    .or(maybe_it),
            )
            .filter(
                used::lot_id
                    .is_null()
                    .or(used::lot_id.assume_not_null().eq_any(lot_ids))
                    .or(every_lot),
            )
    }};
}

pub(super) use maybe_used;

/// A use with what judges it: whose, where, when, and of what.
type Used = (
    ClientId,
    SessionId,
    StudioId,
    Instant,
    ProductKind,
    Option<ProductId>,
    Option<LotId>,
);

/// All uses that stand: a record that was taken back, or whose place another one took, is none.
pub(super) fn all(db: &mut Db, what: Concerned) -> Result<Vec<Exposure>> {
    let traced = traced(db, what)?;
    let uses: Vec<Used> = maybe_used!(&traced)
        .inner_join(
            pigment_records::table.on(pigment_records::id.eq(pigment_record_lots::record_id)),
        )
        .filter(pigment_records::voided_at.is_null())
        .filter(pigment_records::amended_by_record_id.is_null())
        .select((
            pigment_records::client_id,
            pigment_records::session_id,
            pigment_records::studio_id,
            pigment_records::occurred_at,
            pigment_record_lots::kind,
            pigment_record_lots::product_id,
            pigment_record_lots::lot_id,
        ))
        .load(db)?;
    let judged = |(client_id, session_id, studio_id, occurred_at, kind, product_id, lot_id)| {
        let certainty = traced.certainty(kind, product_id, lot_id)?;
        Some(Exposure {
            client_id,
            session_id,
            studio_id,
            occurred_at,
            certainty,
        })
    };
    Ok(uses.into_iter().filter_map(judged).collect())
}
