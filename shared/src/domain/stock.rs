//! What products and their lots are made of.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::ProductId;
use super::number::ShelfDays;
use super::patch::merge_patch;
use super::text::{ExternalId, LotCode, Name, Note, Reason};
use super::vocabulary::{ExpiryPrecision, LotState, ProductKind};
use crate::error::{Error, Result};

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
    /// For how many days it may be used once opened.
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
            /// For how many days it may be used once opened.
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
    /// The lot's code as printed. Either this or `no_code_reason` is given.
    pub code: Option<LotCode>,
    /// Why there is no code: nothing was printed, or it can't be read. A use of such a lot counts as a possible one of every other.
    pub no_code_reason: Option<Reason>,
    /// A second code that some makers print.
    pub batch_code: Option<LotCode>,
    /// When it expires; with month precision any day of the month.
    pub expires_on: Option<NaiveDate>,
    /// How exactly the expiry is printed; by the day unless said otherwise.
    pub expiry_precision: Option<ExpiryPrecision>,
    /// Who delivered it.
    pub supplier: Option<Name>,
    /// On which invoice.
    pub invoice_reference: Option<Name>,
    /// When it was delivered.
    pub received_on: Option<NaiveDate>,
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
            /// How exactly the expiry is printed.
            expiry_precision: ExpiryPrecision,
        }
        null {
            /// The lot's code as printed.
            code: LotCode,
            /// Why there is no code.
            no_code_reason: Reason,
            /// A second code that some makers print.
            batch_code: LotCode,
            /// When it expires. Clearing it clears its precision.
            expires_on: NaiveDate,
            /// Who delivered it.
            supplier: Name,
            /// On which invoice.
            invoice_reference: Name,
            /// When it was delivered.
            received_on: NaiveDate,
            /// Why the state is what it is.
            state_reason: Reason,
            /// Notes.
            notes: Note,
            /// Another system's name for it.
            external_id: ExternalId,
        }
    }
}

/// What of a lot must agree with itself.
#[derive(Clone, Copy, Debug)]
pub struct LotShape<'a> {
    /// The printed code.
    pub code: Option<&'a LotCode>,
    /// Why there is none.
    pub no_code_reason: Option<&'a Reason>,
    /// When it expires.
    pub expires_on: Option<NaiveDate>,
    /// How exactly that is printed.
    pub expiry_precision: Option<ExpiryPrecision>,
    /// When it was delivered.
    pub received_on: Option<NaiveDate>,
    /// Whether it may be used.
    pub state: LotState,
    /// Why the state is what it is.
    pub state_reason: Option<&'a Reason>,
}

/// The years in which a lot may have been delivered or expire; others are mistyped.
const LOT_YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

impl LotShape<'_> {
    /// Refuses a lot that contradicts itself.
    pub fn check(&self) -> Result<()> {
        if self.code.is_some() == self.no_code_reason.is_some() {
            return Err(Error::invalid(
                "/code",
                "code_or_reason",
                "write either code, or no_code_reason where none is printed",
            ));
        }
        if self.expires_on.is_none() && self.expiry_precision.is_some() {
            return Err(Error::invalid(
                "/expiry_precision",
                "without_expiry",
                "write expires_on too, or leave out expiry_precision",
            ));
        }
        for (pointer, day) in [
            ("/expires_on", self.expires_on),
            ("/received_on", self.received_on),
        ] {
            if day.is_some_and(|day| !LOT_YEARS.contains(&day.year())) {
                return Err(Error::invalid(
                    pointer,
                    "out_of_range",
                    "write a date in the years 1990 to 2100",
                ));
            }
        }
        if self.state != LotState::Available && self.state_reason.is_none() {
            return Err(Error::invalid(
                "/state_reason",
                "required",
                "say why this lot may not be used",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lot_agrees_with_itself() {
        let code = LotCode::literal("K2291-07");
        let reason = Reason::literal("Nothing is printed on the bottle.");
        let good = LotShape {
            code: Some(&code),
            no_code_reason: None,
            expires_on: "2027-06-01".parse().ok(),
            expiry_precision: Some(ExpiryPrecision::Month),
            received_on: "2026-06-01".parse().ok(),
            state: LotState::Available,
            state_reason: None,
        };
        assert!(good.check().is_ok());
        let without_code = LotShape {
            code: None,
            no_code_reason: Some(&reason),
            ..good
        };
        assert!(without_code.check().is_ok());
        let held_back = LotShape {
            state: LotState::Quarantined,
            state_reason: Some(&reason),
            ..good
        };
        assert!(held_back.check().is_ok());

        let pointer = |shape: LotShape<'_>| match shape.check() {
            Err(Error::Invalid(fields)) => fields[0].pointer.clone(),
            other => format!("{other:?}"),
        };
        for (shape, expected) in [
            (LotShape { code: None, ..good }, "/code"),
            (
                LotShape {
                    no_code_reason: Some(&reason),
                    ..good
                },
                "/code",
            ),
            (
                LotShape {
                    expires_on: None,
                    ..good
                },
                "/expiry_precision",
            ),
            (
                LotShape {
                    state_reason: None,
                    ..held_back
                },
                "/state_reason",
            ),
            (
                LotShape {
                    expires_on: "9999-12-31".parse().ok(),
                    ..good
                },
                "/expires_on",
            ),
            (
                LotShape {
                    received_on: "0202-06-01".parse().ok(),
                    ..good
                },
                "/received_on",
            ),
        ] {
            assert_eq!(pointer(shape), expected);
        }
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
