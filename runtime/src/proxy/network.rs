//! A network as operators write it: `10.0.0.0/8`, `2001:db8::/32`, or a single address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::binding::NOWHERE;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// What stands for whoever comes by a Unix socket, and has no address.
const UNIX: &str = "unix";

/// An address and how many of its leading bits count. `unix` is that of clients without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Whether `address` is in this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shared = (network.to_bits() ^ address.to_bits()).leading_zeros();
                shared >= self.prefix
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shared = (network.to_bits() ^ address.to_bits()).leading_zeros();
                shared >= self.prefix
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!(
                "{text:?} is no network; write for instance \"10.0.0.0/8\", \"2001:db8::1\" or \"unix\""
            )
        };
        if text == UNIX {
            return Ok(Self {
                address: NOWHERE.ip(),
                prefix: 32,
            });
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| fault())?,
            None => bits,
        };
        match prefix <= bits {
            true => Ok(Self { address, prefix }),
            false => Err(fault()),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix == 32 && self.address == NOWHERE.ip() {
            true => formatter.write_str(UNIX),
            false => write!(formatter, "{}/{}", self.address, self.prefix),
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
    fn networks_contain_what_they_should() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.1.2"));
        assert!(!contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("192.0.2.1", "192.0.2.1"));
        assert!(!contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("0.0.0.0/0", "203.0.113.1"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("unix", "0.0.0.0"));
        assert!(!contains("unix", "0.0.0.1"));
        let unix: Network = "unix".parse().unwrap();
        assert_eq!(unix.to_string(), "unix");
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!contains("2001:db8::/32", "2001:db9::1"));
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
}
