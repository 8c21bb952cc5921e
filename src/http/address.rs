//! Addresses: networks in CIDR notation (RFC 4632, RFC 4291 section 2.3), and which address a request came from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::HeaderMap;

/// A network: `10.0.0.0/8`, `2001:db8::/32`, or one address. IPv4-mapped IPv6 addresses count as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether every address of its kind is in it.
    pub fn is_everywhere(&self) -> bool {
        self.prefix == 0
    }

    /// Whether the network has this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => masked_v4(address.to_bits(), self.prefix) == network.to_bits(),
            (IpAddr::V6(network), IpAddr::V6(address)) => masked_v6(address.to_bits(), self.prefix) == network.to_bits(),
            _ => false,
        }
    }
}

fn masked_v4(bits: u32, prefix: u8) -> u32 {
    bits & u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

fn masked_v6(bits: u128, prefix: u8) -> u128 {
    bits & u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a network; write an address and a prefix length, such as \"10.0.0.0/8\" or \"2001:db8::/32\"");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if written.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| wrong())?,
            Some(_) => return Err(wrong()),
        };
        if prefix > longest {
            return Err(format!("`{text}` has a prefix of {prefix} bits; an address of this kind has {longest}"));
        }
        let address = written.to_canonical();
        let prefix = match (written, address) {
            (IpAddr::V6(_), IpAddr::V4(_)) if prefix < 96 => return Err(wrong()),
            (IpAddr::V6(_), IpAddr::V4(_)) => prefix - 96,
            _ => prefix,
        };
        let network = match address {
            IpAddr::V4(address) => IpAddr::V4(masked_v4(address.to_bits(), prefix).into()),
            IpAddr::V6(address) => IpAddr::V6(masked_v6(address.to_bits(), prefix).into()),
        };
        let cidr = Self { network, prefix };
        if network == address { Ok(cidr) } else { Err(format!("`{text}` has bits beyond its prefix; the network is \"{cidr}\"")) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Cidr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$",
            "description": "A network: an address and a prefix length, or one address."
        })
    }
}

/// The client's address. A peer that is no trusted proxy is the client. Behind trusted proxies it is the rightmost entry of
/// `X-Forwarded-For` that is not itself trusted; an entry that is no address ends the search at the proxy that sent it.
pub fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Cidr]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer;
    if !is_trusted(peer) {
        return Some(client);
    }
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        for entry in line.to_str().unwrap_or("?").rsplit(',') {
            let Some(address) = entry_address(entry.trim()) else { return Some(client) };
            client = address;
            if !is_trusted(client) {
                return Some(client);
            }
        }
    }
    Some(client)
}

/// The network that counts as one client: a whole IPv4 address, the first 64 bits of an IPv6 address.
pub fn client_network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}/64", address.to_bits() >> 64),
    }
}

/// `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn entry_address(entry: &str) -> Option<IpAddr> {
    let bare = match entry.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if entry.bytes().filter(|b| *b == b':').count() == 1 => entry.split_once(':')?.0,
        None => entry,
    };
    Some(bare.parse::<IpAddr>().ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn networks_hold_their_addresses() {
        let rows = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ];
        for (network, address, expect) in rows {
            let cidr: Cidr = network.parse().unwrap();
            assert_eq!(cidr.contains(address.parse().unwrap()), expect, "{network} {address}");
        }
    }

    #[test]
    fn wrong_networks_say_what_is_right() {
        let rows = [
            ("10.0.0.0/33", "has 32"),
            ("10.0.0.1/8", "the network is \"10.0.0.0/8\""),
            ("10.0.0/8", "not a network"),
            ("10.0.0.0/", "not a network"),
            ("10.0.0.0/+8", "not a network"),
            ("2001:db8::/129", "has 128"),
            ("::ffff:0.0.0.0/90", "not a network"),
            ("example.com", "not a network"),
        ];
        for (text, part) in rows {
            let error = text.parse::<Cidr>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_client_is_the_rightmost_that_is_not_trusted() {
        let rows: &[(&str, &[&str], &str)] = &[
            ("203.0.113.7", &["1.1.1.1"], "203.0.113.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ];
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (peer, lines, expect) in rows {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let got = client(Some(peer.parse().unwrap()), &headers, &trusted);
            assert_eq!(got, Some(expect.parse().unwrap()), "{peer} {lines:?}");
        }
        assert_eq!(client(None, &HeaderMap::new(), &trusted), None);
    }

    proptest! {
        #[test]
        fn every_network_is_read_back(bits: u32, prefix in 0u8..=32) {
            let cidr = Cidr { network: IpAddr::V4(masked_v4(bits, prefix).into()), prefix };
            prop_assert_eq!(cidr.to_string().parse(), Ok(cidr));
            prop_assert!(cidr.contains(IpAddr::V4(bits.into())));
        }

        #[test]
        fn no_text_breaks_the_parsers(text in ".{0,40}") {
            let _ = (text.parse::<Cidr>(), entry_address(&text));
        }
    }
}
