//! Days and times as people at the studio read them.

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;
use minijinja::context;

use super::engine::Engine;
use super::words::Phrasebook;
use crate::domain::Instant;
use crate::domain::mail_template::Word;
use crate::domain::text::Name;
use crate::error::Result;

/// Writes days and times in one language.
pub struct Wording<'a> {
    /// Its words.
    pub words: &'a Phrasebook<'a>,
    /// What fills them in.
    pub engine: &'a Engine,
}

impl Wording<'_> {
    /// The day and time on the studio's wall clock, as in "Wednesday 25 November 2026, 10:00".
    pub fn day_and_time(&self, instant: Instant, zone: Tz) -> Result<String> {
        self.day_in(Word::DayAndTime, instant, zone)
    }

    /// The day on the studio's wall calendar.
    pub fn date(&self, instant: Instant, zone: Tz) -> Result<String> {
        self.day_in(Word::Date, instant, zone)
    }

    fn day_in(&self, word: Word, instant: Instant, zone: Tz) -> Result<String> {
        let local = instant.at(zone);
        let (weekdays, months) = self.words.calendar_names();
        let pick = |names: &[Name], index: u32| {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            names
                .get(index)
                .map_or_else(String::new, |name| name.to_string())
        };
        let values = context! {
            weekday => pick(weekdays, local.weekday().num_days_from_monday()),
            day => local.day(),
            month => pick(months, local.month0()),
            year => local.year(),
            first_of_month => local.day() == 1,
            time => self.time_of_day(instant, zone)?,
        };
        self.engine.render("text", self.words.word(word)?, values)
    }

    /// When something ends that a reader knows the beginning of: the time of day, and the day and the zone where they
    /// aren't those of the beginning.
    pub fn end(&self, starts_at: Instant, ends_at: Instant, zone: Tz) -> Result<End> {
        let is_same_day = starts_at.day_at(zone) == ends_at.day_at(zone);
        // When the clocks change in between, two times of day alone don't say how long it takes.
        let is_same_clock = zone_name(starts_at, zone) == zone_name(ends_at, zone);
        Ok(End {
            text: if is_same_day {
                self.time_of_day(ends_at, zone)?
            } else {
                self.day_and_time(ends_at, zone)?
            },
            is_zone_named: !is_same_day || !is_same_clock,
        })
    }

    /// The time of day on the studio's wall clock.
    pub fn time_of_day(&self, instant: Instant, zone: Tz) -> Result<String> {
        let local = instant.at(zone);
        let (is_afternoon, hour_12) = local.hour12();
        let values = context! {
            hour => local.hour(),
            hour_24 => format!("{:02}", local.hour()),
            hour_12,
            minute => format!("{:02}", local.minute()),
            am_or_pm => if is_afternoon { "PM" } else { "AM" },
            full_hour => local.minute() == 0,
        };
        self.engine
            .render("text", self.words.word(Word::TimeOfDay)?, values)
    }
}

/// The end of something, in words.
pub struct End {
    /// The time of day, with its day where that is another.
    pub text: String,
    /// Whether the zone belongs beside it.
    pub is_zone_named: bool,
}

/// The zone's name and its offset on that day, because a client may read the time elsewhere.
pub fn zone_name(instant: Instant, zone: Tz) -> String {
    format!("{}, UTC{}", zone.name(), instant.at(zone).format("%:z"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn written(tag: &str, instant: &str, zone: Tz) -> String {
        let wording = Wording {
            words: &Phrasebook::new(tag, &[]).unwrap(),
            engine: &Engine::new(),
        };
        let instant = Instant::parse(instant).unwrap();
        let text = wording.day_and_time(instant, zone).unwrap();
        text.replace('\u{A0}', "_")
    }

    #[test]
    fn each_language_writes_the_day_its_own_way() {
        for (tag, expected) in [
            ("en", "Wednesday 25 November 2026, 09:00"),
            ("en-US", "Wednesday, November 25, 2026, 9:00 AM"),
            ("de", "Mittwoch, 25._November 2026, 9:00_Uhr"),
            ("fr", "mercredi 25_novembre 2026 à 9_h"),
            ("es", "miércoles, 25 de noviembre de 2026, 9:00_h"),
        ] {
            let zone = chrono_tz::Europe::London;
            assert_eq!(written(tag, "2026-11-25T09:00:00Z", zone), expected);
        }
        let midnight = written("en-US", "2026-11-25T00:05:00Z", chrono_tz::UTC);
        assert_eq!(midnight, "Wednesday, November 25, 2026, 12:05 AM");
    }

    #[test]
    fn the_same_wall_clock_time_twice_differs_by_its_offset() {
        let name = |text| zone_name(Instant::parse(text).unwrap(), chrono_tz::Europe::London);
        assert_eq!(name("2026-10-25T00:30:00Z"), "Europe/London, UTC+01:00");
        assert_eq!(name("2026-10-25T01:30:00Z"), "Europe/London, UTC+00:00");
    }

    #[test]
    fn a_zone_on_the_other_side_of_the_world_has_another_day() {
        assert_eq!(
            written("fr", "2026-12-31T23:00:00Z", chrono_tz::Pacific::Chatham),
            "vendredi 1er_janvier 2027 à 12_h_45"
        );
    }
}
