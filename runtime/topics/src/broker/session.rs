//! The task of the broker: connects, says and hears until the connection breaks, and begins anew.

use std::sync::Arc;
use std::time::Duration;

use wsgen_protocol::Escaped;

use super::bridge::Read;
use super::cluster::Cluster;
use super::transport::{Broker, BrokerError, Connection, Inbox};

/// What goes to the broker at once: so many messages, or so many bytes and a message.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 1 << 20;

/// Topics that are asked for at once.
const TOPICS: usize = 1000;

/// Logs that are read at once: all that is kept of so many topics is in memory then.
const LOGS: usize = 32;

/// How long the broker may take for anything; then the connection is given up.
const STEP_TIMEOUT: Duration = Duration::from_secs(3);

/// Keeps a connection to the broker; for ever.
pub(super) async fn run<B: Broker>(broker: &B, cluster: &Arc<Cluster>) {
    tokio::join!(cluster.keep_alive(), stay_connected(broker, cluster));
}

async fn stay_connected<B: Broker>(broker: &B, cluster: &Arc<Cluster>) {
    let name = broker.name();
    let mut attempt = 0;
    loop {
        let error = match in_time(broker.connect(Inbox(cluster.clone()))).await {
            Ok(connection) => {
                tracing::info!(broker = %name, "connected to the broker");
                serve(connection, cluster, &mut attempt).await
            }
            Err(error) => error,
        };
        cluster.went_down();
        if attempt == 0 {
            let error = error.to_string();
            let error = Escaped(&error);
            tracing::error!(broker = %name, %error, "no broker: members of this server are served, others are not");
        }
        tokio::time::sleep(back_off(attempt)).await;
        attempt += 1;
    }
}

/// Does what is to be done, until the connection breaks. Says by `attempt` when it has worked.
async fn serve<C: Connection>(
    mut connection: C,
    cluster: &Cluster,
    attempt: &mut u32,
) -> BrokerError {
    let bridge = &cluster.bridge;
    let may_have_missed = bridge.connected();
    let mut has_come_up = false;
    loop {
        // Topics first: what is said is to find everybody.
        let messages = if has_come_up { BATCH } else { 0 };
        bridge.set_waiting(true);
        let done = step(&mut connection, cluster, messages).await;
        bridge.set_waiting(false);
        if let Err(error) = done {
            return error;
        }
        if !has_come_up {
            has_come_up = true;
            *attempt = 0;
            cluster.came_up(may_have_missed);
            continue;
        }
        if bridge.has_more() {
            continue;
        }
        tokio::select! {
            () = bridge.has_work() => {}
            error = connection.closed() => return error,
        }
    }
}

async fn step<C: Connection>(
    connection: &mut C,
    cluster: &Cluster,
    messages: usize,
) -> Result<(), BrokerError> {
    let bridge = &cluster.bridge;
    let mut work = bridge.take_work();
    for keys in work.ignore.chunks(TOPICS) {
        in_time(connection.unsubscribe(keys)).await?;
    }
    for keys in work.hear.chunks(TOPICS) {
        in_time(connection.subscribe(keys)).await?;
    }
    let astray = cluster.track_from(&mut work);
    for logs in astray.chunks(LOGS) {
        let read = in_time(connection.read_logs(logs)).await?;
        for ((key, _), log) in logs.iter().zip(read) {
            cluster.caught_up(key, log);
        }
    }
    if !work.hear.is_empty() {
        bridge.subscribed_to(work.hear);
    }
    read(connection, work.reads).await?;
    let torn = bridge.torn_logs(LOGS);
    if !torn.is_empty() {
        let began_anew = in_time(connection.repair_logs(&torn)).await?;
        bridge.logs_repaired(&torn, &began_anew);
    }
    publish(connection, cluster, messages).await
}

async fn read<C: Connection>(connection: &mut C, mut reads: Vec<Read>) -> Result<(), BrokerError> {
    while !reads.is_empty() {
        let now = reads.split_off(reads.len().saturating_sub(LOGS));
        let logs = now.iter();
        let logs: Vec<_> = logs
            .map(|read| (read.key.clone(), Some(read.after)))
            .collect();
        for (read, log) in now
            .into_iter()
            .zip(in_time(connection.read_logs(&logs)).await?)
        {
            // Who does not wait any more does not need it.
            let _ = read.answer.send(log);
        }
    }
    Ok(())
}

async fn publish<C: Connection>(
    connection: &mut C,
    cluster: &Cluster,
    messages: usize,
) -> Result<(), BrokerError> {
    let bridge = &cluster.bridge;
    let batch = bridge.take_messages(messages, BATCH_BYTES);
    let Some(oldest) = batch.iter().map(|said| said.since).min() else {
        return Ok(());
    };
    if let Err(error) = in_time(connection.publish(&batch)).await {
        // Perhaps it has them, perhaps not: at most once is what we promise.
        bridge.lost(&batch);
        return Err(error);
    }
    bridge.metrics.lag(oldest.elapsed());
    Ok(())
}

/// A broker that hangs is one that is away.
async fn in_time<T>(step: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
    let done = tokio::time::timeout(STEP_TIMEOUT, step).await;
    done.unwrap_or_else(|_| Err(BrokerError::new("it does not answer")))
}

/// Longer each time up to half a second, because what others publish until we are back is missed; by chance, so that
/// servers do not come back in step.
fn back_off(attempt: u32) -> Duration {
    const LONGEST: u64 = 500;
    let most = (100_u64 << attempt.min(6)).min(LONGEST);
    // Between half of it and all of it.
    let chance = super::wire::NodeId::random().0 % (most / 2);
    Duration::from_millis(most - chance)
}
