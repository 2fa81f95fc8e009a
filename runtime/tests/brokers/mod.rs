//! One conformance suite for all brokers: what topics promise beyond one process. Each server is a process of its own.

mod delivery;
mod hanging;
mod losses;
mod outage;
mod presence;
mod resume;
#[cfg(feature = "dev-tls")]
mod security;
pub mod server;

/// Each test in memory, where there is one server, and on each broker.
macro_rules! everywhere {
    ($($test:ident),* $(,)?) => {
        crate::brokers::on!(in_memory, Memory, $($test),*);
        crate::brokers::on!(everywhere_on_redis, Redis, $($test),*);
        crate::brokers::on!(everywhere_on_nats, Nats, $($test),*);
    };
}

/// Each test on each broker.
macro_rules! on_each_broker {
    ($($test:ident),* $(,)?) => {
        crate::brokers::on!(on_redis, Redis, $($test),*);
        crate::brokers::on!(on_nats, Nats, $($test),*);
    };
}

/// Each test on one broker, if it is installed.
macro_rules! on {
    ($name:ident, $kind:ident, $($test:ident),* $(,)?) => {
        mod $name {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                use crate::brokers::server::{Broker, Kind};
                if let Some(broker) = Broker::start(Kind::$kind).await {
                    super::$test(broker).await;
                }
            })*
        }
    };
}

use everywhere;
use on;
use on_each_broker;
