//! The links in a client's mails: signed, expiring, for one purpose, and void once the address has changed.
//!
//! A token names ids and versions, nothing about a person, and says what its holder may do. The key lies outside of the
//! database: whoever can only read or write there makes no link.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::config::PublicUrl;
use crate::domain::{ClientId, Instant, SessionId};
use crate::error::{Error, Result};
use crate::storage::audit::AuditKey;

/// The format of a token; another one gets another number.
const FORMAT: u8 = 1;

/// Format and purpose, subject, schedule version, generation, expiry.
const SIGNED: usize = 1 + 16 + 4 + 4 + 4;

/// Half of the hash: 128 bits can't be guessed over a network, and the address stays short.
const SIGNATURE: usize = 16;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// To see, confirm, move or cancel an appointment.
    Appointment,
    /// To say which mails are wanted, or that they reach the wrong person.
    Preferences,
    /// To tell how one is after an appointment.
    Report,
    /// To end invitations, in one click.
    Unsubscribe,
}

impl LinkPurpose {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Appointment,
        Self::Preferences,
        Self::Report,
        Self::Unsubscribe,
    ];

    /// The path that its pages lie under.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Appointment => "/my/appointment",
            Self::Preferences => "/my/mails",
            Self::Report => "/my/report",
            Self::Unsubscribe => "/my/unsubscribe",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Appointment => 1,
            Self::Preferences => 2,
            Self::Report => 3,
            Self::Unsubscribe => 4,
        }
    }
}

/// What a token says, once its signature was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it's for.
    pub purpose: LinkPurpose,
    /// The session or the client that it speaks of.
    pub subject: Uuid,
    /// The session's time that it speaks of; 0 where it's about no session.
    pub schedule_version: u32,
    /// The client's generation of links that it belongs to.
    pub generation: u32,
    /// When it ends, to the second.
    pub expires_at: Instant,
}

impl Link {
    /// To an appointment as it stands, for so long after it that its care and questions are over.
    pub fn appointment(
        session_id: SessionId,
        schedule_version: i64,
        generation: i64,
        last_use: Instant,
    ) -> Self {
        Self {
            purpose: LinkPurpose::Appointment,
            subject: session_id.0,
            schedule_version: number(schedule_version),
            generation: number(generation),
            expires_at: whole_second(last_use + TimeDelta::days(45)),
        }
    }

    /// To a report about a session, from this instant for two months: what shows late shows within weeks.
    pub fn report(
        session_id: SessionId,
        schedule_version: i64,
        generation: i64,
        from: Instant,
    ) -> Self {
        Self {
            purpose: LinkPurpose::Report,
            subject: session_id.0,
            schedule_version: number(schedule_version),
            generation: number(generation),
            expires_at: whole_second(from + TimeDelta::days(60)),
        }
    }

    /// To a client's choices, from this instant on. People look for an old mail to end mails: it holds for a year.
    pub fn of_client(
        purpose: LinkPurpose,
        client_id: ClientId,
        generation: i64,
        from: Instant,
    ) -> Self {
        Self {
            purpose,
            subject: client_id.0,
            schedule_version: 0,
            generation: number(generation),
            expires_at: whole_second(from + TimeDelta::days(365)),
        }
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.expires_at <= now
    }

    fn to_bytes(self) -> [u8; SIGNED] {
        let mut bytes = [0; SIGNED];
        let seconds = number(self.expires_at.millis() / 1000);
        let parts: [&[u8]; 5] = [
            &[(FORMAT << 4) | self.purpose.number()],
            self.subject.as_bytes(),
            &self.schedule_version.to_be_bytes(),
            &self.generation.to_be_bytes(),
            &seconds.to_be_bytes(),
        ];
        let parts = parts.into_iter().flatten();
        for (place, byte) in bytes.iter_mut().zip(parts) {
            *place = *byte;
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (subject, rest) = rest.split_at_checked(16)?;
        let (schedule_version, rest) = rest.split_at_checked(4)?;
        let (generation, seconds) = rest.split_at_checked(4)?;
        let word = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_be_bytes);
        Some(Self {
            purpose: LinkPurpose::ALL
                .into_iter()
                .find(|purpose| (FORMAT << 4) | purpose.number() == *kind)?,
            subject: Uuid::from_slice(subject).ok()?,
            schedule_version: word(schedule_version)?,
            generation: word(generation)?,
            expires_at: Instant::from_millis(i64::from(word(seconds)?) * 1000),
        })
    }
}

/// A count as a token holds it. Nobody moves a session four thousand million times.
pub fn number(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

fn whole_second(instant: Instant) -> Instant {
    Instant::from_millis(instant.millis().div_euclid(1000) * 1000)
}

/// The secret under which links are signed. It has no Debug.
#[derive(Clone)]
pub struct LinkKey(Vec<u8>);

impl LinkKey {
    /// The key that belongs to an installation's audit key, so that all of its processes have the same without another
    /// secret to be handed around.
    pub fn derived(audit_key: &AuditKey) -> Result<Self> {
        Ok(Self(audit_key.derive("stipple client links")?))
    }

    /// Reads a key: 32 bytes or more in base64.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD
            .decode(text.trim().trim_end_matches('='))
            .ok()?;
        (bytes.len() >= 32).then_some(Self(bytes))
    }

    /// The token of a link.
    pub fn sign(&self, link: &Link) -> Result<String> {
        let mut bytes = link.to_bytes().to_vec();
        let signature = self.mac(&bytes)?.finalize().into_bytes();
        bytes.extend(signature.iter().take(SIGNATURE));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a token says, if it's one of ours for this purpose. Whether its time is over is another question.
    pub fn read(&self, token: &str, purpose: LinkPurpose) -> Option<Link> {
        self.read_any(token).filter(|link| link.purpose == purpose)
    }

    /// The same for any purpose.
    pub fn read_any(&self, token: &str) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.len() != SIGNED + SIGNATURE {
            return None;
        }
        let (signed, signature) = bytes.split_at(SIGNED);
        // The comparison takes as long whatever the bytes are.
        self.mac(signed)
            .ok()?
            .verify_truncated_left(signature)
            .ok()?;
        Link::from_bytes(signed)
    }

    fn mac(&self, bytes: &[u8]) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(Error::internal)?;
        mac.update(bytes);
        Ok(mac)
    }
}

/// Makes the addresses that stand in mails.
#[derive(Clone)]
pub struct LinkMaker {
    key: LinkKey,
    base: PublicUrl,
}

impl LinkMaker {
    /// Makes links that begin with this address.
    pub fn new(key: LinkKey, base: PublicUrl) -> Self {
        Self { key, base }
    }

    /// The whole address of a link.
    pub fn address(&self, link: &Link) -> Result<String> {
        let token = self.key.sign(link)?;
        Ok(format!("{}{}/{token}", self.base, link.purpose.path()))
    }
}

impl fmt::Debug for LinkMaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LinkMaker(…)")
    }
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
