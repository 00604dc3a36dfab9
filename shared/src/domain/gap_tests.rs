#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn gaps() -> Vec<Gap> {
    vec![
        Gap::new(7, 10, 14, 60).unwrap(),
        Gap::new(7, 14, 28, 90).unwrap(),
    ]
}

fn session(
    ordinal: u8,
    state: SessionState,
    booked: Option<&str>,
    completed: Option<&str>,
) -> PlanSession {
    PlanSession {
        session_id: SessionId::new(),
        ordinal,
        state,
        booked_day: booked.map(day),
        completed_day: completed.map(day),
    }
}

fn kinds(breaches: &[GapBreach]) -> Vec<(GapBreachKind, u8, u8)> {
    breaches
        .iter()
        .map(|breach| (breach.kind, breach.earlier_ordinal, breach.later_ordinal))
        .collect()
}

#[test]
fn a_gap_ascends() {
    let gap = |minimum, from, until, maximum| {
        serde_json::from_value::<Gap>(json!({
            "minimum_days": minimum, "recommended_from_days": from,
            "recommended_until_days": until, "maximum_days": maximum,
        }))
    };
    assert!(gap(0, 0, 0, 0).is_ok());
    assert!(gap(7, 10, 14, 3650).is_ok());
    for (minimum, from, until, maximum) in [
        (8, 7, 14, 60),
        (7, 15, 14, 60),
        (7, 10, 61, 60),
        (7, 10, 14, 3651),
        (-1, 0, 0, 0),
    ] {
        assert!(gap(minimum, from, until, maximum).is_err());
    }
}

#[test]
fn each_edge_of_a_window_belongs_to_it() {
    let gap = gaps()[0];
    let first = day("2027-03-20");
    for (later, verdict) in [
        (
            "2027-03-26",
            GapVerdict::TooEarly {
                earliest: day("2027-03-27"),
            },
        ),
        ("2027-03-27", GapVerdict::BeforeRecommended),
        ("2027-03-30", GapVerdict::Recommended),
        ("2027-04-03", GapVerdict::Recommended),
        ("2027-04-04", GapVerdict::AfterRecommended),
        ("2027-05-19", GapVerdict::AfterRecommended),
        (
            "2027-05-20",
            GapVerdict::TooLate {
                latest: day("2027-05-19"),
            },
        ),
        (
            "2027-03-01",
            GapVerdict::TooEarly {
                earliest: day("2027-03-27"),
            },
        ),
    ] {
        assert_eq!(gap.check(first, day(later)), verdict, "{later}");
    }
}

#[test]
fn a_series_may_be_booked_on_one_day() {
    let mut plan = vec![session(1, SessionState::Planned, None, None)];
    assert_eq!(
        kinds(&check_neighbours(&plan, &gaps(), 1, day("2027-03-01"))),
        []
    );
    plan[0] = session(1, SessionState::Booked, Some("2027-03-01"), None);
    assert_eq!(
        kinds(&check_neighbours(&plan, &gaps(), 2, day("2027-03-12"))),
        []
    );
    plan.push(session(2, SessionState::Booked, Some("2027-03-12"), None));
    assert_eq!(
        kinds(&check_neighbours(&plan, &gaps(), 3, day("2027-03-30"))),
        []
    );
}

#[test]
fn both_neighbours_count() {
    let plan = [
        session(
            1,
            SessionState::Completed,
            Some("2027-03-01"),
            Some("2027-03-01"),
        ),
        session(2, SessionState::Booked, Some("2027-03-12"), None),
        session(3, SessionState::Confirmed, Some("2027-03-30"), None),
    ];
    use GapBreachKind::{EarlierNotBooked, TooEarly, TooLate};
    let check = |ordinal, to: &str| kinds(&check_neighbours(&plan, &gaps(), ordinal, day(to)));
    assert_eq!(check(2, "2027-03-20"), []);
    assert_eq!(check(2, "2027-03-05"), [(TooEarly, 1, 2)]);
    assert_eq!(check(2, "2027-03-25"), [(TooEarly, 2, 3)]);
    assert_eq!(check(2, "2027-05-01"), [(TooLate, 1, 2), (TooEarly, 2, 3)]);
    assert_eq!(
        check(4, "2027-05-01"),
        [],
        "a plan says nothing of gaps it doesn't have"
    );
    let missed = [
        plan[0],
        session(2, SessionState::NoShow, Some("2027-03-12"), None),
        plan[2],
    ];
    assert_eq!(
        kinds(&check_neighbours(&missed, &gaps(), 3, day("2027-03-30"))),
        [(EarlierNotBooked, 2, 3)]
    );
    assert_eq!(
        kinds(&breaches(&missed, &gaps())),
        [(EarlierNotBooked, 2, 3)]
    );
}

#[test]
fn a_gap_is_counted_from_completion() {
    let mut plan = [
        session(1, SessionState::Booked, Some("2027-03-01"), None),
        session(2, SessionState::Booked, Some("2027-03-10"), None),
    ];
    assert_eq!(breaches(&plan, &gaps()), []);
    plan[0] = session(
        1,
        SessionState::Completed,
        Some("2027-03-01"),
        Some("2027-03-05"),
    );
    let found = breaches(&plan, &gaps());
    assert_eq!(kinds(&found), [(GapBreachKind::TooEarly, 1, 2)]);
    assert_eq!(
        found[0].detail(),
        "Session 2 may be on 2027-03-12 at the earliest, not on 2027-03-10."
    );
    plan[1] = session(
        2,
        SessionState::Completed,
        Some("2027-03-10"),
        Some("2027-03-10"),
    );
    assert_eq!(
        breaches(&plan, &gaps()),
        [],
        "what has happened can't be moved any more"
    );
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..400).prop_map(|number| add_days(day("2027-01-01"), number))
}

fn any_session(ordinal: u8) -> impl Strategy<Value = PlanSession> {
    (
        prop::sample::select(SessionState::ALL),
        any_day(),
        any_day(),
    )
        .prop_map(move |(state, booked, completed)| PlanSession {
            session_id: SessionId::new(),
            ordinal,
            state,
            booked_day: (state != SessionState::Planned).then_some(booked),
            completed_day: (state == SessionState::Completed).then_some(completed),
        })
}

fn any_gap() -> impl Strategy<Value = Gap> {
    prop::collection::vec(0_u16..120, 4).prop_map(|mut days| {
        days.sort_unstable();
        Gap::new(days[0], days[1], days[2], days[3]).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_window_and_the_verdict_agree(gap in any_gap(), first in any_day(), second in any_day()) {
        let window = gap.window(first);
        let inside = window.earliest <= second && second <= window.latest;
        let best = window.recommended_from <= second && second <= window.recommended_until;
        let verdict = gap.check(first, second);
        let breach = matches!(verdict, GapVerdict::TooEarly { .. } | GapVerdict::TooLate { .. });
        prop_assert_eq!(inside, !breach);
        prop_assert_eq!(best, verdict == GapVerdict::Recommended);
    }

    #[test]
    fn allowed_days_have_no_breach_and_others_do(
        first in any_session(1), third in any_session(3), a in any_gap(), b in any_gap(), candidate in any_day(),
    ) {
        let (plan, gaps) = ([first, third], [a, b]);
        let (from, until) = allowed_days(&plan, &gaps, 2);
        let allowed = from.is_none_or(|from| from <= candidate) && until.is_none_or(|until| candidate <= until);
        let mut found = check_neighbours(&plan, &gaps, 2, candidate);
        found.retain(|breach| breach.kind != GapBreachKind::EarlierNotBooked);
        prop_assert_eq!(allowed, found.is_empty());
    }

    #[test]
    fn a_booking_that_is_checked_leaves_a_plan_without_breach(
        first in any_session(1), third in any_session(3), a in any_gap(), b in any_gap(), candidate in any_day(),
    ) {
        let gaps = [a, b];
        let second = PlanSession {
            session_id: SessionId::new(),
            ordinal: 2,
            state: SessionState::Booked,
            booked_day: Some(candidate),
            completed_day: None,
        };
        if check_neighbours(&[first, third], &gaps, 2, candidate).is_empty() {
            prop_assert_eq!(breaches(&[first, second, third], &gaps), vec![]);
        }
    }
}
