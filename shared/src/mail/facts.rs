//! What a mail says, before it has words.

use std::fmt;

use chrono_tz::Tz;
use uuid::Uuid;

use super::reach::reach_word;
use crate::domain::client_page::ClientMay;
use crate::domain::mail_template::Word;
use crate::domain::{Instant, ReminderStep};

/// Everything that a mail may say.
#[derive(Clone)]
pub struct MailFacts {
    /// What the mail is about; the first decides the subject.
    pub steps: Vec<ReminderStep>,
    /// The client's language as a tag; one without words here falls back to English.
    pub language: String,
    /// How the greeting names the client.
    pub client_name: String,
    /// Where the mail goes: a calendar takes an invitation for its own where it's among those who are invited.
    pub client_email: Option<String>,
    /// The place that writes.
    pub studio: StudioFacts,
    /// The appointment, where the mail is about one.
    pub appointment: Option<AppointmentFacts>,
    /// When the appointment was before it moved.
    pub previous_start: Option<Instant>,
    /// Whether there is advice for such an appointment, in the mail or elsewhere.
    pub has_advice: bool,
    /// Whether the client agreed to read care advice in a mail.
    pub care_advice_in_mail: bool,
    /// What the client may do about the appointment on their page when the mail goes.
    pub may: ClientMay,
    /// Where the client's page is; `None` without a public address of the service.
    pub links: Option<Links>,
}

/// The place that writes, as a client may know it.
#[derive(Clone)]
pub struct StudioFacts {
    /// Which one.
    pub id: Uuid,
    /// The neutral name that mails come from.
    pub sender_name: String,
    /// The neutral word for what is booked; `None` takes the language's own.
    pub service_label: Option<String>,
    /// The address, on one or more lines.
    pub address: Option<String>,
    /// The telephone number.
    pub telephone: Option<String>,
    /// The address that answers go to.
    pub email: Option<String>,
    /// The zone of the wall clock at the studio.
    pub time_zone: Tz,
    /// Whether clients choose another time on their page; else they ask for one.
    pub client_may_move: bool,
}

impl StudioFacts {
    /// The word that says how to reach it.
    pub fn reach_word(&self) -> Word {
        reach_word(self.telephone.is_some(), self.email.is_some())
    }
}

/// An appointment, as a calendar knows it.
#[derive(Clone, Copy)]
pub struct AppointmentFacts {
    /// The session, which keeps its id when it moves.
    pub session_id: Uuid,
    /// Raised by each move, each cancellation, and by taking either back.
    pub schedule_version: i64,
    /// The beginning.
    pub starts_at: Instant,
    /// The end.
    pub ends_at: Instant,
    /// Whether it is off.
    pub cancelled: bool,
}

/// The client's own addresses at the service.
#[derive(Clone)]
pub struct Links {
    /// The page where the client sees, confirms, moves or cancels.
    pub page: String,
    /// The page where the client says which mails are wanted.
    pub preferences: String,
    /// What ends invitations in one click.
    pub unsubscribe: String,
}

// Facts are about people: what Debug shows may end in a log.
impl fmt::Debug for MailFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MailFacts")
            .field("steps", &self.steps)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StudioFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StudioFacts")
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AppointmentFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AppointmentFacts")
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Links(…)")
    }
}
