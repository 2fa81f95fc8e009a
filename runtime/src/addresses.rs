//! How many connections each address has, so that one client cannot take the room of all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The connections of every address. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Addresses {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
    /// Whether the log has been told.
    told: Arc<AtomicBool>,
}

/// A connection's place among those of its address, until dropped.
pub(crate) struct AddressPlace {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// At most `most` connections for each address; 0 is no limit.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            open: Arc::default(),
            most,
            told: Arc::default(),
        }
    }

    /// A place for a connection from `address`, if there is one.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<AddressPlace> {
        let address = counted(address);
        if self.most > 0 {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(address).or_default();
            if *count >= self.most {
                self.tell(address);
                return None;
            }
            *count += 1;
        }
        Some(AddressPlace {
            addresses: self.clone(),
            address,
        })
    }

    /// Once: behind a proxy that is not named, every client is that address.
    fn tell(&self, address: IpAddr) {
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %address,
                limit = self.most,
                "limits.connections_per_address is reached; if that is a proxy, name it in proxy.trusted"
            );
        }
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let Addresses { open, most, .. } = &self.addresses;
        if *most == 0 {
            return;
        }
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// The address that is counted: of IPv6 the first 64 bits, since a client has all the others to choose from.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let addresses = Addresses::new(2);
        let enter = |address: &str| addresses.enter(address.parse().unwrap());
        let first = enter("192.0.2.1");
        let second = enter("::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        drop(second);
        assert!(addresses.open.lock().unwrap().is_empty());
    }

    #[test]
    fn an_ipv6_network_of_one_client_is_one_address() {
        let addresses = Addresses::new(1);
        let _first = addresses.enter("2001:db8::1".parse().unwrap());
        assert!(
            addresses
                .enter("2001:db8::ffff:2".parse().unwrap())
                .is_none()
        );
        assert!(
            addresses
                .enter("2001:db8:0:1::1".parse().unwrap())
                .is_some()
        );
    }
}
