//! Fan-out in memory: topics, who joined them, and one encoding for all.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Message;
use crate::codegen::Encode;
use crate::connections::ConnectionId;
use crate::metrics::ChannelMetrics;
use crate::outbox::{Outbox, Published};

/// The topics of one route. Cheap to clone; publishing never waits.
///
/// For a member whose send queue is full, `limits.send_queue_full` says what is done: by default it is disconnected with
/// 1013. So one slow reader costs the others nothing.
/// Messages of one publisher on one topic arrive in order, each at most once.
pub struct Topics<Out> {
    shared: Arc<Shared>,
    messages: PhantomData<fn(Out)>,
}

/// Enough that publishers on different topics seldom meet.
const SHARDS: usize = 16;

struct Shared {
    metrics: Arc<ChannelMetrics>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// Members by topic; a topic without members does not exist.
type Shard = HashMap<Box<str>, HashMap<ConnectionId, Arc<Outbox>>>;

impl<Out: Encode> Topics<Out> {
    /// Sends `message` to every member of `topic`, encoded once; to how many.
    ///
    /// A message that cannot be encoded reaches nobody, and is logged.
    pub fn publish(&self, topic: impl AsRef<str>, message: impl Into<Out>) -> usize {
        self.deliver(topic.as_ref(), &message.into(), None)
    }

    /// [`Topics::publish`] without one member.
    pub(crate) fn publish_except(
        &self,
        topic: &str,
        message: impl Into<Out>,
        except: ConnectionId,
    ) -> usize {
        self.deliver(topic, &message.into(), Some(except))
    }

    fn deliver(&self, topic: &str, message: &Out, except: Option<ConnectionId>) -> usize {
        match message.encode() {
            Ok(encoded) => self.shared.deliver(topic, &encoded, message.name(), except),
            Err(error) => {
                tracing::error!(message = message.name(), %error, "cannot be encoded");
                0
            }
        }
    }
}

impl<Out> Topics<Out> {
    pub(crate) fn new(metrics: Arc<ChannelMetrics>) -> Self {
        let shared = Shared {
            metrics,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        };
        Self {
            shared: Arc::new(shared),
            messages: PhantomData,
        }
    }

    /// How many connections have joined `topic`.
    pub fn members(&self, topic: &str) -> usize {
        self.shared.shard(topic).get(topic).map_or(0, HashMap::len)
    }

    pub(crate) fn join(&self, topic: &str, id: ConnectionId, outbox: &Arc<Outbox>) {
        let mut shard = self.shared.shard(topic);
        match shard.get_mut(topic) {
            Some(members) => drop(members.insert(id, outbox.clone())),
            None => drop(shard.insert(topic.into(), HashMap::from([(id, outbox.clone())]))),
        }
    }

    pub(crate) fn leave(&self, topic: &str, id: ConnectionId) {
        let mut shard = self.shared.shard(topic);
        if let Some(members) = shard.get_mut(topic) {
            members.remove(&id);
            if members.is_empty() {
                shard.remove(topic);
            }
        }
    }
}

impl<Out> fmt::Debug for Topics<Out> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Topics").finish_non_exhaustive()
    }
}

impl<Out> Clone for Topics<Out> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            messages: PhantomData,
        }
    }
}

impl Shared {
    fn shard(&self, topic: &str) -> MutexGuard<'_, Shard> {
        self.shard_of(self.hasher.hash_one(topic))
    }

    fn shard_of(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // The remainder is below SHARDS, and a poisoned map is whole: nothing in here panics halfway.
        let index = hash % SHARDS as u64;
        self.shards[index as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Under the shard's lock, which keeps the order that publishers see.
    fn deliver(
        &self,
        topic: &str,
        message: &Message,
        name: &'static str,
        except: Option<ConnectionId>,
    ) -> usize {
        let hash = self.hasher.hash_one(topic);
        let shard = self.shard_of(hash);
        let mark = NonZeroU64::new(hash).unwrap_or(NonZeroU64::MAX);
        let members = shard.get(topic).into_iter().flatten();
        members
            .filter(|(id, _)| Some(**id) != except)
            .map(|(_, outbox)| outbox.publish(message.clone(), name, mark))
            .filter(|published| self.is_delivered(*published))
            .count()
    }

    fn is_delivered(&self, published: Published) -> bool {
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
}
