#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;

fn new_plan() -> NewPlan {
    NewPlan {
        client_id: ClientId::new(),
        studio_id: None,
        practitioner_id: None,
        template_id: None,
        assessment_id: None,
        indication: None,
        treatment_sessions: None,
        more_sessions_reason: None,
        session_minutes: None,
        gaps: None,
        notes: None,
        external_id: None,
    }
}

fn template(treatment_sessions: u8) -> Outline {
    Outline {
        indication: Indication::FullLoss,
        treatment_sessions,
        session_minutes: 240,
        gaps: vec![unusual(); usize::from(treatment_sessions) - 1],
    }
}

fn unusual() -> Gap {
    Gap::new(1, 2, 3, 4).unwrap()
}

fn sessions(number: i64) -> Option<TreatmentSessions> {
    TreatmentSessions::new(number).ok()
}

fn places(result: Result<Outline>) -> Vec<(String, String)> {
    match result {
        Err(Error::Invalid(errors)) => errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect(),
        other => vec![(format!("{other:?}"), "not invalid".to_owned())],
    }
}

#[test]
fn without_a_template_all_must_be_said() {
    let expected: Vec<_> = ["/indication", "/treatment_sessions", "/session_minutes"]
        .map(|pointer| (pointer.to_owned(), "required".to_owned()))
        .into();
    assert_eq!(places(outline(&new_plan(), None)), expected);
    let plan = NewPlan {
        indication: Some(Indication::Scar),
        treatment_sessions: sessions(2),
        session_minutes: DurationMinutes::new(90).ok(),
        ..new_plan()
    };
    let outline = outline(&plan, None).unwrap();
    assert_eq!(outline.gaps, default_gaps(2));
}

#[test]
fn what_is_said_goes_before_the_template() {
    assert_eq!(
        outline(&new_plan(), Some(&template(3))).unwrap(),
        template(3)
    );
    let plan = NewPlan {
        session_minutes: DurationMinutes::new(60).ok(),
        treatment_sessions: sessions(4),
        ..new_plan()
    };
    let longer = outline(&plan, Some(&template(3))).unwrap();
    assert_eq!((longer.session_minutes, longer.treatment_sessions), (60, 4));
    assert_eq!(longer.gaps.len(), 3);
    assert_eq!(
        (longer.gaps.first(), longer.gaps.last()),
        (Some(&unusual()), default_gaps(4).last())
    );
    let shorter = NewPlan {
        treatment_sessions: sessions(2),
        ..new_plan()
    };
    assert_eq!(
        outline(&shorter, Some(&template(3))).unwrap().gaps,
        [unusual()]
    );
}

#[test]
fn more_than_four_sessions_need_a_reason() {
    let five = NewPlan {
        treatment_sessions: sessions(5),
        ..new_plan()
    };
    assert_eq!(
        places(outline(&five, Some(&template(3)))),
        [(
            "/more_sessions_reason".to_owned(),
            "reason_required".to_owned()
        )]
    );
    let with_reason = NewPlan {
        more_sessions_reason: Some(Reason::literal("Dense scar tissue.")),
        ..five
    };
    assert!(outline(&with_reason, Some(&template(3))).is_ok());
    assert!(outline(&new_plan(), Some(&template(4))).is_ok());
}

#[test]
fn gaps_must_fit_the_sessions() {
    let plan = NewPlan {
        gaps: Some(vec![unusual()]),
        ..new_plan()
    };
    assert_eq!(
        places(outline(&plan, Some(&template(3)))),
        [("/gaps".to_owned(), "wrong_count".to_owned())]
    );
}

#[test]
fn a_gap_before_a_session_that_took_place_stays() {
    let usual = default_gaps(3);
    let (first, second) = (*usual.first().unwrap(), *usual.last().unwrap());
    let change = |after: &[Gap], completed: &[u8]| check_gap_change(&usual, after, completed);
    assert!(change(&[unusual(), second], &[]).is_ok());
    assert!(change(&[unusual(), second], &[1]).is_ok());
    assert!(change(&[unusual(), second], &[1, 2]).is_err());
    assert!(change(&[first, unusual()], &[1, 2]).is_ok());
    assert!(change(&usual, &[1, 2, 3]).is_ok());
}

#[test]
fn one_more_session_gets_a_gap() {
    assert_eq!(gaps_with_one_more(&[], None, 2), default_gaps(2));
    assert_eq!(gaps_with_one_more(&[], Some(unusual()), 2), [unusual()]);
    assert_eq!(
        gaps_with_one_more(&[unusual()], None, 3),
        [unusual(), *default_gaps(3).last().unwrap()]
    );
}

#[test]
fn a_plan_is_completed_by_all_its_sessions() {
    use SessionState::{Booked, Completed};
    for (sessions, state) in [
        (vec![], PlanState::Open),
        (vec![(1, Completed), (2, Booked)], PlanState::Open),
        (vec![(1, Completed), (3, Completed)], PlanState::Open),
        (vec![(2, Completed), (1, Completed)], PlanState::Completed),
    ] {
        assert_eq!(state_by_sessions(2, &sessions), state, "{sessions:?}");
    }
}
