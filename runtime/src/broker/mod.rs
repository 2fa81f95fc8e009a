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
pub(crate) mod fuzzing;
mod hold;
mod key;
mod names;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "nats", feature = "redis"))]
mod session;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

pub(crate) use bridge::Bridge;
pub(crate) use key::Key;
pub(crate) use wire::{Body, News, NodeId, Present};

use cluster::Cluster;

use crate::config::{BrokerKind, Config};
use crate::connections::Connections;
use crate::metrics::BrokerMetrics;
use crate::topics::{Bounds, Hub, Keeps, Reach};

/// Why a broker cannot be used, if it cannot.
fn fault(kind: BrokerKind) -> Option<String> {
    let (name, is_built_in) = match kind {
        BrokerKind::Memory => return None,
        BrokerKind::Redis => ("redis", cfg!(feature = "redis")),
        BrokerKind::Nats => ("nats", cfg!(feature = "nats")),
    };
    (!is_built_in).then(|| {
        format!(
            "broker.kind is {name:?}, but this program was built without it: in Cargo.toml give wsgen-runtime \
             `features = [{name:?}]`"
        )
    })
}

/// The settings that no server with these channels can have.
pub(crate) fn faults(config: &Config, channels: &[&str]) -> Vec<String> {
    let unknown = config.resume.channels.iter();
    let unknown = unknown.filter(|name| !channels.contains(&name.as_str()));
    let unknown = unknown.map(|name| {
        format!(
            "resume.channels: no channel is called {name:?} here; there is {}",
            channels.join(", ")
        )
    });
    fault(config.broker.kind)
        .into_iter()
        .chain(unknown)
        .collect()
}

/// What a server has of the others.
pub(crate) struct Others {
    hubs: Vec<Arc<Hub>>,
    /// `None` if there can be none.
    cluster: Option<Arc<Cluster>>,
}

impl Others {
    /// Makes the topics of a server reach beyond it, as the settings say.
    pub(crate) fn new(
        config: &Config,
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
        let kind = config.broker.kind;
        let bridge = (kind != BrokerKind::Memory).then(|| Arc::new(Bridge::new(metrics.clone())));
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
                    in_broker: kind == BrokerKind::Redis,
                }),
                compresses: config
                    .compression
                    .enabled
                    .then_some(config.compression.threshold),
            });
        }
        let cluster = bridge.map(|bridge| {
            metrics.disconnected();
            let (settings, hubs) = (config.broker.clone(), hubs.clone());
            Arc::new(Cluster::new(
                bridge,
                settings,
                bounds,
                hubs,
                connections.clone(),
            ))
        });
        Self { hubs, cluster }
    }

    /// Whether there should be a broker, and there is none.
    pub(crate) fn is_degraded(&self) -> bool {
        let cluster = self.cluster.as_ref();
        cluster.is_some_and(|cluster| !cluster.bridge.has_come_up())
    }

    /// Stays connected, and keeps topics tidy; for ever.
    pub(crate) async fn run(&self) {
        let connected = async {
            if let Some(cluster) = &self.cluster {
                stay_connected(cluster.clone()).await;
            }
        };
        tokio::join!(connected, cluster::sweep(&self.hubs));
    }

    /// Says that this server stops.
    pub(crate) async fn say_goodbye(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.say_goodbye().await;
        }
    }
}

async fn stay_connected(cluster: Arc<Cluster>) {
    match cluster.settings.kind {
        #[cfg(feature = "redis")]
        BrokerKind::Redis => session::run::<redis::Redis>(cluster).await,
        #[cfg(feature = "nats")]
        BrokerKind::Nats => session::run::<nats::Nats>(cluster).await,
        // Memory needs no task; the others are refused at the start where they are not built in.
        _ => {}
    }
}
