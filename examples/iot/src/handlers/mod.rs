//! Your code: one file for each channel.

mod authenticate;
mod device;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

/// What all devices share. `Default` knows no key: nobody can connect.
#[derive(Default)]
pub struct Handlers {
    /// The secret of each device, by the device's identity.
    secrets: HashMap<String, String>,
    /// How many commands were given, which numbers them.
    commands: AtomicU64,
}

impl Handlers {
    /// Knows the keys in the environment variable `DEVICE_KEYS`, separated by commas.
    pub fn from_environment() -> Self {
        Self::with_keys(&std::env::var("DEVICE_KEYS").unwrap_or_default())
    }

    /// Knows these keys, separated by commas: each a device's identity, a dot, and a secret.
    pub fn with_keys(keys: &str) -> Self {
        let secrets = keys
            .split(',')
            .filter_map(|key| key.trim().split_once('.'))
            .filter(|(device, secret)| !device.is_empty() && !secret.is_empty())
            .map(|(device, secret)| (device.to_owned(), secret.to_owned()));
        Self {
            secrets: secrets.collect(),
            ..Self::default()
        }
    }
}
