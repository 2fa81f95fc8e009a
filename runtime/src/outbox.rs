//! What others want of a session: messages to send and an end to make, handed over through one bounded queue.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use atomic_waker::AtomicWaker;
use tokio::sync::Notify;

use crate::close::code;
use crate::config::Limits;
use crate::error::SendError;
use crate::{CloseReason, Initiator, Message};

/// The send queue of one connection, shared by its handler, senders, topics and the drain.
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// The session's task, woken when there is something to do.
    session: AtomicWaker,
    /// Those who wait for room.
    room: Notify,
    max_messages: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Message>,
    bytes: usize,
    phase: Phase,
    /// Whether somebody found no room since the last message was taken.
    starved: bool,
}

#[derive(Default)]
enum Phase {
    #[default]
    Open,
    /// What is queued is still sent, then the connection is closed for this reason.
    Closing(CloseReason),
    /// The end is now, whatever is queued or running.
    Cut,
    /// The session is over.
    Gone,
}

/// What a session is to do next for its outbox.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    Send(Message),
    Close(CloseReason),
    Cut,
    Nothing,
}

/// A queue that grew in a burst is given back when it is empty: this many messages are kept room for.
const KEPT_MESSAGES: usize = 4;

impl Outbox {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            state: Mutex::default(),
            session: AtomicWaker::new(),
            room: Notify::new(),
            max_messages: limits.send_queue_messages,
            max_bytes: limits.send_queue_size,
        }
    }

    /// Queues `message` if there is room; the message comes back when there is none.
    ///
    /// Does not wake the session: for the session's own task, which looks here after each step of its handler.
    fn try_push(&self, message: Message) -> Result<(), (SendError, Message)> {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return Err((SendError::Closed, message));
        }
        let bytes = state.bytes.saturating_add(message.len());
        let full = state.queue.len() >= self.max_messages || bytes > self.max_bytes;
        // One message of any size always passes alone, or it could never be sent.
        if full && !state.queue.is_empty() {
            state.starved = true;
            return Err((SendError::Full, message));
        }
        state.bytes = bytes;
        state.queue.push_back(message);
        Ok(())
    }

    /// Queues `message` from the session's own task, waiting for room.
    pub(crate) async fn push_from_session(&self, message: Message) -> Result<(), SendError> {
        self.push_with(message, || {}).await
    }

    /// Queues `message` from another task, waiting for room.
    pub(crate) async fn push(&self, message: Message) -> Result<(), SendError> {
        self.push_with(message, || self.session.wake()).await
    }

    async fn push_with(&self, mut message: Message, done: impl Fn()) -> Result<(), SendError> {
        loop {
            // Registered before the look, so that no room made in between is missed.
            let mut room = std::pin::pin!(self.room.notified());
            match self.try_push(message) {
                Ok(()) => {
                    done();
                    return Ok(());
                }
                Err((SendError::Full, back)) => message = back,
                Err((error, _)) => return Err(error),
            }
            room.as_mut().await;
        }
    }

    /// Queues `message` from another task if there is room now.
    pub(crate) fn push_now(&self, message: Message) -> Result<(), SendError> {
        self.try_push(message).map_err(|(error, _)| error)?;
        self.session.wake();
        Ok(())
    }

    /// Queues `message`; a connection that has no room reads too slowly and is closed with 1013. Whether it is queued.
    pub(crate) fn push_or_disconnect(&self, message: Message) -> bool {
        match self.try_push(message) {
            Ok(()) => {
                self.session.wake();
                true
            }
            Err((SendError::Full, _)) => {
                self.overflow();
                false
            }
            Err(_) => false,
        }
    }

    /// Gives up on a slow reader: what is queued would never arrive in time for the Close frame.
    fn overflow(&self) {
        {
            let mut state = self.lock();
            state.queue = VecDeque::new();
            state.bytes = 0;
        }
        self.close(
            code::TRY_AGAIN_LATER,
            "too slow: the send queue is full".to_owned(),
        );
        self.session.wake();
    }

    /// Asks the session to end after what is queued. The first reason counts. Does not wake the session by itself.
    pub(crate) fn close(&self, code: u16, reason: String) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Open) {
            state.phase = Phase::Closing(CloseReason {
                code: Some(code),
                reason,
                initiator: Initiator::Server,
            });
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// [`Outbox::close`] from another task.
    pub(crate) fn close_from_outside(&self, code: u16, reason: String) {
        self.close(code, reason);
        self.session.wake();
    }

    /// Ends the session now.
    pub(crate) fn cut(&self) {
        self.lock().phase = Phase::Cut;
        self.room.notify_waiters();
        self.session.wake();
    }

    /// The session is over: drops what is queued, refuses what comes.
    pub(crate) fn gone(&self) {
        *self.lock() = State {
            phase: Phase::Gone,
            ..State::default()
        };
        self.room.notify_waiters();
    }

    /// Whether the session is to end now.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self.lock().phase, Phase::Cut)
    }

    /// Has `waker` woken when there is something to do. To be called before each look with [`Outbox::next`].
    pub(crate) fn register(&self, waker: &Waker) {
        self.session.register(waker);
    }

    /// Takes what is to be done next; a close stays until the session is over.
    pub(crate) fn next(&self) -> Next {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Cut) {
            return Next::Cut;
        }
        let Some(message) = state.queue.pop_front() else {
            return match &state.phase {
                Phase::Closing(reason) => Next::Close(reason.clone()),
                Phase::Open | Phase::Cut | Phase::Gone => Next::Nothing,
            };
        };
        state.bytes -= message.len();
        if state.queue.is_empty() && state.queue.capacity() > KEPT_MESSAGES {
            state.queue = VecDeque::new();
        }
        if std::mem::take(&mut state.starved) {
            drop(state);
            self.room.notify_waiters();
        }
        Next::Send(message)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway: a poisoned state is a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(messages: usize, bytes: usize) -> Outbox {
        let mut limits = crate::config::Config::default().limits;
        limits.send_queue_messages = messages;
        limits.send_queue_size = bytes;
        Outbox::new(&limits)
    }

    #[test]
    fn messages_and_bytes_are_bounded() {
        let by_count = outbox(2, 1000);
        assert_eq!(
            [(); 3].map(|()| by_count.push_now("a".into())),
            [Ok(()), Ok(()), Err(SendError::Full)]
        );
        let by_size = outbox(10, 5);
        assert_eq!(by_size.push_now("123".into()), Ok(()));
        assert_eq!(by_size.push_now("456".into()), Err(SendError::Full));
        assert_eq!(by_size.next(), Next::Send("123".into()));
        assert_eq!(
            by_size.push_now("a single larger one passes".into()),
            Ok(())
        );
    }

    #[test]
    fn a_close_waits_for_what_is_queued_and_refuses_more() {
        let outbox = outbox(2, 100);
        outbox.push_now("last".into()).unwrap();
        outbox.close(4000, "bye".to_owned());
        outbox.close(4001, "later".to_owned());
        assert_eq!(outbox.push_now("more".into()), Err(SendError::Closed));
        assert_eq!(outbox.next(), Next::Send("last".into()));
        assert!(matches!(
            outbox.next(),
            Next::Close(CloseReason {
                code: Some(4000),
                ..
            })
        ));
        outbox.cut();
        assert_eq!(outbox.next(), Next::Cut);
    }

    #[test]
    fn an_overflow_closes_with_1013() {
        let outbox = outbox(1, 100);
        assert!(outbox.push_or_disconnect("a".into()));
        assert!(!outbox.push_or_disconnect("b".into()));
        assert!(matches!(
            outbox.next(),
            Next::Close(CloseReason {
                code: Some(1013),
                ..
            })
        ));
    }
}
