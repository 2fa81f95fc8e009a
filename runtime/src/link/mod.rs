//! The wire end of a session: frames in, the outbox out, pings between, and the Close handshake at the end.
//!
//! The only module that knows the WebSocket engine. It has no task of its own: the session polls it, while it waits for a
//! message ([`Link::poll_event`]) and while a handler waits for something else ([`Link::poll_beside_handler`]).

mod clock;
mod end;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use tokio_websockets::{CloseCode, Limits, ServerBuilder, WebSocketStream};

use crate::buffered_io::BufferedIo;
use crate::close::{code, sendable_code, sendable_reason};
use crate::codegen::Frame;
use crate::config::Config;
use crate::listener::end_gracefully;
use crate::meter::Meter;
use crate::metrics::ConnectionMetrics;
use crate::outbox::{Next, Outbox};
use crate::{CloseReason, Message, TopicEvent};

use clock::{Clock, Due, Watch};
pub(crate) use end::End;
use end::Rest;

/// A connection's engine, send queue and clock.
pub(crate) struct Link<S> {
    engine: WebSocketStream<BufferedIo<S>>,
    outbox: Arc<Outbox>,
    clock: Clock,
    close_deadline: Duration,
    /// Set when the connection broke while a handler was running.
    broken: Option<End>,
    metrics: ConnectionMetrics,
    /// The handlers that ran since the socket was last read from.
    batch: Option<Batch>,
}

/// Handlers that ran one after the other without waiting for anything: they are timed together, since a look at the
/// clock takes longer than many a handler.
struct Batch {
    began: Instant,
    handlers: u32,
}

/// Something that the session must act on.
pub(crate) enum Event {
    /// A whole message.
    Frame(Frame),
    /// Something on a topic for the handler.
    Topic(TopicEvent),
    /// A large message is dealt with, and nothing more is there: time for [`Link::refreshed`].
    Grown,
    /// The connection ends.
    End(End),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(crate) fn new(
        socket: S,
        read_ahead: Bytes,
        outbox: Arc<Outbox>,
        config: Arc<Config>,
        expires: Option<SystemTime>,
        metrics: ConnectionMetrics,
    ) -> Self {
        let limits = Limits::default().max_payload_len(Some(config.limits.message_size));
        let socket = BufferedIo::new(socket, read_ahead, Meter::new(config.clone()));
        Self {
            engine: ServerBuilder::new().limits(limits).serve(socket),
            outbox,
            close_deadline: config.timeouts.close,
            clock: Clock::new(config, expires),
            broken: None,
            metrics,
            batch: None,
        }
    }

    /// The next thing that the session must act on; until then sends what is queued, answers pings, keeps the clock.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(end) = self.broken.take() {
            return Poll::Ready(Event::End(end));
        }
        for is_registered in [false, true] {
            if let Poll::Ready(end) = self.poll_outbox(cx) {
                return Poll::Ready(Event::End(end));
            }
            if let Some(event) = self.outbox.take_event() {
                return Poll::Ready(Event::Topic(event));
            }
            if let Poll::Ready(event) = self.poll_read(cx) {
                return Poll::Ready(event);
            }
            // Only now: most looks end with a message, and a wake-up is not needed for them.
            if !is_registered {
                self.outbox.register(cx.waker());
            }
            if self.outbox.is_idle() {
                break;
            }
        }
        self.count();
        if self.is_grown(cx) {
            return Poll::Ready(Event::Grown);
        }
        self.poll_clock(cx, Watch::Reading).map(Event::End)
    }

    /// Whether the engine's buffer has grown and holds nothing, after a read that found nothing.
    ///
    /// All whole frames are handed out then, so what ends with a message leaves nothing behind; and what is flushed
    /// leaves nothing in the engine's queue.
    fn is_grown(&mut self, cx: &mut Context<'_>) -> bool {
        self.engine.get_mut().meter().is_past_large_frame()
            && matches!(self.poll_flush(cx), Poll::Ready(Ok(())))
    }

    /// The same connection with a new engine: the buffer of the old one never shrinks, and a connection that is idle
    /// should not pay for the largest message it ever got.
    pub(crate) fn refreshed(self) -> Self {
        let limits = *self.engine.limits();
        let mut socket = self.engine.into_inner();
        socket.meter().forget_large_frame();
        Self {
            engine: ServerBuilder::new().limits(limits).serve(socket),
            ..self
        }
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
        self.clock.handler_waits();
        if self.broken.is_some() {
            return self.poll_clock(cx, Watch::HandlerAlone);
        }
        match self.step_beside_handler(cx) {
            Ok(()) => Poll::Pending,
            // The handler's own deadline.
            Err(end) if end.rest == Rest::Handshake => Poll::Ready(end),
            Err(end) => {
                self.outbox.gone();
                self.broken = Some(end);
                self.poll_clock(cx, Watch::HandlerAlone)
            }
        }
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
        match self.poll_clock(cx, Watch::Handler) {
            Poll::Ready(end) => Err(end),
            Poll::Pending => Ok(()),
        }
    }

    /// A handler is called.
    pub(crate) fn handler_begins(&mut self) {
        let batch = self.batch.get_or_insert_with(|| Batch {
            began: Instant::now(),
            handlers: 0,
        });
        batch.handlers += 1;
    }

    /// The metrics of this connection.
    pub(crate) fn metrics(&mut self) -> &mut ConnectionMetrics {
        &mut self.metrics
    }

    /// Brings the metrics up to date.
    fn count(&mut self) {
        let io = self.engine.get_mut();
        let (received, sent) = io.take_counts();
        self.metrics.flush(received, sent);
        if let Some(asked_at) = io.take_asked_at() {
            self.end_batch(asked_at);
        }
    }

    fn end_batch(&mut self, now: Instant) {
        if let Some(Batch { began, handlers }) = self.batch.take() {
            self.metrics
                .handled(now.saturating_duration_since(began), handlers);
        }
    }

    /// The handler is done. What could not be read meanwhile gets its time again.
    pub(crate) fn handler_done(&mut self) {
        if self.clock.handler_done() {
            self.engine.get_mut().meter().restart_message();
            self.end_batch(Instant::now());
        }
    }

    /// Does what is left of the Close handshake and of TCP, within the deadline.
    pub(crate) async fn finish(mut self, end: End) {
        self.count();
        self.end_batch(Instant::now());
        self.metrics.closed(&end.reason);
        let deadline = self.close_deadline;
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
            let (message, name, more) = match self.outbox.next(room) {
                Next::Send(message, name, more) => (message, name, more),
                Next::Close(reason) => return Poll::Ready(End::by_us(reason)),
                Next::Cut => return Poll::Ready(End::by_order()),
                Next::Blocked => {
                    self.clock.closing();
                    return Poll::Pending;
                }
                Next::Nothing => return Poll::Pending,
            };
            self.clock.active();
            self.metrics.sent(name);
            let message = match message {
                Message::Text(text) => tokio_websockets::Message::text(text.into_bytes()),
                Message::Binary(bytes) => tokio_websockets::Message::binary(bytes),
            };
            if Pin::new(&mut self.engine).start_send(message).is_err() {
                return Poll::Ready(End::lost());
            }
            if !more {
                return Poll::Pending;
            }
        }
    }

    /// The next message or the end of them. The engine answers pings and Close frames itself.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            let next = Pin::new(&mut self.engine).poll_next(cx);
            let message = match next {
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Event::End(End::by_engine(&error)));
                }
                Poll::Ready(None) => return Poll::Ready(Event::End(End::lost())),
                Poll::Ready(Some(Ok(message))) => Some(message),
                Poll::Pending => None,
            };
            if let Some(excess) = self.engine.get_mut().meter().excess() {
                return Poll::Ready(Event::End(End::refused(excess)));
            }
            let Some(message) = message else {
                return Poll::Pending;
            };
            self.clock.heard();
            // While input never ends, here is where it is counted.
            if let Some(asked_at) = self.engine.get_mut().take_asked_at() {
                self.end_batch(asked_at);
                self.count();
            }
            if let Some((code, reason)) = message.as_close() {
                return Poll::Ready(Event::End(End::by_peer(code.into(), reason)));
            }
            let is_text = message.is_text();
            if is_text || message.is_binary() {
                self.clock.active();
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

    /// Sends pings that are due; ready when a deadline has passed.
    fn poll_clock(&mut self, cx: &mut Context<'_>, watch: Watch) -> Poll<End> {
        loop {
            let io = self.engine.get_mut();
            let stuck_since = io.stuck_since();
            let message_since = io.meter().message_since();
            match ready!(self.clock.poll(cx, watch, stuck_since, message_since)) {
                Due::Ping => self.ping(cx),
                Due::End(end) => return Poll::Ready(end),
            }
        }
    }

    fn ping(&mut self, cx: &mut Context<'_>) {
        // While output is stuck its own deadline runs.
        if Pin::new(&mut self.engine).poll_ready(cx).is_ready()
            && Pin::new(&mut self.engine)
                .start_send(tokio_websockets::Message::ping(Bytes::new()))
                .is_ok()
        {
            self.engine.get_mut().meter().expect_pong();
            self.clock.pinged();
            // What fails here fails again at the next read.
            let _ = self.poll_flush(cx);
        }
    }
}

fn close_frame(reason: &CloseReason) -> tokio_websockets::Message {
    let code = sendable_code(reason.code.unwrap_or(code::NORMAL));
    tokio_websockets::Message::close(
        CloseCode::try_from(code).ok(),
        sendable_reason(&reason.reason),
    )
}
