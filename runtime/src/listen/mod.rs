//! From addresses to sockets: what is bound and accepted, decrypted, and whose it is.

pub(crate) mod accept;
pub(crate) mod addresses;
pub(crate) mod bind;
pub(crate) mod proxy;
pub(crate) mod shares;
pub(crate) mod socket;
pub(crate) mod systemd;
pub(crate) mod tls;
#[cfg(unix)]
pub(crate) mod unix;
