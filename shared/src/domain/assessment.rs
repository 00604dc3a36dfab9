//! What an assessment is made of: the consultation in which a plan is decided.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given;
use super::id::{ClientId, PractitionerId, SessionId, StudioId};
use super::instant::Instant;
use super::patch::merge_patch;
use super::salt::SaltRegions;
use super::scales::{Fitzpatrick, HairTexture, Ludwig, Norwood, Savin, ScalpType, Undertone};
use super::text::{ExternalId, Name, Note};
use super::vocabulary::{ExpectationPoint, Indication};
use crate::error::{Error, FieldError, Result};

/// A point that the client has understood, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What they have understood.
    pub point: ExpectationPoint,
    /// When they said so.
    pub acknowledged_at: Instant,
}

/// A new assessment. Any scale may be used for any indication: what was seen is a fact.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssessment {
    /// Who was assessed.
    pub client_id: ClientId,
    /// Where. The client's own studio where this is left out.
    pub studio_id: Option<StudioId>,
    /// By whom; the session's practitioner unless said otherwise, or whoever's key it is where there is none.
    pub practitioner_id: Option<PractitionerId>,
    /// In which session, where it was one.
    pub session_id: Option<SessionId>,
    /// Why the client comes.
    pub indication: Indication,
    /// The Norwood-Hamilton grade.
    pub norwood: Option<Norwood>,
    /// The Ludwig grade.
    pub ludwig: Option<Ludwig>,
    /// The image of the Savin scale that is nearest.
    pub savin: Option<Savin>,
    /// The loss in the four regions of the scalp; total and band are computed.
    pub salt: Option<SaltRegions>,
    /// The Fitzpatrick skin type.
    pub fitzpatrick: Option<Fitzpatrick>,
    /// The skin's tone, in the practitioner's words.
    pub skin_tone: Option<Name>,
    /// The hue under the skin's colour.
    pub undertone: Option<Undertone>,
    /// How the scalp's skin is.
    pub scalp_type: Option<ScalpType>,
    /// The hair's colour, in the practitioner's words.
    pub hair_colour: Option<Name>,
    /// How the hair is.
    pub hair_texture: Option<HairTexture>,
    /// Scars: where, how old, from what.
    pub scars: Option<Note>,
    /// What the client wants.
    pub goals: Option<Note>,
    /// Notes for those who treat.
    pub notes: Option<Note>,
    /// What the client has understood, each point at most once.
    #[serde(default)]
    #[schema(required = false)]
    pub expectations: Vec<Expectation>,
    /// When it took place: now where this is left out.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
}

merge_patch! {
    /// Changes an assessment.
    AssessmentPatch {
        set {
            /// By whom.
            practitioner_id: PractitionerId,
            /// Why the client comes.
            indication: Indication,
            /// What the client has understood: the whole list. Its order doesn't matter.
            expectations: Vec<Expectation>,
            /// When it took place.
            #[serde(deserialize_with = "given::set")]
            occurred_at: Instant,
        }
        null {
            /// In which session.
            session_id: SessionId,
            /// The Norwood-Hamilton grade.
            norwood: Norwood,
            /// The Ludwig grade.
            ludwig: Ludwig,
            /// The image of the Savin scale that is nearest.
            savin: Savin,
            /// The loss in the four regions of the scalp: all four anew.
            salt: SaltRegions,
            /// The Fitzpatrick skin type.
            fitzpatrick: Fitzpatrick,
            /// The skin's tone.
            skin_tone: Name,
            /// The hue under the skin's colour.
            undertone: Undertone,
            /// How the scalp's skin is.
            scalp_type: ScalpType,
            /// The hair's colour.
            hair_colour: Name,
            /// How the hair is.
            hair_texture: HairTexture,
            /// Scars.
            scars: Note,
            /// What the client wants.
            goals: Note,
            /// Notes for those who treat.
            notes: Note,
            /// Another system's name for it.
            external_id: ExternalId,
        }
    }
}

/// Refuses what can't have happened yet.
pub fn check_occurred_at(occurred_at: Instant, now: Instant) -> Result<()> {
    if occurred_at > now {
        return Err(Error::invalid(
            "/occurred_at",
            "in_the_future",
            "write when it took place; that can't be later than now",
        ));
    }
    Ok(())
}

/// Whether both lists say the same: in which order the points were told is no matter. None of them names one twice.
pub fn same_expectations(one: &[Expectation], other: &[Expectation]) -> bool {
    one.len() == other.len() && one.iter().all(|expectation| other.contains(expectation))
}

/// Refuses points that are named twice, or understood in the future.
pub fn check_expectations(expectations: &[Expectation], now: Instant) -> Result<()> {
    let mut wrong = Vec::new();
    for (place, expectation) in expectations.iter().enumerate() {
        let is_named_again = expectations
            .iter()
            .take(place)
            .any(|earlier| earlier.point == expectation.point);
        if is_named_again {
            wrong.push(FieldError::new(
                format!("/expectations/{place}/point"),
                "duplicate",
                "name each point at most once",
            ));
        }
        let pointer = format!("/expectations/{place}/acknowledged_at");
        match given::check(expectation.acknowledged_at, &pointer) {
            Err(Error::Invalid(fields)) => wrong.extend(fields),
            Err(other) => return Err(other),
            Ok(()) if expectation.acknowledged_at > now => wrong.push(FieldError::new(
                pointer,
                "in_the_future",
                "write when the client said so; that can't be later than now",
            )),
            Ok(()) => {}
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(wrong)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn now() -> Instant {
        Instant::parse("2026-11-25T09:00:00Z").unwrap()
    }

    fn pointers(result: Result<()>) -> Vec<String> {
        match result {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn each_point_is_understood_once_and_not_in_the_future() {
        let understood = |point, acknowledged_at| Expectation {
            point,
            acknowledged_at,
        };
        let first = understood(ExpectationPoint::NoGrowth, now());
        let second = understood(ExpectationPoint::CosmeticOnly, now());
        let later = understood(
            ExpectationPoint::TouchUpsNeeded,
            now() + chrono::TimeDelta::milliseconds(1),
        );
        assert!(check_expectations(&[first, second], now()).is_ok());
        assert_eq!(
            pointers(check_expectations(&[first, second, first], now())),
            ["/expectations/2/point"]
        );
        assert_eq!(
            pointers(check_expectations(&[first, later, first], now())),
            ["/expectations/1/acknowledged_at", "/expectations/2/point"]
        );
    }

    #[test]
    fn the_order_of_expectations_does_not_matter() {
        let understood = |point, minutes| Expectation {
            point,
            acknowledged_at: now() - chrono::TimeDelta::minutes(minutes),
        };
        let first = understood(ExpectationPoint::NoGrowth, 1);
        let second = understood(ExpectationPoint::CosmeticOnly, 1);
        let again = understood(ExpectationPoint::CosmeticOnly, 2);
        for (one, other, is_same) in [
            (vec![], vec![], true),
            (vec![first, second], vec![second, first], true),
            (vec![first, second], vec![first], false),
            (vec![first], vec![first, second], false),
            (vec![first, second], vec![first, again], false),
            (vec![first, second], vec![first, first], false),
        ] {
            assert_eq!(
                same_expectations(&one, &other),
                is_same,
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn what_is_to_come_has_not_happened() {
        assert!(check_occurred_at(now(), now()).is_ok());
        assert!(check_occurred_at(now() + chrono::TimeDelta::seconds(1), now()).is_err());
    }
}
