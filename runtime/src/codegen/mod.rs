//! What generated code is written against; user code seldom needs it.
//!
//! Generated code implements [`Channel`] and [`Dispatch`] for each route, and its handlers become an [`Endpoint`] of the
//! server by that; a route that is written by hand implements [`Endpoint`] itself. [`Decode`] and [`Encode`] are the two
//! directions of its messages.

mod handled;
mod tables;
mod topic;

pub use handled::Dispatch;
pub(crate) use handled::Handled;
pub use serde;
pub use serde_json;
pub use topic::topic;
pub use wsgen_authentication::{Location, Scheme};
use wsgen_protocol::CloseReason;
pub use wsgen_protocol::check::{Validate, Violation};
pub use wsgen_protocol::json::{Tag, from_checked_json, from_json, tag, tag_at, to_json};
#[cfg(feature = "cbor")]
pub use wsgen_protocol::packed::{cbor_as_json, to_cbor};
#[cfg(feature = "msgpack")]
pub use wsgen_protocol::packed::{message_pack_as_json, to_message_pack};
pub use wsgen_protocol::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, Frame, JsonKind, Message,
    alternatives, has_keys, has_value, is_any_of, is_one_of, item, text,
};
use wsgen_topics::{TopicEvent, Topics};

#[doc(inline)]
pub use crate::__wsgen_encode as encode;
#[doc(inline)]
pub use crate::__wsgen_replies as replies;
pub use crate::handler::channel::Channel;
use crate::handler::context::Context;
use crate::handler::error::Error;
use crate::handler::handshake::Handshake;
pub use crate::handler::parameter::Parameter;
use crate::handler::reject::Reject;

/// The rules of a schema that a type cannot hold.
pub mod check {
    pub use wsgen_protocol::check::*;

    use crate::handler::reject::Reject;

    /// Checks a parameter of the request that opens a connection.
    ///
    /// # Errors
    /// 400 with what is wrong.
    pub fn parameter<T>(
        name: &str,
        value: T,
        check: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, Reject> {
        match check(&value) {
            Ok(()) => Ok(value),
            Err(violation) => Err(Reject::bad_request(format!(
                "parameter {name}: {violation}"
            ))),
        }
    }
}

/// One route: what happens from a connection's handshake to its end.
pub trait Endpoint: Send + Sync + 'static {
    /// The channel's name in the document, for logs and metrics.
    const CHANNEL: &'static str;
    /// The subprotocols that may be negotiated, if any.
    const SUBPROTOCOLS: &'static [&'static str] = &[];

    /// What the handler keeps for one connection.
    type Session: Send + 'static;
    /// What the peer sends.
    type Inbound: Decode;
    /// What this server sends.
    type Outbound: Encode;

    /// Decides, before the upgrade, whether the connection is wanted.
    fn connect(
        &self,
        handshake: Handshake,
    ) -> impl Future<Output = Result<Self::Session, Reject>> + Send;

    /// The connection is open; nothing was received yet.
    fn connected(
        &self,
        _context: &mut Context<'_, Self::Session, Self::Outbound>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// A message arrived.
    fn receive(
        &self,
        context: &mut Context<'_, Self::Session, Self::Outbound>,
        message: Self::Inbound,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Something arrived that is not a message of this channel.
    fn invalid(
        &self,
        context: &mut Context<'_, Self::Session, Self::Outbound>,
        error: DecodeError,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move { context.refuse(error) }
    }

    /// Something happened on a topic that the connection has joined.
    fn topic_event(
        &self,
        _context: &mut Context<'_, Self::Session, Self::Outbound>,
        _event: TopicEvent,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// The connection is over. Called once for each `connect` that said yes.
    fn disconnected(
        &self,
        _session: Self::Session,
        _reason: CloseReason,
        _topics: &Topics<Self::Outbound>,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Runs beside the server from its start; dropped at shutdown, begun again after a panic.
    fn background(&self, _topics: Topics<Self::Outbound>) -> impl Future<Output = ()> + Send {
        async {}
    }
}
