//! How much may wait to be sent: for one connection, and for all of them together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wsgen_config::{Limits, SendQueueFull};

/// How many times over its bounds a queue may be for a while.
const FOR_A_WHILE: usize = 4;

/// Queues tell what they hold in steps of so many bytes, so that short ones share no counter.
const STEP: usize = 4 * 1024;

/// The bounds of all send queues of a server, and what they hold together.
#[derive(Debug)]
pub struct SendQueues {
    messages: usize,
    bytes: usize,
    /// What becomes of a published message where there is no room.
    pub when_full: SendQueueFull,
    /// How long a queue may be over its bounds before its connection counts as slow.
    pub patience: Duration,
    /// Of all together, in steps.
    most: usize,
    held: AtomicUsize,
}

impl SendQueues {
    /// Empty queues, within these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            messages: match limits.send_queue_messages {
                0 => usize::MAX,
                messages => messages,
            },
            bytes: limits.send_queue_size,
            when_full: limits.send_queue_full,
            patience: limits.send_queue_patience,
            most: limits.send_queue_memory / STEP,
            held: AtomicUsize::new(0),
        }
    }

    /// Whether a queue with so much in it is within its bounds.
    #[inline]
    pub fn allow(&self, messages: usize, bytes: usize) -> bool {
        messages <= self.messages && bytes <= self.bytes
    }

    /// Whether it is within those that hold at any time.
    pub fn bear(&self, messages: usize, bytes: usize) -> bool {
        messages <= self.messages.saturating_mul(FOR_A_WHILE)
            && bytes <= self.bytes.saturating_mul(FOR_A_WHILE)
    }

    /// Takes note that a queue holds so many bytes now. `told` is what it has told before.
    #[inline]
    pub fn holds(&self, bytes: usize, told: &mut u32) {
        let now = u32::try_from(bytes / STEP).unwrap_or(u32::MAX);
        if now != *told {
            self.holds_more_or_less(now, std::mem::replace(told, now));
        }
    }

    #[cold]
    fn holds_more_or_less(&self, now: u32, before: u32) {
        if now > before {
            self.held
                .fetch_add((now - before) as usize, Ordering::Relaxed);
        } else if now < before {
            self.held
                .fetch_sub((before - now) as usize, Ordering::Relaxed);
        }
    }

    /// Whether all together hold too much.
    #[inline]
    pub fn are_over(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.most
    }

    /// Whether they hold so much less that it is worth to stop dropping: not at once too much again.
    pub fn are_relieved(&self) -> bool {
        self.held.load(Ordering::Relaxed) <= self.most / 8 * 7
    }

    /// Whether they hold nothing, but for less than a step each.
    #[cfg(test)]
    pub fn are_empty(&self) -> bool {
        self.held.load(Ordering::Relaxed) == 0
    }
}
