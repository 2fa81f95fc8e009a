//! What handlers are written with: the connection, the request that opened it, and what they answer with.

pub(crate) mod channel;
pub(crate) mod context;
pub(crate) mod error;
pub(crate) mod handle;
pub(crate) mod handshake;
pub(crate) mod parameter;
pub(crate) mod reject;
