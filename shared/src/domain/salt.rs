//! SALT, the severity of alopecia areata: loss in four regions of the scalp, weighted by their size.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::Percent;
use super::text_enum::text_enums;

/// The share of hair that is lost in each region of the scalp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaltRegions {
    /// The top, 40 % of the scalp.
    pub vertex: Percent,
    /// The back, 24 % of the scalp.
    pub posterior: Percent,
    /// The left side, 18 % of the scalp.
    pub left: Percent,
    /// The right side, 18 % of the scalp.
    pub right: Percent,
}

/// The share of hair that is lost in each region, and the score that follows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SaltScore {
    /// The top, 40 % of the scalp.
    pub vertex: Percent,
    /// The back, 24 % of the scalp.
    pub posterior: Percent,
    /// The left side, 18 % of the scalp.
    pub left: Percent,
    /// The right side, 18 % of the scalp.
    pub right: Percent,
    /// The score, to one decimal.
    #[schema(minimum = 0, maximum = 100, example = 11.4)]
    pub total: f64,
    /// The band that the score falls in.
    pub band: SaltBand,
}

impl From<SaltRegions> for SaltScore {
    fn from(regions: SaltRegions) -> Self {
        Self {
            vertex: regions.vertex,
            posterior: regions.posterior,
            left: regions.left,
            right: regions.right,
            total: regions.total(),
            band: regions.band(),
        }
    }
}

text_enums! {
    /// The band that a SALT score falls in.
    SaltBand {
        /// No loss.
        None = "none",
        /// Above 0 and below 21.
        Mild = "mild",
        /// From 21 and below 50.
        Moderate = "moderate",
        /// From 50 and below 95.
        Severe = "severe",
        /// From 95.
        VerySevere = "very_severe",
    }
}

impl SaltRegions {
    /// The score from 0 to 100, to one decimal.
    pub fn total(self) -> f64 {
        f64::from(self.tenths()) / 10.0
    }

    /// The band of the score as shown; published bands are whole numbers, so what lies between two counts to the lower.
    pub fn band(self) -> SaltBand {
        match self.tenths() {
            0 => SaltBand::None,
            1..210 => SaltBand::Mild,
            210..500 => SaltBand::Moderate,
            500..950 => SaltBand::Severe,
            _ => SaltBand::VerySevere,
        }
    }

    fn tenths(self) -> u32 {
        let weighed = |percent: Percent, weight: u32| u32::from(percent.get()) * weight;
        let hundredths = weighed(self.vertex, 40)
            + weighed(self.posterior, 24)
            + weighed(self.left, 18)
            + weighed(self.right, 18);
        (hundredths + 5) / 10
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn regions(vertex: i64, posterior: i64, left: i64, right: i64) -> SaltRegions {
        let percent = |value| Percent::new(value).unwrap();
        SaltRegions {
            vertex: percent(vertex),
            posterior: percent(posterior),
            left: percent(left),
            right: percent(right),
        }
    }

    #[test]
    fn the_score_weighs_the_regions() {
        for (regions, total, band) in [
            (regions(0, 0, 0, 0), 0.0, SaltBand::None),
            (regions(1, 0, 0, 0), 0.4, SaltBand::Mild),
            (regions(50, 0, 0, 0), 20.0, SaltBand::Mild),
            (regions(50, 4, 0, 0), 21.0, SaltBand::Moderate),
            (regions(0, 25, 30, 0), 11.4, SaltBand::Mild),
            (regions(100, 24, 13, 11), 50.1, SaltBand::Severe),
            (regions(100, 100, 100, 72), 95.0, SaltBand::VerySevere),
            (regions(100, 100, 100, 100), 100.0, SaltBand::VerySevere),
        ] {
            assert_eq!(
                (regions.total(), regions.band()),
                (total, band),
                "{regions:?}"
            );
        }
    }

    #[test]
    fn a_region_is_named_and_bounded() {
        assert!(
            serde_json::from_str::<SaltRegions>(
                r#"{"vertex":1,"posterior":2,"left":3,"right":101}"#
            )
            .is_err()
        );
        assert!(
            serde_json::from_str::<SaltRegions>(
                r#"{"vertex":1,"posterior":2,"left":3,"right":4,"top":1}"#
            )
            .is_err()
        );
    }
}
