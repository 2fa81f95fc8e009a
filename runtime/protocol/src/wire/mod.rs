//! WebSocket frames over a socket (RFC 6455, section 5): whole messages in, frames out, in few system calls.
//!
//! A system call a message is most of a small message's cost. What is sent here is collected, and written when a read
//! would block: everything already received is answered in one write. Whoever waits for something else than the socket
//! must call [`Wire::poll_drain`] first.
//!
//! While output is stuck nothing is read, so a peer that floods requests and reads no answers stops itself.

mod frame;
mod incoming;
mod output;
mod violation;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes};
use frame::Sent;
pub use frame::{Opcode, Role};
pub use incoming::{Incoming, Received};
use output::Output;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::task::coop;
use tokio::time::Instant;
pub use violation::Violation;

use crate::compression::{self, Deflate, Shared};
use crate::{Message, Meter};

/// How much is read at once, in bytes.
const ARRIVALS: usize = 64 * 1024;

thread_local! {
    /// Where a socket is read to, so that a connection that waits holds no room for what may come.
    static ARRIVING: RefCell<Box<[u8]>> = RefCell::new(vec![0; ARRIVALS].into());
}

/// What a message may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Its length in bytes, compressed or inflated.
    pub message_size: usize,
    /// Its frames.
    pub message_fragments: usize,
}

/// The socket `S` of a connection that is a WebSocket now.
pub struct Wire<S> {
    socket: S,
    incoming: Incoming,
    output: Output,
    role: Role,
    /// Boxed: most connections have none.
    deflate: Option<Box<Deflate>>,
    /// Since when the socket takes nothing.
    stuck_since: Option<Instant>,
    /// Whether that is what a flush waits for.
    flush_is_stuck: bool,
    meter: Meter,
    /// Since when a message or a control frame is under way.
    message_since: Option<Instant>,
    /// Bytes of frames read and sent since they were last asked for.
    received: u64,
    sent: u64,
    /// Whether any bytes have come since that was last asked for.
    has_heard: bool,
    /// When a look at the socket first found something, or nothing, since that was last asked for.
    looked_at: Option<Instant>,
}

/// What has passed, in bytes.
#[derive(Debug)]
pub struct Traffic {
    /// Of frames from the peer, heads included.
    pub received: u64,
    /// Of frames to the peer, heads included.
    pub sent: u64,
    /// Of messages that were compressed, where that was agreed on.
    pub compressed: Option<compression::Counts>,
}

/// Why nothing more comes.
#[derive(Debug)]
pub enum Fault {
    /// The peer has sent what it must not send.
    Violation(Violation),
    /// The peer sends more than its rates allow: of what.
    Excess(&'static str),
    /// The socket has failed, or the peer has hung up.
    Lost,
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// On a `socket` from which `read_ahead` was read already, behind the handshake.
    pub fn new(
        role: Role,
        socket: S,
        read_ahead: &[u8],
        bounds: Bounds,
        meter: Meter,
        deflate: Option<Deflate>,
    ) -> Self {
        let mut wire = Self {
            socket,
            incoming: Incoming::new(role, bounds.message_size, bounds.message_fragments),
            output: Output::default(),
            role,
            deflate: deflate.map(Box::new),
            stuck_since: None,
            flush_is_stuck: false,
            meter,
            message_since: None,
            received: 0,
            sent: 0,
            has_heard: false,
            looked_at: None,
        };
        if !read_ahead.is_empty() {
            wire.incoming.add(read_ahead);
            wire.count(read_ahead.len(), Instant::now());
        }
        wire
    }

    /// The next message or control frame. After a fault nothing that the peer sends can be understood.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, Fault>> {
        loop {
            // What comes may have to be answered.
            if !self.has_room() {
                ready!(self.poll_drain(cx))?;
            }
            // A peer that sends without end must not keep others from this thread.
            let turn = ready!(coop::poll_proceed(cx));
            let received = self.incoming.next(self.deflate.as_deref_mut());
            if let Some(received) = received.map_err(Fault::Violation)? {
                turn.made_progress();
                if let Some(deflate) = &mut self.deflate {
                    self.meter.inflated(deflate.take_growth());
                }
                match received {
                    Received::Message(_) => {
                        self.message_since = None;
                        self.meter.message();
                    }
                    _ => self.meter.control_frame(),
                }
                return Poll::Ready(self.within_rates().map(|()| received));
            }
            match self.incoming.is_under_way() {
                true => {
                    self.message_since.get_or_insert_with(Instant::now);
                }
                false => self.message_since = None,
            }
            // A read takes a turn of its own.
            drop(turn);
            ready!(self.poll_fill(cx))?;
        }
    }

    /// Reads what has arrived.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if self.stuck_since.is_some() {
            ready!(self.poll_drain(cx))?;
        }
        match self.poll_read(cx) {
            Poll::Ready(Ok(0)) => {
                // It may still read.
                ready!(self.poll_drain(cx))?;
                Poll::Ready(Err(Fault::Lost))
            }
            Poll::Ready(Ok(length)) => {
                let now = Instant::now();
                self.looked_at.get_or_insert(now);
                self.count(length, now);
                Poll::Ready(self.within_rates())
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => {
                self.meter.read_nothing();
                if !self.output.is_empty() {
                    self.looked_at.get_or_insert_with(Instant::now);
                }
                // That the socket takes nothing is no reason not to wait for what comes.
                if let Poll::Ready(Err(error)) = self.poll_drain(cx) {
                    return Poll::Ready(Err(error.into()));
                }
                Poll::Pending
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some((payload, room)) = self.incoming.destination() {
            payload.reserve(room);
            let mut payload = payload.limit(room);
            // A read that is dropped has taken nothing.
            return pin!(self.socket.read_buf(&mut payload)).poll(cx);
        }
        let socket = Pin::new(&mut self.socket);
        // Nothing in here comes back to this place: a socket knows no session.
        ARRIVING.with_borrow_mut(|arriving| {
            let mut arriving = ReadBuf::new(arriving);
            ready!(socket.poll_read(cx, &mut arriving))?;
            self.incoming.add(arriving.filled());
            Poll::Ready(Ok(arriving.filled().len()))
        })
    }

    fn count(&mut self, length: usize, now: Instant) {
        self.received += length as u64;
        self.has_heard = true;
        self.meter.read(length, now);
    }

    fn within_rates(&self) -> Result<(), Fault> {
        self.meter
            .excess()
            .map_or(Ok(()), |excess| Err(Fault::Excess(excess)))
    }

    /// Whether a frame can be sent, whatever its length.
    pub fn has_room(&self) -> bool {
        self.output.has_room()
    }

    /// Ready when [`Wire::has_room`].
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.has_room() {
            true => Poll::Ready(Ok(())),
            false => self.poll_drain(cx),
        }
    }

    /// Sends what comes before the first frame, as it is.
    pub fn send_first(&mut self, bytes: &[u8]) {
        self.output.push_first(bytes);
    }

    /// Sends a message; only while there is room. It leaves with [`Wire::poll_drain`], or when a read finds nothing.
    ///
    /// What is `shared` with other connections is compressed once.
    #[inline]
    pub fn send_message(&mut self, message: Message, shared: Option<&Shared>) {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.into_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes),
        };
        let deflate = self.deflate.as_mut();
        match deflate.and_then(|deflate| deflate.compress(&payload, shared)) {
            Some(compressed) => self.push(opcode, true, compressed),
            None => self.push(opcode, false, payload),
        }
    }

    /// Sends a control frame, as [`Wire::send_message`].
    pub fn send_control(&mut self, opcode: Opcode, payload: Bytes) {
        self.push(opcode, false, payload);
    }

    #[inline]
    fn push(&mut self, opcode: Opcode, is_compressed: bool, payload: Bytes) {
        let (mask, payload) = match self.role {
            Role::Server => (None, payload),
            #[cfg(feature = "client")]
            Role::Client => {
                let mask = frame::Mask::fresh();
                let mut payload = Vec::from(payload);
                mask.clone().apply(&mut payload);
                (Some(mask), payload.into())
            }
        };
        let head = Sent {
            opcode,
            is_compressed,
            mask,
        };
        self.sent += self.output.push(head, payload) as u64;
    }

    /// Writes what is collected to the socket.
    pub fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let written = self.output.poll_write(Pin::new(&mut self.socket), cx);
            if written.is_pending() {
                self.stuck_since.get_or_insert_with(Instant::now);
            }
            ready!(written)?;
            self.stuck_since = None;
        }
        self.poll_flush(cx)
    }

    /// TLS holds back what the socket does not take.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_pending() {
            self.flush_is_stuck = true;
            self.stuck_since.get_or_insert_with(Instant::now);
        } else if std::mem::take(&mut self.flush_is_stuck) {
            self.stuck_since = None;
        }
        flushed
    }

    /// Since when the peer takes none of the output that waits for it.
    pub fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    /// Since when a message or a control frame is under way, from its first byte to its last.
    pub fn message_since(&self) -> Option<Instant> {
        self.message_since
    }

    /// Time in which nothing was read does not count for the message that is under way.
    pub fn restart_message(&mut self) {
        if let Some(since) = &mut self.message_since {
            *since = Instant::now();
        }
    }

    /// A ping was sent: its pong costs the peer nothing.
    pub fn expect_pong(&mut self) {
        self.meter.expect_pong();
    }

    /// Whether anything has come since the last call, be it the middle of a frame.
    pub fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.has_heard)
    }

    /// When the socket was first looked at since the last call: what was there before is dealt with then. `None` if it was
    /// not, or if it had nothing and there was nothing to write.
    pub fn take_looked_at(&mut self) -> Option<Instant> {
        self.looked_at.take()
    }

    /// How much was read and sent since the last call.
    pub fn take_traffic(&mut self) -> Traffic {
        Traffic {
            received: std::mem::take(&mut self.received),
            sent: std::mem::take(&mut self.sent),
            compressed: self.deflate.as_mut().map(|deflate| deflate.take_counts()),
        }
    }

    /// Ends our side of TCP; everything must be written.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    /// What the connection goes on with elsewhere: the socket, what has come behind the last message, and how messages are
    /// compressed. Only between messages, with everything written.
    pub fn into_parts(self) -> (S, Bytes, Option<Deflate>) {
        let deflate = self.deflate.map(|deflate| *deflate);
        (self.socket, self.incoming.into_input(), deflate)
    }

    /// The socket, to be closed.
    pub fn into_socket(self) -> S {
        self.socket
    }
}

impl<S> fmt::Debug for Wire<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wire")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
