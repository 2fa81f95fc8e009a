//! NATS: topics share a fixed number of subjects, since a client pays for each subscription; no log.
//!
//! What comes on a subject is handed over by a task of its own, in order. After each batch a message to ourselves says
//! that the server has dealt with everything before it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, PublishErrorKind, ServerAddr, Subscriber};
use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::bridge::Outgoing;
use super::cluster::Cluster;
use super::key::Key;
use super::session::{Fault, Session};
use crate::topics::Log;

/// Subjects that topics are spread over: enough that a server with few topics hears little of the others', few enough
/// that one with many can hear them all. Part of what servers must agree on.
const SUBJECTS: u64 = 1024;

/// Messages that may wait on one subject before they are dropped, which is a gap.
const WAITING: usize = 8192;

/// How long one of several servers may take to connect, so that there is time for another.
const FOR_EACH: Duration = Duration::from_secs(1);

pub(super) struct Nats {
    client: Client,
    cluster: Arc<Cluster>,
    broken: CancellationToken,
    subjects: HashMap<u64, Heard>,
    /// For messages to ourselves, and to all servers.
    _tasks: [Task; 2],
    /// The number of the last message to ourselves that came back.
    echoed: watch::Receiver<u64>,
    echoes: u64,
}

/// A subject that is heard.
struct Heard {
    topics: usize,
    /// The subscription ends with the task that holds it.
    task: Task,
}

/// A task that ends when dropped, soon.
struct Task(JoinHandle<()>);

impl Task {
    fn run(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Ends it now.
    async fn end(mut self) {
        self.0.abort();
        // It is over, whichever way.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session for Nats {
    async fn connect(cluster: &Arc<Cluster>) -> Result<Self, Fault> {
        let broken = CancellationToken::new();
        let client = connect(cluster, &broken).await?;
        let prefix = &cluster.settings.prefix;
        let (tell, echoed) = watch::channel(0);
        let mut echoes = client.subscribe(subject_to_self(cluster)).await?;
        let mut servers = client.subscribe(format!("{prefix}.s")).await?;
        let to_ourselves = Task::run(async move {
            while let Some(payload) = next(&mut echoes).await {
                let number = payload.as_ref().try_into().map(u64::from_be_bytes);
                tell.send_replace(number.unwrap_or_default());
            }
        });
        let all = cluster.clone();
        let to_all = Task::run(async move {
            while let Some(payload) = next(&mut servers).await {
                hear(&all, &payload);
            }
        });
        let mut session = Self {
            client,
            cluster: cluster.clone(),
            broken,
            subjects: HashMap::new(),
            _tasks: [to_ourselves, to_all],
            echoed,
            echoes: 0,
        };
        session.settle().await?;
        Ok(session)
    }

    async fn hear(&mut self, keys: &[Key]) -> Result<(), Fault> {
        for key in keys {
            let number = number(key);
            if let Some(heard) = self.subjects.get_mut(&number) {
                heard.topics += 1;
                continue;
            }
            let mut subject = self.client.subscribe(self.subject(number)).await?;
            let cluster = self.cluster.clone();
            let task = Task::run(async move {
                while let Some(payload) = next(&mut subject).await {
                    hear(&cluster, &payload);
                }
            });
            self.subjects.insert(number, Heard { topics: 1, task });
        }
        self.settle().await
    }

    async fn ignore(&mut self, keys: &[Key]) -> Result<(), Fault> {
        for key in keys {
            let number = number(key);
            let Some(heard) = self.subjects.get_mut(&number) else {
                continue;
            };
            heard.topics -= 1;
            if heard.topics == 0
                && let Some(heard) = self.subjects.remove(&number)
            {
                // What it still holds must not come beside what a later subscription hears.
                heard.task.end().await;
            }
        }
        Ok(())
    }

    async fn say(&mut self, batch: &[Outgoing]) -> Result<(), Fault> {
        for said in batch {
            let subject = match said.key.is_of_servers() {
                true => format!("{}.s", self.cluster.settings.prefix),
                false => self.subject(number(&said.key)),
            };
            let payload = with_name(said.key.name(), &said.frame);
            match self.client.publish(subject, payload).await {
                Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                    tracing::error!(
                        "a message is too large for the broker, and reaches members here only"
                    );
                    self.cluster.bridge.lost(std::slice::from_ref(said));
                }
                other => other?,
            }
        }
        self.settle().await
    }

    async fn read(&mut self, _: &[(Key, Option<(u64, u64)>)]) -> Result<Vec<Log>, Fault> {
        // No key says that there is a log.
        Ok(Vec::new())
    }

    async fn mend(&mut self, _: &[(Key, Vec<u64>)]) -> Result<Vec<bool>, Fault> {
        Ok(Vec::new())
    }

    async fn broken(&mut self) -> Fault {
        self.broken.cancelled().await;
        Fault("the connection was lost".to_owned())
    }
}

impl Nats {
    fn subject(&self, number: u64) -> String {
        format!("{}.t.{number}", self.cluster.settings.prefix)
    }

    /// Waits until the server has dealt with all that was said before.
    async fn settle(&mut self) -> Result<(), Fault> {
        self.echoes += 1;
        let number = self.echoes;
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        self.client
            .publish(subject_to_self(&self.cluster), payload)
            .await?;
        self.client.flush().await?;
        self.echoed.wait_for(|echoed| *echoed >= number).await?;
        Ok(())
    }
}

async fn connect(cluster: &Arc<Cluster>, broken: &CancellationToken) -> Result<Client, Fault> {
    let settings = &cluster.settings;
    let urls = settings.url.as_str().split(',');
    let addresses: Result<Vec<ServerAddr>, _> = urls.map(|url| url.trim().parse()).collect();
    let (events, broken) = (cluster.clone(), broken.clone());
    let mut options = ConnectOptions::new()
        .name("wsgen")
        .connection_timeout(FOR_EACH)
        .subscription_capacity(WAITING)
        // Beginning anew is our own affair, because what was missed is.
        .max_reconnects(1)
        .reconnect_delay_callback(|_| Duration::ZERO)
        .event_callback(move |event| {
            match event {
                Event::Disconnected | Event::Closed | Event::LameDuckMode => broken.cancel(),
                Event::SlowConsumer(_) => events.fell_behind(),
                Event::ServerError(error) => {
                    let error = error.to_string();
                    tracing::warn!(error = %crate::log::Escaped(&error), "the broker complains");
                }
                _ => {}
            }
            std::future::ready(())
        });
    if !settings.ca.as_os_str().is_empty() {
        options = options.add_root_certificates(settings.ca.clone());
    }
    let addresses = addresses.map_err(|error| Fault(format!("broker.url: {error}")))?;
    Ok(with_credentials(options, &addresses)
        .connect(addresses)
        .await?)
}

/// The client does not look for credentials in addresses. `nats://USER:PASSWORD@HOST`, or `nats://TOKEN@HOST`.
fn with_credentials(options: ConnectOptions, addresses: &[ServerAddr]) -> ConnectOptions {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    // Servers of one cluster ask for the same.
    let first = addresses.iter().find_map(|address| {
        let name = address.username().map(decoded)?;
        Some((name, address.password().map(decoded)))
    });
    match first {
        Some((user, Some(password))) => options.user_and_password(user, password),
        Some((token, None)) => options.token(token),
        None => options,
    }
}

fn subject_to_self(cluster: &Cluster) -> String {
    format!("{}.n.{}", cluster.settings.prefix, cluster.bridge.us)
}

/// The subject of a topic: FNV-1a, because all servers must agree.
fn number(key: &Key) -> u64 {
    let hash = key
        .name()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (hash ^ (hash >> 32)) % SUBJECTS
}

/// A frame with the name of its topic before it.
fn with_name(name: &str, frame: &[u8]) -> Bytes {
    let mut payload = BytesMut::with_capacity(4 + name.len() + frame.len());
    // Names are shorter than 4 GiB.
    payload.put_u32(name.len() as u32);
    payload.put_slice(name.as_bytes());
    payload.put_slice(frame);
    payload.freeze()
}

pub(super) fn hear(cluster: &Cluster, payload: &Bytes) {
    if let Some((name, frame)) = topic_and_frame(payload) {
        cluster.received(name, &frame, None);
    }
}

/// What [`with_name`] has put together.
pub(super) fn topic_and_frame(payload: &Bytes) -> Option<(&str, Bytes)> {
    let (length, rest) = payload.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (name, frame) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(name).ok()?, payload.slice_ref(frame)))
}

async fn next(subscriber: &mut Subscriber) -> Option<Bytes> {
    let message = poll_fn(|cx| Pin::new(&mut *subscriber).poll_next(cx)).await?;
    Some(message.payload)
}
