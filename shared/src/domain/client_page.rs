//! What a client may do about a session on their page.

use chrono::TimeDelta;

use super::cancellation::is_in_time;
use super::instant::Instant;
use super::vocabulary::SessionState;

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct PageFacts {
    /// Where the session stands.
    pub state: SessionState,
    /// When it starts, where it has a time.
    pub starts_at: Option<Instant>,
    /// Until how many hours before the start a client may cancel.
    pub cutoff_hours: i64,
    /// Whether the studio lets clients choose another time.
    pub client_may_move: bool,
}

/// What may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientMay {
    /// Say yes to the time.
    pub confirm: bool,
    /// Choose another time among those that are free.
    pub choose_time: bool,
    /// Ask the studio for another time.
    pub ask_to_move: bool,
    /// Call it off.
    pub cancel: bool,
    /// Tell how they are after it.
    pub report: bool,
}

impl PageFacts {
    /// What the client may do now. After the cut-off they telephone: somebody has to weigh what it costs.
    pub fn allow(&self, now: Instant) -> ClientMay {
        let to_come = matches!(self.state, SessionState::Booked | SessionState::Confirmed);
        let Some(starts_at) = self.starts_at.filter(|_| to_come) else {
            return ClientMay {
                report: self.state == SessionState::Completed,
                ..ClientMay::default()
            };
        };
        let in_time = is_in_time(now, starts_at, self.cutoff_hours);
        ClientMay {
            confirm: self.state == SessionState::Booked && now < starts_at,
            choose_time: in_time && self.client_may_move,
            ask_to_move: in_time && !self.client_may_move,
            cancel: in_time,
            report: false,
        }
    }

    /// The earliest start that a client may choose: one that could still be cancelled in time.
    pub fn earliest_choice(&self, now: Instant) -> Instant {
        now + TimeDelta::hours(self.cutoff_hours)
    }
}

/// Whether the page of a session that is over asks to book the next: outside of a plan, or where the plan's next has no time.
/// `of_plan` are the states of the plan's sessions in their order, without those that were called off or missed.
pub fn asks_to_book(state: SessionState, of_plan: Option<&[SessionState]>) -> bool {
    let next_waits = |states: &[SessionState]| {
        let mut to_come = states.iter().filter(|state| !state.is_final());
        to_come.next() == Some(&SessionState::Planned)
    };
    state.is_final() && of_plan.is_none_or(next_waits)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn facts(state: SessionState, client_may_move: bool) -> PageFacts {
        PageFacts {
            state,
            starts_at: Instant::parse("2026-11-30T10:00:00Z"),
            cutoff_hours: 48,
            client_may_move,
        }
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn up_to_the_cut_off_all_is_open_and_then_the_telephone() {
        let last = at("2026-11-28T10:00:00Z");
        let may = facts(SessionState::Booked, true).allow(last);
        assert!(may.confirm && may.choose_time && may.cancel && !may.ask_to_move);
        let may = facts(SessionState::Confirmed, false).allow(last);
        assert!(!may.confirm && !may.choose_time && may.cancel && may.ask_to_move);
        let may = facts(SessionState::Booked, true).allow(last + TimeDelta::milliseconds(1));
        assert!(may.confirm && !may.choose_time && !may.cancel && !may.ask_to_move);
        let may = facts(SessionState::Booked, true).allow(at("2026-11-30T10:00:00Z"));
        assert_eq!(may, ClientMay::default());
    }

    #[test]
    fn what_is_over_can_only_be_told_about() {
        for state in SessionState::ALL {
            let may = facts(*state, true).allow(at("2026-11-01T10:00:00Z"));
            assert_eq!(may.report, *state == SessionState::Completed, "{state}");
            let to_come = matches!(state, SessionState::Booked | SessionState::Confirmed);
            assert_eq!(may.cancel, to_come, "{state}");
        }
    }

    #[test]
    fn the_next_is_asked_for_where_it_has_no_time() {
        use SessionState::{Booked, Cancelled, Completed, Planned};

        assert!(asks_to_book(Completed, None) && asks_to_book(Cancelled, None));
        assert!(!asks_to_book(Booked, None) && !asks_to_book(Booked, Some(&[Booked, Planned])));
        for (of_plan, expected) in [
            (&[Completed, Planned][..], true),
            (&[Completed, Booked], false),
            (&[Completed, Booked, Planned], false),
            (&[Completed, Completed], false),
            (&[], false),
        ] {
            assert_eq!(
                asks_to_book(Completed, Some(of_plan)),
                expected,
                "{of_plan:?}"
            );
        }
        // A plan's session that was called off has left its place to another.
        assert!(asks_to_book(Cancelled, Some(&[Planned])));
    }
}
