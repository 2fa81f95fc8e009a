//! Topics beyond one process.
//!
//! ```text
//!  publish ─▶ encode once ─▶ Hub: members here, at once, under the topic's lock
//!                             └▶ Bridge: a bounded queue, which drops its oldest and counts that
//!                                  └▶ session: batches to Redis or NATS
//!  members here ◀─ Hub ◀─ Cluster ◀───────┘ what the other servers say; ours is known by its node
//! ```
//!
//! - Members here never wait for the broker: without it, fan-out goes on in each process for itself.
//! - At most once, in order for a topic and publisher: a batch whose answer does not come is not said again.
//! - A server hears the topics that have members there: one channel each with Redis; with NATS, where a subscription costs
//!   the client several KiB, topics share 1024 subjects.
//! - When a connection comes back, topics are heard first, then what was missed is read from the logs where there are
//!   any, and where not every handler is told ([`TopicEvent::Missed`](crate::TopicEvent::Missed)). What is to be said waits
//!   until the other servers are back as well (`hold`).
//! - A log that lacks what was lost on its way to it begins anew, so that nobody recovers from a part.
//! - What the broker cannot tell from silence is told by signs of life, which also say how much a server had to drop.

mod bridge;
mod cluster;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hold;
mod key;
mod names;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "redis")]
mod redis;
mod session;
mod transport;
mod wire;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

pub use bridge::{Bridge, Outgoing};
use cluster::Cluster;
pub use key::Key;
#[cfg(feature = "nats")]
pub use nats::Nats;
#[cfg(feature = "redis")]
pub use redis::Redis;
pub use transport::{Broker, BrokerError, Connection, Inbox};
pub(crate) use wire::Frame;
pub use wire::{Body, News, NodeId, Present};
use wsgen_config::{BrokerKind, Config};

use crate::connections::Connections;
use crate::metrics::BrokerMetrics;
use crate::{Bounds, Hub, Keeps, Reach};

/// Any broker.
#[derive(Clone)]
pub struct AnyBroker(Arc<dyn Run>);

impl AnyBroker {
    /// Any broker, as this one.
    pub fn new(broker: impl Broker) -> Self {
        Self(Arc::new(broker))
    }

    /// The broker that the settings name, if they name one.
    ///
    /// # Errors
    /// One that this program was built without.
    pub fn of_settings(settings: &wsgen_config::Broker) -> Result<Option<Self>, String> {
        match settings.kind {
            BrokerKind::Memory => Ok(None),
            #[cfg(feature = "redis")]
            BrokerKind::Redis => Ok(Some(Self::new(Redis::new(settings)))),
            #[cfg(feature = "nats")]
            BrokerKind::Nats => Ok(Some(Self::new(Nats::new(settings)))),
            #[cfg(not(feature = "redis"))]
            BrokerKind::Redis => Err(absent("redis")),
            #[cfg(not(feature = "nats"))]
            BrokerKind::Nats => Err(absent("nats")),
        }
    }
}

#[cfg(not(all(feature = "nats", feature = "redis")))]
fn absent(name: &str) -> String {
    format!(
        "broker.kind is {name:?}, but this program was built without it: in Cargo.toml give wsgen-runtime \
         `features = [{name:?}]`"
    )
}

/// A [`Broker`] whose type is forgotten.
trait Run: Send + Sync {
    fn keeps_logs(&self) -> bool;

    /// Stays connected, for ever.
    fn run<'a>(
        &'a self,
        cluster: &'a Arc<Cluster>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

impl<B: Broker> Run for B {
    fn keeps_logs(&self) -> bool {
        B::KEEPS_LOGS
    }

    fn run<'a>(
        &'a self,
        cluster: &'a Arc<Cluster>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(session::run(self, cluster))
    }
}

/// The clients of brokers want the program to have chosen its cryptography, and panic where they find two. If it has chosen,
/// that counts.
#[cfg(any(feature = "nats", feature = "redis"))]
fn choose_cryptography() {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
}

/// What a server has of the other servers.
pub struct OtherServers {
    hubs: Vec<Arc<Hub>>,
    /// `None` if there can be none.
    cluster: Option<(AnyBroker, Arc<Cluster>)>,
}

impl OtherServers {
    /// Makes the topics of a server reach beyond it by `broker`, and be kept as the settings say.
    pub fn new(
        config: &Config,
        broker: Option<AnyBroker>,
        hubs: Vec<Arc<Hub>>,
        connections: &Connections,
        metrics: &Arc<BrokerMetrics>,
    ) -> Self {
        let bounds = Arc::new(Bounds {
            messages: config.resume.messages,
            age: config.resume.age,
            memory: config.resume.memory,
            used: AtomicUsize::new(0),
        });
        let bridge = broker
            .as_ref()
            .map(|_| Arc::new(Bridge::new(metrics.clone())));
        let in_broker = broker
            .as_ref()
            .is_some_and(|AnyBroker(broker)| broker.keeps_logs());
        for (index, hub) in hubs.iter().enumerate() {
            let channel = hub.channel();
            let same = hubs[..index].iter().filter(|hub| hub.channel() == channel);
            // A channel at several paths has topics at each, with the same numbers on all servers.
            let name = match same.count() {
                0 => channel.to_owned(),
                count => format!("{channel}#{count}"),
            };
            let is_kept = config.resume.channels.iter().any(|kept| kept == channel);
            hub.reach_out(Reach {
                name,
                bridge: bridge.clone(),
                metrics: metrics.clone(),
                connections: connections.clone(),
                keeps: is_kept.then(|| Keeps {
                    bounds: bounds.clone(),
                    in_broker,
                }),
                compresses: config
                    .compression
                    .enabled
                    .then_some(config.compression.threshold),
            });
        }
        let cluster = broker.zip(bridge).map(|(broker, bridge)| {
            metrics.disconnected();
            let cluster = Cluster::new(
                bridge,
                config.broker.presence_ttl,
                bounds,
                hubs.clone(),
                connections.clone(),
            );
            (broker, Arc::new(cluster))
        });
        Self { hubs, cluster }
    }

    /// Whether there should be a broker, and there is none.
    pub fn is_degraded(&self) -> bool {
        let cluster = self.cluster.as_ref();
        cluster.is_some_and(|(_, cluster)| !cluster.bridge.has_come_up())
    }

    /// Stays connected, and keeps topics tidy; for ever.
    pub async fn run(&self) {
        let connected = async {
            if let Some((AnyBroker(broker), cluster)) = &self.cluster {
                broker.run(cluster).await;
            }
        };
        tokio::join!(connected, cluster::sweep(&self.hubs));
    }

    /// Says that this server stops.
    pub async fn say_goodbye(&self) {
        if let Some((_, cluster)) = &self.cluster {
            cluster.say_goodbye().await;
        }
    }
}

impl fmt::Debug for OtherServers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OtherServers")
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AnyBroker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AnyBroker").finish_non_exhaustive()
    }
}
