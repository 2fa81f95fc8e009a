//! Dashboard: a WebSocket server.

#[rustfmt::skip]
pub mod generated;
mod handlers;
mod history;
mod shop;

pub use handlers::Handlers;
