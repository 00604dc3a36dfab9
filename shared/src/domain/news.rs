//! What a client has to be told of a session's time, by what the mails before have told them.
//!
//! A notice compares what stands with what the client knows, not with what was done last: two moves are told as one, a
//! move that was taken back before anybody heard of it isn't told at all, and a booking that was taken back is.

use chrono_tz::Tz;

use super::instant::Instant;
use super::interval::Interval;
use super::local_time::days_between;
use super::session::SessionAction;
use super::vocabulary::{ReminderState, ReminderStep};

/// A reminder about a session's time, as far as it matters for what its client knows.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Which step.
    pub step: ReminderStep,
    /// What became of it.
    pub state: ReminderState,
    /// To which version of the session's time it belongs.
    pub schedule_version: i64,
    /// The time that it speaks of.
    pub time: Option<Interval>,
}

/// What a client knows of a session's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// No mail has told anything yet.
    Nothing {
        /// The time that a confirmation was to tell, if there was one.
        meant: Option<Interval>,
    },
    /// This time was told last.
    Time(Interval),
    /// That the session is off was told last.
    CalledOff,
}

/// What a client knows, and whether a mail that may change it is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knowledge {
    /// What was told.
    pub known: Known,
    /// Whether a mail about the time is being handed over.
    pub in_flight: bool,
}

impl Knowledge {
    /// What a session's reminders have told its client.
    pub fn of(told: &[Told]) -> Self {
        let about_time = || told.iter().filter(|one| one.step.is_about_the_time());
        // The cancellation of a time comes after all else that is said of it.
        let order = |one: &&Told| {
            (
                one.schedule_version,
                one.step == ReminderStep::CancelledNotice,
            )
        };
        let reached = |one: &&Told| {
            matches!(
                one.state,
                ReminderState::Sent | ReminderState::Written | ReminderState::Ambiguous
            )
        };
        let known = match about_time().filter(reached).max_by_key(order) {
            Some(last) if last.step == ReminderStep::CancelledNotice => Known::CalledOff,
            Some(Told {
                time: Some(time), ..
            }) => Known::Time(*time),
            _ => Known::Nothing {
                meant: about_time()
                    .filter(|one| one.step == ReminderStep::BookingConfirmation)
                    .max_by_key(order)
                    .and_then(|one| one.time),
            },
        };
        Self {
            known,
            in_flight: about_time().any(|one| one.state == ReminderState::Leased),
        }
    }

    /// The time that was told last, where one was.
    pub fn time(&self) -> Option<Interval> {
        match self.known {
            Known::Time(time) => Some(time),
            Known::Nothing { .. } | Known::CalledOff => None,
        }
    }

    /// What has to be told now that the session stands so after an act: a booking, a move, a cancellation, or nothing.
    pub fn news(&self, stands: Option<Interval>, act: SessionAction) -> Option<SessionAction> {
        use SessionAction::{Book, Cancel, Reschedule, Revert};

        if !matches!(act, Book | Reschedule | Cancel | Revert) {
            return None;
        }
        match (stands, self.known) {
            (Some(time), Known::Time(known)) if time == known => {
                self.in_flight.then_some(Reschedule)
            }
            (Some(_), Known::Time(_)) => Some(Reschedule),
            (Some(_), Known::CalledOff) => Some(Book),
            (Some(time), Known::Nothing { meant }) => {
                Some(if act == Reschedule && meant != Some(time) {
                    Reschedule
                } else {
                    Book
                })
            }
            (None, Known::Time(_)) => Some(Cancel),
            (None, Known::CalledOff) => self.in_flight.then_some(Cancel),
            // Whoever calls a session off may have been told by word of mouth.
            (None, Known::Nothing { .. }) => (act == Cancel || self.in_flight).then_some(Cancel),
        }
    }
}

/// The first advice of a preparation counts back so many days from the session.
const REACH_OF_ADVICE_DAYS: i64 = 7;

/// Whether a move changes what a preparation that was sent says.
///
/// It counts days back from the session, and so goes along with a small move; once the session lies a week away from
/// where it did, all of those days are others, and what was begun has to be begun anew.
pub fn advice_changes(told_for: Instant, starts_at: Instant, zone: Tz) -> bool {
    let days = days_between(told_for.day_at(zone), starts_at.day_at(zone));
    days.abs() >= REACH_OF_ADVICE_DAYS
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use ReminderState::{Leased, Sent, Superseded};
    use ReminderStep as Step;
    use SessionAction::{Book, Cancel, CheckIn, Reschedule, Revert};

    fn day(number: u8) -> Interval {
        let at =
            |hour: u8| Instant::parse(&format!("2027-03-{number:02}T{hour:02}:00:00Z")).unwrap();
        Interval::new(at(10), at(13))
    }

    fn told(step: Step, state: ReminderState, schedule_version: i64, number: u8) -> Told {
        Told {
            step,
            state,
            schedule_version,
            time: Some(day(number)),
        }
    }

    #[test]
    fn a_move_is_told_against_what_the_client_knows() {
        let known = Knowledge::of(&[
            told(Step::BookingConfirmation, Sent, 1, 1),
            told(Step::MovedNotice, Superseded, 2, 2),
        ]);
        assert_eq!(known.time(), Some(day(1)));
        assert_eq!(known.news(Some(day(3)), Reschedule), Some(Reschedule));
        assert_eq!(known.news(Some(day(1)), Reschedule), None);
        assert_eq!(known.news(Some(day(1)), Revert), None);
        // Whether the time is as long matters too.
        let longer = Interval::new(day(1).starts_at, day(2).ends_at);
        assert_eq!(known.news(Some(longer), Reschedule), Some(Reschedule));
        assert_eq!(known.news(Some(day(3)), CheckIn), None);
    }

    #[test]
    fn advice_goes_along_with_a_small_move() {
        let (at, zone) = (day(10).starts_at, chrono_tz::Europe::London);
        for (number, changes) in [(10, false), (16, false), (4, false), (17, true), (3, true)] {
            assert_eq!(
                advice_changes(at, day(number).starts_at, zone),
                changes,
                "{number}"
            );
        }
    }

    #[test]
    fn a_mail_on_its_way_is_answered_to_be_sure() {
        let known = Knowledge::of(&[
            told(Step::BookingConfirmation, Sent, 1, 1),
            told(Step::MovedNotice, Leased, 2, 2),
        ]);
        assert_eq!(known.news(Some(day(1)), Reschedule), Some(Reschedule));
    }

    #[test]
    fn a_booking_that_is_taken_back_is_told_to_those_who_know_of_it() {
        let told_of = Knowledge::of(&[told(Step::BookingConfirmation, Sent, 1, 1)]);
        assert_eq!(told_of.news(None, Revert), Some(Cancel));
        let untold = Knowledge::of(&[told(Step::BookingConfirmation, Superseded, 1, 1)]);
        assert_eq!(untold.news(None, Revert), None);
        assert_eq!(untold.news(None, Cancel), Some(Cancel));
    }

    #[test]
    fn a_cancellation_that_is_taken_back_is_told_where_it_was_told() {
        let mut rows = vec![
            told(Step::FinalReminder, Sent, 1, 1),
            told(Step::CancelledNotice, Superseded, 1, 1),
        ];
        assert_eq!(Knowledge::of(&rows).news(Some(day(1)), Revert), None);
        rows[1].state = Sent;
        assert_eq!(Knowledge::of(&rows).news(Some(day(1)), Revert), Some(Book));
        assert_eq!(Knowledge::of(&rows).news(None, Cancel), None);
    }

    #[test]
    fn before_the_first_mail_a_move_back_is_a_booking_still_to_be_told() {
        let rows = [
            told(Step::BookingConfirmation, Superseded, 1, 1),
            told(Step::MovedNotice, Superseded, 2, 2),
        ];
        let known = Knowledge::of(&rows);
        assert_eq!(known.news(Some(day(3)), Reschedule), Some(Reschedule));
        assert_eq!(known.news(Some(day(1)), Reschedule), Some(Book));
        assert_eq!(known.news(Some(day(2)), Revert), Some(Book));
        assert_eq!(Knowledge::of(&[]).news(Some(day(2)), Book), Some(Book));
        assert_eq!(
            Knowledge::of(&[]).news(Some(day(2)), Reschedule),
            Some(Reschedule)
        );
    }
}
