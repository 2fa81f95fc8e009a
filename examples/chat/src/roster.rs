//! Who is in which room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The nicknames in every room; a room without members does not exist.
#[derive(Debug, Default)]
pub(crate) struct Roster(Mutex<Rooms>);

type Rooms = BTreeMap<String, BTreeSet<String>>;

impl Roster {
    /// Takes a nickname in a room; false when somebody there has it.
    pub(crate) fn enter(&self, room: &str, nickname: &str) -> bool {
        let mut rooms = self.rooms();
        let members = rooms.entry(room.to_owned()).or_default();
        members.insert(nickname.to_owned())
    }

    /// Gives a nickname back.
    pub(crate) fn leave(&self, room: &str, nickname: &str) {
        let mut rooms = self.rooms();
        if let Some(members) = rooms.get_mut(room) {
            members.remove(nickname);
            if members.is_empty() {
                rooms.remove(room);
            }
        }
    }

    /// Everybody in a room, in alphabetical order.
    pub(crate) fn members(&self, room: &str) -> Vec<String> {
        self.rooms()
            .get(room)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Nothing above panics halfway, so a poisoned lock still guards whole rooms.
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
