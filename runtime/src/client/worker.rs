//! The task of a connection: sends, receives, keeps alive, and connects again.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_websockets::{CloseCode, Message as Wire};

use super::connect::{Engine, open};
use super::{Closed, Connection, Event, Offer, Order, QUEUE, Target};
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
    waiting: VecDeque<Offer<I>>,
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
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Send(message, offer)) => {
                        self.waiting.extend(offer);
                        if write(engine, wire(message)).await.is_err() {
                            return End::Theirs(Closed::lost());
                        }
                    }
                    Some(Order::Close) | None => return End::Ours,
                },
                room = self.events.reserve(), if untold.is_some() => match room {
                    Ok(room) => {
                        if let Some(event) = untold.take() {
                            room.send(event);
                        }
                    }
                    Err(_) => return End::Ours,
                },
                message = read(engine), if untold.is_none() => {
                    heard = true;
                    match message {
                        Some(Ok(message)) => match received(message, &mut self.waiting) {
                            Ok(event) => untold = event,
                            Err(closed) => {
                                // The engine has queued our Close frame, which goes out while the end is awaited.
                                let _ = timeout(PATIENCE, end(engine)).await;
                                return End::Theirs(closed);
                            }
                        },
                        Some(Err(_)) | None => return End::Theirs(Closed::lost()),
                    }
                },
                _ = pings.tick() => {
                    // Who does not read hears nothing.
                    if !heard && untold.is_none() {
                        return End::Theirs(Closed::lost());
                    }
                    heard = untold.is_some();
                    if write(engine, Wire::ping(Bytes::new())).await.is_err() {
                        return End::Theirs(Closed::lost());
                    }
                }
            }
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
                tokio::time::sleep(reconnect.delay(*failures)).await;
                open(&self.target).await
            };
            let opened = tokio::select! {
                opened = attempt => opened,
                () = self.events.closed() => return None,
            };
            *failures += 1;
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

/// What a message is to the application, if anything.
fn received<I: Decode>(
    message: Wire,
    waiting: &mut VecDeque<Offer<I>>,
) -> Result<Option<Event<I>>, Closed> {
    if let Some((code, reason)) = message.as_close() {
        let code = u16::from(code);
        // 1005: a Close frame without a code (RFC 6455, section 7.1.5).
        let code = (code != 1005).then(|| code.into());
        return Err(Closed {
            code,
            reason: reason.to_owned(),
        });
    }
    let is_text = message.is_text();
    if !is_text && !message.is_binary() {
        return Ok(None);
    }
    let frame = Frame::new(message.into_payload().into(), is_text);
    Ok(match I::decode(&frame) {
        Ok(message) => settle(message, waiting).map(Event::Message),
        Err(error) => Some(Event::Undecodable(error)),
    })
}

/// Gives a reply to whoever waits for it; gives every other message back.
fn settle<I>(mut message: I, waiting: &mut VecDeque<Offer<I>>) -> Option<I> {
    for index in 0..waiting.len() {
        match (waiting[index])(message) {
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

/// Sends a message; an error when the connection is broken or takes nothing for too long.
async fn write(engine: &mut Engine, message: Wire) -> Result<(), ()> {
    let send = async {
        poll_fn(|cx| Pin::new(&mut *engine).poll_ready(cx)).await?;
        Pin::new(&mut *engine).start_send(message)?;
        poll_fn(|cx| Pin::new(&mut *engine).poll_flush(cx)).await
    };
    match timeout(PATIENCE, send).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}

/// The closing handshake, begun by us.
async fn close(engine: &mut Engine) {
    let frame = Wire::close(Some(CloseCode::NORMAL_CLOSURE), "");
    if write(engine, frame).await.is_ok() {
        end(engine).await;
    }
}

/// Waits for the server to end TCP.
async fn end(engine: &mut Engine) {
    while let Some(Ok(_)) = read(engine).await {}
}
