//! Certificates for servers on this machine: a right one, and each kind of wrong one.

#![expect(clippy::unwrap_used, reason = "what is asked for here is always right")]

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;

/// An authority of our own, and what it and others have signed.
pub struct Certificates {
    /// The authority's certificate, for whoever is to trust it.
    pub authority_pem: String,
    /// Right in everything.
    pub right: Arc<ServerConfig>,
    /// For another host.
    pub other_host: Arc<ServerConfig>,
    /// Ended in 2020.
    pub expired: Arc<ServerConfig>,
    /// Signed by an authority that nobody knows.
    pub unknown_authority: Arc<ServerConfig>,
}

impl Certificates {
    /// Makes them all, for 127.0.0.1.
    pub fn make() -> Self {
        let (known, unknown) = (authority("Known"), authority("Unknown"));
        Self {
            authority_pem: known.pem(),
            right: server(&known, host("127.0.0.1")),
            other_host: server(&known, host("elsewhere.example")),
            expired: {
                let mut params = host("127.0.0.1");
                params.not_before = date_time_ymd(2019, 1, 1);
                params.not_after = date_time_ymd(2020, 1, 1);
                server(&known, params)
            },
            unknown_authority: server(&unknown, host("127.0.0.1")),
        }
    }
}

fn host(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(
        rcgen::DnType::CommonName,
        format!("{name} authority for tests"),
    );
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn server(
    authority: &CertifiedIssuer<'static, KeyPair>,
    params: CertificateParams,
) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}
