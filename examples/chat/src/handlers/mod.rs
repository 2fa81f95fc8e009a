//! Your code: one file for each channel.

mod room;

use std::sync::atomic::AtomicU64;

use crate::roster::Roster;

/// What all rooms share.
#[derive(Debug, Default)]
pub struct Handlers {
    roster: Roster,
    /// How many messages were posted, which numbers them.
    posted: AtomicU64,
}
