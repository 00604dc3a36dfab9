//! What a mail says, before it has words.

use std::fmt;
use std::str::FromStr;

use chrono_tz::Tz;
use uuid::Uuid;

use crate::domain::Instant;

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $name:literal),+ $(,)?) => {
        /// One thing that a mail can be about; a mail may be about several.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $($(#[$doc])* $step,)+
        }

        impl Step {
            /// All steps, in the order of a session's life.
            pub const ALL: &'static [Self] = &[$(Self::$step),+];

            /// The name of this step in the ledger.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)+
                }
            }
        }
    };
}

steps! {
    /// The appointment was booked.
    BookingConfirmation = "booking_confirmation",
    /// What to do in the days before.
    Preparation = "preparation",
    /// The studio asks for a yes.
    ConfirmRequest = "confirm_request",
    /// The appointment is near.
    FinalReminder = "final_reminder",
    /// The day of the visit.
    AftercareDay0 = "aftercare_day_0",
    /// Four days after.
    AftercareDay4 = "aftercare_day_4",
    /// Ten days after.
    AftercareDay10 = "aftercare_day_10",
    /// Thirty days after.
    AftercareDay30 = "aftercare_day_30",
    /// The next appointment can be booked.
    BookNextOpens = "book_next_opens",
    /// The time to book the next appointment is nearly over.
    BookNextClosing = "book_next_closing",
    /// The appointment has another time.
    MovedNotice = "moved_notice",
    /// The appointment is off.
    CancelledNotice = "cancelled_notice",
}

impl Step {
    /// Whether the step is about an appointment's time: such a mail prints the time and carries the calendar.
    pub fn is_about_the_time(self) -> bool {
        matches!(
            self,
            Self::BookingConfirmation
                | Self::Preparation
                | Self::ConfirmRequest
                | Self::FinalReminder
                | Self::MovedNotice
                | Self::CancelledNotice
        )
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|step| step.name() == name)
            .ok_or(UnknownStep)
    }
}

/// A name that is no step's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no reminder step has this name")]
pub struct UnknownStep;

/// Everything that a mail may say.
#[derive(Clone)]
pub struct MailFacts {
    /// What the mail is about; the first decides the subject.
    pub steps: Vec<Step>,
    /// The client's language as a tag; one without words here falls back to English.
    pub language: String,
    /// How the greeting names the client.
    pub client_name: String,
    /// The place that writes.
    pub studio: StudioFacts,
    /// The appointment, where the mail is about one.
    pub appointment: Option<AppointmentFacts>,
    /// When the appointment was before it moved.
    pub previous_start: Option<Instant>,
    /// Whether the client agreed to read care advice in a mail.
    pub care_advice_in_mail: bool,
    /// Where the client's page is; `None` without a public address of the service.
    pub links: Option<Links>,
}

/// The place that writes, as a client may know it.
#[derive(Clone)]
pub struct StudioFacts {
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
}

/// An appointment, as a calendar knows it.
#[derive(Clone, Copy)]
pub struct AppointmentFacts {
    /// The session, which keeps its id when it moves.
    pub session_id: Uuid,
    /// Raised by each move.
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
