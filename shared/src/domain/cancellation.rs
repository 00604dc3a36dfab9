//! Whether a session is called off in time, or late.

use chrono::TimeDelta;

use super::instant::Instant;
use super::vocabulary::EndedBy;

/// Whether what a client calls off or moves at this instant is in time: at the cut-off itself it still is, and from the start
/// on it never is, whatever the cut-off.
pub fn is_in_time(at: Instant, starts_at: Instant, cutoff_hours: i64) -> bool {
    at <= starts_at - TimeDelta::hours(cutoff_hours) && at < starts_at
}

/// Whether a cancellation is late: the client's, after the studio's cut-off. Where nothing was booked nobody kept a time free,
/// and a studio is never late for itself.
pub fn is_late(by: EndedBy, at: Instant, starts_at: Option<Instant>, cutoff_hours: i64) -> bool {
    by == EndedBy::Client && starts_at.is_some_and(|start| !is_in_time(at, start, cutoff_hours))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_client_is_late_from_the_first_moment_after_the_cut_off() {
        let starts_at = at("2026-11-30T10:00:00Z");
        for (when, cutoff_hours, expected) in [
            ("2026-11-28T09:59:59.999Z", 48, false),
            ("2026-11-28T10:00:00Z", 48, false),
            ("2026-11-28T10:00:00.001Z", 48, true),
            // From the start on, or when it's over.
            ("2026-11-30T10:00:00Z", 48, true),
            ("2026-12-01T10:00:00Z", 48, true),
            // A studio without a cut-off takes a cancellation up to the start.
            ("2026-11-30T09:59:59.999Z", 0, false),
            ("2026-11-30T10:00:00Z", 0, true),
        ] {
            let late = is_late(EndedBy::Client, at(when), Some(starts_at), cutoff_hours);
            assert_eq!(late, expected, "{when} with {cutoff_hours}");
        }
    }

    #[test]
    fn nobody_else_is_late_and_nobody_is_for_no_time() {
        let starts_at = at("2026-11-30T10:00:00Z");
        let now = at("2026-11-30T09:00:00Z");
        assert!(!is_late(EndedBy::Studio, now, Some(starts_at), 48));
        assert!(!is_late(EndedBy::Client, now, None, 48));
        assert!(is_late(EndedBy::Client, now, Some(starts_at), 48));
    }

    #[test]
    fn what_counts_is_the_span_and_not_the_clock_on_the_wall() {
        // In Berlin the clocks go back in the night of the 25th: from ten to ten are 49 hours.
        let starts_at = at("2026-10-26T09:00:00Z");
        assert!(!is_late(
            EndedBy::Client,
            at("2026-10-24T09:00:00Z"),
            Some(starts_at),
            48
        ));
        assert!(is_late(
            EndedBy::Client,
            at("2026-10-24T09:00:01Z"),
            Some(starts_at),
            48
        ));
    }
}
