//! What a client is made of.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::day;
use super::id::StudioId;
use super::instant::Instant;
use super::legible;
use super::number::PageLimit;
use super::patch::merge_patch;
use super::text::{EmailAddress, ExternalId, Language, Name, Note, SearchText, Telephone};
use super::vocabulary::EmailState;
use crate::error::{Error, Result};

/// A new client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// Where they are registered.
    pub studio_id: StudioId,
    /// Given name.
    #[serde(deserialize_with = "legible::text")]
    pub given_name: Name,
    /// Family name.
    #[serde(deserialize_with = "legible::text")]
    pub family_name: Name,
    /// What they like to be called; mails greet with it.
    #[serde(default, deserialize_with = "legible::maybe")]
    pub preferred_name: Option<Name>,
    /// Where their mails go.
    pub email: Option<EmailAddress>,
    /// How they are reached when mail won't do.
    pub telephone: Option<Telephone>,
    /// Date of birth.
    #[serde(default, deserialize_with = "day::maybe")]
    pub date_of_birth: Option<NaiveDate>,
    /// The language of their mails; the studio's where there is none. Mails are in English where a language has neither
    /// words built in (`en`, `de`, `fr` and `es` have) nor the studio's own.
    pub language: Option<Language>,
    /// Whether they want mails about their sessions.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    pub service_mail: bool,
    /// Whether they agreed to be invited back. Never assumed.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub marketing_mail: bool,
    /// Whether care advice may stand in the mail itself. Else the mail only says where to find it.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub care_advice_in_mail: bool,
    /// Notes for all staff; nothing clinical.
    pub notes: Option<Note>,
    /// Another system's name for them.
    pub external_id: Option<ExternalId>,
}

fn yes() -> bool {
    true
}

merge_patch! {
    /// Changes a client. A new address, language or choice about mails schedules the reminders to come anew.
    ClientPatch {
        set {
            /// Where they are registered.
            studio_id: StudioId,
            /// Given name.
            #[serde(deserialize_with = "legible::set")]
            given_name: Name,
            /// Family name.
            #[serde(deserialize_with = "legible::set")]
            family_name: Name,
            /// What is known of the address. A new address starts as `unverified`.
            email_state: EmailState,
            /// Whether they want mails about their sessions.
            service_mail: bool,
            /// Whether they agreed to be invited back.
            marketing_mail: bool,
            /// Whether care advice may stand in the mail itself.
            care_advice_in_mail: bool,
        }
        null {
            /// What they like to be called.
            #[serde(deserialize_with = "legible::patch")]
            preferred_name: Name,
            /// Where their mails go.
            email: EmailAddress,
            /// How they are reached when mail won't do.
            telephone: Telephone,
            /// Date of birth.
            #[serde(deserialize_with = "day::patch")]
            date_of_birth: NaiveDate,
            /// The language of their mails; English where it has neither words built in nor the studio's own.
            language: Language,
            /// Notes for all staff; nothing clinical.
            notes: Note,
            /// Another system's name for them.
            external_id: ExternalId,
        }
    }
}

/// Refuses a date of birth that can't be one.
pub fn check_date_of_birth(date_of_birth: Option<NaiveDate>, now: Instant) -> Result<()> {
    let today = now.utc().date_naive();
    match date_of_birth {
        // The oldest age on record is 122.
        Some(date) if date > today || date < today - chrono::Months::new(130 * 12) => {
            Err(Error::invalid(
                "/date_of_birth",
                "out_of_range",
                "write a date of birth in the past, at most 130 years ago",
            ))
        }
        _ => Ok(()),
    }
}

/// Which clients are looked for. It travels in the body, since names don't belong in addresses.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSearch {
    /// Words of a name, an e-mail address, a telephone number or an external id. All of them must match, each the
    /// beginning of a word; a number also the last three digits or more. Neither case nor accents matter.
    pub text: SearchText,
    /// So many clients at most: 50 unless said otherwise.
    #[serde(default)]
    #[schema(required = false, default = 50)]
    pub limit: PageLimit,
    /// Where to go on: the `next_cursor` of the page before, with the same text. It holds a word of a client's: keep it
    /// out of addresses too.
    #[schema(max_length = 1000)]
    pub cursor: Option<String>,
}
