//! What stands between the network and the handlers: limits, proxies, other origins.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use url::Url;

/// Who may ask how much, through whom, and from which pages.
#[derive(Args, Clone)]
pub struct EdgeArgs {
    /// How many requests a minute a key may make, 1 to 1000000000, or off
    #[arg(
        long,
        env = "STIPPLE_RATE_LIMIT",
        value_name = "NUMBER",
        default_value = "6000"
    )]
    pub rate_limit: Limit,
    /// The same for all that comes from one client address; an IPv6 address counts with its /64
    #[arg(
        long,
        env = "STIPPLE_ADDRESS_RATE_LIMIT",
        value_name = "NUMBER",
        default_value = "12000"
    )]
    pub address_rate_limit: Limit,
    /// How many connections may be open at once; more wait until one ends
    #[arg(long, env = "STIPPLE_MAX_CONNECTIONS", value_name = "NUMBER", default_value = "10000", value_parser = connections)]
    pub max_connections: NonZeroU32,
    /// How many of them may come from one address, or off; proxies that are trusted are free of it
    #[arg(
        long,
        env = "STIPPLE_ADDRESS_CONNECTIONS",
        value_name = "NUMBER",
        default_value = "250"
    )]
    pub address_connections: Limit,
    /// The proxies in front of this server, addresses or networks as in 127.0.0.1,10.1.0.0/16: only from them is it
    /// believed for whom they ask [default: none]
    #[arg(long, env = "STIPPLE_TRUSTED_PROXIES", value_name = "ADDRESSES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which these proxies say for whom they ask; the other one isn't looked at
    #[arg(
        long,
        env = "STIPPLE_FORWARDED_HEADER",
        value_name = "NAME",
        default_value = "x-forwarded-for"
    )]
    pub forwarded_header: ForwardedHeader,
    /// The origins whose pages may use the API in a browser, as in `https://desk.example.com`, several with commas
    /// [default: none]
    #[arg(
        long,
        env = "STIPPLE_ALLOWED_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub allowed_origins: Vec<Origin>,
}

/// A number that may be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<NonZeroU32>);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("off") || text == "0" {
            return Ok(Self(None));
        }
        text.parse()
            .ok()
            .filter(|number: &NonZeroU32| number.get() <= 1_000_000_000)
            .map(|number| Self(Some(number)))
            .ok_or("write a number from 1 to 1000000000, or off")
    }
}

/// Where a proxy says for whom it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForwardedHeader {
    /// What nearly all proxies write.
    XForwardedFor,
    /// What RFC 7239 made of it.
    Forwarded,
}

/// An origin as browsers write it: scheme, host, and the port where it isn't the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The text to compare with a request's Origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write each origin exactly: http:// or https://, a host and perhaps a port, nothing after it, \
            as in https://desk.example.com";
        let url = Url::parse(text.trim()).map_err(|_| WRONG)?;
        let is_bare = url.path() == "/"
            && !text.trim().ends_with('/')
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let has_host = url
            .host_str()
            .is_some_and(|host| !host.is_empty() && !host.contains('*'));
        if !matches!(url.scheme(), "http" | "https") || !has_host || !is_bare {
            return Err(WRONG);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let text = text.trim();
    text.parse::<IpNet>()
        .map(|network| network.trunc())
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            "write IP addresses or networks, as in 127.0.0.1,10.1.0.0/16; a name can't be trusted"
        })
}

fn connections(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse()
        .ok()
        .filter(|number: &NonZeroU32| (10..=1_000_000).contains(&number.get()))
        .ok_or("write a number from 10 to 1000000")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_exact_and_written_as_browsers_do() {
        for (text, expected) in [
            ("https://desk.example.com", "https://desk.example.com"),
            ("https://Desk.Example.com:443", "https://desk.example.com"),
            ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), expected);
        }
        for wrong in [
            "",
            "*",
            "null",
            "desk.example.com",
            "https://*.example.com",
            "https://desk.example.com/",
            "https://desk.example.com/app",
            "https://desk.example.com?x",
            "https://user@desk.example.com",
            "file:///srv/desk.html",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_and_proxies_are_read() {
        assert_eq!("off".parse(), Ok(Limit(None)));
        assert_eq!("0".parse(), Ok(Limit(None)));
        assert_eq!("60".parse(), Ok(Limit(NonZeroU32::new(60))));
        for wrong in ["", "-1", "1e3", "2000000000", "none"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
        assert!(
            network("10.1.2.3/8")
                .unwrap()
                .contains(&"10.200.0.1".parse::<IpAddr>().unwrap())
        );
        assert_eq!(network(" ::1 ").unwrap().to_string(), "::1/128");
        for wrong in ["", "proxy", "10.0.0.0/33", "*"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
        assert!(connections("9").is_err());
    }
}
