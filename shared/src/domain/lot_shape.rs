//! Whether a lot agrees with itself, and how the end of its life is read.

use chrono::{Datelike, NaiveDate};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use serde::{Deserialize, Deserializer};

use super::day;
use super::from_text::from_text;
use super::instant::Instant;
use super::local_time::latest_today;
use super::patch::Patch;
use super::text::{LotCode, Reason};
use super::vocabulary::{ExpiryPrecision, LotState};
use crate::error::{Error, FieldError, Result};

/// What of a lot must agree with itself.
#[derive(Clone, Copy, Debug)]
pub struct LotShape<'a> {
    /// The printed code.
    pub code: Option<&'a LotCode>,
    /// The second code.
    pub batch_code: Option<&'a LotCode>,
    /// Why no code is printed.
    pub no_code_reason: Option<&'a Reason>,
    /// When it expires.
    pub expires_on: Option<NaiveDate>,
    /// How exactly that is printed.
    pub expiry_precision: Option<ExpiryPrecision>,
    /// When it was delivered.
    pub received_on: Option<NaiveDate>,
    /// When it was opened.
    pub opened_on: Option<NaiveDate>,
    /// Whether it may be used.
    pub state: LotState,
    /// Why the state is what it is.
    pub state_reason: Option<&'a Reason>,
}

/// The years in which a lot may have been delivered or expire; others are mistyped.
const LOT_YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

impl LotShape<'_> {
    /// Refuses a lot that contradicts itself. Codes that stood there before are left alone, and so is when it was opened.
    pub fn check(&self, before: Option<&Self>, now: Instant) -> Result<()> {
        let mut wrong = Vec::new();
        let mut say = |pointer: &str, code: &str, detail: &str| {
            wrong.push(FieldError::new(pointer, code, detail));
        };
        if self.code.is_some() == self.no_code_reason.is_some() {
            say(
                "/code",
                "code_or_reason",
                "write either code, or no_code_reason where none is printed",
            );
        }
        for (pointer, code, stood_there, instead) in [
            (
                "/code",
                self.code,
                before.and_then(|before| before.code),
                "where none is printed, leave it out and say so in no_code_reason",
            ),
            (
                "/batch_code",
                self.batch_code,
                before.and_then(|before| before.batch_code),
                "where none is printed, leave it out",
            ),
        ] {
            if code != stood_there && code.is_some_and(|code| !tells_lots_apart(code)) {
                let detail = format!(
                    "write the code as printed, with at least one letter or digit; {instead}"
                );
                say(pointer, "no_letter_or_digit", &detail);
            }
        }
        if self.expires_on.is_none() && self.expiry_precision.is_some() {
            say(
                "/expiry_precision",
                "without_expiry",
                "write expires_on too, or leave out expiry_precision; June 2027 is expires_on 2027-06-01, or any other of \
                 its days, with expiry_precision month",
            );
        }
        for (pointer, day) in [
            ("/expires_on", self.expires_on),
            ("/received_on", self.received_on),
            ("/opened_on", self.opened_on),
        ] {
            if day.is_some_and(|day| !LOT_YEARS.contains(&day.year())) {
                say(
                    pointer,
                    "out_of_range",
                    "write a date in the years 1990 to 2100",
                );
            }
        }
        if let Some((pointer, code, detail)) = self.wrong_opening(before, now) {
            say(pointer, code, detail);
        }
        if self.state != LotState::Available && self.state_reason.is_none() {
            say(
                "/state_reason",
                "required",
                "say why this lot may not be used",
            );
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(Error::Invalid(wrong)),
        }
    }
}

impl LotShape<'_> {
    /// What is wrong with the day on which it was opened, unless an older release took it so: the field, a code, what to do.
    fn wrong_opening(
        &self,
        before: Option<&Self>,
        now: Instant,
    ) -> Option<(&'static str, &'static str, &'static str)> {
        let opened_on = self.opened_on?;
        let is_news = before.is_none_or(|before| before.opened_on != self.opened_on);
        if is_news && opened_on > latest_today(now) {
            let advice = "write the day on which it was opened; leave it out until then";
            return Some(("/opened_on", "in_the_future", advice));
        }
        let delivery_is_news = before.is_none_or(|before| before.received_on != self.received_on);
        let is_too_early = self
            .received_on
            .is_some_and(|received_on| opened_on < received_on);
        if !is_too_early || !(is_news || delivery_is_news) {
            return None;
        }
        let advice = "write a day of opening that isn't before the delivery: opened_on and received_on contradict each other";
        let pointer = match is_news {
            true => "/opened_on",
            false => "/received_on",
        };
        Some((pointer, "before_delivery", advice))
    }
}

/// Whether a code has a letter or a digit. One of dashes alone is what people write where nothing is printed, and would make
/// one lot of all such bottles.
fn tells_lots_apart(code: &str) -> bool {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let telling = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number);
    code.chars()
        .any(|letter| telling.contains(categories.get(letter)))
}

/// What to write where only the month is printed.
const NOT_A_DAY: &str = "write a date of the calendar, such as 2027-06-30; where only the month is printed, any day of it, with \
                         expiry_precision month";

fn expiry_day(text: &str) -> Result<NaiveDate, &'static str> {
    day::parse(text).map_err(|_unreadable| NOT_A_DAY)
}

/// The day of an expiry, where one is given.
pub(super) fn expiry<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<NaiveDate>, D::Error> {
    let day = Option::<ExpiryDay>::deserialize(deserializer)?;
    Ok(day.map(|day| day.0))
}

/// The same in a merge patch.
pub(super) fn expiry_patch<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<NaiveDate>, D::Error> {
    expiry(deserializer).map(Patch::named)
}

struct ExpiryDay(NaiveDate);

impl<'de> Deserialize<'de> for ExpiryDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, expiry_day).map(Self)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    /// The last moment at which it's 2026-11-25 everywhere.
    fn now() -> Instant {
        Instant::parse("2026-11-25T09:59:59.999Z").unwrap()
    }

    #[test]
    fn a_lot_agrees_with_itself() {
        let code = LotCode::literal("K2291-07");
        let reason = Reason::literal("Nothing is printed on the bottle.");
        let good = LotShape {
            code: Some(&code),
            batch_code: None,
            no_code_reason: None,
            expires_on: "2027-06-01".parse().ok(),
            expiry_precision: Some(ExpiryPrecision::Month),
            received_on: "2026-06-01".parse().ok(),
            opened_on: None,
            state: LotState::Available,
            state_reason: None,
        };
        assert!(good.check(None, now()).is_ok());
        let without_code = LotShape {
            code: None,
            no_code_reason: Some(&reason),
            ..good
        };
        assert!(without_code.check(None, now()).is_ok());
        let held_back = LotShape {
            state: LotState::Quarantined,
            state_reason: Some(&reason),
            ..good
        };
        assert!(held_back.check(None, now()).is_ok());

        let pointer = |shape: LotShape<'_>| match shape.check(None, now()) {
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

    fn pointers(shape: &LotShape<'_>, before: Option<&LotShape<'_>>) -> Vec<String> {
        match shape.check(before, now()) {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(fields)) => fields.into_iter().map(|field| field.pointer).collect(),
            Err(other) => vec![format!("{other:?}")],
        }
    }

    fn with<'a>(code: &'a LotCode, batch_code: Option<&'a LotCode>) -> LotShape<'a> {
        LotShape {
            code: Some(code),
            batch_code,
            no_code_reason: None,
            expires_on: None,
            expiry_precision: None,
            received_on: None,
            opened_on: None,
            state: LotState::Available,
            state_reason: None,
        }
    }

    #[test]
    fn a_code_has_a_letter_or_a_digit() {
        let good = LotCode::literal("K-1");
        for bad in [
            "-", "--- /", "?", ".", "°", "\u{301}", "\u{345}", "\u{2014}", "👍",
        ] {
            let bad = LotCode::parse(bad).unwrap();
            let told = |shape: LotShape<'_>| pointers(&shape, None);
            assert_eq!(told(with(&bad, None)), ["/code"], "{}", bad.as_str());
            assert_eq!(told(with(&good, Some(&bad))), ["/batch_code"]);
            assert_eq!(told(with(&bad, Some(&bad))), ["/code", "/batch_code"]);
            // What an older release took stands, so that such a lot can still be called back.
            let before = with(&bad, Some(&bad));
            assert!(pointers(&before, Some(&before)).is_empty());
            assert_eq!(
                pointers(&with(&bad, None), Some(&with(&good, None))),
                ["/code"]
            );
        }
        for good in ["1", "-1-", "é", "e\u{301}", "Ω", "२", "ロット", "٣"] {
            let code = LotCode::parse(good).unwrap();
            assert!(
                pointers(&with(&code, Some(&code)), None).is_empty(),
                "{good}"
            );
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_lot_is_told_at_once() {
        let code = LotCode::literal("-");
        let wrong = LotShape {
            code: Some(&code),
            batch_code: None,
            no_code_reason: None,
            expires_on: None,
            expiry_precision: Some(ExpiryPrecision::Month),
            received_on: "0202-06-01".parse().ok(),
            opened_on: None,
            state: LotState::Recalled,
            state_reason: None,
        };
        assert_eq!(
            pointers(&wrong, None),
            [
                "/code",
                "/expiry_precision",
                "/received_on",
                "/state_reason"
            ]
        );
    }

    #[test]
    fn a_bottle_is_opened_after_it_came_and_not_in_the_future() {
        let code = LotCode::literal("K-1");
        let dated = |received: &str, opened: &str| LotShape {
            received_on: received.parse().ok(),
            opened_on: opened.parse().ok(),
            ..with(&code, None)
        };
        for (received, opened, expected) in [
            ("", "2026-11-25", None),
            ("", "2026-11-26", Some("/opened_on")),
            ("", "2100-12-31", Some("/opened_on")),
            ("2026-11-20", "2026-11-20", None),
            ("2026-11-20", "2026-11-19", Some("/opened_on")),
            ("2026-11-20", "", None),
        ] {
            let told = pointers(&dated(received, opened), None);
            assert_eq!(told, expected.as_slice(), "{received} and {opened}");
        }
        let shape = dated("", "2026-11-26");
        // On some islands it's tomorrow already.
        let later = Instant::parse("2026-11-25T10:00:00Z").unwrap();
        assert!(shape.check(None, later).is_ok());

        // What an older release took stands, so that such a lot can still be called back.
        let contradiction = dated("2026-11-20", "2026-11-19");
        assert!(pointers(&contradiction, Some(&contradiction)).is_empty());
        let ahead = dated("", "2100-12-31");
        assert!(pointers(&ahead, Some(&ahead)).is_empty());
        let moved = dated("2026-11-21", "2026-11-20");
        let before = dated("2026-11-20", "2026-11-20");
        assert_eq!(pointers(&moved, Some(&before)), ["/received_on"]);
    }
}
