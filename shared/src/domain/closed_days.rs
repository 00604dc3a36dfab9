//! Days on which a studio stays closed whatever its week says: holidays, a move, a fair.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::day;
use super::hours::WeeklyHours;
use super::instant::is_in_years;
use super::interval::Interval;
use super::text::Name;

/// How many stretches a studio may have: ten years with a dozen holidays each.
const MOST: usize = 120;

/// Some days in a row on which a studio is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// The first day, on the studio's calendar.
    #[serde(deserialize_with = "day::required")]
    #[schema(example = "2026-12-24")]
    pub from_day: NaiveDate,
    /// The last day; the first again for a single one.
    #[serde(deserialize_with = "day::required")]
    #[schema(example = "2026-12-26")]
    pub until_day: NaiveDate,
    /// What staff call them.
    #[serde(default)]
    #[schema(example = "Christmas")]
    pub name: Option<Name>,
}

impl Closure {
    /// Which days these are, and what they are called.
    pub fn in_words(&self) -> String {
        let days = if self.from_day == self.until_day {
            format!("on {}", self.from_day)
        } else {
            format!("from {} to {}", self.from_day, self.until_day)
        };
        match &self.name {
            Some(name) => format!("{days} ({})", name.as_str()),
            None => days,
        }
    }

    fn holds(&self, day: NaiveDate) -> bool {
        (self.from_day..=self.until_day).contains(&day)
    }
}

/// All days on which a studio stays closed, in order; at most 120 stretches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct ClosedDays(Vec<Closure>);

impl ClosedDays {
    /// Checks the stretches, or says what is wrong with them. Two may hold the same day.
    pub fn new(mut closures: Vec<Closure>) -> Result<Self, String> {
        if closures.len() > MOST {
            return Err(format!(
                "write at most {MOST} stretches, and leave those out that are over"
            ));
        }
        for Closure {
            from_day,
            until_day,
            ..
        } in &closures
        {
            if until_day < from_day {
                return Err(format!(
                    "write an until_day that is {from_day}, the first day, or later"
                ));
            }
            if !is_in_years(*from_day) || !is_in_years(*until_day) {
                return Err("write days in the years 1900 to 2200".into());
            }
        }
        closures.sort_by_key(|closure| (closure.from_day, closure.until_day));
        Ok(Self(closures))
    }

    /// The stretch that holds this day, where one does.
    pub fn on(&self, day: NaiveDate) -> Option<&Closure> {
        self.0.iter().find(|closure| closure.holds(day))
    }

    /// The instants of a local day at which a studio with these hours is open.
    pub fn open_on(&self, hours: &WeeklyHours, day: NaiveDate, zone: Tz) -> Vec<Interval> {
        if self.on(day).is_some() {
            return Vec::new();
        }
        hours.open_on(day, zone)
    }
}

impl<'de> Deserialize<'de> for ClosedDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use serde_json::{Value, json};

    use super::*;

    fn closed(days: Value) -> Result<ClosedDays, String> {
        serde_json::from_value(days).map_err(|wrong| wrong.to_string())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_stretch_holds_its_first_and_last_day_and_none_beside_them() {
        let days = closed(json!([
            {"from_day": "2027-01-01", "until_day": "2027-01-01"},
            {"from_day": "2026-12-24", "until_day": "2026-12-26", "name": "Christmas"},
        ]))
        .unwrap();
        let held: Vec<String> = day("2026-12-20")
            .iter_days()
            .take(20)
            .filter(|day| days.on(*day).is_some())
            .map(|day| day.to_string())
            .collect();
        assert_eq!(
            held,
            ["2026-12-24", "2026-12-25", "2026-12-26", "2027-01-01"]
        );
        assert_eq!(
            days.on(day("2026-12-25")).unwrap().name.as_deref(),
            Some("Christmas")
        );
    }

    #[test]
    fn what_is_no_stretch_of_days_is_refused() {
        let backwards = json!([{"from_day": "2026-12-26", "until_day": "2026-12-24"}]);
        assert!(closed(backwards).unwrap_err().contains("2026-12-26"));
        let far = json!([{"from_day": "2026-12-26", "until_day": "2201-01-01"}]);
        assert!(closed(far).unwrap_err().contains("1900 to 2200"));
        let one = json!({"from_day": "2026-12-26", "until_day": "2026-12-26"});
        assert!(closed(json!(vec![one.clone(); MOST])).is_ok());
        assert!(
            closed(json!(vec![one; MOST + 1]))
                .unwrap_err()
                .contains("at most 120")
        );
    }

    #[test]
    fn a_closed_day_has_no_hours() {
        let hours: WeeklyHours = serde_json::from_value(
            json!([{"weekday": "thursday", "from": "09:00", "until": "12:00"}]),
        )
        .unwrap();
        let days = closed(json!([{"from_day": "2026-12-24", "until_day": "2026-12-24"}])).unwrap();
        let zone = chrono_tz::Europe::London;
        assert!(days.open_on(&hours, day("2026-12-24"), zone).is_empty());
        assert_eq!(days.open_on(&hours, day("2026-12-31"), zone).len(), 1);
    }
}
