//! Exchange: a WebSocket server.

#[rustfmt::skip]
pub mod generated;
mod handlers;
mod market;

pub use handlers::Handlers;
