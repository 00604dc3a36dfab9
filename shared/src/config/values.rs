//! The types of settings, and how each is read. A reason says what to write, and never repeats the value.

use std::fmt;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use crate::links::LinkKey;
use crate::storage::audit::AuditKey;

/// A text that may hold a password. It has no Debug and no Display.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    /// The text, for whoever parses it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretText {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err("it's empty: write a value, or leave the setting out");
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// The address that links begin with. It ends without a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The text, to which a path that begins with a slash is added.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nobody on the way can read or change what it opens.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write http:// or https:// and a host, as in https://book.example.com";
        let url = Url::parse(text.trim()).map_err(|_| WRONG)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(WRONG);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("leave out user and password: every client reads this address");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("leave out what follows ? or #");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is logged, in the syntax of tracing's environment filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter itself.
    pub(crate) fn to_filter(&self) -> EnvFilter {
        // It was read strictly once; what can't be read now is left out.
        EnvFilter::builder().parse_lossy(&self.0)
    }
}

impl FromStr for LogFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "write error, warn, info, debug, trace or off, or PART=LEVEL, several with commas";
        for directive in text.split(',') {
            let directive = directive.trim();
            // A lone word that is no level would be taken for the name of a part, and silence all others.
            let is_level = directive.parse::<LevelFilter>().is_ok() && !directive.is_empty();
            if !is_level && !directive.contains('=') {
                return Err(WRONG);
            }
        }
        EnvFilter::builder().parse(text).map_err(|_| WRONG)?;
        Ok(Self(text.to_owned()))
    }
}

pub(super) fn audit_key(text: &str) -> Result<AuditKey, &'static str> {
    AuditKey::from_text(text).ok_or(
        "write at least 32 bytes in base64, for instance what `openssl rand -base64 32` prints",
    )
}

pub(super) fn link_key(text: &str) -> Result<LinkKey, &'static str> {
    LinkKey::from_text(text).ok_or(
        "write at least 32 bytes in base64, for instance what `openssl rand -base64 32` prints",
    )
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080")
}

pub(super) fn threads(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse()
        .ok()
        .filter(|threads: &NonZeroUsize| threads.get() <= 256)
        .ok_or("write a number from 1 to 256")
}

pub(super) fn mails(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse()
        .ok()
        .filter(|mails: &NonZeroU32| mails.get() <= 100_000)
        .ok_or("write a number from 1 to 100000")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_base_for_links() {
        for (text, expected) in [
            ("https://book.example.com", "https://book.example.com"),
            ("https://book.example.com/", "https://book.example.com"),
            (
                "http://127.0.0.1:8080/stipple/",
                "http://127.0.0.1:8080/stipple",
            ),
        ] {
            let url = text.parse::<PublicUrl>().unwrap();
            assert_eq!(url.as_str(), expected);
            assert_eq!(url.is_https(), expected.starts_with("https:"));
        }
        for wrong in [
            "",
            "book.example.com",
            "ftp://book.example.com",
            "https://",
            "https://user:secret@book.example.com",
            "https://book.example.com?x=1",
            "https://book.example.com#x",
        ] {
            let reason = wrong.parse::<PublicUrl>().unwrap_err();
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn a_lone_word_that_is_no_level_is_no_filter() {
        for good in ["info", "WARN", "off", "info,stipple_api=debug"] {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        for wrong in ["", "verbose", "info,", "stipple_api", "stipple_api=loud"] {
            assert!(wrong.parse::<LogFilter>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_and_addresses_are_bounded() {
        assert_eq!(threads("256").unwrap().get(), 256);
        for wrong in ["0", "-1", "257", "many", ""] {
            assert!(threads(wrong).is_err(), "{wrong}");
        }
        assert!(listen("[::1]:0").is_ok());
        for wrong in ["localhost:8080", "127.0.0.1", ":8080", "127.0.0.1:99999"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
        assert!(audit_key("c2hvcnQ").is_err());
        assert!(link_key("c2hvcnQ").is_err());
        assert!("  ".parse::<SecretText>().is_err());
    }
}
