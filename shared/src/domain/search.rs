//! Finding clients by what somebody types: under which words a client is kept, and which words a text asks for.
//!
//! Both are folded the same way, so that neither case nor accents matter. A word that is asked for finds all words that
//! begin with it; a telephone number also all numbers that end with it.
//!
//! A client is also kept under each two of their words together: the first letters of one, and the other. Of two words that
//! many have, as in "anna schmidt", that finds who has both without looking at everybody who has one.

use std::collections::BTreeSet;

use icu_casemap::CaseMapper;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::text::{EmailAddress, ExternalId, Name, Telephone};

/// Longer words are cut, those that are kept as well as those that are asked for. In characters.
const LONGEST_WORD: usize = 64;
/// A client is kept under so many words at most.
const MOST_WORDS: usize = 64;
/// A search asks for so many words at most.
pub const MOST_TERMS: usize = 8;
/// So many digits of a number tell whose it is, whether or not it's written with its country.
pub(super) const TELLING_DIGITS: usize = 8;
/// Numbers are found by their end from so many digits on.
const FEWEST_LAST_DIGITS: usize = 3;
/// So many of a client's words are kept two by two: those of the names first.
const MOST_PAIRED: usize = 12;
/// Marks a number that is kept backwards, so that its last digits are its first.
const BACKWARDS: char = '~';
/// Marks two words that are kept together.
const PAIR: char = '&';
/// So many letters of the first of them: enough to leave few clients, few enough for whoever has typed only the beginning.
const PAIR_LETTERS: usize = 2;

/// What of a client is searched.
#[derive(Clone, Copy, Debug)]
pub struct Searched<'a> {
    /// Given name.
    pub given_name: &'a Name,
    /// Family name.
    pub family_name: &'a Name,
    /// What they like to be called.
    pub preferred_name: Option<&'a Name>,
    /// Where their mails go.
    pub email: Option<&'a EmailAddress>,
    /// Their number.
    pub telephone: Option<&'a Telephone>,
    /// Another system's name for them.
    pub external_id: Option<&'a ExternalId>,
}

impl Searched<'_> {
    /// The words under which the client is kept, alone and two by two.
    pub fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        let mut paired: Vec<String> = Vec::new();
        let mut add = |word: String| {
            if word.is_empty() || words.len() >= MOST_WORDS {
                return;
            }
            let word = cut(&word);
            if is_paired(&word) && paired.len() < MOST_PAIRED && !words.contains(&word) {
                paired.push(word.clone());
            }
            words.insert(word);
        };
        let names = [
            Some(self.given_name),
            Some(self.family_name),
            self.preferred_name,
        ];
        for name in names.into_iter().flatten() {
            for spelling in [fold(name), fold(&with_umlauts_spelt_out(name))] {
                for chunk in spelling.split_whitespace() {
                    words_of_chunk(chunk).into_iter().for_each(&mut add);
                }
            }
        }
        if let Some(telephone) = self.telephone {
            let digits = digits(telephone);
            if !digits.is_empty() {
                add(backwards(&digits));
                add(digits);
            }
        }
        if let Some(external_id) = self.external_id {
            for chunk in fold(external_id).split_whitespace() {
                words_of_chunk(chunk).into_iter().for_each(&mut add);
            }
        }
        if let Some(email) = self.email {
            let folded = fold(email);
            parts(&folded).for_each(|part| add(part.to_owned()));
            add(folded.clone());
        }
        for one in &paired {
            let others = paired.iter().filter(|other| *other != one);
            words.extend(others.map(|other| pair(one, other)));
        }
        words
    }
}

/// Whether a word is kept together with others: not a whole address, and not a number, which few share.
pub(super) fn is_paired(word: &str) -> bool {
    !word.contains('@') && !word.starts_with(BACKWARDS) && !word.chars().all(|c| c.is_ascii_digit())
}

pub(super) fn pair(first: &str, second: &str) -> String {
    let first: String = first.chars().take(PAIR_LETTERS).collect();
    format!("{PAIR}{first} {second}")
}

/// Some of the words that are kept, in their order: from this one on, and before that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordRange {
    /// The first.
    pub from: String,
    /// The first that no longer belongs to them.
    pub until: String,
}

impl WordRange {
    pub(super) fn beginning_with(word: &str) -> Self {
        Self::from(cut(word))
    }

    /// This word alone.
    pub(super) fn only(word: &str) -> Self {
        let from = cut(word);
        // No word holds a control character, so that none comes between.
        let until = format!("{from}\u{1}");
        Self { from, until }
    }

    fn from(from: String) -> Self {
        // No word holds the last of all characters, so that all words that begin with this one come before it.
        let until = format!("{from}{}", char::MAX);
        Self { from, until }
    }
}

/// One thing that is asked for: a client is meant who is kept under a word of one of these ranges, which are in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The ranges: one or two, apart from each other.
    pub ranges: Vec<WordRange>,
}

impl Term {
    fn word(word: &str) -> Self {
        Self {
            ranges: vec![WordRange::beginning_with(word)],
        }
    }

    /// How many letters or digits are given: the more, the fewer clients it is likely to leave.
    pub fn given(&self) -> usize {
        self.ranges
            .first()
            .map_or(0, |range| range.from.chars().count())
    }

    /// Whether a pair in which this is the first word tells all of it, so that nothing of it is left to be asked for.
    pub fn is_told_by_a_pair(&self) -> bool {
        self.given() == PAIR_LETTERS
    }

    /// The one word that is asked for, where clients are kept under it together with others.
    fn paired(&self) -> Option<&str> {
        match self.ranges.as_slice() {
            [range] if is_paired(&range.from) => Some(&range.from),
            _ => None,
        }
    }

    /// This and another word at once, for whoever asks for both: the clients of each pair whose first word begins with the same
    /// letters as this one. Nothing where too few letters are given, or where one word of a client can be meant by both.
    pub fn together_with(&self, other: &Self) -> Option<Self> {
        let (one, two) = (self.paired()?, other.paired()?);
        let is_short = one.chars().count() < PAIR_LETTERS;
        if is_short || one.starts_with(two) || two.starts_with(one) {
            return None;
        }
        Some(Self {
            ranges: vec![WordRange::from(pair(one, two))],
        })
    }

    fn number(digits: &str) -> Self {
        let mut term = Self::word(digits);
        // How a long one begins is a matter of taste: with its country, with a zero, with neither.
        let telling = digits.len().saturating_sub(TELLING_DIGITS);
        if let Some(last) = digits
            .get(telling..)
            .filter(|last| last.len() >= FEWEST_LAST_DIGITS)
        {
            term.ranges
                .push(WordRange::beginning_with(&backwards(last)));
        }
        term
    }
}

/// What a text asks for; a client must match all of it.
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    let mut number = String::new();
    let folded = fold(text);
    for chunk in folded.split_whitespace() {
        if is_part_of_a_number(chunk) {
            number.push_str(chunk);
            continue;
        }
        terms.extend(number_term(&std::mem::take(&mut number)));
        if chunk.contains('@') {
            terms.extend(parts(chunk).next().map(|_| Term::word(chunk)));
        } else {
            terms.extend(parts(chunk).map(Term::word));
        }
    }
    terms.extend(number_term(&number));
    let mut seen = BTreeSet::new();
    terms.retain(|term| {
        term.ranges
            .first()
            .is_some_and(|range| seen.insert(range.from.clone()))
    });
    terms
}

fn number_term(written: &str) -> Option<Term> {
    let digits = digits(written);
    (!digits.is_empty()).then(|| Term::number(&digits))
}

/// Whether a number is written with this among its parts: at least a digit, and what people put between digits.
fn is_part_of_a_number(chunk: &str) -> bool {
    chunk.chars().any(|c| c.is_ascii_digit())
        && chunk
            .chars()
            .all(|c| c.is_ascii_digit() || "+-()/.".contains(c))
}

/// The digits of a number, without what only some write: the exit code, the zero in brackets, the extension.
pub(super) fn digits(written: &str) -> String {
    let number = written
        .split('x')
        .next()
        .unwrap_or_default()
        .replace("(0)", "");
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("00") {
        Some(rest) if rest.len() > TELLING_DIGITS => rest.to_owned(),
        _ => digits,
    }
}

pub(super) fn backwards(digits: &str) -> String {
    std::iter::once(BACKWARDS)
        .chain(digits.chars().rev())
        .collect()
}

/// The words of a folded text without spaces: its parts, and all of them in one, as in "o'hara" and "ohara".
pub(super) fn words_of_chunk(chunk: &str) -> Vec<String> {
    let mut words: Vec<String> = parts(chunk).map(str::to_owned).collect();
    if words.len() > 1 {
        words.push(words.concat());
    }
    words
}

pub(super) fn parts(chunk: &str) -> impl Iterator<Item = &str> {
    chunk
        .split(|c: char| !c.is_alphanumeric() && combining_class(c) == 0)
        .filter(|part| !part.is_empty())
}

pub(super) fn cut(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

/// The text without case, accents and other differences that a person who searches wouldn't make.
pub fn fold(text: &str) -> String {
    let bare = without_accents(text);
    let folded = CaseMapper::new().fold_string(&bare);
    // Folding can bring forth what has an accent again.
    without_accents(&folded).chars().fold(
        String::with_capacity(folded.len()),
        |mut plain, letter| {
            match plain_letter(letter) {
                Some(letters) => plain.push_str(letters),
                None => plain.push(letter),
            }
            plain
        },
    )
}

fn without_accents(text: &str) -> String {
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize(text)
        .chars()
        .filter(|letter| !is_accent(*letter))
        .collect()
}

/// Accents of Latin, Greek and Cyrillic, and the points of Hebrew and Arabic; not the vowel signs of Indic scripts or the
/// voicing marks of Japanese, without which a word is another word.
fn is_accent(letter: char) -> bool {
    matches!(combining_class(letter), 10..=36 | 200..=254)
        // Joiners change how letters are drawn, not which they are.
        || matches!(letter, '\u{200c}' | '\u{200d}')
}

fn combining_class(letter: char) -> u8 {
    CanonicalCombiningClassMapBorrowed::new().get_u8(letter)
}

/// Letters that Unicode doesn't take apart, though people who lack the key write them so.
fn plain_letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'þ' => "th",
        'æ' => "ae",
        'œ' => "oe",
        'ı' => "i",
        'ŋ' => "n",
        _ => return None,
    })
}

/// "Mueller" for "Müller", "Aase" for "Åse".
pub(super) fn with_umlauts_spelt_out(name: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(name);
    composed.chars().fold(
        String::with_capacity(composed.len()),
        |mut spelt, letter| {
            match letter {
                'ä' | 'Ä' => spelt.push_str("ae"),
                'ö' | 'Ö' | 'ø' | 'Ø' => spelt.push_str("oe"),
                'ü' | 'Ü' => spelt.push_str("ue"),
                'å' | 'Å' => spelt.push_str("aa"),
                other => spelt.push(other),
            }
            spelt
        },
    )
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
