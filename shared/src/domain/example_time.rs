//! The time of a made-up appointment, for whoever tries a mail's words: one that the studio could have given.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::hours::WeeklyHours;
use super::instant::Instant;
use super::interval::Interval;
use super::local_time::{add_days, at_local_time};

/// The time of a made-up appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExampleTime {
    /// When it takes place.
    pub time: Interval,
    /// When it would have, before it was moved.
    pub previously: Interval,
}

/// How far ahead it lies at least.
const DAYS_AHEAD: i64 = 7;

/// How many hours it takes, the sooner named the better.
const LENGTHS: [i64; 3] = [3, 2, 1];

/// The hour that people expect.
const USUAL_HOUR: u32 = 10;

/// An appointment about a week from now, at a full hour of the studio's clocks at which it is open: at ten if it can be.
pub fn example_time(now: Instant, opening: &WeeklyHours, zone: Tz) -> ExampleTime {
    let first = add_days(now.day_at(zone), DAYS_AHEAD);
    let previously = on_or_after(first, opening, zone);
    let next = add_days(previously.starts_at.day_at(zone), 1);
    ExampleTime {
        time: on_or_after(next, opening, zone),
        previously,
    }
}

fn on_or_after(first: NaiveDate, opening: &WeeklyHours, zone: Tz) -> Interval {
    (0..7)
        .find_map(|offset| on(add_days(first, offset), opening, zone))
        // A studio that is never open for an hour has mails all the same.
        .unwrap_or_else(|| spell(first, USUAL_HOUR, LENGTHS[0], zone))
}

fn on(day: NaiveDate, opening: &WeeklyHours, zone: Tz) -> Option<Interval> {
    let open = opening.open_on(day, zone);
    LENGTHS.into_iter().find_map(|length| {
        std::iter::once(USUAL_HOUR)
            .chain(0..24)
            .map(|hour| spell(day, hour, length, zone))
            .find(|time| open.iter().any(|stretch| stretch.covers(*time)))
    })
}

fn spell(day: NaiveDate, hour: u32, length: i64, zone: Tz) -> Interval {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let starts_at = at_local_time(day, time, zone);
    Interval::new(starts_at, starts_at + TimeDelta::hours(length))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use chrono_tz::{America, Asia, Europe};
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn week(stretches: &[(&str, &str, &str)]) -> WeeklyHours {
        let hours: Vec<_> = stretches
            .iter()
            .map(|(weekday, from, until)| json!({"weekday": weekday, "from": from, "until": until}))
            .collect();
        serde_json::from_value(json!(hours)).unwrap()
    }

    fn said(now: &str, opening: &WeeklyHours, zone: Tz) -> [String; 3] {
        let example = example_time(at(now), opening, zone);
        let local = |instant: Instant| instant.at(zone).format("%a %Y-%m-%d %H:%M").to_string();
        [
            local(example.previously.starts_at),
            local(example.time.starts_at),
            local(example.time.ends_at),
        ]
    }

    #[test]
    fn it_lies_in_the_studios_hours_at_a_full_hour() {
        // A Friday, at an odd minute.
        let now = "2026-11-27T03:54:23Z";
        let weekdays = week(&[
            ("monday", "09:00", "18:00"),
            ("tuesday", "13:30", "20:00"),
            ("friday", "08:00", "12:00"),
        ]);
        assert_eq!(
            said(now, &weekdays, Europe::London),
            [
                "Fri 2026-12-04 08:00",
                "Mon 2026-12-07 10:00",
                "Mon 2026-12-07 13:00"
            ]
        );
        let evenings = week(&[
            ("tuesday", "13:30", "20:00"),
            ("saturday", "09:15", "10:45"),
        ]);
        assert_eq!(
            said(now, &evenings, Asia::Kolkata),
            [
                "Tue 2026-12-08 14:00",
                "Tue 2026-12-15 14:00",
                "Tue 2026-12-15 17:00"
            ]
        );
    }

    #[test]
    fn the_day_is_the_studios_and_the_clocks_may_change() {
        let daily: Vec<_> = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ]
        .map(|day| (day, "00:00", "24:00"))
        .to_vec();
        // It's still the 28th of February there; the clocks go forward on the 8th of March.
        assert_eq!(
            said("2026-03-01T02:10:00Z", &week(&daily), America::Los_Angeles),
            [
                "Sat 2026-03-07 10:00",
                "Sun 2026-03-08 10:00",
                "Sun 2026-03-08 13:00"
            ]
        );
    }

    #[test]
    fn a_studio_without_hours_has_an_example_too() {
        let short = week(&[("monday", "09:10", "09:50")]);
        for opening in [WeeklyHours::default(), short] {
            assert_eq!(
                said("2026-11-27T23:59:59Z", &opening, Europe::London),
                [
                    "Fri 2026-12-04 10:00",
                    "Sat 2026-12-05 10:00",
                    "Sat 2026-12-05 13:00"
                ]
            );
        }
    }
}
