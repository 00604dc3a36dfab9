//! The words that a mail is made of: a studio's own where it has some, then the built-in ones, then English.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::neutral;
use crate::domain::ReminderStep as Step;
use crate::domain::mail_template::{OwnWords, TemplateContent, Word};
use crate::domain::text::{Name, TemplateText};
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
        Self::known(tag).unwrap_or(Self::English)
    }

    /// The match for a language tag, where there is one.
    fn known(tag: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|locale| locale.code().eq_ignore_ascii_case(primary(tag)))
    }

    /// The language tag of the words.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => ENGLISH_TAG,
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// The built-in words of this language.
    pub fn table(self) -> Result<&'static Table> {
        read(match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
        })
    }
}

fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

const ENGLISH_TAG: &str = "en";

/// Whether words in a language stand in for those of this tag: its language without the region.
fn is_near(language: &str, tag: &str) -> bool {
    language.eq_ignore_ascii_case(primary(tag))
}

/// Whether a mail in a language looks at a studio's own words in another: the same, the one without the region, or English
/// where no words are built in.
pub fn is_looked_at(language: &str, tag: &str) -> bool {
    language.eq_ignore_ascii_case(tag)
        || is_near(language, tag)
        || (Locale::known(tag).is_none() && language.eq_ignore_ascii_case(ENGLISH_TAG))
}

type Lazy = LazyLock<std::result::Result<Table, String>>;

static ENGLISH: Lazy = LazyLock::new(|| Table::parse(include_str!("templates/en.json")));
static AMERICAN: Lazy = LazyLock::new(|| Table::parse(include_str!("templates/en-US.json")));
static GERMAN: Lazy = LazyLock::new(|| Table::parse(include_str!("templates/de.json")));
static FRENCH: Lazy = LazyLock::new(|| Table::parse(include_str!("templates/fr.json")));
static SPANISH: Lazy = LazyLock::new(|| Table::parse(include_str!("templates/es.json")));

fn read(table: &'static Lazy) -> Result<&'static Table> {
    table
        .as_ref()
        .map_err(|cause| Error::internal(cause.as_str()))
}

/// The built-in words of one language: those that all mails share, and those of each step.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MailWords)]
pub struct Table {
    /// The words that all mails share, each by its name.
    #[schema(value_type = BTreeMap<String, TemplateText>)]
    pub words: BTreeMap<Word, TemplateText>,
    /// The days of the week, from Monday.
    #[serde(default)]
    pub weekdays: Vec<Name>,
    /// The months, from January.
    #[serde(default)]
    pub months: Vec<Name>,
    /// The words of each step, by its name.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, StepWords>)]
    pub steps: BTreeMap<Step, StepWords>,
}

/// The built-in words of one step.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MailStepWords)]
pub struct StepWords {
    /// The heading of the mail.
    pub title: TemplateText,
    /// The neutral subject.
    pub subject: TemplateText,
    /// What the step has to say, neutral too.
    pub body: Vec<TemplateText>,
    /// Advice, for clients who agreed to read it in a mail.
    #[serde(default)]
    pub care: Vec<TemplateText>,
}

impl Table {
    fn parse(json: &str) -> std::result::Result<Self, String> {
        serde_json::from_str(json).map_err(|cause| format!("a table of words: {cause}"))
    }

    /// The table as templates, to be checked as a studio's own are.
    pub fn contents(&self) -> Vec<(Option<Step>, TemplateContent)> {
        let shared = TemplateContent {
            words: self.words.clone(),
            weekdays: Some(self.weekdays.clone()).filter(|list| !list.is_empty()),
            months: Some(self.months.clone()).filter(|list| !list.is_empty()),
            ..TemplateContent::default()
        };
        let steps = self.steps.iter().map(|(step, words)| {
            let content = TemplateContent {
                title: Some(words.title.clone()),
                subject: Some(words.subject.clone()),
                body: Some(words.body.clone()),
                care: Some(words.care.clone()),
                ..TemplateContent::default()
            };
            (Some(*step), content)
        });
        std::iter::once((None, shared)).chain(steps).collect()
    }
}

/// The words of one mail, in the order in which they are looked for.
pub struct Phrasebook<'a> {
    /// The studio's own, those for the exact language first.
    own: Vec<&'a OwnWords>,
    built_in: Vec<&'static Table>,
    language: String,
}

impl<'a> Phrasebook<'a> {
    /// The words for a language. One that nobody has words for is written to in English.
    pub fn new(tag: &str, own: &'a [OwnWords]) -> Result<Self> {
        let is_exact = |words: &&OwnWords| words.language.eq_ignore_ascii_case(tag);
        let is_near = |words: &&OwnWords| is_near(&words.language, tag) && !is_exact(words);
        let mut found: Vec<&OwnWords> = own.iter().filter(is_exact).collect();
        found.extend(own.iter().filter(is_near));
        let known = Locale::known(tag);
        let language = match (known, found.is_empty()) {
            (None, true) => ENGLISH_TAG.to_owned(),
            _ => tag.to_owned(),
        };
        let mut built_in = Vec::new();
        if tag.eq_ignore_ascii_case("en-US") {
            built_in.push(read(&AMERICAN)?);
        }
        built_in.push(known.unwrap_or(Locale::English).table()?);
        if known.is_none() {
            let is_english = |words: &&OwnWords| words.language.eq_ignore_ascii_case(ENGLISH_TAG);
            found.extend(own.iter().filter(is_english));
        }
        Ok(Self {
            own: found,
            built_in,
            language,
        })
    }

    /// The tag of the language that the mail is in.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// A shared word.
    pub fn word(&self, word: Word) -> Result<&str> {
        match self.words_for(word).next() {
            Some(own) => Ok(own),
            None => self.built_in_word(word),
        }
    }

    /// Who writes: the studio's neutral name, or a general one where its own would tell what the appointment is for.
    pub fn sender_name(&self, name: &str) -> Result<String> {
        let general = self.words_for(Word::SenderName);
        Ok(neutral(
            std::iter::once(name).chain(general),
            self.built_in_word(Word::SenderName)?,
        ))
    }

    /// The neutral word for what is booked: the studio's own in this language, the label that it has, or the language's.
    pub fn service_label(&self, label: Option<&str>) -> Result<String> {
        let own = self.words_for(Word::ServiceLabel);
        Ok(neutral(
            own.chain(label),
            self.built_in_word(Word::ServiceLabel)?,
        ))
    }

    /// The studio's own words for a shared word, the best match first.
    fn words_for(&self, word: Word) -> impl Iterator<Item = &str> {
        self.own
            .iter()
            .filter(|own| own.step.is_none())
            .filter_map(move |own| own.content.words.get(&word))
            .map(TemplateText::as_str)
    }

    fn built_in_word(&self, word: Word) -> Result<&'static str> {
        self.built_in
            .iter()
            .find_map(|table| table.words.get(&word))
            .map(TemplateText::as_str)
            .ok_or_else(|| Error::internal(format!("no word for {word}")))
    }

    /// The names of the days of the week and of the months.
    pub fn calendar_names(&self) -> (&[Name], &[Name]) {
        let own = |pick: fn(&TemplateContent) -> Option<&Vec<Name>>| {
            let mut own = self.own.iter().filter(|own| own.step.is_none());
            own.find_map(|own| pick(&own.content))
        };
        let built_in = |pick: fn(&Table) -> &Vec<Name>| {
            let mut lists = self.built_in.iter().map(|table| pick(table));
            lists.find(|list| !list.is_empty())
        };
        let weekdays =
            own(|content| content.weekdays.as_ref()).or_else(|| built_in(|table| &table.weekdays));
        let months =
            own(|content| content.months.as_ref()).or_else(|| built_in(|table| &table.months));
        (
            weekdays.map(Vec::as_slice).unwrap_or_default(),
            months.map(Vec::as_slice).unwrap_or_default(),
        )
    }

    /// The heading of a step.
    pub fn title(&self, step: Step) -> Result<&str> {
        let own = self.of_step(step, |content| content.title.as_ref());
        Ok(match own {
            Some(own) => own,
            None => &self.step(step)?.title,
        })
    }

    /// The subject of a step.
    pub fn subject(&self, step: Step) -> Result<&str> {
        let own = self.of_step(step, |content| content.subject.as_ref());
        Ok(match own {
            Some(own) => own,
            None => &self.step(step)?.subject,
        })
    }

    /// What a step has to say.
    pub fn body(&self, step: Step) -> Result<&[TemplateText]> {
        let own = self.of_step(step, |content| content.body.as_ref());
        Ok(match own {
            Some(own) => own,
            None => &self.step(step)?.body,
        })
    }

    /// A step's advice.
    pub fn care(&self, step: Step) -> Result<&[TemplateText]> {
        let own = self.of_step(step, |content| content.care.as_ref());
        Ok(match own {
            Some(own) => own,
            None => &self.step(step)?.care,
        })
    }

    fn of_step<T>(&self, step: Step, pick: fn(&TemplateContent) -> Option<&T>) -> Option<&'a T> {
        let mut own = self.own.iter().filter(|own| own.step == Some(step));
        own.find_map(|own| pick(&own.content))
    }

    fn step(&self, step: Step) -> Result<&'static StepWords> {
        self.built_in
            .iter()
            .find_map(|table| table.steps.get(&step))
            .ok_or_else(|| Error::internal(format!("no words for {step}")))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::mail::lint;

    #[test]
    fn every_table_has_words_for_every_step_and_no_problems() {
        for locale in Locale::ALL {
            let table = locale.table().unwrap();
            assert_eq!(table.steps.len(), Step::ALL.len(), "{locale:?}");
            assert_eq!(table.words.len(), Word::ALL.len(), "{locale:?}");
            for (step, content) in table.contents() {
                assert!(lint::check(&content, step).is_ok(), "{locale:?} {step:?}");
            }
        }
        for (step, content) in read(&AMERICAN).unwrap().contents() {
            assert!(lint::check(&content, step).is_ok());
        }
    }

    #[test]
    fn a_region_or_an_unknown_language_finds_words() {
        assert_eq!(Locale::of("de-AT"), Locale::German);
        assert_eq!(Locale::of("ES"), Locale::Spanish);
        assert_eq!(Locale::of("he"), Locale::English);
        assert_eq!(Phrasebook::new("he", &[]).unwrap().language(), "en");
        assert_eq!(Phrasebook::new("de-AT", &[]).unwrap().language(), "de-AT");
    }

    #[test]
    fn german_words_are_spelled_alike_in_switzerland() {
        assert!(!include_str!("templates/de.json").contains('ß'));
    }

    #[test]
    fn words_are_looked_at_where_a_mail_would_be_made_of_them() {
        use crate::domain::text::{Language, TemplateText};

        for (language, tag, expected) in [
            ("de-AT", "de-AT", true),
            ("de", "de-AT", true),
            ("de-AT", "de", false),
            ("en", "de", false),
            ("en", "he", true),
            ("en-US", "he", false),
            ("it", "it", true),
            ("it", "he", false),
        ] {
            assert_eq!(is_looked_at(language, tag), expected, "{language} {tag}");
            let own = [OwnWords {
                language: Language::parse(language).unwrap(),
                step: None,
                content: TemplateContent {
                    words: [(Word::Closing, TemplateText::literal("Own words"))].into(),
                    ..TemplateContent::default()
                },
            }];
            let closing = Phrasebook::new(tag, &own).unwrap();
            let closing = closing.word(Word::Closing).unwrap();
            assert_eq!(closing == "Own words", expected, "{language} {tag}");
        }
    }
}
