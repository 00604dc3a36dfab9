#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrono_tz::{America, Europe, Pacific};
use serde_json::json;

use super::*;
use crate::domain::instant::Instant;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn span(starts: &str, ends: &str) -> Interval {
    Interval::new(
        Instant::parse(starts).unwrap(),
        Instant::parse(ends).unwrap(),
    )
}

fn week(hours: serde_json::Value) -> Result<WeeklyHours, serde_json::Error> {
    serde_json::from_value(hours)
}

#[test]
fn times_of_day_are_written_with_four_digits() {
    for good in ["00:00", "09:05", "23:59", "24:00"] {
        assert_eq!(ClockTime::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "9:00", "09:60", "24:01", "25:00", "09:00:00", "0900", "+9:00", "", "09:5", "٠9:00",
    ] {
        assert_eq!(ClockTime::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_week_is_checked() {
    let good = json!([
        {"weekday": "tuesday", "from": "13:00", "until": "24:00"},
        {"weekday": "tuesday", "from": "09:00", "until": "13:00"},
    ]);
    let hours = week(good).unwrap();
    assert_eq!(hours.hours()[0].from, ClockTime::parse("09:00").unwrap());
    assert_eq!(week(serde_json::to_value(&hours).unwrap()).unwrap(), hours);
    for bad in [
        json!([{"weekday": "monday", "from": "09:00", "until": "09:00"}]),
        json!([{"weekday": "monday", "from": "18:00", "until": "09:00"}]),
        json!([{"weekday": "monday", "from": "24:00", "until": "24:00"}]),
        json!([{"weekday": "Monday", "from": "09:00", "until": "10:00"}]),
        json!([{"weekday": "monday", "from": "09:00", "until": "10:00", "room": 1}]),
        json!([{"weekday": "monday", "from": "09:00", "until": "10:00"}, {"weekday": "monday", "from": "09:30", "until": "11:00"}]),
        (0..9).map(|hour| json!({"weekday": "monday", "from": format!("{hour:02}:00"), "until": format!("{hour:02}:30")})).collect(),
    ] {
        assert!(week(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn only_hours_at_the_same_studio_are_compared() {
    let (here, there) = (StudioId::new(), StudioId::new());
    let hours = |second_at: StudioId, second_from: &str| {
        serde_json::from_value::<WorkingHours>(json!([
            {"studio_id": here, "weekday": "friday", "from": "09:00", "until": "12:00"},
            {"studio_id": second_at, "weekday": "friday", "from": second_from, "until": "18:00"},
        ]))
    };
    assert!(hours(here, "11:00").is_err());
    // By the clocks of Kathmandu and Tehran these don't meet.
    let hours = hours(there, "11:00").unwrap();
    assert_eq!(hours.at_studio(there).hours().len(), 1);
    assert_eq!(hours.at_studio(StudioId::new()), WeeklyHours::default());
}

#[test]
fn open_hours_follow_the_wall_clock() {
    let hours = week(json!([
        {"weekday": "sunday", "from": "00:00", "until": "24:00"},
        {"weekday": "friday", "from": "09:00", "until": "17:00"},
    ]))
    .unwrap();
    // 23 hours in spring, 25 in autumn.
    assert_eq!(
        hours.open_on(day("2027-03-28"), Europe::London),
        [span("2027-03-28T00:00:00Z", "2027-03-28T23:00:00Z")]
    );
    assert_eq!(
        hours.open_on(day("2027-10-31"), Europe::London),
        [span("2027-10-30T23:00:00Z", "2027-11-01T00:00:00Z")]
    );
    assert_eq!(
        hours.open_on(day("2018-11-04"), America::Sao_Paulo),
        [span("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")]
    );
    assert_eq!(hours.open_on(day("2027-03-29"), Europe::London), []);
    // A Friday that Samoa never had.
    assert_eq!(hours.open_on(day("2011-12-30"), Pacific::Apia), []);
}

#[test]
fn hours_that_the_clocks_skip_are_left_out() {
    let hours = week(json!([{"weekday": "sunday", "from": "01:00", "until": "02:00"}])).unwrap();
    assert_eq!(hours.open_on(day("2027-03-28"), Europe::London), []);
    let hours = week(json!([{"weekday": "sunday", "from": "01:30", "until": "03:00"}])).unwrap();
    assert_eq!(
        hours.open_on(day("2027-03-28"), Europe::London),
        [span("2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z")]
    );
}

#[test]
fn quiet_hours_may_span_midnight() {
    let quiet: QuietHours =
        serde_json::from_value(json!({"from": "20:00", "until": "08:00"})).unwrap();
    assert_eq!(
        quiet.around(day("2027-01-10"), Europe::London),
        [
            span("2027-01-09T20:00:00Z", "2027-01-10T08:00:00Z"),
            span("2027-01-10T20:00:00Z", "2027-01-11T08:00:00Z"),
        ]
    );
    let siesta: QuietHours =
        serde_json::from_value(json!({"from": "12:00", "until": "14:00"})).unwrap();
    assert_eq!(
        siesta.around(day("2027-01-10"), Europe::London)[1],
        span("2027-01-10T12:00:00Z", "2027-01-10T14:00:00Z")
    );
    for bad in [
        json!({"from": "08:00", "until": "08:00"}),
        json!({"from": "00:00", "until": "24:00"}),
        json!({"from": "08:00"}),
    ] {
        assert!(
            serde_json::from_value::<QuietHours>(bad.clone()).is_err(),
            "{bad}"
        );
    }
}
