//! The task of a connection: sends, receives, keeps alive, and connects again.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use wsgen_protocol::Decode;
use wsgen_protocol::close::{answering_payload, close_payload, code};
use wsgen_protocol::wire::{Fault, Opcode, Received};

use crate::connect::{ClientWire, open};
use crate::{Closed, Connection, Event, KnownBy, Order, QUEUE, Target, Waiting};

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
pub(crate) fn start<O, I: Decode>(target: Target, wire: ClientWire) -> Connection<O, I> {
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
    tokio::spawn(worker.run(wire));
    Connection {
        orders,
        events: Mutex::new(events),
        is_open,
        request_timeout,
        sends: PhantomData,
    }
}

impl<I: Decode> Worker<I> {
    async fn run(mut self, mut wire: ClientWire) {
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let end = self.converse(&mut wire).await;
            self.is_open.store(false, Ordering::Release);
            self.waiting.clear();
            let closed = match end {
                End::Ours => {
                    let _ = timeout(PATIENCE, close(&mut wire)).await;
                    Closed::by_us()
                }
                End::Theirs(closed) => match self.again(&closed, began, &mut failures).await {
                    Some(next) => {
                        wire = next;
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
    async fn converse(&mut self, wire: &mut ClientWire) -> End {
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = true;
        let mut untold = None;
        loop {
            let asked = self.waiting.front().map(|first| first.since);
            let step = tokio::select! {
                order = self.orders.recv() => self.obey(order, wire).await,
                () = overdue(asked, self.target.request_timeout) => self.give_up_on_first(wire).await,
                told = tell(&self.events, &mut untold), if untold.is_some() => told,
                message = read(wire), if untold.is_none() => {
                    heard = true;
                    let event = self.hear(message, wire).await;
                    event.map(|event| untold = event)
                },
                _ = pings.tick() => {
                    // Who does not read hears nothing.
                    let is_silent = !heard && untold.is_none();
                    heard = untold.is_some();
                    match is_silent {
                        true => Err(End::lost("the server is silent")),
                        false => {
                            write(wire, |wire| wire.send_control(Opcode::Ping, Bytes::new())).await
                        }
                    }
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn obey(&mut self, order: Option<Order<I>>, wire: &mut ClientWire) -> Result<(), End> {
        match order {
            Some(Order::Send(message, waiting)) => {
                self.waiting.extend(waiting);
                write(wire, |wire| wire.send_message(message, None)).await
            }
            Some(Order::Close) | None => Err(End::Ours),
        }
    }

    /// What the server has sent is to the application, if anything.
    async fn hear(
        &mut self,
        received: Result<Received, Fault>,
        wire: &mut ClientWire,
    ) -> Result<Option<Event<I>>, End> {
        let message = match received {
            Ok(Received::Message(message)) => message,
            Ok(Received::Ping(payload)) => {
                // Nothing is handed out while there is no room for an answer.
                wire.send_control(Opcode::Pong, payload);
                return Ok(None);
            }
            Ok(Received::Pong) => return Ok(None),
            Ok(Received::Close(code, reason)) => {
                let _ = timeout(PATIENCE, agree_to_close(wire, code)).await;
                return Err(End::Theirs(Closed {
                    code: code.map(Into::into),
                    reason,
                }));
            }
            Err(Fault::Violation(violation)) => {
                let reason = violation.to_string();
                let _ = send_close(wire, close_payload(violation.code(), &reason)).await;
                return Err(End::lost(format!("the connection was given up: {reason}")));
            }
            Err(Fault::Excess(_) | Fault::Lost) => {
                return Err(End::lost("the connection was lost"));
            }
        };
        Ok(match I::decode(message.into()) {
            Ok(message) => settle(message, &mut self.waiting).map(Event::Message),
            Err(error) => Some(Event::Undecodable(error)),
        })
    }

    /// Forgets the oldest request, whose reply is overdue. One that was to be known by its turn leaves nothing to go by.
    async fn give_up_on_first(&mut self, wire: &mut ClientWire) -> Result<(), End> {
        match self.waiting.pop_front() {
            Some(first) if first.known_by == KnownBy::Turn => {
                let _ = send_close(wire, close_payload(code::NORMAL, "")).await;
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
    ) -> Option<ClientWire> {
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
                Ok(wire) => {
                    // What was ordered before belongs to a connection that is no more.
                    while let Ok(order) = self.orders.try_recv() {
                        if matches!(order, Order::Close) {
                            return None;
                        }
                    }
                    self.is_open.store(true, Ordering::Release);
                    self.events.send(Event::Reconnected).await.ok()?;
                    return Some(wire);
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

async fn read(wire: &mut ClientWire) -> Result<Received, Fault> {
    poll_fn(|cx| wire.poll_next(cx)).await
}

/// Sends something; the end when the connection is broken or takes nothing for too long.
async fn write(wire: &mut ClientWire, send: impl FnOnce(&mut ClientWire)) -> Result<(), End> {
    let sent = async {
        poll_fn(|cx| wire.poll_ready(cx)).await?;
        send(wire);
        poll_fn(|cx| wire.poll_drain(cx)).await
    };
    match timeout(PATIENCE, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(End::lost(format!("the connection was lost: {error}"))),
        Err(_) => Err(End::lost("the server takes nothing")),
    }
}

async fn send_close(wire: &mut ClientWire, payload: Bytes) -> Result<(), End> {
    write(wire, |wire| wire.send_control(Opcode::Close, payload)).await
}

/// The closing handshake, begun by us.
async fn close(wire: &mut ClientWire) {
    if send_close(wire, close_payload(code::NORMAL, ""))
        .await
        .is_ok()
    {
        end(wire).await;
    }
}

/// The closing handshake, begun by the server.
async fn agree_to_close(wire: &mut ClientWire, code: Option<u16>) {
    if send_close(wire, answering_payload(code)).await.is_ok() {
        end(wire).await;
    }
}

/// Waits for the server to end TCP.
async fn end(wire: &mut ClientWire) {
    while read(wire).await.is_ok() {}
}
