//! What an operator watches: counters that cost nanoseconds where messages pass, read at `/metrics`.
//!
//! A registry of our own and no crate: the set of metrics is fixed, labels come only from the document and from the
//! words of this crate, never from a peer, and a message costs two additions on counters that its connection has at
//! hand.

mod histogram;
mod text;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use histogram::Histogram;
use smallvec::SmallVec;
pub(crate) use text::render;
use wsgen_protocol::compression::{Counts, Sizes};
use wsgen_protocol::wire::Traffic;
use wsgen_protocol::{CloseReason, Initiator};
pub(crate) use wsgen_topics::Counter;
use wsgen_topics::{BrokerMetrics, FanOutMetrics};

use crate::observe::watchdog::Mark;

/// Counters by the value of a label.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<&'static str, Arc<Counter>>>);

impl Counters {
    /// The counter of `label`, which must be a word of the document or of this crate.
    pub(crate) fn get(&self, label: &'static str) -> Arc<Counter> {
        self.lock().entry(label).or_default().clone()
    }

    fn marked(&self, mark: Mark) -> Option<&'static str> {
        let counters = self.lock();
        let mut known = counters.iter();
        known.find_map(|(label, counter)| (Mark::of(counter) == mark).then_some(*label))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Arc<Counter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a whole server counts.
#[derive(Debug, Default)]
pub(crate) struct ServerMetrics {
    /// Connections refused before their upgrade, by the check that refused them.
    rejected: Counters,
    pub(crate) accept_errors: Counter,
    pub(crate) broker: Arc<BrokerMetrics>,
}

impl ServerMetrics {
    /// Counts a connection that was refused; `cause` is one of the reasons in `docs/operations.md`.
    pub(crate) fn refused(&self, cause: &'static str) {
        self.rejected.get(cause).add(1);
    }
}

/// Bytes of messages that were compressed.
#[derive(Debug, Default)]
struct Compression {
    received: Lengths,
    sent: Lengths,
}

/// Before and after.
#[derive(Debug, Default)]
struct Lengths {
    compressed: Counter,
    plain: Counter,
}

impl Lengths {
    fn add(&self, Sizes { compressed, plain }: Sizes) {
        if plain > 0 {
            self.compressed.add(compressed);
            self.plain.add(plain);
        }
    }
}

/// What one channel counts.
#[derive(Debug)]
pub(crate) struct ChannelMetrics {
    channel: &'static str,
    opened: Counter,
    ended: Counter,
    /// By code; `[0]` closed by the server, `[1]` by the peer.
    closed: [Counters; 2],
    received: Counters,
    sent: Counters,
    bytes_received: Counter,
    bytes_sent: Counter,
    compression: Compression,
    handler_duration: Histogram,
    /// Panics in handlers and in `background`.
    pub(crate) panics: Counter,
    pub(crate) fan_out: Arc<FanOutMetrics>,
    /// Handlers that no message calls (`connected`, `topic_event`, …). These counters stay at 0: the address of each is the
    /// [`Mark`] of the handler.
    called: Counters,
    /// Handlers that held a worker thread for too long.
    pub(crate) blocked: Counter,
}

impl ChannelMetrics {
    /// The channel's name in the document.
    pub(crate) fn channel(&self) -> &'static str {
        self.channel
    }

    pub(crate) fn new(channel: &'static str) -> Self {
        Self {
            channel,
            opened: Counter::default(),
            ended: Counter::default(),
            closed: Default::default(),
            received: Counters::default(),
            sent: Counters::default(),
            bytes_received: Counter::default(),
            bytes_sent: Counter::default(),
            compression: Compression::default(),
            handler_duration: Histogram::default(),
            panics: Counter::default(),
            fan_out: Arc::default(),
            called: Counters::default(),
            blocked: Counter::default(),
        }
    }

    /// The mark of a handler that no message calls.
    pub(crate) fn mark(&self, handler: &'static str) -> Mark {
        Mark::of(&self.called.get(handler))
    }

    /// The message or the handler that has this mark, if it is one of this channel's.
    pub(crate) fn marked(&self, mark: Mark) -> Option<&'static str> {
        let known = [&self.received, &self.called];
        known.into_iter().find_map(|counters| counters.marked(mark))
    }
}

/// One connection's way to the counters of its channel.
#[derive(Debug)]
pub(crate) struct ConnectionMetrics {
    channel: Arc<ChannelMetrics>,
    received: Known,
    sent: Known,
    /// The handler that runs, or ran last.
    handler: Mark,
}

impl ConnectionMetrics {
    /// Counts a connection from here until this is dropped.
    pub(crate) fn open(channel: Arc<ChannelMetrics>) -> Self {
        channel.opened.add(1);
        Self {
            channel,
            received: Known::default(),
            sent: Known::default(),
            handler: Mark::default(),
        }
    }

    /// A message of this name came, and its handler is called.
    pub(crate) fn received(&mut self, name: &'static str) {
        self.handler = self.received.count(&self.channel.received, name);
    }

    /// A handler is called that no message calls.
    pub(crate) fn called(&mut self, handler: &'static str) {
        self.handler = self.channel.mark(handler);
    }

    /// The mark of the handler that was called last.
    pub(crate) fn handler(&self) -> Mark {
        self.handler
    }

    /// A message of this name goes.
    pub(crate) fn sent(&mut self, name: &'static str) {
        self.sent.count(&self.channel.sent, name);
    }

    /// Passes on what was counted here, and the bytes that have passed.
    pub(crate) fn flush(&mut self, traffic: &Traffic) {
        self.flush_messages();
        if traffic.received > 0 {
            self.channel.bytes_received.add(traffic.received);
        }
        if traffic.sent > 0 {
            self.channel.bytes_sent.add(traffic.sent);
        }
        if let Some(Counts { received, sent }) = traffic.compressed {
            self.channel.compression.received.add(received);
            self.channel.compression.sent.add(sent);
        }
    }

    fn flush_messages(&mut self) {
        self.received.flush();
        self.sent.flush();
    }

    /// So many handlers took so long together.
    pub(crate) fn handled(&self, took: Duration, handlers: u32) {
        self.channel.handler_duration.observe(took, handlers);
    }

    pub(crate) fn panicked(&self) {
        self.channel.panics.add(1);
    }

    pub(crate) fn closed(&self, end: &CloseReason) {
        let by = &self.channel.closed[usize::from(end.initiator == Initiator::Peer)];
        by.get(code_label(end.code)).add(1);
    }
}

impl Drop for ConnectionMetrics {
    fn drop(&mut self) {
        self.flush_messages();
        self.channel.ended.add(1);
    }
}

/// The counters that a connection has used already; a few, so that a list is the fastest map, and mostly one, which needs no
/// place of its own. What is counted stays here until it is flushed: a counter that all processors share costs more than
/// many a message.
#[derive(Debug, Default)]
struct Known(SmallVec<[(&'static str, u64, Arc<Counter>); 1]>);

impl Known {
    #[inline]
    fn count(&mut self, counters: &Counters, name: &'static str) -> Mark {
        match self.0.first_mut() {
            Some((known, count, counter)) if std::ptr::eq(*known, name) => {
                *count += 1;
                Mark::of(counter)
            }
            _ => self.count_another(counters, name),
        }
    }

    fn count_another(&mut self, counters: &Counters, name: &'static str) -> Mark {
        // The same text is at the same place, but for rare cases, which the second look is for.
        let known = self
            .0
            .iter()
            .position(|(known, ..)| std::ptr::eq(*known, name));
        let known = known.or_else(|| self.0.iter().position(|(known, ..)| *known == name));
        let known = known.and_then(|index| self.0.get_mut(index));
        match known {
            Some((_, count, counter)) => {
                *count += 1;
                Mark::of(counter)
            }
            None => {
                let counter = counters.get(name);
                let mark = Mark::of(&counter);
                // Room for one more, not for four: most connections use one or two.
                self.0.reserve_exact(1);
                self.0.push((name, 1, counter));
                mark
            }
        }
    }

    fn flush(&mut self) {
        for (_, count, counter) in &mut self.0 {
            if *count > 0 {
                counter.add(std::mem::take(count));
            }
        }
    }
}

/// A close code as a label. The peer chooses codes above 3000, so they are only told by their range.
const fn code_label(code: Option<u16>) -> &'static str {
    match code {
        None => "none",
        Some(1000) => "1000",
        Some(1001) => "1001",
        Some(1002) => "1002",
        Some(1003) => "1003",
        Some(1007) => "1007",
        Some(1008) => "1008",
        Some(1009) => "1009",
        Some(1010) => "1010",
        Some(1011) => "1011",
        Some(1012) => "1012",
        Some(1013) => "1013",
        Some(1014) => "1014",
        Some(3000..=3999) => "3xxx",
        Some(4000..=4999) => "4xxx",
        Some(_) => "other",
    }
}
