//! A point in time, to the millisecond, in UTC.

use std::fmt;
use std::ops::{Add, Sub};

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// A point in time; on the wire RFC 3339 with an offset, answered in UTC.
///
/// Milliseconds because that is what the database holds: an instant survives the trip unchanged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-25T09:00:00Z")]
pub struct Instant(i64);

/// 0001-01-01 and 9999-12-31: what RFC 3339 can write with four digits.
const RANGE_MILLIS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// The years in which something of a studio's may happen: what lies outside was mistyped, or stands for "never".
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// What to do about a time or a day outside of them.
pub const OUT_OF_YEARS: &str =
    "write a time in the years 1900 to 2200; where there is none, leave the field out";

/// Whether something may happen on such a day.
pub fn is_in_years(day: impl Datelike) -> bool {
    YEARS.contains(&day.year())
}

impl Instant {
    /// The instant this many milliseconds after 1970-01-01T00:00:00Z, bounded to the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(*RANGE_MILLIS.start(), *RANGE_MILLIS.end()))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The same number in place, for whoever binds it to a query.
    pub fn as_millis(&self) -> &i64 {
        &self.0
    }

    /// Reads RFC 3339 with an offset.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = DateTime::parse_from_rfc3339(text).ok()?;
        RANGE_MILLIS
            .contains(&parsed.timestamp_millis())
            .then(|| Self::from(parsed.with_timezone(&Utc)))
    }

    /// This instant on a place's wall clock.
    pub fn at(self, zone: Tz) -> DateTime<Tz> {
        self.utc().with_timezone(&zone)
    }

    /// The calendar day of this instant at a place.
    pub fn day_at(self, zone: Tz) -> NaiveDate {
        self.at(zone).date_naive()
    }

    /// As chrono's own type.
    pub fn utc(self) -> DateTime<Utc> {
        // The bounds lie inside of what chrono can hold, so there is always a single answer.
        Utc.timestamp_millis_opt(self.0)
            .single()
            .unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(instant: DateTime<Utc>) -> Self {
        Self::from_millis(instant.timestamp_millis())
    }
}

impl Add<TimeDelta> for Instant {
    type Output = Self;

    fn add(self, delta: TimeDelta) -> Self {
        Self::from_millis(self.millis().saturating_add(delta.num_milliseconds()))
    }
}

impl Sub<TimeDelta> for Instant {
    type Output = Self;

    fn sub(self, delta: TimeDelta) -> Self {
        Self::from_millis(self.millis().saturating_sub(delta.num_milliseconds()))
    }
}

impl Sub for Instant {
    type Output = TimeDelta;

    fn sub(self, other: Self) -> TimeDelta {
        TimeDelta::milliseconds(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(
                "write the instant as RFC 3339 with an offset, such as 2026-11-25T09:00:00+01:00",
            )
        })
    }
}
