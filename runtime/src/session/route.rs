//! Routes without a type parameter, so that one router holds all [`Endpoint`]s.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wsgen_config::Config;
use wsgen_protocol::close::code;
use wsgen_topics::{ConnectionId, Connections, Hub, Membership, Outbox, Topics};

use crate::codegen::Endpoint;
use crate::handler::context::Connection;
use crate::handler::handle::Handle;
use crate::handler::handshake::Handshake;
use crate::handler::reject::Reject;
use crate::listen::shares::Place;
use crate::observe::metrics::{ChannelMetrics, ConnectionMetrics};
use crate::observe::telemetry::Trace;
use crate::observe::watchdog;
use crate::session;
use crate::session::link::Link;
use crate::session::opened::Opened;

/// How long a `background` that panicked is left alone before it begins again: longer each time, up to the other one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A session that `connect` has agreed to, and that begins once the connection is a WebSocket.
pub(crate) trait NewSession: Send {
    /// Begins the session.
    fn start(self: Box<Self>, opened: Opened, place: Place);

    /// Tells the handler that the connection was never opened.
    #[cfg(feature = "tower")]
    fn abandon(self: Box<Self>);
}

/// The session of an endpoint's connection.
struct New<E: Endpoint> {
    route: Arc<Served<E>>,
    session: E::Session,
    connection: Connection<E::Outbound>,
    connections: Connections,
    config: Arc<Config>,
}

impl<E: Endpoint> NewSession for New<E> {
    fn start(self: Box<Self>, opened: Opened, place: Place) {
        let Self {
            route,
            session,
            connection,
            connections,
            config,
        } = *self;
        let outbox = connection.outbox().clone();
        let registration = connections.register(
            connection.membership.clone(),
            connection.admission.principal.clone(),
        );
        if registration.is_none() {
            outbox.close(code::SERVICE_RESTART, "the server restarts".to_owned());
        }
        let expires = connection.expires();
        let metrics = ConnectionMetrics::open(route.metrics.clone());
        let link = Link::new(opened, outbox, config, expires, metrics);
        let place = (registration, place);
        tokio::spawn(session::run(route, session, connection, link, place));
    }

    #[cfg(feature = "tower")]
    fn abandon(self: Box<Self>) {
        let Self {
            route,
            session,
            connection,
            ..
        } = *self;
        tokio::spawn(session::never_opened(route, session, connection));
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
        server: Handle,
    ) -> BoxFuture<Result<Box<dyn NewSession>, Reject>>;
    /// Runs what the handler does beside the server; again, if that panics.
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
        server: Handle,
    ) -> BoxFuture<Result<Box<dyn NewSession>, Reject>> {
        Box::pin(async move {
            let (peer, admission) = (handshake.peer, handshake.admission.clone());
            let positions = match self.topics.hub().keeps_history() {
                true => wsgen_topics::returned(handshake.query.iter()),
                false => None,
            };
            let step = trace.step("connect");
            let connect = step.around(self.endpoint.connect(handshake));
            let session = watchdog::watch(self.metrics.mark("connect"), connect).await?;
            let connection = Connection {
                peer,
                admission,
                membership: Arc::new(Membership::new(
                    ConnectionId::next(),
                    Arc::new(Outbox::new(connections.clone())),
                    self.topics.hub().clone(),
                    positions,
                )),
                topics: self.topics.clone(),
                server,
                invalid: config.messages.invalid,
                trace,
            };
            Ok(Box::new(New {
                route: self,
                session,
                connection,
                connections,
                config,
            }) as Box<dyn NewSession>)
        })
    }

    fn background(self: Arc<Self>) -> BoxFuture<()> {
        Box::pin(async move {
            let mut pause = SHORTEST_PAUSE;
            loop {
                let begin = Instant::now();
                let background = async { self.endpoint.background(self.topics.clone()).await };
                if session::guarded("background", &self.metrics, background)
                    .await
                    .is_ok()
                {
                    return;
                }
                if begin.elapsed() > LONGEST_PAUSE {
                    pause = SHORTEST_PAUSE;
                }
                tracing::warn!(channel = E::CHANNEL, ?pause, "`background` begins again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        })
    }
}
