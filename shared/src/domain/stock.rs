//! What products and their lots are made of.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::day;
use super::id::ProductId;
use super::lot_shape::{expiry, expiry_patch};
use super::number::ShelfDays;
use super::patch::merge_patch;
use super::text::{ExternalId, LotCode, Name, Note, Reason};
use super::vocabulary::{ExpiryPrecision, LotState, ProductKind};

/// What a product's label says. Null where nobody has looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProductLabel {
    /// Whether it says that the mixture is for tattoos or permanent make-up.
    pub intended_use_statement: Option<bool>,
    /// The ingredients, as printed.
    pub ingredients: Option<Note>,
    /// Whether it says that nickel is in it.
    pub nickel_statement: Option<bool>,
    /// Whether it says that chromium VI is in it.
    pub chromium_vi_statement: Option<bool>,
    /// How to use it safely, as printed.
    pub safety_instructions: Option<Note>,
    /// Whether it says that the content is sterile.
    pub sterile: Option<bool>,
    /// Who answers for it on the market, where that isn't the maker.
    pub responsible_person: Option<Name>,
    /// Where the maker's declaration is kept.
    pub declaration_reference: Option<Name>,
}

merge_patch! {
    /// Changes what a product's label says.
    ProductLabelPatch {
        null {
            /// Whether it says that the mixture is for tattoos or permanent make-up.
            intended_use_statement: bool,
            /// The ingredients, as printed.
            ingredients: Note,
            /// Whether it says that nickel is in it.
            nickel_statement: bool,
            /// Whether it says that chromium VI is in it.
            chromium_vi_statement: bool,
            /// How to use it safely, as printed.
            safety_instructions: Note,
            /// Whether it says that the content is sterile.
            sterile: bool,
            /// Who answers for it on the market, where that isn't the maker.
            responsible_person: Name,
            /// Where the maker's declaration is kept.
            declaration_reference: Name,
        }
    }
}

impl ProductLabelPatch {
    /// Carries the wishes out.
    pub fn apply(&self, label: &mut ProductLabel) {
        self.intended_use_statement
            .apply(&mut label.intended_use_statement);
        self.ingredients.apply(&mut label.ingredients);
        self.nickel_statement.apply(&mut label.nickel_statement);
        self.chromium_vi_statement
            .apply(&mut label.chromium_vi_statement);
        self.safety_instructions
            .apply(&mut label.safety_instructions);
        self.sterile.apply(&mut label.sterile);
        self.responsible_person.apply(&mut label.responsible_person);
        self.declaration_reference
            .apply(&mut label.declaration_reference);
    }
}

/// A new product. Kind, maker, brand and shade together name it: a recall asks for one of them and must find all uses.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// What it is.
    pub kind: ProductKind,
    /// Who makes it.
    pub maker: Name,
    /// Under which brand.
    pub brand: Name,
    /// Which shade; for what has none, which variant.
    pub shade: Option<Name>,
    /// For how many days it may be used once opened: judged by a lot's `opened_on`.
    pub period_after_opening_days: Option<ShelfDays>,
    /// What the label says.
    #[serde(default)]
    #[schema(required = false)]
    pub label: ProductLabel,
    /// Notes.
    pub notes: Option<Note>,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
}

merge_patch! {
    /// Changes a product. What kind it is stays: its uses were judged by it.
    ProductPatch {
        set {
            /// Who makes it.
            maker: Name,
            /// Under which brand.
            brand: Name,
            /// What the label says; only the fields that are named change.
            label: ProductLabelPatch,
            /// Whether it's still used.
            active: bool,
        }
        null {
            /// Which shade or variant.
            shade: Name,
            /// For how many days it may be used once opened: judged by a lot's `opened_on`.
            period_after_opening_days: ShelfDays,
            /// Notes.
            notes: Note,
            /// Another system's name for it.
            external_id: ExternalId,
        }
    }
}

/// A new lot of a product.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLot {
    /// Of which product.
    pub product_id: ProductId,
    /// The lot's code as printed, with at least one letter or digit. Either this or `no_code_reason` is given.
    pub code: Option<LotCode>,
    /// Why there is no code: nothing was printed, or it can't be read. A use of such a lot counts as a possible one of every other.
    pub no_code_reason: Option<Reason>,
    /// A second code that some makers print.
    pub batch_code: Option<LotCode>,
    /// When it expires; with month precision any day of the month.
    #[serde(default, deserialize_with = "expiry")]
    pub expires_on: Option<NaiveDate>,
    /// How exactly the expiry is printed; by the day unless said otherwise.
    pub expiry_precision: Option<ExpiryPrecision>,
    /// Who delivered it.
    pub supplier: Option<Name>,
    /// On which invoice.
    pub invoice_reference: Option<Name>,
    /// When it was delivered.
    #[serde(default, deserialize_with = "day::maybe")]
    pub received_on: Option<NaiveDate>,
    /// When the bottle in use was opened. Where the product has `period_after_opening_days`, a use after so many days more is a
    /// nonconformity, as with a lot that has expired. It's a day that has come, and not before `received_on`.
    #[serde(default, deserialize_with = "day::maybe")]
    pub opened_on: Option<NaiveDate>,
    /// Whether it may be used.
    #[serde(default = "available")]
    #[schema(value_type = LotState, required = false, default = "available")]
    pub state: LotState,
    /// Why it may not be used, where it may not.
    pub state_reason: Option<Reason>,
    /// Notes.
    pub notes: Option<Note>,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
}

fn available() -> LotState {
    LotState::Available
}

merge_patch! {
    /// Changes a lot. Which product it belongs to stays.
    LotPatch {
        set {
            /// Whether it may be used. Holding it back, or saying that it's gone, needs a `state_reason` beside it.
            state: LotState,
        }
        null {
            /// The lot's code as printed.
            code: LotCode,
            /// Why there is no code.
            no_code_reason: Reason,
            /// A second code that some makers print.
            batch_code: LotCode,
            /// When it expires. Clearing it clears its precision.
            #[serde(deserialize_with = "expiry_patch")]
            expires_on: NaiveDate,
            /// How exactly the expiry is printed; by the day where there is one and this is null.
            expiry_precision: ExpiryPrecision,
            /// Who delivered it.
            supplier: Name,
            /// On which invoice.
            invoice_reference: Name,
            /// When it was delivered.
            #[serde(deserialize_with = "day::patch")]
            received_on: NaiveDate,
            /// When the bottle in use was opened; another one, once that is opened. It's a day that has come, and not before
            /// `received_on`.
            #[serde(deserialize_with = "day::patch")]
            opened_on: NaiveDate,
            /// Why the state is what it is.
            state_reason: Reason,
            /// Notes.
            notes: Note,
            /// Another system's name for it.
            external_id: ExternalId,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::patch::Patch;

    #[test]
    fn a_month_alone_is_no_day_and_the_error_says_how_to_write_one() {
        let new = |expires_on: serde_json::Value| {
            serde_json::from_value::<NewLot>(json!({
                "product_id": ProductId::new(), "code": "K-1", "expires_on": expires_on,
            }))
        };
        for month in [
            "2027-06",
            "06/2027",
            "2027-06-31",
            "2027-6-1",
            "+2027-06-01",
            "",
        ] {
            let said = new(json!(month)).unwrap_err().to_string();
            assert!(said.contains("expiry_precision month"), "{said}");
            let patch = serde_json::from_value::<LotPatch>(json!({"expires_on": month}));
            assert_eq!(patch.unwrap_err().to_string(), said);
        }
        assert_eq!(
            new(json!("2027-06-30")).unwrap().expires_on,
            "2027-06-30".parse().ok()
        );
        assert_eq!(new(json!(null)).unwrap().expires_on, None);
        let cleared: LotPatch = serde_json::from_value(json!({"expires_on": null})).unwrap();
        assert_eq!(cleared.expires_on, Patch::Null);
        let untouched: LotPatch = serde_json::from_value(json!({})).unwrap();
        assert_eq!(untouched.expires_on, Patch::Absent);
    }

    #[test]
    fn a_label_changes_field_by_field() {
        let mut label = ProductLabel {
            sterile: Some(true),
            nickel_statement: Some(false),
            ..ProductLabel::default()
        };
        let patch: ProductPatch =
            serde_json::from_value(json!({"label": {"sterile": null, "ingredients": "CI 77266"}}))
                .unwrap();
        patch.label.value().unwrap().apply(&mut label);
        assert_eq!(label.sterile, None);
        assert_eq!(label.nickel_statement, Some(false));
        assert_eq!(label.ingredients.as_deref(), Some("CI 77266"));
        for bad in [
            json!({"label": null}),
            json!({"label": {"steril": true}}),
            json!({"kind": "needle"}),
        ] {
            assert!(
                serde_json::from_value::<ProductPatch>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }
}
