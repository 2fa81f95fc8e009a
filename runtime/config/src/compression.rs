//! `[compression]`

use serde::{Deserialize, Serialize};

use crate::units;

/// `[compression]`: the extension permessage-deflate (RFC 7692), with clients that offer it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Compression {
    /// Whether the extension is agreed to. Leave it off where secrets and text of an attacker's choice share a message:
    /// the compressed length tells one from the other (BREACH). Default false.
    pub enabled: bool,
    /// Shorter messages, in bytes, are sent as they are. Default 512 B.
    #[serde(with = "units::size")]
    pub threshold: usize,
    /// From 1, the fastest, to 9, the smallest. Default 3.
    pub level: u32,
    /// The base-2 logarithm of the window: how far back, in bytes, a repetition is found. From 9 to 15. Default 15.
    pub window_bits: u8,
    /// Whether a connection's messages are compressed with what came before them, where the client wants it too: smaller
    /// by a lot where messages are alike, and the server keeps about 390 KiB for each connection. Default false.
    pub context_takeover: bool,
    /// Memory of the process for `context_takeover`; a connection beyond it is compressed without. Default 64 MiB.
    #[serde(with = "units::size")]
    pub context_memory: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            enabled: false,
            threshold: 512,
            level: 3,
            window_bits: 15,
            context_takeover: false,
            context_memory: 64 << 20,
        }
    }
}
