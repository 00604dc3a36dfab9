//! Every change of the clocks from 2026 to 2030 in eight zones, found in the zone data, and what it does to each step.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write as _;

use chrono::{NaiveDate, NaiveDateTime, Offset};
use chrono_tz::{Africa, America, Asia, Australia, Europe, Pacific};

use super::*;
use crate::domain::hours::ClockTime;
use crate::domain::number::{OffsetDays, OffsetHours};
use ReminderStep as Step;

/// So many changes has each zone in those years, as the zone data knows them.
const ZONES: [(Tz, usize); 8] = [
    (Europe::London, 10),
    (America::New_York, 10),
    (America::St_Johns, 10),
    (Australia::Lord_Howe, 10),
    (Pacific::Chatham, 10),
    (Africa::Casablanca, 11),
    (Asia::Tehran, 0),
    (America::Sao_Paulo, 0),
];

fn offset(at: Instant, zone: Tz) -> TimeDelta {
    let seconds = at.at(zone).offset().fix().local_minus_utc();
    TimeDelta::seconds(seconds.into())
}

fn year(year: i32) -> Instant {
    let day = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    day.and_hms_opt(0, 0, 0).unwrap().and_utc().into()
}

/// The first instants at which a zone's clocks are other than the minute before.
fn changes(zone: Tz) -> Vec<Instant> {
    let (mut at, end) = (year(2026), year(2031));
    let mut found = Vec::new();
    while at < end {
        let next = at + TimeDelta::hours(1);
        if offset(at, zone) != offset(next, zone) {
            let minutes = (0..=60).map(|minute| at + TimeDelta::minutes(minute));
            let mut minutes =
                minutes.skip_while(|minute| offset(*minute, zone) == offset(at, zone));
            found.push(minutes.next().unwrap());
        }
        at = next;
    }
    found
}

/// One line of the table.
struct Line {
    step: &'static str,
    wanted: NaiveDateTime,
    due_at: Instant,
    /// How far the step's own clock was moved: the wall clock for days, elapsed time for hours.
    moved: TimeDelta,
}

fn rule(step: Step, timing: Timing) -> ReminderRule {
    ReminderRule {
        step,
        session_kinds: vec![SessionKind::Treatment],
        timing,
        enabled: true,
    }
}

fn facts(zone: Tz, starts_at: Instant) -> ReminderFacts {
    ReminderFacts {
        kind: SessionKind::Treatment,
        state: SessionState::Booked,
        starts_at: Some(starts_at),
        completed_at: None,
        action: None,
        by_client: false,
        told_start: None,
        zone,
        quiet_hours: None,
        cutoff_hours: 48,
        next_window: None,
        later_work: LaterWork {
            is_done: false,
            is_expected: true,
        },
    }
}

fn only(facts: &ReminderFacts, rule: ReminderRule, now: Instant) -> ScheduledReminder {
    let scheduled = schedule(facts, &[rule], now);
    assert_eq!(scheduled.len(), 1, "{facts:?}");
    scheduled[0]
}

/// What a change of the clocks does to each kind of offset, with sessions three days on either side of it.
fn lines(zone: Tz, change: Instant) -> Vec<Line> {
    let days = |days| OffsetDays::bounded(days);
    let clock = |time: NaiveDateTime| ClockTime::parse(&time.format("%H:%M").to_string()).unwrap();
    let local = |at: Instant| at.at(zone).naive_local();
    let before = local(change - TimeDelta::minutes(1)) + TimeDelta::minutes(1);
    let after = local(change);
    let day = after.date();
    let after_change = ClockTime::parse("14:00")
        .unwrap()
        .on(add_days(day, 3), zone);
    let before_change = ClockTime::parse("14:00")
        .unwrap()
        .on(add_days(day, -3), zone);
    let now = before_change - TimeDelta::days(30);
    let mut lines = Vec::new();

    // In the middle of what is skipped, or comes twice.
    let middle = before.min(after) + (after - before).abs() / 2;
    let middle = middle.date().and_hms_opt(0, 0, 0).unwrap()
        + TimeDelta::minutes((middle - middle.date().and_hms_opt(0, 0, 0).unwrap()).num_minutes());
    let timing = Timing::StartDay {
        days_before: days(
            u16::try_from((local(after_change).date() - middle.date()).num_days()).unwrap(),
        ),
        at: clock(middle),
    };
    let found = only(
        &facts(zone, after_change),
        rule(Step::Preparation, timing),
        now,
    );
    let is_skipped = after > before;
    let expected = if is_skipped { change } else { found.due_at };
    assert_eq!(
        found.due_at, expected,
        "{zone} {middle}: the first minute after what is skipped"
    );
    if !is_skipped {
        assert_eq!(local(found.due_at), middle, "{zone}");
        assert!(
            found.due_at < change,
            "{zone} {middle}: the first of the two"
        );
    }
    lines.push(Line {
        step: if is_skipped {
            "day, in a skipped time"
        } else {
            "day, in a doubled time"
        },
        wanted: middle,
        due_at: found.due_at,
        moved: local(found.due_at) - middle,
    });

    // Days keep the wall clock.
    let ten = ClockTime::TEN;
    let at_ten = |days: i64| add_days(day, days).and_hms_opt(10, 0, 0).unwrap();
    let timing = Timing::StartDay {
        days_before: days(7),
        at: ten,
    };
    let found = only(
        &facts(zone, after_change),
        rule(Step::Preparation, timing),
        now,
    );
    lines.push(Line {
        step: "preparation, 7 days",
        wanted: at_ten(-4),
        due_at: found.due_at,
        moved: local(found.due_at) - at_ten(-4),
    });
    let completed = ReminderFacts {
        state: SessionState::Completed,
        completed_at: Some(before_change),
        later_work: LaterWork::NONE,
        ..facts(zone, before_change)
    };
    for (step, name, after) in [
        (Step::AftercareDay4, "aftercare, 4 days", 4),
        (Step::AftercareDay10, "aftercare, 10 days", 10),
        (Step::AftercareDay30, "aftercare, 30 days", 30),
    ] {
        let timing = Timing::CompletionDay {
            days_after: days(after),
            at: ten,
        };
        let found = only(&completed, rule(step, timing), before_change);
        let wanted = at_ten(i64::from(after) - 3);
        lines.push(Line {
            step: name,
            wanted,
            due_at: found.due_at,
            moved: local(found.due_at) - wanted,
        });
    }

    // Hours elapse.
    for (step, name, before) in [
        (Step::ConfirmRequest, "confirm, 72 hours", 72),
        (Step::FinalReminder, "final, 24 hours", 24),
    ] {
        let starts_at = change + TimeDelta::hours(i64::from(before) / 2);
        let timing = Timing::Start {
            hours_before: OffsetHours::bounded(before),
            or_before_cutoff_hours: None,
        };
        let found = only(&facts(zone, starts_at), rule(step, timing), now);
        assert_eq!(
            starts_at - found.due_at,
            TimeDelta::hours(before.into()),
            "{zone}"
        );
        let wanted = local(starts_at) - TimeDelta::hours(before.into());
        // The wall clock shows the change, and nothing else.
        assert_eq!(local(found.due_at) - wanted, -shift(zone, change), "{zone}");
        lines.push(Line {
            step: name,
            wanted,
            due_at: found.due_at,
            moved: TimeDelta::zero(),
        });
    }
    lines
}

/// By how much the clocks were changed.
fn shift(zone: Tz, change: Instant) -> TimeDelta {
    offset(change, zone) - offset(change - TimeDelta::minutes(1), zone)
}

#[test]
fn every_change_of_the_clocks_leaves_each_step_where_it_belongs() {
    let mut table = format!(
        "{:<19} {:<17} {:>6} {:<23} {:<17} {:<17} {:<17} moved by\n",
        "zone", "change (UTC)", "clocks", "step", "wanted, local", "due, local", "due, UTC"
    );
    let mut rows = 0;
    for (zone, expected) in ZONES {
        let changes = changes(zone);
        assert_eq!(changes.len(), expected, "{zone}: {changes:?}");
        if changes.is_empty() {
            table += &format!("{:<19} no change from 2026 to 2030\n", zone.name());
        }
        for change in changes {
            let shift = shift(zone, change).num_minutes();
            for line in lines(zone, change) {
                let local = line.due_at.at(zone).naive_local();
                let is_doubtful = line.step.starts_with("day, in");
                if !is_doubtful {
                    assert_eq!(
                        line.moved,
                        TimeDelta::zero(),
                        "{zone} {change} {}",
                        line.step
                    );
                }
                // What is skipped is made up for by less than the clocks skip.
                assert!(
                    line.moved >= TimeDelta::zero() && line.moved.num_minutes() <= shift.max(0)
                );
                let minute = "%Y-%m-%d %H:%M";
                table += &format!(
                    "{:<19} {:<17} {:>+5}m {:<23} {:<17} {:<17} {:<17} {:+}m\n",
                    zone.name(),
                    change.utc().format(minute).to_string(),
                    shift,
                    line.step,
                    line.wanted.format(minute).to_string(),
                    local.format(minute).to_string(),
                    line.due_at.utc().format(minute).to_string(),
                    line.moved.num_minutes(),
                );
                rows += 1;
            }
        }
    }
    assert_eq!(rows, 61 * 7);
    // Not println!: the harness would swallow that where the test passes.
    let _closed = writeln!(std::io::stderr(), "{table}{rows} rows");
}

#[test]
fn where_clocks_stand_still_days_and_hours_agree() {
    for zone in [Asia::Tehran, America::Sao_Paulo] {
        for month in 0..60 {
            let starts_at = year(2026) + TimeDelta::days(month * 30) + TimeDelta::hours(13);
            let booked = facts(zone, starts_at);
            let day = starts_at.day_at(zone);
            let timing = Timing::StartDay {
                days_before: OffsetDays::bounded(7),
                at: ClockTime::TEN,
            };
            let found = only(
                &booked,
                rule(Step::Preparation, timing),
                starts_at - TimeDelta::days(30),
            );
            let wanted = add_days(day, -7).and_hms_opt(10, 0, 0).unwrap();
            assert_eq!(found.due_at.at(zone).naive_local(), wanted, "{zone}");
        }
    }
}
