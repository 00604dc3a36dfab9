//! The built-in words, a table for each language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::lint::{self, Place, Problem};
use crate::domain::ReminderStep as Step;
use crate::error::{Error, Result};

/// A language that the mails have words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// English, also for a language without words here.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

impl Locale {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The best match for a language tag.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|locale| locale.code().eq_ignore_ascii_case(primary))
            .unwrap_or(Self::English)
    }

    /// The language tag of the words.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// The words of this language.
    pub fn words(self) -> Result<&'static Words> {
        let table = match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
        };
        table
            .as_ref()
            .map_err(|cause| Error::internal(cause.as_str()))
    }
}

type Table = LazyLock<std::result::Result<Words, String>>;

static ENGLISH: Table = LazyLock::new(|| Words::parse(include_str!("templates/en.json")));
static GERMAN: Table = LazyLock::new(|| Words::parse(include_str!("templates/de.json")));
static FRENCH: Table = LazyLock::new(|| Words::parse(include_str!("templates/fr.json")));
static SPANISH: Table = LazyLock::new(|| Words::parse(include_str!("templates/es.json")));

/// One language's words; those with double braces are templates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What is booked, where the studio has no word of its own.
    pub service_label: String,
    /// Who writes, where the studio's name would tell too much.
    pub sender_name: String,
    /// The preheader of every mail.
    pub preheader: String,
    /// The first line.
    pub greeting: String,
    /// The last line before the sender's name.
    pub closing: String,
    /// The label of what is booked.
    pub what: String,
    /// The label of the beginning.
    pub when: String,
    /// The label of the end.
    pub until: String,
    /// The label of the time before a move.
    pub previously: String,
    /// The label of the address.
    pub place: String,
    /// The label of the telephone number.
    pub telephone: String,
    /// The label of the studio's mail address.
    pub email: String,
    /// The text of the link to the client's page.
    pub page_link: String,
    /// What the page is good for.
    pub page_hint: String,
    /// What to do without a page.
    pub reach_studio: String,
    /// Where the advice stands, if not here.
    pub care_on_page: String,
    /// How to get the advice without a page.
    pub care_from_studio: String,
    steps: BTreeMap<String, StepWords>,
}

/// The words of one step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepWords {
    /// The neutral subject.
    pub subject: String,
    /// What the step has to say, neutral too.
    pub body: Vec<String>,
    /// Advice, for clients who agreed to read it in a mail.
    #[serde(default)]
    pub care: Vec<String>,
}

impl Words {
    fn parse(json: &str) -> std::result::Result<Self, String> {
        serde_json::from_str(json).map_err(|cause| format!("a table of words: {cause}"))
    }

    /// The words of one step.
    pub fn step(&self, step: Step) -> Result<&StepWords> {
        self.steps
            .get(step.as_str())
            .ok_or_else(|| Error::internal(format!("no words for {}", step.as_str())))
    }

    /// Every template of the table that the linter objects to, with what it says.
    pub fn problems(&self) -> Vec<(String, Problem)> {
        let mut checked = vec![
            ("service_label".to_owned(), &self.service_label, Place::Name),
            ("sender_name".to_owned(), &self.sender_name, Place::Name),
            ("preheader".to_owned(), &self.preheader, Place::Header),
            ("greeting".to_owned(), &self.greeting, Place::Body),
        ];
        for (key, text) in [
            ("closing", &self.closing),
            ("what", &self.what),
            ("when", &self.when),
            ("until", &self.until),
            ("previously", &self.previously),
            ("place", &self.place),
            ("telephone", &self.telephone),
            ("email", &self.email),
            ("page_link", &self.page_link),
            ("page_hint", &self.page_hint),
            ("reach_studio", &self.reach_studio),
            ("care_on_page", &self.care_on_page),
            ("care_from_studio", &self.care_from_studio),
        ] {
            checked.push((key.to_owned(), text, Place::Name));
        }
        for (step, words) in &self.steps {
            checked.push((format!("{step}.subject"), &words.subject, Place::Header));
            let places = [(&words.body, Place::Body), (&words.care, Place::Care)];
            for (texts, place) in places {
                for (number, text) in texts.iter().enumerate() {
                    checked.push((format!("{step}.{place:?}[{number}]"), text, place));
                }
            }
        }
        checked
            .into_iter()
            .flat_map(|(key, text, place)| {
                lint::problems(text, place)
                    .into_iter()
                    .map(move |problem| (key.clone(), problem))
            })
            .collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_words_for_every_step_and_no_problems() {
        for locale in Locale::ALL {
            let words = locale.words().unwrap();
            assert_eq!(words.steps.len(), Step::ALL.len(), "{locale:?}");
            for step in Step::ALL {
                assert!(
                    !words.step(*step).unwrap().body.is_empty(),
                    "{locale:?} {step:?}"
                );
            }
            assert_eq!(words.problems(), Vec::new(), "{locale:?}");
        }
    }

    #[test]
    fn a_region_or_an_unknown_language_finds_words() {
        assert_eq!(Locale::of("de-AT"), Locale::German);
        assert_eq!(Locale::of("ES"), Locale::Spanish);
        assert_eq!(Locale::of("he"), Locale::English);
    }
}
