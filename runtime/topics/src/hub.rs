//! The topics of one route: who has joined them here, and how what is published reaches them.
//!
//! Publishing never waits: members here get the message under the topic's lock, which keeps the order, and the [`Bridge`]
//! takes it for the other servers.
//!
//! A topic is found under the lock of its shard, which is held for nothing else: a message for 10,000 members takes a
//! millisecond or more, and with one lock for both a topic beside theirs waited 2.6 ms at the 99th percentile instead of
//! 3 µs. Who holds a topic's lock never asks for a shard's.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use wsgen_protocol::Message;
use wsgen_protocol::compression::Shared;

use crate::broker::{Body, Bridge, Key, NodeId};
use crate::connections::{ConnectionId, Connections};
use crate::event::TopicEvent;
use crate::history::{Bounds, History, Kept};
use crate::metrics::{BrokerMetrics, FanOutMetrics};
use crate::outbox::{Delivery, Outbox, Published};
use crate::position::{Position, announcement};
use crate::presence::Presence;

/// Enough that two who look for topics seldom meet.
const SHARDS: usize = 16;

/// The topics of one route on this server.
pub struct Hub {
    channel: &'static str,
    metrics: Arc<FanOutMetrics>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    reach: OnceLock<Reach>,
    /// Something has become known that a member may wait for: who is on a topic, or where its log is.
    learnt: Notify,
}

/// What a hub has beyond its members, once the server is bound.
pub struct Reach {
    /// What its topics are told apart by from those of other routes.
    pub name: String,
    /// The other servers, if there can be any.
    pub bridge: Option<Arc<Bridge>>,
    /// What is counted on the way to the other servers.
    pub metrics: Arc<BrokerMetrics>,
    /// All connections of the server.
    pub connections: Connections,
    /// What is kept for those who come back, if that is wanted.
    pub keeps: Option<Keeps>,
    /// How long a message must be to be compressed, where messages are.
    pub compresses: Option<usize>,
}

/// What is kept of topics for clients that come back.
#[derive(Debug)]
pub struct Keeps {
    /// How much is kept.
    pub bounds: Arc<Bounds>,
    /// Whether the broker keeps the log, too.
    pub in_broker: bool,
}

/// A topic without members and without history does not exist.
pub(crate) type Shard = HashMap<Box<str>, Arc<Mutex<Topic>>>;

pub(crate) struct Topic {
    /// It was removed: who still holds it must look again.
    is_over: bool,
    /// In the order they connected, which is roughly that of their memory: a fan-out in the order of a hash costs a fifth
    /// to a half of a delivery's system call more.
    pub(crate) members: BTreeMap<ConnectionId, Joined>,
    pub(crate) history: Option<Box<History>>,
    pub(crate) presence: Option<Box<Presence>>,
}

/// A connection on a topic.
pub(crate) struct Joined {
    pub(crate) outbox: Arc<Outbox>,
    /// Whether its client wants to be told positions.
    is_told: bool,
}

/// A member as it joins.
pub struct Joining<'a> {
    /// The connection's number.
    pub id: ConnectionId,
    /// Its send queue.
    pub outbox: &'a Arc<Outbox>,
    /// Whether its client is told where it is on the topic.
    pub is_told: bool,
}

impl Hub {
    /// The topics of a route of this channel.
    pub fn new(channel: &'static str, metrics: Arc<FanOutMetrics>) -> Self {
        Self {
            channel,
            metrics,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            reach: OnceLock::new(),
            learnt: Notify::new(),
        }
    }

    /// To be called once, before the first connection.
    pub fn reach_out(&self, reach: Reach) {
        // A second call would be a fault of ours, and changes nothing.
        let _ = self.reach.set(reach);
    }

    /// The name of the channel in the document.
    pub fn channel(&self) -> &'static str {
        self.channel
    }

    /// What tells the topics of this channel from those of others.
    pub fn name(&self) -> &str {
        self.reach.get().map_or("", |reach| &reach.name)
    }

    /// The way to the other servers, if there can be any.
    pub fn bridge(&self) -> Option<&Arc<Bridge>> {
        self.reach.get()?.bridge.as_ref()
    }

    /// Whether clients may resume.
    pub fn keeps_history(&self) -> bool {
        self.reach.get().is_some_and(|reach| reach.keeps.is_some())
    }

    pub(crate) fn broker_metrics(&self) -> Option<&BrokerMetrics> {
        Some(&self.reach.get()?.metrics)
    }

    pub(crate) fn connections(&self) -> Option<&Connections> {
        Some(&self.reach.get()?.connections)
    }

    pub(crate) fn us(&self) -> NodeId {
        self.bridge().map_or(NodeId(0), |bridge| bridge.us)
    }

    /// The name of a topic at the broker.
    pub fn key(&self, topic: &str) -> Key {
        Key::of_topic(self.name(), topic, self.is_logged())
    }

    /// Whether the broker keeps a log of the topics.
    pub(crate) fn is_logged(&self) -> bool {
        let keeps = self.reach.get().and_then(|reach| reach.keeps.as_ref());
        keeps.is_some_and(|keeps| keeps.in_broker)
    }

    /// Tells those who wait by [`Hub::wait_while`].
    pub(crate) fn tell_those_who_wait(&self) {
        self.learnt.notify_waiters();
    }

    /// Done once [`Hub::tell_those_who_wait`] is called after this.
    pub(crate) fn learnt(&self) -> Notified<'_> {
        self.learnt.notified()
    }

    /// Waits while something is unknown that the broker will tell; not while there is no broker.
    pub(crate) async fn wait_while(&self, is_unknown: impl Fn() -> bool) {
        loop {
            // Made before the look, so that no change in between is missed.
            let change = self.learnt();
            if !self.bridge().is_some_and(|bridge| bridge.is_connected()) || !is_unknown() {
                return;
            }
            change.await;
        }
    }

    /// Whether a connection has joined here.
    pub fn has(&self, topic: &str, id: ConnectionId) -> bool {
        self.at(topic, |known| known.members.contains_key(&id))
            .unwrap_or(false)
    }

    /// How many connections have joined here.
    pub fn members(&self, topic: &str) -> usize {
        self.at(topic, |known| known.members.len()).unwrap_or(0)
    }

    /// Sends `message` to the members here, but for one, and to those of other servers; to how many here.
    pub fn publish(
        &self,
        topic: &str,
        message: &Message,
        name: &'static str,
        except: Option<ConnectionId>,
    ) -> usize {
        loop {
            let mut shard = self.shard(topic);
            let known = match self.remembers_alone() {
                true => Some(self.entry(&mut shard, topic)),
                false => shard.get(topic).cloned(),
            };
            let Some(known) = known else {
                // Under the shard's lock, so that what is published once somebody has joined comes later.
                self.publish_remote(topic, self.next_sequence(), message, name);
                return 0;
            };
            drop(shard);
            let mut known = lock(&known);
            if !known.is_over {
                return self.publish_to(topic, &mut known, (message, name), except);
            }
        }
    }

    fn publish_to(
        &self,
        topic: &str,
        known: &mut Topic,
        (message, name): (&Message, &'static str),
        except: Option<ConnectionId>,
    ) -> usize {
        let sequence = self.next_sequence();
        let position = known.history.as_mut().and_then(|history| {
            let kept = Kept {
                node: self.us(),
                sequence,
                name,
                message: message.clone(),
                at: Instant::now(),
            };
            if self.remembers_alone() {
                history.used = kept.at;
            }
            match self.is_logged() {
                true => history.send(kept),
                false => history.count(kept),
            }
            history.position()
        });
        let delivered = self.deliver(topic, known, (message, name), except, position);
        self.publish_remote(topic, sequence, message, name);
        delivered
    }

    fn next_sequence(&self) -> u64 {
        self.bridge().map_or(0, |bridge| bridge.next_sequence())
    }

    /// Has the other servers told.
    fn publish_remote(&self, topic: &str, sequence: u64, message: &Message, name: &'static str) {
        if let Some(bridge) = self.bridge() {
            let message = message.clone();
            let body = Body::Message { name, message };
            bridge.publish(self.key(topic), sequence, body);
        }
    }

    /// Whether a topic that nobody has joined is to be remembered: nobody else would.
    fn remembers_alone(&self) -> bool {
        let reach = self.reach.get();
        reach.is_some_and(|reach| reach.keeps.is_some() && reach.bridge.is_none())
    }

    /// Under the topic's lock, which keeps the order that publishers see.
    pub(crate) fn deliver(
        &self,
        topic: &str,
        known: &Topic,
        (message, name): (&Message, &'static str),
        except: Option<ConnectionId>,
        position: Option<Position>,
    ) -> usize {
        let mark = self.mark(topic);
        let mut announced = None;
        let shared = self.shared(message, known.members.len());
        let members = known.members.iter();
        members
            .filter(|(id, _)| Some(**id) != except)
            .map(|(_, joined)| {
                let before = joined
                    .is_told
                    .then(|| announced.get_or_insert_with(|| announcement(topic, position)))
                    .cloned();
                let delivery = Delivery {
                    message: message.clone(),
                    name,
                    shared: shared.clone(),
                };
                joined.outbox.publish(delivery, before, mark)
            })
            .filter(|published| self.is_delivered(*published))
            .count()
    }

    /// Where what a message is compressed to is kept for all members, where that is worth it.
    fn shared(&self, message: &Message, members: usize) -> Option<Shared> {
        let least = self.reach.get()?.compresses?;
        (members > 1 && message.len() >= least).then(Shared::default)
    }

    /// What stands for a topic in send queues.
    pub(crate) fn mark(&self, topic: &str) -> NonZeroU64 {
        NonZeroU64::new(self.hasher.hash_one(topic)).unwrap_or(NonZeroU64::MAX)
    }

    /// Whether a published message reached a member; counts it if it did not.
    pub fn is_delivered(&self, published: Published) -> bool {
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
    pub fn join(&self, topic: &str, joining: &Joining<'_>) {
        self.at_or_new(topic, |known| self.insert(known, joining));
    }

    pub(crate) fn insert(&self, known: &mut Topic, joining: &Joining<'_>) {
        let joined = Joined {
            outbox: joining.outbox.clone(),
            is_told: joining.is_told,
        };
        known.members.insert(joining.id, joined);
    }

    /// Removes a member.
    pub fn leave(&self, topic: &str, id: ConnectionId) {
        let is_unused = self.at(topic, |known| {
            known.members.remove(&id);
            self.remove_present(topic, known, id);
            if let Some(history) = &mut known.history {
                history.used = Instant::now();
            }
            known.history.is_none() && known.members.is_empty()
        });
        if is_unused == Some(true) {
            self.forget_if_unused(&mut self.shard(topic), topic);
        }
    }

    fn forget_if_unused(&self, shard: &mut Shard, topic: &str) {
        let Some(known) = shard.get(topic).cloned() else {
            return;
        };
        let mut known = lock(&known);
        if known.members.is_empty() {
            known.is_over = true;
            shard.remove(topic);
            if let Some(bridge) = self.bridge() {
                bridge.forget(&self.key(topic));
            }
        }
    }

    /// Drops what nobody can need any more. To be called now and then.
    pub fn sweep(&self) {
        for mut shard in self.shards() {
            let mut over = Vec::new();
            for (topic, known) in shard.iter() {
                if let Some(history) = &mut lock(known).history {
                    history.drop_old();
                    if history.is_over() {
                        over.push(topic.clone());
                    }
                }
            }
            for topic in over {
                self.forget_if_unused(&mut shard, &topic);
            }
            if shard.capacity() > 2 * shard.len() + 64 {
                shard.shrink_to_fit();
            }
        }
    }

    /// Does something with a topic, if there is one.
    pub(crate) fn at<T>(&self, topic: &str, work: impl FnOnce(&mut Topic) -> T) -> Option<T> {
        let known = self.shard(topic).get(topic)?.clone();
        let mut known = lock(&known);
        (!known.is_over).then(|| work(&mut known))
    }

    /// Does something with a topic, a new one if nobody has joined it.
    pub(crate) fn at_or_new<T>(&self, topic: &str, work: impl FnOnce(&mut Topic) -> T) -> T {
        loop {
            let known = self.entry(&mut self.shard(topic), topic);
            let mut known = lock(&known);
            if !known.is_over {
                return work(&mut known);
            }
        }
    }

    fn entry(&self, shard: &mut Shard, topic: &str) -> Arc<Mutex<Topic>> {
        if let Some(known) = shard.get(topic) {
            return known.clone();
        }
        let new = Arc::new(Mutex::new(self.new_topic(topic)));
        shard.insert(topic.into(), new.clone());
        new
    }

    fn new_topic(&self, topic: &str) -> Topic {
        let has_broker = self.bridge().is_some_and(|bridge| {
            bridge.want(self.key(topic));
            bridge.is_connected()
        });
        let keeps = self.reach.get().and_then(|reach| reach.keeps.as_ref());
        let history = keeps.map(|Keeps { bounds, in_broker }| {
            if !in_broker {
                return Box::new(History::ours(bounds.clone(), NodeId::random().0));
            }
            let mut history = History::of_broker(bounds.clone());
            if !has_broker {
                history.lose_track();
            }
            Box::new(history)
        });
        Topic {
            is_over: false,
            members: BTreeMap::new(),
            history,
            presence: None,
        }
    }

    /// All of them, one after the other.
    pub(crate) fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(lock)
    }

    /// One of [`SHARDS`].
    pub(crate) fn shard_at(&self, index: usize) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(index).map(lock)
    }

    fn shard(&self, topic: &str) -> MutexGuard<'_, Shard> {
        // The remainder is below SHARDS.
        let index = self.hasher.hash_one(topic) % SHARDS as u64;
        lock(&self.shards[index as usize])
    }
}

impl Topic {
    /// Tells every member's handler.
    pub(crate) fn tell(&self, event: &TopicEvent) {
        for joined in self.members.values() {
            joined.outbox.tell(event.clone());
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a poisoned lock holds is whole: nothing in here panics halfway.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hub")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reach")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Joining<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Joining")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
