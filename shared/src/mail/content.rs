//! A mail in words, as it is frozen at the first attempt.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mail in words: the same for all attempts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderedMail {
    /// The neutral name beside the From address.
    pub sender_name: String,
    /// One neutral line.
    pub subject: String,
    /// The neutral line that a mailbox shows beside the subject.
    pub preheader: String,
    /// The plain part.
    pub text: String,
    /// The HTML part, with the same facts.
    pub html: String,
    /// The appointment for the client's calendar.
    pub calendar: Option<Calendar>,
    /// What ends such mails in one click, where the mail is an invitation and the service has a public address.
    #[serde(default)]
    pub list_unsubscribe: Option<String>,
}

/// An iCalendar object and its method.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MailCalendar)]
pub struct Calendar {
    /// What the calendar is asked to do; the MIME parameter must say the same.
    pub method: Method,
    /// The object itself.
    pub body: String,
}

/// What a calendar is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = CalendarMethod)]
pub enum Method {
    /// Enter or change the event.
    Request,
    /// Strike the event out.
    Cancel,
}

impl Method {
    /// As both the object and the MIME parameter write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

// A mail is about a person: what Debug shows may end in a log.
impl fmt::Debug for RenderedMail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RenderedMail(…)")
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Calendar")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
