//! A mail as bytes: headers and the three alternatives.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use stipple_shared::mail::Calendar;
use stipple_shared::mail::text::{one_line, unbroken};
use url::Host;

use super::classify::{Fault, outcome};
use super::{DkimSigner, Outcome, OutgoingMail, Phase};

/// A mail as bytes, with its envelope.
pub(super) struct Built {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
    /// The part of the Message-ID before the @, safe as a file's name.
    pub(super) stem: String,
}

impl Built {
    /// Whether the recipient can only be named to a server that knows SMTPUTF8.
    pub(super) fn needs_smtp_utf8(&self) -> bool {
        !AsRef::<str>::as_ref(&self.to).is_ascii()
    }
}

/// Builds the mail; the same mail gives the same bytes at each attempt, but for the time of a signature.
///
/// A sender that can't be written is a fault of the settings, a recipient that can't be written one of this mail.
pub(super) fn build(mail: &OutgoingMail, dkim: Option<&DkimSigner>) -> Result<Built, Outcome> {
    let sender_fault = || outcome(Phase::Mail, Fault::Missing);
    let mail_fault = || outcome(Phase::Rcpt, Fault::Missing);
    let from = ascii_address(&mail.from).ok_or_else(sender_fault)?;
    let to = address(&mail.to).ok_or_else(mail_fault)?;
    let (message_id, stem) = message_id(&mail.message_id).ok_or_else(mail_fault)?;
    let content = &mail.content;
    let sender_name = one_line(&content.sender_name);

    let mut builder = Message::builder()
        .from(Mailbox::new(Some(sender_name), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(unbroken(&content.subject))
        .date(date(mail))
        .message_id(Some(message_id))
        .raw_header(header("Auto-Submitted", "auto-generated".into()));
    if let Some(reply_to) = mail.reply_to.as_deref().and_then(ascii_address) {
        builder = builder.reply_to(Mailbox::new(None, reply_to));
    }
    if let Some(address) = mail.list_unsubscribe.as_deref().filter(is_web_address) {
        builder = builder
            .raw_header(header("List-Unsubscribe", format!("<{address}>")))
            .raw_header(header(
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".into(),
            ));
    }

    let mut parts = MultiPart::alternative()
        .boundary(format!("part-{stem:.60}"))
        .singlepart(SinglePart::plain(content.text.clone()))
        .singlepart(SinglePart::html(content.html.clone()));
    if let Some(calendar) = &content.calendar {
        parts = parts.singlepart(calendar_part(calendar).ok_or_else(mail_fault)?);
    }
    let mut message = builder.multipart(parts).map_err(|_| mail_fault())?;
    if let Some(dkim) = dkim {
        dkim.sign(&mut message);
    }
    Ok(Built {
        from,
        to,
        bytes: message.formatted(),
        stem,
    })
}

/// The last alternative, where calendars look. Outlook refuses it if the method differs from the object's own.
fn calendar_part(calendar: &Calendar) -> Option<SinglePart> {
    let method = calendar.method.as_str();
    let content_type = format!("text/calendar; method={method}; charset=utf-8");
    let content_type = ContentType::parse(&content_type).ok()?;
    let part = SinglePart::builder().header(content_type);
    Some(part.body(calendar.body.clone()))
}

fn date(mail: &OutgoingMail) -> SystemTime {
    let millis = u64::try_from(mail.date.millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn is_web_address(address: &&str) -> bool {
    let plain = |c: u8| c.is_ascii_graphic() && c != b'<' && c != b'>';
    address.starts_with("https://") && address.bytes().all(plain)
}

/// An address whose domain is written in ASCII, because every server can deliver to that.
fn address(text: &str) -> Option<Address> {
    let (user, domain) = text.trim().rsplit_once('@')?;
    let domain = match Host::parse(domain).ok()? {
        Host::Domain(domain) => domain,
        Host::Ipv4(_) | Host::Ipv6(_) => return None,
    };
    Address::new(user, domain).ok()
}

fn ascii_address(text: &str) -> Option<Address> {
    address(text).filter(|address| AsRef::<str>::as_ref(address).is_ascii())
}

/// The Message-ID in brackets, and its first part.
fn message_id(text: &str) -> Option<(String, String)> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    let (stem, domain) = text.split_once('@')?;
    let safe = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    let sound = |part: &str| {
        !part.is_empty() && part.len() <= 100 && !part.starts_with('.') && part.bytes().all(safe)
    };
    (sound(stem) && sound(domain)).then(|| (format!("<{text}>"), stem.to_owned()))
}

#[cfg(test)]
#[path = "mime_tests.rs"]
mod tests;
