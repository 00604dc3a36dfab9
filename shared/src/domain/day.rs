//! A day as the contract writes it: RFC 3339's `full-date`, and nothing that a reader might take for one.

use std::str::FromStr as _;

use chrono::NaiveDate;
use serde::de::{Deserialize, Deserializer};

use super::from_text::from_text;
use super::patch::Patch;

/// What is written where something else stood.
const WANTED: &str = "write a date of the calendar, such as 2026-12-01";

/// Reads a day: four digits, two and two. What chrono takes besides, such as a sign or a single digit, isn't one.
pub fn parse(text: &str) -> Result<NaiveDate, &'static str> {
    let is_written_so = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    match is_written_so {
        true => NaiveDate::from_str(text).map_err(|_unreadable| WANTED),
        false => Err(WANTED),
    }
}

/// A day of a request.
pub fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    Day::deserialize(deserializer).map(|day| day.0)
}

/// The same where it may be left out.
pub(super) fn maybe<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<NaiveDate>, D::Error> {
    let day = Option::<Day>::deserialize(deserializer)?;
    Ok(day.map(|day| day.0))
}

/// The same in a merge patch.
pub(super) fn patch<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<NaiveDate>, D::Error> {
    maybe(deserializer).map(Patch::named)
}

struct Day(NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, parse).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!(
            parse("1971-02-03").ok(),
            NaiveDate::from_ymd_opt(1971, 2, 3)
        );
        for loose in [
            "1971-2-3",
            "+1971-02-03",
            " 1971-02-03",
            "1971-02-03 ",
            "1971- 2- 3",
            "1971-02-3 ",
            "-971-02-03",
            "19710203",
            "1971-02-30",
            "1971/02/03",
            "１971-02-03",
            "1971-02-03T00:00:00Z",
            "",
        ] {
            assert_eq!(parse(loose), Err(WANTED), "{loose}");
        }
    }

    proptest! {
        #[test]
        fn each_day_is_read_as_it_is_written(number in 0_u64..=3_652_058) {
            let day = NaiveDate::from_ymd_opt(1, 1, 1).and_then(|first| first.checked_add_days(Days::new(number)));
            prop_assert_eq!(day.and_then(|day| parse(&day.to_string()).ok()), day);
        }

        #[test]
        fn what_is_read_is_written_so_again(text in "[+ -]?[0-9]{1,5}-[ ]?[0-9]{1,2}-[0-9]{1,3}") {
            if let Ok(day) = parse(&text) {
                prop_assert_eq!(day.to_string(), text);
            }
        }
    }
}
