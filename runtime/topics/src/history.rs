//! The last messages of a topic, in the order of its log, for clients that come back.
//!
//! Where the broker keeps the log (Redis), it also counts: a message of ours is delivered here at once and *pending*
//! until it comes back with its offset. Where it does not (memory, NATS), this process counts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wsgen_protocol::Message;

use crate::broker::{Body, Frame, NodeId};
use crate::position::Position;

/// A message as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The server that published it.
    pub node: NodeId,
    /// Its number among that server's messages.
    pub sequence: u64,
    /// Its name in the document.
    pub name: &'static str,
    /// The message.
    pub message: Message,
    /// When it was published.
    pub at: Instant,
}

/// A message with its place in the broker's log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The run of the log: offsets of another one mean other messages.
    pub epoch: u64,
    /// Its place in the log, from 1.
    pub offset: u64,
    /// The message.
    pub kept: Kept,
}

/// A part of the broker's log, read at one moment.
#[derive(Clone, Debug)]
pub struct Log {
    /// The run of the log.
    pub epoch: u64,
    /// The offset of the newest message.
    pub top: u64,
    /// The newest messages without a hole up to `top`: those after the offset that was asked for, as far as the log still
    /// has them. Of a log that began after that epoch, all.
    pub newest: Vec<Kept>,
}

impl Log {
    /// A part of a log that a broker has read: of `epoch`, up to the offset `top`, with the frames of its newest messages, each
    /// with when it was published.
    pub fn of_frames(
        epoch: u64,
        top: u64,
        frames: impl IntoIterator<Item = (Instant, Bytes)>,
    ) -> Self {
        let mut newest = Vec::new();
        for (at, frame) in frames {
            match Frame::decode(&frame) {
                Some(Frame {
                    node,
                    sequence,
                    body: Body::Message { name, message },
                }) => newest.push(Kept {
                    node,
                    sequence,
                    name,
                    message,
                    at,
                }),
                // A frame of a later version leaves a hole.
                _ => newest.clear(),
            }
        }
        Self { epoch, top, newest }
    }

    /// All after an offset of an epoch, if the log still had them all.
    pub fn all_after(self, (epoch, offset): (u64, u64)) -> Option<Vec<Kept>> {
        let is_whole = epoch == self.epoch && offset == self.before_newest();
        is_whole.then_some(self.newest)
    }

    /// The offset of the message before the first of `newest`.
    fn before_newest(&self) -> u64 {
        self.top.saturating_sub(self.newest.len() as u64)
    }
}

/// How much is kept.
#[derive(Debug)]
pub struct Bounds {
    /// The messages of one topic.
    pub messages: usize,
    /// How old a message may get.
    pub age: Duration,
    /// In bytes, for all topics together.
    pub memory: usize,
    /// The memory in use, in bytes.
    pub used: AtomicUsize,
}

#[derive(Debug)]
pub(crate) struct History {
    bounds: Arc<Bounds>,
    /// `None` until the broker has said it.
    epoch: Option<u64>,
    /// The offset of the newest message in `kept`, and of the newest at all while nothing is `held`.
    top: u64,
    /// Without holes, up to `top`.
    kept: VecDeque<Kept>,
    /// Ours that have no offset yet, in the order in which they were sent.
    pending: VecDeque<Kept>,
    /// The last of those for which there was no room, until it or a later one has its offset.
    unremembered: Option<(NodeId, u64)>,
    /// What arrives while the part of the log before it is being read.
    held: Option<VecDeque<Logged>>,
    /// Whether something may be missing of which no position knows.
    may_have_missed: bool,
    /// When somebody last joined or left; where nobody else remembers, also when something was last published.
    pub used: Instant,
}

/// What is to be done with a message of the broker's log.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Members get it, and are then here.
    Deliver(Position),
    /// They have it already.
    Known,
    /// Later: what comes before it must be read first.
    Held,
    /// As before, and somebody must ask for it now.
    Hole,
}

/// What a client at some position has missed.
#[derive(Debug)]
pub(crate) enum Missed {
    /// These messages, each with the position that it leads to.
    These(Vec<(Kept, Position)>),
    /// More than is kept here: the broker's log is to be read.
    Before,
    /// Not to be said yet: what the client is ahead with has not come.
    Wait,
    /// Nobody knows.
    Unknown,
}

impl History {
    /// One whose log is kept here.
    pub(crate) fn ours(bounds: Arc<Bounds>, epoch: u64) -> Self {
        let mut history = Self::of_broker(bounds);
        history.begin_at(epoch, 0);
        history.held = None;
        history
    }

    /// One whose log the broker keeps, where it is still to be read.
    pub(crate) fn of_broker(bounds: Arc<Bounds>) -> Self {
        Self {
            bounds,
            epoch: None,
            top: 0,
            kept: VecDeque::new(),
            pending: VecDeque::new(),
            unremembered: None,
            held: Some(VecDeque::new()),
            may_have_missed: false,
            used: Instant::now(),
        }
    }

    /// Where somebody is who has all that was delivered here; `None` while that cannot be said.
    pub(crate) fn position(&self) -> Option<Position> {
        match &self.held {
            Some(_) => None,
            None => Some(Position {
                epoch: self.epoch?,
                offset: self.top,
                ahead: match self.pending.back() {
                    Some(kept) => Some((kept.node, kept.sequence)),
                    None => self.unremembered,
                },
            }),
        }
    }

    /// Adds a message where this process counts.
    pub(crate) fn count(&mut self, kept: Kept) {
        self.top += 1;
        self.keep(kept);
    }

    /// Adds a message of ours that the broker is going to count.
    pub(crate) fn send(&mut self, kept: Kept) {
        self.bounds.charge(&kept);
        self.pending.push_back(kept);
        while (self.pending.len() > self.bounds.messages || self.bounds.is_exceeded())
            && let Some(dropped) = self.pending.pop_front()
        {
            self.bounds.refund(&dropped);
            self.unremembered = Some((dropped.node, dropped.sequence));
        }
    }

    /// What the broker's log says next.
    pub(crate) fn arrive(&mut self, logged: Logged, us: NodeId) -> Arrival {
        if let Some(held) = &mut self.held {
            self.bounds.charge(&logged.kept);
            held.push_back(logged);
            while (held.len() > self.bounds.messages || self.bounds.is_exceeded())
                && let Some(dropped) = held.pop_front()
            {
                // More than is kept: the read that is under way will find a hole after all.
                self.bounds.refund(&dropped.kept);
            }
            return Arrival::Held;
        }
        if self.epoch == Some(logged.epoch) && logged.offset <= self.top {
            return Arrival::Known;
        }
        if self.epoch != Some(logged.epoch) || logged.offset != self.top + 1 {
            self.bounds.charge(&logged.kept);
            self.held = Some(VecDeque::from([logged]));
            return Arrival::Hole;
        }
        self.append(logged.kept, us)
    }

    /// There is no broker: from now on what arrives is held, until the log has been read.
    pub(crate) fn lose_track(&mut self) {
        // What was held may be of a log that is over when the next one is read, and what is not is read again.
        for logged in self.held.replace(VecDeque::new()).into_iter().flatten() {
            self.bounds.refund(&logged.kept);
        }
        self.may_have_missed = true;
    }

    /// What to ask the broker for, to be on track again: all after this offset of this epoch.
    pub(crate) fn track_from(&self) -> Option<(u64, u64)> {
        Some((self.epoch?, self.top))
    }

    /// The log was read: what members get now, each with its position, and whether something is missing for good.
    pub(crate) fn catch_up(&mut self, log: Log, us: NodeId) -> (Vec<(Kept, Position)>, bool) {
        let held = self.held.take().unwrap_or_default();
        for logged in &held {
            self.bounds.refund(&logged.kept);
        }
        let before = log.before_newest();
        let is_new_here = self.epoch.is_none();
        let is_the_same = self.epoch == Some(log.epoch);
        let mut has_hole = match is_the_same {
            true => self.top < before,
            // What the old log had at its end may never have come; what was said since is in the new one.
            false => self.may_have_missed || (!is_new_here && before > 0),
        };
        self.may_have_missed = false;
        if !is_the_same || has_hole {
            self.begin_at(log.epoch, before);
            self.forget_pending();
        }
        let mut delivered = Vec::new();
        let mut deliver = |arrival, kept| {
            if let Arrival::Deliver(position) = arrival {
                delivered.push((kept, position));
            }
        };
        let known = usize::try_from(self.top - before).unwrap_or(usize::MAX);
        for kept in log.newest.into_iter().skip(known) {
            deliver(self.append(kept.clone(), us), kept);
        }
        for Logged {
            epoch,
            offset,
            kept,
        } in held
        {
            if epoch == log.epoch && offset <= self.top {
                continue;
            }
            if self.epoch != Some(epoch) || offset != self.top + 1 {
                has_hole = true;
                self.begin_at(epoch, offset - 1);
                self.forget_pending();
            }
            deliver(self.append(kept.clone(), us), kept);
        }
        (delivered, has_hole)
    }

    /// The message after `top`.
    fn append(&mut self, kept: Kept, us: NodeId) -> Arrival {
        self.top += 1;
        let is_ours = kept.node == us;
        if is_ours {
            // What was sent before it and has not come never will.
            let is_before = |sequence| sequence <= kept.sequence;
            while let Some(pending) = self.pending.front()
                && is_before(pending.sequence)
            {
                self.bounds.refund(pending);
                self.pending.pop_front();
            }
            self.unremembered = self
                .unremembered
                .filter(|(_, sequence)| !is_before(*sequence));
        }
        self.keep(kept);
        match self.position() {
            Some(position) if !is_ours => Arrival::Deliver(position),
            _ => Arrival::Known,
        }
    }

    /// Something is missing in a log that is kept here: a new one begins.
    pub(crate) fn begin_anew(&mut self) {
        self.begin_at(NodeId::random().0, 0);
        // Nobody else has a log from which to be on track again.
        self.held = None;
        self.may_have_missed = false;
    }

    /// Nothing before the message after `top` is known any more.
    fn begin_at(&mut self, epoch: u64, top: u64) {
        while self.drop_oldest() {}
        (self.epoch, self.top) = (Some(epoch), top);
    }

    /// What this server has sent may be in the part of the log that is missing here, where others have read it. Who comes back
    /// waits for what is known to be after it.
    fn forget_pending(&mut self) {
        if let Some(last) = self.pending.back() {
            self.unremembered = Some((last.node, last.sequence));
        }
        for pending in self.pending.drain(..) {
            self.bounds.refund(&pending);
        }
    }

    fn keep(&mut self, kept: Kept) {
        self.bounds.charge(&kept);
        self.kept.push_back(kept);
        while self.kept.len() > self.bounds.messages || self.bounds.is_exceeded() {
            if !self.drop_oldest() {
                break;
            }
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let dropped = self.kept.pop_front();
        if let Some(kept) = &dropped {
            self.bounds.refund(kept);
        }
        dropped.is_some()
    }

    /// Drops what is too old to be told anybody, so that it takes no memory from other topics.
    pub(crate) fn drop_old(&mut self) {
        let age = self.bounds.age;
        while self
            .kept
            .front()
            .is_some_and(|kept| kept.at.elapsed() > age)
        {
            self.drop_oldest();
        }
    }

    /// Whether nobody has needed it for so long that nobody can resume from it.
    pub(crate) fn is_over(&self) -> bool {
        self.used.elapsed() > self.bounds.age
    }

    /// What a client has missed that is at `client`; `read` is what the broker's log has after that, if it was read.
    pub(crate) fn missed(&self, client: &Position, read: &[Kept], us: NodeId) -> Missed {
        let Some(here) = self.position() else {
            return Missed::Wait;
        };
        if self.unremembered.is_some() {
            // It may be among what was missed.
            return Missed::Wait;
        }
        if client.epoch != here.epoch {
            return Missed::Unknown;
        }
        if client.offset > here.offset {
            // The server that it comes from was faster than we are.
            return Missed::Wait;
        }
        let floor = self.top - self.kept.len() as u64;
        // Both fit: neither list is longer than `bounds.messages`.
        let from_log = floor.saturating_sub(client.offset) as usize;
        if read.len() < from_log {
            return Missed::Before;
        }
        let seen = client.offset.saturating_sub(floor) as usize;
        let logged = read[..from_log].iter().chain(self.kept.iter().skip(seen));
        if logged
            .clone()
            .any(|kept| kept.at.elapsed() > self.bounds.age)
        {
            return Missed::Unknown;
        }
        self.after(client, logged, us)
    }

    /// `logged`, and what is pending, without what the client is ahead with.
    fn after<'a>(
        &self,
        client: &Position,
        logged: impl Iterator<Item = &'a Kept>,
        us: NodeId,
    ) -> Missed {
        let mut at = *client;
        let is_known = |kept: &Kept| {
            client
                .ahead
                .is_some_and(|(node, sequence)| kept.node == node && kept.sequence <= sequence)
        };
        let mut missed = Vec::new();
        for kept in logged {
            at.offset += 1;
            if let Some((node, sequence)) = at.ahead
                && kept.node == node
                && kept.sequence >= sequence
            {
                at.ahead = None;
            }
            if !is_known(kept) {
                missed.push((kept.clone(), at));
            }
        }
        for kept in &self.pending {
            if let Some((node, sequence)) = at.ahead
                && (node != us || kept.sequence < sequence)
            {
                continue;
            }
            at.ahead = Some((us, kept.sequence));
            if !is_known(kept) {
                missed.push((kept.clone(), at));
            }
        }
        match at.ahead {
            // It has something that neither the log has nor we.
            Some(ahead) if Some(ahead) == client.ahead && !self.has_sent(ahead, us) => Missed::Wait,
            _ => Missed::These(missed),
        }
    }

    fn has_sent(&self, (node, sequence): (NodeId, u64), us: NodeId) -> bool {
        node == us
            && self
                .pending
                .iter()
                .any(|pending| pending.sequence == sequence)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        let held = self.held.iter().flatten().map(|logged| &logged.kept);
        for kept in self.kept.iter().chain(&self.pending).chain(held) {
            self.bounds.refund(kept);
        }
    }
}

impl Bounds {
    fn charge(&self, kept: &Kept) {
        self.used.fetch_add(cost(kept), Ordering::Relaxed);
    }

    fn refund(&self, kept: &Kept) {
        self.used.fetch_sub(cost(kept), Ordering::Relaxed);
    }

    fn is_exceeded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.memory
    }
}

/// A message and what it costs to keep it.
fn cost(kept: &Kept) -> usize {
    size_of::<Kept>() + kept.message.len()
}

#[cfg(test)]
mod tests;
