//! How a timing is read: field by field, so that what is wrong is told with its place. A reader of tagged choices has lost it.

use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer};

use super::hours::ClockTime;
use super::number::{OffsetDays, OffsetHours, OffsetMinutes, OffsetMonths};
use super::patch::{Patch, Set};
use super::reminder::Timing;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RelativeTo {
    Start,
    StartDay,
    Action,
    CompletionDay,
    CompletionMonth,
    GapOpens,
    GapCloses,
}

/// All fields that any timing has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimingText {
    #[serde(deserialize_with = "relative_to")]
    relative_to: RelativeTo,
    #[serde(default)]
    hours_before: Set<OffsetHours>,
    #[serde(default)]
    or_before_cutoff_hours: Patch<OffsetHours>,
    #[serde(default)]
    days_before: Set<OffsetDays>,
    #[serde(default)]
    days_after: Set<OffsetDays>,
    #[serde(default)]
    months_after: Set<OffsetMonths>,
    #[serde(default)]
    minutes_after: Set<OffsetMinutes>,
    #[serde(default)]
    at: Set<ClockTime>,
}

/// As a text first: JSON that holds anything else there is well written all the same, which a reader of choices denies.
fn relative_to<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RelativeTo, D::Error> {
    let word = String::deserialize(deserializer)?;
    RelativeTo::deserialize(word.into_deserializer())
}

impl RelativeTo {
    /// The fields that a timing has which counts from there.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Start => &["relative_to", "hours_before", "or_before_cutoff_hours"],
            Self::StartDay | Self::GapOpens | Self::GapCloses => {
                &["relative_to", "days_before", "at"]
            }
            Self::Action => &["relative_to", "minutes_after"],
            Self::CompletionDay => &["relative_to", "days_after", "at"],
            Self::CompletionMonth => &["relative_to", "months_after", "at"],
        }
    }
}

impl TimingText {
    /// A field that stands here and belongs to another timing.
    fn misplaced(&self) -> Option<&'static str> {
        let named = [
            ("hours_before", self.hours_before != Set::Absent),
            (
                "or_before_cutoff_hours",
                self.or_before_cutoff_hours != Patch::Absent,
            ),
            ("days_before", self.days_before != Set::Absent),
            ("days_after", self.days_after != Set::Absent),
            ("months_after", self.months_after != Set::Absent),
            ("minutes_after", self.minutes_after != Set::Absent),
            ("at", self.at != Set::Absent),
        ];
        let known = self.relative_to.fields();
        named
            .into_iter()
            .find(|(name, is_there)| *is_there && !known.contains(name))
            .map(|(name, _)| name)
    }
}

impl<'de> Deserialize<'de> for Timing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = TimingText::deserialize(deserializer)?;
        if let Some(field) = text.misplaced() {
            return Err(D::Error::unknown_field(field, text.relative_to.fields()));
        }
        let days_before = || wanted(&text.days_before, "days_before");
        let at = || wanted(&text.at, "at");
        Ok(match text.relative_to {
            RelativeTo::Start => Self::Start {
                hours_before: wanted(&text.hours_before, "hours_before")?,
                or_before_cutoff_hours: match text.or_before_cutoff_hours {
                    Patch::Value(hours) => Some(hours),
                    Patch::Absent | Patch::Null => None,
                },
            },
            RelativeTo::StartDay => Self::StartDay {
                days_before: days_before()?,
                at: at()?,
            },
            RelativeTo::Action => Self::Action {
                minutes_after: wanted(&text.minutes_after, "minutes_after")?,
            },
            RelativeTo::CompletionDay => Self::CompletionDay {
                days_after: wanted(&text.days_after, "days_after")?,
                at: at()?,
            },
            RelativeTo::CompletionMonth => Self::CompletionMonth {
                months_after: wanted(&text.months_after, "months_after")?,
                at: at()?,
            },
            RelativeTo::GapOpens => Self::GapOpens {
                days_before: days_before()?,
                at: at()?,
            },
            RelativeTo::GapCloses => Self::GapCloses {
                days_before: days_before()?,
                at: at()?,
            },
        })
    }
}

fn wanted<T: Clone, E: serde::de::Error>(field: &Set<T>, name: &'static str) -> Result<T, E> {
    field.value().cloned().ok_or_else(|| E::missing_field(name))
}
