//! A socket that collects small writes and sends them when there is nothing more to read.
//!
//! A WebSocket engine flushes after every frame; one system call a message is most of a small message's cost. Here a
//! flush does nothing, and the real write happens when a read would block: everything already received is answered in
//! one write. Whoever waits for something else than the socket must call [`BufferedIo::poll_drain`] first.
//!
//! While output is stuck nothing is read, so a peer that floods requests and reads no answers stops itself.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::meter::Meter;

/// How much output is collected, in bytes; larger writes go past the buffer.
const CAPACITY: usize = 64 * 1024;

/// How much room is made at first, in bytes.
const FIRST_CAPACITY: usize = 1024;

/// The socket `S` behind a lazy write buffer, which exists only while it holds something.
pub(crate) struct BufferedIo<S> {
    socket: S,
    /// What was read together with the handshake.
    read_ahead: Bytes,
    output: Vec<u8>,
    /// How much of `output` is written already.
    written: usize,
    /// Since when the socket takes nothing.
    stuck_since: Option<Instant>,
    /// Whether that is what a flush waits for.
    flush_is_stuck: bool,
    meter: Meter,
    /// Bytes written since they were last asked for.
    sent: u64,
    /// When the socket was first read from since somebody wanted to know.
    asked_at: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> BufferedIo<S> {
    pub(crate) fn new(socket: S, mut read_ahead: Bytes, meter: Meter) -> Self {
        if read_ahead.is_empty() {
            // Even empty it keeps hyper's whole buffer.
            read_ahead = Bytes::new();
        }
        Self {
            socket,
            read_ahead,
            output: Vec::new(),
            written: 0,
            stuck_since: None,
            flush_is_stuck: false,
            meter,
            sent: 0,
            asked_at: None,
        }
    }

    /// The counters of what is read.
    pub(crate) fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// Since when the peer takes none of the output that waits for it.
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    /// When the socket was first read from since the last call: then everything that was there before is dealt with.
    pub(crate) fn take_asked_at(&mut self) -> Option<Instant> {
        self.asked_at.take()
    }

    /// How much was read and written since the last call, in bytes.
    pub(crate) fn take_counts(&mut self) -> (u64, u64) {
        (self.meter.take_received(), std::mem::take(&mut self.sent))
    }

    /// Writes what is collected to the socket.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let written = Pin::new(&mut self.socket).poll_write(cx, &self.output[self.written..]);
            self.written += ready!(self.observe(written))?;
        }
        self.output = Vec::new();
        self.written = 0;
        self.poll_flush_socket(cx)
    }

    /// TLS holds back what the socket does not take.
    fn poll_flush_socket(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        match flushed {
            Poll::Pending => {
                self.flush_is_stuck = true;
                self.stuck_since.get_or_insert_with(Instant::now);
            }
            Poll::Ready(_) => {
                if std::mem::take(&mut self.flush_is_stuck) {
                    self.stuck_since = None;
                }
            }
        }
        flushed
    }

    /// Keeps `stuck_since` true to what a write said.
    fn observe(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => {
                self.stuck_since.get_or_insert_with(Instant::now);
                Poll::Pending
            }
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(done) => {
                self.stuck_since = None;
                self.sent += done.as_ref().map_or(0, |length| *length as u64);
                Poll::Ready(done)
            }
        }
    }

    /// Adds what fits to the buffer.
    fn collect(&mut self, bytes: &[u8]) {
        if self.written > 0 {
            self.output.drain(..self.written);
            self.written = 0;
        }
        if self.output.capacity() == 0 {
            self.output.reserve(FIRST_CAPACITY);
        }
        self.output.extend_from_slice(bytes);
    }

    /// Writes past the buffer, what is in there first.
    fn poll_write_large(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let waiting = &self.output[self.written..];
            let before = waiting.len();
            let slices = [IoSlice::new(waiting), IoSlice::new(bytes)];
            let written = Pin::new(&mut self.socket).poll_write_vectored(cx, &slices);
            let written = ready!(self.observe(written))?;
            match written.checked_sub(before) {
                None => self.written += written,
                Some(written) => {
                    self.output = Vec::new();
                    self.written = 0;
                    if written > 0 {
                        return Poll::Ready(Ok(written));
                    }
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for BufferedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.read_ahead.is_empty() {
            let length = this.read_ahead.len().min(into.remaining());
            this.meter.read(&this.read_ahead[..length], Instant::now());
            into.put_slice(&this.read_ahead[..length]);
            this.read_ahead.advance(length);
            if this.read_ahead.is_empty() {
                this.read_ahead = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        if this.stuck_since.is_some() {
            ready!(this.poll_drain(cx))?;
            if this.stuck_since.is_some() {
                // Something larger than the buffer is stuck; its owner has registered for the socket.
                return Poll::Pending;
            }
        }
        let before = into.filled().len();
        let now = Instant::now();
        this.asked_at.get_or_insert(now);
        let read = Pin::new(&mut this.socket).poll_read(cx, into);
        if read.is_ready() {
            this.meter.read(&into.filled()[before..], now);
            return read;
        }
        this.meter.read_nothing();
        match this.poll_drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for BufferedIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if bytes.len() > CAPACITY {
            return this.poll_write_large(cx, bytes);
        }
        if this.output.len() - this.written + bytes.len() > CAPACITY {
            ready!(this.poll_drain(cx))?;
        }
        this.collect(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// The engine would make room for sixty-four slices to hand over two.
    fn is_write_vectored(&self) -> bool {
        false
    }

    /// Lazy: see the module.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn large_writes_follow_what_was_collected() {
        for room in [1, 7, 64 * 1024, 10 * CAPACITY] {
            let (socket, mut peer) = tokio::io::duplex(room);
            let meter = Meter::new(Arc::new(Config::default()));
            let mut buffered = BufferedIo::new(socket, Bytes::new(), meter);
            let large = vec![b'x'; CAPACITY + 1];
            let parts = [&b"one"[..], &large, b"two", b"three", &large];
            let write = async {
                for part in parts {
                    buffered.write_all(part).await.unwrap();
                }
                buffered.shutdown().await.unwrap();
            };
            let mut arrived = Vec::new();
            let (_, read) = tokio::join!(write, peer.read_to_end(&mut arrived));
            read.unwrap();
            assert!(arrived == parts.concat(), "with room for {room}");
        }
    }
}
