//! Echo: a WebSocket server.

#[rustfmt::skip]
pub mod generated;
mod handlers;

pub use handlers::Handlers;
