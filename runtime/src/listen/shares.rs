//! How many connections each address or principal has, so that one cannot take the room of all.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

/// The connections of every `K`. Cheap to clone.
pub(crate) struct Shares<K> {
    open: Arc<Mutex<HashMap<K, usize>>>,
    most: usize,
}

/// A connection's place among those of its `K`, until dropped.
pub(crate) struct Share<K: Eq + Hash> {
    shares: Shares<K>,
    key: K,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// At most `most` connections for each; 0 is no limit.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            open: Arc::default(),
            most,
        }
    }

    /// How many connections each may have; 0 is no limit.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// A place for a connection of `key`, if there is one.
    pub(crate) fn enter(&self, key: K) -> Option<Share<K>> {
        if self.most > 0 {
            let mut open = self.lock();
            let count = open.entry(key.clone()).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Share {
            shares: self.clone(),
            key,
        })
    }
}

impl<K> Shares<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self {
            open: self.open.clone(),
            most: self.most,
        }
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut open = self.shares.lock();
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

/// What a connection holds of the server's room, until dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _address: Option<Share<IpAddr>>,
    _principal: Option<Share<String>>,
}

impl Place {
    pub(crate) fn new(permit: OwnedSemaphorePermit, address: Option<Share<IpAddr>>) -> Self {
        Self {
            _permit: permit,
            _address: address,
            _principal: None,
        }
    }

    /// With a place among the connections of an address, if it was not known before.
    pub(crate) fn with_address(self, address: Option<Share<IpAddr>>) -> Self {
        Self {
            _address: address.or(self._address),
            ..self
        }
    }

    /// With a place among the connections of a principal, if there is one.
    pub(crate) fn with_principal(self, principal: Option<Share<String>>) -> Self {
        Self {
            _principal: principal,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let shares = Shares::new(2);
        let (first, second) = (shares.enter("ada"), shares.enter("ada"));
        assert!(first.is_some() && second.is_some());
        assert!(shares.enter("ada").is_none());
        assert!(shares.enter("eve").is_some());
        drop(first);
        assert!(shares.enter("ada").is_some());
        drop(second);
        assert!(shares.lock().is_empty());
    }

    #[test]
    fn zero_is_no_limit() {
        let shares = Shares::new(0);
        let places: Vec<_> = (0..10).map(|_| shares.enter("ada")).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(shares.lock().is_empty());
    }
}
