//! Coin Hunt: a WebSocket server.

mod board;
#[rustfmt::skip]
pub mod generated;
mod handlers;

pub use handlers::Handlers;
