//! The one way from the handler traits to an [`Endpoint`].

use std::marker::PhantomData;
use std::sync::Arc;

use wsgen_protocol::{CloseReason, DecodeError};
use wsgen_topics::{TopicEvent, Topics};

use crate::codegen::Endpoint;
use crate::handler::channel::{Channel, Handler};
use crate::handler::context::Context;
use crate::handler::error::Error;
use crate::handler::handshake::Handshake;
use crate::handler::reject::Reject;

/// A channel whose messages are handled by methods of `H`.
pub trait Dispatch<H: Handler<Self>>: Channel + Sized {
    /// Calls the method of a message, and sends its reply.
    fn receive(
        handlers: &H,
        cx: &mut Context<'_, H::Session, Self::Outbound>,
        message: Self::Inbound,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The channel `C` with the handlers `H`.
pub(crate) struct Handled<C, H> {
    handlers: Arc<H>,
    channel: PhantomData<fn() -> C>,
}

impl<C, H> Handled<C, H> {
    pub(crate) fn new(handlers: Arc<H>) -> Self {
        Self {
            handlers,
            channel: PhantomData,
        }
    }
}

/// The futures of the handlers are passed on as they are: one more around each would be carried by every connection.
impl<C: Dispatch<H>, H: Handler<C>> Endpoint for Handled<C, H> {
    const CHANNEL: &'static str = C::NAME;
    const SUBPROTOCOLS: &'static [&'static str] = C::SUBPROTOCOLS;
    type Session = H::Session;
    type Inbound = C::Inbound;
    type Outbound = C::Outbound;

    async fn connect(&self, handshake: Handshake) -> Result<H::Session, Reject> {
        let request = C::Request::try_from(handshake).map_err(Into::into)?;
        self.handlers.connect(request).await
    }

    fn connected(
        &self,
        cx: &mut Context<'_, H::Session, C::Outbound>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.handlers.connected(cx)
    }

    fn receive(
        &self,
        cx: &mut Context<'_, H::Session, C::Outbound>,
        message: C::Inbound,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        C::receive(&self.handlers, cx, message)
    }

    fn invalid(
        &self,
        cx: &mut Context<'_, H::Session, C::Outbound>,
        error: DecodeError,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.handlers.invalid(cx, error)
    }

    fn topic_event(
        &self,
        cx: &mut Context<'_, H::Session, C::Outbound>,
        event: TopicEvent,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.handlers.topic_event(cx, event)
    }

    fn disconnected(
        &self,
        session: H::Session,
        reason: CloseReason,
        topics: &Topics<C::Outbound>,
    ) -> impl Future<Output = ()> + Send {
        self.handlers.disconnected(session, reason, topics)
    }

    fn background(&self, topics: Topics<C::Outbound>) -> impl Future<Output = ()> + Send {
        self.handlers.background(topics)
    }
}
