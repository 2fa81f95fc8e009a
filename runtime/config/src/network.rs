//! A network as operators write it: `10.0.0.0/8`, `2001:db8::/32`, a single address, or `unix`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands for the peers of Unix sockets.
const UNIX: &str = "unix";

/// A range of IP addresses, or the peers of Unix sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// These addresses.
    Ip(IpNet),
    /// Whoever connects by a Unix socket.
    Unix,
}

impl Network {
    /// Whether `address` is one of the network's. The peer of a Unix socket has the address `0.0.0.0`.
    pub fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Ip(network) => network.contains(&address),
            Self::Unix => address.is_unspecified() && address.is_ipv4(),
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == UNIX {
            return Ok(Self::Unix);
        }
        let network = match text.parse() {
            Ok(network) => Ok(network),
            Err(_) => text.parse().map(|address: IpAddr| address.into()),
        };
        network.map(Self::Ip).map_err(|_| {
            format!(
                "{text:?} is not a network; write for instance \"10.0.0.0/8\", \"2001:db8::1\" or \"unix\""
            )
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(network) => network.fmt(formatter),
            Self::Unix => formatter.write_str(UNIX),
        }
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("unix", "0.0.0.0", true),
            ("unix", "0.0.0.1", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                expected,
                "{network} {address}"
            );
        }
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "a.example",
            "10.0.0.0/-1",
            "10.0.0.0/",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn networks_are_written_as_they_are_read() {
        for text in ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32", "unix"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
    }
}
