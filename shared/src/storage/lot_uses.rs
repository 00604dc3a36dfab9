//! The ground of a recall: who was treated with a lot or a product, and who may have been.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::Serialize;
use utoipa::ToSchema;

use super::Db;
use super::lots::Lot;
use super::paging::{Page, PageRequest, load_page};
use super::pigment_records::PigmentRecord;
use super::products::Product;
use super::record_lots::RecordLot;
use super::schema::{lots, pigment_record_lots, pigment_records};
use crate::domain::trace::{Certainty, Traced};
use crate::domain::{
    ClientId, Instant, LotId, PigmentRecordId, PractitionerId, ProductId, ProductKind, SessionId,
    StudioId, Zone,
};
use crate::error::Result;

/// One record in which something was used, or may have been.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LotUseTrace {
    /// The record.
    pub pigment_record_id: PigmentRecordId,
    /// In which session.
    pub session_id: SessionId,
    /// On whom.
    pub client_id: ClientId,
    /// Where.
    pub studio_id: StudioId,
    /// By whom.
    pub practitioner_id: PractitionerId,
    /// As what it was used.
    pub kind: ProductKind,
    /// In which zones.
    pub zones: Vec<Zone>,
    /// When.
    pub occurred_at: Instant,
    /// Whether the record was taken back, as one on the wrong client is.
    pub voided: bool,
    /// Whether another record has taken this one's place: what counts is the newest.
    pub amended: bool,
    /// How sure it is.
    pub certainty: Certainty,
}

/// A page of the uses of a lot. A lot that isn't known, or had no code, may have been this one.
pub fn of_lot(db: &mut Db, id: LotId, page: &PageRequest) -> Result<Page<LotUseTrace>> {
    let lot = Lot::find(db, id)?;
    let again = lot.entered_again(db)?;
    clients_exposed(db, lot.product_id, Some(id), again, page)
}

/// A page of the uses of a product, all its lots. A product that isn't known may have been this one.
pub fn of_product(db: &mut Db, id: ProductId, page: &PageRequest) -> Result<Page<LotUseTrace>> {
    clients_exposed(db, id, None, Vec::new(), page)
}

fn clients_exposed(
    db: &mut Db,
    product_id: ProductId,
    lot_id: Option<LotId>,
    entered_again: Vec<LotId>,
    page: &PageRequest,
) -> Result<Page<LotUseTrace>> {
    use pigment_record_lots as used;

    let traced = Traced {
        kind: Product::find(db, product_id)?.kind,
        product_id,
        lot_id,
        entered_again,
        lots_without_code: lots::table
            .filter(lots::product_id.eq(product_id))
            .filter(lots::code.is_null())
            .select(lots::id)
            .load(db)?,
    };
    let maybe_it = used::product_id.is_null().and(used::kind.eq(traced.kind));
    let mut lot_ids = traced.lots_without_code.clone();
    lot_ids.extend(lot_id);
    lot_ids.extend(&traced.entered_again);
    let every_lot = lot_id.is_none().into_sql::<Bool>();
    let candidates = used::table
        .filter(used::product_id.eq(product_id).or(maybe_it))
        .filter(
            used::lot_id
                .is_null()
                .or(used::lot_id.assume_not_null().eq_any(lot_ids))
                .or(every_lot),
        )
        .select(used::record_id);
    let query = pigment_records::table
        .filter(pigment_records::id.eq_any(candidates))
        .into_boxed();
    let records: Page<PigmentRecord> = load_page!(db, pigment_records, PigmentRecord, query, page)?;

    let ids: Vec<PigmentRecordId> = records.rows.iter().map(|record| record.id).collect();
    let mut judged: HashMap<PigmentRecordId, (Certainty, ProductKind)> = HashMap::new();
    let rows: Vec<RecordLot> = used::table
        .filter(used::record_id.eq_any(ids))
        .order((used::record_id, used::position))
        .select(RecordLot::as_select())
        .load(db)?;
    for row in rows {
        let Some(certainty) = traced.certainty(row.kind, row.product_id, row.lot_id) else {
            continue;
        };
        let best = judged.entry(row.record_id).or_insert((certainty, row.kind));
        if certainty < best.0 {
            *best = (certainty, row.kind);
        }
    }
    Ok(records.map(|record| {
        let (certainty, kind) = judged
            .get(&record.id)
            .copied()
            .unwrap_or((Certainty::Possible, traced.kind));
        LotUseTrace {
            pigment_record_id: record.id,
            session_id: record.session_id,
            client_id: record.client_id,
            studio_id: record.studio_id,
            practitioner_id: record.practitioner_id,
            kind,
            zones: record.zones.as_slice().iter().map(|one| one.zone).collect(),
            occurred_at: record.occurred_at,
            voided: record.voided_at.is_some(),
            amended: record.amended_by_record_id.is_some(),
            certainty,
        }
    }))
}
