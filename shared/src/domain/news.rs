//! What a client has to be told of a session's time, by what the mails before have told them.
//!
//! A notice compares what stands with what the client knows, not with what was done last: two moves are told as one, a
//! move that was taken back before anybody heard of it isn't told at all, and a booking that was taken back is. Of a session
//! that the client never heard of, the first thing told is the booking, and its end isn't told. What clients do themselves
//! they know, whether the mail that answers it went out or not.

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
    /// Whether it answers what the client did themself.
    pub answers_client: bool,
    /// Whether it was sent before it was asked for once more.
    pub sent_before: bool,
}

/// What a client knows of a session's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing has told anything yet.
    Nothing,
    /// This time was told last.
    Time(Interval),
    /// That the session is off was told last.
    CalledOff,
}

/// What was done with a session, as far as it matters for what its client is told.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// What it was.
    pub action: SessionAction,
    /// Whether the client did it, or asked for it.
    pub by_client: bool,
    /// Whether the studio's mails tell of a booking of this kind at all.
    pub bookings_are_mailed: bool,
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
    /// What a session's reminders have told its client, and what the client did themself.
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
            one.answers_client
                || one.sent_before
                || matches!(
                    one.state,
                    ReminderState::Sent | ReminderState::Written | ReminderState::Ambiguous
                )
        };
        let known = match about_time().filter(reached).max_by_key(order) {
            Some(last) if last.step == ReminderStep::CancelledNotice => Known::CalledOff,
            Some(Told {
                time: Some(time), ..
            }) => Known::Time(*time),
            _ => Known::Nothing,
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
            Known::Nothing | Known::CalledOff => None,
        }
    }

    /// What has to be told now that the session stands so after an act: a booking, a move, a cancellation, or nothing.
    pub fn news(&self, stands: Option<Interval>, act: Act) -> Option<SessionAction> {
        use SessionAction::{Book, Cancel, Reschedule, Revert};

        if !matches!(act.action, Book | Reschedule | Cancel | Revert) {
            return None;
        }
        // Where no mail tells of bookings, the client was told in another way.
        let has_heard = self.in_flight || !act.bookings_are_mailed;
        match (stands, self.known) {
            // Whoever did it gets an answer, also where they are back at what they knew.
            (Some(time), Known::Time(known)) if time == known => {
                (self.in_flight || act.by_client).then_some(Reschedule)
            }
            (Some(_), Known::Time(_)) => Some(Reschedule),
            (Some(_), Known::CalledOff) => Some(Book),
            (Some(_), Known::Nothing) => Some(if act.action == Reschedule && has_heard {
                Reschedule
            } else {
                Book
            }),
            (None, Known::Time(_)) => Some(Cancel),
            (None, Known::CalledOff) => self.in_flight.then_some(Cancel),
            // Whoever called it off gets an answer; else nobody is told of the end of what they never heard of.
            (None, Known::Nothing) => {
                let is_answer = act.action == Cancel && (act.by_client || has_heard);
                (is_answer || self.in_flight).then_some(Cancel)
            }
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
            answers_client: false,
            sent_before: false,
        }
    }

    fn by_studio(action: SessionAction) -> Act {
        Act {
            action,
            by_client: false,
            bookings_are_mailed: true,
        }
    }

    #[test]
    fn a_move_is_told_against_what_the_client_knows() {
        let known = Knowledge::of(&[
            told(Step::BookingConfirmation, Sent, 1, 1),
            told(Step::MovedNotice, Superseded, 2, 2),
        ]);
        assert_eq!(known.time(), Some(day(1)));
        assert_eq!(
            known.news(Some(day(3)), by_studio(Reschedule)),
            Some(Reschedule)
        );
        assert_eq!(known.news(Some(day(1)), by_studio(Reschedule)), None);
        assert_eq!(known.news(Some(day(1)), by_studio(Revert)), None);
        // Whether the time is as long matters too.
        let longer = Interval::new(day(1).starts_at, day(2).ends_at);
        assert_eq!(
            known.news(Some(longer), by_studio(Reschedule)),
            Some(Reschedule)
        );
        assert_eq!(known.news(Some(day(3)), by_studio(CheckIn)), None);
    }

    #[test]
    fn what_clients_did_themselves_they_know_though_no_mail_told_them() {
        let by_client = |step, schedule_version, number| Told {
            answers_client: true,
            ..told(step, Superseded, schedule_version, number)
        };
        let booked = told(Step::BookingConfirmation, Sent, 1, 1);
        // They moved to the second day, and staff put them back on the first.
        let moved = Knowledge::of(&[booked, by_client(Step::MovedNotice, 2, 2)]);
        for action in [Reschedule, Revert] {
            let news = |number| moved.news(Some(day(number)), by_studio(action));
            assert_eq!(news(1), Some(Reschedule), "{action:?}");
            assert_eq!(news(2), None, "{action:?}");
        }
        // They called it off, and staff take that back, and then call it off after all.
        let mut rows = vec![booked, by_client(Step::CancelledNotice, 2, 1)];
        let cancelled = Knowledge::of(&rows);
        assert_eq!(cancelled.news(Some(day(1)), by_studio(Revert)), Some(Book));
        rows.push(told(Step::BookingConfirmation, Superseded, 3, 1));
        assert_eq!(Knowledge::of(&rows).news(None, by_studio(Cancel)), None);
    }

    #[test]
    fn clients_get_an_answer_to_what_they_do_though_they_are_back_at_what_they_knew() {
        let known = Knowledge::of(&[told(Step::BookingConfirmation, Sent, 1, 1)]);
        let by_client = Act {
            by_client: true,
            ..by_studio(Reschedule)
        };
        assert_eq!(known.news(Some(day(1)), by_client), Some(Reschedule));
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
        assert_eq!(
            known.news(Some(day(1)), by_studio(Reschedule)),
            Some(Reschedule)
        );
    }

    #[test]
    fn a_booking_that_is_taken_back_is_told_to_those_who_know_of_it() {
        let told_of = Knowledge::of(&[told(Step::BookingConfirmation, Sent, 1, 1)]);
        assert_eq!(told_of.news(None, by_studio(Revert)), Some(Cancel));
        let untold = Knowledge::of(&[told(Step::BookingConfirmation, Superseded, 1, 1)]);
        assert_eq!(untold.news(None, by_studio(Revert)), None);
    }

    #[test]
    fn a_cancellation_that_is_taken_back_is_told_where_it_was_told() {
        let mut rows = vec![
            told(Step::FinalReminder, Sent, 1, 1),
            told(Step::CancelledNotice, Superseded, 1, 1),
        ];
        assert_eq!(
            Knowledge::of(&rows).news(Some(day(1)), by_studio(Revert)),
            None
        );
        rows[1].state = Sent;
        assert_eq!(
            Knowledge::of(&rows).news(Some(day(1)), by_studio(Revert)),
            Some(Book)
        );
        assert_eq!(Knowledge::of(&rows).news(None, by_studio(Cancel)), None);
    }

    #[test]
    fn what_nobody_heard_of_is_first_told_as_a_booking_and_its_end_to_who_asked_for_it() {
        let untold = Knowledge::of(&[
            told(Step::BookingConfirmation, Superseded, 1, 1),
            told(Step::MovedNotice, Superseded, 2, 2),
        ]);
        for known in [untold, Knowledge::of(&[])] {
            for action in [Book, Reschedule, Revert] {
                for number in [1, 2, 3] {
                    let news = known.news(Some(day(number)), by_studio(action));
                    assert_eq!(news, Some(Book), "{action:?}");
                }
            }
            assert_eq!(known.news(None, by_studio(Cancel)), None);
            let by_client = Act {
                by_client: true,
                ..by_studio(Cancel)
            };
            assert_eq!(known.news(None, by_client), Some(Cancel));
        }
    }

    #[test]
    fn a_first_mail_on_its_way_or_another_way_of_telling_counts_as_heard() {
        let in_flight = Knowledge::of(&[told(Step::BookingConfirmation, Leased, 1, 1)]);
        let unmailed = |action| Act {
            bookings_are_mailed: false,
            ..by_studio(action)
        };
        for (known, act) in [
            (in_flight, by_studio as fn(SessionAction) -> Act),
            (Knowledge::of(&[]), unmailed),
        ] {
            assert_eq!(known.news(Some(day(3)), act(Reschedule)), Some(Reschedule));
            assert_eq!(known.news(None, act(Cancel)), Some(Cancel));
        }
    }
}
