//! How sure it is that something was used: the question of a recall.

use super::id::{LotId, ProductId};
use super::text_enum::text_enums;
use super::vocabulary::ProductKind;

text_enums! {
    /// How sure it is that something was used; the surer one sorts first.
    Certainty {
        /// It was used.
        Exposed = "exposed",
        /// It may have been used: the lot or the product isn't known.
        Possible = "possible",
    }
}

/// What a recall asks for: a product with all its lots, or one lot of it.
#[derive(Clone, Debug)]
pub struct Traced {
    /// What the product is.
    pub kind: ProductKind,
    /// The product, under each id that it was entered with.
    pub product_ids: Vec<ProductId>,
    /// The lot, where it's about one alone.
    pub lot_id: Option<LotId>,
    /// The same lot under other ids, where it was entered more than once.
    pub entered_again: Vec<LotId>,
    /// The product's lots that have no code: each may be the one that is asked for.
    pub lots_without_code: Vec<LotId>,
}

impl Traced {
    /// How sure it is that this use was of it; none where it certainly was not.
    pub fn certainty(
        &self,
        kind: ProductKind,
        product_id: Option<ProductId>,
        lot_id: Option<LotId>,
    ) -> Option<Certainty> {
        let Some(product_id) = product_id else {
            return (kind == self.kind).then_some(Certainty::Possible);
        };
        if !self.product_ids.contains(&product_id) {
            return None;
        }
        match (self.lot_id, lot_id) {
            (None, _) => Some(Certainty::Exposed),
            (Some(_), None) => Some(Certainty::Possible),
            (Some(asked), Some(used)) if asked == used || self.entered_again.contains(&used) => {
                Some(Certainty::Exposed)
            }
            (Some(_), Some(used)) => self
                .lots_without_code
                .contains(&used)
                .then_some(Certainty::Possible),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_that_is_not_known_may_be_any() {
        let (product, other_product) = (ProductId::new(), ProductId::new());
        let (lot, other_lot, without_code) = (LotId::new(), LotId::new(), LotId::new());
        let again = LotId::new();
        let product_again = ProductId::new();
        let of_lot = Traced {
            kind: ProductKind::Diluent,
            product_ids: vec![product, product_again],
            lot_id: Some(lot),
            entered_again: vec![again],
            lots_without_code: vec![without_code],
        };
        let of_product = Traced {
            lot_id: None,
            ..of_lot.clone()
        };
        let kind = ProductKind::Diluent;
        let (exposed, possible) = (Some(Certainty::Exposed), Some(Certainty::Possible));
        for (product_id, lot_id, by_lot, by_product) in [
            (Some(product), Some(lot), exposed, exposed),
            (Some(product), Some(again), exposed, exposed),
            (Some(product), Some(other_lot), None, exposed),
            (Some(product), Some(without_code), possible, exposed),
            (Some(product), None, possible, exposed),
            (Some(product_again), Some(again), exposed, exposed),
            (Some(product_again), Some(other_lot), None, exposed),
            (Some(other_product), Some(LotId::new()), None, None),
            (Some(other_product), None, None, None),
            (None, None, possible, possible),
        ] {
            assert_eq!(of_lot.certainty(kind, product_id, lot_id), by_lot);
            assert_eq!(of_product.certainty(kind, product_id, lot_id), by_product);
        }
        assert_eq!(of_lot.certainty(ProductKind::Needle, None, None), None);
    }

    #[test]
    fn a_lot_used_in_another_place_is_traced_all_the_same() {
        let product_id = ProductId::new();
        let traced = Traced {
            kind: ProductKind::Diluent,
            product_ids: vec![product_id],
            lot_id: Some(LotId::new()),
            entered_again: Vec::new(),
            lots_without_code: Vec::new(),
        };
        assert_eq!(
            traced.certainty(ProductKind::Pigment, Some(product_id), traced.lot_id),
            Some(Certainty::Exposed)
        );
    }
}
