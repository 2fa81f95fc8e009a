//! Hosts as URLs and the header `Host` name them (RFC 3986, section 3.2.2; RFC 9110, section 7.2).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A name, which somebody's name server resolves, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// In lower case.
    Name(String),
    /// An address of either version, brackets left off.
    Address(IpAddr),
}

/// A host and its port, if one is written: `example.com`, `127.0.0.1:8080`, `[::1]:8080`. `None` when it is neither.
pub fn authority(text: &str) -> Option<(Host, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (text, ""),
    };
    let port = match port.bytes().all(|byte| byte.is_ascii_digit()) {
        true if port.is_empty() => None,
        true => Some(port.parse().ok()?),
        false => return None,
    };
    Some((Host::parse(host)?, port))
}

impl Host {
    /// The host that `text` names, if it is one: without port.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[') {
            let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        (!text.is_empty() && is_name(text)).then(|| Self::Name(text.to_ascii_lowercase()))
    }

    /// Whether this is the machine that the client runs on, whatever name servers say: browsers do not ask them for
    /// `localhost` (RFC 6761, section 6.3).
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

/// Whether these are characters of a name, escapes whole. A comma is not: two headers merged into one have it.
fn is_name(text: &str) -> bool {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let is_right = match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()];
                digits
                    .iter()
                    .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            other => other.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(&other),
        };
        if !is_right {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        for (text, host, port) in [
            ("a.Example", "a.example", None),
            ("a:", "a", None),
            ("a:0443", "a", Some(443)),
            ("127.0.0.1:80", "127.0.0.1", Some(80)),
            ("[::1]", "[::1]", None),
            ("[2001:DB8:0:0::1]:65535", "[2001:db8::1]", Some(65535)),
            ("a%20b", "a%20b", None),
        ] {
            let (found, found_port) = authority(text).unwrap();
            assert_eq!(
                (found.to_string().as_str(), found_port),
                (host, port),
                "{text}"
            );
        }
        for wrong in [
            "", ":80", "a:+1", "a:65536", "a:b", "a b", "a,b", "a@b", "a/", "::1", "[::1", "::1]",
            "[a]", "[::1]x", "[::1]:x", "a%2", "a%zz", "\u{e9}", "a\0",
        ] {
            assert_eq!(authority(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn loopback_has_many_names() {
        for (text, expected) in [
            ("localhost", true),
            ("a.LOCALHOST", true),
            ("127.8.8.8", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("notlocalhost", false),
            ("localhost.example", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(Host::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }
}
