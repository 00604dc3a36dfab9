//! The rows of a session's ledger against what it should have now: which end, and what is missing.

use super::instant::Instant;
use super::news::advice_changes;
use super::reminder::Subject;
use super::schedule::{ReminderFacts, ScheduledReminder};
use super::session::SessionAction;
use super::vocabulary::{Anchor, ReminderState, ReminderStep, SessionState};

/// A row that wasn't superseded.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which step.
    pub step: ReminderStep,
    /// What it hangs on.
    pub anchor: Anchor,
    /// What became of it.
    pub state: ReminderState,
    /// Whether nothing has been sent of it, nothing can have been, and nobody decided that nothing should.
    pub is_open: bool,
    /// The session's time that it was scheduled for.
    pub schedule_version: i64,
    /// When it's to go.
    pub due_at: Instant,
    /// When the session starts by the time that it speaks of, where it speaks of one.
    pub told_start: Option<Instant>,
}

/// What the ledger is looked at for.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// What was just done with the session; nothing, where something else changed.
    pub action: Option<SessionAction>,
    /// The session's present time.
    pub schedule_version: i64,
    /// Now.
    pub now: Instant,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Of each row, whether it ends.
    pub over: Vec<bool>,
    /// What no row that stands answers.
    pub missing: Vec<ScheduledReminder>,
}

/// Weighs the rows against what is wanted.
pub fn balance(
    rows: &[Row],
    mut wanted: Vec<ScheduledReminder>,
    facts: &ReminderFacts,
    occasion: Occasion,
) -> Balance {
    // Advice that was sent for another time of the session isn't repeated while it holds.
    if rows.iter().any(|row| row.has_told_how_to_prepare(facts)) {
        wanted.retain(|one| one.step != ReminderStep::Preparation);
    }
    let over: Vec<bool> = rows
        .iter()
        .map(|row| {
            row.is_open
                && !row.is_right(&wanted, occasion)
                && !row.waits_its_turn(rows, facts, occasion)
        })
        .collect();
    wanted.retain(|one| {
        let mut standing = rows.iter().zip(&over).filter(|(_, is_over)| !**is_over);
        !standing.any(|(row, _)| row.answers(one, occasion.schedule_version))
    });
    Balance {
        over,
        missing: wanted,
    }
}

impl Row {
    /// Whether it stands for the same wish: its step, and where it matters the session's time.
    fn answers(&self, wanted: &ScheduledReminder, schedule_version: i64) -> bool {
        self.step == wanted.step
            && (wanted.anchor == Anchor::Care || self.schedule_version == schedule_version)
    }

    /// Whether it's to go as is wanted now.
    fn is_right(&self, wanted: &[ScheduledReminder], occasion: Occasion) -> bool {
        self.state == ReminderState::Scheduled
            && wanted.iter().any(|one| {
                self.answers(one, occasion.schedule_version) && self.due_at == one.due_at
            })
    }

    /// Whether its advice was sent, and is that for the session's time now.
    fn has_told_how_to_prepare(&self, facts: &ReminderFacts) -> bool {
        let was_sent = matches!(
            self.state,
            ReminderState::Sent | ReminderState::Written | ReminderState::Ambiguous
        );
        let still_holds = match (self.told_start, facts.starts_at) {
            (Some(told_for), Some(starts_at)) => !advice_changes(told_for, starts_at, facts.zone),
            _ => true,
        };
        self.step == ReminderStep::Preparation && was_sent && still_holds
    }

    /// Whether it stays though it's wanted no more: a notice stands until there is another act that the client is told of or that
    /// ends the matter, what is due already is the worker's to judge, and what was late goes in the notice's own mail.
    fn waits_its_turn(&self, rows: &[Self], facts: &ReminderFacts, occasion: Occasion) -> bool {
        let changes_course = !matches!(occasion.action, None | Some(SessionAction::Confirm));
        if self.state != ReminderState::Scheduled
            || self.schedule_version != occasion.schedule_version
            || changes_course
        {
            return false;
        }
        match self.step.subject() {
            Subject::Act => self.tells_what_holds(facts.state),
            // What the client has answered isn't asked any more.
            _ if self.step == ReminderStep::ConfirmRequest && occasion.action.is_some() => false,
            subject if facts.later_work.ends(subject) => false,
            // Where nothing was done after all there is nothing to say of it.
            _ if self.anchor == Anchor::Care && facts.state != SessionState::Completed => false,
            _ => self.due_at <= occasion.now || self.goes_with_notice(rows),
        }
    }

    /// Whether a notice of an act tells what still holds: taking a booking or a cancellation back ends the matter too.
    fn tells_what_holds(&self, state: SessionState) -> bool {
        match self.step {
            ReminderStep::CancelledNotice => {
                matches!(state, SessionState::Cancelled | SessionState::Planned)
            }
            _ => matches!(state, SessionState::Booked | SessionState::Confirmed),
        }
    }

    fn goes_with_notice(&self, rows: &[Self]) -> bool {
        self.step == ReminderStep::Preparation
            && rows.iter().any(|notice| {
                notice.step.subject() == Subject::Act
                    && notice.state == ReminderState::Scheduled
                    && notice.due_at == self.due_at
            })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::later_work::LaterWork;
    use crate::domain::vocabulary::SessionKind;

    fn now() -> Instant {
        Instant::from_millis(1_800_000_000_000)
    }

    fn facts(state: SessionState) -> ReminderFacts {
        ReminderFacts {
            kind: SessionKind::Treatment,
            state,
            starts_at: Some(now() + TimeDelta::days(10)),
            completed_at: None,
            action: None,
            by_client: false,
            told_start: None,
            zone: chrono_tz::Europe::London,
            quiet_hours: None,
            cutoff_hours: 24,
            next_window: None,
            later_work: LaterWork::NONE,
        }
    }

    fn row(step: ReminderStep, state: ReminderState, due_in: TimeDelta) -> Row {
        Row {
            step,
            anchor: step.anchor(),
            state,
            is_open: state == ReminderState::Scheduled,
            schedule_version: 1,
            due_at: now() + due_in,
            told_start: None,
        }
    }

    fn wanted(step: ReminderStep, due_in: TimeDelta) -> ScheduledReminder {
        ScheduledReminder {
            step,
            anchor: step.anchor(),
            due_at: now() + due_in,
            useful_until: now() + due_in + TimeDelta::hours(1),
            joins_answer: false,
        }
    }

    fn at(action: Option<SessionAction>, schedule_version: i64) -> Occasion {
        Occasion {
            action,
            schedule_version,
            now: now(),
        }
    }

    #[test]
    fn what_is_right_stands_and_what_is_missing_is_named() {
        let day = TimeDelta::days(1);
        let rows = [row(
            ReminderStep::FinalReminder,
            ReminderState::Scheduled,
            day,
        )];
        let both = vec![
            wanted(ReminderStep::FinalReminder, day),
            wanted(ReminderStep::ConfirmRequest, day),
        ];
        let found = balance(
            &rows,
            both.clone(),
            &facts(SessionState::Booked),
            at(None, 1),
        );
        assert_eq!(found.over, [false]);
        assert_eq!(found.missing, both[1..]);
        // For another time both are wanted anew, and the old one ends.
        let moved = at(Some(SessionAction::Reschedule), 2);
        let found = balance(&rows, both.clone(), &facts(SessionState::Booked), moved);
        assert_eq!(found.over, [true]);
        assert_eq!(found.missing, both);
    }

    #[test]
    fn what_is_due_is_the_workers_to_judge_unless_the_course_changes() {
        let due = TimeDelta::minutes(-1);
        let rows = [row(
            ReminderStep::FinalReminder,
            ReminderState::Scheduled,
            due,
        )];
        let booked = facts(SessionState::Booked);
        for (action, is_over) in [
            (None, false),
            (Some(SessionAction::Confirm), false),
            (Some(SessionAction::CheckIn), true),
        ] {
            let found = balance(&rows, Vec::new(), &booked, at(action, 1));
            assert_eq!(found.over, [is_over], "{action:?}");
        }
    }

    #[test]
    fn a_request_that_was_answered_and_a_notice_of_what_holds_no_more_end() {
        let due = TimeDelta::minutes(-1);
        let request = [row(
            ReminderStep::ConfirmRequest,
            ReminderState::Scheduled,
            due,
        )];
        let confirmed = facts(SessionState::Confirmed);
        let answer = at(Some(SessionAction::Confirm), 1);
        assert_eq!(
            balance(&request, Vec::new(), &confirmed, answer).over,
            [true]
        );
        let notice = [row(
            ReminderStep::CancelledNotice,
            ReminderState::Scheduled,
            due,
        )];
        for (state, is_over) in [
            (SessionState::Cancelled, false),
            (SessionState::Booked, true),
        ] {
            let found = balance(&notice, Vec::new(), &facts(state), at(None, 1));
            assert_eq!(found.over, [is_over], "{state}");
        }
    }

    #[test]
    fn advice_that_was_sent_is_not_wanted_again() {
        let rows = [row(
            ReminderStep::Preparation,
            ReminderState::Sent,
            TimeDelta::days(-1),
        )];
        let again = vec![wanted(ReminderStep::Preparation, TimeDelta::days(3))];
        let found = balance(&rows, again, &facts(SessionState::Booked), at(None, 2));
        assert_eq!(found.over, [false]);
        assert_eq!(found.missing, []);
    }
}
