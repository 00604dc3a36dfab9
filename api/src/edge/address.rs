//! Who is at the other end: the peer, or the client for whom a trusted proxy asks.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};
use ipnet::IpNet;
use stipple_shared::config::ForwardedHeader;

/// The proxies that are believed.
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    header: HeaderName,
    read: fn(&str) -> Option<IpAddr>,
}

impl Proxies {
    pub(super) fn new(trusted: Vec<IpNet>, header: ForwardedHeader) -> Self {
        let (header, read): (_, fn(&str) -> Option<IpAddr>) = match header {
            ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, node),
            ForwardedHeader::Forwarded => (FORWARDED, forwarded_for),
        };
        Self {
            trusted,
            header,
            read,
        }
    }

    /// Whether this is one of them.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The client's address: from right to left the first that isn't a proxy of ours, since each proxy adds at the right
    /// whom it was asked by, and what stands further left may be made up.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        if self.trusted.is_empty() || !self.trust(nearest) {
            return nearest;
        }
        let values: Vec<_> = headers.get_all(&self.header).collect();
        for value in values.into_iter().rev() {
            let Ok(text) = value.to_str() else {
                return nearest;
            };
            // A comma inside of quotes can't be part of an address, so it needn't be told from others.
            for said in text.rsplit(',') {
                let Some(address) = (self.read)(said.trim()) else {
                    return nearest;
                };
                nearest = address;
                if !self.trust(address) {
                    return nearest;
                }
            }
        }
        nearest
    }
}

/// `for` of an element of RFC 7239's header.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("for") {
            return None;
        }
        node(value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port, in brackets or not.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

/// What counts as one address: whoever has an IPv6 address has a /64 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group(u128);

impl Group {
    pub(super) fn of(address: IpAddr) -> Self {
        Self::with_mask(address, 32, 64)
    }

    /// A whole network, for when there are too many to tell them apart: 65,536 of each kind at most.
    pub(super) fn coarse(address: IpAddr) -> Self {
        Self::with_mask(address, 16, 16)
    }

    fn with_mask(address: IpAddr, v4_bits: u32, v6_bits: u32) -> Self {
        let (bits, kept) = match address.to_canonical() {
            IpAddr::V4(address) => (u128::from(address.to_ipv6_mapped()), 96 + v4_bits),
            IpAddr::V6(address) => (u128::from(address), v6_bits),
        };
        let mask = u128::MAX.checked_shl(128 - kept).unwrap_or(u128::MAX);
        Self(bits & mask)
    }
}

impl std::fmt::Display for Group {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ipv6Addr::from(self.0).fmt(formatter)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn client(header: ForwardedHeader, peer: &str, values: &[&str]) -> String {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48"];
        let trusted = trusted.iter().map(|one| one.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        let name = match header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => FORWARDED,
        };
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        // The other header is only ever there to deceive.
        headers.insert(
            HeaderName::from_static("x-real-ip"),
            HeaderValue::from_static("6.6.6.6"),
        );
        Proxies::new(trusted, header)
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn the_first_from_the_right_that_is_no_proxy_of_ours_is_the_client() {
        for (peer, values, expected) in [
            // Nobody's word is taken but a proxy's.
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            (
                "127.0.0.1",
                &["6.6.6.6, 198.51.100.1, 10.2.3.4"],
                "198.51.100.1",
            ),
            // Several lines are one list.
            ("127.0.0.1", &["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("127.0.0.1", &["[2001:db8:2::7]:4711"], "2001:db8:2::7"),
            ("127.0.0.1", &["2001:db8:2::7"], "2001:db8:2::7"),
            ("127.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("2001:db8:1::1", &["198.51.100.1"], "198.51.100.1"),
            // Where the chain breaks, the last that is known counts.
            ("127.0.0.1", &["198.51.100.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, ,10.0.0.9"], "10.0.0.9"),
            ("127.0.0.1", &[""], "127.0.0.1"),
            ("127.0.0.1", &["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        ] {
            let seen = client(ForwardedHeader::XForwardedFor, peer, values);
            assert_eq!(seen, expected, "{peer} {values:?}");
        }
    }

    #[test]
    fn the_header_of_rfc_7239_is_read_the_same_way() {
        for (values, expected) in [
            (
                &["for=192.0.2.60;proto=http;by=203.0.113.43"][..],
                "192.0.2.60",
            ),
            (&["for=6.6.6.6, For=\"192.0.2.61:80\""], "192.0.2.61"),
            (&["for=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (&["for=6.6.6.6, for=_hidden"], "127.0.0.1"),
            (&["for=6.6.6.6", "proto=https"], "127.0.0.1"),
            // A quote that a client left open doesn't swallow what the proxy added.
            (&["for=\"6.6.6.6, for=192.0.2.62"], "192.0.2.62"),
        ] {
            let seen = client(ForwardedHeader::Forwarded, "127.0.0.1", values);
            assert_eq!(seen, expected, "{values:?}");
        }
    }

    #[test]
    fn a_line_of_ipv6_counts_as_one_and_whole_networks_do_in_a_crowd() {
        let of = |text: &str| Group::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        let coarse = |text: &str| Group::coarse(text.parse().unwrap());
        assert_eq!(coarse("192.0.2.1"), coarse("192.0.77.1"));
        assert_ne!(coarse("192.0.2.1"), coarse("192.1.2.1"));
        assert_eq!(coarse("2001:db8::1"), coarse("2001:1::1"));
    }
}
