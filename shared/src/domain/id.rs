//! Typed ids: UUIDv7, made here and never by the database, so that they sort by creation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::from_text::from_text;

/// What was written for an id and isn't one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an id as the API gives it, such as 01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = Uuid, example = "01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14")]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id; later ones sort after earlier ones.
            #[expect(clippy::new_without_default, reason = "an id that is made must be asked for by name")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, str::parse)
            }
        }
    )+};
}

ids! {
    /// Names a look at a client's record.
    AccessEventId,
    /// Names an API key; the key itself is never stored.
    ApiKeyId,
    /// Names an assessment.
    AssessmentId,
    /// Names a calendar feed; the secret in its address is never stored.
    CalendarFeedId,
    /// Names a client.
    ClientId,
    /// Names one decision about what a client may be sent.
    ContactConsentId,
    /// Names a lot of a product.
    LotId,
    /// Names a mail.
    MailId,
    /// Names a studio's own words for its mails.
    MailTemplateId,
    /// Names a pigment record.
    PigmentRecordId,
    /// Names a treatment plan.
    PlanId,
    /// Names a plan template.
    PlanTemplateId,
    /// Names a practitioner.
    PractitionerId,
    /// Names a product.
    ProductId,
    /// Names a row of the reminder ledger.
    ReminderId,
    /// Names a studio's rule for one reminder step.
    ReminderRuleId,
    /// Names a room.
    RoomId,
    /// Names what clients are told of something unsafe.
    SafetyNoticeId,
    /// Names how far that got with one client.
    SafetyNoticeRecipientId,
    /// Names a session.
    SessionId,
    /// Names one change of a session's state.
    SessionTransitionId,
    /// Names a studio.
    StudioId,
    /// Names a task on the staff's worklist.
    TaskId,
    /// Names a practitioner's time off.
    TimeOffId,
}
