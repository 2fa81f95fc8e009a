//! Your code: one file for each channel.

mod echo;
mod fanout;
mod typed;

/// What your handlers share: connections to a database, caches, clients of other services.
#[derive(Debug, Default)]
pub struct Handlers {}
