//! Chat: a WebSocket server.

#[rustfmt::skip]
pub mod generated;
mod handlers;
mod roster;

pub use handlers::Handlers;
