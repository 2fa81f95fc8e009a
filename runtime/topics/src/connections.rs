//! Every open connection of a server, so that the drain can reach them all, and what waits to be sent can be kept in bounds.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wsgen_authentication::Principal;
use wsgen_config::Limits;

use crate::membership::Membership;
use crate::outbox::Outbox;
use crate::send_queues::SendQueues;

/// A number for a connection, unique in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl ConnectionId {
    /// The next number.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The connection with this number.
    pub const fn numbered(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The open connections. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    open: Mutex<Open>,
    send_queues: SendQueues,
}

#[derive(Default)]
struct Open {
    entries: HashMap<ConnectionId, Entry>,
    closed_to_new: bool,
}

struct Entry {
    membership: Arc<Membership>,
    /// Whose it is, if that was asked for.
    principal: Option<Arc<Principal>>,
}

/// A connection's place among the open ones, until dropped.
#[derive(Debug)]
pub struct Registration {
    connections: Connections,
    id: ConnectionId,
}

impl Connections {
    /// No connections yet, within these limits.
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            open: Mutex::default(),
            send_queues: SendQueues::new(limits),
        }))
    }

    /// What their send queues may hold.
    pub fn send_queues(&self) -> &SendQueues {
        &self.0.send_queues
    }

    /// Adds a connection; `None` when the server is on its way out.
    pub fn register(
        &self,
        membership: Arc<Membership>,
        principal: Option<Arc<Principal>>,
    ) -> Option<Registration> {
        let id = membership.id();
        let mut open = self.lock();
        if open.closed_to_new {
            return None;
        }
        let entry = Entry {
            membership,
            principal,
        };
        open.entries.insert(id, entry);
        Some(Registration {
            connections: self.clone(),
            id,
        })
    }

    /// Refuses new connections from now on, and names those that are open.
    pub fn close_to_new(&self) -> Vec<Arc<Outbox>> {
        let mut open = self.lock();
        open.closed_to_new = true;
        open.outboxes().collect()
    }

    /// Those that are open.
    pub fn all(&self) -> Vec<Arc<Outbox>> {
        self.lock().outboxes().collect()
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.lock().entries.len()
    }

    /// The open connections of a principal, on all channels.
    pub fn of_principal(&self, principal: &str) -> Vec<Arc<Membership>> {
        let open = self.lock();
        let theirs = open.entries.values().filter(|entry| {
            let whose = entry.principal.as_ref();
            whose.is_some_and(|whose| whose.id == principal)
        });
        theirs.map(|entry| entry.membership.clone()).collect()
    }

    /// An open connection.
    pub fn get(&self, id: ConnectionId) -> Option<Arc<Membership>> {
        let open = self.lock();
        open.entries.get(&id).map(|entry| entry.membership.clone())
    }

    /// Closes those of a principal.
    pub fn kick(&self, principal: &str, code: u16, reason: &str) {
        for membership in self.of_principal(principal) {
            membership.outbox().close(code, reason.to_owned());
        }
    }

    /// How many bytes wait to be sent on all of them.
    pub fn queued(&self) -> usize {
        self.all().iter().map(|outbox| outbox.bytes()).sum()
    }

    /// Gives up on the slowest, those for which most waits, until all together hold less than they may. No outbox is locked.
    pub fn shed(&self) {
        let all = self.all().into_iter();
        let mut slowest: Vec<_> = all.map(|outbox| (outbox.bytes(), outbox)).collect();
        slowest.sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
        let mut count = 0_usize;
        for (_, outbox) in slowest {
            if self.send_queues().are_relieved() {
                break;
            }
            outbox.give_up();
            count += 1;
        }
        if count > 0 {
            tracing::warn!(
                connections = count,
                "too much waits to be sent (limits.send_queue_memory): closing the slowest"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn outboxes(&self) -> impl Iterator<Item = Arc<Outbox>> {
        self.entries
            .values()
            .map(|entry| entry.membership.outbox().clone())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.lock().entries.remove(&self.id);
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connections")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
