//! When a studio is open, when a practitioner works there, and when no mail should arrive.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use super::id::StudioId;
use super::instant::Instant;
use super::interval::{Interval, normalise};
use super::local_time::{add_days, at_local_time, start_of_day};
use super::text_enum::text_enums;

/// How many stretches one day may have.
const MOST_PER_DAY: usize = 8;

text_enums! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
}

impl From<chrono::Weekday> for Weekday {
    fn from(weekday: chrono::Weekday) -> Self {
        match weekday {
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
            chrono::Weekday::Sun => Self::Sunday,
        }
    }
}

/// A time on a wall clock, to the minute; `24:00` is the end of the day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", example = "09:30")]
pub struct ClockTime(u16);

impl ClockTime {
    /// The end of the day.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// Ten in the morning: when the default rules write to people.
    pub const TEN: Self = Self(10 * 60);

    /// Reads `HH:MM`, from `00:00` to `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two_digits = |part: &str| {
            (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
        let time = Self(hours * 60 + minutes);
        (minutes < 60 && time <= Self::END_OF_DAY).then_some(time)
    }

    /// Minutes since the day's nominal start.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// The same as chrono's type; the end of the day is none, as it belongs to the next day.
    pub fn time_of_day(self) -> Option<NaiveTime> {
        NaiveTime::from_num_seconds_from_midnight_opt(u32::from(self.0) * 60, 0)
    }

    /// The instant at which clocks at a place first show this time on a day.
    pub fn on(self, day: NaiveDate, zone: Tz) -> super::instant::Instant {
        match self.time_of_day() {
            Some(time) => at_local_time(day, time, zone),
            None => start_of_day(add_days(day, 1), zone),
        }
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Debug for ClockTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("write a time of day as HH:MM"))
    }
}

/// A stretch of one day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenHours {
    /// The day.
    pub weekday: Weekday,
    /// When it begins.
    pub from: ClockTime,
    /// When it ends; `24:00` is the end of the day.
    #[schema(example = "18:00")]
    pub until: ClockTime,
}

/// A stretch of one day of the week at a studio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudioHours {
    /// Where.
    pub studio_id: StudioId,
    /// The day.
    pub weekday: Weekday,
    /// When it begins.
    pub from: ClockTime,
    /// When it ends; `24:00` is the end of the day.
    #[schema(example = "18:00")]
    pub until: ClockTime,
}

impl From<StudioHours> for OpenHours {
    fn from(hours: StudioHours) -> Self {
        Self {
            weekday: hours.weekday,
            from: hours.from,
            until: hours.until,
        }
    }
}

/// When a studio is open in a week.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct WeeklyHours(Vec<OpenHours>);

/// When a practitioner works in a week, and at which studio.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct WorkingHours(Vec<StudioHours>);

impl WeeklyHours {
    /// Checks a week, or says what is wrong with it.
    pub fn new(mut hours: Vec<OpenHours>) -> Result<Self, String> {
        check_week(&hours)?;
        hours.sort_unstable_by_key(|one| (one.weekday, one.from));
        Ok(Self(hours))
    }

    /// The stretches, in the order of the week.
    pub fn hours(&self) -> &[OpenHours] {
        &self.0
    }

    /// The instants of a local day at which it is open: one interval for each stretch, in order, none of them empty.
    pub fn open_on(&self, day: NaiveDate, zone: Tz) -> Vec<Interval> {
        open_on(self.0.iter().copied(), day, zone)
    }
}

impl WorkingHours {
    /// Checks a week over all studios, or says what is wrong with it.
    pub fn new(mut hours: Vec<StudioHours>) -> Result<Self, String> {
        // Studios may lie in different zones, so only stretches at the same one can be compared by the clock; two sessions
        // at one time are refused when they are booked.
        let mut studio_ids: Vec<StudioId> = hours.iter().map(|one| one.studio_id).collect();
        studio_ids.sort_unstable();
        studio_ids.dedup();
        for studio_id in studio_ids {
            let there = hours.iter().filter(|one| one.studio_id == studio_id);
            check_week(&there.copied().map(OpenHours::from).collect::<Vec<_>>())?;
        }
        hours.sort_unstable_by_key(|one| (one.weekday, one.from));
        Ok(Self(hours))
    }

    /// The stretches, in the order of the week.
    pub fn hours(&self) -> &[StudioHours] {
        &self.0
    }

    /// The part of the week at one studio.
    pub fn at_studio(&self, studio_id: StudioId) -> WeeklyHours {
        let there = self.0.iter().filter(|hours| hours.studio_id == studio_id);
        WeeklyHours(there.copied().map(OpenHours::from).collect())
    }
}

impl<'de> Deserialize<'de> for WeeklyHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for WorkingHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn check_week(hours: &[OpenHours]) -> Result<(), String> {
    if let Some(wrong) = hours.iter().find(|hours| hours.from >= hours.until) {
        let OpenHours {
            weekday,
            from,
            until,
        } = wrong;
        return Err(format!(
            "{weekday}: {from} must lie before {until}; write hours over midnight as two stretches, up to 24:00 and from 00:00"
        ));
    }
    for weekday in Weekday::ALL {
        let mut day = hours
            .iter()
            .filter(|hours| hours.weekday == *weekday)
            .collect::<Vec<_>>();
        if day.len() > MOST_PER_DAY {
            return Err(format!("{weekday}: at most {MOST_PER_DAY} stretches"));
        }
        day.sort_unstable_by_key(|hours| hours.from);
        for pair in day.windows(2) {
            if let [first, second] = pair
                && second.from < first.until
            {
                return Err(format!(
                    "{weekday}: the stretches from {} and from {} overlap",
                    first.from, second.from
                ));
            }
        }
    }
    Ok(())
}

fn open_on(hours: impl Iterator<Item = OpenHours>, day: NaiveDate, zone: Tz) -> Vec<Interval> {
    let weekday = Weekday::from(day.weekday());
    hours
        .filter(|hours| hours.weekday == weekday)
        .map(|hours| Interval::new(hours.from.on(day, zone), hours.until.on(day, zone)))
        .filter(|interval| !interval.is_empty())
        .collect()
}

/// The time of day in which no mail that nobody waits for should arrive; it may span midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, try_from = "QuietHoursText")]
pub struct QuietHours {
    /// When it begins.
    #[schema(example = "20:00")]
    pub from: ClockTime,
    /// When it ends.
    #[schema(example = "08:00")]
    pub until: ClockTime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietHoursText {
    from: ClockTime,
    until: ClockTime,
}

impl TryFrom<QuietHoursText> for QuietHours {
    type Error = String;

    fn try_from(text: QuietHoursText) -> Result<Self, String> {
        Self::new(text.from, text.until)
    }
}

impl QuietHours {
    /// 21:00 to 08:00: outside of these a mail is opened, not slept through (practice).
    pub const fn usual() -> Self {
        Self {
            from: ClockTime(21 * 60),
            until: ClockTime(8 * 60),
        }
    }

    /// Checks that something is left of the day.
    pub fn new(from: ClockTime, until: ClockTime) -> Result<Self, String> {
        if from.minutes() % 1440 == until.minutes() % 1440 {
            return Err(
                "write two different times: a day that is all quiet would hold every mail back"
                    .into(),
            );
        }
        Ok(Self { from, until })
    }

    /// The first instant from this one on that isn't quiet.
    pub fn over_from(self, instant: Instant, zone: Tz) -> Instant {
        let quiet = self.around(instant.day_at(zone), zone);
        let now = quiet
            .into_iter()
            .find(|interval| interval.contains(instant));
        now.map_or(instant, |interval| interval.ends_at)
    }

    /// The quiet instants that touch a local day: from the evening before to the morning after, in order.
    pub fn around(self, day: NaiveDate, zone: Tz) -> Vec<Interval> {
        let nights = (-1..=0).map(|offset| {
            let first = add_days(day, offset);
            let last = add_days(first, i64::from(self.until <= self.from));
            Interval::new(self.from.on(first, zone), self.until.on(last, zone))
        });
        normalise(nights.collect())
    }
}

#[cfg(test)]
#[path = "hours_tests.rs"]
mod tests;
