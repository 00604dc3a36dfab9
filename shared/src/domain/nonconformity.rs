//! What in a pigment record doesn't agree with a rule. What happened is stored all the same, with these beside it.

use std::collections::HashMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::LotId;
use super::instant::Instant;
use super::lot::LotFacts;
use super::pigment::{LotUse, Mix, Needle, PlacedUse, lot_uses};
use super::text_enum::text_enums;
use super::vocabulary::{LotState, SessionState};

text_enums! {
    /// In what way a record doesn't agree with a rule.
    NonconformityCode {
        /// A lot isn't known.
        LotUnknown = "lot_unknown",
        /// A lot was past its life on the day of use.
        LotExpired = "lot_expired",
        /// A lot is held back.
        LotQuarantined = "lot_quarantined",
        /// A lot is called back.
        LotRecalled = "lot_recalled",
        /// A lot is gone, by its own record.
        LotDiscarded = "lot_discarded",
        /// A lot's product is of another kind than belongs in its place.
        LotOfOtherKind = "lot_of_other_kind",
        /// A ratio is given and no diluent.
        DiluentNotRecorded = "diluent_not_recorded",
        /// The client was not given the label's information before the use.
        LabelInformationNotGiven = "label_information_not_given",
        /// The session is neither under way nor completed.
        SessionNotHeld = "session_not_held",
        /// The session took place before its booked day.
        BeforeItsDay = "before_its_day",
        /// The session took place, by what was told, after its booked day; this alone opens no task.
        AfterItsDay = "after_its_day",
        /// The session took place without having been booked.
        NotBooked = "not_booked",
        /// It took place sooner after the one before than its plan allows.
        GapTooShort = "gap_too_short",
        /// The plan's session before had not taken place.
        EarlierSessionNotCompleted = "earlier_session_not_completed",
    }
}

impl NonconformityCode {
    /// Whether somebody has to look into it. A later day breaks no rule: whoever completes is told, in case it was earlier.
    pub fn opens_task(self) -> bool {
        self != Self::AfterItsDay
    }
}

/// Something in a record that doesn't agree with a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nonconformity {
    /// In what way.
    pub code: NonconformityCode,
    /// What it is, in a sentence.
    pub detail: String,
    /// A JSON pointer to the place in the record; empty for the record as a whole.
    #[schema(example = "/mix/pigments/0")]
    pub pointer: String,
}

/// What a record says, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct RecordFacts<'a> {
    /// The mix.
    pub mix: &'a Mix,
    /// The needle.
    pub needle: Option<&'a Needle>,
    /// The anaesthetic.
    pub anaesthetic: Option<&'a LotUse>,
    /// When the client was given the label's information.
    pub label_information_given_at: Option<Instant>,
    /// When it was used.
    pub occurred_at: Instant,
    /// The studio's zone: expiry is a matter of its day.
    pub zone: Tz,
    /// Where the session stands. Records are written while a client is here and after.
    pub session_state: SessionState,
}

/// What in a record doesn't agree with a rule, in the order of the record. A lot that isn't in the list isn't known.
pub fn nonconformities(
    record: &RecordFacts<'_>,
    lots: &HashMap<LotId, LotFacts>,
) -> Vec<Nonconformity> {
    let mut found = Vec::new();
    for placed in lot_uses(record.mix, record.needle, record.anaesthetic) {
        check_lot(&placed, record, lots, &mut found);
    }
    if record.mix.hides_diluent() {
        found.push(nonconformity(
            NonconformityCode::DiluentNotRecorded,
            "A ratio is given, and what the pigment was thinned with is not.",
            "/mix/diluent",
        ));
    }
    let unsaid = match record.label_information_given_at {
        None => Some("The record doesn't say when the client was given the label's information."),
        Some(given_at) if given_at > record.occurred_at => {
            Some("The client was given the label's information after the use, not before it.")
        }
        Some(_) => None,
    };
    if let Some(detail) = unsaid {
        found.push(nonconformity(
            NonconformityCode::LabelInformationNotGiven,
            detail,
            "/label_information_given_at",
        ));
    }
    if !matches!(
        record.session_state,
        SessionState::Arrived | SessionState::Completed
    ) {
        let detail = format!(
            "The session is {}: check the client in, or complete it.",
            record.session_state
        );
        found.push(nonconformity(NonconformityCode::SessionNotHeld, detail, ""));
    }
    found
}

fn check_lot(
    placed: &PlacedUse<'_>,
    record: &RecordFacts<'_>,
    lots: &HashMap<LotId, LotFacts>,
    found: &mut Vec<Nonconformity>,
) {
    use NonconformityCode as Code;

    let kind = placed.kind;
    let mut add =
        |code, detail: String| found.push(nonconformity(code, detail, placed.pointer.as_str()));
    let Some(lot) = placed.lot_use.lot_id.and_then(|lot_id| lots.get(&lot_id)) else {
        add(
            Code::LotUnknown,
            format!("The lot of this {kind} is not known."),
        );
        return;
    };
    if lot.kind != kind {
        add(
            Code::LotOfOtherKind,
            format!("This lot is of a {}, where a {kind} belongs.", lot.kind),
        );
    }
    // Else whoever looks the lot up would find nothing wrong with it.
    let by_whom = |is_of_other_entry: bool| match is_of_other_entry {
        true => ", as another entry with the same code says",
        false => "",
    };
    let (by_state, by_expiry, by_opening) = (
        by_whom(lot.state_is_of_other_entry),
        by_whom(lot.expiry_is_of_other_entry),
        by_whom(lot.opening_is_of_other_entry),
    );
    let day = record.occurred_at.day_at(record.zone);
    if lot.expiry.is_some_and(|expiry| expiry.is_over_on(day)) {
        add(
            Code::LotExpired,
            format!("This {kind}'s lot had expired by {day}{by_expiry}."),
        );
    } else if let Some(opening) = lot.opening.filter(|opening| opening.is_over_on(day)) {
        add(
            Code::LotExpired,
            format!(
                "This {kind}'s lot was opened on {} and might be used for {} days after that, which were over by {day}{by_opening}.",
                opening.on, opening.usable_days
            ),
        );
    }
    match lot.state {
        LotState::Available => {}
        LotState::Quarantined => add(
            Code::LotQuarantined,
            format!("This {kind}'s lot is quarantined{by_state}."),
        ),
        LotState::Recalled => add(
            Code::LotRecalled,
            format!("This {kind}'s lot is recalled{by_state}."),
        ),
        LotState::Discarded => add(
            Code::LotDiscarded,
            format!("This {kind}'s lot was recorded as discarded."),
        ),
    }
}

/// Something that does not agree with a rule.
pub fn nonconformity(
    code: NonconformityCode,
    detail: impl Into<String>,
    pointer: impl Into<String>,
) -> Nonconformity {
    Nonconformity {
        code,
        detail: detail.into(),
        pointer: pointer.into(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use chrono_tz::Pacific;
    use serde_json::json;

    use super::*;
    use crate::domain::lot::{Expiry, Opening};
    use crate::domain::vocabulary::{ExpiryPrecision, ProductKind};

    struct Case {
        mix: Mix,
        needle: Needle,
        anaesthetic: LotUse,
        lots: HashMap<LotId, LotFacts>,
    }

    const KINDS: [ProductKind; 4] = [
        ProductKind::Pigment,
        ProductKind::Diluent,
        ProductKind::Needle,
        ProductKind::Anaesthetic,
    ];

    /// A record with a good lot of each kind.
    fn case() -> Case {
        let ids = KINDS.map(|_| LotId::new());
        let good = |kind| LotFacts {
            kind,
            state: LotState::Available,
            expiry: None,
            opening: None,
            state_is_of_other_entry: false,
            expiry_is_of_other_entry: false,
            opening_is_of_other_entry: false,
        };
        Case {
            mix: serde_json::from_value(json!({
                "pigments": [{"lot_id": ids[0]}], "diluent": {"lot_id": ids[1]}, "ratio": "1:20",
            }))
            .unwrap(),
            needle: serde_json::from_value(
                json!({"lot": {"lot_id": ids[2]}, "configuration": "1RL"}),
            )
            .unwrap(),
            anaesthetic: serde_json::from_value(json!({"lot_id": ids[3]})).unwrap(),
            lots: ids.into_iter().zip(KINDS.map(good)).collect(),
        }
    }

    fn record(case: &Case) -> RecordFacts<'_> {
        // In UTC still the last day of May; at the studio the first of June.
        let occurred_at = Instant::parse("2027-05-31T20:00:00Z").unwrap();
        RecordFacts {
            mix: &case.mix,
            needle: Some(&case.needle),
            anaesthetic: Some(&case.anaesthetic),
            label_information_given_at: Some(occurred_at),
            occurred_at,
            zone: Pacific::Auckland,
            session_state: SessionState::Completed,
        }
    }

    fn codes(record: &RecordFacts<'_>, case: &Case) -> Vec<(NonconformityCode, String)> {
        let found = nonconformities(record, &case.lots);
        found
            .into_iter()
            .map(|one| (one.code, one.pointer))
            .collect()
    }

    #[test]
    fn a_record_by_the_book_has_none() {
        let mut case = case();
        assert_eq!(codes(&record(&case), &case), []);
        let under_way = RecordFacts {
            session_state: SessionState::Arrived,
            ..record(&case)
        };
        assert_eq!(codes(&under_way, &case), []);
        case.mix.diluent = None;
        case.mix.ratio = None;
        let bare = RecordFacts {
            needle: None,
            anaesthetic: None,
            ..record(&case)
        };
        assert_eq!(codes(&bare, &case), []);
    }

    #[test]
    fn every_lot_is_looked_at_in_its_place() {
        use NonconformityCode as Code;
        let all = |change: fn(&mut LotFacts), code| {
            let mut case = case();
            case.lots.values_mut().for_each(change);
            let places = [
                "/mix/pigments/0",
                "/mix/diluent",
                "/needle/lot",
                "/anaesthetic",
            ];
            assert_eq!(
                codes(&record(&case), &case),
                places.map(|place| (code, place.to_owned()))
            );
        };
        all(
            |lot| lot.state = LotState::Quarantined,
            Code::LotQuarantined,
        );
        all(|lot| lot.state = LotState::Recalled, Code::LotRecalled);
        all(|lot| lot.state = LotState::Discarded, Code::LotDiscarded);
        let mut case = case();
        case.lots.clear();
        assert_eq!(codes(&record(&case), &case).len(), 4);
        assert!(
            codes(&record(&case), &case)
                .iter()
                .all(|(code, _)| *code == Code::LotUnknown)
        );
    }

    #[test]
    fn expiry_is_a_matter_of_the_studios_day() {
        let mut case = case();
        let mut expires = |on: &str, precision| {
            let expiry = Some(Expiry {
                on: on.parse().unwrap(),
                precision,
            });
            case.lots.values_mut().for_each(|lot| lot.expiry = expiry);
            codes(&record(&case), &case).len()
        };
        assert_eq!(expires("2027-06-01", ExpiryPrecision::Day), 0);
        assert_eq!(expires("2027-05-31", ExpiryPrecision::Day), 4);
        assert_eq!(expires("2027-05-01", ExpiryPrecision::Month), 4);
        assert_eq!(expires("2027-06-01", ExpiryPrecision::Month), 0);
    }

    #[test]
    fn what_was_opened_lasts_for_its_days() {
        let mut case = case();
        let mut opened = |on: &str, expiry| {
            let opening = Some(Opening {
                on: on.parse().unwrap(),
                usable_days: 30,
            });
            for lot in case.lots.values_mut() {
                (lot.opening, lot.expiry) = (opening, expiry);
            }
            codes(&record(&case), &case)
                .iter()
                .filter(|(code, _)| *code == NonconformityCode::LotExpired)
                .count()
        };
        assert_eq!(opened("2027-05-02", None), 0);
        assert_eq!(opened("2027-05-01", None), 4);
        // What was opened after the use says nothing about it.
        assert_eq!(opened("2027-06-20", None), 0);
        // Two reasons are one nonconformity.
        let expiry = Some(Expiry {
            on: "2027-05-31".parse().unwrap(),
            precision: ExpiryPrecision::Day,
        });
        assert_eq!(opened("2027-05-01", expiry), 4);
    }

    #[test]
    fn what_another_entry_of_the_lot_says_is_told_as_such() {
        let mut case = case();
        let lot_id = case.mix.pigments[0].lot_id.unwrap();
        let good = case.lots[&lot_id];
        let recalled = LotFacts {
            state: LotState::Recalled,
            ..good
        };
        case.lots.insert(lot_id, good.with_other_entry(recalled));
        let found = nonconformities(&record(&case), &case.lots);
        let told = found.iter().map(|one| (one.code, one.detail.as_str()));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(
                NonconformityCode::LotRecalled,
                "This pigment's lot is recalled, as another entry with the same code says."
            )]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        use NonconformityCode as Code;
        let mut case = case();
        case.needle.lot =
            serde_json::from_value(json!({"unknown_lot_reason": "The wrapper was thrown away."}))
                .unwrap();
        case.mix.diluent = None;
        case.anaesthetic.lot_id = case.mix.pigments[0].lot_id;
        let late = record(&case).occurred_at + chrono::TimeDelta::minutes(1);
        let record = RecordFacts {
            label_information_given_at: Some(late),
            session_state: SessionState::Cancelled,
            ..record(&case)
        };
        let found = codes(&record, &case)
            .into_iter()
            .map(|(code, _)| code)
            .collect::<Vec<_>>();
        assert_eq!(
            found,
            [
                Code::LotUnknown,
                Code::LotOfOtherKind,
                Code::DiluentNotRecorded,
                Code::LabelInformationNotGiven,
                Code::SessionNotHeld,
            ]
        );
    }
}
