//! Fan-out in memory: topics, who joined them, and one encoding for all.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::codegen::Encode;
use crate::connections::ConnectionId;
use crate::outbox::Outbox;
use crate::{EncodeError, Message};

/// The topics of one route. Cheap to clone; publishing never waits.
///
/// A member whose send queue is full is disconnected with 1013, so one slow reader costs the others nothing.
/// Messages of one publisher on one topic arrive in order, each at most once.
pub struct Topics<Out> {
    shared: Arc<Shared>,
    messages: PhantomData<fn(Out)>,
}

/// Enough that publishers on different topics seldom meet.
const SHARDS: usize = 16;

struct Shared {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// Members by topic; a topic without members does not exist.
type Shard = HashMap<Box<str>, HashMap<ConnectionId, Arc<Outbox>>>;

impl<Out: Encode> Topics<Out> {
    /// Sends `message` to every member of `topic`, encoded once; to how many.
    ///
    /// # Errors
    /// The message cannot be encoded.
    pub fn publish(&self, topic: &str, message: impl Into<Out>) -> Result<usize, EncodeError> {
        Ok(self.shared.deliver(topic, &message.into().encode()?, None))
    }

    /// [`Topics::publish`] without one member.
    pub(crate) fn publish_except(
        &self,
        topic: &str,
        message: impl Into<Out>,
        except: ConnectionId,
    ) -> Result<usize, EncodeError> {
        Ok(self
            .shared
            .deliver(topic, &message.into().encode()?, Some(except)))
    }
}

impl<Out> Topics<Out> {
    pub(crate) fn new() -> Self {
        let shared = Shared {
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
        // The remainder is below SHARDS, and a poisoned map is whole: nothing in here panics halfway.
        let index = self.hasher.hash_one(topic) % SHARDS as u64;
        self.shards[index as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Under the shard's lock, which keeps the order that publishers see.
    fn deliver(&self, topic: &str, message: &Message, except: Option<ConnectionId>) -> usize {
        let shard = self.shard(topic);
        let members = shard.get(topic).into_iter().flatten();
        members
            .filter(|(id, _)| Some(**id) != except)
            .filter(|(_, outbox)| outbox.push_or_disconnect(message.clone()))
            .count()
    }
}
