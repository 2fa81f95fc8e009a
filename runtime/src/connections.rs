//! Every open connection of a server, so that the drain can reach them all.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::outbox::Outbox;

/// A number for a connection, unique in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl ConnectionId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The open connections, by their outboxes. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    outboxes: HashMap<ConnectionId, Arc<Outbox>>,
    closed_to_new: bool,
}

/// A connection's place among the open ones, until dropped.
pub(crate) struct Registration {
    connections: Connections,
    id: ConnectionId,
}

impl Connections {
    /// Adds a connection; `None` when the server is on its way out.
    pub(crate) fn register(&self, id: ConnectionId, outbox: Arc<Outbox>) -> Option<Registration> {
        let mut open = self.lock();
        if open.closed_to_new {
            return None;
        }
        open.outboxes.insert(id, outbox);
        Some(Registration {
            connections: self.clone(),
            id,
        })
    }

    /// Refuses new connections from now on, and names those that are open.
    pub(crate) fn close_to_new(&self) -> Vec<Arc<Outbox>> {
        let mut open = self.lock();
        open.closed_to_new = true;
        open.outboxes.values().cloned().collect()
    }

    /// Those that are open.
    pub(crate) fn all(&self) -> Vec<Arc<Outbox>> {
        self.lock().outboxes.values().cloned().collect()
    }

    /// How many bytes wait to be sent on all of them.
    pub(crate) fn queued(&self) -> usize {
        self.all().iter().map(|outbox| outbox.bytes()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.lock().outboxes.remove(&self.id);
    }
}
