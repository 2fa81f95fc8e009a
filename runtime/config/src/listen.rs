//! Where a server listens, as settings say it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// `127.0.0.1:8080`, `[::]:8080`.
    Ip(SocketAddr),
    /// `localhost:8080`: all addresses that the name has when the server starts.
    Name(String, u16),
    /// `unix:/run/app.sock`: a Unix socket at this path.
    Unix(PathBuf),
    /// `systemd`: the sockets that systemd passes (`LISTEN_FDS`), of both kinds.
    Systemd,
}

/// One address, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(Vec<Address>);

impl Addresses {
    /// The addresses, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &Address> {
        self.0.iter()
    }

    /// Whether there is none, with which no server starts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Address> for Addresses {
    fn from(address: Address) -> Self {
        Self(vec![address])
    }
}

impl From<SocketAddr> for Addresses {
    fn from(address: SocketAddr) -> Self {
        Address::Ip(address).into()
    }
}

impl FromIterator<Address> for Addresses {
    fn from_iter<T: IntoIterator<Item = Address>>(addresses: T) -> Self {
        Self(addresses.into_iter().collect())
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        match text.strip_prefix("unix:") {
            Some("") => return Err("\"unix:\" needs the path of a socket behind it".to_owned()),
            Some(path) => return Ok(Self::Unix(path.into())),
            None if text == "systemd" => return Ok(Self::Systemd),
            None => {}
        }
        let fault = || {
            format!(
                "{text:?} is no address; write for instance \"127.0.0.1:8080\", \"localhost:8080\", \"unix:/run/app.sock\" or \"systemd\""
            )
        };
        let (name, port) = text.rsplit_once(':').ok_or_else(fault)?;
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        // A name of digits alone is an address that somebody has mistyped.
        let is_name =
            name.chars().all(is_of_name) && name.contains(|c: char| c.is_ascii_alphabetic());
        let port = port
            .parse()
            .ok()
            .filter(|_| is_name && port.bytes().all(|byte| byte.is_ascii_digit()));
        Ok(Self::Name(name.to_owned(), port.ok_or_else(fault)?))
    }
}

impl FromStr for Addresses {
    type Err = String;

    /// A single address.
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(|address: Address| address.into())
    }
}

/// As settings say it.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(formatter),
            Self::Name(name, port) => write!(formatter, "{name}:{port}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Systemd => formatter.write_str("systemd"),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)
            .map_err(|_| D::Error::custom("an address or a list of them is expected"))?;
        let texts = match written {
            Written::One(text) => vec![text],
            Written::Several(texts) => texts,
        };
        let addresses = texts.iter().map(|text| text.parse());
        addresses
            .collect::<Result<Self, _>>()
            .map_err(D::Error::custom)
    }
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [address] => serializer.collect_str(address),
            addresses => serializer.collect_seq(addresses.iter().map(Address::to_string)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn addresses_are_written_as_they_are_read() {
        for (text, address) in [
            ("127.0.0.1:0", Address::Ip("127.0.0.1:0".parse().unwrap())),
            ("[::]:80", Address::Ip("[::]:80".parse().unwrap())),
            (
                "localhost:8080",
                Address::Name("localhost".to_owned(), 8080),
            ),
            ("a-b.c_d:1", Address::Name("a-b.c_d".to_owned(), 1)),
            ("unix:/run/a b.sock", Address::Unix("/run/a b.sock".into())),
            ("systemd", Address::Systemd),
        ] {
            assert_eq!(text.parse(), Ok(address.clone()));
            assert_eq!(address.to_string(), text);
        }
        for wrong in [
            "",
            ":80",
            "localhost",
            "localhost:",
            "localhost:+1",
            "localhost:65536",
            "127.0.0:80",
            "unix:",
            "a/b:80",
            "http://a:80",
            "[::1:80",
            "::1:80",
            "systemd:80x",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_settings_name_one_or_several() {
        let addresses = |value: &str| {
            let config = Config::from_toml(&format!("[listen]\naddress = {value}"));
            config
                .map(|config| config.listen.address)
                .map_err(|error| error.to_string())
        };
        assert_eq!(addresses("\"localhost:80\"").unwrap().iter().count(), 1);
        let two = addresses("[\"127.0.0.1:80\", \"unix:a\"]").unwrap();
        assert_eq!(two.iter().count(), 2);
        let mut config = Config::default();
        config.listen.address = two;
        assert_eq!(Config::from_toml(&config.to_toml()).unwrap(), config);
        for (wrong, words) in [
            ("80", "an address or a list"),
            ("[]", "listen.address must name"),
            ("[\"nonsense\"]", "\"nonsense\" is no address"),
            ("\"nonsense\"", "\"nonsense\" is no address"),
        ] {
            let fault = addresses(wrong).unwrap_err();
            assert!(fault.contains(words), "{fault}");
        }
    }
}
