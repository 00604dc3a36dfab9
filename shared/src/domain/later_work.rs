//! What a client's other sessions that place pigment mean for what follows one of them.

use super::id::SessionId;
use super::instant::Instant;
use super::reminder::Subject;
use super::vocabulary::SessionState;

/// A session of a client that places pigment.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Which one.
    pub id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// When it took place, if it did.
    pub completed_at: Option<Instant>,
    /// Whether it has a place in a plan that goes on.
    pub is_in_open_plan: bool,
}

/// Whether pigment was placed after a session, and whether it's to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaterWork {
    /// It was: that session's advice counts now.
    pub is_done: bool,
    /// A session for it has a time, or waits in a plan.
    pub is_expected: bool,
}

impl LaterWork {
    /// Nothing came after it, nor is to come.
    pub const NONE: Self = Self {
        is_done: false,
        is_expected: false,
    };

    /// Whether it leaves no use to what follows a session and is about this: advice holds until pigment is placed again, and
    /// whoever comes anyway isn't invited.
    pub fn ends(self, subject: Subject) -> bool {
        match subject {
            Subject::Aftercare => self.is_done,
            Subject::Invitation => self != Self::NONE,
            Subject::Act | Subject::Session | Subject::NextSession => false,
        }
    }

    /// The one of these that was done last: only that one has care and an invitation to come.
    pub fn last_done(work: &[Work]) -> Option<SessionId> {
        work.iter()
            .filter(|other| other.state == SessionState::Completed)
            .max_by_key(|other| (other.completed_at, other.id))
            .map(|other| other.id)
    }

    /// What they come to for the one of them with this id, which was completed then.
    pub fn after(completed_at: Instant, id: SessionId, work: &[Work]) -> Self {
        let others = || work.iter().filter(|other| other.id != id);
        let is_done = |other: &Work| {
            other.state == SessionState::Completed
                && (other.completed_at, other.id) > (Some(completed_at), id)
        };
        let is_expected = |other: &Work| match other.state {
            SessionState::Planned => other.is_in_open_plan,
            state => state.holds_time(),
        };
        Self {
            is_done: others().any(is_done),
            is_expected: others().any(is_expected),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn at(day: u8) -> Instant {
        Instant::parse(&format!("2027-03-{day:02}T10:00:00Z")).unwrap()
    }

    fn other(state: SessionState, completed_at: Option<Instant>) -> Work {
        Work {
            id: SessionId::new(),
            state,
            completed_at,
            is_in_open_plan: false,
        }
    }

    #[test]
    fn what_was_done_later_counts_and_what_was_done_before_does_not() {
        let id = SessionId::new();
        let after =
            |day| LaterWork::after(at(8), id, &[other(SessionState::Completed, Some(at(day)))]);
        assert_eq!(after(7), LaterWork::NONE);
        assert!(after(9).is_done && !after(9).is_expected);
        // Of two that were completed at once, one is the later.
        let twin = SessionId::new();
        let both = [(id, twin), (twin, id)].map(|(one, other_id)| {
            let other = Work {
                id: other_id,
                ..other(SessionState::Completed, Some(at(8)))
            };
            LaterWork::after(at(8), one, &[other]).is_done
        });
        assert_ne!(both[0], both[1]);
    }

    #[test]
    fn advice_ends_with_work_and_an_invitation_with_a_booking_too() {
        let [is_done, is_expected] =
            [(true, false), (false, true)].map(|(is_done, is_expected)| LaterWork {
                is_done,
                is_expected,
            });
        for (subject, by_work, by_booking) in [
            (Subject::Aftercare, true, false),
            (Subject::Invitation, true, true),
            (Subject::NextSession, false, false),
            (Subject::Act, false, false),
            (Subject::Session, false, false),
        ] {
            assert!(!LaterWork::NONE.ends(subject), "{subject:?}");
            assert_eq!(is_done.ends(subject), by_work, "{subject:?}");
            assert_eq!(is_expected.ends(subject), by_booking, "{subject:?}");
        }
    }

    #[test]
    fn the_last_that_was_done_is_by_when_it_took_place() {
        assert_eq!(LaterWork::last_done(&[]), None);
        let booked = other(SessionState::Booked, None);
        assert_eq!(LaterWork::last_done(&[booked]), None);
        let earlier = other(SessionState::Completed, Some(at(7)));
        let later = other(SessionState::Completed, Some(at(9)));
        let missed = other(SessionState::NoShow, None);
        let all = [booked, later, earlier, missed];
        assert_eq!(LaterWork::last_done(&all), Some(later.id));
    }

    #[test]
    fn what_has_a_time_or_a_place_in_a_plan_is_expected() {
        for state in SessionState::ALL.iter().copied() {
            let lone = other(state, None);
            let planned = Work {
                is_in_open_plan: true,
                ..lone
            };
            let found =
                [lone, planned].map(|one| LaterWork::after(at(8), SessionId::new(), &[one]));
            let expected = match state {
                SessionState::Planned => [false, true],
                SessionState::Booked | SessionState::Confirmed | SessionState::Arrived => {
                    [true, true]
                }
                _ => [false, false],
            };
            assert_eq!(found.map(|one| one.is_expected), expected, "{state}");
            assert!(found.iter().all(|one| !one.is_done), "{state}");
        }
    }
}
