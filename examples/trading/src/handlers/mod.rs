//! Your code: one file for each channel.

mod authenticate;
mod exchange;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::market::Market;

/// What all traders share. `Default` knows no key: nobody can connect.
#[derive(Default)]
pub struct Handlers {
    /// The secret of each trader, by the trader's name.
    secrets: HashMap<String, String>,
    market: Mutex<Market>,
}

impl Handlers {
    /// Knows the keys in the environment variable `TRADING_KEYS`, separated by commas.
    pub fn from_environment() -> Self {
        Self::with_keys(&std::env::var("TRADING_KEYS").unwrap_or_default())
    }

    /// Knows these keys, separated by commas: each a trader's name, a dot, and a secret.
    pub fn with_keys(keys: &str) -> Self {
        let secrets = keys
            .split(',')
            .filter_map(|key| key.trim().split_once('.'))
            .filter(|(trader, secret)| !trader.is_empty() && !secret.is_empty())
            .map(|(trader, secret)| (trader.to_owned(), secret.to_owned()));
        Self {
            secrets: secrets.collect(),
            ..Self::default()
        }
    }

    fn market(&self) -> MutexGuard<'_, Market> {
        self.market.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
