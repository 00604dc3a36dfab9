//! Days and times as people at the studio read them.

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;

use super::words::Locale;
use crate::domain::Instant;

struct Names {
    days: [&'static str; 7],
    months: [&'static str; 12],
}

const ENGLISH: Names = Names {
    days: [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
};

const GERMAN: Names = Names {
    days: [
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
    ],
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
};

const FRENCH: Names = Names {
    days: [
        "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    ],
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
};

const SPANISH: Names = Names {
    days: [
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
        "domingo",
    ],
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
};

/// The day and time on the studio's wall clock, as in "Wednesday 25 November 2026, 10:00".
pub fn day_and_time(instant: Instant, zone: Tz, locale: Locale) -> String {
    let local = instant.at(zone);
    let names = match locale {
        Locale::English => &ENGLISH,
        Locale::German => &GERMAN,
        Locale::French => &FRENCH,
        Locale::Spanish => &SPANISH,
    };
    let pick = |names: &[&'static str], index: u32| {
        usize::try_from(index)
            .ok()
            .and_then(|index| names.get(index).copied())
            .unwrap_or_default()
    };
    let weekday = pick(&names.days, local.weekday().num_days_from_monday());
    let month = pick(&names.months, local.month0());
    let (day, year, time) = (local.day(), local.year(), time_of_day(instant, zone));
    match locale {
        Locale::English => format!("{weekday} {day} {month} {year}, {time}"),
        Locale::German => format!("{weekday}, {day}. {month} {year}, {time} Uhr"),
        Locale::French if day == 1 => format!("{weekday} 1er {month} {year}, {time}"),
        Locale::French => format!("{weekday} {day} {month} {year}, {time}"),
        Locale::Spanish => format!("{weekday}, {day} de {month} de {year}, {time}"),
    }
}

/// The same with the zone's name and its offset on that day, because a client may read it elsewhere.
pub fn day_and_time_with_zone(instant: Instant, zone: Tz, locale: Locale) -> String {
    let offset = instant.at(zone).format("%:z");
    let day_and_time = day_and_time(instant, zone, locale);
    format!("{day_and_time} ({}, UTC{offset})", zone.name())
}

/// The time of day on the studio's wall clock, on 24 hours.
pub fn time_of_day(instant: Instant, zone: Tz) -> String {
    let local = instant.at(zone);
    format!("{:02}:{:02}", local.hour(), local.minute())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn each_language_writes_the_day_its_own_way() {
        let instant = at("2026-11-25T10:00:00Z");
        let cases = [
            (
                Locale::English,
                "Wednesday 25 November 2026, 10:00 (Europe/London, UTC+00:00)",
            ),
            (
                Locale::German,
                "Mittwoch, 25. November 2026, 10:00 Uhr (Europe/London, UTC+00:00)",
            ),
            (
                Locale::French,
                "mercredi 25 novembre 2026, 10:00 (Europe/London, UTC+00:00)",
            ),
            (
                Locale::Spanish,
                "miércoles, 25 de noviembre de 2026, 10:00 (Europe/London, UTC+00:00)",
            ),
        ];
        for (locale, expected) in cases {
            let zone = chrono_tz::Europe::London;
            assert_eq!(day_and_time_with_zone(instant, zone, locale), expected);
        }
    }

    #[test]
    fn the_same_wall_clock_time_twice_differs_by_its_offset() {
        let zone = chrono_tz::Europe::London;
        let first = day_and_time_with_zone(at("2026-10-25T00:30:00Z"), zone, Locale::English);
        let second = day_and_time_with_zone(at("2026-10-25T01:30:00Z"), zone, Locale::English);
        assert_eq!(
            first,
            "Sunday 25 October 2026, 01:30 (Europe/London, UTC+01:00)"
        );
        assert_eq!(
            second,
            "Sunday 25 October 2026, 01:30 (Europe/London, UTC+00:00)"
        );
    }

    #[test]
    fn a_zone_on_the_other_side_of_the_world_has_another_day() {
        let text = day_and_time_with_zone(
            at("2026-12-31T23:00:00Z"),
            chrono_tz::Pacific::Chatham,
            Locale::French,
        );
        assert_eq!(
            text,
            "vendredi 1er janvier 2027, 12:45 (Pacific/Chatham, UTC+13:45)"
        );
    }
}
