//! A server that has no listener of its own while it runs: what goes on beside its connections, and its end.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use crate::handler::reject::Reject;
use crate::listen::shares::Place;
use crate::observe::watchdog::Watchdog;
use crate::serve::drain;
use crate::service::{Phase, Service};

/// A server that runs until dropped.
pub(crate) struct Running {
    pub(crate) service: Arc<Service>,
    /// Aborted when dropped.
    background: Mutex<JoinSet<()>>,
    /// The way to other servers; aborted when dropped.
    _others: JoinSet<()>,
    _watchdog: Watchdog,
}

impl Running {
    pub(crate) fn new(service: Service, background: JoinSet<()>) -> Self {
        let others = service.others.clone();
        let mut running = JoinSet::new();
        running.spawn(async move { others.run().await });
        Self {
            _others: running,
            _watchdog: Watchdog::start(service.channels.clone()),
            service: Arc::new(service),
            background: Mutex::new(background),
        }
    }

    /// Room for one more connection.
    pub(crate) fn place(service: &Service) -> Result<Place, Reject> {
        if service.progress.has_reached(Phase::Stopping) {
            return Err(Reject::unavailable("the server restarts").because("draining"));
        }
        let permit = service.permits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Reject::no_room("connection_limit"))?;
        Ok(Place::new(permit, None))
    }

    /// Ends it, as the settings say.
    pub(crate) async fn drain(&self) {
        let service = &self.service;
        drain::begin(service, service.config.drain.grace).await;
        let mut background = {
            let background = self.background.lock();
            std::mem::take(&mut *background.unwrap_or_else(PoisonError::into_inner))
        };
        background.abort_all();
        drain::finish(service).await;
        service.others.say_goodbye().await;
    }
}
