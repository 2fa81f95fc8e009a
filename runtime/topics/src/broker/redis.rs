//! Redis: a channel for each topic that has members here, and a stream for each topic whose log is kept.
//!
//! One connection by RESP3. What is published arrives on it in the order of the server's commands, between the answers, so
//! a stream that is read after its channel was subscribed to leaves nothing out. Messages are handed over where they are
//! read from the socket: no buffer lies between.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo, ProtocolVersion, PushInfo,
    PushKind, TlsCertificates, Value,
};
use tokio_util::sync::CancellationToken;
use wsgen_config as config;

use super::bridge::Outgoing;
use super::key::Key;
use super::transport::{Broker, BrokerError, Connection, Inbox};
use super::wire::NodeId;
use crate::Log;

/// All scripts begin here: where the log is, and a new one when it is lost, be it by a restart of Redis (its run id has
/// changed), after which offsets could mean other messages.
const BEGIN: &str = "
local meta, stream = KEYS[1], KEYS[2]
local epoch, run, offset = unpack(redis.call('HMGET', meta, 'epoch', 'run', 'offset'))
if not epoch or run ~= ARGV[1] then
  epoch, offset = ARGV[2], 0
  redis.call('DEL', meta, stream)
  redis.call('HSET', meta, 'epoch', epoch, 'run', ARGV[1], 'offset', 0)
end
offset = tonumber(offset)
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
";

/// Adds a message to the log and publishes it with its place.
const ADD: &str = "
local age, messages, channel, frame = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
offset = offset + 1
redis.call('HSET', meta, 'offset', offset)
redis.call('XADD', stream, 'MAXLEN', messages, offset .. '-0', 'at', now, 'frame', frame)
redis.call('PEXPIRE', stream, age)
redis.call('PEXPIRE', meta, age * 8)
redis.call('PUBLISH', channel, epoch .. '.' .. offset .. ' ' .. frame)
";

/// Reads the log: epoch, offset, and of what is after an offset of an epoch how long ago each was added and the frames,
/// as far as the log still has them. All is after an epoch that is over, nothing after none.
const READ: &str = "
local after_epoch, after, age = ARGV[4], tonumber(ARGV[5]), ARGV[3]
redis.call('PEXPIRE', meta, age * 8)
local ages, frames = {}, {}
if after_epoch ~= '' then
  if epoch ~= after_epoch then
    after = 0
  end
  local entries = redis.call('XRANGE', stream, '(' .. string.format('%d', after) .. '-0', '+')
  for index, entry in ipairs(entries) do
    ages[index] = now - tonumber(entry[2][2])
    frames[index] = entry[2][4]
  end
end
return {epoch, offset, ages, frames}
";

/// Ends the log if one of these messages, each by how its frame goes on after version and kind, is not in it. Returns whether it did.
const MEND: &str = "
local lost = {}
for index = 4, #ARGV do
  lost[ARGV[index]] = true
end
for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+')) do
  lost[string.sub(entry[2][4], 3, 18)] = nil
end
if not next(lost) then
  return 0
end
redis.call('DEL', meta, stream)
return 1
";

/// How far scripts count: beyond it their numbers have gaps.
const LAST_OFFSET: u64 = 1 << 53;

/// The broker of `[broker] kind = "redis"`.
#[derive(Clone, Debug)]
pub struct Redis {
    settings: config::Broker,
}

impl Redis {
    /// The broker that the settings name.
    pub fn new(settings: &config::Broker) -> Self {
        Self {
            settings: settings.clone(),
        }
    }
}

/// A connection by RESP3.
pub struct RedisConnection {
    connection: MultiplexedConnection,
    broken: CancellationToken,
    /// What tells this run of the server from others.
    run: String,
    add: String,
    read: String,
    mend: String,
    us: NodeId,
    prefix: String,
    messages: usize,
    age: Duration,
}

impl Broker for Redis {
    type Connection = RedisConnection;

    const KEEPS_LOGS: bool = true;

    fn name(&self) -> String {
        self.settings.url.to_string()
    }

    async fn connect(&self, inbox: Inbox) -> Result<RedisConnection, BrokerError> {
        super::choose_cryptography();
        let settings = &self.settings;
        let broken = CancellationToken::new();
        let received = {
            let (inbox, broken) = (inbox.clone(), broken.clone());
            let before = format!("{}:t:", settings.prefix);
            move |push: PushInfo| -> Result<(), ()> {
                match push.kind {
                    PushKind::Message => deliver(&inbox, &before, push.data),
                    PushKind::Disconnection => broken.cancel(),
                    _ => {}
                }
                Ok(())
            }
        };
        // How long anything may take is the same for all brokers, and not said here.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(received);
        let client = client(settings.url.as_str(), settings)?;
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let info: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut connection)
            .await?;
        let run = info
            .lines()
            .find_map(|line| line.strip_prefix("run_id:"))
            .unwrap_or_default();
        let run = run.trim().to_owned();
        let add = load(&mut connection, ADD).await?;
        let read = load(&mut connection, READ).await?;
        let mend = load(&mut connection, MEND).await?;
        let bounds = inbox.bounds();
        let mut connection = RedisConnection {
            connection,
            broken,
            run,
            add,
            read,
            mend,
            us: inbox.node(),
            prefix: settings.prefix.clone(),
            messages: bounds.messages,
            age: bounds.age,
        };
        connection.subscribe(&[Key::of_servers()]).await?;
        Ok(connection)
    }
}

impl Connection for RedisConnection {
    async fn subscribe(&mut self, keys: &[Key]) -> Result<(), BrokerError> {
        let channels: Vec<String> = keys.iter().map(|key| self.channel(key)).collect();
        Ok(self.connection.subscribe(channels).await?)
    }

    async fn unsubscribe(&mut self, keys: &[Key]) -> Result<(), BrokerError> {
        let channels: Vec<String> = keys.iter().map(|key| self.channel(key)).collect();
        Ok(self.connection.unsubscribe(channels).await?)
    }

    async fn publish(&mut self, batch: &[Outgoing]) -> Result<(), BrokerError> {
        let mut pipe = redis::pipe();
        for said in batch {
            let channel = self.channel(&said.key);
            if said.is_logged {
                self.script(&mut pipe, &self.add, &said.key);
                pipe.arg(self.messages).arg(channel).arg(&*said.frame);
            } else {
                pipe.cmd("PUBLISH").arg(channel).arg(&*said.frame);
            }
            pipe.ignore();
        }
        Ok(pipe.query_async(&mut self.connection).await?)
    }

    async fn read_logs(
        &mut self,
        logs: &[(Key, Option<(u64, u64)>)],
    ) -> Result<Vec<Log>, BrokerError> {
        let mut pipe = redis::pipe();
        for (key, after) in logs {
            self.script(&mut pipe, &self.read, key);
            match after {
                Some((epoch, offset)) => pipe.arg(format!("{epoch:x}")).arg(*offset),
                None => pipe.arg("").arg(0),
            };
        }
        let answers: Vec<Value> = pipe.query_async(&mut self.connection).await?;
        let logs: Option<Vec<Log>> = answers.into_iter().map(log).collect();
        logs.ok_or_else(|| BrokerError::new("it answers otherwise than Redis does"))
    }

    async fn repair_logs(&mut self, logs: &[(Key, Vec<u64>)]) -> Result<Vec<bool>, BrokerError> {
        let mut pipe = redis::pipe();
        for (key, lost) in logs {
            self.script(&mut pipe, &self.mend, key);
            for sequence in lost {
                pipe.arg(&super::wire::identity(self.us, *sequence));
            }
        }
        Ok(pipe.query_async(&mut self.connection).await?)
    }

    async fn closed(&mut self) -> BrokerError {
        self.broken.cancelled().await;
        BrokerError::new("the connection was lost")
    }
}

impl RedisConnection {
    fn channel(&self, key: &Key) -> String {
        format!("{}:t:{}", self.prefix, key.name())
    }

    /// Begins a call of a script with what both have in common.
    fn script(&self, pipe: &mut redis::Pipeline, hash: &str, key: &Key) {
        let name = key.name();
        // In braces is what a cluster hashes, so that both are in one place.
        pipe.cmd("EVALSHA")
            .arg(hash)
            .arg(2)
            .arg(format!("{}:{{{name}}}:meta", self.prefix))
            .arg(format!("{}:{{{name}}}:log", self.prefix))
            .arg(&self.run)
            .arg(NodeId::random().to_string())
            .arg(u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX));
    }
}

fn client(url: &str, settings: &config::Broker) -> Result<Client, BrokerError> {
    let info = url.into_connection_info()?;
    let redis = info.redis_settings().clone();
    let info = info.set_redis_settings(redis.set_protocol(ProtocolVersion::RESP3));
    if settings.ca.as_os_str().is_empty() {
        return Ok(Client::open(info)?);
    }
    let ca = std::fs::read(&settings.ca).map_err(|error| {
        BrokerError::new(format!("broker.ca, {}: {error}", settings.ca.display()))
    })?;
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(ca),
    };
    Ok(Client::build_with_tls(info, certificates)?)
}

async fn load(connection: &mut MultiplexedConnection, script: &str) -> Result<String, BrokerError> {
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg(format!("{BEGIN}{script}"));
    Ok(load.query_async(connection).await?)
}

/// A message that was published.
pub(super) fn deliver(inbox: &Inbox, before: &str, data: Vec<Value>) {
    let Ok([Value::BulkString(channel), Value::BulkString(payload)]) = <[Value; 2]>::try_from(data)
    else {
        return;
    };
    let Some(name) = std::str::from_utf8(&channel)
        .ok()
        .and_then(|channel| channel.strip_prefix(before))
    else {
        return;
    };
    let payload = Bytes::from(payload);
    match place(&payload) {
        Some(((epoch, offset), length)) => {
            inbox.deliver_logged(name, &payload.slice(length..), epoch, offset);
        }
        None => inbox.deliver(name, &payload),
    }
}

/// The place in the log that a payload begins with, and where the frame begins. Frames begin with no such character.
pub(super) fn place(payload: &[u8]) -> Option<((u64, u64), usize)> {
    if !payload.first()?.is_ascii_hexdigit() {
        return None;
    }
    let end = payload.iter().take(64).position(|byte| *byte == b' ')?;
    let (epoch, offset) = std::str::from_utf8(&payload[..end]).ok()?.split_once('.')?;
    let epoch = u64::from_str_radix(epoch, 16).ok()?;
    let offset = offset.parse().ok()?;
    (1..=LAST_OFFSET)
        .contains(&offset)
        .then_some(((epoch, offset), end + 1))
}

/// The answer of [`READ`].
pub(super) fn log(answer: Value) -> Option<Log> {
    let Value::Array(parts) = answer else {
        return None;
    };
    let [epoch, top, ages, frames] = <[Value; 4]>::try_from(parts).ok()?;
    let epoch = String::from_redis_value(epoch).ok()?;
    let ages = Vec::<u64>::from_redis_value(ages).ok()?;
    let frames = Vec::<Vec<u8>>::from_redis_value(frames).ok()?;
    let top = u64::from_redis_value(top).ok()?;
    // Each message has its age, and an offset from 1 to the top.
    if top > LAST_OFFSET || ages.len() != frames.len() || frames.len() as u64 > top {
        return None;
    }
    let now = Instant::now();
    let frames = ages.into_iter().zip(frames).map(|(age, frame)| {
        let at = now.checked_sub(Duration::from_millis(age)).unwrap_or(now);
        (at, frame.into())
    });
    let epoch = u64::from_str_radix(&epoch, 16).ok()?;
    Some(Log::of_frames(epoch, top, frames))
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisConnection")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Body, Frame};

    #[test]
    fn a_place_is_what_a_script_has_counted() {
        let found = |payload: &str| place(payload.as_bytes());
        assert_eq!(found("a.1 frame"), Some(((10, 1), 4)));
        let last = format!("a.{LAST_OFFSET} ");
        assert_eq!(found(&last), Some(((10, LAST_OFFSET), last.len())));
        for wrong in ["", "a", "a.1", "a 1 ", "a.x ", "a.0 ", "a.-1 ", "x.1 ", " "] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
        assert_eq!(found(&format!("a.{} ", LAST_OFFSET + 1)), None);
        assert_eq!(found(&format!("a.{} ", u64::MAX)), None);
    }

    #[test]
    fn a_log_has_an_age_and_an_offset_for_each_message() {
        let frame = Frame {
            node: NodeId(1),
            sequence: 2,
            body: Body::Message {
                name: "said",
                message: "text".into(),
            },
        };
        let frame = frame.encode().to_vec();
        let found = |top: i64, ages: &[i64], frames: usize| {
            let ages = ages.iter().map(|age| Value::Int(*age)).collect();
            let frames = vec![Value::BulkString(frame.clone()); frames];
            log(Value::Array(vec![
                Value::BulkString(b"a".to_vec()),
                Value::Int(top),
                Value::Array(ages),
                Value::Array(frames),
            ]))
        };
        let read = found(7, &[20, 10], 2).unwrap();
        assert_eq!((read.epoch, read.top, read.newest.len()), (10, 7, 2));
        assert!(found(0, &[], 0).is_some());
        assert!(found(7, &[20], 2).is_none());
        assert!(found(7, &[20, 10], 1).is_none());
        assert!(found(1, &[20, 10], 2).is_none());
        assert!(found(-1, &[], 0).is_none());
        assert!(found(i64::MAX, &[], 0).is_none());
    }
}
