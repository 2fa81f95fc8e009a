//! What changes for clients and for handlers from one service to another.
//!
//! What clients send may only be accepted more freely, what the server sends may only be promised more strictly: a type
//! is compared once for each direction in which it goes over the wire.

mod kind;
mod messages;
mod objects;
mod parameters;
mod relation;
mod routes;
mod rules;
mod security;
mod servers;
mod types;

pub use kind::{Effect, Kind};

use std::collections::{HashSet, VecDeque};

use crate::diagnostic::Location;
use crate::model::{Service, TypeId};

/// One difference between two services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind of difference.
    pub kind: Kind,
    /// What changed, in one sentence without a full stop.
    pub message: String,
    /// Where it is written.
    pub place: Place,
}

/// Where a change is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the old document: what is gone.
    Old(Location),
    /// In the new document.
    New(Location),
}

/// All changes from `old` to `new`: none where a service is compared with itself.
///
/// The order is that of the documents: the service, its servers, its routes with their parameters and messages, then
/// the types in the order in which they are met.
#[must_use]
pub fn compare(old: &Service, new: &Service) -> Vec<Change> {
    let mut comparison = Comparison::new(old, new);
    comparison.information();
    let routes = routes::pair(old, new);
    comparison.servers(&routes);
    comparison.routes(&routes);
    comparison.pending_types();
    comparison.changes
}

/// The way a value goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Direction {
    /// From a client to the server.
    Inbound,
    /// From the server to a client.
    Outbound,
}

/// A value whose types are compared: what to call it, and where the new document declares it.
#[derive(Clone, Debug)]
struct Subject {
    name: String,
    place: Location,
}

/// A comparison under way.
struct Comparison<'m> {
    old: &'m Service,
    new: &'m Service,
    changes: Vec<Change>,
    /// Pairs of types that were met, for each direction: types contain themselves and are used many times.
    met: HashSet<(TypeId, TypeId, Direction)>,
    /// Those of them that are not compared yet. A queue, not recursion: documents decide how long a chain of types is.
    pending: VecDeque<(TypeId, TypeId, Direction)>,
    /// How many lists and maps are around the types that are being compared.
    depth: usize,
}

impl<'m> Comparison<'m> {
    fn new(old: &'m Service, new: &'m Service) -> Self {
        Self {
            old,
            new,
            changes: Vec::new(),
            met: HashSet::new(),
            pending: VecDeque::new(),
            depth: 0,
        }
    }

    /// Reports something that is in the new document.
    fn report(&mut self, kind: Kind, place: &Location, message: impl Into<String>) {
        self.changes.push(Change {
            kind,
            message: message.into(),
            place: Place::New(place.clone()),
        });
    }

    /// Reports something that is only in the old document.
    fn report_gone(&mut self, kind: Kind, place: &Location, message: impl Into<String>) {
        self.changes.push(Change {
            kind,
            message: message.into(),
            place: Place::Old(place.clone()),
        });
    }

    fn information(&mut self) {
        let (old, new) = (self.old, self.new);
        if old.title != new.title {
            let message = format!("the title was `{}`, it is `{}`", old.title, new.title);
            self.report(Kind::Title, &new.place, message);
        }
        if old.version != new.version {
            let version = |version: &Option<String>| {
                let version = version.as_ref();
                version.map_or_else(|| "absent".to_owned(), |version| format!("`{version}`"))
            };
            let (before, after) = (version(&old.version), version(&new.version));
            let message = format!("the version was {before}, it is {after}");
            self.report(Kind::Version, &new.place, message);
        }
        self.description(
            "the document",
            old.description == new.description,
            &new.place,
        );
    }

    fn description(&mut self, subject: &str, same: bool, place: &Location) {
        if !same {
            let message = format!("the description of {subject} changed");
            self.report(Kind::Description, place, message);
        }
    }
}

/// `` `one`, `two` ``
fn quoted<'t>(names: impl IntoIterator<Item = &'t str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
