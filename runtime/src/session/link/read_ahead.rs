//! Messages that are read while a handler runs, so that the control frames behind them are seen.

use std::collections::VecDeque;

use wsgen_protocol::Message;

/// How much may wait, in bytes: nothing more is read beyond it, so that a peer that floods stops itself.
const MOST_BYTES: usize = 64 * 1024;

/// What a message counts beside its payload, in bytes: it takes that much memory.
const EACH: usize = 64;

/// The messages that wait for their turn, in order. Takes no memory while there are none.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    messages: VecDeque<Message>,
    bytes: usize,
}

impl ReadAhead {
    /// Whether one more message may be read, whatever its length.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MOST_BYTES
    }

    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.len() + EACH;
        self.messages.push_back(message);
    }

    /// The message whose turn it is.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Message> {
        match self.messages.is_empty() {
            true => None,
            false => self.pop_waiting(),
        }
    }

    #[cold]
    fn pop_waiting(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.len() + EACH;
        if self.messages.is_empty() {
            self.messages = VecDeque::new();
        }
        Some(message)
    }
}
