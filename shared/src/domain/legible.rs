//! Letters that nobody can read, or that make a text read other than it is.
//!
//! What was stored once is read whatever is refused today, so this isn't part of [`Name`](super::text::Name) itself.

use std::fmt;
use std::ops::Deref;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde::{Deserialize, Deserializer, de};

use super::patch::{Patch, Set};

/// A letter that is refused, with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegible {
    letter: char,
    /// Counted from one, as people count.
    place: usize,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Turns,
    HasNoLook,
    StandsIn,
    LoneMark,
}

impl fmt::Display for Illegible {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { letter, place, why } = self;
        let reason = match why {
            Why::Turns => "it changes in which direction or form the letters around it are shown",
            Why::HasNoLook => "it has no look of its own, so each device shows something else",
            Why::StandsIn => "it stands for something that isn't text",
            Why::LoneMark => {
                "it is a mark that belongs on a letter, and no letter stands before it"
            }
        };
        write!(
            formatter,
            "leave out U+{:04X}, character {place}: {reason}",
            u32::from(*letter)
        )
    }
}

/// The letters of a text that nobody can read or that mislead, in their order.
///
/// A mark on a letter, what joins emoji, and the marks that only say where a letter without a direction belongs
/// (U+200E, U+200F, U+061C) are part of ordinary writing.
pub fn illegible(text: &str) -> impl Iterator<Item = Illegible> + '_ {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut can_bear_a_mark = false;
    text.chars().enumerate().filter_map(move |(index, letter)| {
        let category = categories.get(letter);
        let is_joiner = ignorable.contains(letter);
        let is_mark = GeneralCategoryGroup::Mark.contains(category) && !is_joiner;
        let why = match letter {
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' => Some(Why::Turns),
            '\u{FFF9}'..='\u{FFFC}' => Some(Why::StandsIn),
            _ if category == GeneralCategory::PrivateUse || is_noncharacter(letter) => {
                Some(Why::HasNoLook)
            }
            _ if is_mark && !can_bear_a_mark => Some(Why::LoneMark),
            _ => None,
        };
        if !is_mark && !is_joiner {
            // A mark behind a template's tag would stand on the last letter of somebody's name.
            can_bear_a_mark = !letter.is_whitespace() && !letter.is_control() && letter != '}';
        }
        why.map(|why| Illegible {
            letter,
            place: index + 1,
            why,
        })
    })
}

fn is_noncharacter(letter: char) -> bool {
    let number = u32::from(letter);
    number & 0xFFFE == 0xFFFE || matches!(number, 0xFDD0..=0xFDEF)
}

/// Says what can't be read in a text, if anything.
pub(super) fn check(text: &str) -> Result<(), String> {
    illegible(text)
        .next()
        .map_or(Ok(()), |found| Err(found.to_string()))
}

fn checked<T: Deref<Target = str>, E: de::Error>(text: T) -> Result<T, E> {
    check(&text).map_err(E::custom)?;
    Ok(text)
}

/// Reads a field that must be there.
pub(super) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Deref<Target = str>,
{
    checked(T::deserialize(deserializer)?)
}

/// Reads a field that may be left out; it needs `default` beside this.
pub(super) fn maybe<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Deref<Target = str>,
{
    Option::<T>::deserialize(deserializer)?
        .map(checked)
        .transpose()
}

/// Reads a field of a merge patch that can't be cleared.
pub(super) fn set<'de, D, T>(deserializer: D) -> Result<Set<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Deref<Target = str>,
{
    text(deserializer).map(Set::Value)
}

/// Reads a field of a merge patch that can be cleared.
pub(super) fn patch<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Deref<Target = str>,
{
    maybe(deserializer).map(Patch::named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_legible() {
        for text in [
            "Zoë",
            "Zoe\u{308}",
            "Nguyễn Thị Mẫu",
            "Nguye\u{302}\u{303}n",
            "例美玲",
            "ליאורה שָׁלוֹם",
            "ב\u{5B0}\u{5BC}רכה",
            "مُحَمَّد",
            "ليلى \u{200F}(2)",
            "\u{200F}שלום",
            "क्षितिज",
            "ശ്രീ\u{200D}",
            "นฤมล ธีรพงศ์",
            "👩🏽\u{200D}🦲",
            "❤\u{FE0F} 1\u{FE0F}\u{20E3}",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "Hello {{ client_name }}, ❤\u{FE0F}",
            "soft\u{AD}hyphen, ca\u{200B}t",
        ] {
            assert_eq!(illegible(text).next(), None, "{text}");
        }
    }

    #[test]
    fn what_nobody_reads_is_told_with_its_place() {
        for (text, place, why) in [
            ("a\u{202E}b", 2, Why::Turns),
            ("\u{2068}Ada\u{2069}", 1, Why::Turns),
            ("ab\u{206E}", 3, Why::Turns),
            ("Ada \u{E000}", 5, Why::HasNoLook),
            ("\u{10FFFD}", 1, Why::HasNoLook),
            ("a\u{FFFE}", 2, Why::HasNoLook),
            ("\u{FFFC}", 1, Why::StandsIn),
            ("\u{301}", 1, Why::LoneMark),
            ("a \u{301}b", 3, Why::LoneMark),
            ("\u{200B}\u{5B0}", 2, Why::LoneMark),
            ("{{ when }}\u{301}", 11, Why::LoneMark),
        ] {
            let found = illegible(text).next();
            let found = found.map(|found| (found.place, found.why));
            assert_eq!(found, Some((place, why)), "{}", text.escape_unicode());
        }
        assert_eq!(
            check("Ada\u{202E}"),
            Err("leave out U+202E, character 4: it changes in which direction or form the letters around it are shown".into())
        );
        assert_eq!(illegible("\u{E000}a\u{E001}").count(), 2);
    }
}
