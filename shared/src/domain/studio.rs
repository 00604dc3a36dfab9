//! What a studio and its rooms are made of.

use serde::Deserialize;
use utoipa::ToSchema;

use super::closed_days::ClosedDays;
use super::hours::{QuietHours, WeeklyHours};
use super::local_time::TimeZoneName;
use super::neutral::NeutralName;
use super::number::{CutoffHours, UnconfirmedHours};
use super::patch::merge_patch;
use super::text::{EmailAddress, ExternalId, Language, Name, Note, Telephone};

/// A new studio.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStudio {
    /// The studio's name, for staff.
    pub name: Name,
    /// The name that mails come from. Keep it neutral: a name that says what is treated tells it to whoever sees the inbox.
    pub sender_name: NeutralName,
    /// What mails call a session, such as "appointment". Neutral for the same reason.
    #[serde(default = "default_service_label")]
    #[schema(value_type = NeutralName, required = false, default = "appointment")]
    pub service_label: NeutralName,
    /// Where the studio stands in time: all its days and times of day are counted there.
    pub time_zone: TimeZoneName,
    /// The language of its mails, where a client has none of their own. They are in English where it has neither words
    /// built in (`en`, `de`, `fr` and `es` have) nor the studio's own.
    #[serde(default = "default_language")]
    #[schema(value_type = Language, required = false, default = "en")]
    pub language: Language,
    /// The postal address, as mails print it.
    pub address: Option<Note>,
    /// How clients reach the studio.
    pub telephone: Option<Telephone>,
    /// Where replies to mails go.
    pub email: Option<EmailAddress>,
    /// Whose law on keeping records applies, such as `GB-WLS` or `US-OR`.
    pub jurisdiction: Option<Name>,
    /// When the studio is open, on its own clock.
    pub opening_hours: WeeklyHours,
    /// When it stays closed whatever its week says. Nothing is offered on these days, and to book on one takes an override of
    /// the rule `hours`; what was booked on them before stands, and becomes a task.
    #[serde(default)]
    #[schema(required = false)]
    pub closed_days: ClosedDays,
    /// When no mail goes out unless it answers the client: what was booked, and what the client moved or cancelled. What the
    /// studio moves or cancels meanwhile is told when they end, or at once where that would be too late. 21:00 to 08:00 unless said otherwise; null for none.
    #[serde(default = "default_quiet_hours")]
    pub quiet_hours: Option<QuietHours>,
    /// Until how many hours before the start a client may cancel. 48 unless said otherwise (common practice: 48 to 72).
    #[serde(default = "default_cutoff")]
    #[schema(value_type = CutoffHours, required = false, default = 48)]
    pub cancellation_cutoff_hours: CutoffHours,
    /// Whether clients may choose another time themselves, on their page and before the cut-off; else they ask for one.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub client_may_move: bool,
    /// Where staff are told each morning at seven, on the studio's clock, how much waits for them, and soon after a client did
    /// something on their page, outside of quiet hours: counts, and nothing about a client. Nowhere unless said otherwise.
    pub digest_email: Option<EmailAddress>,
    /// How many hours before its start a session that isn't confirmed becomes a task. 48 unless said otherwise.
    #[serde(default = "default_unconfirmed")]
    #[schema(value_type = UnconfirmedHours, required = false, default = 48)]
    pub unconfirmed_task_hours: UnconfirmedHours,
    /// Another system's name for this studio.
    pub external_id: Option<ExternalId>,
}

fn default_service_label() -> NeutralName {
    NeutralName::literal("appointment")
}

fn default_language() -> Language {
    Language::literal("en")
}

fn default_quiet_hours() -> Option<QuietHours> {
    Some(QuietHours::usual())
}

fn default_unconfirmed() -> UnconfirmedHours {
    UnconfirmedHours::USUAL
}

fn default_cutoff() -> CutoffHours {
    CutoffHours::USUAL
}

merge_patch! {
    /// Changes a studio. Zone, quiet hours and cut-off schedule the reminders to come anew; a mail that was tried in another zone
    /// or language, and can't have arrived, is written anew. What was sent stays sent.
    StudioPatch {
        set {
            /// The studio's name, for staff.
            name: Name,
            /// The name that mails come from.
            sender_name: NeutralName,
            /// What mails call a session.
            service_label: NeutralName,
            /// Where the studio stands in time.
            time_zone: TimeZoneName,
            /// The language of its mails; English where it has neither words built in nor the studio's own.
            language: Language,
            /// When the studio is open.
            opening_hours: WeeklyHours,
            /// When it stays closed whatever its week says: all such days, as these replace those that were there.
            closed_days: ClosedDays,
            /// Until how many hours before the start a client may cancel.
            cancellation_cutoff_hours: CutoffHours,
            /// Whether clients may choose another time themselves.
            client_may_move: bool,
            /// How many hours before its start a session that isn't confirmed becomes a task.
            unconfirmed_task_hours: UnconfirmedHours,
        }
        null {
            /// Where staff are told each morning how much waits for them, and soon after a client did something on their page.
            digest_email: EmailAddress,
            /// The postal address.
            address: Note,
            /// How clients reach the studio.
            telephone: Telephone,
            /// Where replies to mails go.
            email: EmailAddress,
            /// Whose law on keeping records applies.
            jurisdiction: Name,
            /// When no mail goes out unless it answers the client, or would come too late.
            quiet_hours: QuietHours,
            /// Another system's name for this studio.
            external_id: ExternalId,
        }
    }
}

/// A new room of a studio.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// The room's name.
    pub name: Name,
}

merge_patch! {
    /// Changes a room.
    RoomPatch {
        set {
            /// The room's name.
            name: Name,
            /// Whether sessions can be booked into it.
            active: bool,
        }
    }
}
