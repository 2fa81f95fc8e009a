//! Members that want to be seen: what they are told of each other, here and by other servers.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::broker::{Key, News, NodeId, Present};
use crate::connections::ConnectionId;
use crate::event::{Member, TopicEvent};
use crate::hub::{Hub, Topic, lock};
use crate::presence::{Change, Presence};

/// A list of members goes to the other servers in parts of so many.
const LISTED_AT_ONCE: usize = 256;

impl Hub {
    /// A member of ours wants to be seen, or says something new of itself.
    pub fn add_present(&self, topic: &str, present: Present) {
        let present = Arc::new(present);
        self.at(topic, |known| {
            let is_first = known.presence.is_none();
            let presence = known.presence.get_or_insert_default();
            if let Some(bridge) = self.bridge() {
                let key = self.key(topic);
                if is_first {
                    presence.ask(bridge.peers().into_iter());
                    let asked = key.name().to_owned();
                    bridge.announce(Key::of_servers(), News::WhoIsThere { key: asked });
                }
                bridge.announce(key, News::Came((*present).clone()));
            }
            presence.join(present.clone());
            let node = self.us();
            let joined = vec![Member { node, present }];
            let left = Vec::new();
            known.spread(topic, Change { joined, left }, node);
        });
    }

    /// A member of ours leaves; nothing happens if it was not to be seen.
    pub(crate) fn remove_present(&self, topic: &str, known: &mut Topic, id: ConnectionId) {
        let Some(presence) = &mut known.presence else {
            return;
        };
        let Some(present) = presence.leave(id.number()) else {
            return;
        };
        if let Some(bridge) = self.bridge() {
            bridge.announce(self.key(topic), News::Left(id.number()));
        }
        if presence.is_empty_here() {
            // Without members of its own this server does not follow the others'.
            known.presence = None;
            return;
        }
        let node = self.us();
        let left = vec![Member { node, present }];
        let joined = Vec::new();
        known.spread(topic, Change { joined, left }, node);
    }

    /// Everybody on a topic who wants to be seen, as far as is known here: complete while one of them is connected here.
    pub fn seen(&self, topic: &str) -> Vec<Member> {
        let seen = self.at(topic, |known| {
            let presence = known.presence.as_ref()?;
            Some(presence.members(self.us()))
        });
        seen.flatten().unwrap_or_default()
    }

    /// Waits until the other servers have said who of theirs is there.
    pub async fn presence_complete(&self, topic: &str, until: Instant) {
        let is_waiting = || {
            let waiting = self.at(topic, |known| {
                let presence = known.presence.as_ref();
                presence.is_some_and(|presence| !presence.is_complete())
            });
            waiting.unwrap_or(false)
        };
        let _ = timeout_at(until, self.wait_while(is_waiting)).await;
    }

    /// Another server says something of its members on a topic.
    pub fn presence_changed(&self, topic: &str, node: NodeId, news: News) {
        self.at(topic, |known| {
            let Some(presence) = &mut known.presence else {
                return;
            };
            let change = match news {
                News::Came(present) => presence.came(node, present),
                News::Left(connection) => presence.left(node, connection),
                News::Here {
                    first,
                    last,
                    members,
                } => presence.here(node, first, last, members),
                _ => return,
            };
            known.spread(topic, change, self.us());
        });
        self.tell_those_who_wait();
    }

    /// Another server asks who of ours is there.
    pub fn answer_presence_query(&self, topic: &str) {
        let answered = self.at(topic, |known| self.list(topic, known.presence.as_deref()));
        if answered.is_none() {
            self.list(topic, None);
        }
    }

    fn list(&self, topic: &str, presence: Option<&Presence>) {
        let Some(bridge) = self.bridge() else {
            return;
        };
        let ours: Vec<Present> = presence
            .iter()
            .flat_map(|presence| presence.ours().cloned())
            .collect();
        let parts = ours.len().div_ceil(LISTED_AT_ONCE).max(1);
        for part in 0..parts {
            let members = ours.iter().skip(part * LISTED_AT_ONCE);
            let news = News::Here {
                first: part == 0,
                last: part + 1 == parts,
                members: members.take(LISTED_AT_ONCE).cloned().collect(),
            };
            bridge.announce(self.key(topic), news);
        }
    }

    /// Says anew who of ours is where, and asks for the others', because something may have been missed; as fast as the
    /// broker takes it.
    pub async fn exchange_presence(&self) {
        let Some(bridge) = self.bridge() else {
            return;
        };
        for index in 0.. {
            bridge.has_room().await;
            let Some(shard) = self.shard_at(index) else {
                return;
            };
            for (topic, known) in shard.iter() {
                let known = lock(known);
                if known.presence.is_some() {
                    self.list(topic, known.presence.as_deref());
                    let key = self.key(topic).name().to_owned();
                    bridge.announce(Key::of_servers(), News::WhoIsThere { key });
                }
            }
        }
    }

    /// Another server is gone, and its members with it.
    pub fn remove_node(&self, node: NodeId) {
        for shard in self.shards() {
            for (topic, known) in shard.iter() {
                let mut known = lock(known);
                if let Some(presence) = &mut known.presence {
                    let change = presence.gone(node);
                    known.spread(topic, change, self.us());
                }
            }
        }
        self.tell_those_who_wait();
    }
}

impl Topic {
    /// Tells those who want to be seen who came and who left, but not of themselves.
    fn spread(&self, topic: &str, Change { joined, left }: Change, us: NodeId) {
        if joined.is_empty() && left.is_empty() {
            return;
        }
        let Some(presence) = &self.presence else {
            return;
        };
        let topic: Arc<str> = topic.into();
        let joined = joined
            .into_iter()
            .map(|member| TopicEvent::Joined(topic.clone(), member));
        let left = left
            .into_iter()
            .map(|member| TopicEvent::Left(topic.clone(), member));
        for event in joined.chain(left) {
            for present in presence.ours() {
                let id = ConnectionId::numbered(present.connection);
                let is_itself = event.is_of(us, present.connection);
                if let Some(joined) = self.members.get(&id).filter(|_| !is_itself) {
                    joined.outbox.tell(event.clone());
                }
            }
        }
    }
}
