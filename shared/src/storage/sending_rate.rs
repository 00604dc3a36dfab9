//! How fast mails go out, counted in the database so that all workers together keep to it.
//!
//! One number says until when what was sent so far has used the allowance up. Each attempt moves it on by the pause that
//! the rate asks for; it may run ahead of the clock by as much as a burst.

use diesel::prelude::*;

use super::schema::sending_rate;
use super::{Db, Tx};
use crate::domain::Instant;
use crate::error::Result;

/// How many attempts all workers together may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendingRate {
    /// In any minute; 0 counts as 1.
    pub per_minute: u32,
    /// At once, after a rest; more than a minute's is cut to that.
    pub at_once: u32,
}

impl SendingRate {
    /// No limit at all: for the demo's story, and for measuring.
    pub const UNLIMITED: Self = Self {
        per_minute: u32::MAX,
        at_once: u32::MAX,
    };

    /// What fits into a burst, and the pause between two attempts after it, so that no minute sees more than its due.
    fn burst_and_pause(self) -> (i64, i64) {
        let per_minute = i64::from(self.per_minute.max(1));
        let burst = i64::from(self.at_once.max(1)).min(per_minute);
        let spread_over_the_minute = per_minute - burst + 1;
        if self == Self::UNLIMITED {
            return (burst, 0);
        }
        (
            burst,
            (60_000_000 + spread_over_the_minute - 1) / spread_over_the_minute,
        )
    }

    /// How many attempts may be made now, given until when the allowance is used up.
    fn allowance(self, used_until_micros: i64, now_micros: i64) -> u32 {
        let (burst, pause) = self.burst_and_pause();
        if pause == 0 {
            return u32::try_from(burst).unwrap_or(u32::MAX);
        }
        let ahead = (used_until_micros - now_micros).max(0);
        if ahead > burst * pause {
            // No sending can have gone so far: the clock was set back since, and the next attempt puts it right.
            return 1;
        }
        let left = (burst * pause - ahead) / pause;
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// The same after one more attempt.
    fn after_one_more(self, used_until_micros: i64, now_micros: i64) -> i64 {
        let (burst, pause) = self.burst_and_pause();
        let furthest = now_micros.saturating_add((burst - 1).saturating_mul(pause));
        used_until_micros.clamp(now_micros, furthest) + pause
    }
}

/// How many attempts may be made now.
pub fn allowance(db: &mut Db, rate: SendingRate, lease_now: Instant) -> Result<u32> {
    Ok(rate.allowance(used_until(db)?, micros(lease_now)))
}

/// Takes one attempt out of the allowance; false if none is left.
pub(super) fn take(tx: &mut Tx<'_>, rate: SendingRate) -> Result<bool> {
    if rate == SendingRate::UNLIMITED {
        return Ok(true);
    }
    let now = micros(tx.lease_now()?);
    let used_until = used_until(tx.db)?;
    if rate.allowance(used_until, now) == 0 {
        return Ok(false);
    }
    diesel::update(sending_rate::table.find(1))
        .set(sending_rate::used_until_micros.eq(rate.after_one_more(used_until, now)))
        .execute(tx.db)?;
    Ok(true)
}

fn used_until(db: &mut Db) -> Result<i64> {
    Ok(sending_rate::table
        .find(1)
        .select(sending_rate::used_until_micros)
        .get_result(db)?)
}

fn micros(instant: Instant) -> i64 {
    instant.millis().saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends whenever it may, looking every 100 ms for five minutes: when each attempt was.
    fn greedy(rate: SendingRate) -> Vec<i64> {
        let (mut used_until, mut sent) = (0, Vec::new());
        for step in 0..3000 {
            let now = 1_000_000_000 + step * 100_000;
            while rate.allowance(used_until, now) > 0 {
                used_until = rate.after_one_more(used_until, now);
                sent.push(now);
            }
        }
        sent
    }

    #[test]
    fn no_minute_sees_more_than_its_due_and_no_moment_more_than_a_burst() {
        for (per_minute, at_once) in [(120, 20), (60, 60), (1, 1), (7, 3), (600, 1), (5, 50)] {
            let rate = SendingRate {
                per_minute,
                at_once,
            };
            let sent = greedy(rate);
            let most = sent
                .iter()
                .map(|from| {
                    sent.iter()
                        .filter(|at| (*from..*from + 60_000_000).contains(*at))
                        .count()
                })
                .max()
                .unwrap_or_default();
            assert!(most <= per_minute as usize, "{rate:?}: {most}");
            let first = sent.iter().filter(|at| **at == sent[0]).count();
            assert_eq!(first, at_once.min(per_minute) as usize, "{rate:?}");
            // The sustained rate is what a burst leaves of the minute.
            let floor = 4 * (per_minute - at_once.min(per_minute) + 1) as usize;
            assert!(
                sent.len() >= floor,
                "{rate:?}: {} in five minutes",
                sent.len()
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let rate = SendingRate {
            per_minute: 120,
            at_once: 20,
        };
        let (tomorrow, now) = (86_400_000_000, 1_000_000);
        assert_eq!(rate.allowance(tomorrow, now), 1);
        let next = rate.after_one_more(tomorrow, now);
        assert!(next < now + 20_000_000);
        assert_eq!(rate.allowance(next, now), 0);
        assert!(rate.allowance(next, now + 2_000_000) > 0);
    }

    #[test]
    fn without_a_limit_there_is_always_room() {
        assert_eq!(SendingRate::UNLIMITED.allowance(i64::MAX, 0), u32::MAX);
    }
}
