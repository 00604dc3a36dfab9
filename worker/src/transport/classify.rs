//! What a failure means, by explicit lists: what no list names is worth another attempt.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp;

use super::{Outcome, Phase};

/// What went wrong, told without the server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server said no.
    Reply(u16),
    /// The server takes no mail from us for anybody else, whoever it may be.
    Relay(u16),
    /// The server said yes to something else.
    Unexpected,
    /// The host's name leads nowhere.
    Unresolvable,
    /// The encryption was refused by either side: a certificate that isn't trusted, or no TLS there at all.
    Handshake,
    /// The server doesn't offer what our settings need.
    Missing,
    /// The connection broke, fell silent, or spoke another language.
    Lost,
}

/// Replies that mean a missing or wrong login wherever they come: our fault and not the mail's.
const LOGIN_REPLIES: [u16; 4] = [530, 534, 535, 538];

/// "Exceeded storage allocation": at MAIL, the one permanent reply that is about this mail's size.
const TOO_LARGE: u16 = 552;

/// The outcome of a fault in a phase.
pub(super) fn outcome(phase: Phase, fault: Fault) -> Outcome {
    let code = match fault {
        Fault::Reply(code) | Fault::Relay(code) => Some(code),
        _ => None,
    };
    let configuration = Outcome::Configuration { phase, code };
    let permanent = Outcome::Permanent { phase, code };
    let transient = Outcome::Transient { phase, code };
    match (phase, fault) {
        (Phase::Connect, Fault::Unresolvable) => configuration,
        (Phase::Tls, Fault::Handshake | Fault::Missing) => configuration,
        // A login that is refused for now (4xx) may work later; one that is refused for good is a wrong password.
        (Phase::Auth, Fault::Missing | Fault::Reply(500..=599)) => configuration,
        // A server that is full or closed (552, 554) before it knows anything of the mail says nothing about it.
        (Phase::Connect | Phase::Greeting | Phase::Tls | Phase::Auth, _) => transient,
        (Phase::AfterData, Fault::Reply(400..=499)) => transient,
        (_, Fault::Reply(code)) if LOGIN_REPLIES.contains(&code) => configuration,
        (Phase::Mail, Fault::Reply(TOO_LARGE)) => permanent,
        // At MAIL the server knows our sender and nothing else.
        (Phase::Mail, Fault::Reply(500..=599) | Fault::Missing) => configuration,
        (Phase::Rcpt, Fault::Relay(_)) => configuration,
        (Phase::Rcpt, Fault::Reply(500..=599) | Fault::Missing) => permanent,
        (Phase::Data | Phase::AfterData, Fault::Reply(500..=599)) => permanent,
        (Phase::AfterData, _) => Outcome::Ambiguous { phase },
        (Phase::Mail | Phase::Rcpt | Phase::Data, _) => transient,
    }
}

/// Whether the server refuses the recipient because we may not send through it at all: no code says so alone, but all
/// of Postfix, Exim, Exchange, Sendmail and Google use the word.
pub(super) fn refuses_to_relay(error: &smtp::Error) -> bool {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    error.is_permanent() && words.to_ascii_lowercase().contains("relay")
}

/// The server's reply code; 0 if it gave none.
pub(super) fn code(error: &smtp::Error) -> u16 {
    error.status().map_or(0, u16::from)
}

/// The fault behind lettre's error.
pub(super) fn fault(error: &smtp::Error) -> Fault {
    if let Some(code) = error.status() {
        return Fault::Reply(code.into());
    }
    if error.is_client() {
        return Fault::Missing;
    }
    let refused = |cause: &io::Error| cause.kind() == io::ErrorKind::InvalidData;
    match handshake_error(error) {
        Some(cause) if cause.is_none_or(refused) => Fault::Handshake,
        _ => Fault::Lost,
    }
}

/// Whether the error comes from the TLS handshake, which lettre wraps twice.
pub(super) fn is_handshake(error: &smtp::Error) -> bool {
    handshake_error(error).is_some()
}

/// The handshake's own error: `None` if there was no handshake, `Some(None)` if it didn't even begin, because the
/// host is no name that a certificate could bear.
fn handshake_error(error: &smtp::Error) -> Option<Option<&io::Error>> {
    let inner = error.source()?.downcast_ref::<smtp::Error>()?;
    Some(inner.source().and_then(|cause| cause.downcast_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_explicit() {
        use Fault::*;
        use Phase::*;
        let rows = [
            (Connect, Unresolvable, "configuration"),
            (Connect, Lost, "transient"),
            (Greeting, Reply(552), "transient"),
            (Greeting, Reply(554), "transient"),
            (Greeting, Reply(421), "transient"),
            (Tls, Handshake, "configuration"),
            (Tls, Missing, "configuration"),
            (Tls, Lost, "transient"),
            (Tls, Reply(454), "transient"),
            (Auth, Reply(535), "configuration"),
            (Auth, Reply(454), "transient"),
            (Auth, Missing, "configuration"),
            (Auth, Lost, "transient"),
            (Mail, Reply(553), "configuration"),
            (Mail, Reply(530), "configuration"),
            (Mail, Reply(552), "permanent"),
            (Mail, Reply(451), "transient"),
            (Rcpt, Reply(550), "permanent"),
            (Rcpt, Reply(530), "configuration"),
            (Rcpt, Relay(554), "configuration"),
            (Rcpt, Reply(450), "transient"),
            (Rcpt, Unexpected, "transient"),
            (Data, Reply(554), "permanent"),
            (Data, Unexpected, "transient"),
            (AfterData, Reply(451), "transient"),
            (AfterData, Reply(554), "permanent"),
            (AfterData, Reply(535), "configuration"),
            (AfterData, Lost, "ambiguous"),
            (AfterData, Unexpected, "ambiguous"),
        ];
        for (phase, fault, expected) in rows {
            assert_eq!(
                outcome(phase, fault).name(),
                expected,
                "{phase:?} {fault:?}"
            );
        }
    }
}
