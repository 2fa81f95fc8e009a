//! What the topics of a server and the task of its broker share: what is to be said, what is to be heard.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout_at;

use super::hold::Hold;
use super::key::Key;
use super::wire::{Beat, Body, Frame, News, NodeId};
use crate::Log;
use crate::metrics::BrokerMetrics;

/// What may wait for the broker: beyond it the oldest is dropped, and the others are told.
const MOST_MESSAGES: usize = 16_384;
const MOST_BYTES: usize = 32 << 20;

/// How many clients may wait for a part of a log at once; more do not recover.
const MOST_READS: usize = 1024;

/// How long a part of a log is waited for.
const LOG_TIMEOUT: Duration = Duration::from_secs(2);

/// The way from a server to its broker.
#[derive(Debug)]
pub struct Bridge {
    /// This server.
    pub us: NodeId,
    /// What is counted on the way.
    pub metrics: Arc<BrokerMetrics>,
    sequence: AtomicU64,
    state: Mutex<State>,
    /// The broker's task has something to do.
    work: Notify,
    /// Topics are heard that were not, or the connection is lost.
    heard: Notify,
    /// Less waits to be published, or the connection is lost.
    drained: Notify,
}

#[derive(Debug, Default)]
struct State {
    outgoing: VecDeque<Outgoing>,
    bytes: usize,
    /// Topics whose log perhaps lacks these messages of ours.
    torn: HashMap<Key, Vec<u64>>,
    dropped: u64,
    /// Whether a sign of life goes before all of these.
    beat_is_due: bool,
    /// Whether that asks the others whether they hear, and what it answers them.
    beat_asks: bool,
    questions: Vec<u64>,
    hold: Hold,
    /// The topics that have members here, and those that are heard.
    wanted: HashSet<Key>,
    heard: HashSet<Key>,
    /// Those of one that are not of the other, but for what the task is busy with.
    changed: HashSet<Key>,
    /// Topics whose log is to be read to be on track again.
    astray: HashSet<Key>,
    reads: VecDeque<Read>,
    is_connected: bool,
    /// Whether also all topics were heard that were joined before.
    has_come_up: bool,
    /// The other servers that give signs of life.
    peers: BTreeMap<NodeId, Peer>,
    /// Since when the broker has owed an answer, if it does.
    waiting: Option<Instant>,
}

#[derive(Debug)]
struct Peer {
    heard: Instant,
    /// How many messages it has dropped, once it has said so.
    dropped: Option<u64>,
}

/// Something to be said.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The topic that it is for.
    pub key: Key,
    /// Whether it goes into the topic's log.
    pub is_logged: bool,
    /// Its number among the messages of this server; 0 for what is not a message.
    pub sequence: u64,
    /// What the broker carries.
    pub frame: Bytes,
    /// When it was published.
    pub since: Instant,
}

/// A wish to read a log.
#[derive(Debug)]
pub struct Read {
    pub key: Key,
    /// After this offset of this epoch.
    pub after: (u64, u64),
    pub answer: oneshot::Sender<Log>,
}

/// What the broker's task is to do.
#[derive(Debug, Default)]
pub struct Work {
    pub hear: Vec<Key>,
    pub ignore: Vec<Key>,
    pub astray: Vec<Key>,
    pub reads: Vec<Read>,
}

impl Bridge {
    /// A way for a server that has not published anything.
    pub fn new(metrics: Arc<BrokerMetrics>) -> Self {
        Self {
            us: NodeId::random(),
            metrics,
            sequence: AtomicU64::new(0),
            state: Mutex::default(),
            work: Notify::new(),
            heard: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// A larger number than before.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Has something said, after what was said before. Never waits: the oldest is dropped where there is no room.
    pub fn publish(&self, key: Key, sequence: u64, body: Body) {
        let said = Outgoing::new(self.us, key, sequence, body);
        let mut state = self.lock();
        state.bytes += said.frame.len();
        state.outgoing.push_back(said);
        while state.outgoing.len() > MOST_MESSAGES || state.bytes > MOST_BYTES {
            let Some(dropped) = state.outgoing.pop_front() else {
                break;
            };
            state.bytes -= dropped.frame.len();
            state.dropped += 1;
            state.tear(&dropped, true);
            self.metrics.dropped.add(1);
        }
        drop(state);
        self.work.notify_one();
    }

    /// Has news told on a topic, or to all servers.
    pub fn announce(&self, key: Key, news: News) {
        self.publish(key, 0, Body::News(news));
    }

    /// Gives a sign of life. It goes first: what waits may be much, or be dropped.
    pub fn send_heartbeat(&self) {
        self.lock().beat_is_due = true;
        self.work.notify_one();
    }

    /// Says what waits though others may not hear it, because this server stops.
    pub fn release_held(&self) {
        self.lock().hold = Hold::default();
        self.work.notify_one();
    }

    /// The broker is asked for something, or has done it.
    pub fn set_waiting(&self, waits: bool) {
        self.lock().waiting = waits.then(Instant::now);
    }

    /// These may have been lost on their way. The others are told, but for those of which a log will show it.
    pub fn lost(&self, batch: &[Outgoing]) {
        let mut state = self.lock();
        for lost in batch {
            let is_to_be_seen = state.tear(lost, false);
            state.dropped += u64::from(!is_to_be_seen);
        }
        self.metrics.dropped.add(batch.len() as u64);
    }

    /// Logs that must begin anew if they lack one of these messages; at most so many.
    pub fn torn_logs(&self, most: usize) -> Vec<(Key, Vec<u64>)> {
        let state = self.lock();
        let torn = state.torn.iter().take(most);
        torn.map(|(key, lost)| (key.clone(), lost.clone()))
            .collect()
    }

    /// They do not lack them, or have begun anew, which the others are told.
    pub fn logs_repaired(&self, logs: &[(Key, Vec<u64>)], began_anew: &[bool]) {
        let mut state = self.lock();
        for ((key, lost), began_anew) in logs.iter().zip(began_anew) {
            state.dropped += u64::from(*began_anew);
            state.beat_is_due |= *began_anew;
            // Else more was lost meanwhile.
            if state.torn.get(key) == Some(lost) {
                state.torn.remove(key);
            }
        }
    }

    /// A topic has got members here.
    pub fn want(&self, key: Key) {
        let mut state = self.lock();
        if key.is_logged {
            state.astray.insert(key.clone());
        }
        state.wanted.insert(key.clone());
        state.compare(key);
        drop(state);
        self.work.notify_one();
    }

    /// A topic has none any more.
    pub fn forget(&self, key: &Key) {
        let mut state = self.lock();
        state.wanted.remove(key);
        state.astray.remove(key);
        state.compare(key.clone());
        drop(state);
        self.work.notify_one();
    }

    /// A topic's log must be read.
    pub fn read_log_anew(&self, key: Key) {
        self.lock().astray.insert(key);
        self.work.notify_one();
    }

    /// What is after an offset in a topic's log, if the broker says it soon.
    pub async fn read(&self, key: Key, after: (u64, u64)) -> Option<Log> {
        let (answer, log) = oneshot::channel();
        {
            let mut state = self.lock();
            if !state.is_connected || state.reads.len() >= MOST_READS {
                return None;
            }
            state.reads.push_back(Read { key, after, answer });
        }
        self.work.notify_one();
        tokio::time::timeout(LOG_TIMEOUT, log).await.ok()?.ok()
    }

    /// Waits until what others publish on a topic arrives here; not while there is no broker.
    pub async fn subscribed(&self, key: &Key, until: tokio::time::Instant) {
        let heard = async {
            loop {
                // Made before the look, so that no change in between is missed.
                let change = self.heard.notified();
                {
                    let state = self.lock();
                    if !state.is_connected || state.heard.contains(key) {
                        return;
                    }
                }
                change.await;
            }
        };
        if timeout_at(until, heard).await.is_err() {
            tracing::debug!("the broker takes long to hear another topic");
        }
    }

    /// What is to be done but for saying something; empty if there is nothing.
    pub fn take_work(&self) -> Work {
        let mut state = self.lock();
        let state = &mut *state;
        let mut work = Work::default();
        for key in state.changed.drain() {
            match (state.wanted.contains(&key), state.heard.contains(&key)) {
                (true, false) => work.hear.push(key),
                (false, true) => {
                    state.heard.remove(&key);
                    work.ignore.push(key);
                }
                _ => {}
            }
        }
        work.astray = state.astray.drain().collect();
        work.reads = state.reads.drain(..).collect();
        work
    }

    /// What is to be said first: at most so many messages, and no more once they have so many bytes. What is held for
    /// others is not among it.
    pub fn take_messages(&self, messages: usize, bytes: usize) -> Vec<Outgoing> {
        let mut state = self.lock();
        let mut batch = Vec::new();
        if messages > 0 && std::mem::take(&mut state.beat_is_due) {
            let beat = Body::News(News::Beat(state.next_beat()));
            batch.push(Outgoing::new(self.us, Key::of_servers(), 0, beat));
        }
        let mut taken = 0;
        while batch.len() < messages
            && !state.is_held()
            && taken < bytes
            && let Some(said) = state.outgoing.pop_front()
        {
            taken += said.frame.len();
            batch.push(said);
        }
        state.bytes -= taken;
        drop(state);
        self.drained.notify_waiters();
        batch
    }

    /// Whether there is something to do.
    pub fn has_more(&self) -> bool {
        let mut state = self.lock();
        let says_nothing = state.outgoing.is_empty() || state.is_held();
        !(says_nothing
            && !state.beat_is_due
            && state.changed.is_empty()
            && state.astray.is_empty()
            && state.torn.is_empty()
            && state.reads.is_empty())
    }

    /// Waits until there may be something to do.
    pub async fn has_work(&self) {
        let until = self.lock().hold.until();
        match until {
            // It is not held any longer then.
            Some(until) => drop(timeout_at(until.into(), self.work.notified()).await),
            None => self.work.notified().await,
        }
    }

    /// These topics are heard now.
    pub fn subscribed_to(&self, keys: Vec<Key>) {
        let mut state = self.lock();
        for key in keys {
            state.heard.insert(key.clone());
            // It may have lost its last member meanwhile.
            state.compare(key);
        }
        drop(state);
        self.work.notify_one();
        self.heard.notify_waiters();
    }

    /// There is a connection: whether there are topics that were joined without it.
    pub fn connected(&self) -> bool {
        let mut state = self.lock();
        state.is_connected = true;
        // The others' time begins anew: while we heard nobody, nobody could be heard.
        let now = Instant::now();
        state.peers.values_mut().for_each(|peer| peer.heard = now);
        state.hold = Hold::begin(state.peers.keys().copied());
        state.changed = state.wanted.iter().cloned().collect();
        let logged = state.wanted.iter().filter(|key| key.is_logged);
        state.astray = logged.cloned().collect();
        !state.wanted.is_empty()
    }

    /// Those topics are heard.
    pub fn came_up(&self) {
        let mut state = self.lock();
        state.has_come_up = true;
        state.beat_asks = true;
        state.hold.came_up();
        drop(state);
        self.metrics.connected();
        self.send_heartbeat();
    }

    /// There is none any more.
    pub fn disconnected(&self) {
        let mut state = self.lock();
        state.is_connected = false;
        state.has_come_up = false;
        state.heard.clear();
        state.reads.clear();
        state.questions.clear();
        drop(state);
        self.heard.notify_waiters();
        self.drained.notify_waiters();
        self.metrics.disconnected();
    }

    /// Whether there is a connection to the broker.
    pub fn is_connected(&self) -> bool {
        self.lock().is_connected
    }

    /// Whether there is one, and every topic that has members here is subscribed to.
    pub fn has_come_up(&self) -> bool {
        self.lock().has_come_up
    }

    /// Waits until everything was said; not while there is no connection.
    pub(crate) async fn is_silent(&self) {
        self.holds_at_most(0).await;
    }

    /// Waits until there is room for much; not while there is no connection.
    pub(crate) async fn has_room(&self) {
        self.holds_at_most(MOST_MESSAGES / 8).await;
    }

    async fn holds_at_most(&self, messages: usize) {
        loop {
            // Made before the look, so that no change in between is missed.
            let change = self.drained.notified();
            {
                let state = self.lock();
                if !state.is_connected || state.outgoing.len() <= messages {
                    return;
                }
            }
            change.await;
        }
    }

    /// Another server gave a sign of life: whether it has dropped something since the last one.
    pub fn heartbeat_received(&self, node: NodeId, beat: &Beat) -> bool {
        let peer = Peer {
            heard: Instant::now(),
            dropped: Some(beat.dropped),
        };
        let mut state = self.lock();
        let before = state.peers.insert(node, peer);
        let known = before.and_then(|before| before.dropped);
        if state.hold.is_over_by(node, beat) {
            self.work.notify_one();
        }
        state.questions.extend(beat.asks);
        drop(state);
        if known.is_none() || beat.asks.is_some() {
            // So that it knows us, too, and that we hear it.
            self.send_heartbeat();
        }
        // One that was forgotten while it had no broker comes back as a new one, and has dropped what did not fit.
        beat.dropped > known.unwrap_or(0)
    }

    /// Another server speaks of its members: if it dies before its first sign of life, they must be forgotten as well.
    pub fn peer_is_alive(&self, node: NodeId) {
        let heard = Instant::now();
        let mut state = self.lock();
        let dropped = None;
        let peer = state.peers.entry(node).or_insert(Peer { heard, dropped });
        peer.heard = heard;
    }

    /// Another server is gone.
    pub fn forget_peer(&self, node: NodeId) {
        let mut state = self.lock();
        state.peers.remove(&node);
        if state.hold.is_over_without(node) {
            self.work.notify_one();
        }
    }

    /// Forgets the servers that have given no sign of life for so long, and names them.
    pub fn forget_silent_peers(&self, ttl: Duration) -> BTreeSet<NodeId> {
        let mut state = self.lock();
        if !state.is_connected {
            return BTreeSet::new();
        }
        // While the broker itself says nothing, nobody's silence grows.
        let until = state.waiting.unwrap_or_else(Instant::now);
        let silent = state.peers.iter();
        let silent = silent.filter(|(_, peer)| until.saturating_duration_since(peer.heard) > ttl);
        let silent: BTreeSet<NodeId> = silent.map(|(node, _)| *node).collect();
        state.peers.retain(|node, _| !silent.contains(node));
        silent
    }

    /// The other servers.
    pub fn peers(&self) -> Vec<NodeId> {
        self.lock().peers.keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway: a poisoned state is a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_beat(&mut self) -> Beat {
        Beat {
            dropped: self.dropped,
            asks: std::mem::take(&mut self.beat_asks).then_some(self.hold.question),
            answers: std::mem::take(&mut self.questions),
        }
    }

    /// A message may never reach the log of its topic. Who reads that must be told, not given the rest as if it were all.
    /// Whether it is remembered until the log has been looked at.
    fn tear(&mut self, lost: &Outgoing, is_certain: bool) -> bool {
        let has_room = self.torn.len() < MOST_MESSAGES || self.torn.contains_key(&lost.key);
        let is_remembered = lost.is_logged && has_room;
        if is_remembered {
            let torn = self.torn.entry(lost.key.clone()).or_default();
            if is_certain {
                // It says enough.
                torn.clear();
            }
            torn.push(lost.sequence);
        }
        is_remembered
    }

    /// Whether what is said waits for others: not where it would soon be too much.
    fn is_held(&mut self) -> bool {
        let has_room = self.outgoing.len() < MOST_MESSAGES / 2 && self.bytes < MOST_BYTES / 2;
        has_room && self.hold.until().is_some()
    }

    /// Has the task look at a topic if that is needed. So what is to be looked at never outgrows what is wanted and
    /// heard, however long there is no broker.
    fn compare(&mut self, key: Key) {
        match self.wanted.contains(&key) == self.heard.contains(&key) {
            true => self.changed.remove(&key),
            false => self.changed.insert(key),
        };
    }
}

impl Outgoing {
    fn new(node: NodeId, key: Key, sequence: u64, body: Body) -> Self {
        let is_logged = key.is_logged && matches!(body, Body::Message { .. });
        let frame = Frame {
            node,
            sequence,
            body,
        };
        Self {
            key,
            is_logged,
            sequence,
            frame: frame.encode(),
            since: Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests;
