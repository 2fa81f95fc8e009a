//! What a handler of a channel may do, whatever the document says of its messages.

use wsgen_protocol::{CloseReason, Decode, DecodeError, Encode};
use wsgen_topics::{TopicEvent, Topics};

use crate::handler::context::Context;
use crate::handler::error::Error;
use crate::handler::handshake::Handshake;
use crate::handler::reject::Reject;

/// A route of the document, as types: the name by which handlers and servers say which one they mean.
///
/// Generated code implements it for the `Route` of each of its modules.
pub trait Channel: Send + Sync + 'static {
    /// The channel's name in the document, for logs and metrics.
    const NAME: &'static str;
    /// The subprotocols that may be negotiated, if any.
    const SUBPROTOCOLS: &'static [&'static str] = &[];

    /// The request that opens a connection, with its parameters.
    type Request: TryFrom<Handshake, Error: Into<Reject>> + Send;
    /// What the peer sends.
    type Inbound: Decode;
    /// What this server sends.
    type Outbound: Encode;
}

/// Handles the connections of the channel `C`, from the request that opens one to its end.
///
/// The messages that arrive are handled by the trait that `wsgen` generates for the channel. Of this one only `Session` and
/// `connect` have to be written.
///
/// ```
/// # use wsgen_runtime::{Handler, Handshake, Message, Reject, codegen::Channel};
/// # struct Route;
/// # impl Channel for Route {
/// #     const NAME: &'static str = "room";
/// #     type Request = Handshake;
/// #     type Inbound = Message;
/// #     type Outbound = Message;
/// # }
/// # struct Handlers;
/// impl Handler<Route> for Handlers {
///     /// The name of whoever has connected.
///     type Session = String;
///
///     async fn connect(&self, request: Handshake) -> Result<String, Reject> {
///         request.required_query("name")
///     }
/// }
/// ```
pub trait Handler<C: Channel>: Send + Sync + 'static {
    /// What you keep for one connection.
    type Session: Send + 'static;

    /// Decides, before the connection is opened, whether the client may connect.
    fn connect(
        &self,
        request: C::Request,
    ) -> impl Future<Output = Result<Self::Session, Reject>> + Send;

    /// Called once the connection is open, before the first message.
    fn connected(
        &self,
        _cx: &mut Context<'_, Self::Session, C::Outbound>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// Called for a message that is not one of this channel's. By default the setting `messages.invalid` decides: it closes
    /// the connection, or ignores the message.
    ///
    /// A request that is wrong can be answered with its id:
    ///
    /// ```
    /// # use wsgen_runtime::{Context, DecodeError, Error, Message};
    /// # async fn invalid(cx: &mut Context<'_, (), Message>, error: DecodeError) -> Result<(), Error> {
    /// match error.value::<String>("/requestId") {
    ///     Some(id) => cx.send(format!("{id}: {error}")).await,
    ///     None => cx.refuse(error),
    /// }
    /// # }
    /// ```
    fn invalid(
        &self,
        cx: &mut Context<'_, Self::Session, C::Outbound>,
        error: DecodeError,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move { cx.refuse(error) }
    }

    /// Called when another member that is seen joins or leaves a topic, and when messages of a topic may be missing; only
    /// for topics that this connection has joined.
    fn topic_event(
        &self,
        _cx: &mut Context<'_, Self::Session, C::Outbound>,
        _event: TopicEvent,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// Called when the connection has ended, once for each `connect` that returned a session. `topics` publishes to those
    /// who are still there.
    fn disconnected(
        &self,
        _session: Self::Session,
        _reason: CloseReason,
        _topics: &Topics<C::Outbound>,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Runs beside the server, to publish what no message asked for; dropped when the server stops. Where it panics, that is
    /// logged and counted, and it begins again: after 100 ms, and later each time, up to a minute.
    fn background(&self, _topics: Topics<C::Outbound>) -> impl Future<Output = ()> + Send {
        async {}
    }
}
