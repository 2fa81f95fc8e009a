//! What changes for clients and for handlers from one service to another.
//!
//! What clients send may only be accepted more freely, what the server sends may only be promised more strictly: a type
//! is compared once for each direction in which it goes over the wire.

mod comparison;
mod kind;
mod messages;
mod objects;
mod pairs;
mod parameters;
mod relation;
mod routes;
mod rules;
mod security;
mod servers;
mod types;

pub use comparison::{Change, Place};
pub use kind::{Effect, Kind};

use crate::model::Service;
use comparison::Comparison;

/// All changes from `old` to `new`: none where a service is compared with itself.
///
/// The order is that of the documents: the service, its servers, its routes with their parameters and messages, then
/// the types in the order in which they are met.
#[must_use]
pub fn compare(old: &Service, new: &Service) -> Vec<Change> {
    let mut comparison = Comparison::new(old, new);
    comparison.information();
    let routes = pairs::pair(old, new);
    comparison.servers(&routes);
    comparison.routes(&routes);
    comparison.pending_types();
    comparison.changes
}
