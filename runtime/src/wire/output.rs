//! Frames that are sent, collected until they are written.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::frame::{HEAD_BYTES, Opcode, write_head};

/// How much output is collected, in bytes.
const CAPACITY: usize = 64 * 1024;

/// Payloads longer than this many bytes are written from where they are; shorter ones are copied, so that many of them
/// leave in one write.
const LONG: usize = 16 * 1024;

/// How much room is made at first, in bytes.
const FIRST_CAPACITY: usize = 1024;

thread_local! {
    /// A buffer that has done its work, for whoever sends next: most output is collected and written in one go.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The output of one connection. Takes no room while there is none.
#[derive(Debug, Default)]
pub(super) struct Output {
    collected: Vec<u8>,
    /// How much of `collected` is written already.
    written: usize,
    /// A long payload, which comes after what is collected.
    long: Bytes,
}

impl Output {
    pub(super) fn is_empty(&self) -> bool {
        self.written == self.collected.len() && self.long.is_empty()
    }

    /// Whether there is room for one more frame, whatever its length.
    pub(super) fn has_room(&self) -> bool {
        let waiting = self.collected.len() - self.written;
        self.long.is_empty() && waiting + HEAD_BYTES + LONG <= CAPACITY
    }

    /// Adds a frame, for which there must be room.
    pub(super) fn push(&mut self, opcode: Opcode, payload: Bytes) {
        if self.written > 0 {
            self.collected.drain(..self.written);
            self.written = 0;
        }
        let copied = if payload.len() > LONG {
            0
        } else {
            payload.len()
        };
        self.make_room(HEAD_BYTES + copied);
        write_head(&mut self.collected, opcode, payload.len());
        match payload.len() > LONG {
            true => self.long = payload,
            false => self.collected.extend_from_slice(&payload),
        }
    }

    /// Makes room for so many bytes more: twice what there is, but never beyond [`CAPACITY`].
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

    /// Writes some of it to `socket`; how much.
    pub(super) fn poll_write(
        &mut self,
        socket: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let waiting = &self.collected[self.written..];
        let written = ready!(match self.long.is_empty() {
            true => socket.poll_write(cx, waiting),
            false => {
                let slices = [IoSlice::new(waiting), IoSlice::new(&self.long)];
                socket.poll_write_vectored(cx, &slices)
            }
        })?;
        let of_collected = written.min(waiting.len());
        self.written += of_collected;
        self.long.advance(written - of_collected);
        if self.is_empty() {
            self.recycle();
        }
        Poll::Ready(match written {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(written),
        })
    }

    /// Gives the room away that is not needed any more.
    fn recycle(&mut self) {
        let mut spare = std::mem::take(&mut self.collected);
        spare.clear();
        self.written = 0;
        self.long = Bytes::new();
        SPARE.set(spare);
    }
}
