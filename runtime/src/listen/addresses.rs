//! How many connections each address has.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::listen::shares::{Share, Shares};

/// The connections of every address.
pub(crate) struct Addresses {
    shares: Shares<IpAddr>,
    /// Whether the log has been told.
    told: AtomicBool,
}

impl Addresses {
    /// At most `most` connections for each address; 0 is no limit.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            shares: Shares::new(most),
            told: AtomicBool::new(false),
        }
    }

    /// A place for a connection from `address`, if there is one.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Share<IpAddr>> {
        let address = counted(address);
        let share = self.shares.enter(address);
        if share.is_none() {
            self.tell(address);
        }
        share
    }

    /// Once: behind a proxy that is not named, every client is that address.
    fn tell(&self, address: IpAddr) {
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %address,
                limit = self.shares.most(),
                "limits.connections_per_address is reached; if that is a proxy, name it in proxy.trusted"
            );
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
    fn an_address_has_two_spellings() {
        let addresses = Addresses::new(1);
        let _first = addresses.enter("192.0.2.1".parse().unwrap());
        assert!(
            addresses
                .enter("::ffff:192.0.2.1".parse().unwrap())
                .is_none()
        );
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
