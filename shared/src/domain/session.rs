//! What may be done with a session, from each state.

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::instant::Instant;
use super::local_time::{add_days, at_local_time};
use super::text_enum::text_enums;
use super::vocabulary::SessionState;

text_enums! {
    /// What can be done with a session.
    SessionAction {
        /// Give it a time and a practitioner.
        Book = "book",
        /// Give it another time, practitioner or room.
        Reschedule = "reschedule",
        /// Give it to another practitioner at the same time.
        Reassign = "reassign",
        /// Note that the client has said yes to the time.
        Confirm = "confirm",
        /// Note that the client is here.
        CheckIn = "check_in",
        /// Note that it took place.
        Complete = "complete",
        /// Call it off.
        Cancel = "cancel",
        /// Note that the client did not come.
        NoShow = "no_show",
        /// Take the last action back.
        Revert = "revert",
    }
}

/// Nobody comes earlier than this: whoever checks in before has taken the wrong session.
const EARLIEST_CHECK_IN: TimeDelta = TimeDelta::hours(12);

/// By then somebody should have written down what became of the sessions of the day before.
const MORNING_AFTER: TimeDelta = TimeDelta::hours(6);

/// When it's missed that nothing says what became of a session: staff have its evening to write that down, and the morning
/// mail counts what they left.
pub fn outcome_is_missed_at(ends_at: Instant, zone: Tz) -> Instant {
    let next_day = add_days(ends_at.day_at(zone), 1);
    at_local_time(next_day, NaiveTime::MIN + MORNING_AFTER, zone)
}

/// What a transition depends on beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// When the act happens or happened.
    pub at: Instant,
    /// When the session starts, if it has a time.
    pub starts_at: Option<Instant>,
    /// The state before the last action that stands, if there is one to take back.
    pub previous: Option<SessionState>,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The session is in this state from now on.
    To(SessionState),
    /// It has been done before; answer as if it had just worked.
    ///
    /// For `book` this holds only if the time, practitioner and room asked for are those that stand: the caller
    /// compares, and refuses with `already_booked` if they differ.
    AlreadyInEffect,
    /// It can't be done.
    Refused {
        /// A stable name for the reason.
        code: &'static str,
        /// What to do about it.
        detail: &'static str,
    },
}

const FINAL: Transition = refused(
    "session_final",
    "The session has ended. Revert the last action first, or book a new session in its place.",
);

const fn refused(code: &'static str, detail: &'static str) -> Transition {
    Transition::Refused { code, detail }
}

/// What an action does from a state.
///
/// Confirming is optional, and what has happened is never refused: a session may be completed from any state that
/// isn't final, also when nobody booked it or checked the client in. A move always ends in `booked`, as the client
/// confirmed another time. A client who is here needs no confirmation any more, so confirming is then in effect.
pub fn next(
    state: SessionState,
    action: SessionAction,
    circumstances: Circumstances,
) -> Transition {
    use SessionAction as Action;
    use SessionState as State;
    use Transition::{AlreadyInEffect, To};

    match (action, state) {
        (Action::Revert, _) => circumstances.previous.map_or(
            refused(
                "nothing_to_revert",
                "The session has no action that could be taken back.",
            ),
            To,
        ),

        (Action::Book, State::Booked | State::Confirmed)
        | (Action::Confirm, State::Confirmed | State::Arrived)
        | (Action::CheckIn, State::Arrived)
        | (Action::Complete, State::Completed)
        | (Action::Cancel, State::Cancelled)
        | (Action::NoShow, State::NoShow) => AlreadyInEffect,
        (_, State::Completed | State::Cancelled | State::NoShow) => FINAL,

        (Action::Book, State::Planned) => To(State::Booked),
        (Action::Book, State::Arrived) => refused(
            "already_booked",
            "The client is here. Revert the check-in first.",
        ),

        (Action::Reschedule, State::Booked | State::Confirmed) => To(State::Booked),
        (Action::Reschedule, State::Planned) => {
            refused("not_booked", "The session has no time yet. Book it.")
        }
        (Action::Reschedule, State::Arrived) => refused(
            "already_arrived",
            "The client is here. Revert the check-in first.",
        ),

        (Action::Reassign, State::Planned | State::Booked | State::Confirmed) => To(state),
        (Action::Reassign, State::Arrived) => refused(
            "already_arrived",
            "The client is here. Revert the check-in first.",
        ),

        (Action::Confirm, State::Booked) => To(State::Confirmed),
        (Action::CheckIn, State::Booked | State::Confirmed) => match circumstances.starts_at {
            Some(starts_at) if starts_at > circumstances.at + EARLIEST_CHECK_IN => refused(
                "too_early",
                "The session is more than twelve hours away. Is it another one? If it takes place now, reschedule it first.",
            ),
            _ => To(State::Arrived),
        },
        (Action::Confirm | Action::CheckIn, State::Planned) => {
            refused("not_booked", "The session has no time yet. Book it first.")
        }

        (Action::Complete, State::Planned | State::Booked | State::Confirmed | State::Arrived) => {
            To(State::Completed)
        }
        (Action::Cancel, State::Planned | State::Booked | State::Confirmed | State::Arrived) => {
            To(State::Cancelled)
        }

        (Action::NoShow, State::Booked | State::Confirmed) => match circumstances.starts_at {
            Some(starts_at) if starts_at <= circumstances.at => To(State::NoShow),
            _ => refused(
                "not_started",
                "The client may still come. Record it after the session's start, or cancel the session.",
            ),
        },
        (Action::NoShow, State::Planned) => refused(
            "not_booked",
            "The session has no time that the client could miss.",
        ),
        (Action::NoShow, State::Arrived) => refused(
            "already_arrived",
            "The client is here. Revert the check-in first, or cancel the session.",
        ),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use SessionAction as Action;
    use SessionState as State;
    use Transition::{AlreadyInEffect, To};

    use super::*;

    const START: i64 = 1_000_000;

    fn after_start(previous: Option<State>) -> Circumstances {
        let starts_at = Instant::from_millis(START);
        Circumstances {
            at: starts_at,
            starts_at: Some(starts_at),
            previous,
        }
    }

    fn code(transition: Transition) -> &'static str {
        match transition {
            Transition::Refused { code, .. } => code,
            To(_) => "to",
            AlreadyInEffect => "already",
        }
    }

    #[test]
    fn the_usual_ways_through_a_session() {
        for way in [
            vec![
                (Action::Book, State::Booked),
                (Action::Confirm, State::Confirmed),
                (Action::CheckIn, State::Arrived),
                (Action::Complete, State::Completed),
            ],
            vec![
                (Action::Book, State::Booked),
                (Action::CheckIn, State::Arrived),
                (Action::Cancel, State::Cancelled),
            ],
            vec![
                (Action::Book, State::Booked),
                (Action::Confirm, State::Confirmed),
                (Action::Reschedule, State::Booked),
                (Action::NoShow, State::NoShow),
            ],
            vec![(Action::Complete, State::Completed)],
        ] {
            let mut state = State::Planned;
            for (action, then) in way {
                assert_eq!(
                    next(state, action, after_start(None)),
                    To(then),
                    "{action} on {state}"
                );
                state = then;
            }
        }
    }

    #[test]
    fn an_outcome_is_missed_in_the_morning_after_by_the_studios_clock() {
        for (ends_at, zone, missed_at) in [
            (
                "2026-11-25T19:00:00Z",
                chrono_tz::Europe::London,
                "2026-11-26T06:00:00Z",
            ),
            // In Auckland it's the day after already.
            (
                "2026-11-25T19:00:00Z",
                chrono_tz::Pacific::Auckland,
                "2026-11-26T17:00:00Z",
            ),
            // The clocks go back in that night.
            (
                "2026-10-24T18:00:00Z",
                chrono_tz::Europe::Berlin,
                "2026-10-25T05:00:00Z",
            ),
        ] {
            let missed = outcome_is_missed_at(Instant::parse(ends_at).unwrap(), zone);
            assert_eq!(missed.to_string(), missed_at, "{zone}");
        }
    }

    #[test]
    fn repeating_what_is_in_effect_changes_nothing() {
        for (action, state) in [
            (Action::Book, State::Booked),
            (Action::Book, State::Confirmed),
            (Action::Confirm, State::Confirmed),
            (Action::Confirm, State::Arrived),
            (Action::CheckIn, State::Arrived),
            (Action::Complete, State::Completed),
            (Action::Cancel, State::Cancelled),
            (Action::NoShow, State::NoShow),
        ] {
            assert_eq!(
                next(state, action, after_start(None)),
                AlreadyInEffect,
                "{action} on {state}"
            );
        }
    }

    #[test]
    fn only_a_revert_leaves_a_final_state() {
        for state in State::ALL.iter().copied().filter(|state| state.is_final()) {
            for action in Action::ALL
                .iter()
                .copied()
                .filter(|action| *action != Action::Revert)
            {
                let transition = next(state, action, after_start(Some(State::Booked)));
                assert!(
                    !matches!(transition, To(_)),
                    "{action} on {state}: {transition:?}"
                );
            }
            assert_eq!(
                next(state, Action::Revert, after_start(Some(State::Booked))),
                To(State::Booked)
            );
            assert_eq!(
                code(next(state, Action::Revert, after_start(None))),
                "nothing_to_revert"
            );
        }
    }

    #[test]
    fn what_happened_is_never_refused() {
        for state in State::ALL.iter().copied().filter(|state| !state.is_final()) {
            assert_eq!(
                next(state, Action::Complete, after_start(None)),
                To(State::Completed),
                "{state}"
            );
        }
    }

    #[test]
    fn nobody_misses_a_session_before_its_start() {
        let early = Circumstances {
            at: Instant::from_millis(START - 1),
            ..after_start(None)
        };
        for state in [State::Booked, State::Confirmed] {
            assert_eq!(code(next(state, Action::NoShow, early)), "not_started");
            assert_eq!(
                next(state, Action::NoShow, after_start(None)),
                To(State::NoShow)
            );
        }
        assert_eq!(
            code(next(State::Arrived, Action::NoShow, after_start(None))),
            "already_arrived"
        );
    }

    #[test]
    fn a_session_without_a_time_can_only_be_booked_cancelled_or_recorded() {
        for action in [
            Action::Reschedule,
            Action::Confirm,
            Action::CheckIn,
            Action::NoShow,
        ] {
            assert_eq!(
                code(next(State::Planned, action, after_start(None))),
                "not_booked",
                "{action}"
            );
        }
    }
}
