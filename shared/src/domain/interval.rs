//! Half-open stretches of time, and what is left when some are taken from others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instant::Instant;

/// From an instant up to, and not with, another. Two that touch don't overlap.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The first instant that belongs to it.
    pub starts_at: Instant,
    /// The first instant that doesn't.
    pub ends_at: Instant,
}

impl Interval {
    /// The stretch between two instants.
    pub const fn new(starts_at: Instant, ends_at: Instant) -> Self {
        Self { starts_at, ends_at }
    }

    /// Whether no instant belongs to it.
    pub fn is_empty(self) -> bool {
        self.starts_at >= self.ends_at
    }

    /// Whether an instant belongs to it.
    pub fn contains(self, instant: Instant) -> bool {
        self.starts_at <= instant && instant < self.ends_at
    }

    /// Whether all of another belongs to it.
    pub fn covers(self, other: Self) -> bool {
        self.starts_at <= other.starts_at && other.ends_at <= self.ends_at
    }

    /// Whether an instant belongs to both.
    pub fn overlaps(self, other: Self) -> bool {
        !self.common(other).is_empty()
    }

    fn common(self, other: Self) -> Self {
        Self::new(
            self.starts_at.max(other.starts_at),
            self.ends_at.min(other.ends_at),
        )
    }
}

/// The same instants, in order: no interval is empty, touches or overlaps another.
pub fn normalise(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| !interval.is_empty());
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match merged.last_mut() {
            Some(last) if interval.starts_at <= last.ends_at => {
                last.ends_at = last.ends_at.max(interval.ends_at);
            }
            _ => merged.push(interval),
        }
    }
    merged
}

/// What belongs to both of two lists that are in order, as `normalise` leaves them.
pub fn intersect(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    let (mut i, mut j) = (0, 0);
    let mut both = Vec::new();
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        let common = a.common(*b);
        if !common.is_empty() {
            both.push(common);
        }
        if a.ends_at <= b.ends_at {
            i += 1;
        } else {
            j += 1;
        }
    }
    both
}

/// What is left of one list when another is taken away; both in order, as `normalise` leaves them.
pub fn subtract(from: &[Interval], away: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    let mut first = 0;
    for interval in from {
        let mut starts_at = interval.starts_at;
        while away
            .get(first)
            .is_some_and(|taken| taken.ends_at <= starts_at)
        {
            first += 1;
        }
        for taken in away.get(first..).unwrap_or_default() {
            if taken.starts_at >= interval.ends_at {
                break;
            }
            let gap = Interval::new(starts_at, taken.starts_at);
            if !gap.is_empty() {
                left.push(gap);
            }
            starts_at = starts_at.max(taken.ends_at);
        }
        let rest = Interval::new(starts_at, interval.ends_at);
        if !rest.is_empty() {
            left.push(rest);
        }
    }
    left
}

/// Whether one of a list that is in order overlaps this interval.
pub fn any_overlaps(sorted: &[Interval], interval: Interval) -> bool {
    let next = sorted.partition_point(|other| other.ends_at <= interval.starts_at);
    sorted
        .get(next)
        .is_some_and(|other| other.overlaps(interval))
}

/// Whether one of a list that is in order covers this interval.
pub fn any_covers(sorted: &[Interval], interval: Interval) -> bool {
    let next = sorted.partition_point(|other| other.ends_at <= interval.starts_at);
    sorted.get(next).is_some_and(|other| other.covers(interval))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(starts: i64, ends: i64) -> Interval {
        Interval::new(Instant::from_millis(starts), Instant::from_millis(ends))
    }

    fn lists() -> impl Strategy<Value = Vec<Interval>> {
        prop::collection::vec((0_i64..60, 0_i64..12), 0..8).prop_map(|spans| {
            spans
                .into_iter()
                .map(|(start, length)| span(start, start + length))
                .collect()
        })
    }

    fn members(list: &[Interval]) -> Vec<bool> {
        (0..80)
            .map(|at| {
                list.iter()
                    .any(|one| one.contains(Instant::from_millis(at)))
            })
            .collect()
    }

    #[test]
    fn touching_is_not_overlapping() {
        assert!(!span(0, 5).overlaps(span(5, 9)));
        assert!(span(0, 6).overlaps(span(5, 9)));
        assert!(!span(3, 3).overlaps(span(0, 9)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn lists_are_sets_of_instants(a in lists(), b in lists(), start in 0_i64..60, length in 1_i64..12) {
            let (x, y) = (normalise(a.clone()), normalise(b.clone()));
            prop_assert_eq!(members(&a), members(&x));
            prop_assert!(x.windows(2).all(|pair| pair[0].ends_at < pair[1].starts_at));
            let (in_x, in_y) = (members(&x), members(&y));
            let both = in_x.iter().zip(&in_y).map(|(a, b)| *a && *b).collect::<Vec<_>>();
            let only = in_x.iter().zip(&in_y).map(|(a, b)| *a && !*b).collect::<Vec<_>>();
            prop_assert_eq!(members(&intersect(&x, &y)), both);
            prop_assert_eq!(members(&subtract(&x, &y)), only);
            let one = span(start, start + length);
            prop_assert_eq!(any_overlaps(&x, one), x.iter().any(|other| other.overlaps(one)));
            prop_assert_eq!(any_covers(&x, one), x.iter().any(|other| other.covers(one)));
        }
    }
}
