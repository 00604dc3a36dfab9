//! Products: what is used on clients.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::schema::products;
use super::{Db, Tx};
use crate::domain::number::ShelfDays;
use crate::domain::patch::Patch;
use crate::domain::stock::{NewProduct, ProductLabel, ProductPatch};
use crate::domain::text::{ExternalId, Name, Note};
use crate::domain::{Instant, ProductId, ProductKind};
use crate::error::{Error, Result};

/// A pigment, a diluent, a needle or an anaesthetic, as its maker sells it.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = products, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// What it is.
    pub kind: ProductKind,
    /// Who makes it.
    pub maker: Name,
    /// Under which brand.
    pub brand: Name,
    /// Which shade or variant.
    pub shade: Option<Name>,
    /// For how many days it may be used once opened.
    pub period_after_opening_days: Option<i32>,
    /// What the label says.
    #[schema(value_type = ProductLabel)]
    pub label: Json<ProductLabel>,
    /// Notes.
    pub notes: Option<Note>,
    /// Whether it's still used.
    pub active: bool,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was added.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(products, Product, ProductId, "product");

/// Which products are asked for.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// Those of this kind.
    pub kind: Option<ProductKind>,
    /// Only those that are still used, or only those that aren't.
    pub active: Option<bool>,
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
}

impl Product {
    /// Adds a product.
    pub fn add(tx: &mut Tx<'_>, new: &NewProduct) -> Result<Self> {
        let now = tx.now();
        let product = Self {
            id: ProductId::new(),
            external_id: new.external_id.clone(),
            kind: new.kind,
            maker: new.maker.clone(),
            brand: new.brand.clone(),
            shade: new.shade.clone(),
            period_after_opening_days: new
                .period_after_opening_days
                .map(|days| i32::from(days.get())),
            label: Json(new.label.clone()),
            notes: new.notes.clone(),
            active: true,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        product.refuse_taken_name(tx.db)?;
        refuse_taken_external_id!(tx.db, products, product.id, &product.external_id);
        product.create(tx, "product.added")
    }

    /// Changes a product.
    pub fn change(
        tx: &mut Tx<'_>,
        id: ProductId,
        expected: Option<i64>,
        patch: &ProductPatch,
    ) -> Result<Self> {
        let before = Self::find_for_change(tx.db, id, expected)?;
        let mut product = before.clone();
        patch.maker.apply(&mut product.maker);
        patch.brand.apply(&mut product.brand);
        patch.shade.apply(&mut product.shade);
        match patch.period_after_opening_days {
            Patch::Absent => {}
            Patch::Null => product.period_after_opening_days = None,
            Patch::Value(days) => {
                product.period_after_opening_days = Some(i32::from(ShelfDays::get(days)));
            }
        }
        if let Some(label) = patch.label.value() {
            label.apply(&mut product.label.0);
        }
        patch.notes.apply(&mut product.notes);
        patch.active.apply(&mut product.active);
        patch.external_id.apply(&mut product.external_id);
        if product == before {
            return Ok(before);
        }
        product.refuse_taken_name(tx.db)?;
        refuse_taken_external_id!(tx.db, products, id, &product.external_id);
        product.save(tx, "product.changed", None)
    }

    /// A page of products.
    pub fn list(db: &mut Db, filter: &ProductFilter, page: &PageRequest) -> Result<Page<Self>> {
        let mut query = products::table.into_boxed();
        if let Some(kind) = filter.kind {
            query = query.filter(products::kind.eq(kind));
        }
        if let Some(active) = filter.active {
            query = query.filter(products::active.eq(active));
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(products::external_id.eq(external_id.clone()));
        }
        load_page!(db, products, Product, query, page)
    }

    /// Refuses a second product of the same name: a recall of the one would miss the uses of the other.
    fn refuse_taken_name(&self, db: &mut Db) -> Result<()> {
        let mut query = products::table
            .filter(products::kind.eq(self.kind))
            .filter(products::maker.eq(&self.maker))
            .filter(products::brand.eq(&self.brand))
            .filter(products::id.ne(self.id))
            .into_boxed();
        query = match &self.shade {
            Some(shade) => query.filter(products::shade.eq(shade.clone())),
            None => query.filter(products::shade.is_null()),
        };
        let taken: Option<ProductId> = query.select(products::id).get_result(db).optional()?;
        match taken {
            Some(id) => Err(Error::Refused {
                code: "product_taken",
                detail: "there is a product of this kind, maker, brand and shade already; add lots to that one".into(),
                breaches: Vec::new(),
                conflicts: vec![serde_json::json!({ "id": id })],
            }),
            None => Ok(()),
        }
    }
}
