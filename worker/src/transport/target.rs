//! Where mails go, as the settings write it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use lettre::transport::smtp::client::Certificate;
use url::Url;

/// Where mails go.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// `smtp://…` or `smtps://…`.
    Smtp(SmtpUrl),
    /// `file:DIR`, one file for each mail.
    Files(PathBuf),
}

impl Target {
    /// Reads the setting. The error never repeats the value, because that may hold a password.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if let Some(directory) = text.strip_prefix("file:") {
            let directory = directory.strip_prefix("//").unwrap_or(directory);
            if directory.is_empty() {
                return Err(TargetError("name the directory, as in file:mails"));
            }
            return Ok(Self::Files(PathBuf::from(directory)));
        }
        SmtpUrl::parse(text).map(Self::Smtp)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(url) => url.fmt(formatter),
            Self::Files(_) => formatter.write_str("file:…"),
        }
    }
}

/// Why a mail setting can't be read, without the setting itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(&'static str);

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// From the first byte: `smtps://`.
    Implicit,
    /// By STARTTLS, or not at all: what `smtp://` means for a host that isn't this machine.
    Required,
    /// By STARTTLS where the server offers it.
    Opportunistic,
    /// Never: what `smtp://` means for this machine.
    None,
}

/// An SMTP server and how to log in there.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// The name or address of the host.
    pub host: String,
    /// The port: 465 for `smtps://`, 587 for `smtp://`, 25 for `smtp://` on this machine, unless the URL says another.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: TlsMode,
    credentials: Option<(String, String)>,
    authority: Option<Authority>,
}

/// Who signs a server's certificate, besides those whom all mail programs trust.
#[derive(Clone)]
struct Authority {
    certificate: Certificate,
    pem: Vec<u8>,
}

impl PartialEq for Authority {
    fn eq(&self, other: &Self) -> bool {
        self.pem == other.pem
    }
}

impl Eq for Authority {}

impl SmtpUrl {
    /// Reads `smtp://[user:password@]host[:port][?tls=required|opportunistic|none]` or `smtps://…`.
    ///
    /// User and password are percent-encoded. Without `tls`, encryption is required unless the host is this machine.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let url = Url::parse(text).map_err(|_| {
            TargetError(
                "write smtp://HOST:PORT, smtps://HOST:PORT or file:DIR; in a password, percent-encode the characters % / @ : ? #",
            )
        })?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => {
                return Err(TargetError(
                    "begin with smtp://, smtps:// or file:, nothing else",
                ));
            }
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(TargetError(
            "name a host, as in smtp://mail.example.com:587",
        ))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(TargetError(
                "end after the port; in a password, percent-encode the characters % / @ : ? #",
            ));
        }
        let tls = tls_mode(&url, implicit, is_loopback(&host))?;
        let credentials = credentials(&url)?;
        if tls == TlsMode::None && credentials.is_some() && !is_loopback(&host) {
            return Err(TargetError(
                "tls=none would send the password in the clear; leave out tls=none or the password",
            ));
        }
        let default_port = match (implicit, is_loopback(&host)) {
            (true, _) => 465,
            (false, true) => 25,
            (false, false) => 587,
        };
        Ok(Self {
            port: url.port().unwrap_or(default_port),
            host,
            tls,
            credentials,
            authority: None,
        })
    }

    /// The same server, where certificates of the authorities in this PEM text are good as well.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Self, TargetError> {
        const WRONG: TargetError =
            TargetError("this is no PEM file with certificates: it begins with BEGIN CERTIFICATE");
        let marker = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(marker.len()).any(|window| window == marker) {
            return Err(WRONG);
        }
        let certificate = Certificate::from_pem(pem).map_err(|_| WRONG)?;
        self.authority = Some(Authority {
            certificate,
            pem: pem.to_owned(),
        });
        Ok(self)
    }

    /// Who may sign the server's certificate besides the usual ones.
    pub(super) fn authority(&self) -> Option<&Certificate> {
        self.authority.as_ref().map(|one| &one.certificate)
    }

    /// Whether the server is this machine, so that nothing travels in the clear.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The user's name and password.
    pub(super) fn credentials(&self) -> Option<&(String, String)> {
        self.credentials.as_ref()
    }
}

// The password must not end in a log, nor the user's name, which often is an address.
impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpUrl")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

fn tls_mode(url: &Url, implicit: bool, loopback: bool) -> Result<TlsMode, TargetError> {
    let mut mode = match (implicit, loopback) {
        (true, _) => TlsMode::Implicit,
        (false, true) => TlsMode::None,
        (false, false) => TlsMode::Required,
    };
    for (name, value) in url.query_pairs() {
        if name != "tls" {
            return Err(TargetError("the only parameter of the URL is tls"));
        }
        if implicit {
            return Err(TargetError(
                "smtps:// is encrypted from the first byte: leave out tls",
            ));
        }
        mode = match &*value {
            "required" => TlsMode::Required,
            "opportunistic" => TlsMode::Opportunistic,
            "none" => TlsMode::None,
            _ => return Err(TargetError("tls is required, opportunistic or none")),
        };
    }
    Ok(mode)
}

fn credentials(url: &Url) -> Result<Option<(String, String)>, TargetError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(TargetError(
            "give both a user and a password, as in smtp://user:password@host, or neither",
        )),
        (user, Some(password)) => Ok(Some((decoded(user)?, decoded(password)?))),
    }
}

fn decoded(text: &str) -> Result<String, TargetError> {
    let wrong = TargetError("percent-encode the user and the password as UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |c: u8| {
                    char::from(c)
                        .to_digit(16)
                        .and_then(|d| u8::try_from(d).ok())
                };
                let (high, low) = digit(*high).zip(digit(*low)).ok_or(wrong)?;
                bytes.push(high * 16 + low);
                after
            }
            (b'%', _) => return Err(wrong),
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong)?;
    // A NUL separates the two in the login itself.
    if text.contains('\0') {
        return Err(wrong);
    }
    Ok(text)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides_about_encryption_unless_the_url_does() {
        let rows = [
            ("smtps://mail.example.com", 465, TlsMode::Implicit),
            ("smtp://mail.example.com", 587, TlsMode::Required),
            (
                "smtp://mail.example.com:2525/?tls=none",
                2525,
                TlsMode::None,
            ),
            ("smtp://127.0.0.1", 25, TlsMode::None),
            ("smtp://[::1]:1025", 1025, TlsMode::None),
            ("smtp://localhost?tls=required", 25, TlsMode::Required),
            (
                "smtp://mail.example.com?tls=opportunistic",
                587,
                TlsMode::Opportunistic,
            ),
        ];
        for (text, port, tls) in rows {
            let url = SmtpUrl::parse(text).unwrap();
            assert_eq!((url.port, url.tls), (port, tls), "{text}");
        }
        assert_eq!(SmtpUrl::parse("smtp://[::1]").unwrap().host, "::1");
        let files = Target::parse("file:/var/mails").unwrap();
        assert!(files == Target::Files("/var/mails".into()));
    }

    #[test]
    fn a_password_is_decoded_and_never_shown() {
        let url =
            SmtpUrl::parse("smtps://desk%40example.com:s%2Fe+c%25ret@mail.example.com").unwrap();
        let (user, password) = url.credentials().unwrap();
        assert_eq!(
            (user.as_str(), password.as_str()),
            ("desk@example.com", "s/e+c%ret")
        );
        assert!(!format!("{url:?} {:?}", Target::Smtp(url.clone())).contains("ret"));
        for wrong in [
            "smtp://desk:sec/ret@mail.example.com",
            "smtp://desk:sec#ret@mail.example.com",
            "smtp://desk:secret@mail.example.com?tls=none",
            "smtp://desk:secret@mail.example.com?tls=secret",
            "smtp://desk:secret@mail.example.com?secret=1",
            "smtp://desk:secret@mail.example.com:port",
            "smtp://desk:%zzsecret@mail.example.com",
            "smtp://:secret@mail.example.com",
            "http://desk:secret@mail.example.com",
            "smtps://desk:secret@mail.example.com?tls=none",
            "smtp://desk@mail.example.com",
            "desk:secret",
            "smtp://",
            "file:",
        ] {
            let error = Target::parse(wrong).map(drop).unwrap_err().to_string();
            assert!(
                !error.contains("secret") && !error.contains("sec/ret"),
                "{error}"
            );
        }
    }
}
