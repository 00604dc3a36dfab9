//! What a booking, a move, an end and the quiet hours make of the reminders, case by case.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrono_tz::Europe;
use serde_json::json;

use super::*;
use crate::domain::gap::Gap;
use crate::domain::reminder::default_rules;
use ReminderStep as Step;

/// A session for more of it has a time.
const EXPECTED: LaterWork = LaterWork {
    is_done: false,
    is_expected: true,
};

pub(super) fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn booked(starts_at: &str) -> ReminderFacts {
    ReminderFacts {
        kind: SessionKind::Treatment,
        state: SessionState::Booked,
        starts_at: Some(instant(starts_at)),
        completed_at: None,
        action: Some(SessionAction::Book),
        by_client: false,
        told_start: None,
        zone: Europe::London,
        quiet_hours: None,
        cutoff_hours: 48,
        next_window: None,
        later_work: EXPECTED,
    }
}

fn completed(at: &str) -> ReminderFacts {
    let completed_at = instant(at);
    ReminderFacts {
        state: SessionState::Completed,
        completed_at: Some(completed_at),
        action: Some(SessionAction::Complete),
        next_window: Some(
            Gap::new(7, 10, 14, 60)
                .unwrap()
                .window(completed_at.day_at(Europe::London)),
        ),
        ..booked(at)
    }
}

pub(super) fn quiet(from: &str, until: &str) -> Option<QuietHours> {
    serde_json::from_value(json!({"from": from, "until": until})).unwrap()
}

fn due(facts: &ReminderFacts, now: &str) -> Vec<(Step, String)> {
    schedule(facts, &default_rules(), instant(now))
        .into_iter()
        .map(|reminder| (reminder.step, reminder.due_at.to_string()))
        .collect()
}

fn steps(facts: &ReminderFacts, now: &str) -> Vec<Step> {
    due(facts, now).into_iter().map(|(step, _)| step).collect()
}

fn find(facts: &ReminderFacts, now: &str, step: Step) -> ScheduledReminder {
    let all = schedule(facts, &default_rules(), instant(now));
    *all.iter().find(|reminder| reminder.step == step).unwrap()
}

#[test]
fn a_booking_is_followed_to_its_start() {
    let expected = [
        (Step::BookingConfirmation, "2027-03-01T12:00:00Z"),
        (Step::Preparation, "2027-03-24T10:00:00Z"),
        (Step::ConfirmRequest, "2027-03-28T13:00:00Z"),
        (Step::FinalReminder, "2027-03-30T13:00:00Z"),
    ];
    let found = due(&booked("2027-03-31T13:00:00Z"), "2027-03-01T12:00:00Z");
    assert_eq!(found, expected.map(|(step, at)| (step, at.to_owned())));
}

#[test]
fn the_request_to_confirm_comes_before_the_cut_off() {
    let mut facts = booked("2027-03-31T13:00:00Z");
    facts.cutoff_hours = 96;
    let request = find(&facts, "2027-03-01T12:00:00Z", Step::ConfirmRequest);
    assert_eq!(request.due_at, instant("2027-03-26T13:00:00Z"));
    assert_eq!(request.useful_until, instant("2027-03-27T13:00:00Z"));
    facts.state = SessionState::Confirmed;
    facts.action = Some(SessionAction::Confirm);
    assert_eq!(
        steps(&facts, "2027-03-01T12:00:00Z"),
        [Step::Preparation, Step::FinalReminder]
    );
}

#[test]
fn late_preparation_joins_the_answer_while_it_is_of_use() {
    let facts = booked("2027-03-31T13:00:00Z");
    let late = find(&facts, "2027-03-28T15:00:00Z", Step::Preparation);
    assert!(late.joins_answer);
    assert_eq!(late.due_at, instant("2027-03-28T15:00:00Z"));
    assert_eq!(late.useful_until, instant("2027-03-29T13:00:00Z"));
    // Less than 48 hours before, shaving and pausing medicines is too late.
    assert_eq!(
        steps(&facts, "2027-03-29T13:00:00Z"),
        [Step::BookingConfirmation, Step::FinalReminder]
    );
    assert_eq!(
        steps(&facts, "2027-03-31T12:00:00Z"),
        [Step::BookingConfirmation]
    );
    assert_eq!(steps(&facts, "2027-03-31T13:00:00Z"), []);
    let looked_at_again = ReminderFacts {
        action: None,
        ..facts
    };
    assert_eq!(
        steps(&looked_at_again, "2027-03-28T15:00:00Z"),
        [Step::FinalReminder]
    );
}

#[test]
fn a_move_and_a_cancellation_are_answered_after_ten_minutes() {
    let moved = ReminderFacts {
        action: Some(SessionAction::Reschedule),
        ..booked("2027-03-31T13:00:00Z")
    };
    let answer = find(&moved, "2027-03-01T12:00:00Z", Step::MovedNotice);
    assert_eq!(answer.due_at, instant("2027-03-01T12:10:00Z"));
    let cancelled = ReminderFacts {
        state: SessionState::Cancelled,
        action: Some(SessionAction::Cancel),
        ..booked("2027-03-31T13:00:00Z")
    };
    assert_eq!(
        due(&cancelled, "2027-03-01T12:00:00Z"),
        [(Step::CancelledNotice, "2027-03-01T12:10:00Z".to_owned())]
    );
    assert_eq!(
        steps(
            &ReminderFacts {
                action: None,
                ..cancelled
            },
            "2027-03-01T12:00:00Z"
        ),
        []
    );
    for state in [
        SessionState::Planned,
        SessionState::Arrived,
        SessionState::NoShow,
    ] {
        let facts = ReminderFacts {
            state,
            ..booked("2027-03-31T13:00:00Z")
        };
        assert_eq!(steps(&facts, "2027-03-01T12:00:00Z"), [], "{state}");
    }
}

#[test]
fn care_follows_a_session_that_took_place() {
    // 18:30 at the studio before the clocks change, and still ten o'clock after.
    let facts = completed("2027-03-26T18:30:00Z");
    let expected = [
        (Step::AftercareDay0, "2027-03-26T19:00:00Z"),
        (Step::AftercareDay4, "2027-03-30T09:00:00Z"),
        (Step::AftercareDay10, "2027-04-05T09:00:00Z"),
        (Step::BookNextOpens, "2027-04-05T09:00:00Z"),
        (Step::AftercareDay30, "2027-04-25T09:00:00Z"),
        (Step::BookNextClosing, "2027-05-18T09:00:00Z"),
    ];
    assert_eq!(
        due(&facts, "2027-03-26T18:30:00Z"),
        expected.map(|(step, at)| (step, at.to_owned()))
    );
    let all_booked = ReminderFacts {
        next_window: None,
        ..facts.clone()
    };
    assert_eq!(steps(&all_booked, "2027-03-26T18:30:00Z").len(), 4);
    let consultation = ReminderFacts {
        kind: SessionKind::Consultation,
        ..facts
    };
    assert_eq!(steps(&consultation, "2027-03-26T18:30:00Z"), []);
}

#[test]
fn care_ends_where_a_later_session_placed_pigment() {
    let aftercare = |facts: &ReminderFacts| {
        let steps = steps(facts, "2027-03-01T16:00:00Z");
        let is_care = |step: &&Step| step.subject() == Subject::Aftercare;
        (
            steps.iter().filter(is_care).count(),
            steps.contains(&Step::BookNextOpens),
        )
    };
    let mut facts = completed("2027-03-01T15:30:00Z");
    assert_eq!(aftercare(&facts), (4, true));
    facts.later_work.is_done = true;
    // Whether the next is to be booked hangs on the plan alone.
    assert_eq!(aftercare(&facts), (0, true));
}

#[test]
fn a_session_that_was_recorded_late_gets_the_care_that_is_still_of_use() {
    let facts = completed("2027-03-26T18:30:00Z");
    let late = due(&facts, "2027-03-31T15:00:00Z");
    assert_eq!(
        late[0],
        (Step::AftercareDay4, "2027-03-31T15:00:00Z".to_owned())
    );
    assert_eq!(late.len(), 5);
}

#[test]
fn quiet_hours_move_a_mail_to_the_nearer_side() {
    let night = |starts_at| ReminderFacts {
        quiet_hours: quiet("20:00", "08:00"),
        ..booked(starts_at)
    };
    let final_at = |starts_at, now| {
        find(&night(starts_at), now, Step::FinalReminder)
            .due_at
            .to_string()
    };
    let now = "2027-01-01T12:00:00Z";
    assert_eq!(
        final_at("2027-01-20T21:00:00Z", now),
        "2027-01-19T19:59:00Z"
    );
    assert_eq!(
        final_at("2027-01-20T06:00:00Z", now),
        "2027-01-19T08:00:00Z"
    );
    assert_eq!(
        final_at("2027-01-20T08:00:00Z", now),
        "2027-01-19T08:00:00Z"
    );
    assert_eq!(
        final_at("2027-01-20T20:00:00Z", now),
        "2027-01-19T19:59:00Z"
    );
    // Eight in the evening lies nearer, and is past.
    assert_eq!(
        final_at("2027-01-20T21:00:00Z", "2027-01-19T20:30:00Z"),
        "2027-01-20T08:00:00Z"
    );
    // The answer to an act comes at once.
    let answer = find(
        &night("2027-01-20T21:00:00Z"),
        "2027-01-01T23:00:00Z",
        Step::BookingConfirmation,
    );
    assert_eq!(answer.due_at, instant("2027-01-01T23:00:00Z"));
}

#[test]
fn a_step_that_waits_for_the_end_of_quiet_hours_still_waits_when_it_is_looked_at_again() {
    let mut facts = ReminderFacts {
        quiet_hours: quiet("20:00", "08:00"),
        ..booked("2027-01-20T06:00:00Z")
    };
    let morning = instant("2027-01-19T08:00:00Z");
    // As when the client confirms, or a rule changes, between the step's own moment and the morning.
    facts.action = None;
    for now in [
        "2027-01-18T12:00:00Z",
        "2027-01-19T06:30:00Z",
        "2027-01-19T08:00:00Z",
    ] {
        assert_eq!(find(&facts, now, Step::FinalReminder).due_at, morning);
    }
    let late = steps(&facts, "2027-01-19T08:01:00Z");
    assert!(!late.contains(&Step::FinalReminder), "{late:?}");
    // Advice does so too, unless there is an answer that it goes with.
    let mut rules = default_rules();
    for rule in &mut rules {
        if rule.step == Step::Preparation {
            let at = json!({"relative_to": "start_day", "days_before": 7, "at": "07:00"});
            rule.timing = serde_json::from_value(at).unwrap();
        }
    }
    let now = instant("2027-01-13T07:30:00Z");
    let advice = |facts: &ReminderFacts| {
        let scheduled = schedule(facts, &rules, now);
        let mut advice = scheduled
            .into_iter()
            .filter(|it| it.step == Step::Preparation);
        (advice.next().map(|it| it.due_at), advice.count())
    };
    assert_eq!(advice(&facts), (Some(instant("2027-01-13T08:00:00Z")), 0));
    facts.action = Some(SessionAction::Book);
    assert_eq!(advice(&facts), (Some(now), 0));
}

#[test]
fn a_mail_with_no_allowed_minute_of_use_is_left_out() {
    let mut rules = default_rules();
    for rule in &mut rules {
        if rule.step == Step::FinalReminder {
            rule.timing =
                serde_json::from_value(json!({"relative_to": "start", "hours_before": 5})).unwrap();
        }
    }
    let facts = ReminderFacts {
        quiet_hours: quiet("20:00", "08:00"),
        ..booked("2027-01-20T07:00:00Z")
    };
    let scheduled = schedule(&facts, &rules, instant("2027-01-19T21:00:00Z"));
    assert!(
        scheduled
            .iter()
            .all(|reminder| reminder.step != Step::FinalReminder)
    );
}

#[test]
fn a_step_that_a_studio_set_nearer_is_of_use_until_the_start() {
    let rules = [ReminderRule {
        step: Step::Preparation,
        session_kinds: vec![SessionKind::Treatment],
        timing: serde_json::from_value(json!({"relative_to": "start", "hours_before": 24}))
            .unwrap(),
        enabled: true,
    }];
    let scheduled = schedule(
        &booked("2027-01-20T12:00:00Z"),
        &rules,
        instant("2027-01-01T12:00:00Z"),
    );
    assert_eq!(scheduled[0].useful_until, instant("2027-01-20T12:00:00Z"));
    let off = [ReminderRule {
        enabled: false,
        ..rules[0].clone()
    }];
    assert_eq!(
        schedule(
            &booked("2027-01-20T12:00:00Z"),
            &off,
            instant("2027-01-01T12:00:00Z")
        ),
        []
    );
}

#[test]
fn a_notice_is_of_use_until_the_later_of_the_time_that_stands_and_the_one_that_was_told() {
    let now = "2027-03-01T12:00:00Z";
    let told = instant("2027-03-05T10:00:00Z");
    let walked_in = ReminderFacts {
        action: Some(SessionAction::Reschedule),
        told_start: Some(told),
        ..booked("2027-03-01T11:50:00Z")
    };
    let off = ReminderFacts {
        state: SessionState::Cancelled,
        action: Some(SessionAction::Cancel),
        ..walked_in.clone()
    };
    for (facts, step) in [
        (&walked_in, Step::MovedNotice),
        (&off, Step::CancelledNotice),
    ] {
        let notice = find(facts, now, step);
        assert_eq!(notice.due_at, instant("2027-03-01T12:10:00Z"));
        assert_eq!(notice.useful_until, told);
    }
    let later = ReminderFacts {
        starts_at: Some(instant("2027-03-09T10:00:00Z")),
        ..walked_in.clone()
    };
    let notice = find(&later, now, Step::MovedNotice);
    assert_eq!(notice.useful_until, instant("2027-03-09T10:00:00Z"));
    // A new time before the end of the night is told at once, however late the old one was.
    let at_dawn = ReminderFacts {
        starts_at: Some(instant("2027-03-02T07:30:00Z")),
        quiet_hours: quiet("21:00", "08:00"),
        ..walked_in
    };
    let notice = find(&at_dawn, "2027-03-01T22:00:00Z", Step::MovedNotice);
    assert_eq!(notice.due_at, instant("2027-03-01T22:10:00Z"));
}

#[test]
fn what_the_studio_moves_or_cancels_at_night_is_told_in_the_morning_unless_that_is_too_late() {
    let now = instant("2027-03-10T22:50:00Z");
    let due = |facts: &ReminderFacts, step: Step| {
        let scheduled = schedule(facts, &default_rules(), now);
        let mut notices = scheduled.iter().filter(|reminder| reminder.step == step);
        notices.next().map(|reminder| reminder.due_at)
    };
    let mut moved = booked("2027-03-20T10:00:00Z");
    moved.action = Some(SessionAction::Reschedule);
    moved.quiet_hours = quiet("21:00", "08:00");
    let (at_once, morning) = (
        Some(instant("2027-03-10T23:00:00Z")),
        Some(instant("2027-03-11T08:00:00Z")),
    );
    assert_eq!(due(&moved, Step::MovedNotice), morning);
    moved.told_start = Some(instant("2027-03-11T11:01:00Z"));
    assert_eq!(due(&moved, Step::MovedNotice), morning);
    moved.told_start = Some(instant("2027-03-11T11:00:00Z"));
    assert_eq!(due(&moved, Step::MovedNotice), at_once);
    moved.told_start = None;
    moved.by_client = true;
    assert_eq!(due(&moved, Step::MovedNotice), at_once);
    let mut off = booked("2027-03-11T07:30:00Z");
    off.state = SessionState::Cancelled;
    off.action = Some(SessionAction::Cancel);
    off.quiet_hours = quiet("21:00", "08:00");
    assert_eq!(due(&off, Step::CancelledNotice), at_once);
    off.starts_at = Some(instant("2027-03-12T07:30:00Z"));
    assert_eq!(due(&off, Step::CancelledNotice), morning);
    off.action = Some(SessionAction::Book);
    off.state = SessionState::Booked;
    assert_eq!(due(&off, Step::BookingConfirmation), Some(now));
}
