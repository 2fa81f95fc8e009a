//! TLS, where the feature `tls` is on; without it, settings that ask for TLS are a fault, never a server in the clear.

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod acceptor;

#[cfg(not(feature = "tls"))]
pub(crate) use absent::Tls;
#[cfg(feature = "tls")]
pub(crate) use acceptor::Tls;
use wsgen_config as config;

use crate::listen::bind::Listener;

/// Whether the settings ask for TLS here.
pub(crate) fn is_wanted(tls: &config::Tls) -> bool {
    tls.self_signed || !tls.certificate.as_os_str().is_empty()
}

/// Why a server whose document says `wss` must not start like this, if it must not.
pub(crate) fn fault_in_the_clear(tls: &config::Tls, listeners: &[Listener]) -> Option<String> {
    let exposed = listeners.iter().find(|listener| !listener.is_local())?;
    let is_safe = tls.terminated_by_proxy || is_wanted(tls);
    (!is_safe).then(|| {
        format!(
            "the document says wss://, and {} (listen.address) can be reached from outside, but nothing \
             encrypts: set tls.certificate and tls.key, or tls.terminated_by_proxy = true if a proxy in front does",
            exposed.place
        )
    })
}
