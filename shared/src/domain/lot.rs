//! Whether a lot may be used on a day.

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::local_time::add_days;
use super::vocabulary::{ExpiryPrecision, LotState, ProductKind};

/// The end of a lot's life, as exactly as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// The day; with month precision any day of the month.
    pub on: NaiveDate,
    /// How exactly it is printed.
    pub precision: ExpiryPrecision,
}

/// What a rule has to know of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotFacts {
    /// What its product is.
    pub kind: ProductKind,
    /// Whether it may be used.
    pub state: LotState,
    /// When it expires, if anything is printed.
    pub expiry: Option<Expiry>,
}

impl Expiry {
    /// Whether the lot is past its life on a day.
    pub fn is_over_on(self, day: NaiveDate) -> bool {
        day > last_usable_day(self.on, self.precision)
    }
}

/// The last day on which a lot may be used: the day itself, or the last day of the month.
pub fn last_usable_day(expires_on: NaiveDate, precision: ExpiryPrecision) -> NaiveDate {
    match precision {
        ExpiryPrecision::Day => expires_on,
        ExpiryPrecision::Month => expires_on
            .with_day(1)
            .and_then(|first| first.checked_add_months(Months::new(1)))
            .map_or(expires_on, |next| add_days(next, -1)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_lasts_through_its_last_day() {
        for (on, last) in [
            ("2028-02-01", "2028-02-29"),
            ("2027-02-28", "2027-02-28"),
            ("2027-12-15", "2027-12-31"),
            ("2027-01-31", "2027-01-31"),
        ] {
            assert_eq!(
                last_usable_day(day(on), ExpiryPrecision::Month),
                day(last),
                "{on}"
            );
            assert_eq!(last_usable_day(day(on), ExpiryPrecision::Day), day(on));
        }
        let expiry = Expiry {
            on: day("2027-06-01"),
            precision: ExpiryPrecision::Month,
        };
        assert!(!expiry.is_over_on(day("2027-06-30")));
        assert!(expiry.is_over_on(day("2027-07-01")));
    }
}
