//! Your code: one file for each channel.

mod metrics;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::history::History;

/// What all screens share.
#[derive(Debug, Default)]
pub struct Handlers {
    history: Mutex<History>,
}

impl Handlers {
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
