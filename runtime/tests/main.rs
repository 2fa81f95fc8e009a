//! Drives real servers over loopback: one binary, a module for each concern.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]
#![allow(
    unreachable_pub,
    reason = "`pub` in `support` is for the modules beside it"
)]

mod authentication;
mod beside_handlers;
#[cfg(all(feature = "redis", feature = "nats"))]
mod brokers;
mod browsers;
#[cfg(feature = "client")]
mod clients;
mod compression;
mod contents;
mod documentation;
mod drain;
mod faults;
mod first_message;
mod handles;
mod handshake;
mod limits;
mod listening;
mod matrix;
mod messages;
mod metrics;
mod origins;
mod pressure;
mod process;
mod proxy;
mod refusals;
mod seams;
#[cfg(all(feature = "redis", feature = "nats"))]
mod soak;
mod support;
#[cfg(feature = "otel")]
mod telemetry;
#[cfg(feature = "dev-tls")]
mod tls;
mod topics;
mod violations;
