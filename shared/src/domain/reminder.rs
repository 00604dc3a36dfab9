//! The steps of a studio's reminders and when each is due; what is scheduled in a case is `schedule`'s matter.

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hours::ClockTime;
use super::instant::Instant;
use super::local_time::add_days;
use super::number::{OffsetDays, OffsetHours, OffsetMinutes, OffsetMonths};
use super::vocabulary::{Anchor, ReminderStep, SessionKind};

/// When a step is due. Hours and minutes are elapsed time; days are the studio's calendar days at a time of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "relative_to", rename_all = "snake_case", deny_unknown_fields)]
pub enum Timing {
    /// Counted back from the session's start.
    Start {
        /// How long before the start.
        hours_before: OffsetHours,
        /// At the latest so long before the studio's cancellation cut-off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        or_before_cutoff_hours: Option<OffsetHours>,
    },
    /// Counted back from the day on which the session starts.
    StartDay {
        /// How many days before.
        days_before: OffsetDays,
        /// When on that day.
        at: ClockTime,
    },
    /// Counted from what was done: the booking, the move, the cancellation, or the session's completion.
    Action {
        /// How long after.
        minutes_after: OffsetMinutes,
    },
    /// Counted from the day on which the session was completed.
    CompletionDay {
        /// How many days after.
        days_after: OffsetDays,
        /// When on that day.
        at: ClockTime,
    },
    /// Counted from the day on which the session was completed.
    CompletionMonth {
        /// How many months after.
        months_after: OffsetMonths,
        /// When on that day.
        at: ClockTime,
    },
    /// Counted back from the first of the best days for the plan's next session.
    GapOpens {
        /// How many days before.
        days_before: OffsetDays,
        /// When on that day.
        at: ClockTime,
    },
    /// Counted back from the last day that the plan allows for its next session.
    GapCloses {
        /// How many days before.
        days_before: OffsetDays,
        /// When on that day.
        at: ClockTime,
    },
}

/// A studio's rule for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderRule {
    /// Which step.
    pub step: ReminderStep,
    /// For which kinds of session.
    pub session_kinds: Vec<SessionKind>,
    /// When it is due.
    pub timing: Timing,
    /// Whether it is sent at all.
    pub enabled: bool,
}

impl ReminderRule {
    /// Whether it sends this step about sessions of this kind.
    pub fn sends(&self, step: ReminderStep, kind: SessionKind) -> bool {
        self.enabled
            && self.step == step
            && self.session_kinds.contains(&kind)
            && step.check_timing(self.timing).is_ok()
    }
}

/// What a step is about, which decides when it exists at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// It answers an act: a booking, a move, a cancellation.
    Act,
    /// It comes before a session.
    Session,
    /// It comes after a session that took place.
    Aftercare,
    /// It is about a plan's next session, after one that took place.
    NextSession,
    /// It invites to come again, long after the last work. This is marketing: it needs the client's consent.
    Invitation,
}

impl ReminderStep {
    /// What the step is about.
    pub const fn subject(self) -> Subject {
        match self {
            Self::BookingConfirmation | Self::MovedNotice | Self::CancelledNotice => Subject::Act,
            Self::Preparation | Self::ConfirmRequest | Self::FinalReminder => Subject::Session,
            Self::AftercareDay0
            | Self::AftercareDay4
            | Self::AftercareDay10
            | Self::AftercareDay30 => Subject::Aftercare,
            Self::BookNextOpens | Self::BookNextClosing => Subject::NextSession,
            Self::TouchUpInvitation => Subject::Invitation,
        }
    }

    /// Whether it speaks of the session's time, and so carries a calendar entry.
    pub const fn is_about_the_time(self) -> bool {
        matches!(self.subject(), Subject::Act | Subject::Session)
    }

    /// Whether it is sent to those alone who agreed to be written to unasked.
    pub const fn is_marketing(self) -> bool {
        matches!(self.subject(), Subject::Invitation)
    }

    /// Where it stands in a mail that tells of several things: first what is true of the appointment, then what to do
    /// before it, after it, and about the next one. The first gives the mail its subject.
    pub const fn place_in_mail(self) -> u8 {
        match self {
            Self::CancelledNotice => 0,
            Self::MovedNotice => 1,
            Self::BookingConfirmation => 2,
            Self::ConfirmRequest => 3,
            Self::FinalReminder => 4,
            Self::Preparation => 5,
            Self::AftercareDay0 => 6,
            Self::AftercareDay4 => 7,
            Self::AftercareDay10 => 8,
            Self::AftercareDay30 => 9,
            Self::BookNextOpens => 10,
            Self::BookNextClosing => 11,
            Self::TouchUpInvitation => 12,
        }
    }

    /// What a reminder of this step hangs on: the time that was set, or the care for what was done.
    pub const fn anchor(self) -> Anchor {
        match self.subject() {
            Subject::Act | Subject::Session => Anchor::Schedule,
            Subject::Aftercare | Subject::NextSession | Subject::Invitation => Anchor::Care,
        }
    }

    /// Checks that a timing makes sense for this step, or says which would.
    pub fn check_timing(self, timing: Timing) -> Result<(), &'static str> {
        let (fits, advice) = match self.subject() {
            Subject::Act => (
                matches!(timing, Timing::Action { .. }),
                "write relative_to action",
            ),
            Subject::Session => (
                matches!(timing, Timing::Start { .. } | Timing::StartDay { .. }),
                "write relative_to start or start_day",
            ),
            Subject::Aftercare => (
                matches!(timing, Timing::Action { .. } | Timing::CompletionDay { .. }),
                "write relative_to action or completion_day",
            ),
            Subject::NextSession => (
                matches!(timing, Timing::GapOpens { .. } | Timing::GapCloses { .. }),
                "write relative_to gap_opens or gap_closes",
            ),
            Subject::Invitation => (
                matches!(timing, Timing::CompletionMonth { .. }),
                "write relative_to completion_month",
            ),
        };
        if fits { Ok(()) } else { Err(advice) }
    }
}

impl Timing {
    /// When it is by a session's start; nothing where it counts from something else.
    pub fn before(self, starts_at: Instant, zone: Tz, cutoff_hours: u16) -> Option<Instant> {
        let hours = |hours: u16| TimeDelta::hours(hours.into());
        match self {
            Self::Start {
                hours_before,
                or_before_cutoff_hours,
            } => {
                let before_start = starts_at - hours(hours_before.get());
                Some(match or_before_cutoff_hours {
                    Some(before_cutoff) => before_start
                        .min(starts_at - hours(cutoff_hours) - hours(before_cutoff.get())),
                    None => before_start,
                })
            }
            Self::StartDay { days_before, at } => {
                let day = add_days(starts_at.day_at(zone), -i64::from(days_before.get()));
                Some(at.on(day, zone))
            }
            _ => None,
        }
    }
}

/// The rules that a new studio starts with.
///
/// Two reminders beforehand miss fewer sessions than one (Steiner 2018); the request to confirm comes while the
/// client can still move the session; preparation starts more than two days before it. Practices freshen up after
/// three to five years.
pub fn default_rules() -> Vec<ReminderRule> {
    use SessionKind::{TouchUp, Treatment};

    let days = |days: u16| OffsetDays::bounded(days);
    let start = |hours: u16, or_before_cutoff_hours: Option<u16>| Timing::Start {
        hours_before: OffsetHours::bounded(hours),
        or_before_cutoff_hours: or_before_cutoff_hours.map(OffsetHours::bounded),
    };
    let action = |minutes: u16| Timing::Action {
        minutes_after: OffsetMinutes::bounded(minutes),
    };
    let at = ClockTime::TEN;
    let after = |count: u16| Timing::CompletionDay {
        days_after: days(count),
        at,
    };
    let all = SessionKind::ALL;
    let pigment: &[SessionKind] = &[Treatment, TouchUp];

    [
        (ReminderStep::BookingConfirmation, all, action(0)),
        (
            ReminderStep::Preparation,
            pigment,
            Timing::StartDay {
                days_before: days(7),
                at,
            },
        ),
        (ReminderStep::ConfirmRequest, all, start(72, Some(24))),
        (ReminderStep::FinalReminder, all, start(24, None)),
        (ReminderStep::AftercareDay0, pigment, action(30)),
        (ReminderStep::AftercareDay4, pigment, after(4)),
        (ReminderStep::AftercareDay10, pigment, after(10)),
        (ReminderStep::AftercareDay30, pigment, after(30)),
        (
            ReminderStep::BookNextOpens,
            &[Treatment],
            Timing::GapOpens {
                days_before: days(0),
                at,
            },
        ),
        (
            ReminderStep::BookNextClosing,
            &[Treatment],
            Timing::GapCloses {
                days_before: days(7),
                at,
            },
        ),
        (ReminderStep::MovedNotice, all, action(10)),
        (ReminderStep::CancelledNotice, all, action(10)),
        (
            ReminderStep::TouchUpInvitation,
            pigment,
            Timing::CompletionMonth {
                months_after: OffsetMonths::bounded(36),
                at,
            },
        ),
    ]
    .into_iter()
    .map(|(step, kinds, timing)| ReminderRule {
        step,
        session_kinds: kinds.to_vec(),
        timing,
        enabled: true,
    })
    .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(timing: serde_json::Value) -> Result<Timing, serde_json::Error> {
        serde_json::from_value(timing)
    }

    #[test]
    fn the_defaults_cover_every_step_once() {
        let rules = default_rules();
        let steps = rules.iter().map(|rule| rule.step).collect::<Vec<_>>();
        assert_eq!(steps, ReminderStep::ALL);
        for rule in &rules {
            assert_eq!(rule.step.check_timing(rule.timing), Ok(()), "{}", rule.step);
            let text = serde_json::to_value(rule).unwrap();
            assert_eq!(serde_json::from_value::<ReminderRule>(text).unwrap(), *rule);
        }
    }

    #[test]
    fn a_timing_names_what_it_counts_from() {
        for good in [
            json!({"relative_to": "start", "hours_before": 72, "or_before_cutoff_hours": 24}),
            json!({"relative_to": "start", "hours_before": 24}),
            json!({"relative_to": "start_day", "days_before": 7, "at": "10:00"}),
            json!({"relative_to": "action", "minutes_after": 0}),
            json!({"relative_to": "completion_day", "days_after": 4, "at": "10:00"}),
            json!({"relative_to": "completion_month", "months_after": 36, "at": "10:00"}),
            json!({"relative_to": "gap_opens", "days_before": 0, "at": "10:00"}),
            json!({"relative_to": "gap_closes", "days_before": 7, "at": "10:00"}),
        ] {
            assert_eq!(
                serde_json::to_value(read(good.clone()).unwrap()).unwrap(),
                good
            );
        }
        for bad in [
            json!({"hours_before": 24}),
            json!({"relative_to": "start"}),
            json!({"relative_to": "start", "hours_before": 24, "days_before": 1}),
            json!({"relative_to": "start", "hours_before": 24, "days_before": null}),
            json!({"relative_to": "start", "hours_before": 24, "minutes_before": 1}),
            json!({"relative_to": "start", "hours_before": null}),
            json!({"relative_to": "gap_opens", "days_before": 7}),
            json!({"relative_to": "now", "minutes_after": 1}),
            json!({"relative_to": "start", "hours_before": -1}),
            json!({"relative_to": "start_day", "days_before": 366, "at": "10:00"}),
            json!({"relative_to": "completion_day", "days_after": 4, "at": "10"}),
            json!({"relative_to": "completion_month", "months_after": 0, "at": "10:00"}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_step_takes_the_timings_that_make_sense() {
        let start = read(json!({"relative_to": "start", "hours_before": 24})).unwrap();
        assert!(ReminderStep::FinalReminder.check_timing(start).is_ok());
        for step in [
            ReminderStep::AftercareDay4,
            ReminderStep::BookNextOpens,
            ReminderStep::MovedNotice,
            ReminderStep::TouchUpInvitation,
        ] {
            assert!(step.check_timing(start).is_err(), "{step}");
        }
    }

    #[test]
    fn a_mail_begins_with_what_is_true_of_the_appointment() {
        use ReminderStep as Step;
        let mut steps = Step::ALL.to_vec();
        steps.sort_by_key(|step| step.place_in_mail());
        let expected = [
            Step::CancelledNotice,
            Step::MovedNotice,
            Step::BookingConfirmation,
            Step::ConfirmRequest,
            Step::FinalReminder,
            Step::Preparation,
            Step::AftercareDay0,
            Step::AftercareDay4,
            Step::AftercareDay10,
            Step::AftercareDay30,
            Step::BookNextOpens,
            Step::BookNextClosing,
            Step::TouchUpInvitation,
        ];
        assert_eq!(steps, expected);
        let mut places: Vec<u8> = steps.iter().map(|step| step.place_in_mail()).collect();
        places.dedup();
        assert_eq!(places.len(), Step::ALL.len(), "no two share a place");
    }

    #[test]
    fn care_is_told_once_and_times_as_often_as_they_change() {
        assert_eq!(ReminderStep::AftercareDay0.anchor(), Anchor::Care);
        assert_eq!(ReminderStep::BookNextClosing.anchor(), Anchor::Care);
        assert_eq!(ReminderStep::Preparation.anchor(), Anchor::Schedule);
        assert_eq!(ReminderStep::CancelledNotice.anchor(), Anchor::Schedule);
    }
}
