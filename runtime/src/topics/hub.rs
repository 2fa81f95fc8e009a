//! The topics of one route: who has joined them here, and how what is published reaches them.
//!
//! Publishing never waits: members here get the message under the lock of the topic's shard, which keeps the order, and
//! the [`Bridge`] takes it for the other servers.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::event::TopicEvent;
use super::history::{Bounds, History, Kept};
use super::position::{Position, announcement};
use super::presence::Presence;
use crate::Message;
use crate::broker::{Body, Bridge, Key, NodeId};
use crate::connections::{ConnectionId, Connections};
use crate::metrics::{BrokerMetrics, ChannelMetrics};
use crate::outbox::{Outbox, Published};

/// Enough that publishers on different topics seldom meet.
const SHARDS: usize = 16;

pub(crate) struct Hub {
    channel: &'static str,
    metrics: Arc<ChannelMetrics>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    reach: OnceLock<Reach>,
}

/// What a hub has beyond its members, once the server is bound.
pub(crate) struct Reach {
    /// What its topics are told apart by from those of other routes.
    pub(crate) name: String,
    /// The other servers, if there can be any.
    pub(crate) bridge: Option<Arc<Bridge>>,
    pub(crate) metrics: Arc<BrokerMetrics>,
    pub(crate) connections: Connections,
    /// What is kept for those who come back, if that is wanted.
    pub(crate) keeps: Option<Keeps>,
}

pub(crate) struct Keeps {
    pub(crate) bounds: Arc<Bounds>,
    /// Whether the broker keeps the log, too.
    pub(crate) in_broker: bool,
}

/// A topic without members and without history does not exist.
pub(super) type Shard = HashMap<Box<str>, Topic>;

pub(super) struct Topic {
    pub(super) members: HashMap<ConnectionId, Joined>,
    pub(super) history: Option<Box<History>>,
    pub(super) presence: Option<Box<Presence>>,
}

/// A connection on a topic.
pub(super) struct Joined {
    pub(super) outbox: Arc<Outbox>,
    /// Whether its client wants to be told positions.
    is_told: bool,
}

/// A member as it joins.
pub(crate) struct Joining<'a> {
    pub(crate) id: ConnectionId,
    pub(crate) outbox: &'a Arc<Outbox>,
    pub(crate) is_told: bool,
}

impl Hub {
    pub(crate) fn new(metrics: Arc<ChannelMetrics>) -> Self {
        Self {
            channel: metrics.channel(),
            metrics,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            reach: OnceLock::new(),
        }
    }

    /// To be called once, before the first connection.
    pub(crate) fn reach_out(&self, reach: Reach) {
        // A second call would be a fault of ours, and changes nothing.
        let _ = self.reach.set(reach);
    }

    pub(crate) fn channel(&self) -> &'static str {
        self.channel
    }

    pub(crate) fn name(&self) -> &str {
        self.reach.get().map_or("", |reach| &reach.name)
    }

    pub(crate) fn bridge(&self) -> Option<&Arc<Bridge>> {
        self.reach.get()?.bridge.as_ref()
    }

    /// Whether clients may resume.
    pub(crate) fn keeps_history(&self) -> bool {
        self.reach.get().is_some_and(|reach| reach.keeps.is_some())
    }

    pub(super) fn broker_metrics(&self) -> Option<&BrokerMetrics> {
        Some(&self.reach.get()?.metrics)
    }

    pub(super) fn connections(&self) -> Option<&Connections> {
        Some(&self.reach.get()?.connections)
    }

    pub(super) fn us(&self) -> NodeId {
        self.bridge().map_or(NodeId(0), |bridge| bridge.us)
    }

    pub(crate) fn key(&self, topic: &str) -> Key {
        Key::of_topic(self.name(), topic, self.is_logged())
    }

    /// Whether the broker keeps a log of the topics.
    pub(super) fn is_logged(&self) -> bool {
        let keeps = self.reach.get().and_then(|reach| reach.keeps.as_ref());
        keeps.is_some_and(|keeps| keeps.in_broker)
    }

    /// Whether a connection has joined here.
    pub(crate) fn has(&self, topic: &str, id: ConnectionId) -> bool {
        let shard = self.shard(topic);
        shard
            .get(topic)
            .is_some_and(|topic| topic.members.contains_key(&id))
    }

    /// How many connections have joined here.
    pub(crate) fn members(&self, topic: &str) -> usize {
        let shard = self.shard(topic);
        shard.get(topic).map_or(0, |topic| topic.members.len())
    }

    /// Sends `message` to the members here, but for one, and to those of other servers; to how many here.
    pub(crate) fn publish(
        &self,
        topic: &str,
        message: &Message,
        name: &'static str,
        except: Option<ConnectionId>,
    ) -> usize {
        let bridge = self.bridge();
        let mut shard = self.shard(topic);
        let kept = Kept {
            node: self.us(),
            sequence: bridge.map_or(0, |bridge| bridge.next_sequence()),
            name,
            message: message.clone(),
            at: Instant::now(),
        };
        let sequence = kept.sequence;
        let known = match self.remembers_alone() {
            true => Some(self.topic(&mut shard, topic)),
            false => shard.get_mut(topic),
        };
        let delivered = known.map_or(0, |known| {
            let position = known.history.as_mut().and_then(|history| {
                if self.remembers_alone() {
                    history.used = kept.at;
                }
                match self.is_logged() {
                    true => history.send(kept),
                    false => history.count(kept),
                }
                history.position()
            });
            self.deliver(topic, known, (message, name), except, position)
        });
        if let Some(bridge) = bridge {
            let message = message.clone();
            let body = Body::Message { name, message };
            bridge.say(self.key(topic), sequence, body);
        }
        delivered
    }

    /// Whether a topic that nobody has joined is to be remembered: nobody else would.
    fn remembers_alone(&self) -> bool {
        let reach = self.reach.get();
        reach.is_some_and(|reach| reach.keeps.is_some() && reach.bridge.is_none())
    }

    /// Under the shard's lock, which keeps the order that publishers see.
    pub(super) fn deliver(
        &self,
        topic: &str,
        known: &Topic,
        (message, name): (&Message, &'static str),
        except: Option<ConnectionId>,
        position: Option<Position>,
    ) -> usize {
        let mark = self.mark(topic);
        let mut announced = None;
        let members = known.members.iter();
        members
            .filter(|(id, _)| Some(**id) != except)
            .map(|(_, joined)| {
                let before = joined
                    .is_told
                    .then(|| announced.get_or_insert_with(|| announcement(topic, position)))
                    .cloned();
                joined.outbox.publish(message.clone(), before, name, mark)
            })
            .filter(|published| self.is_delivered(*published))
            .count()
    }

    /// What stands for a topic in send queues.
    pub(super) fn mark(&self, topic: &str) -> NonZeroU64 {
        NonZeroU64::new(self.hasher.hash_one(topic)).unwrap_or(NonZeroU64::MAX)
    }

    pub(crate) fn is_delivered(&self, published: Published) -> bool {
        let slow = |dropped| {
            self.metrics.slow_consumers.add(1);
            self.metrics.dropped.add(dropped);
        };
        match published {
            Published::Queued => true,
            Published::Replaced(dropped) => {
                slow(dropped);
                true
            }
            Published::Dropped(dropped) => {
                slow(dropped);
                false
            }
            Published::Overflow => {
                slow(0);
                false
            }
            Published::NotOpen => false,
        }
    }

    /// Adds a member; what is published here from now on reaches it.
    pub(crate) fn join(&self, topic: &str, joining: &Joining<'_>) {
        let mut shard = self.shard(topic);
        self.insert(self.topic(&mut shard, topic), joining);
    }

    pub(super) fn insert(&self, known: &mut Topic, joining: &Joining<'_>) {
        let joined = Joined {
            outbox: joining.outbox.clone(),
            is_told: joining.is_told,
        };
        known.members.insert(joining.id, joined);
    }

    /// Removes a member.
    pub(crate) fn leave(&self, topic: &str, id: ConnectionId) {
        let mut shard = self.shard(topic);
        let Some(known) = shard.get_mut(topic) else {
            return;
        };
        known.members.remove(&id);
        self.unsee(topic, known, id);
        match &mut known.history {
            Some(history) => history.used = Instant::now(),
            None => self.forget_if_unused(&mut shard, topic),
        }
    }

    fn forget_if_unused(&self, shard: &mut Shard, topic: &str) {
        if shard
            .get(topic)
            .is_some_and(|known| known.members.is_empty())
        {
            shard.remove(topic);
            if let Some(bridge) = self.bridge() {
                bridge.forget(&self.key(topic));
            }
        }
    }

    /// Drops what nobody can need any more. To be called now and then.
    pub(crate) fn sweep(&self) {
        for mut shard in self.shards() {
            let is_over = |known: &Topic| known.history.as_ref().is_some_and(|old| old.is_over());
            let over = shard.iter().filter(|(_, known)| is_over(known));
            let over: Vec<Box<str>> = over.map(|(topic, _)| topic.clone()).collect();
            for topic in over {
                self.forget_if_unused(&mut shard, &topic);
            }
            if shard.capacity() > 2 * shard.len() + 64 {
                shard.shrink_to_fit();
            }
        }
    }

    /// The topic, new if nobody has joined it.
    pub(super) fn topic<'a>(&self, shard: &'a mut Shard, topic: &str) -> &'a mut Topic {
        shard
            .entry(topic.into())
            .or_insert_with(|| self.new_topic(topic))
    }

    fn new_topic(&self, topic: &str) -> Topic {
        if let Some(bridge) = self.bridge() {
            bridge.want(self.key(topic));
        }
        let keeps = self.reach.get().and_then(|reach| reach.keeps.as_ref());
        let history = keeps.map(|Keeps { bounds, in_broker }| {
            Box::new(match in_broker {
                true => History::of_broker(bounds.clone()),
                false => History::ours(bounds.clone(), NodeId::random().0),
            })
        });
        Topic {
            members: HashMap::new(),
            history,
            presence: None,
        }
    }

    /// All of them, one after the other.
    pub(super) fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(lock)
    }

    /// One of [`SHARDS`].
    pub(super) fn shard_at(&self, index: usize) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(index).map(lock)
    }

    pub(super) fn shard(&self, topic: &str) -> MutexGuard<'_, Shard> {
        // The remainder is below SHARDS.
        let index = self.hasher.hash_one(topic) % SHARDS as u64;
        lock(&self.shards[index as usize])
    }
}

impl Topic {
    /// Tells every member's handler.
    pub(super) fn tell(&self, event: &TopicEvent) {
        for joined in self.members.values() {
            joined.outbox.tell(event.clone());
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A poisoned map is whole: nothing in here panics halfway.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
