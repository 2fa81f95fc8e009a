//! Settings of what lies beyond one process: the broker, and what of topics is kept.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::units;

/// `[broker]`: how servers share topics.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Broker {
    /// What connects the servers. Default `memory`: nothing, this process is the only one.
    pub kind: BrokerKind,
    /// Where it is: `redis://host:6379/0`, `rediss://` with TLS; `nats://host:4222`, `tls://` with TLS, several separated
    /// by commas. `USER:PASSWORD@` may be in it, and for NATS `TOKEN@`; they are never shown.
    pub url: BrokerUrl,
    /// The file of the authorities that sign the broker's certificate, PEM. Default `""`: those of the system.
    pub ca: PathBuf,
    /// What the names of our channels and keys there begin with; servers that are to hear each other have the same.
    /// Default `wsgen`.
    pub prefix: String,
    /// Within this time after another server's last sign of life its members are gone. Default 15 s.
    #[serde(with = "units::duration")]
    pub presence_ttl: Duration,
}

impl Default for Broker {
    fn default() -> Self {
        Self {
            kind: BrokerKind::default(),
            url: BrokerUrl::default(),
            ca: PathBuf::new(),
            prefix: "wsgen".to_owned(),
            presence_ttl: Duration::from_secs(15),
        }
    }
}

/// What connects servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BrokerKind {
    /// Nothing: topics are those of this process.
    #[default]
    Memory,
    /// Redis 6.2 or later, where the program is built with the feature `redis`.
    Redis,
    /// NATS, where the program is built with the feature `nats`.
    Nats,
}

/// The address of a broker, perhaps with credentials, which are not shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct BrokerUrl(String);

impl BrokerUrl {
    /// The address with its credentials.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for BrokerUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

/// The address without its credentials.
impl fmt::Display for BrokerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, url) in self.0.split(',').enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            match (url.split_once("://"), url.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, host))) => write!(formatter, "{scheme}://…@{host}")?,
                (None, Some((_, host))) => write!(formatter, "…@{host}")?,
                (_, None) => formatter.write_str(url)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{self}\"")
    }
}

impl Serialize for BrokerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `[resume]`: clients that return get what they missed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Resume {
    /// The channels, by their names in the document, on which clients may resume. Default none.
    pub channels: Vec<String>,
    /// How many messages of a topic are kept. Default 128.
    pub messages: usize,
    /// How long they are kept. Default 2 min.
    #[serde(with = "units::duration")]
    pub age: Duration,
    /// How many bytes of them this process keeps, of all topics together. Default 64 MiB.
    #[serde(with = "units::size")]
    pub memory: usize,
}

impl Default for Resume {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            messages: 128,
            age: Duration::from_secs(120),
            memory: 64 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        for (url, shown) in [
            ("", ""),
            ("redis://localhost:6379/1", "redis://localhost:6379/1"),
            ("rediss://ada:pa@ss@db:6379", "rediss://…@db:6379"),
            (
                "nats://token@a:4222,nats://u:p@b",
                "nats://…@a:4222,nats://…@b",
            ),
            ("u:p@b", "…@b"),
        ] {
            let url = BrokerUrl::from(url.to_owned());
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("\"{shown}\""));
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
        }
    }
}
