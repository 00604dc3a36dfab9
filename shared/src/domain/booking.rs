//! What is asked for when a session is booked, moved or ended.

use std::fmt;

use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::from_text::from_text;
use super::given;
use super::id::{ClientId, PractitionerId, RoomId, StudioId};
use super::instant::{Instant, OUT_OF_YEARS, is_in_years};
use super::local_time::{Disambiguation, LocalTimeProblem, resolve_local};
use super::number::{DurationMinutes, Ordinal};
use super::overriding::Override;
use super::patch::merge_patch;
use super::record::NewPigmentRecord;
use super::text::{ExternalId, Note, Reason};
use super::vocabulary::{Completion, EndedBy, SessionKind};
use crate::error::{Error, Result};

/// Whoever walks in is booked when they are in the chair already, and that at their true start.
const WALK_IN: TimeDelta = TimeDelta::minutes(15);

/// Whether a start is too long ago to be booked: what took place then is told with complete.
pub fn is_too_long_ago(starts_at: Instant, now: Instant) -> bool {
    starts_at < now - WALK_IN
}

/// A time on the studio's clock, such as `2026-12-01T10:00`.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$", example = "2026-12-01T10:00")]
pub struct LocalStart(pub NaiveDateTime);

impl fmt::Debug for LocalStart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.format("%Y-%m-%dT%H:%M:%S"))
    }
}

impl Serialize for LocalStart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%S"))
    }
}

const NOT_LOCAL: &str = "write a time on the studio's clock, such as 2026-12-01T10:00";

impl<'de> Deserialize<'de> for LocalStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| {
            // By its shape first, because chrono also takes "2026-1-1T1:0" and "+26-01-01T10:00".
            let is_written_as = |shape: &str| {
                text.len() == shape.len()
                    && text.bytes().zip(shape.bytes()).all(|(one, wanted)| {
                        one == wanted || (wanted == b'0' && one.is_ascii_digit())
                    })
            };
            let format = if is_written_as("0000-00-00T00:00") {
                "%Y-%m-%dT%H:%M"
            } else if is_written_as("0000-00-00T00:00:00") {
                "%Y-%m-%dT%H:%M:%S"
            } else {
                return Err(NOT_LOCAL);
            };
            let start =
                NaiveDateTime::parse_from_str(text, format).map_err(|_unreadable| NOT_LOCAL)?;
            if is_in_years(start) {
                Ok(Self(start))
            } else {
                Err(OUT_OF_YEARS)
            }
        })
    }
}

/// A time, a practitioner and a room for a session.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Booking {
    /// When it starts; a quarter of an hour ago at the earliest, for who walked in. Either this or `local_start`.
    #[serde(default, deserialize_with = "given::maybe")]
    pub starts_at: Option<Instant>,
    /// When it starts on the studio's clock. Either this or `starts_at`.
    pub local_start: Option<LocalStart>,
    /// What to do where the clocks skip or repeat `local_start`: refused unless said otherwise.
    #[serde(default = "reject")]
    #[schema(required = false, default = "reject")]
    pub disambiguation: Disambiguation,
    /// Who treats. Where this is left out, whoever the session already names, else whoever's key it is, where it's a
    /// practitioner's.
    pub practitioner_id: Option<PractitionerId>,
    /// Which room; the first free one of the studio where this is left out.
    pub room_id: Option<RoomId>,
    /// How long it takes; as long as the session already says where this is left out.
    pub duration_minutes: Option<DurationMinutes>,
    /// Which rules to override, and why.
    #[serde(rename = "override")]
    pub override_: Option<Override>,
}

fn reject() -> Disambiguation {
    Disambiguation::Reject
}

impl Booking {
    /// The instant that is meant.
    pub fn start(&self, zone: Tz) -> Result<Instant> {
        match (self.starts_at, self.local_start) {
            (Some(instant), None) => Ok(instant),
            (None, Some(local)) => {
                let start = resolve_local(local.0, zone, self.disambiguation).map_err(explain)?;
                // In zones behind UTC the last evening lies in the next year.
                given::check(start, "/local_start")?;
                Ok(start)
            }
            _ => Err(Error::invalid(
                "/starts_at",
                "one_of",
                "write either starts_at or local_start",
            )),
        }
    }
}

fn explain(problem: LocalTimeProblem) -> Error {
    match problem {
        LocalTimeProblem::DoesNotExist { next_valid } => Error::invalid(
            "/local_start",
            "local_time_does_not_exist",
            format!(
                "the studio's clocks skip this time; take another, such as starts_at {next_valid}, or say disambiguation earlier or later"
            ),
        ),
        LocalTimeProblem::ExistsTwice { earlier, later } => Error::invalid(
            "/local_start",
            "local_time_exists_twice",
            format!(
                "the studio's clocks show this time twice; say disambiguation earlier ({earlier}) or later ({later})"
            ),
        ),
    }
}

/// A new session outside of a plan's own series: a consultation, a patch test, a touch-up, a review.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// Who is treated.
    pub client_id: ClientId,
    /// Where; the client's own studio where this is left out.
    pub studio_id: Option<StudioId>,
    /// What for. Treatments belong to a plan: open one, and it plans them.
    pub kind: SessionKind,
    /// Who treats; whoever's key it is, where this is left out and the key is a practitioner's.
    pub practitioner_id: Option<PractitionerId>,
    /// How long it takes.
    pub duration_minutes: DurationMinutes,
    /// The time to book it for at once; without it the session is only planned.
    pub booking: Option<Booking>,
    /// Notes for all staff; nothing clinical.
    pub notes: Option<Note>,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
}

merge_patch! {
    /// Changes what a session says beside its time and state.
    SessionPatch {
        set {
            /// How long it takes; only before it's booked. Move a booked one instead.
            duration_minutes: DurationMinutes,
        }
        null {
            /// Who treats; only before it's booked. Move a booked one instead; of a completed one, take the completion back
            /// and complete it again.
            practitioner_id: PractitionerId,
            /// Notes for all staff; nothing clinical.
            notes: Note,
            /// Notes for those who treat.
            clinical_notes: Note,
            /// Another system's name for it.
            external_id: ExternalId,
        }
    }
}

/// One session of a series that is booked in one call.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesBooking {
    /// Its place in the plan.
    pub ordinal: Ordinal,
    /// Its time.
    pub booking: Booking,
}

/// A series to be booked, all of it or none.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookSeries {
    /// The sessions, each at most once.
    #[schema(min_items = 1, max_items = 12)]
    pub sessions: Vec<SeriesBooking>,
}

/// Tells that a session took place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// Whether all that was planned was done.
    #[schema(value_type = Completion, required = false, default = "full")]
    pub completion: Option<Completion>,
    /// When it ended, where that isn't now: what is written down afterwards tells both. The plan's gap and the mails about
    /// care count from then.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
    /// Who treated, where it wasn't whoever was booked. Where nobody was, whoever's key it is, if it's a practitioner's.
    pub practitioner_id: Option<PractitionerId>,
    /// Notes for those who treat.
    pub clinical_notes: Option<Note>,
    /// What went into the skin, recorded in the same transaction; each names this session.
    #[serde(default = "Vec::new")]
    #[schema(required = false)]
    pub pigment_records: Vec<NewPigmentRecord>,
}

/// Calls a session off.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Who called it off; the studio unless said otherwise.
    pub by: Option<EndedBy>,
    /// Why.
    pub reason: Option<Reason>,
    /// When, where that isn't now.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
}

/// Tells that the client didn't come.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Miss {
    /// What is known of why.
    pub reason: Option<Reason>,
    /// When that was plain, where it isn't now; at the session's start at the earliest.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
}

/// Tells when something happened, where that isn't now.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Occurred {
    /// When it happened.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
}

/// Takes the last action back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revert {
    /// Why.
    pub reason: Reason,
    /// Which rules to override, where the session would take up a time again.
    #[serde(rename = "override")]
    pub override_: Option<Override>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn who_walked_in_a_quarter_of_an_hour_ago_is_booked() {
        let now = Instant::parse("2026-11-25T12:00:00Z").unwrap();
        for (starts_at, expected) in [
            ("2026-11-25T11:44:59.999Z", true),
            ("2026-11-25T11:45:00Z", false),
            ("2026-11-25T12:00:00Z", false),
            ("2026-11-25T12:00:01Z", false),
        ] {
            let starts_at = Instant::parse(starts_at).unwrap();
            assert_eq!(is_too_long_ago(starts_at, now), expected, "{starts_at}");
        }
    }

    #[test]
    fn one_start_is_asked_for() {
        let booking = |text: &str| serde_json::from_str::<Booking>(text).unwrap();
        let zone = chrono_tz::Europe::London;
        let local = booking(r#"{"local_start": "2026-07-01T10:00"}"#)
            .start(zone)
            .unwrap();
        assert_eq!(local.to_string(), "2026-07-01T09:00:00Z");
        assert!(booking("{}").start(zone).is_err());
        assert!(
            booking(r#"{"local_start": "2026-03-29T01:30"}"#)
                .start(zone)
                .is_err()
        );
        assert!(
            booking(r#"{"local_start": "2026-03-29T01:30", "disambiguation": "later"}"#)
                .start(zone)
                .is_ok()
        );
        assert!(serde_json::from_str::<Booking>(r#"{"local_start": "2026-07-01 10:00"}"#).is_err());
    }
}
