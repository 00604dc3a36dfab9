//! How a mail leaves: by SMTP, or as a file.
//!
//! A transport tells apart what the worker must treat differently, and nothing more. [`Outcome`] is the whole answer:
//! it holds no address and no text of the server, so that it may stand in the ledger, in a log line and in a metric.

use std::fmt;

use stipple_shared::domain::Instant;
use stipple_shared::mail::RenderedMail;

mod classify;
mod dkim;
mod files;
mod mime;
mod smtp;
mod target;

pub use dkim::{DkimError, DkimSigner};
pub use files::FileTransport;
pub use smtp::{SmtpTransport, Timeouts};
pub use target::{SmtpUrl, Target, TargetError, TlsMode};

/// A mail that is ready to leave: the same for all attempts.
#[derive(Clone)]
pub struct OutgoingMail {
    /// The address in From, and where bounces go.
    pub from: String,
    /// The studio's address for answers; one that can't be written in a header is left out.
    pub reply_to: Option<String>,
    /// The one recipient.
    pub to: String,
    /// The Message-ID, with or without its brackets.
    pub message_id: String,
    /// When the mail was made.
    pub date: Instant,
    /// The words.
    pub content: RenderedMail,
    /// A web address that takes the client off the list by one POST.
    pub list_unsubscribe: Option<String>,
}

// A mail is about a person: what Debug shows may end in a log.
impl fmt::Debug for OutgoingMail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingMail")
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Finding the host and opening the connection.
    Connect,
    /// The greeting and the list of extensions.
    Greeting,
    /// The encryption. With `smtps:` it comes before the greeting and shares its time limit.
    Tls,
    /// The login.
    Auth,
    /// Naming the sender.
    Mail,
    /// Naming the recipient.
    Rcpt,
    /// Asking to hand over.
    Data,
    /// From the first byte of the content to the server's answer.
    AfterData,
}

impl Phase {
    /// The name of this phase in the ledger and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::AfterData => "after_data",
        }
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The server took responsibility for the mail.
    Sent,
    /// The mail stands in a file.
    Written,
    /// This mail will never be accepted; others may be.
    Permanent {
        /// Where it failed.
        phase: Phase,
        /// The server's reply code, if it gave one.
        code: Option<u16>,
    },
    /// Nothing was accepted, and a later attempt may succeed.
    Transient {
        /// Where it failed.
        phase: Phase,
        /// The server's reply code, if it gave one.
        code: Option<u16>,
    },
    /// Our own settings are wrong: every mail would fail, and none is to blame.
    Configuration {
        /// Where it failed.
        phase: Phase,
        /// The server's reply code, if it gave one.
        code: Option<u16>,
    },
    /// The content was handed over, wholly or in part, and the answer was lost: the client may have the mail.
    Ambiguous {
        /// Where the answer was lost.
        phase: Phase,
    },
}

impl Outcome {
    /// The name of this outcome in the ledger and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Written => "written",
            Self::Permanent { .. } => "permanent",
            Self::Transient { .. } => "transient",
            Self::Configuration { .. } => "configuration",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }

    /// Where the attempt failed.
    pub fn phase(self) -> Option<Phase> {
        match self {
            Self::Sent | Self::Written => None,
            Self::Permanent { phase, .. }
            | Self::Transient { phase, .. }
            | Self::Configuration { phase, .. }
            | Self::Ambiguous { phase } => Some(phase),
        }
    }

    /// The server's reply code.
    pub fn code(self) -> Option<u16> {
        match self {
            Self::Sent | Self::Written | Self::Ambiguous { .. } => None,
            Self::Permanent { code, .. }
            | Self::Transient { code, .. }
            | Self::Configuration { code, .. } => code,
        }
    }
}

/// A way out for mails.
pub enum Transport {
    /// An SMTP server.
    Smtp(Box<SmtpTransport>),
    /// A directory of files.
    Files(FileTransport),
}

impl Transport {
    /// The way out that the settings name; `hello` is the domain that mails are sent from.
    pub fn open(target: Target, hello: &str, timeouts: Timeouts, dkim: Option<DkimSigner>) -> Self {
        match target {
            Target::Smtp(url) => {
                Self::Smtp(Box::new(SmtpTransport::new(url, hello, timeouts, dkim)))
            }
            Target::Files(directory) => Self::Files(FileTransport::new(directory, dkim)),
        }
    }

    /// Makes one attempt.
    ///
    /// `before_handover` is awaited when nothing but the content is left to hand over: what it records is true
    /// whatever happens next. If it fails, nothing is handed over and the outcome is transient.
    pub async fn send<E>(
        &self,
        mail: &OutgoingMail,
        before_handover: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Outcome {
        match self {
            Self::Smtp(smtp) => smtp.send(mail, before_handover).await,
            Self::Files(files) => files.send(mail, before_handover).await,
        }
    }

    /// Takes leave of the server, if a connection is open; the next mail opens a new one.
    pub async fn close(&self) {
        match self {
            Self::Smtp(smtp) => smtp.close().await,
            Self::Files(_) => {}
        }
    }
}
