//! By what lot codes are compared: two people who copy one label don't write it alike.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointSetData;
use icu_properties::props::Dash;

use super::text::{LotCode, is_invisible};

/// A lot's code without case, white space, kinds of dashes and full-width forms: what is compared, never what is shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LotKey(String);

impl LotKey {
    /// That by which a code is compared.
    pub fn of(code: &LotCode) -> Self {
        Self(lot_key(code))
    }

    /// One that was stored.
    pub fn parse(stored: &str) -> Result<Self, String> {
        Ok(Self(stored.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// As with the code itself: what is printed on a bottle has no place in a log.
impl fmt::Debug for LotKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LotKey(…)")
    }
}

/// The code as it's compared. Letters that look alike stay apart: whether an O is a zero, only the maker knows.
pub fn lot_key(code: &str) -> String {
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    let mapper = CaseMapper::new();
    let step = |text: &str| -> String {
        let text = normalizer.normalize(text);
        let folded = mapper.fold_string(&text);
        normalizer
            .normalize(&folded)
            .chars()
            .filter(|letter| !is_invisible(*letter))
            .map(|letter| if is_dash(letter) { '-' } else { letter })
            .collect()
    };
    // What is left out can have kept apart what belongs together, so it's done until nothing changes.
    let mut key = step(code);
    loop {
        let next = step(&key);
        if next == key {
            return key;
        }
        key = next;
    }
}

fn is_dash(letter: char) -> bool {
    // Unicode calls this one a modifier letter, but it's printed as a minus.
    letter == '\u{2d7}' || CodePointSetData::new::<Dash>().contains(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_label_has_one_key() {
        for (one, other) in [
            ("AB-1", "Ab-1"),
            ("AB-1", "  ab-1 "),
            ("LOT 2291", "lot\u{a0} 2291"),
            ("LOT 2291", "Lot2291"),
            ("K2291-07", "K2291\u{2013}07"),
            ("K2291-07", "K2291\u{2011}07"),
            ("K2291-07", "K2291\u{2212}07"),
            ("K2291-07", "K2291\u{2d7}07"),
            ("K2291-07", "K2291 - 07"),
            ("K2291-07", "\u{ff2b}２２９１\u{ff0d}０７"),
            ("ÄRZTE-1", "a\u{308}rzte-1"),
            ("ΑΘΉΝΑΣ", "αθήνας"),
            ("STRASSE", "straße"),
            ("AB-1", "A\u{200b}B-1"),
        ] {
            assert_eq!(lot_key(one), lot_key(other), "{one} and {other}");
        }
    }

    #[test]
    fn other_labels_have_other_keys() {
        for (one, other) in [
            ("AB-1", "AB-2"),
            ("AB-1", "AB1"),
            ("AB-1", "AB_1"),
            ("AB-1", "AB/1"),
            ("O1", "01"),
            ("I1", "l1"),
            ("A1", "Ä1"),
            ("01", "1"),
        ] {
            assert_ne!(lot_key(one), lot_key(other), "{one} and {other}");
        }
    }

    fn dashes() -> impl Strategy<Value = char> {
        proptest::sample::select(vec![
            '-', '\u{2010}', '\u{2013}', '\u{2014}', '\u{2212}', '－',
        ])
    }

    fn gaps() -> impl Strategy<Value = String> {
        "[ \u{a0}\u{3000}\u{200b}]{0,3}"
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(code in "\\PC{1,60}") {
            let key = lot_key(&code);
            prop_assert_eq!(lot_key(&key), key);
        }

        #[test]
        fn every_code_has_a_key(code in "\\PC{1,60}") {
            if let Ok(code) = LotCode::parse(&code) {
                prop_assert!(!LotKey::of(&code).as_str().is_empty());
            }
        }

        #[test]
        fn a_key_has_nothing_that_is_written_in_two_ways(code in "\\PC{1,60}") {
            let key = lot_key(&code);
            prop_assert!(!key.chars().any(is_invisible));
            prop_assert!(!key.chars().any(|letter| letter != '-' && is_dash(letter)));
            prop_assert!(!key.chars().any(|letter| letter.is_ascii_uppercase()));
        }

        #[test]
        fn how_it_is_written_does_not_matter(
            parts in proptest::collection::vec("[A-Z0-9]{1,4}", 1..5),
            dash in dashes(),
            gap in gaps(),
        ) {
            let plain = parts.join("-");
            let spaced = parts.join(&format!("{gap}{dash}{gap}"));
            let wide: String = plain
                .chars()
                .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c))
                .collect();
            let key = plain.to_lowercase();
            for written in [&plain, &spaced, &wide, &plain.to_lowercase(), &format!("{gap}{plain}{gap}")] {
                prop_assert_eq!(&lot_key(written), &key);
            }
        }

        #[test]
        fn what_is_printed_in_plain_letters_stays_apart(one in "[a-z0-9./-]{1,12}", other in "[a-z0-9./-]{1,12}") {
            prop_assert_eq!(lot_key(&one) == lot_key(&other), one == other);
        }
    }
}
