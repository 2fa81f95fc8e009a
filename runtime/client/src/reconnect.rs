//! When to connect again: exponential back-off with full jitter, so that clients of a server that restarts do not come
//! back all at once.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How a client connects again after its connection was lost, or closed by a server that restarts or is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The longest wait before the first attempt; each next one may take twice as long. Default 500 ms.
    pub first: Duration,
    /// The longest wait at all. Default 30 s.
    pub most: Duration,
    /// How many attempts in a row may fail; `None` is without end. Default `None`.
    pub attempts: Option<u32>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            most: Duration::from_secs(30),
            attempts: None,
        }
    }
}

impl Reconnect {
    /// How long to wait before an attempt, counted from 0: anything from nothing to the longest wait, by chance.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        // A fresh hasher is seeded by chance.
        let chance = RandomState::new().hash_one(attempt) % 1001;
        self.ceiling(attempt) / 1000 * chance as u32
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        self.first.saturating_mul(factor).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let reconnect = Reconnect::default();
        let ceilings =
            [0, 1, 2, 6, 40, u32::MAX].map(|attempt| reconnect.ceiling(attempt).as_millis());
        assert_eq!(ceilings, [500, 1000, 2000, 30_000, 30_000, 30_000]);
        let delays = (0..100).map(|_| reconnect.delay(1));
        assert!(delays.clone().all(|delay| delay <= Duration::from_secs(1)));
        assert!(delays.collect::<std::collections::HashSet<_>>().len() > 10);
        let forever = Reconnect {
            first: Duration::MAX,
            most: Duration::MAX,
            attempts: None,
        };
        assert!((0..10_000).all(|_| forever.delay(0) <= Duration::MAX));
    }
}
