//! The wire end of a session: frames in, the outbox out, pings between, and the Close handshake at the end.
//!
//! The only file that knows the WebSocket engine. It has no task of its own: the session polls it, while it waits for a
//! message ([`Link::poll_event`]) and while a handler waits for something else ([`Link::poll_beside_handler`]).

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep};
use tokio_websockets::{CloseCode, Limits, ServerBuilder, WebSocketStream, proto::ProtocolError};

use crate::buffered_io::BufferedIo;
use crate::close::{code, sendable_code, sendable_reason};
use crate::codegen::Frame;
use crate::config::Config;
use crate::listener::end_gracefully;
use crate::outbox::{Next, Outbox};
use crate::{CloseReason, Initiator, Message};

/// A connection's engine, send queue and clock.
pub(crate) struct Link<S> {
    engine: WebSocketStream<BufferedIo<S>>,
    outbox: Arc<Outbox>,
    config: Arc<Config>,
    timer: Pin<Box<Sleep>>,
    ping_due: Instant,
    pong_due: Option<Instant>,
    /// Set when the connection broke while a handler was running.
    broken: Option<End>,
}

/// Something that the session must act on.
pub(crate) enum Event {
    /// A whole message.
    Frame(Frame),
    /// The connection ends.
    End(End),
}

/// How a connection ends.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) reason: CloseReason,
    rest: Rest,
}

/// What is left of the Close handshake (RFC 6455, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rest {
    /// Our Close frame is to be sent and the peer's to be awaited.
    Handshake,
    /// The peer's Close frame is here and the engine has queued our answer, which is to be written.
    Answer,
    /// Our Close frame is to be sent, if the engine has not queued it; what the peer says to it does not matter.
    Violation,
    /// Nothing: the peer does not answer, or is gone.
    Cut,
}

/// Whether the session reads from the socket now; while it does not, a missing pong says nothing.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Yes,
    No,
}

impl End {
    /// We close: `reason` has a code.
    pub(crate) fn by_us(reason: CloseReason) -> Self {
        Self {
            reason,
            rest: Rest::Handshake,
        }
    }

    fn cut(initiator: Initiator, reason: &str) -> Self {
        Self {
            reason: CloseReason {
                code: None,
                reason: reason.to_owned(),
                initiator,
            },
            rest: Rest::Cut,
        }
    }

    /// The drain's deadline has passed.
    fn by_order() -> Self {
        Self::cut(Initiator::Server, "cut off")
    }

    /// The peer closed, and the engine has queued the answer. 1005 stands for no code (RFC 6455, section 7.1.5).
    fn by_peer(code: u16, reason: &str) -> Self {
        let code = (code != 1005).then_some(code);
        Self {
            reason: CloseReason {
                code,
                reason: reason.to_owned(),
                initiator: Initiator::Peer,
            },
            rest: Rest::Answer,
        }
    }

    fn lost() -> Self {
        Self::cut(Initiator::Peer, "the connection was lost")
    }

    fn by_engine(error: &tokio_websockets::Error) -> Self {
        use tokio_websockets::Error;
        let (code, reason) = match error {
            Error::Protocol(error @ ProtocolError::InvalidUtf8) => {
                (code::INVALID_PAYLOAD, error.to_string())
            }
            Error::Protocol(error) => (code::PROTOCOL_ERROR, error.to_string()),
            // The engine closes by itself when one frame is too long, not when several together are.
            Error::PayloadTooLong { max_len, .. } => {
                (code::TOO_BIG, format!("max length: {max_len}"))
            }
            _ => return Self::lost(),
        };
        let reason = CloseReason {
            code: Some(code),
            reason,
            initiator: Initiator::Server,
        };
        Self {
            reason,
            rest: Rest::Violation,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(crate) fn new(
        socket: S,
        read_ahead: Bytes,
        outbox: Arc<Outbox>,
        config: Arc<Config>,
    ) -> Self {
        let limits = Limits::default().max_payload_len(Some(config.limits.message_size));
        let ping_due = Instant::now() + jittered(config.heartbeat.interval);
        Self {
            engine: ServerBuilder::new()
                .limits(limits)
                .serve(BufferedIo::new(socket, read_ahead)),
            outbox,
            timer: Box::pin(tokio::time::sleep_until(ping_due)),
            ping_due,
            pong_due: None,
            broken: None,
            config,
        }
    }

    /// The next thing that the session must act on; until then sends what is queued, answers pings, keeps the clock.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(end) = self.broken.take() {
            return Poll::Ready(Event::End(end));
        }
        self.outbox.register(cx.waker());
        if let Poll::Ready(end) = self.poll_outbox(cx) {
            return Poll::Ready(Event::End(end));
        }
        if let Poll::Ready(event) = self.poll_read(cx) {
            return Poll::Ready(event);
        }
        self.poll_clock(cx, Reading::Yes).map(Event::End)
    }

    /// What must go on while a handler waits for something: replies leave, pings go out, a stuck peer is noticed.
    ///
    /// Ready when the handler is to be dropped. A connection that breaks is remembered, not reported: the handler may be
    /// in the middle of something that concerns others.
    pub(crate) fn poll_beside_handler(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.outbox.register(cx.waker());
        if self.outbox.is_cut() {
            return Poll::Ready(End::by_order());
        }
        if self.broken.is_none()
            && let Err(end) = self.step_beside_handler(cx)
        {
            self.outbox.gone();
            self.broken = Some(end);
        }
        Poll::Pending
    }

    fn step_beside_handler(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if let Poll::Ready(end) = self.poll_outbox(cx)
            && end.rest == Rest::Cut
        {
            return Err(end);
        }
        // Another end is a wish to close, which waits until the handler is done.
        if let Poll::Ready(Err(end)) = self.poll_flush(cx) {
            return Err(end);
        }
        match self.poll_clock(cx, Reading::No) {
            Poll::Ready(end) => Err(end),
            Poll::Pending => Ok(()),
        }
    }

    /// The handler is done. The peer's pong could not be read meanwhile, so it gets its time again.
    pub(crate) fn handler_done(&mut self) {
        if let Some(due) = &mut self.pong_due {
            *due = Instant::now() + self.config.heartbeat.timeout;
        }
    }

    /// Does what is left of the Close handshake and of TCP, within the deadline.
    pub(crate) async fn finish(self, end: End) {
        let deadline = self.config.timeouts.close;
        if end.rest != Rest::Cut {
            // A peer that does not play along is cut off, and one that is gone needs no answer.
            let _ = tokio::time::timeout(deadline, self.close(end)).await;
        }
    }

    async fn close(mut self, end: End) -> Result<(), End> {
        let mut peer_is_done = end.rest == Rest::Answer;
        if !peer_is_done {
            // Refused only when the engine has queued one itself.
            let _ = Pin::new(&mut self.engine).start_send(close_frame(&end.reason));
            poll_fn(|cx| self.poll_flush(cx)).await?;
        }
        if end.rest == Rest::Handshake {
            // What comes before the peer's Close frame is dropped.
            while let Some(Ok(message)) =
                poll_fn(|cx| Pin::new(&mut self.engine).poll_next(cx)).await
            {
                peer_is_done |= message.is_close();
            }
        }
        poll_fn(|cx| self.poll_flush(cx)).await?;
        let mut socket = self.engine.into_inner();
        if peer_is_done {
            // Nothing unread can be left, and the server is the one to end TCP (RFC 6455, section 7.1.1).
            let _ = socket.shutdown().await;
        } else {
            end_gracefully(socket).await;
        }
        Ok(())
    }

    /// Moves what is queued into the engine while it takes it. Ready when the outbox wants an end.
    fn poll_outbox(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let room = match Pin::new(&mut self.engine).poll_ready(cx) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return Poll::Ready(End::lost()),
                Poll::Pending => false,
            };
            let message = match self.outbox.next(room) {
                Next::Send(Message::Text(text)) => {
                    tokio_websockets::Message::text(text.into_bytes())
                }
                Next::Send(Message::Binary(bytes)) => tokio_websockets::Message::binary(bytes),
                Next::Close(reason) => return Poll::Ready(End::by_us(reason)),
                Next::Cut => return Poll::Ready(End::by_order()),
                Next::Nothing => return Poll::Pending,
            };
            if Pin::new(&mut self.engine).start_send(message).is_err() {
                return Poll::Ready(End::lost());
            }
        }
    }

    /// The next message or the end of them. The engine answers pings and Close frames itself.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            let message = match ready!(Pin::new(&mut self.engine).poll_next(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Event::End(End::by_engine(&error))),
                None => return Poll::Ready(Event::End(End::lost())),
            };
            // Whatever arrives shows that the peer lives.
            self.pong_due = None;
            if let Some((code, reason)) = message.as_close() {
                return Poll::Ready(Event::End(End::by_peer(code.into(), reason)));
            }
            let is_text = message.is_text();
            if is_text || message.is_binary() {
                return Poll::Ready(Event::Frame(Frame::new(
                    message.into_payload().into(),
                    is_text,
                )));
            }
        }
    }

    /// Writes everything that was sent so far to the socket.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let flushed = ready!(Pin::new(&mut self.engine).poll_flush(cx));
        if flushed.is_err() {
            return Poll::Ready(Err(End::lost()));
        }
        self.engine
            .get_mut()
            .poll_drain(cx)
            .map_err(|_| End::lost())
    }

    /// Sends pings that are due; ready when the peer has missed a deadline.
    fn poll_clock(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<End> {
        loop {
            let due = self.next_due(reading);
            if due < self.timer.deadline() {
                self.timer.as_mut().reset(due);
            }
            ready!(self.timer.as_mut().poll(cx));
            let now = Instant::now();
            if self.stall_due().is_some_and(|due| due <= now) {
                return Poll::Ready(End::cut(Initiator::Server, "the peer reads nothing"));
            }
            if reading == Reading::Yes && self.pong_due.is_some_and(|due| due <= now) {
                return Poll::Ready(End::cut(Initiator::Server, "the peer answers no ping"));
            }
            if self.ping_due <= now {
                self.ping(cx, now);
            }
            let due = self.next_due(reading);
            self.timer.as_mut().reset(due);
        }
    }

    fn ping(&mut self, cx: &mut Context<'_>, now: Instant) {
        self.ping_due = now + jittered(self.config.heartbeat.interval);
        // While output is stuck its own deadline runs.
        if Pin::new(&mut self.engine).poll_ready(cx).is_ready()
            && Pin::new(&mut self.engine)
                .start_send(tokio_websockets::Message::ping(Bytes::new()))
                .is_ok()
        {
            self.pong_due
                .get_or_insert(now + self.config.heartbeat.timeout);
            // What fails here fails again at the next read.
            let _ = self.poll_flush(cx);
        }
    }

    /// When the clock must be looked at again.
    fn next_due(&self, reading: Reading) -> Instant {
        let pong_due = self.pong_due.filter(|_| reading == Reading::Yes);
        [pong_due, self.stall_due()]
            .into_iter()
            .flatten()
            .fold(self.ping_due, Instant::min)
    }

    fn stall_due(&self) -> Option<Instant> {
        Some(self.engine.get_ref().stuck_since()? + self.config.timeouts.write_stall)
    }
}

fn close_frame(reason: &CloseReason) -> tokio_websockets::Message {
    let code = sendable_code(reason.code.unwrap_or(code::NORMAL));
    tokio_websockets::Message::close(
        CloseCode::try_from(code).ok(),
        sendable_reason(&reason.reason),
    )
}

/// `interval` or up to a quarter less.
fn jittered(interval: Duration) -> Duration {
    // A fresh hasher is seeded by chance.
    let chance = RandomState::new().hash_one(0_u8) % 1000;
    interval - interval.mul_f64(0.25 * chance as f64 / 1000.0)
}
