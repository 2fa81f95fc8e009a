//! The topics that one connection has joined.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use tokio::time::Instant;
use wsgen_authentication::Principal;

use crate::broker::Present;
use crate::connections::ConnectionId;
use crate::hub::{Hub, Joining};
use crate::outbox::Outbox;
use crate::{JOIN_TIMEOUT, Position, Recovery};

/// A connection as topics see it: its send queue, and what it has joined. Its handler joins and leaves by it, and so does
/// other code of the program.
pub struct Membership {
    id: ConnectionId,
    outbox: Arc<Outbox>,
    hub: Arc<Hub>,
    state: Mutex<State>,
}

struct State {
    joined: HashSet<Box<str>>,
    /// Where the client was on topics, if it wants to be told.
    positions: Option<Vec<(Box<str>, Option<Position>)>>,
    /// The connection has ended, and joins nothing any more.
    is_over: bool,
}

impl Membership {
    /// A connection that has joined nothing. `positions` is where its client was on topics, if it wants to be told.
    pub fn new(
        id: ConnectionId,
        outbox: Arc<Outbox>,
        hub: Arc<Hub>,
        positions: Option<Vec<(Box<str>, Option<Position>)>>,
    ) -> Self {
        let state = State {
            joined: HashSet::new(),
            positions,
            is_over: false,
        };
        Self {
            id,
            outbox,
            hub,
            state: Mutex::new(state),
        }
    }

    /// The connection's number.
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// The connection's send queue.
    pub const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The topics of the connection's channel.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Joins a topic, unless it has. May be given up while it waits for the broker, and begun again.
    pub async fn join(&self, topic: &str) -> Recovery {
        self.join_until(topic, Instant::now() + JOIN_TIMEOUT).await
    }

    /// [`Membership::join`], and says of itself `info` to those who want to know who is there.
    pub async fn join_as(
        &self,
        topic: &str,
        principal: Option<&Principal>,
        info: Box<RawValue>,
    ) -> Recovery {
        let until = Instant::now() + JOIN_TIMEOUT;
        let recovery = self.join_until(topic, until).await;
        let present = Present {
            connection: self.id.number(),
            principal: principal.map(|principal| principal.id.clone()),
            info,
        };
        self.hub.add_present(topic, present);
        self.hub.presence_complete(topic, until).await;
        recovery
    }

    async fn join_until(&self, topic: &str, until: Instant) -> Recovery {
        let (is_told, position) = {
            let mut state = self.lock();
            if state.is_over || !state.joined.insert(topic.into()) && self.hub.has(topic, self.id) {
                return Recovery::None;
            }
            let positions = state.positions.as_ref();
            let known =
                positions.and_then(|known| known.iter().find(|(known, _)| **known == *topic));
            (positions.is_some(), known.map(|(_, position)| *position))
        };
        let joining = Joining {
            id: self.id,
            outbox: &self.outbox,
            is_told,
        };
        let recovery = match position {
            Some(position) => {
                let recovery = self.hub.resume(topic, &joining, position, until).await;
                // Once only: if it leaves and joins again, it has not missed what it did not want.
                if let Some(positions) = &mut self.lock().positions {
                    positions.retain(|(known, _)| **known != *topic);
                }
                recovery
            }
            None if is_told => {
                self.hub.join_and_greet(topic, &joining, until).await;
                Recovery::None
            }
            None => {
                self.hub.join(topic, &joining);
                self.leave_if_over(topic);
                self.hub.subscribed(topic, until).await;
                Recovery::None
            }
        };
        self.leave_if_over(topic);
        recovery
    }

    /// The connection may have ended since its topics were looked at.
    fn leave_if_over(&self, topic: &str) {
        if self.lock().is_over {
            self.hub.leave(topic, self.id);
        }
    }

    /// Leaves a topic.
    pub fn leave(&self, topic: &str) {
        let was_joined = self.lock().joined.remove(topic);
        if was_joined {
            self.hub.leave(topic, self.id);
        }
    }

    /// The connection has ended: it leaves everything, and nothing reaches it any more.
    pub fn end(&self) {
        self.outbox.gone();
        let joined = {
            let mut state = self.lock();
            state.is_over = true;
            std::mem::take(&mut state.joined)
        };
        for topic in joined {
            self.hub.leave(&topic, self.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Membership")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
