//! A server among the others: what comes from the broker finds its hub, and who gives no sign of life is forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::bridge::{Bridge, Work};
use super::key::{Key, channel_and_topic};
use super::wire::{Body, Frame, News, NodeId};
use crate::connections::Connections;
use crate::{Bounds, Hub, Kept, Log, Logged};

/// Most topics' histories are looked at this often.
const SWEEP: Duration = Duration::from_secs(5);

/// Gaps that follow each other sooner are one.
const BETWEEN_GAPS: Duration = Duration::from_secs(1);

pub(crate) struct Cluster {
    pub bridge: Arc<Bridge>,
    /// After how long without a sign of life another server is gone.
    presence_ttl: Duration,
    /// How much of its topics is kept.
    pub bounds: Arc<Bounds>,
    hubs: Vec<Arc<Hub>>,
    connections: Connections,
    /// Something was dropped on its way to us.
    has_fallen_behind: Notify,
    /// The lists of members are to be exchanged anew.
    may_have_missed: Notify,
}

impl Cluster {
    pub(crate) fn new(
        bridge: Arc<Bridge>,
        presence_ttl: Duration,
        bounds: Arc<Bounds>,
        hubs: Vec<Arc<Hub>>,
        connections: Connections,
    ) -> Self {
        Self {
            bridge,
            presence_ttl,
            bounds,
            hubs,
            connections,
            has_fallen_behind: Notify::new(),
            may_have_missed: Notify::new(),
        }
    }

    fn hub(&self, channel: &str) -> Option<&Arc<Hub>> {
        self.hubs.iter().find(|hub| hub.name() == channel)
    }

    fn hub_and_topic<'a>(&self, name: &'a str) -> Option<(&Arc<Hub>, &'a str)> {
        let (channel, topic) = channel_and_topic(name)?;
        Some((self.hub(channel)?, topic))
    }

    /// Something came on a topic; with epoch and offset if it is of the topic's log.
    pub(crate) fn received(&self, name: &str, frame: &Bytes, place: Option<(u64, u64)>) {
        let Some(frame) = Frame::decode(frame) else {
            tracing::debug!("the broker passed on what no server of this version says");
            return;
        };
        let is_ours = frame.node == self.bridge.us;
        match (self.hub_and_topic(name), frame.body) {
            (None, Body::News(news)) if !is_ours => self.announcement_received(frame.node, news),
            (Some((hub, topic)), Body::News(news)) if !is_ours => {
                self.bridge.peer_is_alive(frame.node);
                hub.presence_changed(topic, frame.node, news);
            }
            (Some((hub, topic)), Body::Message { name, message }) => {
                let kept = Kept {
                    node: frame.node,
                    sequence: frame.sequence,
                    name,
                    message,
                    at: Instant::now(),
                };
                match place {
                    Some((epoch, offset)) => hub.receive_logged(
                        topic,
                        Logged {
                            epoch,
                            offset,
                            kept,
                        },
                    ),
                    None if !is_ours => hub.receive(topic, kept),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// What another server tells all.
    fn announcement_received(&self, node: NodeId, news: News) {
        match news {
            News::Beat(beat) => {
                let has_dropped = self.bridge.heartbeat_received(node, &beat);
                if has_dropped {
                    tracing::warn!(%node, "another server had to drop messages for us");
                    self.miss(true);
                }
            }
            News::Bye => {
                self.bridge.forget_peer(node);
                self.hubs.iter().for_each(|hub| hub.remove_node(node));
            }
            News::Kick {
                principal,
                code,
                reason,
            } => self.connections.kick(&principal, code, &reason),
            News::WhoIsThere { key } => {
                if let Some((hub, topic)) = self.hub_and_topic(&key) {
                    hub.answer_presence_query(topic);
                }
            }
            _ => {}
        }
    }

    /// Something that others have said was dropped on its way to us. Costs nothing: it may be every message.
    pub(crate) fn fell_behind(&self) {
        self.has_fallen_behind.notify_one();
    }

    /// Messages of others may be missing, because one of them dropped some or because this server did not hear them.
    fn miss(&self, were_dropped: bool) {
        self.bridge.metrics.gaps.add(1);
        self.may_have_missed.notify_one();
        self.hubs
            .iter()
            .for_each(|hub| hub.has_missed(were_dropped));
    }

    /// There is a connection, and everything wanted is heard; members `may_have_missed` something before.
    pub(crate) fn came_up(&self, may_have_missed: bool) {
        self.bridge.came_up();
        if may_have_missed {
            self.miss(false);
        }
    }

    /// The connection is lost.
    pub(crate) fn went_down(&self) {
        self.bridge.disconnected();
        self.hubs.iter().for_each(|hub| hub.lose_track());
    }

    /// The part of a topic's log was read that it needed.
    pub(crate) fn caught_up(&self, key: &Key, log: Log) {
        if let Some((hub, topic)) = self.hub_and_topic(key.name()) {
            hub.catch_up(topic, log);
        }
    }

    /// Where to read the logs of these topics from, of those that somebody needs.
    pub(crate) fn track_from(&self, work: &mut Work) -> Vec<(Key, Option<(u64, u64)>)> {
        let astray = std::mem::take(&mut work.astray).into_iter();
        let from = astray.filter_map(|key| {
            let (hub, topic) = self.hub_and_topic(key.name())?;
            let from = hub.track_from(topic)?;
            Some((key, from))
        });
        from.collect()
    }

    /// What goes on beside the connection; for ever.
    pub(crate) async fn keep_alive(&self) {
        tokio::join!(
            self.give_signs_of_life(),
            self.tell_gaps(),
            self.exchange_lists()
        );
    }

    /// Signs of life, ours and those that others owe.
    async fn give_signs_of_life(&self) {
        let ttl = self.presence_ttl;
        let period = (ttl / 3).min(SWEEP);
        let mut tick = tokio::time::interval(period);
        loop {
            tick.tick().await;
            if self.bridge.is_connected() {
                self.bridge.send_heartbeat();
            }
            // Now, for those whose time would be over before the next look.
            for node in self.bridge.forget_silent_peers(ttl - period) {
                tracing::warn!(%node, "another server gives no sign of life");
                self.hubs.iter().for_each(|hub| hub.remove_node(node));
            }
        }
    }

    /// Tells members here of what this server was too slow for: after the last of it, and not all the time.
    async fn tell_gaps(&self) {
        loop {
            self.has_fallen_behind.notified().await;
            tracing::warn!("this server falls behind what others publish");
            self.miss(false);
            tokio::time::sleep(BETWEEN_GAPS).await;
        }
    }

    async fn exchange_lists(&self) {
        loop {
            self.may_have_missed.notified().await;
            for hub in &self.hubs {
                hub.exchange_presence().await;
            }
            tokio::time::sleep(BETWEEN_GAPS).await;
        }
    }

    /// Says that this server stops, and gives the broker a moment to pass it on.
    pub(crate) async fn say_goodbye(&self) {
        self.bridge.announce(Key::of_servers(), News::Bye);
        self.bridge.release_held();
        let said = async {
            self.bridge.is_silent().await;
            // The last batch is on its way.
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), said).await;
    }
}

/// Forgets histories that nobody can need any more; for ever.
pub(super) async fn sweep(hubs: &[Arc<Hub>]) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tick.tick().await;
        for hub in hubs {
            hub.sweep();
        }
    }
}
