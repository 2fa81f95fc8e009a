//! What fuzz targets see of what comes from a broker.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use redis::Value;

use super::wire::{Body, Frame, Present};
use super::{AnyBroker, Inbox, OtherServers, nats, redis as session};
use wsgen_config::{BrokerKind, Config};
use wsgen_protocol::Message;

use crate::connections::{ConnectionId, Connections};
use crate::fuzzing::Log;
use crate::hub::{Hub, Joining};
use crate::metrics::BrokerMetrics;
use crate::outbox::Outbox;

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The server that says it.
    pub node: u64,
    /// Its number there.
    pub sequence: u64,
    /// What it says.
    pub saying: Saying,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saying {
    /// A text, of a message with a name.
    Text(String, Bytes),
    /// A binary message with a name.
    Binary(String, Bytes),
    /// News, in JSON.
    News(String),
}

/// What a frame says, if it is one, and how this version says the same.
pub fn understood(frame: &Bytes) -> Option<(Said, Bytes)> {
    let frame = Frame::decode(frame)?;
    let saying = match &frame.body {
        Body::Message { name, message } => {
            let name = (*name).to_owned();
            match message.clone() {
                Message::Text(text) => Saying::Text(name, text.into_bytes()),
                Message::Binary(bytes) => Saying::Binary(name, bytes),
            }
        }
        Body::News(news) => Saying::News(serde_json::to_string(news).unwrap_or_default()),
    };
    let said = Said {
        node: frame.node.0,
        sequence: frame.sequence,
        saying,
    };
    Some((said, frame.encode()))
}

/// The place in a log with which Redis hands over a frame, and where the frame begins.
pub fn place(payload: &[u8]) -> Option<((u64, u64), usize)> {
    session::place(payload)
}

/// The topic and the frame that NATS hands over.
pub fn topic_and_frame(payload: &Bytes) -> Option<(&str, Bytes)> {
    nats::topic_and_frame(payload)
}

/// A log as Redis answers with it.
pub fn read_log(epoch: &[u8], top: i64, ages: &[i64], frames: &[Vec<u8>]) -> Option<Log> {
    let log = session::log(answer(epoch, top, ages, frames))?;
    let newest = log.newest.iter();
    Some(Log {
        epoch: log.epoch,
        top: log.top,
        newest: newest.map(|kept| (kept.node.0, kept.sequence)).collect(),
    })
}

fn answer(epoch: &[u8], top: i64, ages: &[i64], frames: &[Vec<u8>]) -> Value {
    let ages = ages.iter().map(|age| Value::Int(*age));
    let frames = frames.iter().cloned().map(Value::BulkString);
    Value::Array(vec![
        Value::BulkString(epoch.to_vec()),
        Value::Int(top),
        Value::Array(ages.collect()),
        Value::Array(frames.collect()),
    ])
}

/// A server with a channel `room`, whose topic `t` somebody has joined to be seen there, as a broker meets it.
pub struct Cluster {
    inbox: Inbox,
    before: String,
    _others: OtherServers,
}

impl Cluster {
    /// One that keeps so many messages of a topic, and so many bytes in all.
    pub fn new(messages: usize, memory: usize) -> Option<Self> {
        let mut config = Config::default();
        config.broker.kind = BrokerKind::Redis;
        config.resume.channels = vec!["room".to_owned()];
        (config.resume.messages, config.resume.memory) = (messages, memory);
        let hub = Arc::new(Hub::new("room", Arc::default()));
        let connections = Connections::new(&config.limits);
        let metrics = Arc::new(BrokerMetrics::default());
        let broker = AnyBroker::of_settings(&config.broker).ok()?;
        let others = OtherServers::new(&config, broker, vec![hub.clone()], &connections, &metrics);
        let id = ConnectionId::numbered(1);
        let joining = Joining {
            id,
            outbox: &Arc::new(Outbox::new(connections)),
            is_told: true,
        };
        hub.join("t", &joining);
        let present = Present {
            connection: id.number(),
            principal: None,
            info: serde_json::value::to_raw_value(&()).ok()?,
        };
        hub.add_present("t", present);
        Some(Self {
            inbox: Inbox(others.cluster.as_ref()?.1.clone()),
            before: format!("{}:t:", config.broker.prefix),
            _others: others,
        })
    }

    /// What Redis has published.
    pub fn from_redis(&self, channel: &[u8], payload: &[u8]) {
        let data = [channel, payload].map(|data| Value::BulkString(data.to_vec()));
        session::deliver(&self.inbox, &self.before, data.into());
    }

    /// What NATS has published.
    pub fn from_nats(&self, payload: &Bytes) {
        nats::deliver(&self.inbox, payload);
    }

    /// What Redis answers that is asked for the log of the topic.
    pub fn from_log(&self, epoch: &[u8], top: i64, ages: &[i64], frames: &[Vec<u8>]) {
        let key = super::Key::of_topic("room", "t", true);
        if let Some(log) = session::log(answer(epoch, top, ages, frames)) {
            self.inbox.0.caught_up(&key, log);
        }
    }

    /// The connection is lost.
    pub fn lose_connection(&self) {
        self.inbox.0.went_down();
    }

    /// How many bytes of messages are kept.
    pub fn kept(&self) -> usize {
        self.inbox.bounds().used.load(Ordering::Relaxed)
    }
}
