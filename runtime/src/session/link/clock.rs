//! The deadlines of one connection, kept by one timer.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use tokio::task::coop;
use tokio::time::{Instant, Sleep};
use wsgen_config::Config;
use wsgen_protocol::close::code;
use wsgen_protocol::random;

use super::end::End;

/// A connection's timer and what it waits for.
pub(super) struct Clock {
    config: Arc<Config>,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer wakes the session as it is set.
    is_armed: bool,
    ping_due: Instant,
    pong_due: Option<Instant>,
    /// Since when the peer takes none of our output, during which nothing is read.
    stuck_since: Option<Instant>,
    /// Since when a handler waits for something.
    handler_since: Option<Instant>,
    /// Since when the wish to close waits for room to send what comes before it.
    closing_since: Option<Instant>,
    /// When a message last came or went; kept only where `timeouts.idle` is set.
    active_at: Instant,
    /// When the peer's credential ends.
    expires: Option<Instant>,
    /// When the connection is old.
    old: Option<Instant>,
}

/// What the session is at, which says what deadlines count.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Watch {
    /// It reads from the socket.
    Reading,
    /// A handler runs, and beside it is read from the socket.
    ReadingAhead,
    /// A handler runs; nothing is read, so that what the peer does not say means nothing.
    Handler,
    /// A handler runs on a connection that has ended already.
    HandlerAlone,
}

/// What the time has come for.
pub(super) enum Due {
    Ping,
    /// The connection is old.
    Age,
    End(End),
}

impl Clock {
    pub(super) fn new(config: Arc<Config>, expires: Option<SystemTime>) -> Self {
        let now = Instant::now();
        let ping_due = now + jittered(config.heartbeat.interval);
        let age = config.timeouts.age;
        Self {
            config,
            timer: Box::pin(tokio::time::sleep_until(ping_due)),
            is_armed: false,
            ping_due,
            pong_due: None,
            stuck_since: None,
            handler_since: None,
            closing_since: None,
            active_at: now,
            old: (!age.is_zero()).then(|| now + jittered(age)),
            expires: expires.map(|expires| {
                let left = expires.duration_since(SystemTime::now());
                // Longer than anybody waits is as good as for ever.
                now + left.unwrap_or_default().min(FAR * 1000)
            }),
        }
    }

    /// Ready when something is due.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        watch: Watch,
        message_since: Option<Instant>,
    ) -> Poll<Due> {
        if self.is_armed && self.is_calm(message_since) && !self.timer.is_elapsed() {
            return Poll::Pending;
        }
        loop {
            let (next, _) = self.next(watch, message_since);
            if next < self.timer.deadline() {
                self.timer.as_mut().reset(next);
            }
            self.is_armed = true;
            // Not by budget: a timer that is refused a look wakes nobody, and a flood would keep its own end away.
            let timer = coop::unconstrained(self.timer.as_mut());
            ready!(pin!(timer).poll(cx));
            self.is_armed = false;
            let now = Instant::now();
            let (next, deadline) = self.next(watch, message_since);
            if next <= now {
                return Poll::Ready(self.pass(deadline, now));
            }
            self.timer.as_mut().reset(next);
        }
    }

    /// Whether there is no deadline that may come before what the timer is set to: so it is nearly always, and every message
    /// passes here.
    fn is_calm(&self, message_since: Option<Instant>) -> bool {
        self.stuck_since.is_none()
            && message_since.is_none()
            && self.pong_due.is_none()
            && self.closing_since.is_none()
            && self.handler_since.is_none()
    }

    /// A ping was sent: something must arrive in time.
    pub(super) fn pinged(&mut self) {
        self.pong_due
            .get_or_insert(Instant::now() + self.config.heartbeat.timeout);
    }

    /// Something arrived, which shows that the peer lives.
    pub(super) fn heard(&mut self) {
        self.pong_due = None;
    }

    /// Takes note since when output is stuck. Returns whether output that was stuck at the last call has moved. Then what the
    /// peer owes gets its time again: while output was stuck nothing was read.
    pub(super) fn stuck(&mut self, since: Option<Instant>) -> bool {
        let before = std::mem::replace(&mut self.stuck_since, since);
        let went_on = before.is_some() && before != since;
        if went_on {
            self.restart_pong();
        }
        went_on
    }

    fn restart_pong(&mut self) {
        if let Some(due) = &mut self.pong_due {
            *due = Instant::now() + self.config.heartbeat.timeout;
        }
    }

    /// A message came or goes.
    pub(super) fn active(&mut self) {
        if !self.config.timeouts.idle.is_zero() {
            self.active_at = Instant::now();
        }
    }

    /// The wish to close waits for room.
    pub(super) fn closing(&mut self) {
        self.closing_since.get_or_insert_with(Instant::now);
    }

    /// A handler waits for something.
    pub(super) fn handler_waits(&mut self) {
        self.handler_since.get_or_insert_with(Instant::now);
    }

    /// Takes note that the handler is done. Returns whether it had waited. Then the pong gets its time again, since it may not
    /// have been read meanwhile.
    pub(super) fn handler_done(&mut self) -> bool {
        let waited = self.handler_since.take().is_some();
        if waited {
            // Other deadlines count again.
            self.is_armed = false;
            self.closing_since = None;
            self.active();
            self.restart_pong();
        }
        waited
    }

    /// The first deadline of those that count.
    fn next(&self, watch: Watch, message_since: Option<Instant>) -> (Instant, Deadline) {
        let timeouts = &self.config.timeouts;
        let after = |since: Option<Instant>, timeout| since.map(|since| since + timeout);
        let idle = (!timeouts.idle.is_zero()).then_some(self.active_at);
        let handler = self.handler_since.filter(|_| !timeouts.handler.is_zero());
        let reading = watch == Watch::Reading;
        let hearing = (reading || watch == Watch::ReadingAhead) && self.stuck_since.is_none();
        let connected = watch != Watch::HandlerAlone;
        [
            (connected, Some(self.ping_due), Deadline::Ping),
            (
                connected,
                after(self.stuck_since, timeouts.write_stall),
                Deadline::Stall,
            ),
            (hearing, self.pong_due, Deadline::Pong),
            (
                hearing,
                after(message_since, timeouts.message),
                Deadline::Message,
            ),
            (reading, after(idle, timeouts.idle), Deadline::Idle),
            (reading, self.expires, Deadline::Expiry),
            (connected, self.old, Deadline::Age),
            (
                reading,
                after(self.closing_since, timeouts.close),
                Deadline::Close,
            ),
            (
                !reading,
                after(handler, timeouts.handler),
                Deadline::Handler,
            ),
        ]
        .into_iter()
        .filter_map(|(counts, due, deadline)| due.filter(|_| counts).map(|due| (due, deadline)))
        .min_by_key(|(due, _)| *due)
        // Only a handler without a deadline, on a broken connection: the drain ends it.
        .unwrap_or_else(|| (self.timer.deadline() + FAR, Deadline::None))
    }

    fn pass(&mut self, deadline: Deadline, now: Instant) -> Due {
        Due::End(match deadline {
            Deadline::Age => {
                self.old = None;
                return Due::Age;
            }
            Deadline::Ping | Deadline::None => {
                self.ping_due = now + jittered(self.config.heartbeat.interval);
                return Due::Ping;
            }
            Deadline::Stall => End::cut_off("the peer reads nothing"),
            Deadline::Pong => End::cut_off("the peer answers no ping"),
            Deadline::Close => End::cut_off("the peer reads too slowly to be closed"),
            Deadline::Message => End::over_limit("the message takes too long"),
            Deadline::Idle => End::closed(code::GOING_AWAY, "idle"),
            Deadline::Expiry => End::closed(code::POLICY_VIOLATION, "the credential has expired"),
            Deadline::Handler => End::closed(code::INTERNAL_ERROR, "internal error"),
        })
    }
}

/// The deadlines of a connection.
#[derive(Clone, Copy)]
enum Deadline {
    Ping,
    Stall,
    Pong,
    Message,
    Idle,
    Expiry,
    Age,
    Close,
    Handler,
    None,
}

/// Longer than anything waits.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

/// `interval` or up to a quarter less.
fn jittered(interval: Duration) -> Duration {
    interval - interval.mul_f64(0.25 * random::fraction())
}
