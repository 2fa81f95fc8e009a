//! The task of the broker: connects, says and hears until the connection breaks, and begins anew.

use std::sync::Arc;
use std::time::Duration;

use super::bridge::{Outgoing, Read};
use super::cluster::Cluster;
use super::key::Key;
use crate::topics::Log;

/// What goes to the broker at once: so many messages, or so many bytes and a message.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 1 << 20;

/// Topics that are asked for at once.
const TOPICS: usize = 1000;

/// Logs that are read at once: all that is kept of so many topics is in memory then.
const LOGS: usize = 32;

/// How long the broker may take for anything; then the connection is given up.
const PATIENCE: Duration = Duration::from_secs(3);

/// What went wrong with a broker.
#[derive(Debug)]
pub(super) struct Fault(pub(super) String);

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A connection to a broker. What it hears it hands to [`Cluster::received`].
pub(super) trait Session: Sized + Send {
    /// Connects, and hears the topic of all servers.
    fn connect(cluster: &Arc<Cluster>) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// Hears these topics, too: what is published from when this is done arrives.
    fn hear(&mut self, keys: &[Key]) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Hears these topics no longer.
    fn ignore(&mut self, keys: &[Key]) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Says these, in this order; done when the broker has them.
    fn say(&mut self, batch: &[Outgoing]) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What is in the logs of these topics after these epochs and offsets; without those, where the logs are.
    fn read(
        &mut self,
        logs: &[(Key, Option<(u64, u64)>)],
    ) -> impl Future<Output = Result<Vec<Log>, Fault>> + Send;

    /// Has these logs begin anew that lack one of these messages of ours; whether each did.
    fn mend(
        &mut self,
        logs: &[(Key, Vec<u64>)],
    ) -> impl Future<Output = Result<Vec<bool>, Fault>> + Send;

    /// Waits until the connection breaks.
    fn broken(&mut self) -> impl Future<Output = Fault> + Send;
}

/// Keeps a connection to the broker; for ever.
pub(super) async fn run<S: Session>(cluster: Arc<Cluster>) {
    // The clients of brokers want the program to have chosen its cryptography, and panic where they find two. If it has
    // chosen, that counts.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    tokio::join!(cluster.live(), stay_connected::<S>(&cluster));
}

async fn stay_connected<S: Session>(cluster: &Arc<Cluster>) {
    let (url, mut attempt) = (&cluster.settings.url, 0);
    loop {
        let fault = match in_time(S::connect(cluster)).await {
            Ok(session) => {
                tracing::info!(broker = %url, "connected to the broker");
                let Fault(fault) = serve(session, cluster, &mut attempt).await;
                fault
            }
            Err(Fault(fault)) => fault,
        };
        cluster.went_down();
        if attempt == 0 {
            let fault = crate::log::Escaped(&fault);
            tracing::error!(broker = %url, %fault, "no broker: members of this server are served, others are not");
        }
        tokio::time::sleep(back_off(attempt)).await;
        attempt += 1;
    }
}

/// Does what is to be done, until the connection breaks. Says by `attempt` when it has worked.
async fn serve<S: Session>(mut session: S, cluster: &Cluster, attempt: &mut u32) -> Fault {
    let bridge = &cluster.bridge;
    let may_have_missed = bridge.connected();
    let mut has_come_up = false;
    loop {
        // Topics first: what is said is to find everybody.
        let messages = if has_come_up { BATCH } else { 0 };
        bridge.waits(true);
        let done = step(&mut session, cluster, messages).await;
        bridge.waits(false);
        if let Err(fault) = done {
            return fault;
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
            fault = session.broken() => return fault,
        }
    }
}

async fn step<S: Session>(
    session: &mut S,
    cluster: &Cluster,
    messages: usize,
) -> Result<(), Fault> {
    let bridge = &cluster.bridge;
    let mut work = bridge.take_work();
    for keys in work.ignore.chunks(TOPICS) {
        in_time(session.ignore(keys)).await?;
    }
    for keys in work.hear.chunks(TOPICS) {
        in_time(session.hear(keys)).await?;
    }
    let astray = cluster.track_from(&mut work);
    for logs in astray.chunks(LOGS) {
        let read = in_time(session.read(logs)).await?;
        for ((key, _), log) in logs.iter().zip(read) {
            cluster.caught_up(key, log);
        }
    }
    if !work.hear.is_empty() {
        bridge.hears(work.hear);
    }
    read(session, work.reads).await?;
    let torn = bridge.torn(LOGS);
    if !torn.is_empty() {
        let began_anew = in_time(session.mend(&torn)).await?;
        bridge.mended(&torn, &began_anew);
    }
    say(session, cluster, messages).await
}

async fn read<S: Session>(session: &mut S, mut reads: Vec<Read>) -> Result<(), Fault> {
    while !reads.is_empty() {
        let now = reads.split_off(reads.len().saturating_sub(LOGS));
        let logs = now.iter();
        let logs: Vec<_> = logs
            .map(|read| (read.key.clone(), Some(read.after)))
            .collect();
        for (read, log) in now.into_iter().zip(in_time(session.read(&logs)).await?) {
            // Who does not wait any more does not need it.
            let _ = read.answer.send(log);
        }
    }
    Ok(())
}

async fn say<S: Session>(session: &mut S, cluster: &Cluster, messages: usize) -> Result<(), Fault> {
    let bridge = &cluster.bridge;
    let batch = bridge.take_messages(messages, BATCH_BYTES);
    let Some(oldest) = batch.iter().map(|said| said.since).min() else {
        return Ok(());
    };
    if let Err(fault) = in_time(session.say(&batch)).await {
        // Perhaps it has them, perhaps not: at most once is what we promise.
        bridge.lost(&batch);
        return Err(fault);
    }
    bridge.metrics.lag(oldest.elapsed());
    Ok(())
}

/// A broker that hangs is one that is away.
async fn in_time<T>(step: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let done = tokio::time::timeout(PATIENCE, step).await;
    done.unwrap_or_else(|_| Err(Fault("it does not answer".to_owned())))
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
