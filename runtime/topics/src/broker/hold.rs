//! After an outage what is said waits for the other servers: who came back first would speak to nobody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::wire::{Beat, NodeId};

/// Longer than another server takes to come back once the broker is there; one that has died meanwhile costs this much.
const LONGEST: Duration = Duration::from_secs(2);

/// Whom what is said waits for.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// The servers that were there before the outage, and have not shown that they hear since.
    awaited: BTreeSet<NodeId>,
    /// What they are asked. A sign of life alone shows nothing: it may be from before the outage, when the broker hung.
    pub(super) question: u64,
    /// `None` while nothing can be said anyway.
    until: Option<Instant>,
}

impl Hold {
    /// There is a connection again: these are to hear what is said.
    pub(super) fn begin(peers: impl Iterator<Item = NodeId>) -> Self {
        Self {
            awaited: peers.collect(),
            question: NodeId::random().0,
            until: None,
        }
    }

    /// This server hears everything it wants, and can say something from now on.
    pub(super) fn came_up(&mut self) {
        self.until = Some(Instant::now() + LONGEST);
    }

    /// A server gave a sign of life. Returns whether nobody is awaited any more.
    pub(super) fn is_over_by(&mut self, node: NodeId, beat: &Beat) -> bool {
        let hears = beat.asks.is_some() || beat.answers.contains(&self.question);
        hears && self.is_over_without(node)
    }

    /// A server is not awaited any more. Returns whether nobody is.
    pub(super) fn is_over_without(&mut self, node: NodeId) -> bool {
        self.awaited.remove(&node) && self.awaited.is_empty()
    }

    /// Until when it goes on at the longest, if it does.
    pub(super) fn until(&mut self) -> Option<Instant> {
        if self.awaited.is_empty() {
            return None;
        }
        if self.until.is_some_and(|until| until <= Instant::now()) {
            self.awaited.clear();
            return None;
        }
        self.until
    }
}
