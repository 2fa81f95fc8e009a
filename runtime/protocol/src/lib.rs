//! What a server and a typed client that `wsgen` generated share: the WebSocket protocol, and messages from and to bytes.
//!
//! From the bottom up:
//!
//! - [`wire`]: frames over a socket (RFC 6455, section 5), by [`compression`] (RFC 7692) where that was agreed on, within
//!   the rates of a [`Meter`];
//! - [`handshake`]: what both ends of an opening handshake must know (RFC 6455, section 4);
//! - [`close`]: codes and reasons of Close frames (RFC 6455, section 7.4);
//! - [`Message`], and [`Decode`] and [`Encode`], which generated types implement with what is in [`json`], [`check`] and,
//!   by features, in `packed`.
//!
//! No input panics. What a peer can make grow is bounded by [`wire::Bounds`].

pub mod check;
pub mod close;
pub mod compression;
mod decode;
mod encode;
mod escaped;
mod format;
pub mod handshake;
pub mod json;
mod message;
mod meter;
#[cfg(any(feature = "cbor", feature = "msgpack"))]
pub mod packed;
pub mod random;
mod scan;
mod shape;
pub mod wire;

pub use close::{CloseReason, Initiator};
pub use decode::{Decode, DecodeError, DecodeErrorKind, Frame};
pub use encode::{Encode, EncodeError};
pub use escaped::Escaped;
pub use message::Message;
pub use meter::{Meter, Rates};
pub use shape::{JsonKind, alternatives, has_keys, has_value, is_any_of, is_one_of, item, text};
