//! A signature of the sending domain, for a studio whose server doesn't add one itself.

use std::fmt;
use std::sync::Arc;

use lettre::Message;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm,
    DkimSigningKey,
};
use lettre::message::header::HeaderName;

/// What is signed beside the body: all that says who writes what to whom, and what a mail program acts on. Content-Type
/// isn't among it, because lettre signs before it writes that one; a signature that named it wouldn't hold.
const SIGNED: [&str; 9] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// Signs mails for a domain.
#[derive(Clone)]
pub struct DkimSigner(Arc<DkimConfig>);

// It holds a private key.
impl fmt::Debug for DkimSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DkimSigner")
    }
}

/// Why a key or selector can't be used, without the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DkimError(&'static str);

impl DkimSigner {
    /// A signer for this domain. `selector` is the name under which the public key stands in the domain's DNS; the
    /// private key is an RSA key of 1024 bits or more in PEM (PKCS #1), or an Ed25519 key, 32 bytes in base64.
    pub fn new(selector: &str, domain: &str, private_key: &str) -> Result<Self, DkimError> {
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
        };
        if !selector.split('.').all(is_label) {
            return Err(DkimError(
                "write the selector as it stands in the DNS before ._domainkey: letters, digits, hyphens, dots",
            ));
        }
        let private_key = private_key.trim();
        let algorithm = if private_key.starts_with("-----BEGIN RSA PRIVATE KEY-----") {
            DkimSigningAlgorithm::Rsa
        } else if private_key.starts_with("-----BEGIN") {
            return Err(DkimError(
                "the key's PEM must begin with BEGIN RSA PRIVATE KEY: `openssl rsa -traditional` writes it so",
            ));
        } else {
            DkimSigningAlgorithm::Ed25519
        };
        let key = DkimSigningKey::new(private_key, algorithm).map_err(|_| {
            DkimError("this is neither an RSA key in PEM nor an Ed25519 key, 32 bytes in base64")
        })?;
        let relaxed = DkimCanonicalizationType::Relaxed;
        Ok(Self(Arc::new(DkimConfig::new(
            selector.to_owned(),
            domain.to_owned(),
            key,
            SIGNED.map(HeaderName::new_from_ascii_str).into(),
            DkimCanonicalization {
                header: relaxed,
                body: relaxed,
            },
        ))))
    }

    /// Signs a mail that is otherwise complete.
    pub(super) fn sign(&self, message: &mut Message) {
        message.sign(&self.0);
    }
}
