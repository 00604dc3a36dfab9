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

/// The opening of the bottle that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// On which day.
    pub on: NaiveDate,
    /// For how many days after that it may be used.
    pub usable_days: i32,
}

impl Opening {
    /// Whether it has been open for too long on a day.
    pub fn is_over_on(self, day: NaiveDate) -> bool {
        day > self.last_usable_day()
    }

    /// The last day on which it may be used.
    pub fn last_usable_day(self) -> NaiveDate {
        add_days(self.on, i64::from(self.usable_days))
    }
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
    /// When it was opened and how long it may be used since, if both are known.
    pub opening: Option<Opening>,
    /// Whether the state is that of another entry of the same lot.
    pub state_is_of_other_entry: bool,
    /// Whether the expiry is that of another entry of the same lot.
    pub expiry_is_of_other_entry: bool,
    /// Whether the opening is that of another entry of the same lot.
    pub opening_is_of_other_entry: bool,
}

impl LotFacts {
    /// The facts of a lot that was entered more than once, with what another entry says of it: the stricter of both holds.
    ///
    /// An entry that was discarded says nothing of the other: that's how somebody gets rid of one that was made by mistake.
    #[must_use]
    pub fn with_other_entry(self, other: Self) -> Self {
        let mut both = self;
        if strictness(other.state) > strictness(both.state) {
            both.state = other.state;
            both.state_is_of_other_entry = true;
        }
        if ends_sooner(
            both.expiry.map(Expiry::last_usable_day),
            other.expiry.map(Expiry::last_usable_day),
        ) {
            both.expiry = other.expiry;
            both.expiry_is_of_other_entry = true;
        }
        if ends_sooner(
            both.opening.map(Opening::last_usable_day),
            other.opening.map(Opening::last_usable_day),
        ) {
            both.opening = other.opening;
            both.opening_is_of_other_entry = true;
        }
        both
    }
}

/// Whether another entry's last day comes before the own one; one that is known comes before none.
fn ends_sooner(own: Option<NaiveDate>, other: Option<NaiveDate>) -> bool {
    other.is_some_and(|other| own.is_none_or(|own| other < own))
}

/// How much a state of one entry weighs for the other entries of the same lot.
const fn strictness(state: LotState) -> u8 {
    match state {
        LotState::Available | LotState::Discarded => 0,
        LotState::Quarantined => 1,
        LotState::Recalled => 2,
    }
}

impl Expiry {
    /// Whether the lot is past its life on a day.
    pub fn is_over_on(self, day: NaiveDate) -> bool {
        day > self.last_usable_day()
    }

    /// The last day on which the lot may be used.
    pub fn last_usable_day(self) -> NaiveDate {
        last_usable_day(self.on, self.precision)
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

    #[test]
    fn the_stricter_of_two_entries_of_a_lot_holds() {
        use LotState::{Available, Discarded, Quarantined, Recalled};

        let entry = |state, on: Option<&str>| LotFacts {
            kind: ProductKind::Pigment,
            state,
            expiry: on.map(|on| Expiry {
                on: day(on),
                precision: ExpiryPrecision::Day,
            }),
            opening: None,
            state_is_of_other_entry: false,
            expiry_is_of_other_entry: false,
            opening_is_of_other_entry: false,
        };
        for (own, other, state, is_of_other) in [
            (Available, Available, Available, false),
            (Available, Quarantined, Quarantined, true),
            (Available, Recalled, Recalled, true),
            (Quarantined, Recalled, Recalled, true),
            (Discarded, Recalled, Recalled, true),
            (Recalled, Quarantined, Recalled, false),
            (Recalled, Available, Recalled, false),
            (Available, Discarded, Available, false),
            (Discarded, Available, Discarded, false),
        ] {
            let both = entry(own, None).with_other_entry(entry(other, None));
            assert_eq!(
                (both.state, both.state_is_of_other_entry),
                (state, is_of_other),
                "{own} and {other}"
            );
        }
        let (early, late) = (Some("2027-06-30"), Some("2027-07-31"));
        for (own, other, expected) in [
            (late, early, early),
            (early, late, early),
            (None, late, late),
            (early, None, early),
            (None, None, None),
        ] {
            let both = entry(Available, own).with_other_entry(entry(Available, other));
            assert_eq!(both.expiry.map(|expiry| expiry.on), expected.map(day));
            assert_eq!(both.expiry_is_of_other_entry, expected != own);
        }
        let opened = |on: Option<&str>| LotFacts {
            opening: on.map(|on| Opening {
                on: day(on),
                usable_days: 30,
            }),
            ..entry(Available, None)
        };
        for (own, other, expected) in [
            (late, early, early),
            (early, late, early),
            (None, late, late),
            (early, None, early),
            (None, None, None),
        ] {
            let both = opened(own).with_other_entry(opened(other));
            assert_eq!(both.opening.map(|opening| opening.on), expected.map(day));
            assert_eq!(both.opening_is_of_other_entry, expected != own);
        }
    }
}
