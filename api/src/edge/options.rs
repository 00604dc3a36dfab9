//! How the edge is set up.

use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use stipple_shared::config::{EdgeArgs, ForwardedHeader, Origin};

/// How much may be asked, by whom, and how long it may take.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Requests a minute for each key; no limit where there is none.
    pub key_rate: Option<NonZeroU32>,
    /// Requests a minute for each client address; no limit where there is none.
    pub address_rate: Option<NonZeroU32>,
    /// Connections at once.
    pub connections: NonZeroU32,
    /// Connections at once from one address; no limit where there is none.
    pub address_connections: Option<NonZeroU32>,
    /// The proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where they say for whom they ask.
    pub forwarded_header: ForwardedHeader,
    /// The origins whose pages may use the API.
    pub allowed_origins: Vec<Origin>,
    /// How long things may take.
    pub times: Times,
}

/// How long a request's parts may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Until a request's line and headers are there.
    pub head: Duration,
    /// Until its body is there.
    pub body: Duration,
    /// Until it's answered, its body's arrival included.
    pub answer: Duration,
    /// For how long a connection waits for its next request.
    pub idle: Duration,
    /// For how long a client may take nothing of what it's sent.
    pub stalled: Duration,
    /// How long the end of a connection may take.
    pub end: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
            end: Duration::from_secs(5),
        }
    }
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            key_rate: None,
            address_rate: None,
            connections: NonZeroU32::new(10_000).unwrap_or(NonZeroU32::MIN),
            address_connections: None,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            allowed_origins: Vec::new(),
            times: Times::default(),
        }
    }
}

impl From<EdgeArgs> for EdgeOptions {
    fn from(settings: EdgeArgs) -> Self {
        Self {
            key_rate: settings.rate_limit.0,
            address_rate: settings.address_rate_limit.0,
            connections: settings.max_connections,
            address_connections: settings.address_connections.0,
            trusted_proxies: settings.trusted_proxies,
            forwarded_header: settings.forwarded_header,
            allowed_origins: settings.allowed_origins,
            times: Times::default(),
        }
    }
}
