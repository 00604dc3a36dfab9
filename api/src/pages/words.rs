//! The pages' own words. What the mails say too, such as labels, days and how to reach the studio, is taken from there.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use stipple_shared::error::{Error, Result};
use stipple_shared::mail::words::Locale;

/// The words of a page by their keys.
pub(super) type Words = BTreeMap<String, String>;

type Lazy = LazyLock<std::result::Result<Words, String>>;

static ENGLISH: Lazy = LazyLock::new(|| parse(include_str!("templates/en.json")));
static AMERICAN: Lazy = LazyLock::new(|| parse(include_str!("templates/en-US.json")));
static GERMAN: Lazy = LazyLock::new(|| parse(include_str!("templates/de.json")));
static FRENCH: Lazy = LazyLock::new(|| parse(include_str!("templates/fr.json")));
static SPANISH: Lazy = LazyLock::new(|| parse(include_str!("templates/es.json")));

/// What stands in a word for the sentence that says how to reach the studio.
const REACH: &str = "{{ reach }}";

fn parse(json: &str) -> std::result::Result<Words, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn read(table: &'static Lazy) -> Result<&'static Words> {
    table
        .as_ref()
        .map_err(|error| Error::internal(error.as_str()))
}

fn table(locale: Locale) -> Result<&'static Words> {
    read(match locale {
        Locale::English => &ENGLISH,
        Locale::German => &GERMAN,
        Locale::French => &FRENCH,
        Locale::Spanish => &SPANISH,
    })
}

/// The words for a language tag of this locale, with how to reach the studio.
pub(super) fn words(locale: Locale, tag: &str, reach: &str) -> Result<Words> {
    let mut words = table(locale)?.clone();
    if tag.eq_ignore_ascii_case("en-US") {
        words.extend(read(&AMERICAN)?.clone());
    }
    for text in words.values_mut() {
        *text = text.replace(REACH, reach);
    }
    Ok(words)
}

/// The word of a key.
pub(super) fn word<'a>(words: &'a Words, key: &str) -> Result<&'a str> {
    words
        .get(key)
        .map(String::as_str)
        .ok_or_else(|| Error::internal(format!("no words for {key}")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use stipple_shared::domain::neutral::clinical_word;

    use super::*;

    #[test]
    fn every_language_has_all_words_and_none_is_clinical() {
        let english = table(Locale::English).unwrap();
        for locale in Locale::ALL {
            let words = table(locale).unwrap();
            assert!(words.keys().eq(english.keys()), "{locale:?}");
            for (key, text) in words {
                assert_eq!(clinical_word(text), None, "{locale:?} {key}");
                assert!(!text.trim().is_empty(), "{locale:?} {key}");
            }
        }
        for (key, text) in read(&AMERICAN).unwrap() {
            assert!(english.contains_key(key), "{key}");
            assert_eq!(clinical_word(text), None, "{key}");
        }
    }

    #[test]
    fn american_pages_have_american_words() {
        let words = words(Locale::English, "en-us", "Please ask.").unwrap();
        for (key, text) in &words {
            assert!(!text.contains("ancelled"), "{key}");
        }
    }

    #[test]
    fn german_words_are_spelled_alike_in_switzerland() {
        for (key, text) in table(Locale::German).unwrap() {
            assert!(!text.contains('ß'), "{key}");
        }
    }

    #[test]
    fn what_asks_to_reach_the_studio_says_how() {
        for locale in Locale::ALL {
            let words = words(locale, locale.code(), "Please ask.").unwrap();
            for key in [
                "too_late",
                "advice_studio",
                "book_next",
                "state_planned",
                "fresh_done",
                "void",
                "error",
            ] {
                let text = word(&words, key).unwrap();
                assert!(text.ends_with(" Please ask."), "{locale:?} {key}: {text}");
            }
            let braces = |text: &String| text.contains("{{") && !text.contains("{{ client_name }}");
            assert!(!words.values().any(braces), "{locale:?}");
        }
    }

    #[test]
    fn french_lines_do_not_break_before_a_sign() {
        for (key, text) in table(Locale::French).unwrap() {
            for (place, _) in text.match_indices([':', ';', '?', '!']) {
                assert!(text[..place].ends_with('\u{202f}'), "{key}: {text}");
            }
        }
    }
}
