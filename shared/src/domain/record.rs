//! What a pigment record is made of, beyond its mix.

use serde::Deserialize;
use utoipa::ToSchema;

use super::given;
use super::id::{PractitionerId, SessionId};
use super::instant::Instant;
use super::number::Hertz;
use super::pigment::{LotUse, Mix, Needle, Zones};
use super::text::{ExternalId, Name, Note, Reason};
use super::vocabulary::HealedAs;
use crate::error::{Error, Result};

/// What went into whom. What happened is always stored; what doesn't agree with a rule is listed beside it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPigmentRecord {
    /// In which session. Its client and studio become the record's.
    pub session_id: SessionId,
    /// Who did it; the session's practitioner unless said otherwise, or whoever's key it is where the session has none.
    pub practitioner_id: Option<PractitionerId>,
    /// The zones that were treated.
    pub zones: Zones,
    /// What was mixed.
    pub mix: Mix,
    /// What carried the pigment in.
    pub needle: Option<Needle>,
    /// What numbed the skin.
    pub anaesthetic: Option<LotUse>,
    /// Which machine.
    pub machine: Option<Name>,
    /// The machine's strokes in a second.
    pub speed_hertz: Option<Hertz>,
    /// When the client was given the label's information: by law before the use.
    #[serde(default, deserialize_with = "given::maybe")]
    pub label_information_given_at: Option<Instant>,
    /// How the skin reacted during the session.
    pub reactions: Option<Note>,
    /// Notes.
    pub notes: Option<Note>,
    /// When it was used, also hours ago and from paper; now unless said otherwise.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
    /// Another system's name for this record.
    pub external_id: Option<ExternalId>,
}

/// A correction: a whole record that takes the place of one that was wrong.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendPigmentRecord {
    /// What was wrong.
    pub reason: Reason,
    /// The record as it should have been, of the same session. Who and when stay as they were unless said otherwise.
    pub record: NewPigmentRecord,
}

/// Takes a record back that should never have been made, such as one on the wrong client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidPigmentRecord {
    /// Why.
    pub reason: Reason,
}

/// Says how the work looks now that it has healed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeHealed {
    /// How it looks.
    pub healed_as: HealedAs,
}

impl NewPigmentRecord {
    /// Refuses what can't be right whatever is stored.
    pub fn check(&self) -> Result<()> {
        match self.mix.prepared_at {
            Some(prepared_at) => given::check(prepared_at, "/mix/prepared_at"),
            None => Ok(()),
        }
    }
}

/// When something happened: now unless said otherwise, and never later than now.
pub fn occurred_at(said: Option<Instant>, now: Instant, pointer: &str) -> Result<Instant> {
    match said {
        Some(at) if at > now => Err(Error::invalid(
            pointer,
            "in_the_future",
            "write an instant that has passed; what hasn't happened can't be recorded",
        )),
        Some(at) => Ok(at),
        None => Ok(now),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_happened_has_happened() {
        let now = Instant::parse("2026-11-25T09:00:00Z").unwrap();
        let hours_ago = now - TimeDelta::hours(6);
        assert_eq!(occurred_at(None, now, "/occurred_at").unwrap(), now);
        assert_eq!(
            occurred_at(Some(hours_ago), now, "/occurred_at").unwrap(),
            hours_ago
        );
        assert_eq!(occurred_at(Some(now), now, "/occurred_at").unwrap(), now);
        assert!(occurred_at(Some(now + TimeDelta::milliseconds(1)), now, "/occurred_at").is_err());
    }

    #[test]
    fn a_record_needs_session_zones_and_mix() {
        let whole = json!({
            "session_id": SessionId::new(),
            "zones": [{"zone": "crown", "density_percent": 30, "layer": 1}],
            "mix": {"pigments": [{"unknown_lot_reason": "The bottle was thrown away."}]},
        });
        assert!(serde_json::from_value::<NewPigmentRecord>(whole.clone()).is_ok());
        for missing in ["session_id", "zones", "mix"] {
            let mut part = whole.clone();
            part.as_object_mut().unwrap().remove(missing);
            assert!(
                serde_json::from_value::<NewPigmentRecord>(part).is_err(),
                "{missing}"
            );
        }
    }
}
