//! What the ids in an export stand for, so that a client can read it.

use std::collections::HashSet;

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::Db;
use super::safety_notices::ToldSafetyNotice;
use super::schema::{lots, pigment_record_lots, practitioners, products, rooms, studios};
use super::timeline::{TimelineEntry, TimelineThing};
use crate::domain::text::{LotCode, Name};
use crate::domain::{
    LotId, PigmentRecordId, PractitionerId, ProductId, ProductKind, RoomId, StudioId,
};
use crate::error::Result;

/// A studio by its name.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
pub struct NamedStudio {
    /// Its id.
    pub id: StudioId,
    /// Its name.
    pub name: Name,
}

/// A room by its name.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
pub struct NamedRoom {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: Name,
}

/// A practitioner by their name.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
pub struct NamedPractitioner {
    /// Their id.
    pub id: PractitionerId,
    /// Their name.
    pub name: Name,
}

/// A product by its names.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
pub struct NamedProduct {
    /// Its id.
    pub id: ProductId,
    /// What it is.
    pub kind: ProductKind,
    /// Who makes it.
    pub maker: Name,
    /// Under which brand.
    pub brand: Name,
    /// In which shade.
    pub shade: Option<Name>,
}

/// A lot by its code.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
pub struct NamedLot {
    /// Its id.
    pub id: LotId,
    /// Of which product.
    pub product_id: ProductId,
    /// The code as printed, where there is one.
    pub code: Option<LotCode>,
}

/// What the ids in an export stand for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExportNames {
    /// Where the client was, or is to be.
    pub studios: Vec<NamedStudio>,
    /// In which rooms.
    pub rooms: Vec<NamedRoom>,
    /// Who treated or assessed them, or is to.
    pub practitioners: Vec<NamedPractitioner>,
    /// What was used on them, or is spoken of in a notice.
    pub products: Vec<NamedProduct>,
    /// Of which lots.
    pub lots: Vec<NamedLot>,
}

impl ExportNames {
    /// Those of what stands in these entries and notices, and of the client's own studio.
    pub(super) fn of(
        db: &mut Db,
        studio_id: StudioId,
        entries: &[TimelineEntry],
        notices: &[ToldSafetyNotice],
    ) -> Result<Self> {
        let (mut at, mut by) = (HashSet::from([studio_id]), HashSet::new());
        let mut within: HashSet<RoomId> = HashSet::new();
        let mut record_ids: Vec<PigmentRecordId> = Vec::new();
        for entry in entries {
            match &entry.thing {
                TimelineThing::Session(session, _) => {
                    at.insert(session.studio_id);
                    by.extend(session.practitioner_id);
                    within.extend(session.room_id);
                }
                TimelineThing::Assessment(assessment) => {
                    by.insert(assessment.practitioner_id);
                }
                TimelineThing::PigmentRecord(record) => {
                    at.insert(record.studio_id);
                    by.insert(record.practitioner_id);
                    record_ids.push(record.id);
                }
                TimelineThing::Plan(plan) => by.extend(plan.practitioner_id),
                TimelineThing::Reminder(_) | TimelineThing::Task(_) => {}
            }
        }
        let used: Vec<(Option<ProductId>, Option<LotId>)> = pigment_record_lots::table
            .filter(pigment_record_lots::record_id.eq_any(record_ids))
            .select((pigment_record_lots::product_id, pigment_record_lots::lot_id))
            .load(db)?;
        let mut product_ids: HashSet<ProductId> = used.iter().filter_map(|used| used.0).collect();
        let mut lot_ids: HashSet<LotId> = used.iter().filter_map(|used| used.1).collect();
        for told in notices {
            product_ids.insert(told.product_id);
            lot_ids.extend(told.lot_id);
        }
        Ok(Self {
            studios: studios::table
                .filter(studios::id.eq_any(Vec::from_iter(at)))
                .order(studios::id)
                .select((studios::id, studios::name))
                .load(db)?,
            rooms: rooms::table
                .filter(rooms::id.eq_any(Vec::from_iter(within)))
                .order(rooms::id)
                .select((rooms::id, rooms::name))
                .load(db)?,
            practitioners: practitioners::table
                .filter(practitioners::id.eq_any(Vec::from_iter(by)))
                .order(practitioners::id)
                .select((practitioners::id, practitioners::name))
                .load(db)?,
            products: products::table
                .filter(products::id.eq_any(Vec::from_iter(product_ids)))
                .order(products::id)
                .select((
                    products::id,
                    products::kind,
                    products::maker,
                    products::brand,
                    products::shade,
                ))
                .load(db)?,
            lots: lots::table
                .filter(lots::id.eq_any(Vec::from_iter(lot_ids)))
                .order(lots::id)
                .select((lots::id, lots::product_id, lots::code))
                .load(db)?,
        })
    }
}
