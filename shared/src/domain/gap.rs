//! How far apart the sessions of a plan may lie, in calendar days at the studio.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::SessionId;
use super::local_time::{add_days, days_between};
use super::text_enum::text_enums;
use super::vocabulary::SessionState;

/// The longest time that a gap may name.
const MOST_DAYS: u16 = 3650;

/// How many days lie between two sessions of a plan that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, try_from = "GapText")]
pub struct Gap {
    /// Nearer than this needs an override.
    #[schema(minimum = 0, maximum = 3650, example = 7)]
    pub minimum_days: u16,
    /// From here on is best.
    #[schema(minimum = 0, maximum = 3650, example = 10)]
    pub recommended_from_days: u16,
    /// Up to here is best.
    #[schema(minimum = 0, maximum = 3650, example = 14)]
    pub recommended_until_days: u16,
    /// Further apart than this needs an override.
    #[schema(minimum = 0, maximum = 3650, example = 60)]
    pub maximum_days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GapText {
    minimum_days: u16,
    recommended_from_days: u16,
    recommended_until_days: u16,
    maximum_days: u16,
}

impl TryFrom<GapText> for Gap {
    type Error = String;

    fn try_from(text: GapText) -> Result<Self, String> {
        Self::new(
            text.minimum_days,
            text.recommended_from_days,
            text.recommended_until_days,
            text.maximum_days,
        )
    }
}

/// The days on which a later session may lie, counted from an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GapWindow {
    /// The first day that needs no override.
    pub earliest: NaiveDate,
    /// The first of the best days.
    pub recommended_from: NaiveDate,
    /// The last of the best days.
    pub recommended_until: NaiveDate,
    /// The last day that needs no override.
    pub latest: NaiveDate,
}

/// How a day lies in a gap's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapVerdict {
    /// Before the minimum.
    TooEarly {
        /// The first day that needs no override.
        earliest: NaiveDate,
    },
    /// Allowed, and earlier than is best.
    BeforeRecommended,
    /// Among the best days.
    Recommended,
    /// Allowed, and later than is best.
    AfterRecommended,
    /// After the maximum.
    TooLate {
        /// The last day that needs no override.
        latest: NaiveDate,
    },
}

impl Gap {
    /// Checks that the days ascend, or says what is wrong.
    pub fn new(
        minimum: u16,
        recommended_from: u16,
        recommended_until: u16,
        maximum: u16,
    ) -> Result<Self, String> {
        if maximum > MOST_DAYS {
            return Err(format!("write at most {MOST_DAYS} days"));
        }
        if !(minimum <= recommended_from
            && recommended_from <= recommended_until
            && recommended_until <= maximum)
        {
            return Err("write the days in ascending order: minimum, recommended from, recommended until, maximum".into());
        }
        Ok(Self {
            minimum_days: minimum,
            recommended_from_days: recommended_from,
            recommended_until_days: recommended_until,
            maximum_days: maximum,
        })
    }

    /// The days on which the later session may lie.
    pub fn window(self, earlier: NaiveDate) -> GapWindow {
        let day = |days: u16| add_days(earlier, days.into());
        GapWindow {
            earliest: day(self.minimum_days),
            recommended_from: day(self.recommended_from_days),
            recommended_until: day(self.recommended_until_days),
            latest: day(self.maximum_days),
        }
    }

    /// How the later session's day lies in the window.
    pub fn check(self, earlier: NaiveDate, later: NaiveDate) -> GapVerdict {
        let days = days_between(earlier, later);
        let window = self.window(earlier);
        if days < self.minimum_days.into() {
            GapVerdict::TooEarly {
                earliest: window.earliest,
            }
        } else if days < self.recommended_from_days.into() {
            GapVerdict::BeforeRecommended
        } else if days <= self.recommended_until_days.into() {
            GapVerdict::Recommended
        } else if days <= self.maximum_days.into() {
            GapVerdict::AfterRecommended
        } else {
            GapVerdict::TooLate {
                latest: window.latest,
            }
        }
    }
}

/// The day that a gap is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapAnchor {
    /// The session took place on this day.
    Completed(NaiveDate),
    /// The session is booked for this day.
    Booked(NaiveDate),
}

impl GapAnchor {
    /// The day.
    pub const fn day(self) -> NaiveDate {
        match self {
            Self::Completed(day) | Self::Booked(day) => day,
        }
    }
}

/// A session of a plan, as far as gaps are concerned; days are those of its studio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanSession {
    /// Which session.
    pub session_id: SessionId,
    /// Its place in the plan, from 1.
    pub ordinal: u8,
    /// Where it stands.
    pub state: SessionState,
    /// The day it is booked for.
    pub booked_day: Option<NaiveDate>,
    /// The day it took place.
    pub completed_day: Option<NaiveDate>,
}

impl PlanSession {
    /// The day to count from: when it took place, or, until then, when it is booked for.
    pub fn anchor(&self) -> Option<GapAnchor> {
        match self.state {
            SessionState::Completed => self
                .completed_day
                .or(self.booked_day)
                .map(GapAnchor::Completed),
            state if state.holds_time() => self.booked_day.map(GapAnchor::Booked),
            _ => None,
        }
    }
}

text_enums! {
    /// What is wrong between two sessions of a plan.
    GapBreachKind {
        /// They lie too near.
        TooEarly = "gap_too_short",
        /// They lie too far apart.
        TooLate = "gap_too_long",
        /// The earlier one has no day yet.
        EarlierNotBooked = "earlier_session_not_booked",
    }
}

/// Something wrong between two sessions of a plan that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GapBreach {
    /// What is wrong.
    pub kind: GapBreachKind,
    /// The earlier session's place in the plan.
    pub earlier_ordinal: u8,
    /// The later session's place in the plan.
    pub later_ordinal: u8,
    /// The day of the earlier session, if it has one.
    pub earlier_day: Option<NaiveDate>,
    /// The day of the later session.
    pub later_day: NaiveDate,
    /// The days that the later session may have.
    pub window: Option<GapWindow>,
}

impl GapBreach {
    /// What is wrong, in a sentence.
    pub fn detail(&self) -> String {
        let Self {
            earlier_ordinal,
            later_ordinal,
            later_day,
            ..
        } = self;
        match (self.kind, self.window) {
            (GapBreachKind::TooEarly, Some(window)) => {
                format!(
                    "Session {later_ordinal} may be on {} at the earliest, not on {later_day}.",
                    window.earliest
                )
            }
            (GapBreachKind::TooLate, Some(window)) => {
                format!(
                    "Session {later_ordinal} should be on {} at the latest, not on {later_day}.",
                    window.latest
                )
            }
            _ => format!(
                "Session {earlier_ordinal} has no day yet, and session {later_ordinal} is on {later_day}."
            ),
        }
    }
}

/// The gap between the session with this ordinal and the next, if the plan has one.
pub fn gap_after(gaps: &[Gap], ordinal: u8) -> Option<Gap> {
    gaps.get(usize::from(ordinal).checked_sub(1)?).copied()
}

/// What is wrong if the session with this ordinal has its time on this day, towards the one before and the one after.
///
/// Sessions that are cancelled or missed don't count; the session's own row, if the list has it, is disregarded.
pub fn check_neighbours(
    plan: &[PlanSession],
    gaps: &[Gap],
    ordinal: u8,
    day: NaiveDate,
) -> Vec<GapBreach> {
    let mut breaches = Vec::new();
    if let Some(before) = ordinal.checked_sub(1).filter(|before| *before > 0) {
        breaches.extend(between(gaps, before, anchor_of(plan, before), day));
    }
    let after = ordinal.saturating_add(1);
    if let Some(next) = anchor_of(plan, after) {
        let this = GapAnchor::Booked(day);
        breaches.extend(between(gaps, ordinal, Some(this), next.day()));
    }
    breaches
}

/// What is wrong in a plan as it stands, wherever the later session is still to come.
pub fn breaches(plan: &[PlanSession], gaps: &[Gap]) -> Vec<GapBreach> {
    let mut later = plan
        .iter()
        .filter(|session| session.ordinal > 1)
        .filter_map(|session| match session.anchor() {
            Some(GapAnchor::Booked(day)) => Some((session.ordinal, day)),
            _ => None,
        })
        .collect::<Vec<_>>();
    later.sort_unstable();
    later
        .into_iter()
        .filter_map(|(ordinal, day)| between(gaps, ordinal - 1, anchor_of(plan, ordinal - 1), day))
        .collect()
}

/// The days that the session with this ordinal may have without a breach towards either neighbour.
pub fn allowed_days(
    plan: &[PlanSession],
    gaps: &[Gap],
    ordinal: u8,
) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let before = ordinal.checked_sub(1).and_then(|before| {
        let window = gap_after(gaps, before)?.window(anchor_of(plan, before)?.day());
        Some((window.earliest, window.latest))
    });
    let after = gap_after(gaps, ordinal).and_then(|gap| {
        let next = anchor_of(plan, ordinal.saturating_add(1))?.day();
        Some((
            add_days(next, -i64::from(gap.maximum_days)),
            add_days(next, -i64::from(gap.minimum_days)),
        ))
    });
    let both = [before, after];
    let from = both.iter().flatten().map(|(from, _)| *from).max();
    let until = both.iter().flatten().map(|(_, until)| *until).min();
    (from, until)
}

fn anchor_of(plan: &[PlanSession], ordinal: u8) -> Option<GapAnchor> {
    plan.iter()
        .filter(|session| session.ordinal == ordinal)
        .find_map(PlanSession::anchor)
}

fn between(
    gaps: &[Gap],
    earlier_ordinal: u8,
    earlier: Option<GapAnchor>,
    later_day: NaiveDate,
) -> Option<GapBreach> {
    let breach = |kind, window| GapBreach {
        kind,
        earlier_ordinal,
        later_ordinal: earlier_ordinal.saturating_add(1),
        earlier_day: earlier.map(GapAnchor::day),
        later_day,
        window,
    };
    let Some(earlier) = earlier else {
        return Some(breach(GapBreachKind::EarlierNotBooked, None));
    };
    let gap = gap_after(gaps, earlier_ordinal)?;
    let kind = match gap.check(earlier.day(), later_day) {
        GapVerdict::TooEarly { .. } => GapBreachKind::TooEarly,
        GapVerdict::TooLate { .. } => GapBreachKind::TooLate,
        GapVerdict::BeforeRecommended | GapVerdict::Recommended | GapVerdict::AfterRecommended => {
            return None;
        }
    };
    Some(breach(kind, Some(gap.window(earlier.day()))))
}

#[cfg(test)]
#[path = "gap_tests.rs"]
mod tests;
