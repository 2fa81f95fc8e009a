//! What fuzz targets see of a topic's history and of the positions that clients return with.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::broker::NodeId;
use crate::history::{self, Arrival, Bounds, History, Kept, Logged};
use crate::position::{Position, returned as returned_with};

/// A message: the server that published it, and its number there.
pub type Id = (u64, u64);

/// A topic of one server, as far as it is about what was missed.
pub struct Topic {
    history: History,
    bounds: Arc<Bounds>,
    us: NodeId,
    is_logged: bool,
}

/// A part of a broker's log.
#[derive(Clone, Debug)]
pub struct Log {
    /// Which log.
    pub epoch: u64,
    /// The offset of the newest message.
    pub top: u64,
    /// The newest messages, without a hole.
    pub newest: Vec<Id>,
}

/// What becomes of a message of the broker's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Members get it, and are then at this position.
    Delivered(Option<String>),
    /// Nothing, or nothing yet.
    Nothing,
    /// Nothing until the log has been read.
    Astray,
}

/// What a client gets that comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// These messages, each with the position that it leads to.
    These(Vec<(Id, String)>),
    /// The broker's log after this offset of this epoch is to be read.
    Before((u64, u64)),
    /// It is to ask again.
    Wait,
    /// Nobody knows.
    Unknown,
}

impl Topic {
    /// One of the server `us` that keeps so many messages. Its log is at the broker, or here with this epoch.
    pub fn new(us: u64, messages: usize, own_epoch: Option<u64>) -> Self {
        let bounds = Arc::new(Bounds {
            messages,
            age: Duration::from_secs(3600),
            memory: 1 << 20,
            used: AtomicUsize::new(0),
        });
        Self {
            history: match own_epoch {
                None => History::of_broker(bounds.clone()),
                Some(epoch) => History::ours(bounds.clone(), epoch),
            },
            bounds,
            us: NodeId(us),
            is_logged: own_epoch.is_none(),
        }
    }

    /// Where a member is that has all; `None` while that cannot be said.
    pub fn position(&self) -> Option<String> {
        Some(self.history.position()?.to_string())
    }

    /// A message of this server: where members are with it.
    pub fn publish(&mut self, number: u64) -> Option<String> {
        let kept = kept((self.us.0, number));
        match self.is_logged {
            true => self.history.send(kept),
            false => self.history.count(kept),
        }
        self.position()
    }

    /// A message that comes from the broker; of its log if it has a place there.
    pub fn arrive(&mut self, place: Option<(u64, u64)>, id: Id) -> Arrived {
        let Some((epoch, offset)) = place else {
            if id.0 == self.us.0 {
                return Arrived::Nothing;
            }
            self.history.count(kept(id));
            return Arrived::Delivered(self.position());
        };
        let kept = kept(id);
        let logged = Logged {
            epoch,
            offset,
            kept,
        };
        match self.history.arrive(logged, self.us) {
            Arrival::Deliver(position) => Arrived::Delivered(Some(position.to_string())),
            Arrival::Known | Arrival::Held => Arrived::Nothing,
            Arrival::Hole => Arrived::Astray,
        }
    }

    /// The connection to the broker is lost.
    pub fn lose_track(&mut self) {
        self.history.lose_track();
    }

    /// Something is missing in a log that is kept here.
    pub fn begin_anew(&mut self) {
        self.history.begin_anew();
    }

    /// After what the broker's log is to be read.
    pub fn track_from(&self) -> Option<(u64, u64)> {
        self.history.track_from()
    }

    /// The log was read: what members get, and whether they are told that something is missing.
    pub fn catch_up(&mut self, log: Log) -> (Vec<(Id, String)>, bool) {
        let (delivered, has_hole) = self.history.catch_up(log.into(), self.us);
        (with_texts(delivered), has_hole)
    }

    /// What a client has missed that returns with this position, of which the log was `read` after it.
    pub fn missed(&self, position: &str, read: Option<Log>) -> Missed {
        let Ok(position) = position.parse::<Position>() else {
            return Missed::Unknown;
        };
        let after = (position.epoch, position.offset);
        let read = match read {
            None => Vec::new(),
            Some(log) => match history::Log::from(log).all_after(after) {
                None => return Missed::Unknown,
                Some(read) => read,
            },
        };
        match self.history.missed(&position, &read, self.us) {
            history::Missed::These(missed) => Missed::These(with_texts(missed)),
            history::Missed::Before => Missed::Before(after),
            history::Missed::Wait => Missed::Wait,
            history::Missed::Unknown => Missed::Unknown,
        }
    }

    /// What is kept, in bytes, and the most that may be.
    pub fn memory(&self) -> (usize, usize) {
        (self.bounds.used.load(Ordering::Relaxed), self.bounds.memory)
    }
}

impl From<Log> for history::Log {
    fn from(log: Log) -> Self {
        Self {
            epoch: log.epoch,
            top: log.top,
            newest: log.newest.into_iter().map(kept).collect(),
        }
    }
}

fn kept((node, sequence): Id) -> Kept {
    Kept {
        node: NodeId(node),
        sequence,
        name: "message",
        message: "text".into(),
        at: Instant::now(),
    }
}

fn with_texts(messages: Vec<(Kept, Position)>) -> Vec<(Id, String)> {
    let with_text =
        |(kept, position): (Kept, Position)| ((kept.node.0, kept.sequence), position.to_string());
    messages.into_iter().map(with_text).collect()
}

/// A position as it is written, if this text is one.
pub fn rewritten(text: &str) -> Option<String> {
    Some(text.parse::<Position>().ok()?.to_string())
}

/// The topics that a client names in its query, with its positions there.
pub fn returned(query: &[(String, String)]) -> Option<Vec<(String, Option<String>)>> {
    let positions = returned_with(query.iter())?.into_iter();
    let with_text = |(topic, position): (Box<str>, Option<Position>)| {
        (topic.into(), position.map(|position| position.to_string()))
    };
    Some(positions.map(with_text).collect())
}
