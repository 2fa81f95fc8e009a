//! Compressed messages: the extension permessage-deflate (RFC 7692).
//!
//! By default a connection keeps no state for it. Every message is compressed by itself, by a compressor that all
//! connections of a thread use in turn, and a message for many connections is compressed once.

mod codec;
mod negotiation;
mod shared;

use bytes::Bytes;
pub use codec::Fault;
use flate2::{Compress, Decompress};
pub use negotiation::Negotiator;
#[cfg(feature = "client")]
pub use negotiation::{OFFER, accept};
pub use shared::Shared;
use tokio::sync::OwnedSemaphorePermit;

/// The extension as two ends have agreed on it, and what one of them keeps for it.
#[derive(Debug)]
pub struct Deflate {
    settings: Settings,
    /// How what we send is compressed.
    outgoing: Direction,
    /// How what we receive is.
    incoming: Direction,
    /// What is kept from message to message, made when it is first used.
    compress: Option<Compress>,
    decompress: Option<Decompress>,
    counts: Counts,
    /// By how many bytes messages have grown when they were inflated.
    growth: usize,
    /// Its part of the memory that all connections may take.
    _memory: Option<OwnedSemaphorePermit>,
}

/// What one end wants of the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Shorter messages, in bytes, are sent as they are.
    pub threshold: usize,
    /// From 1, the fastest, to 9, the smallest.
    pub level: u32,
    /// The base-2 logarithm of the window in bytes, from 9 to 15.
    pub window_bits: u8,
    /// Whether a connection's messages are compressed with what came before them.
    pub context_takeover: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threshold: 512,
            level: 3,
            window_bits: 15,
            context_takeover: false,
        }
    }
}

/// How the messages of one direction are compressed (RFC 7692, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Direction {
    /// The base-2 logarithm of the window.
    window_bits: u8,
    /// Whether a message may refer to those before it.
    takes_over: bool,
}

/// Bytes of messages that were compressed, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of messages from the peer.
    pub received: Sizes,
    /// Of messages to the peer.
    pub sent: Sizes,
}

/// Bytes of the same messages, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// As they are on the wire.
    pub compressed: u64,
    /// As handlers see them.
    pub plain: u64,
}

impl Deflate {
    fn new(
        settings: Settings,
        outgoing: Direction,
        incoming: Direction,
        memory: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            settings,
            outgoing,
            incoming,
            compress: None,
            decompress: None,
            counts: Counts::default(),
            growth: 0,
            _memory: memory,
        }
    }

    /// The payload as it is to be sent, with RSV1 set; `None` where it is to be sent as it is. What is `shared` with other
    /// connections is compressed by the first of them.
    pub fn compress(&mut self, payload: &Bytes, shared: Option<&Shared>) -> Option<Bytes> {
        if payload.is_empty() || payload.len() < self.settings.threshold {
            return None;
        }
        let (bits, level) = (self.outgoing.window_bits, self.settings.level);
        let compressed = if self.outgoing.takes_over {
            let compress = self
                .compress
                .get_or_insert_with(|| codec::compressor(bits, level));
            // The peer has to see it even where it became no shorter: later messages refer to it.
            codec::compress(compress, payload)
        } else {
            match shared {
                Some(shared) => shared.get_or_compress(bits, level, payload),
                None => codec::compress_alone(bits, level, payload),
            }
        }?;
        self.counts.sent.add(compressed.len(), payload.len());
        Some(compressed)
    }

    /// The message that was compressed to `payload`, of `most` bytes at most.
    pub fn inflate(&mut self, payload: &[u8], most: usize) -> Result<Vec<u8>, Fault> {
        let inflated = if self.incoming.takes_over {
            let bits = self.incoming.window_bits;
            let decompress = self
                .decompress
                .get_or_insert_with(|| codec::decompressor(bits));
            codec::inflate(decompress, payload, most)
        } else {
            codec::inflate_alone(payload, most)
        }?;
        self.counts.received.add(payload.len(), inflated.len());
        self.growth += inflated.len().saturating_sub(payload.len());
        Ok(inflated)
    }

    /// By how many bytes what was received has grown since the last call.
    pub fn take_growth(&mut self) -> usize {
        std::mem::take(&mut self.growth)
    }

    /// What was counted since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

impl Sizes {
    fn add(&mut self, compressed: usize, plain: usize) {
        self.compressed += compressed as u64;
        self.plain += plain as u64;
    }
}

#[cfg(test)]
mod tests;
