//! Names and addresses of other people made safe to stand in a line of ours.

use crate::domain::neutral::clinical_word;
use crate::domain::text::is_invisible;

/// Marks that change the direction of what follows them: a name must not bring its own.
const DIRECTION_MARKS: [char; 12] = [
    '\u{061C}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// One line: control characters and line breaks become a space, runs of space one space, and no mark that turns the
/// direction stays.
pub fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !DIRECTION_MARKS.contains(c))
        .collect();
    unbroken(&plain)
}

/// One line of our own, with the marks and the spaces that hold words together as they are.
pub fn unbroken(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let space = |c: char| c.is_whitespace() && !matches!(c, '\u{A0}' | '\u{202F}');
    text.split(|c: char| breaks(c) || space(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

/// The first of these names that is there and tells nothing of what is treated, as one line; else the general one.
pub fn neutral<'a>(own: impl IntoIterator<Item = &'a str>, general: &str) -> String {
    own.into_iter()
        .map(one_line)
        .find(|own| !own.chars().all(is_invisible) && clinical_word(own).is_none())
        .unwrap_or_else(|| general.to_owned())
}

/// An address on several lines as one line with commas.
pub fn joined_lines(text: &str) -> String {
    text.lines()
        .map(one_line)
        .map(|line| line.trim_end_matches(',').to_owned())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Sets a name apart from the sentence around it, so that a name in the other direction doesn't turn the rest.
///
/// A name in the sentence's own direction stays as it is, because some programs show the marks as boxes.
pub fn isolated(name: &str, sentence: Direction) -> String {
    let turns = match sentence {
        Direction::LeftToRight => name.chars().any(is_right_to_left),
        Direction::RightToLeft => name.chars().any(|c| !is_right_to_left(c)),
    };
    if turns {
        format!("\u{2068}{name}\u{2069}")
    } else {
        name.to_owned()
    }
}

/// The direction that a language is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As in English.
    LeftToRight,
    /// As in Hebrew.
    RightToLeft,
}

impl Direction {
    /// The direction of a language, by its tag.
    pub fn of(tag: &str) -> Self {
        let mut parts = tag.split('-');
        let primary = parts.next().unwrap_or_default();
        let script = parts
            .find(|part| part.len() == 4)
            .map(str::to_ascii_lowercase);
        let turned = match script.as_deref() {
            Some(script) => matches!(script, "arab" | "hebr" | "thaa" | "syrc" | "nkoo" | "adlm"),
            None => matches!(
                primary,
                "ar" | "arc" | "ckb" | "dv" | "fa" | "he" | "ks" | "ps" | "sd" | "ug" | "ur" | "yi"
            ),
        };
        if turned {
            Self::RightToLeft
        } else {
            Self::LeftToRight
        }
    }

    /// As HTML names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// Whether the letter belongs to a block that is written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(u32::from(c), 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_or_a_direction_mark_does_not_survive() {
        assert_eq!(
            one_line(" Ada\r\nBcc: x@example.com\u{202E} "),
            "Ada Bcc: x@example.com"
        );
        assert_eq!(
            joined_lines("12 High Street,\r\n\r\nLondon\n"),
            "12 High Street, London"
        );
    }

    #[test]
    fn spaces_that_hold_words_together_stay() {
        assert_eq!(
            unbroken("10\u{A0}h \n\u{2068}x\u{2069}"),
            "10\u{A0}h \u{2068}x\u{2069}"
        );
    }

    #[test]
    fn only_names_in_the_other_direction_are_isolated() {
        let (left, right) = (Direction::of("de-AT"), Direction::of("he"));
        assert_eq!(isolated("Zoë", left), "Zoë");
        assert_eq!(isolated("דנה", left), "\u{2068}דנה\u{2069}");
        assert_eq!(isolated("דנה", right), "דנה");
        assert_eq!(isolated("Zoë", right), "\u{2068}Zoë\u{2069}");
        assert_eq!(Direction::of("az-Arab"), Direction::RightToLeft);
        assert_eq!(Direction::of("ar-Latn"), Direction::LeftToRight);
    }
}
