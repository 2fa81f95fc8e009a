//! A server from its start to its end.

pub(crate) mod admin;
pub(crate) mod drain;
pub(crate) mod front;
mod held_back;
#[cfg(feature = "tower")]
pub(crate) mod mount;
pub(crate) mod running;
pub(crate) mod server;
pub(crate) mod shutdown;
