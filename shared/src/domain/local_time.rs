//! Wall clocks: from a local day and time to an instant and back, over every change that a zone's clocks make.

use std::fmt;

use chrono::{
    Days, MappedLocalTime, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone,
};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use super::instant::Instant;
use super::text_enum::text_enums;

/// A place's time zone, by its IANA name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, example = "Europe/London")]
pub struct TimeZoneName(pub Tz);

impl TimeZoneName {
    /// The zone with this IANA name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The IANA name.
    pub fn as_str(self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for TimeZoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for TimeZoneName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TimeZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom("write an IANA time zone, such as Europe/London"))
    }
}

text_enums! {
    /// What to do with a local time that a change of the clocks skips or repeats.
    Disambiguation {
        /// Refuse it.
        Reject = "reject",
        /// Take the earlier of the two instants that it may mean.
        Earlier = "earlier",
        /// Take the later of the two instants that it may mean.
        Later = "later",
    }
}

/// Why a local time does not name one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalTimeProblem {
    /// The clocks skip it.
    DoesNotExist {
        /// The first instant after the skipped time.
        next_valid: Instant,
    },
    /// The clocks show it twice.
    ExistsTwice {
        /// The first time.
        earlier: Instant,
        /// The second time.
        later: Instant,
    },
}

/// The instant at which a place's clocks show this local time.
///
/// A repeated time is the earlier or the later of its two instants. A skipped time is read as jiff reads it: `Later`
/// with the offset before the change, so that it lands as long after the change as it lay in the skipped time;
/// `Earlier` with the offset after the change, so that it lands before the change.
pub fn resolve_local(
    local: NaiveDateTime,
    zone: Tz,
    disambiguation: Disambiguation,
) -> Result<Instant, LocalTimeProblem> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(only) => Ok(only.to_utc().into()),
        MappedLocalTime::Ambiguous(earlier, later) => {
            let (earlier, later) = (earlier.to_utc().into(), later.to_utc().into());
            match disambiguation {
                Disambiguation::Reject => Err(LocalTimeProblem::ExistsTwice { earlier, later }),
                Disambiguation::Earlier => Ok(earlier),
                Disambiguation::Later => Ok(later),
            }
        }
        MappedLocalTime::None => {
            let skipped = Skipped::around(local, zone);
            match disambiguation {
                Disambiguation::Reject => Err(LocalTimeProblem::DoesNotExist {
                    next_valid: skipped.end,
                }),
                Disambiguation::Earlier => Ok(skipped.earlier),
                Disambiguation::Later => Ok(skipped.later),
            }
        }
    }
}

/// The instant at which a place's clocks first show this time on this day; the first instant after, if they skip it.
pub fn at_local_time(day: NaiveDate, time: NaiveTime, zone: Tz) -> Instant {
    match resolve_local(day.and_time(time), zone, Disambiguation::Reject) {
        Ok(instant)
        | Err(LocalTimeProblem::DoesNotExist {
            next_valid: instant,
        })
        | Err(LocalTimeProblem::ExistsTwice {
            earlier: instant, ..
        }) => instant,
    }
}

/// The first instant of a day at a place, also where midnight is skipped.
///
/// A day that a place never had is empty: it starts where the next day does.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> Instant {
    at_local_time(day, NaiveTime::MIN, zone)
}

/// The day that it is where it's latest: nowhere is a later one today.
pub fn latest_today(now: Instant) -> NaiveDate {
    (now + LATEST_OFFSET).utc().date_naive()
}

/// The clocks of no place are farther ahead of UTC.
const LATEST_OFFSET: TimeDelta = TimeDelta::hours(14);

/// Calendar days from one day to another; negative if the other lies before.
pub fn days_between(from: NaiveDate, until: NaiveDate) -> i64 {
    until.signed_duration_since(from).num_days()
}

/// The day so many calendar days after, bounded to the calendar.
pub fn add_days(day: NaiveDate, days: i64) -> NaiveDate {
    let distance = Days::new(days.unsigned_abs());
    if days < 0 {
        day.checked_sub_days(distance).unwrap_or(NaiveDate::MIN)
    } else {
        day.checked_add_days(distance).unwrap_or(NaiveDate::MAX)
    }
}

/// The same day so many months after, or the month's last where it has no such day; bounded to the calendar.
pub fn add_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months))
        .unwrap_or(NaiveDate::MAX)
}

/// A time that the clocks skip, and what is near it.
struct Skipped {
    earlier: Instant,
    end: Instant,
    later: Instant,
}

impl Skipped {
    fn around(local: NaiveDateTime, zone: Tz) -> Self {
        // The edges of the calendar have no gap to ask about; there the local time is read as UTC.
        let as_utc = Instant::from(local.and_utc());
        let gap = GapInfo::new(&local, &zone);
        let begin = gap.as_ref().and_then(|gap| gap.begin);
        let end = gap.as_ref().and_then(|gap| gap.end);
        let (Some((begins, _)), Some(end)) = (begin, end) else {
            return Self {
                earlier: as_utc,
                end: as_utc,
                later: as_utc,
            };
        };
        let width = end.naive_local() - begins;
        let into = local - begins;
        let end = Instant::from(end.to_utc());
        Self {
            earlier: end + into - width,
            end,
            later: end + into,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use chrono::{Offset, TimeDelta};
    use chrono_tz::{Africa, America, Asia, Atlantic, Australia, Europe, Pacific};
    use proptest::prelude::*;

    use super::*;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_skipped_time_is_refused_with_the_next_valid_one() {
        for (zone, time, earlier, next_valid, later) in [
            (
                Europe::London,
                "2027-03-28T01:20:00",
                "2027-03-28T00:20:00Z",
                "2027-03-28T01:00:00Z",
                "2027-03-28T01:20:00Z",
            ),
            (
                America::New_York,
                "2027-03-14T02:30:00",
                "2027-03-14T06:30:00Z",
                "2027-03-14T07:00:00Z",
                "2027-03-14T07:30:00Z",
            ),
            // Half an hour is skipped.
            (
                Australia::Lord_Howe,
                "2027-10-03T02:15:00",
                "2027-10-02T15:15:00Z",
                "2027-10-02T15:30:00Z",
                "2027-10-02T15:45:00Z",
            ),
            (
                Pacific::Chatham,
                "2027-09-26T02:45:00",
                "2027-09-25T13:00:00Z",
                "2027-09-25T14:00:00Z",
                "2027-09-25T14:00:00Z",
            ),
            // A whole day is skipped.
            (
                Pacific::Apia,
                "2011-12-30T12:00:00",
                "2011-12-29T22:00:00Z",
                "2011-12-30T10:00:00Z",
                "2011-12-30T22:00:00Z",
            ),
        ] {
            let at = |disambiguation| resolve_local(local(time), zone, disambiguation);
            assert_eq!(
                at(Disambiguation::Reject),
                Err(LocalTimeProblem::DoesNotExist {
                    next_valid: instant(next_valid)
                }),
                "{zone} {time}"
            );
            assert_eq!(
                at(Disambiguation::Earlier),
                Ok(instant(earlier)),
                "{zone} {time}"
            );
            assert_eq!(
                at(Disambiguation::Later),
                Ok(instant(later)),
                "{zone} {time}"
            );
        }
    }

    #[test]
    fn a_repeated_time_is_refused_with_both_instants() {
        for (zone, time, earlier, later) in [
            (
                Europe::London,
                "2027-10-31T01:30:00",
                "2027-10-31T00:30:00Z",
                "2027-10-31T01:30:00Z",
            ),
            (
                Australia::Lord_Howe,
                "2027-04-04T01:45:00",
                "2027-04-03T14:45:00Z",
                "2027-04-03T15:15:00Z",
            ),
            (
                Africa::Casablanca,
                "2026-02-15T02:30:00",
                "2026-02-15T01:30:00Z",
                "2026-02-15T02:30:00Z",
            ),
        ] {
            let at = |disambiguation| resolve_local(local(time), zone, disambiguation);
            let (earlier, later) = (instant(earlier), instant(later));
            assert_eq!(
                at(Disambiguation::Reject),
                Err(LocalTimeProblem::ExistsTwice { earlier, later }),
                "{zone}"
            );
            assert_eq!(at(Disambiguation::Earlier), Ok(earlier), "{zone}");
            assert_eq!(at(Disambiguation::Later), Ok(later), "{zone}");
        }
    }

    #[test]
    fn a_day_starts_at_its_first_instant() {
        for (zone, date, start) in [
            (Europe::London, "2027-03-28", "2027-03-28T00:00:00Z"),
            // Midnight is skipped.
            (America::Sao_Paulo, "2018-11-04", "2018-11-04T03:00:00Z"),
            (Asia::Tehran, "2022-03-22", "2022-03-21T20:30:00Z"),
            (Africa::Cairo, "2027-04-30", "2027-04-29T22:00:00Z"),
            // Midnight comes twice.
            (America::Havana, "2027-11-07", "2027-11-07T04:00:00Z"),
            (Atlantic::Azores, "2027-10-31", "2027-10-31T00:00:00Z"),
            // The day that Samoa never had starts where the next one does.
            (Pacific::Apia, "2011-12-30", "2011-12-30T10:00:00Z"),
            (Pacific::Apia, "2011-12-31", "2011-12-30T10:00:00Z"),
        ] {
            assert_eq!(
                start_of_day(day(date), zone),
                instant(start),
                "{zone} {date}"
            );
        }
    }

    #[test]
    fn days_are_counted_on_the_calendar() {
        assert_eq!(days_between(day("2027-03-27"), day("2027-03-29")), 2);
        assert_eq!(days_between(day("2028-03-01"), day("2028-02-28")), -2);
        assert_eq!(add_days(day("2028-02-28"), 2), day("2028-03-01"));
        assert_eq!(add_days(day("2028-03-01"), -2), day("2028-02-28"));
        assert_eq!(add_days(day("2028-03-01"), i64::MAX), NaiveDate::MAX);
        assert_eq!(add_days(day("2028-03-01"), i64::MIN), NaiveDate::MIN);
        assert_eq!(add_months(day("2028-01-31"), 1), day("2028-02-29"));
        assert_eq!(add_months(day("2028-02-29"), 36), day("2031-02-28"));
        assert_eq!(add_months(day("2028-02-29"), u32::MAX), NaiveDate::MAX);
    }

    #[test]
    fn the_calendars_edges_do_not_panic() {
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            for zone in [Pacific::Kiritimati, Pacific::Niue, Europe::London] {
                let _ = start_of_day(date, zone);
                let _ = resolve_local(date.and_time(NaiveTime::MIN), zone, Disambiguation::Later);
            }
        }
    }

    #[test]
    fn a_zone_is_its_iana_name() {
        let zone: TimeZoneName = serde_json::from_str("\"Australia/Lord_Howe\"").unwrap();
        assert_eq!(zone.0, Australia::Lord_Howe);
        assert_eq!(
            serde_json::to_string(&zone).unwrap(),
            "\"Australia/Lord_Howe\""
        );
        for wrong in ["\"GMT+1\"", "\"+01:00\"", "\"Europe/Atlantis\"", "\"\""] {
            assert!(
                serde_json::from_str::<TimeZoneName>(wrong).is_err(),
                "{wrong}"
            );
        }
    }

    fn zones() -> impl Strategy<Value = Tz> {
        prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn an_instant_is_found_again_by_its_wall_clock(zone in zones(), seconds in 0_i64..4_000_000_000) {
            let then = Instant::from_millis(seconds * 1000);
            let wall = then.at(zone).naive_local();
            let found = [Disambiguation::Earlier, Disambiguation::Later].map(|way| resolve_local(wall, zone, way));
            prop_assert!(found.contains(&Ok(then)));
        }

        #[test]
        fn the_day_before_ends_where_a_day_starts(zone in zones(), number in 11_000_u64..25_000) {
            let date = NaiveDate::default() + Days::new(number);
            let start = start_of_day(date, zone);
            prop_assert!(start.day_at(zone) >= date);
            prop_assert!((start - TimeDelta::milliseconds(1)).day_at(zone) < date);
            prop_assert!(start <= start_of_day(add_days(date, 1), zone));
        }

        #[test]
        fn a_skipped_time_lies_around_the_change(zone in zones(), minutes in 0_i64..66_000_000) {
            let wall = NaiveDateTime::default() + TimeDelta::minutes(minutes);
            if let Err(LocalTimeProblem::DoesNotExist { next_valid }) = resolve_local(wall, zone, Disambiguation::Reject) {
                let before = next_valid - TimeDelta::milliseconds(1);
                prop_assert!(before.at(zone).naive_local() < wall && wall < next_valid.at(zone).naive_local());
                let width = next_valid.at(zone).offset().fix().local_minus_utc()
                    - before.at(zone).offset().fix().local_minus_utc();
                let earlier = resolve_local(wall, zone, Disambiguation::Earlier).ok();
                let later = resolve_local(wall, zone, Disambiguation::Later).ok();
                prop_assert_eq!(
                    earlier.map(|earlier| earlier + TimeDelta::seconds(width.into())),
                    later
                );
            }
        }
    }
}
