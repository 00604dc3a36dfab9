//! What a practitioner and their time off are made of.

use serde::Deserialize;
use utoipa::ToSchema;

use super::given;
use super::hours::WorkingHours;
use super::instant::Instant;
use super::legible;
use super::number::BufferMinutes;
use super::patch::merge_patch;
use super::text::{EmailAddress, ExternalId, Name, Note};

/// A new practitioner.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPractitioner {
    /// Their name, as records and staff see it.
    #[serde(deserialize_with = "legible::text")]
    pub name: Name,
    /// Their licence number, where the law asks for one; it's copied into each pigment record.
    pub licence_number: Option<Name>,
    /// Their e-mail address. Nothing is sent to it: mails to staff go to the studio's `digest_email`.
    pub email: Option<EmailAddress>,
    /// When they work, for each studio, on that studio's clock.
    pub working_hours: WorkingHours,
    /// What is kept free after each of their sessions: it blocks them and the room, not the client.
    #[serde(default = "default_buffer")]
    #[schema(value_type = BufferMinutes, required = false, default = 15)]
    pub buffer_minutes: BufferMinutes,
    /// Another system's name for them.
    pub external_id: Option<ExternalId>,
}

fn default_buffer() -> BufferMinutes {
    BufferMinutes::USUAL
}

merge_patch! {
    /// Changes a practitioner.
    PractitionerPatch {
        set {
            /// Their name.
            #[serde(deserialize_with = "legible::set")]
            name: Name,
            /// When they work.
            working_hours: WorkingHours,
            /// What is kept free after each of their sessions to be booked.
            buffer_minutes: BufferMinutes,
            /// Whether sessions can be booked with them.
            active: bool,
        }
        null {
            /// Their licence number.
            licence_number: Name,
            /// Their e-mail address. Nothing is sent to it: mails to staff go to the studio's `digest_email`.
            email: EmailAddress,
            /// Another system's name for them.
            external_id: ExternalId,
        }
    }
}

/// A practitioner's new time off.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTimeOff {
    /// From when.
    #[serde(deserialize_with = "given::instant")]
    pub starts_at: Instant,
    /// Until when, exclusive.
    #[serde(deserialize_with = "given::instant")]
    pub ends_at: Instant,
    /// What for; never a health matter, since all of the studio's staff can read it.
    pub note: Option<Note>,
}
