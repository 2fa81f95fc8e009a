//! The task of a connection: sends, receives, keeps alive, and connects again.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_websockets::{CloseCode, Message as Wire};

use super::connect::{Engine, open};
use super::{Closed, Connection, Event, KnownBy, Order, QUEUE, Target, Waiting};
use crate::Message;
use crate::codegen::{Decode, Frame};

/// Time between pings; whatever comes from the server counts as an answer.
const PING: Duration = Duration::from_secs(25);

/// How long the server may take nothing, or take to agree to a Close frame.
const PATIENCE: Duration = Duration::from_secs(5);

struct Worker<I> {
    target: Target,
    orders: mpsc::Receiver<Order<I>>,
    events: mpsc::Sender<Event<I>>,
    is_open: Arc<AtomicBool>,
    /// Who waits for a reply, in the order of the requests.
    waiting: VecDeque<Waiting<I>>,
}

/// The way a connection ended.
enum End {
    /// By the application.
    Ours,
    Theirs(Closed),
}

/// Starts the task of an open connection.
pub(super) fn start<O, I: Decode>(target: Target, engine: Engine) -> Connection<O, I> {
    let (orders, receiver) = mpsc::channel(QUEUE);
    let (sender, events) = mpsc::channel(QUEUE);
    let is_open = Arc::new(AtomicBool::new(true));
    let request_timeout = target.request_timeout;
    let worker = Worker {
        target,
        orders: receiver,
        events: sender,
        is_open: is_open.clone(),
        waiting: VecDeque::new(),
    };
    tokio::spawn(worker.run(engine));
    Connection {
        orders,
        events: Mutex::new(events),
        is_open,
        request_timeout,
        sends: PhantomData,
    }
}

impl<I: Decode> Worker<I> {
    async fn run(mut self, mut engine: Engine) {
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let end = self.converse(&mut engine).await;
            self.is_open.store(false, Ordering::Release);
            self.waiting.clear();
            let closed = match end {
                End::Ours => {
                    let _ = timeout(PATIENCE, close(&mut engine)).await;
                    Closed::by_us()
                }
                End::Theirs(closed) => match self.again(&closed, began, &mut failures).await {
                    Some(next) => {
                        engine = next;
                        continue;
                    }
                    None => closed,
                },
            };
            // Whoever still waits to be sent is told so.
            drop(self.orders);
            // Nobody need be there any more to hear it.
            let _ = self.events.send(Event::Closed(closed)).await;
            return;
        }
    }

    /// Does what is ordered and tells what comes, until the end.
    async fn converse(&mut self, engine: &mut Engine) -> End {
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = true;
        let mut untold = None;
        loop {
            let asked = self.waiting.front().map(|first| first.since);
            let step = tokio::select! {
                order = self.orders.recv() => self.obey(order, engine).await,
                () = overdue(asked, self.target.request_timeout) => self.give_up_on_first(engine).await,
                told = tell(&self.events, &mut untold), if untold.is_some() => told,
                message = read(engine), if untold.is_none() => {
                    heard = true;
                    let event = self.hear(message, engine).await;
                    event.map(|event| untold = event)
                },
                _ = pings.tick() => {
                    // Who does not read hears nothing.
                    let is_silent = !heard && untold.is_none();
                    heard = untold.is_some();
                    match is_silent {
                        true => Err(End::lost("the server is silent")),
                        false => write(engine, Wire::ping(Bytes::new())).await,
                    }
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn obey(&mut self, order: Option<Order<I>>, engine: &mut Engine) -> Result<(), End> {
        match order {
            Some(Order::Send(message, waiting)) => {
                self.waiting.extend(waiting);
                write(engine, wire(message)).await
            }
            Some(Order::Close) | None => Err(End::Ours),
        }
    }

    /// What a message is to the application, if anything.
    async fn hear(
        &mut self,
        message: Option<Result<Wire, tokio_websockets::Error>>,
        engine: &mut Engine,
    ) -> Result<Option<Event<I>>, End> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                return Err(End::lost(format!("the connection was lost: {error}")));
            }
            None => return Err(End::lost("the connection was lost")),
        };
        if let Some(closed) = closed(&message) {
            // The engine has queued our Close frame, which goes out while the end is awaited.
            let _ = timeout(PATIENCE, end(engine)).await;
            return Err(End::Theirs(closed));
        }
        let is_text = message.is_text();
        if !is_text && !message.is_binary() {
            return Ok(None);
        }
        let payload = Bytes::from(message.into_payload());
        let message = match is_text {
            true => ByteString::try_from(payload).map(Message::Text),
            false => Ok(Message::Binary(payload)),
        };
        let message = message.map_err(|_| End::lost("a text is not UTF-8"))?;
        Ok(match I::decode(Frame::new(message)) {
            Ok(message) => settle(message, &mut self.waiting).map(Event::Message),
            Err(error) => Some(Event::Undecodable(error)),
        })
    }

    /// Forgets the oldest request, whose reply is overdue. One that was to be known by its turn leaves nothing to go by.
    async fn give_up_on_first(&mut self, engine: &mut Engine) -> Result<(), End> {
        match self.waiting.pop_front() {
            Some(first) if first.known_by == KnownBy::Turn => {
                let _ = write(engine, goodbye()).await;
                Err(End::lost("a request was not answered in time"))
            }
            _ => Ok(()),
        }
    }

    /// A new connection for one that has ended, if there is to be one.
    async fn again(
        &mut self,
        closed: &Closed,
        began: Instant,
        failures: &mut u32,
    ) -> Option<Engine> {
        let reconnect = self.target.reconnect.filter(|_| closed.is_passing())?;
        // A server that closes at once is not asked again and again.
        if began.elapsed() > reconnect.most {
            *failures = 0;
        }
        loop {
            if reconnect.attempts.is_some_and(|most| *failures >= most) {
                return None;
            }
            let attempt = async {
                sleep(reconnect.delay(*failures)).await;
                open(&self.target).await
            };
            let opened = tokio::select! {
                opened = attempt => opened,
                () = unwanted(&mut self.orders) => return None,
            };
            *failures = failures.saturating_add(1);
            match opened {
                Ok(engine) => {
                    // What was ordered before belongs to a connection that is no more.
                    while let Ok(order) = self.orders.try_recv() {
                        if matches!(order, Order::Close) {
                            return None;
                        }
                    }
                    self.is_open.store(true, Ordering::Release);
                    self.events.send(Event::Reconnected).await.ok()?;
                    return Some(engine);
                }
                Err(error) if error.is_passing() => {
                    tracing::debug!(%error, "no connection yet");
                }
                Err(error) => {
                    tracing::warn!(%error, "the client does not connect again");
                    return None;
                }
            }
        }
    }
}

impl End {
    fn lost(reason: impl Into<String>) -> Self {
        Self::Theirs(Closed::lost(reason))
    }
}

/// Tells the event when there is room for it; not before, so that it may be tried again.
async fn tell<I>(
    events: &mpsc::Sender<Event<I>>,
    untold: &mut Option<Event<I>>,
) -> Result<(), End> {
    let room = events.reserve().await.map_err(|_| End::Ours)?;
    if let Some(event) = untold.take() {
        room.send(event);
    }
    Ok(())
}

/// Ends when the reply to what was asked then is overdue.
async fn overdue(asked: Option<Instant>, most: Duration) {
    match asked {
        Some(asked) => sleep(most.saturating_sub(asked.elapsed())).await,
        None => pending().await,
    }
}

/// Drops what is ordered while there is no connection; ends when none is wanted any more.
async fn unwanted<I>(orders: &mut mpsc::Receiver<Order<I>>) {
    while let Some(Order::Send(..)) = orders.recv().await {}
}

/// What a Close frame says.
fn closed(message: &Wire) -> Option<Closed> {
    let (code, reason) = message.as_close()?;
    let code = u16::from(code);
    Some(Closed {
        // 1005: a Close frame without a code (RFC 6455, section 7.1.5).
        code: (code != 1005).then(|| code.into()),
        reason: reason.to_owned(),
    })
}

/// Gives a reply to whoever waits for it; gives every other message back.
fn settle<I>(mut message: I, waiting: &mut VecDeque<Waiting<I>>) -> Option<I> {
    for index in 0..waiting.len() {
        match (waiting[index].offer)(message) {
            Some(other) => message = other,
            None => {
                waiting.remove(index);
                return None;
            }
        }
    }
    Some(message)
}

fn wire(message: Message) -> Wire {
    match message {
        Message::Text(text) => Wire::text(text.into_bytes()),
        Message::Binary(bytes) => Wire::binary(bytes),
    }
}

async fn read(engine: &mut Engine) -> Option<Result<Wire, tokio_websockets::Error>> {
    poll_fn(|cx| Pin::new(&mut *engine).poll_next(cx)).await
}

/// Sends a message; the end when the connection is broken or takes nothing for too long.
async fn write(engine: &mut Engine, message: Wire) -> Result<(), End> {
    let send = async {
        poll_fn(|cx| Pin::new(&mut *engine).poll_ready(cx)).await?;
        Pin::new(&mut *engine).start_send(message)?;
        poll_fn(|cx| Pin::new(&mut *engine).poll_flush(cx)).await
    };
    match timeout(PATIENCE, send).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(End::lost(format!("the connection was lost: {error}"))),
        Err(_) => Err(End::lost("the server takes nothing")),
    }
}

/// The closing handshake, begun by us.
async fn close(engine: &mut Engine) {
    if write(engine, goodbye()).await.is_ok() {
        end(engine).await;
    }
}

fn goodbye() -> Wire {
    Wire::close(Some(CloseCode::NORMAL_CLOSURE), "")
}

/// Waits for the server to end TCP.
async fn end(engine: &mut Engine) {
    while let Some(Ok(_)) = read(engine).await {}
}
