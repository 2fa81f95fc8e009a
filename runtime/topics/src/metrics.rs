//! What is counted of fan-out, here and to the other servers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A counter that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at 0.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds `amount`.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// What was counted.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is counted of the members of a channel's topics.
#[derive(Debug, Default)]
pub struct FanOutMetrics {
    /// Connections whose full send queue cost them a message or everything.
    pub slow_consumers: Counter,
    /// Published messages that were dropped for one connection.
    pub dropped: Counter,
}

/// Counters of the broker and of clients that came back.
#[derive(Debug, Default)]
pub struct BrokerMetrics {
    /// How often messages of other servers may have been missed.
    pub gaps: Counter,
    /// Messages that other servers did not get, or perhaps not.
    pub dropped: Counter,
    recovered: [Counter; 2],
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// How long the last batch took to reach the broker.
    Connected(Duration),
    Since(Instant),
}

impl Default for State {
    fn default() -> Self {
        Self::Connected(Duration::ZERO)
    }
}

impl BrokerMetrics {
    /// A client came back, and got all that it missed or did not.
    pub fn recovered(&self, is_complete: bool) {
        self.recovered[usize::from(is_complete)].add(1);
    }

    /// How many clients came back, of those that got all or of the others.
    pub fn recoveries(&self, is_complete: bool) -> u64 {
        self.recovered[usize::from(is_complete)].get()
    }

    /// There is a connection to the broker.
    pub fn connected(&self) {
        self.set(State::Connected(Duration::ZERO));
    }

    /// There is none any more.
    pub fn disconnected(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Connected(_)) {
            *state = State::Since(Instant::now());
        }
    }

    /// A batch took this long to reach the broker.
    pub fn lag(&self, lag: Duration) {
        self.set(State::Connected(lag));
    }

    fn set(&self, new: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// How far the others are behind what is published here, in seconds.
    pub fn lag_seconds(&self) -> f64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Connected(lag) => lag.as_secs_f64(),
            State::Since(since) => since.elapsed().as_secs_f64(),
        }
    }
}
