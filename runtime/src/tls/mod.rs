//! TLS, where the feature `tls` is on; without it, settings that ask for TLS are a fault, never a server in the clear.

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod acceptor;

use std::net::SocketAddr;

#[cfg(not(feature = "tls"))]
pub(crate) use absent::Tls;
#[cfg(feature = "tls")]
pub(crate) use acceptor::Tls;

use crate::config::{self, Config};

/// Whether the settings ask for TLS here.
pub(crate) fn is_wanted(tls: &config::Tls) -> bool {
    tls.self_signed || !tls.certificate.as_os_str().is_empty()
}

/// Why a server whose document says `wss` must not start like this, if it must not.
pub(crate) fn fault_in_the_clear(config: &Config) -> Option<String> {
    let address: SocketAddr = config.listen.address;
    let tls = &config.tls;
    let is_safe = address.ip().is_loopback() || tls.terminated_by_proxy || is_wanted(tls);
    (!is_safe).then(|| {
        format!(
            "the document says wss://, and {address} (listen.address) can be reached from outside, but nothing \
             encrypts: set tls.certificate and tls.key, or tls.terminated_by_proxy = true if a proxy in front does"
        )
    })
}
