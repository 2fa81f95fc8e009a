//! One conformance suite for all brokers: what topics promise beyond one process.

mod delivery;
mod outage;
mod presence;
mod resume;
mod server;

/// Each test for each broker that is installed.
macro_rules! on_each_broker {
    ($($test:ident),* $(,)?) => {
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(broker) = super::Broker::start(crate::brokers::server::Kind::Redis).await {
                    super::$test(broker).await;
                }
            })*
        }

        mod on_nats {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(broker) = super::Broker::start(crate::brokers::server::Kind::Nats).await {
                    super::$test(broker).await;
                }
            })*
        }
    };
}

use on_each_broker;
