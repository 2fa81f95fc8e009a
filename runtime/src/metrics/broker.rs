//! What a server counts of its way to the others.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Counter;

/// Counters of the broker and of clients that came back.
#[derive(Debug, Default)]
pub(crate) struct BrokerMetrics {
    /// How often messages of other servers may have been missed.
    pub(crate) gaps: Counter,
    /// Messages that other servers did not get, or perhaps not.
    pub(crate) dropped: Counter,
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
    pub(crate) fn recovered(&self, is_complete: bool) {
        self.recovered[usize::from(is_complete)].add(1);
    }

    /// How many clients came back, of those that got all or of the others.
    pub(super) fn recoveries(&self, is_complete: bool) -> u64 {
        self.recovered[usize::from(is_complete)].get()
    }

    pub(crate) fn connected(&self) {
        self.set(State::Connected(Duration::ZERO));
    }

    pub(crate) fn disconnected(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Connected(_)) {
            *state = State::Since(Instant::now());
        }
    }

    pub(crate) fn lag(&self, lag: Duration) {
        self.set(State::Connected(lag));
    }

    fn set(&self, new: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// How far the others are behind what is published here, in seconds.
    pub(super) fn lag_seconds(&self) -> f64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Connected(lag) => lag.as_secs_f64(),
            State::Since(since) => since.elapsed().as_secs_f64(),
        }
    }
}
