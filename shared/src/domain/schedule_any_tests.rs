//! What holds of every schedule, whatever the session, the zone and the quiet hours.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrono_tz::{Africa, America, Asia, Australia, Europe};
use proptest::prelude::*;

use super::tests::{instant, quiet};
use super::*;
use crate::domain::gap::Gap;
use crate::domain::reminder::default_rules;
use ReminderStep as Step;

fn any_facts() -> impl Strategy<Value = (ReminderFacts, Instant)> {
    let zones = vec![
        Europe::London,
        Australia::Lord_Howe,
        America::St_Johns,
        Africa::Casablanca,
        Asia::Tehran,
    ];
    let times = (
        0_i64..60 * 24 * 60,
        -5_i64 * 24 * 60..20 * 24 * 60,
        0_i64..24 * 60,
    );
    (
        prop::sample::select(zones),
        prop::sample::select(SessionKind::ALL),
        prop::sample::select(SessionState::ALL),
        prop::option::of(prop::sample::select(SessionAction::ALL)),
        prop::option::of((0_u16..24, 0_u16..24)),
        0_u16..200,
        times,
    )
        .prop_map(
            |(zone, kind, state, action, quiet_hours, cutoff_hours, (start, ahead, ago))| {
                let starts_at = instant("2027-03-01T00:00:00Z") + TimeDelta::minutes(start);
                let now = starts_at - TimeDelta::minutes(ahead);
                let completed_at = now - TimeDelta::minutes(ago);
                let facts = ReminderFacts {
                    kind,
                    state,
                    starts_at: (state != SessionState::Planned).then_some(starts_at),
                    completed_at: (state == SessionState::Completed).then_some(completed_at),
                    action,
                    by_client: ago % 2 == 0,
                    told_start: None,
                    zone,
                    quiet_hours: quiet_hours.filter(|(from, until)| from != until).and_then(
                        |(from, until)| quiet(&format!("{from:02}:00"), &format!("{until:02}:00")),
                    ),
                    cutoff_hours,
                    next_window: Some(
                        Gap::new(7, 10, 14, 60)
                            .unwrap()
                            .window(completed_at.day_at(zone)),
                    ),
                    later_work: LaterWork::NONE,
                };
                (facts, now)
            },
        )
}

/// Whether the studio wants no mail at this instant, by its clock's own face.
fn is_quiet(at: Instant, facts: &ReminderFacts) -> bool {
    facts.quiet_hours.is_some_and(|quiet| {
        let nights = quiet.around(at.day_at(facts.zone), facts.zone);
        nights.iter().any(|night| night.contains(at))
    })
}

/// The nearest whole minute that is not quiet, found by looking at each of two days; the earlier one of two.
fn nearest_allowed(
    due_at: Instant,
    useful_until: Instant,
    facts: &ReminderFacts,
    now: Instant,
) -> Option<Instant> {
    if !is_quiet(due_at, facts) {
        return Some(due_at);
    }
    let whole = Instant::from_millis(due_at.millis().div_euclid(60_000) * 60_000);
    (-48 * 60..=48 * 60)
        .map(|minutes| whole + TimeDelta::minutes(minutes))
        .filter(|at| now <= *at && *at < useful_until && !is_quiet(*at, facts))
        .min_by_key(|at| (*at - due_at).abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_scheduled_keeps_the_rules((facts, now) in any_facts()) {
        let scheduled = schedule(&facts, &default_rules(), now);
        for reminder in &scheduled {
            let ScheduledReminder { step, due_at, useful_until, joins_answer, .. } = *reminder;
            prop_assert!(now <= due_at && due_at < useful_until, "{reminder:?}");
            match step.subject() {
                Subject::Act | Subject::Session => prop_assert!(useful_until <= facts.starts_at.unwrap(), "{reminder:?}"),
                Subject::Aftercare | Subject::NextSession | Subject::Invitation => {
                    prop_assert!(due_at >= facts.completed_at.unwrap(), "{reminder:?}");
                }
            }
            if let Some(quiet) = facts.quiet_hours
                && step.subject() != Subject::Act
                && !joins_answer
            {
                let nights = quiet.around(due_at.day_at(facts.zone), facts.zone);
                prop_assert!(!nights.iter().any(|night| night.contains(due_at)), "{reminder:?}");
            }
            if step.subject() == Subject::Act
                && is_quiet(due_at, &facts)
                && !facts.by_client
                && facts.action != Some(SessionAction::Book)
            {
                prop_assert_eq!(nearest_allowed(due_at, useful_until, &facts, now), None, "{:?}", reminder);
            }
            if joins_answer {
                prop_assert!(step == Step::Preparation);
                prop_assert!(scheduled.iter().any(|other| other.step.subject() == Subject::Act && other.due_at == due_at));
            }
        }
        let mut steps = scheduled.iter().map(|reminder| reminder.step).collect::<Vec<_>>();
        steps.sort_unstable();
        steps.dedup();
        prop_assert_eq!(steps.len(), scheduled.len());
    }

    #[test]
    fn quiet_hours_move_a_mail_to_the_nearest_allowed_minute_while_it_is_of_use(
        (facts, _) in any_facts(),
        due in 0_i64..60 * 24 * 60,
        useful_minutes in 1_i64..3 * 24 * 60,
        until_due in 0_i64..2 * 24 * 60,
    ) {
        let due_at = instant("2027-03-01T00:00:00Z") + TimeDelta::minutes(due);
        let (useful_until, now) = (due_at + TimeDelta::minutes(useful_minutes), due_at - TimeDelta::minutes(until_due));
        prop_assert_eq!(
            quiet_free(due_at, useful_until, &facts, now),
            nearest_allowed(due_at, useful_until, &facts, now)
        );
    }

    #[test]
    fn nothing_is_sent_before_a_session_once_it_has_begun_nor_after_one_that_did_not_take_place((facts, now) in any_facts()) {
        for reminder in schedule(&facts, &default_rules(), now) {
            match reminder.step.subject() {
                Subject::Act | Subject::Session => {
                    let starts_at = facts.starts_at.unwrap();
                    prop_assert!(now < starts_at && reminder.due_at < starts_at && reminder.useful_until <= starts_at);
                }
                Subject::Aftercare | Subject::NextSession | Subject::Invitation => {
                    prop_assert_eq!(facts.state, SessionState::Completed);
                    prop_assert!(reminder.due_at >= facts.completed_at.unwrap());
                }
            }
        }
    }
}
