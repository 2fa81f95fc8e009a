//! NATS: topics share a fixed number of subjects, since a client pays for each subscription; no log.
//!
//! What comes on a subject is handed over by a task of its own, in order. After each batch a message to ourselves says
//! that the server has dealt with everything before it.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, PublishErrorKind, ServerAddr, Subscriber};
use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wsgen_config as config;

use super::bridge::Outgoing;
use super::key::Key;
use super::transport::{Broker, BrokerError, Connection, Inbox};

/// Subjects that topics are spread over: enough that a server with few topics hears little of the others', few enough
/// that one with many can hear them all. Part of what servers must agree on.
const SUBJECTS: u64 = 1024;

/// Messages that may wait on one subject before they are dropped, which is a gap.
const WAITING: usize = 8192;

/// How long one of several servers may take to connect, so that there is time for another.
const FOR_EACH: Duration = Duration::from_secs(1);

/// The broker of `[broker] kind = "nats"`.
#[derive(Clone, Debug)]
pub struct Nats {
    settings: config::Broker,
}

impl Nats {
    /// The broker that the settings name.
    pub fn new(settings: &config::Broker) -> Self {
        Self {
            settings: settings.clone(),
        }
    }
}

/// A connection to one of the servers.
pub struct NatsConnection {
    client: Client,
    inbox: Inbox,
    prefix: String,
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

impl Broker for Nats {
    type Connection = NatsConnection;

    fn name(&self) -> String {
        self.settings.url.to_string()
    }

    async fn connect(&self, inbox: Inbox) -> Result<NatsConnection, BrokerError> {
        super::choose_cryptography();
        let broken = CancellationToken::new();
        let client = connect(&self.settings, &inbox, &broken).await?;
        let prefix = self.settings.prefix.clone();
        let (tell, echoed) = watch::channel(0);
        let mut echoes = client.subscribe(subject_to_self(&prefix, &inbox)).await?;
        let mut servers = client.subscribe(format!("{prefix}.s")).await?;
        let to_ourselves = Task::run(async move {
            while let Some(payload) = next(&mut echoes).await {
                let number = payload.as_ref().try_into().map(u64::from_be_bytes);
                tell.send_replace(number.unwrap_or_default());
            }
        });
        let all = inbox.clone();
        let to_all = Task::run(async move {
            while let Some(payload) = next(&mut servers).await {
                deliver(&all, &payload);
            }
        });
        let mut connection = NatsConnection {
            client,
            inbox,
            prefix,
            broken,
            subjects: HashMap::new(),
            _tasks: [to_ourselves, to_all],
            echoed,
            echoes: 0,
        };
        connection.settle().await?;
        Ok(connection)
    }
}

impl Connection for NatsConnection {
    async fn subscribe(&mut self, keys: &[Key]) -> Result<(), BrokerError> {
        for key in keys {
            let number = number(key);
            if let Some(heard) = self.subjects.get_mut(&number) {
                heard.topics += 1;
                continue;
            }
            let mut subject = self.client.subscribe(self.subject(number)).await?;
            let inbox = self.inbox.clone();
            let task = Task::run(async move {
                while let Some(payload) = next(&mut subject).await {
                    deliver(&inbox, &payload);
                }
            });
            self.subjects.insert(number, Heard { topics: 1, task });
        }
        self.settle().await
    }

    async fn unsubscribe(&mut self, keys: &[Key]) -> Result<(), BrokerError> {
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

    async fn publish(&mut self, batch: &[Outgoing]) -> Result<(), BrokerError> {
        for said in batch {
            let subject = match said.key.is_of_servers() {
                true => format!("{}.s", self.prefix),
                false => self.subject(number(&said.key)),
            };
            let payload = with_name(said.key.name(), &said.frame);
            match self.client.publish(subject, payload).await {
                Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                    tracing::error!(
                        "a message is too large for the broker, and reaches members here only"
                    );
                    self.inbox.lost(std::slice::from_ref(said));
                }
                other => other?,
            }
        }
        self.settle().await
    }

    async fn closed(&mut self) -> BrokerError {
        self.broken.cancelled().await;
        BrokerError::new("the connection was lost")
    }
}

impl NatsConnection {
    fn subject(&self, number: u64) -> String {
        format!("{}.t.{number}", self.prefix)
    }

    /// Waits until the server has dealt with all that was said before.
    async fn settle(&mut self) -> Result<(), BrokerError> {
        self.echoes += 1;
        let number = self.echoes;
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        self.client
            .publish(subject_to_self(&self.prefix, &self.inbox), payload)
            .await?;
        self.client.flush().await?;
        self.echoed.wait_for(|echoed| *echoed >= number).await?;
        Ok(())
    }
}

async fn connect(
    settings: &config::Broker,
    inbox: &Inbox,
    broken: &CancellationToken,
) -> Result<Client, BrokerError> {
    let urls = settings.url.as_str().split(',');
    let addresses: Result<Vec<ServerAddr>, _> = urls.map(|url| url.trim().parse()).collect();
    let (events, broken) = (inbox.clone(), broken.clone());
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
                    tracing::warn!(error = %wsgen_protocol::Escaped(&error), "the broker complains");
                }
                _ => {}
            }
            std::future::ready(())
        });
    if !settings.ca.as_os_str().is_empty() {
        options = options.add_root_certificates(settings.ca.clone());
    }
    let addresses = addresses.map_err(|error| BrokerError::new(format!("broker.url: {error}")))?;
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

fn subject_to_self(prefix: &str, inbox: &Inbox) -> String {
    format!("{prefix}.n.{}", inbox.node())
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

pub(super) fn deliver(inbox: &Inbox, payload: &Bytes) {
    if let Some((name, frame)) = topic_and_frame(payload) {
        inbox.deliver(name, &frame);
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

impl fmt::Debug for NatsConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NatsConnection")
            .finish_non_exhaustive()
    }
}
