//! The send queue of one connection, bounded. Handlers, senders, topics and the drain put messages, topic events and a wish to
//! close into it; the connection's session takes them out.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use atomic_waker::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::Instant;
use wsgen_config::SendQueueFull;
use wsgen_protocol::close::code;
use wsgen_protocol::compression::Shared;
use wsgen_protocol::{CloseReason, Initiator, Message};

use crate::connections::Connections;
use crate::{SendError, TopicEvent};

/// The send queue of one connection, shared by its handler, senders, topics and the drain.
pub struct Outbox {
    state: Mutex<State>,
    /// Whether the handler is to be told of something: seldom, and asked for every message.
    has_events: AtomicBool,
    /// The session's task, woken when there is something to do.
    session: AtomicWaker,
    /// Those who wait for room, or for the end.
    room: Notify,
    /// All of them, whose queues are bounded together.
    connections: Connections,
}

/// A message in the queue.
struct Queued {
    delivery: Delivery,
    /// A hash of the topic it was published on; what the session's own handler or a sender sent is never dropped.
    topic: Option<NonZeroU64>,
    /// What the client is told right before it; boxed, since few messages have it.
    before: Option<Box<Message>>,
}

impl Queued {
    /// What it takes in memory, in bytes, though the payload may be shared.
    fn size(&self) -> usize {
        let before = self.before.as_deref().map_or(0, size);
        size(&self.delivery.message) + before
    }
}

/// What a message in the queue takes in memory, in bytes.
fn size(message: &Message) -> usize {
    size_of::<Queued>() + message.len()
}

/// A message on its way to one connection.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Its name in the document.
    pub name: &'static str,
    /// What it is compressed to, where others get it too.
    pub shared: Option<Shared>,
}

impl Delivery {
    /// To one connection.
    pub fn to_one(message: Message, name: &'static str) -> Self {
        Self {
            message,
            name,
            shared: None,
        }
    }
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    /// What the queue takes in memory.
    bytes: usize,
    /// Topic events that the handler has not got yet.
    events: VecDeque<TopicEvent>,
    phase: Phase,
    /// Whether somebody found no room since the last message was taken.
    starved: bool,
    /// What the queue was last told to hold, for [`SendQueues::holds`](crate::send_queues::SendQueues::holds).
    reported: u32,
    /// Since when what is published finds the queue full. Boxed: seldom there, and idle connections pay for room.
    full_since: Option<Box<Instant>>,
}

#[derive(Default)]
enum Phase {
    #[default]
    Open,
    /// Closing, but what the running handler still sends is queued first.
    LastWords(CloseReason),
    /// What is queued is still sent, then the connection is closed for this reason.
    Closing(CloseReason),
    /// The end is now, whatever is queued or running.
    Cut,
    /// The session is over.
    Gone,
}

/// What became of a published message at one member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Published {
    /// It will be sent.
    Queued,
    /// It will be sent, and so many others were dropped for it.
    Replaced(u64),
    /// It and others, so many together, were dropped.
    Dropped(u64),
    /// There was no room for too long, and the connection is closed with 1013.
    Overflow,
    /// The connection is closing.
    NotOpen,
}

/// Who wants something sent.
#[derive(Clone, Copy)]
enum Pusher {
    /// The session's own handler.
    Session,
    /// A topic or a sender.
    Other,
}

/// What a session is to do for its outbox when it has taken messages.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Nothing: there are no more messages.
    Nothing,
    /// To make room for the messages that are left.
    MakeRoom,
    /// The same, and the connection is to be closed behind them.
    MakeRoomToClose,
    /// To close the connection for this reason.
    Close(CloseReason),
    /// To end the connection now.
    Cut,
}

impl State {
    fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && match self.phase {
                Phase::Open => self.events.is_empty(),
                Phase::Gone => true,
                Phase::LastWords(_) | Phase::Closing(_) | Phase::Cut => false,
            }
    }

    fn push(&mut self, queued: Queued) {
        self.bytes = self.bytes.saturating_add(queued.size());
        self.queue.push_back(queued);
    }

    /// The next message.
    fn pop(&mut self) -> Option<Delivery> {
        let next = self.queue.front_mut()?;
        if let Some(before) = next.before.take() {
            // It is announced now, and no longer to be dropped.
            next.topic = None;
            self.bytes -= size(&before);
            return Some(Delivery::to_one(*before, POSITION));
        }
        let Queued { delivery, .. } = self.queue.pop_front()?;
        self.bytes -= size(&delivery.message);
        if self.queue.is_empty() {
            match self.queue.capacity() > KEPT_MESSAGES {
                true => self.queue = VecDeque::new(),
                // The next message takes the place of this one, which the processor has at hand.
                false => self.queue.clear(),
            }
        }
        Some(delivery)
    }

    /// What is to be done when no more messages are taken.
    fn next(&self) -> Next {
        match &self.phase {
            Phase::Cut => Next::Cut,
            Phase::LastWords(_) | Phase::Closing(_) if !self.queue.is_empty() => {
                Next::MakeRoomToClose
            }
            Phase::LastWords(reason) | Phase::Closing(reason) => Next::Close(reason.clone()),
            Phase::Open | Phase::Gone if !self.queue.is_empty() => Next::MakeRoom,
            Phase::Open | Phase::Gone => Next::Nothing,
        }
    }

    /// Something of a topic was missed; once is enough to know.
    fn miss(&mut self, topic: Arc<str>) {
        let is_told =
            |event: &TopicEvent| matches!(event, TopicEvent::Missed(told) if *told == topic);
        if !self.events.iter().any(is_told) && self.events.len() < 2 * MOST_EVENTS {
            self.events.push_back(TopicEvent::Missed(topic));
        }
    }

    /// Drops the oldest messages for which `unwanted` holds, at most `most`. Returns how many.
    fn drop_where(&mut self, most: usize, unwanted: impl Fn(&Queued) -> bool) -> u64 {
        let (mut count, mut bytes) = (0, 0);
        self.queue.retain(|queued| {
            let drops = count < most && unwanted(queued);
            if drops {
                count += 1;
                bytes += queued.size();
            }
            !drops
        });
        self.bytes -= bytes;
        count as u64
    }
}

/// What a handler may be behind with events of its topics.
const MOST_EVENTS: usize = 256;

/// The name under which positions are counted.
pub const POSITION: &str = "(position)";

/// A queue that grew in a burst is given back when it is empty: this many messages are kept room for.
const KEPT_MESSAGES: usize = 4;

impl Outbox {
    /// An empty queue of one of these connections.
    pub fn new(connections: Connections) -> Self {
        Self {
            state: Mutex::default(),
            has_events: AtomicBool::new(false),
            session: AtomicWaker::new(),
            room: Notify::new(),
            connections,
        }
    }

    /// Queues `message` if there is room; the message comes back when there is none.
    ///
    /// Does not wake the session: its own task looks here after each step of its handler.
    fn try_push(
        &self,
        message: Message,
        name: &'static str,
        by: Pusher,
    ) -> Result<(), (SendError, Message)> {
        let mut state = self.lock();
        match (&state.phase, by) {
            (Phase::Open, _) | (Phase::LastWords(_), Pusher::Session) => {}
            _ => return Err((SendError::Closed, message)),
        }
        if !self.has_room(&state, size(&message)) {
            state.starved = true;
            return Err((SendError::Full, message));
        }
        self.queue(
            state,
            Queued {
                delivery: Delivery::to_one(message, name),
                topic: None,
                before: None,
            },
        );
        Ok(())
    }

    #[inline(always)]
    fn queue(&self, mut state: MutexGuard<'_, State>, queued: Queued) {
        state.push(queued);
        let is_more = self.report_size(&mut state);
        drop(state);
        if is_more && self.connections.send_queues().are_over() {
            self.connections.shed();
        }
    }

    /// Reports what the queue holds now. Returns whether that is more than before.
    #[inline(always)]
    fn report_size(&self, state: &mut State) -> bool {
        let before = state.reported;
        let send_queues = self.connections.send_queues();
        send_queues.holds(state.bytes, &mut state.reported);
        state.reported > before
    }

    /// Whether there is room for so many bytes more. One message of any size always passes alone, or it could never be sent.
    fn has_room(&self, state: &State, bytes: usize) -> bool {
        let (messages, bytes) = (state.queue.len() + 1, state.bytes.saturating_add(bytes));
        messages == 1 || self.connections.send_queues().allow(messages, bytes)
    }

    /// Whether so many messages of so many bytes find room together.
    pub fn has_room_for(&self, messages: usize, bytes: usize) -> bool {
        let state = self.lock();
        let bytes = state.bytes + messages * size_of::<Queued>() + bytes;
        let send_queues = self.connections.send_queues();
        send_queues.allow(state.queue.len() + messages, bytes)
    }

    /// Whether a connection whose queue is full is slow, and not only in the middle of a burst.
    fn is_slow(&self, state: &mut State, bytes: usize) -> bool {
        let (messages, bytes) = (state.queue.len() + 1, state.bytes.saturating_add(bytes));
        let send_queues = self.connections.send_queues();
        let since = state
            .full_since
            .get_or_insert_with(|| Box::new(Instant::now()));
        since.elapsed() > send_queues.patience || !send_queues.bear(messages, bytes)
    }

    /// Queues `message` from the session's own task if there is room; the message comes back when there is none.
    #[inline]
    pub fn push_from_session(
        &self,
        message: Message,
        name: &'static str,
    ) -> Result<(), (SendError, Message)> {
        self.try_push(message, name, Pusher::Session)
    }

    /// [`Outbox::push_from_session`], waiting for room.
    pub async fn wait_from_session(
        &self,
        message: Message,
        name: &'static str,
    ) -> Result<(), SendError> {
        self.push_waiting(message, name, Pusher::Session).await
    }

    /// Queues `message` from another task, waiting for room.
    pub async fn push(&self, message: Message, name: &'static str) -> Result<(), SendError> {
        self.push_waiting(message, name, Pusher::Other).await?;
        self.session.wake();
        Ok(())
    }

    async fn push_waiting(
        &self,
        mut message: Message,
        name: &'static str,
        by: Pusher,
    ) -> Result<(), SendError> {
        loop {
            // Made before the look, so that no room made in between is missed.
            let room = self.room.notified();
            match self.try_push(message, name, by) {
                Ok(()) => return Ok(()),
                Err((SendError::Full, back)) => message = back,
                Err((error, _)) => return Err(error),
            }
            room.await;
        }
    }

    /// Queues `message` from another task if there is room now.
    pub fn push_now(&self, message: Message, name: &'static str) -> Result<(), SendError> {
        self.try_push(message, name, Pusher::Other)
            .map_err(|(error, _)| error)?;
        self.session.wake();
        Ok(())
    }

    /// Queues a message published on a topic, with what is to be told right `before` it; where there is no room, what the
    /// settings say. What became of it.
    #[inline]
    pub fn publish(
        &self,
        delivery: Delivery,
        before: Option<Message>,
        topic: NonZeroU64,
    ) -> Published {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return Published::NotOpen;
        }
        let queued = Queued {
            delivery,
            topic: Some(topic),
            before: before.map(Box::new),
        };
        let bytes = queued.size();
        let mut dropped = 0;
        if !self.has_room(&state, bytes) {
            let may_drop = match self.connections.send_queues().when_full {
                SendQueueFull::Disconnect if self.is_slow(&mut state, bytes) => {
                    drop(state);
                    self.overflow();
                    return Published::Overflow;
                }
                SendQueueFull::Disconnect => false,
                SendQueueFull::DropOldest => true,
                SendQueueFull::KeepLatest => {
                    dropped += state.drop_where(usize::MAX, |queued| queued.topic == Some(topic));
                    true
                }
            };
            while may_drop && !self.has_room(&state, bytes) {
                match state.drop_where(1, |queued| queued.topic.is_some()) {
                    // Only what handlers and senders wait for is left: the new message is the one to go.
                    0 => {
                        self.report_size(&mut state);
                        return Published::Dropped(dropped + 1);
                    }
                    count => dropped += count,
                }
            }
        }
        self.queue(state, queued);
        self.session.wake();
        match dropped {
            0 => Published::Queued,
            _ => Published::Replaced(dropped),
        }
    }

    /// Closes the connection of a slow reader, behind what is queued.
    fn overflow(&self) {
        let reason = "too slow: the send queue is full".to_owned();
        self.end(code::TRY_AGAIN_LATER, reason, Phase::Closing);
        self.session.wake();
    }

    /// Gives up on a slow reader: what is queued is dropped.
    pub fn give_up(&self) {
        let mut state = self.lock();
        state.queue = VecDeque::new();
        state.bytes = 0;
        self.report_size(&mut state);
        drop(state);
        let reason = "too slow: too much waits to be sent".to_owned();
        self.end(code::TRY_AGAIN_LATER, reason, Phase::Closing);
        self.session.wake();
    }

    /// Why the connection is closed, if it is for being slow.
    pub fn slow(&self) -> Option<CloseReason> {
        match &self.lock().phase {
            Phase::Closing(reason) if reason.code == Some(code::TRY_AGAIN_LATER) => {
                Some(reason.clone())
            }
            _ => None,
        }
    }

    /// Closes the connection after what is queued; for the session's own task, which need not be woken.
    pub fn close_from_session(&self, code: u16, reason: String) {
        self.end(code, reason, Phase::Closing);
    }

    /// Closes the connection from another task, after what is queued and what the handler that runs now still sends.
    pub fn close(&self, code: u16, reason: String) {
        self.end(code, reason, Phase::LastWords);
        self.session.wake();
    }

    /// The first reason counts.
    fn end(&self, code: u16, reason: String, phase: impl Fn(CloseReason) -> Phase) {
        let initiator = Initiator::Server;
        let mut state = self.lock();
        if matches!(state.phase, Phase::Open) {
            state.phase = phase(CloseReason {
                code: Some(code),
                reason,
                initiator,
            });
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// Ends the session now.
    pub fn cut(&self) {
        self.lock().phase = Phase::Cut;
        self.room.notify_waiters();
        self.session.wake();
    }

    /// The session is over: drops what is queued, refuses what comes.
    pub fn gone(&self) {
        let mut state = self.lock();
        let reported = state.reported;
        *state = State {
            phase: Phase::Gone,
            reported,
            ..State::default()
        };
        self.report_size(&mut state);
        drop(state);
        // Senders that outlive the session would keep its task's memory by the waker.
        drop(self.session.take());
        self.room.notify_waiters();
    }

    /// Whether nothing more can be sent from now on, but for what the handler that runs still sends before a close.
    #[inline]
    pub fn is_closing(&self) -> bool {
        !matches!(self.lock().phase, Phase::Open)
    }

    /// Waits until [`Outbox::is_closing`].
    pub async fn closing(&self) {
        loop {
            // Made before the look, so that no change in between is missed.
            let changed = self.room.notified();
            if self.is_closing() {
                return;
            }
            changed.await;
        }
    }

    /// Whether the session is to end now.
    #[inline]
    pub fn is_cut(&self) -> bool {
        matches!(self.lock().phase, Phase::Cut)
    }

    /// Has `waker` woken when there is something to do. To be called before the last look with [`Outbox::take`] or
    /// [`Outbox::is_idle`].
    #[inline]
    pub fn register(&self, waker: &Waker) {
        self.session.register(waker);
    }

    /// Hands messages to `send` while there is room, and says what is to be done then. `send` says whether
    /// there is room for another. A close stays until the session is over.
    #[inline]
    pub fn take(&self, mut has_room: bool, mut send: impl FnMut(Delivery) -> bool) -> Next {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Cut) {
            return Next::Cut;
        }
        let waited = state.queue.len();
        while has_room && let Some(delivery) = state.pop() {
            has_room = send(delivery);
        }
        let next = state.next();
        if state.queue.len() < waited {
            self.report_size(&mut state);
            if state.full_since.is_some() && self.has_room(&state, 0) {
                state.full_since = None;
            }
        }
        if state.queue.len() < waited && std::mem::take(&mut state.starved) {
            drop(state);
            self.room.notify_waiters();
        }
        next
    }

    /// Whether nothing is queued, the handler has heard of everything, and nobody wants an end.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.lock().is_idle()
    }

    /// Has the handler told of something. A handler that falls behind is only told which topics it has missed something of.
    pub fn tell(&self, event: TopicEvent) {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return;
        }
        if state.events.len() >= MOST_EVENTS {
            let told = std::mem::take(&mut state.events);
            for event in told {
                state.miss(event.into_topic());
            }
        }
        match event {
            TopicEvent::Missed(topic) => state.miss(topic),
            event if state.events.len() >= MOST_EVENTS => state.miss(event.into_topic()),
            event => state.events.push_back(event),
        }
        self.has_events.store(true, Ordering::Release);
        drop(state);
        self.session.wake();
    }

    /// What the handler is to be told next.
    #[inline]
    pub fn take_event(&self) -> Option<TopicEvent> {
        if !self.has_events.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return None;
        }
        let event = state.events.pop_front();
        if state.events.is_empty() {
            self.has_events.store(false, Ordering::Release);
            state.events = VecDeque::new();
        }
        event
    }

    /// What the queue takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway: a poisoned state is a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbox").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
