//! The way out: tell the load balancer, stop accepting, close every connection with 1012, wait, and cut what is left.

use std::time::Duration;

use wsgen_protocol::close::code;

use crate::service::{Phase, Service};

/// Connections are told in batches of this many, so that the machines they move to are not hit all at once.
const BATCH: usize = 500;

/// The pause between two batches.
const BATCH_PAUSE: Duration = Duration::from_millis(100);

/// What a drain came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Every connection was closed in time.
    Closed,
    /// The deadline found some, which were cut.
    Cut,
    /// The handlers of some hold their threads all the same.
    Blocked,
}

/// Tells the load balancer, gives it time, and stops accepting.
pub(crate) async fn begin(service: &Service, grace: Duration) {
    tracing::info!(grace = ?grace, "draining");
    service.progress.advance(Phase::Draining);
    tokio::time::sleep(grace).await;
    service.progress.advance(Phase::Stopping);
}

/// Closes every connection with 1012 and waits for them to end; cuts those that the deadline finds.
pub(crate) async fn finish(service: &Service) -> Outcome {
    let all = async {
        close_all(service).await;
        all_ended(service).await;
    };
    if tokio::time::timeout(service.config.drain.deadline, all)
        .await
        .is_ok()
    {
        return Outcome::Closed;
    }
    let left = service.connections.all();
    tracing::warn!(
        connections = left.len(),
        "the drain's deadline has passed: cutting what is left"
    );
    left.iter().for_each(|outbox| outbox.cut());
    // They end as soon as they are scheduled, but for handlers that block their thread.
    match tokio::time::timeout(Duration::from_secs(1), all_ended(service)).await {
        Ok(()) => Outcome::Cut,
        Err(_) => Outcome::Blocked,
    }
}

async fn close_all(service: &Service) {
    let open = service.connections.close_to_new();
    for (index, batch) in open.chunks(BATCH).enumerate() {
        if index > 0 {
            tokio::time::sleep(BATCH_PAUSE).await;
        }
        for outbox in batch {
            outbox.close(code::SERVICE_RESTART, "the server restarts".to_owned());
        }
    }
}

/// Every connection gives its permit back.
async fn all_ended(service: &Service) {
    let permits = u32::try_from(service.config.limits.max_connections).unwrap_or(u32::MAX);
    let _ = service.permits.acquire_many(permits).await;
}
