//! Which reminders a session should have from now on, and when each is due.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::gap::GapWindow;
use super::hours::QuietHours;
use super::instant::Instant;
use super::interval::Interval;
use super::later_work::LaterWork;
use super::local_time::{add_days, add_months, start_of_day};
use super::reminder::{ReminderRule, Subject, Timing};
use super::session::SessionAction;
use super::vocabulary::{Anchor, ReminderStep, SessionKind, SessionState};

/// So long before a session the client must know that it has moved or is off, or may be on the way already.
const SETTING_OUT: TimeDelta = TimeDelta::hours(3);

/// What the reminders of a session depend on, as it stands after what was done.
#[derive(Clone, Debug)]
pub struct ReminderFacts {
    /// What the session is for.
    pub kind: SessionKind,
    /// Where it stands.
    pub state: SessionState,
    /// When it starts, if it has a time; when it was to start, if it has one no more.
    pub starts_at: Option<Instant>,
    /// When it took place, if it did.
    pub completed_at: Option<Instant>,
    /// What the client has to be told of: a booking, a move, a cancellation, or nothing. `news` decides.
    pub action: Option<SessionAction>,
    /// Whether that was the client's own act. A booking always counts as one: somebody asked for it.
    pub by_client: bool,
    /// When the session starts by what the client was told so far.
    pub told_start: Option<Instant>,
    /// The studio's zone.
    pub zone: Tz,
    /// When the studio wants no mail to arrive.
    pub quiet_hours: Option<QuietHours>,
    /// How long before its start a session can no longer be moved by the client.
    pub cutoff_hours: u16,
    /// The days for the plan's next session, if there is one and it isn't booked yet.
    pub next_window: Option<GapWindow>,
    /// What the client's other sessions that place pigment mean for it.
    pub later_work: LaterWork,
}

/// A reminder that should exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduledReminder {
    /// Which step.
    pub step: ReminderStep,
    /// What it hangs on.
    pub anchor: Anchor,
    /// When it should be sent; never before `now`.
    pub due_at: Instant,
    /// When it is of no use any more; always after `due_at`.
    pub useful_until: Instant,
    /// Whether it is late and goes out with the answer to what was just done, in one mail.
    pub joins_answer: bool,
}

/// The reminders that a session should have from now on, by due time.
///
/// What was sent or is scheduled already is the ledger's matter: the caller adds what is missing and supersedes what is
/// not in the list. A step whose moment has passed is left out, with two exceptions that are of use though late:
/// preparation, when a session is booked or moved at short notice, joins the answer to that; and what follows a session
/// is sent late when the session was recorded late. Outside the answers to the client's own act nothing is due in quiet
/// hours: it moves to the nearest minute that is allowed and of use, and is left out if there is none. What the studio moved
/// or cancelled is never left out: where morning would be too late it's told at once.
pub fn schedule(
    facts: &ReminderFacts,
    rules: &[ReminderRule],
    now: Instant,
) -> Vec<ScheduledReminder> {
    let rules = rules
        .iter()
        .filter(|rule| rule.sends(rule.step, facts.kind) && applies(rule.step, facts));
    let mut late_preparation = None;
    let mut scheduled = Vec::new();
    for rule in rules {
        let Some((due_at, useful_until)) = moment(rule, facts, now) else {
            continue;
        };
        let mut reminder = ScheduledReminder {
            step: rule.step,
            anchor: rule.step.anchor(),
            due_at,
            useful_until,
            joins_answer: false,
        };
        match rule.step.subject() {
            Subject::Act if facts.by_client || facts.action == Some(SessionAction::Book) => {}
            Subject::Act => {
                // Whoever would set out in vain is woken all the same.
                let sets_out = facts.told_start.map(|at| (at, at - SETTING_OUT));
                let starts = facts.starts_at.map(|at| (at, at));
                let at_latest = [sets_out, starts]
                    .into_iter()
                    .flatten()
                    .filter(|(at, _)| *at > now)
                    .map(|(_, latest)| latest)
                    .min()
                    .unwrap_or(useful_until);
                if let Some(due_at) = quiet_free(due_at, at_latest, facts, now) {
                    reminder.due_at = due_at;
                }
            }
            Subject::Session if due_at < now => {
                // What fell into quiet hours that still last isn't late: it waits for their end.
                let at_the_end = quiet_at(due_at, facts)
                    .map(|quiet| quiet.ends_at)
                    .filter(|end| now <= *end && *end < useful_until)
                    .map(|due_at| ScheduledReminder { due_at, ..reminder });
                if rule.step == ReminderStep::Preparation {
                    late_preparation = Some((reminder, at_the_end));
                } else {
                    scheduled.extend(at_the_end);
                }
                continue;
            }
            Subject::Session | Subject::Aftercare | Subject::NextSession | Subject::Invitation => {
                match quiet_free(due_at.max(now), useful_until, facts, now) {
                    Some(due_at) => reminder.due_at = due_at,
                    None => continue,
                }
            }
        }
        if reminder.due_at < useful_until {
            scheduled.push(reminder);
        }
    }
    let answer = scheduled
        .iter()
        .find(|reminder| reminder.step.subject() == Subject::Act);
    if let Some((late, at_the_end)) = late_preparation {
        let joined = answer
            .filter(|answer| answer.due_at < late.useful_until)
            .map(|answer| ScheduledReminder {
                due_at: answer.due_at,
                joins_answer: true,
                ..late
            });
        scheduled.extend(joined.or(at_the_end));
    }
    scheduled.sort_by_key(|reminder| (reminder.due_at, reminder.step));
    scheduled
}

/// Whether a step belongs to a session as it stands.
fn applies(step: ReminderStep, facts: &ReminderFacts) -> bool {
    let to_come = matches!(facts.state, SessionState::Booked | SessionState::Confirmed);
    match step {
        ReminderStep::BookingConfirmation => to_come && facts.action == Some(SessionAction::Book),
        ReminderStep::MovedNotice => to_come && facts.action == Some(SessionAction::Reschedule),
        ReminderStep::CancelledNotice => {
            // A booking that was taken back leaves a session without a time.
            matches!(facts.state, SessionState::Cancelled | SessionState::Planned)
                && facts.action == Some(SessionAction::Cancel)
        }
        ReminderStep::Preparation | ReminderStep::FinalReminder => to_come,
        ReminderStep::ConfirmRequest => facts.state == SessionState::Booked,
        ReminderStep::AftercareDay0
        | ReminderStep::AftercareDay4
        | ReminderStep::AftercareDay10
        | ReminderStep::AftercareDay30 => {
            // What the client may do again after one session they may not yet after the next.
            facts.state == SessionState::Completed && !facts.later_work.ends(Subject::Aftercare)
        }
        ReminderStep::BookNextOpens | ReminderStep::BookNextClosing => {
            facts.state == SessionState::Completed
        }
        ReminderStep::TouchUpInvitation => {
            facts.state == SessionState::Completed
                && facts.kind.places_pigment()
                && !facts.later_work.ends(Subject::Invitation)
        }
    }
}

/// When a step is due by its rule, and until when it is of use.
fn moment(rule: &ReminderRule, facts: &ReminderFacts, now: Instant) -> Option<(Instant, Instant)> {
    let due_at = match rule.timing {
        Timing::Start { .. } | Timing::StartDay { .. } => {
            rule.timing
                .before(facts.starts_at?, facts.zone, facts.cutoff_hours)?
        }
        Timing::Action { minutes_after } => {
            let acted_at = match rule.step.subject() {
                Subject::Aftercare => facts.completed_at?,
                _ => now,
            };
            acted_at + TimeDelta::minutes(minutes_after.get().into())
        }
        Timing::CompletionDay { days_after, at } => {
            let completed_at = facts.completed_at?;
            let day = add_days(completed_at.day_at(facts.zone), days_after.get().into());
            at.on(day, facts.zone).max(completed_at)
        }
        Timing::CompletionMonth { months_after, at } => {
            let day = facts.completed_at?.day_at(facts.zone);
            at.on(add_months(day, months_after.get().into()), facts.zone)
        }
        Timing::GapOpens { days_before, at } => {
            let day = facts.next_window?.recommended_from;
            at.on(add_days(day, -i64::from(days_before.get())), facts.zone)
        }
        Timing::GapCloses { days_before, at } => {
            let day = facts.next_window?.latest;
            at.on(add_days(day, -i64::from(days_before.get())), facts.zone)
        }
    };
    Some((due_at, useful_until(rule.step, due_at, facts)?))
}

/// Until when a step is of use. A studio that set a step nearer to the session than usual gets it until the start.
fn useful_until(step: ReminderStep, due_at: Instant, facts: &ReminderFacts) -> Option<Instant> {
    let before_start = |before: TimeDelta| {
        let starts_at = facts.starts_at?;
        Some(starts_at - before)
            .filter(|until| due_at < *until)
            .or(Some(starts_at))
    };
    let end_of = |day| start_of_day(add_days(day, 1), facts.zone);
    match step {
        ReminderStep::BookingConfirmation | ReminderStep::FinalReminder => facts.starts_at,
        // Whoever was told of a later time sets out for that one.
        ReminderStep::MovedNotice | ReminderStep::CancelledNotice => {
            facts.starts_at.max(facts.told_start)
        }
        ReminderStep::Preparation => before_start(hours(48)),
        ReminderStep::ConfirmRequest => before_start(hours(facts.cutoff_hours.max(24))),
        ReminderStep::AftercareDay0 => Some(due_at + TimeDelta::days(2)),
        ReminderStep::AftercareDay4 => Some(due_at + TimeDelta::days(3)),
        ReminderStep::AftercareDay10 => Some(due_at + TimeDelta::days(7)),
        ReminderStep::AftercareDay30 => Some(due_at + TimeDelta::days(14)),
        ReminderStep::TouchUpInvitation => Some(due_at + TimeDelta::days(60)),
        ReminderStep::BookNextOpens => Some(end_of(facts.next_window?.recommended_until)),
        ReminderStep::BookNextClosing => Some(end_of(facts.next_window?.latest)),
    }
}

/// The quiet hours that an instant falls into.
fn quiet_at(instant: Instant, facts: &ReminderFacts) -> Option<Interval> {
    let day = instant.day_at(facts.zone);
    let quiet = facts.quiet_hours?.around(day, facts.zone);
    quiet
        .into_iter()
        .find(|interval| interval.contains(instant))
}

/// The minute nearest to `due_at` that is not quiet, not past, and before the use is over.
fn quiet_free(
    due_at: Instant,
    useful_until: Instant,
    facts: &ReminderFacts,
    now: Instant,
) -> Option<Instant> {
    let Some(quiet) = quiet_at(due_at, facts) else {
        return Some(due_at);
    };
    let before = quiet.starts_at - TimeDelta::minutes(1);
    [before, quiet.ends_at]
        .into_iter()
        .filter(|instant| {
            now <= *instant && *instant < useful_until && quiet_at(*instant, facts).is_none()
        })
        .min_by_key(|instant| (*instant - due_at).abs())
}

fn hours(hours: u16) -> TimeDelta {
    TimeDelta::hours(hours.into())
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "schedule_any_tests.rs"]
mod any_tests;

#[cfg(test)]
#[path = "schedule_dst_tests.rs"]
mod dst_tests;
