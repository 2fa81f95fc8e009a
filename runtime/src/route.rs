//! From the typed [`Endpoint`]s to routes that the listener can hold in one table.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::codegen::Endpoint;
use crate::config::Config;
use crate::context::Connection;
use crate::link::Link;
use crate::listener::Place;
use crate::metrics::{ChannelMetrics, ConnectionMetrics};
use crate::socket::Socket;
use crate::telemetry::Trace;
use crate::{Handshake, Reject, Topics, session, watchdog};
use wsgen_protocol::close::code;
use wsgen_protocol::compression::Deflate;
use wsgen_protocol::wire::{Bounds, Role, Wire};
use wsgen_protocol::{Meter, Rates};
use wsgen_topics::Hub;
use wsgen_topics::Outbox;
use wsgen_topics::{ConnectionId, Connections};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Spawns the session that `connect` has agreed to; with `None` the upgrade failed, and only `disconnected` is called.
pub(crate) type Start = Box<dyn FnOnce(Option<Opened>, Place) + Send>;

/// A connection that is a WebSocket once its answer is on the way.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    /// What the client has sent behind its request.
    pub(crate) read_ahead: Bytes,
    /// The answer to the request, where nobody else writes it. It leaves together with what the handler sends first.
    pub(crate) answer: Vec<u8>,
    /// How messages are compressed, where that was agreed on.
    pub(crate) deflate: Option<Deflate>,
    /// How much the client may send in a second.
    pub(crate) rates: Arc<Rates>,
}

impl Opened {
    /// The connection's frames, with the answer before them.
    pub(crate) fn wire(self, config: &Arc<Config>) -> Wire<Socket> {
        let bounds = Bounds {
            message_size: config.limits.message_size,
            message_fragments: config.limits.message_fragments,
        };
        let mut wire = Wire::new(
            Role::Server,
            self.socket,
            &self.read_ahead,
            bounds,
            Meter::new(self.rates),
            self.deflate,
        );
        wire.send_first(&self.answer);
        wire
    }
}

/// An [`Endpoint`] as an object.
pub(crate) trait Route: Send + Sync {
    fn channel(&self) -> &'static str;
    fn metrics(&self) -> Arc<ChannelMetrics>;
    fn subprotocols(&self) -> &'static [&'static str];
    /// Asks the handler whether the connection is wanted.
    fn connect(
        self: Arc<Self>,
        handshake: Handshake,
        trace: Trace,
        config: Arc<Config>,
        connections: Connections,
    ) -> BoxFuture<Result<Start, Reject>>;
    fn background(self: Arc<Self>) -> BoxFuture<()>;
    fn hub(&self) -> &Arc<Hub>;
}

/// An endpoint and the topics of its connections.
pub(crate) struct Served<E: Endpoint> {
    pub(crate) endpoint: E,
    pub(crate) metrics: Arc<ChannelMetrics>,
    topics: Topics<E::Outbound>,
}

impl<E: Endpoint> Served<E> {
    pub(crate) fn new(endpoint: E) -> Self {
        let metrics = Arc::new(ChannelMetrics::new(E::CHANNEL));
        Self {
            endpoint,
            topics: Topics::new(E::CHANNEL, metrics.fan_out.clone()),
            metrics,
        }
    }
}

impl<E: Endpoint> Route for Served<E> {
    fn hub(&self) -> &Arc<Hub> {
        self.topics.hub()
    }

    fn channel(&self) -> &'static str {
        E::CHANNEL
    }

    fn metrics(&self) -> Arc<ChannelMetrics> {
        self.metrics.clone()
    }

    fn subprotocols(&self) -> &'static [&'static str] {
        E::SUBPROTOCOLS
    }

    fn connect(
        self: Arc<Self>,
        handshake: Handshake,
        trace: Trace,
        config: Arc<Config>,
        connections: Connections,
    ) -> BoxFuture<Result<Start, Reject>> {
        Box::pin(async move {
            let (peer, admission) = (handshake.peer, handshake.admission.clone());
            let positions = match self.topics.hub().keeps_history() {
                true => wsgen_topics::returned(handshake.query.iter()),
                false => None,
            };
            let step = trace.step("connect");
            let connect = step.around(self.endpoint.connect(handshake));
            let session = watchdog::watch(self.metrics.mark("connect"), connect).await?;
            let outbox = Arc::new(Outbox::new(connections.clone()));
            let connection = Connection {
                id: ConnectionId::next(),
                peer,
                admission,
                outbox: outbox.clone(),
                topics: self.topics.clone(),
                invalid: config.messages.invalid,
                joined: HashSet::new(),
                positions,
                trace,
            };
            let start: Start = Box::new(move |opened, place| {
                let Some(opened) = opened else {
                    tokio::spawn(session::never_opened(self, session, connection));
                    return;
                };
                let registration = connections.register(
                    connection.id,
                    outbox.clone(),
                    connection.admission.principal.clone(),
                );
                if registration.is_none() {
                    outbox.close(code::SERVICE_RESTART, "the server restarts".to_owned());
                }
                let expires = connection.expires();
                let metrics = ConnectionMetrics::open(self.metrics.clone());
                let link = Link::new(opened, outbox, config, expires, metrics);
                let place = (registration, place);
                tokio::spawn(session::run(self, session, connection, link, place));
            });
            Ok(start)
        })
    }

    fn background(self: Arc<Self>) -> BoxFuture<()> {
        Box::pin(async move {
            let background = self.endpoint.background(self.topics.clone());
            session::guarded("background", &self.metrics, background).await;
        })
    }
}
