//! Which advice a client gets about a session: the mails and the client's page go by the same rule.

use chrono_tz::Tz;

use super::instant::Instant;
use super::local_time::days_between;
use super::vocabulary::{ReminderStep, SessionKind, SessionState};

/// Whether there is anything to do before and after a session of this kind. A consultation leaves the skin as it is.
pub const fn has_advice(kind: SessionKind) -> bool {
    kind.places_pigment()
}

/// What advice about a session hangs on.
#[derive(Clone, Copy, Debug)]
pub struct AdviceFacts {
    /// What is done in it.
    pub kind: SessionKind,
    /// Where it stands.
    pub state: SessionState,
    /// When it was completed.
    pub completed_at: Option<Instant>,
}

impl AdviceFacts {
    /// The step whose advice fits the day.
    pub fn step(self, now: Instant, zone: Tz) -> Option<ReminderStep> {
        if !has_advice(self.kind) {
            return None;
        }
        match (self.state, self.completed_at) {
            (SessionState::Booked | SessionState::Confirmed, _) => Some(ReminderStep::Preparation),
            (SessionState::Completed, Some(at)) => {
                Some(match days_between(at.day_at(zone), now.day_at(zone)) {
                    ..4 => ReminderStep::AftercareDay0,
                    4..10 => ReminderStep::AftercareDay4,
                    10..30 => ReminderStep::AftercareDay10,
                    _ => ReminderStep::AftercareDay30,
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn advice_fits_the_kind_the_state_and_the_day() {
        use ReminderStep::{AftercareDay0, AftercareDay4, AftercareDay10, AftercareDay30};

        let at = |text: &str| Instant::parse(text).unwrap();
        let step = |kind, state, now: &str| {
            let facts = AdviceFacts {
                kind,
                state,
                completed_at: (state == SessionState::Completed)
                    .then(|| at("2026-12-01T23:30:00Z")),
            };
            facts.step(at(now), chrono_tz::Europe::Berlin)
        };
        let (treatment, completed) = (SessionKind::Treatment, SessionState::Completed);
        // In Berlin it was the second of December by then.
        for (now, expected) in [
            ("2026-12-05T22:59:00Z", AftercareDay0),
            ("2026-12-05T23:00:00Z", AftercareDay4),
            ("2026-12-11T23:00:00Z", AftercareDay10),
            ("2026-12-31T23:00:00Z", AftercareDay30),
        ] {
            assert_eq!(step(treatment, completed, now), Some(expected), "{now}");
        }
        let now = "2026-12-05T10:00:00Z";
        let before = step(SessionKind::TouchUp, SessionState::Booked, now);
        assert_eq!(before, Some(ReminderStep::Preparation));
        assert_eq!(step(treatment, SessionState::Cancelled, now), None);
        for state in SessionState::ALL {
            assert_eq!(
                step(SessionKind::Consultation, *state, now),
                None,
                "{state}"
            );
        }
    }
}
