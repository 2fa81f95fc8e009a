//! A comparison under way, and what comes of it.

use std::collections::{HashSet, VecDeque};

use crate::diagnostic::Location;
use crate::model::{Service, TypeId};

use super::kind::Kind;

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

/// The way a value goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// From a client to the server.
    Inbound,
    /// From the server to a client.
    Outbound,
}

/// A value whose types are compared: what to call it, and where the new document declares it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) place: Location,
}

/// A comparison under way.
pub(super) struct Comparison<'m> {
    pub(super) old: &'m Service,
    pub(super) new: &'m Service,
    pub(super) changes: Vec<Change>,
    /// Pairs of types that were met, for each direction: types contain themselves and are used many times.
    pub(super) met: HashSet<(TypeId, TypeId, Direction)>,
    /// Those of them that are not compared yet. A queue, not recursion: documents decide how long a chain of types is.
    pub(super) pending: VecDeque<(TypeId, TypeId, Direction)>,
    /// How many lists and maps are around the types that are being compared.
    pub(super) depth: usize,
}

impl<'m> Comparison<'m> {
    pub(super) fn new(old: &'m Service, new: &'m Service) -> Self {
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
    pub(super) fn report(&mut self, kind: Kind, place: &Location, message: impl Into<String>) {
        self.changes.push(Change {
            kind,
            message: message.into(),
            place: Place::New(place.clone()),
        });
    }

    /// Reports something that is only in the old document.
    pub(super) fn report_gone(&mut self, kind: Kind, place: &Location, message: impl Into<String>) {
        self.changes.push(Change {
            kind,
            message: message.into(),
            place: Place::Old(place.clone()),
        });
    }

    pub(super) fn information(&mut self) {
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

    pub(super) fn description(&mut self, subject: &str, same: bool, place: &Location) {
        if !same {
            let message = format!("the description of {subject} changed");
            self.report(Kind::Description, place, message);
        }
    }
}

impl Subject {
    pub(super) fn new(name: String, place: &Location) -> Self {
        Self {
            name,
            place: place.clone(),
        }
    }

    /// A part of it, which has no place of its own.
    pub(super) fn part(&self, words: &str) -> Self {
        Self::new(format!("{words} {}", self.name), &self.place)
    }
}

/// `` `one`, `two` ``
pub(super) fn quoted<'t>(names: impl IntoIterator<Item = &'t str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
