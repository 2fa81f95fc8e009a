//! The wire end of a session: frames in, the outbox out, pings between, and the Close handshake at the end.
//!
//! It has no task of its own: the session polls it, while it waits for a
//! message ([`Link::poll_event`]) and while a handler waits for something else ([`Link::poll_beside_handler`]).

mod clock;
mod end;
mod read_ahead;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use clock::{Clock, Due, Watch};
pub(crate) use end::End;
use end::Rest;
use read_ahead::ReadAhead;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use wsgen_config::Config;
use wsgen_protocol::close::{answering_payload, close_payload, code, sendable_code};
use wsgen_protocol::wire::{Opcode, Received, Wire};
use wsgen_protocol::{CloseReason, Message};
use wsgen_topics::{Next, Outbox, TopicEvent};

use crate::codegen::Frame;
use crate::listen::socket::{Socket, end_gracefully};
use crate::observe::metrics::ConnectionMetrics;
use crate::session::opened::Opened;

/// A connection's wire, send queue and clock.
pub(crate) struct Link<S> {
    wire: Wire<S>,
    outbox: Arc<Outbox>,
    clock: Clock,
    close_deadline: Duration,
    /// Messages that came while a handler was running.
    ahead: ReadAhead,
    /// How the connection ended while a handler was running.
    ended: Option<End>,
    is_close_sent: bool,
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
    /// The connection ends.
    End(End),
}

impl Link<Socket> {
    pub(crate) fn new(
        opened: Opened,
        outbox: Arc<Outbox>,
        config: Arc<Config>,
        expires: Option<SystemTime>,
        metrics: ConnectionMetrics,
    ) -> Self {
        Self {
            wire: opened.wire(&config),
            outbox,
            close_deadline: config.timeouts.close,
            clock: Clock::new(config, expires),
            ahead: ReadAhead::default(),
            ended: None,
            is_close_sent: false,
            metrics,
            batch: None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// The next thing that the session must act on; until then sends what is queued, answers pings, keeps the clock.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        for is_registered in [false, true] {
            if self.ended.is_none()
                && let Poll::Ready(end) = self.poll_outbox(cx)
            {
                return Poll::Ready(Event::End(end));
            }
            if let Some(event) = self.outbox.take_event() {
                return Poll::Ready(Event::Topic(event));
            }
            if let Some(message) = self.ahead.pop() {
                self.clock.active();
                return Poll::Ready(Event::Frame(Frame::from(message)));
            }
            // What came before the end is handled before it. Taken only if it is there: it is large.
            if self.ended.is_some()
                && let Some(end) = self.ended.take()
            {
                return Poll::Ready(Event::End(end));
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
        let looked_at = self.wire.take_looked_at();
        self.end_batch(|| looked_at.unwrap_or_else(Instant::now));
        self.count();
        self.poll_clock(cx, Watch::Reading).map(Event::End)
    }

    /// What must go on while a handler waits for something: replies leave, pings go out and are answered, a Close frame is
    /// answered, a stuck peer is noticed. Messages wait for their turn.
    ///
    /// Ready when the handler is to be dropped. A connection that ends is remembered, not reported: the handler may be
    /// in the middle of something that concerns others.
    pub(crate) fn poll_beside_handler(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.outbox.register(cx.waker());
        if self.outbox.is_cut() {
            return Poll::Ready(End::drained());
        }
        self.clock.handler_waits();
        if self.ended.is_none() {
            match self.step_beside_handler(cx) {
                Ok(()) => return Poll::Pending,
                // The handler's own deadline.
                Err(end) if end.rest == Rest::Handshake => return Poll::Ready(end),
                Err(end) => self.end_beside_handler(end),
            }
        }
        self.poll_leave(cx);
        self.poll_clock(cx, Watch::HandlerAlone)
    }

    fn step_beside_handler(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if let Poll::Ready(end) = self.poll_outbox(cx)
            && end.rest == Rest::Cut
        {
            return Err(end);
        }
        // Another end is a wish to close, which waits until the handler is done.
        self.poll_read_ahead(cx)?;
        if let Poll::Ready(Err(end)) = self.poll_flush(cx) {
            return Err(end);
        }
        let watch = match self.ahead.has_room() {
            true => Watch::ReadingAhead,
            false => Watch::Handler,
        };
        match self.poll_clock(cx, watch) {
            Poll::Ready(end) => Err(end),
            Poll::Pending => Ok(()),
        }
    }

    /// Reads what comes beside a handler, as much as may wait for it.
    fn poll_read_ahead(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.ahead.has_room() {
            match self.poll_message(cx) {
                Poll::Ready(message) => self.ahead.push(message?),
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    /// The connection ends, and the handler goes on: the peer gets its Close frame, and the handler can know of it.
    fn end_beside_handler(&mut self, end: End) {
        if end.rest != Rest::Cut {
            // Nothing is handed out while there is no room for an answer.
            self.wire.send_control(Opcode::Close, payload_of(&end));
            self.is_close_sent = true;
        }
        self.outbox.gone();
        self.ended = Some(end);
    }

    /// Sends what is left of a connection that has ended beside a handler.
    fn poll_leave(&mut self, cx: &mut Context<'_>) {
        let is_answer = self
            .ended
            .as_ref()
            .is_some_and(|end| end.rest == Rest::Answer);
        // What fails here fails again when the handler is done.
        if let Poll::Ready(Ok(())) = self.wire.poll_drain(cx)
            && is_answer
        {
            // The server is the one to end TCP (RFC 6455, section 7.1.1), and the peer waits for it.
            let _ = self.wire.poll_shutdown(cx);
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
        self.metrics.flush(&self.wire.take_traffic());
    }

    /// The handlers of a batch were done when `end` says.
    fn end_batch(&mut self, end: impl FnOnce() -> Instant) {
        if let Some(Batch { began, handlers }) = self.batch.take() {
            let took = end().saturating_duration_since(began);
            self.metrics.handled(took, handlers);
        }
    }

    /// The handler is done. What could not be read meanwhile gets its time again.
    pub(crate) fn handler_done(&mut self) {
        if self.clock.handler_done() {
            self.wire.restart_message();
            // Reads beside the handler say nothing of when it was done.
            self.wire.take_looked_at();
            self.end_batch(Instant::now);
        }
    }

    /// The end of the connection: `end`, unless it had ended before. Who is cut off while it is closed for being slow was slow.
    pub(crate) fn first_end(&mut self, end: End) -> End {
        let end = self.ended.take().unwrap_or(end);
        match self.outbox.slow() {
            Some(reason) if end.rest == Rest::Cut => End { reason, ..end },
            _ => end,
        }
    }

    /// Does what is left of the Close handshake and of TCP, within the deadline.
    pub(crate) async fn finish(mut self, end: End) {
        self.count();
        self.end_batch(Instant::now);
        self.metrics.closed(&end.reason);
        let deadline = self.close_deadline;
        if end.rest != Rest::Cut {
            // A peer that does not play along is cut off, and one that is gone needs no answer.
            let _ = tokio::time::timeout(deadline, self.close(end)).await;
        }
    }

    async fn close(mut self, end: End) -> Result<(), End> {
        if !self.is_close_sent {
            self.send_close(&end).await?;
        }
        poll_fn(|cx| self.poll_flush(cx)).await?;
        let mut peer_is_done = end.rest == Rest::Answer;
        if end.rest == Rest::Handshake {
            // What comes before the peer's Close frame is dropped.
            while let Ok(received) = poll_fn(|cx| self.wire.poll_next(cx)).await {
                if let Received::Close(..) = received {
                    peer_is_done = true;
                    break;
                }
            }
        }
        let mut socket = self.wire.into_socket();
        if peer_is_done {
            // Nothing unread can be left, and the server is the one to end TCP (RFC 6455, section 7.1.1).
            let _ = socket.shutdown().await;
        } else {
            end_gracefully(socket).await;
        }
        Ok(())
    }

    /// Sends our Close frame.
    async fn send_close(&mut self, end: &End) -> Result<(), End> {
        poll_fn(|cx| self.wire.poll_ready(cx))
            .await
            .map_err(|_| End::lost())?;
        self.wire.send_control(Opcode::Close, payload_of(end));
        Ok(())
    }

    /// Moves what is queued onto the wire while it takes it. Ready when the outbox wants an end.
    fn poll_outbox(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let has_room = match self.wire.poll_ready(cx) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return Poll::Ready(End::lost()),
                Poll::Pending => false,
            };
            let next = self.outbox.take(has_room, |delivery| {
                self.clock.active();
                self.metrics.sent(delivery.name);
                self.wire
                    .send_message(delivery.message, delivery.shared.as_ref());
                self.wire.has_room()
            });
            match next {
                Next::MakeRoom | Next::MakeRoomToClose if has_room => {}
                Next::MakeRoomToClose => {
                    self.clock.closing();
                    return Poll::Pending;
                }
                Next::MakeRoom | Next::Nothing => return Poll::Pending,
                Next::Close(reason) => return Poll::Ready(End::by_us(reason)),
                Next::Cut => return Poll::Ready(End::drained()),
            }
        }
    }

    /// The next message or the end of them.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let message = ready!(self.poll_message(cx));
        // While input never ends, here is where it is counted.
        if let Some(looked_at) = self.wire.take_looked_at() {
            self.end_batch(|| looked_at);
            self.count();
        }
        Poll::Ready(match message {
            Ok(message) => {
                self.clock.active();
                Event::Frame(Frame::from(message))
            }
            Err(end) => Event::End(end),
        })
    }

    /// The next message, or the end of them. Answers pings.
    #[inline(always)]
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, End>> {
        loop {
            let received = match ready!(self.wire.poll_next(cx)) {
                Ok(received) => received,
                Err(fault) => return Poll::Ready(Err(End::by_fault(&fault))),
            };
            match received {
                Received::Message(message) => return Poll::Ready(Ok(message)),
                // Nothing is handed out while there is no room for an answer.
                Received::Ping(payload) => self.wire.send_control(Opcode::Pong, payload),
                Received::Pong => {}
                Received::Close(code, reason) => {
                    return Poll::Ready(Err(End::by_peer(code, reason)));
                }
            }
        }
    }

    /// Writes everything that was sent so far to the socket.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.wire.poll_drain(cx).map_err(|_| End::lost())
    }

    /// Sends pings that are due; ready when a deadline has passed.
    fn poll_clock(&mut self, cx: &mut Context<'_>, watch: Watch) -> Poll<End> {
        if self.wire.take_heard() {
            self.clock.heard();
        }
        loop {
            if self.clock.stuck(self.wire.stuck_since()) {
                self.wire.restart_message();
            }
            match ready!(self.clock.poll(cx, watch, self.wire.message_since())) {
                Due::Ping => self.ping(cx),
                Due::Age => self.outbox.close(code::SERVICE_RESTART, OLD.to_owned()),
                Due::End(end) => return Poll::Ready(end),
            }
        }
    }

    fn ping(&mut self, cx: &mut Context<'_>) {
        // While output is stuck its own deadline runs.
        if matches!(self.wire.poll_ready(cx), Poll::Ready(Ok(()))) {
            self.wire.send_control(Opcode::Ping, Bytes::new());
            self.wire.expect_pong();
            self.clock.pinged();
            // What fails here fails again at the next read.
            let _ = self.poll_flush(cx);
        }
    }
}

/// Why a connection is closed that has reached `timeouts.age`.
const OLD: &str = "the connection is old: connect again";

/// What our Close frame says; the peer's own code is the answer to its Close frame (RFC 6455, section 5.5.1).
fn payload_of(end: &End) -> Bytes {
    let CloseReason { code, reason, .. } = &end.reason;
    match end.rest {
        Rest::Answer => answering_payload(*code),
        _ => close_payload(sendable_code(code.unwrap_or(code::NORMAL)), reason),
    }
}
