//! Products: what is used on clients.
//!
//! Names are compared by their keys, as lots' codes are. Products that were entered twice before there were keys stay: they
//! are one product to a trace.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::schema::products;
use super::{Db, Tx};
use crate::domain::number::ShelfDays;
use crate::domain::patch::Patch;
use crate::domain::product_key::ProductKey;
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
    /// For how many days it may be used once opened: judged by a lot's `opened_on`.
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
    /// By what its name is compared.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: Option<ProductKey>,
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
            name_key: Some(ProductKey::of(&new.maker, &new.brand, new.shade.as_ref())),
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
        product.name_key = Some(product.key());
        if product == before {
            return Ok(before);
        }
        if product.name_key != before.name_key {
            // A product that was entered twice must still be changed, and taken out of use.
            product.refuse_taken_name(tx.db)?;
        }
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

    /// By what its name is compared.
    fn key(&self) -> ProductKey {
        ProductKey::of(&self.maker, &self.brand, self.shade.as_ref())
    }

    /// The other products of the same kind and name, which are this one under another id.
    pub(super) fn entered_again(&self, db: &mut Db) -> Result<Vec<ProductId>> {
        Ok(products::table
            .filter(products::name_key.eq(self.key()))
            .filter(products::kind.eq(self.kind))
            .filter(products::id.ne(self.id))
            .order(products::id)
            .select(products::id)
            .kept()
            .load(db)?)
    }

    /// Refuses a second product of the same name: a recall of the one would miss the uses of the other.
    fn refuse_taken_name(&self, db: &mut Db) -> Result<()> {
        match self.entered_again(db)?.first() {
            Some(id) => Err(Error::Refused {
                code: "product_taken",
                detail: "there is a product of this kind, maker, brand and shade already, however they're written; add lots \
                         to that one"
                    .into(),
                breaches: Vec::new(),
                conflicts: vec![serde_json::json!({ "id": id })],
            }),
            None => Ok(()),
        }
    }
}

/// A stored name and the key beside it.
type StoredName = (ProductId, Name, Name, Option<Name>, Option<ProductKey>);

/// Makes the keys of products that an older release stored, or changed, and says of how many. There are few products, so
/// one transaction is short enough.
pub(super) fn make_missing_keys(db: &mut Db) -> Result<usize> {
    if without_keys(db)?.is_empty() {
        return Ok(0);
    }
    db.begin_write()?;
    // Once more, now that nobody else can write. What failed is rolled back with its connection.
    let without = without_keys(db)?;
    for (id, key) in &without {
        diesel::update(products::table.find(*id))
            .set(products::name_key.eq(key))
            .execute(db)?;
    }
    db.commit_write()
        .map_err(|failure| Error::internal(failure.error))?;
    Ok(without.len())
}

/// The products whose keys aren't those of their names, with the right ones.
fn without_keys(db: &mut Db) -> Result<Vec<(ProductId, ProductKey)>> {
    let stored: Vec<StoredName> = products::table
        .select((
            products::id,
            products::maker,
            products::brand,
            products::shade,
            products::name_key,
        ))
        .load(db)?;
    let wrong = stored
        .into_iter()
        .filter_map(|(id, maker, brand, shade, key)| {
            let right = ProductKey::of(&maker, &brand, shade.as_ref());
            (key.as_ref() != Some(&right)).then_some((id, right))
        });
    Ok(wrong.collect())
}
