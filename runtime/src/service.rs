//! What every connection of a running server shares.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use wsgen_authentication::Security;
use wsgen_config::Config;
use wsgen_protocol::Rates;
use wsgen_protocol::compression::Negotiator;
use wsgen_topics::Connections;
use wsgen_topics::broker::OtherServers;

use crate::handler::handle::Handle;
use crate::handler::reject::Reject;
use crate::listen::addresses::Addresses;
use crate::listen::proxy;
use crate::listen::shares::{Share, Shares};
use crate::listen::tls::Tls;
use crate::observe::metrics::{self, ChannelMetrics, ServerMetrics};
use crate::origin::Origins;
use crate::session::route::Route;

/// What every connection of a running server shares.
pub(crate) struct Service {
    pub(crate) config: Arc<Config>,
    pub(crate) routes: matchit::Router<Arc<dyn Route>>,
    pub(crate) security: Option<Security>,
    pub(crate) origins: Origins,
    pub(crate) connections: Connections,
    /// What the rest of the program has of it.
    pub(crate) handle: Handle,
    pub(crate) others: Arc<OtherServers>,
    /// One for each connection that is allowed.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) tls: Option<Tls>,
    pub(crate) addresses: Addresses,
    /// Agrees on compression, where the settings want it.
    pub(crate) compression: Option<Negotiator>,
    /// How much each connection may send in a second.
    pub(crate) rates: Arc<Rates>,
    /// By the principals' `id`.
    pub(crate) principals: Shares<String>,
    pub(crate) metrics: ServerMetrics,
    /// Of every route.
    pub(crate) channels: Vec<Arc<ChannelMetrics>>,
    pub(crate) refusals: Arc<Semaphore>,
    /// How far the drain is.
    pub(crate) progress: Progress,
}

impl Service {
    /// A place among the connections of an address. `None` if the address is unknown (`0.0.0.0`: a Unix socket, or a mounted server
    /// that was not told the peer), which is not limited.
    pub(crate) fn place_of(&self, address: IpAddr) -> Result<Option<Share<IpAddr>>, Reject> {
        if address.is_unspecified() {
            return Ok(None);
        }
        let share = self.addresses.enter(address);
        share
            .map(Some)
            .ok_or_else(|| Reject::no_room("address_limit"))
    }

    /// [`Self::place_of`] before the request is read. `None` for a trusted proxy that names the client in a header: its address
    /// is counted once the header is read.
    pub(crate) fn place_of_peer(&self, peer: IpAddr) -> Result<Option<Share<IpAddr>>, Reject> {
        match proxy::is_in_headers(&self.config.proxy, peer) {
            true => Ok(None),
            false => self.place_of(peer),
        }
    }

    /// What is counted, in Prometheus' text format.
    pub(crate) fn metrics_page(&self) -> String {
        metrics::render(&self.metrics, &self.channels, self.connections.queued())
    }
}

/// How far a service is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Phase {
    Serving,
    /// Load balancers are to look elsewhere.
    Draining,
    /// No new connections are taken.
    Stopping,
}

/// The phase that a service is in, for all who ask.
pub(crate) struct Progress(watch::Sender<Phase>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.0.borrow() >= phase
    }

    /// What was reached is never taken back: a mounted server may be drained twice.
    pub(crate) fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let advances = *now < phase;
            if advances {
                *now = phase;
            }
            advances
        });
    }

    pub(crate) async fn reached(&self, phase: Phase) {
        // The sender is here: there is no error.
        let _ = self.0.subscribe().wait_for(|now| *now >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_phase_is_never_taken_back() {
        let progress = Progress::new();
        assert!(!progress.has_reached(Phase::Draining));
        progress.advance(Phase::Stopping);
        progress.advance(Phase::Draining);
        assert!(progress.has_reached(Phase::Stopping));
        progress.reached(Phase::Stopping).await;
    }
}
