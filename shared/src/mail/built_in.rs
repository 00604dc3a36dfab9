//! The built-in words of a language, for what isn't a mail: the client's page says days and times as the mails do.

use chrono_tz::Tz;

use super::engine::Engine;
use super::when::{Wording, zone_name};
use super::words::{Locale, Phrasebook};
use crate::domain::mail_template::Word;
use crate::domain::{Instant, ReminderStep};
use crate::error::Result;

/// The words, and what fills them in.
pub struct BuiltIn {
    words: Phrasebook<'static>,
    engine: Engine,
}

impl BuiltIn {
    /// Those of a language.
    pub fn of(locale: Locale) -> Result<Self> {
        Ok(Self {
            words: Phrasebook::new(locale.code(), &[])?,
            engine: Engine::new(),
        })
    }

    /// A word that all mails share.
    pub fn word(&self, word: Word) -> Result<String> {
        self.words.word(word).map(str::to_owned)
    }

    /// The advice of a step.
    pub fn care(&self, step: ReminderStep) -> Result<Vec<String>> {
        let care = self.words.care(step)?;
        Ok(care.iter().map(|text| text.as_str().to_owned()).collect())
    }

    /// The day and time on the studio's wall clock.
    pub fn day_and_time(&self, instant: Instant, zone: Tz) -> Result<String> {
        self.wording().day_and_time(instant, zone)
    }

    /// The day on the studio's wall calendar.
    pub fn date(&self, instant: Instant, zone: Tz) -> Result<String> {
        self.wording().date(instant, zone)
    }

    /// The day and time with the zone, because a client may read it elsewhere.
    pub fn day_and_time_with_zone(&self, instant: Instant, zone: Tz) -> Result<String> {
        let said = self.day_and_time(instant, zone)?;
        Ok(format!("{said} ({})", zone_name(instant, zone)))
    }

    /// The time of day on the studio's wall clock.
    pub fn time_of_day(&self, instant: Instant, zone: Tz) -> Result<String> {
        self.wording().time_of_day(instant, zone)
    }

    fn wording(&self) -> Wording<'_> {
        Wording {
            words: &self.words,
            engine: &self.engine,
        }
    }
}
