//! Your code: one file for each channel.

mod arena;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::board::Board;

/// The arenas that somebody plays in, by name.
#[derive(Debug, Default)]
pub struct Handlers {
    boards: Mutex<BTreeMap<String, Board>>,
}

impl Handlers {
    fn boards(&self) -> MutexGuard<'_, BTreeMap<String, Board>> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
