//! Frames that are sent, collected until they are written.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::frame::{HEAD_BYTES, Sent, write_head};

/// How much output waits at most before more is taken, in bytes: less than this, and one payload.
const CAPACITY: usize = 64 * 1024;

/// Payloads longer than this many bytes are written from where they are; shorter ones are copied.
const LONG: usize = 4 * 1024;

/// How much room is made at first, in bytes.
const FIRST_CAPACITY: usize = 1024;

/// How many pieces are handed over in one write.
const MOST_SLICES: usize = 32;

thread_local! {
    /// A buffer that has done its work, for whoever sends next: most output is collected and written in one go.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The output of one connection. Takes no room while there is none.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Heads and short payloads.
    collected: Vec<u8>,
    /// How much of `collected` is written already.
    written: usize,
    /// Long payloads, in order.
    long: VecDeque<Long>,
    /// How many bytes wait in all.
    waiting: usize,
}

/// A payload that is not copied.
#[derive(Debug)]
struct Long {
    /// How much of what is collected comes before it.
    at: usize,
    payload: Bytes,
}

impl Output {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Whether there is room for one more frame, whatever its length.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.waiting + HEAD_BYTES + LONG <= CAPACITY
    }

    /// Adds bytes that are no frame, before any other.
    pub(super) fn push_first(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.collected.extend_from_slice(bytes);
        self.waiting += bytes.len();
    }

    /// Adds a frame, for which there must be room; its length in bytes.
    #[inline]
    pub(super) fn push(&mut self, head: Sent, payload: Bytes) -> usize {
        if self.written > 0 {
            self.collected.drain(..self.written);
            for long in &mut self.long {
                long.at -= self.written;
            }
            self.written = 0;
        }
        let is_long = payload.len() > LONG;
        let before = self.collected.len();
        self.make_room(HEAD_BYTES + if is_long { 0 } else { payload.len() });
        write_head(&mut self.collected, head, payload.len());
        let length = self.collected.len() - before + payload.len();
        self.waiting += length;
        if is_long {
            let at = self.collected.len();
            self.long.push_back(Long { at, payload });
        } else {
            self.collected.extend_from_slice(&payload);
        }
        length
    }

    /// Makes room for so many bytes more: twice what there is, but never beyond [`CAPACITY`].
    #[inline]
    fn make_room(&mut self, bytes: usize) {
        if self.collected.capacity() == 0 {
            self.collected = SPARE.take();
        }
        let needed = self.collected.len() + bytes;
        if needed > self.collected.capacity() {
            let twice = (2 * self.collected.capacity()).max(FIRST_CAPACITY);
            let wanted = needed.max(twice.min(CAPACITY));
            self.collected.reserve_exact(wanted - self.collected.len());
        }
    }

    /// Writes some of it to `socket`. Returns how many bytes.
    #[inline]
    pub(super) fn poll_write(
        &mut self,
        socket: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let written = ready!(match self.long.is_empty() {
            true => socket.poll_write(cx, &self.collected[self.written..]),
            false => {
                let mut slices = [IoSlice::new(&[]); MOST_SLICES];
                let count = self.slices(&mut slices);
                socket.poll_write_vectored(cx, &slices[..count])
            }
        })?;
        self.advance(written);
        Poll::Ready(match written {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(written),
        })
    }

    /// Fills in the first pieces of what waits. Returns how many.
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut from = self.written;
        let long = self.long.iter().flat_map(|Long { at, payload }| {
            let before = &self.collected[from..*at];
            from = *at;
            [before, payload]
        });
        let last = self.long.back().map_or(self.written, |long| long.at);
        let pieces = long.chain([&self.collected[last..]]);
        let pieces = pieces.filter(|piece| !piece.is_empty());
        slices
            .iter_mut()
            .zip(pieces)
            .map(|(slice, piece)| *slice = IoSlice::new(piece))
            .count()
    }

    /// So much is written.
    fn advance(&mut self, mut written: usize) {
        self.waiting -= written;
        while written > 0 {
            let end = self
                .long
                .front()
                .map_or(self.collected.len(), |long| long.at);
            let short = written.min(end - self.written);
            self.written += short;
            written -= short;
            if let Some(long) = self.long.front_mut()
                && written > 0
            {
                let length = written.min(long.payload.len());
                long.payload.advance(length);
                written -= length;
                if long.payload.is_empty() {
                    self.long.pop_front();
                }
            }
        }
        if self.is_empty() {
            self.recycle();
        }
    }

    /// Gives the room away that is not needed any more.
    fn recycle(&mut self) {
        let mut spare = std::mem::take(&mut self.collected);
        spare.clear();
        self.written = 0;
        self.long = VecDeque::new();
        SPARE.set(spare);
    }
}
