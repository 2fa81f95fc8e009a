//! The server's configuration: a TOML file, overridden by environment, checked before anything starts.
//!
//! Every key has a default, every key is enforced, and an unknown key is an error. An environment variable
//! `WSGEN__SECTION__KEY` overrides `key` in `[section]`.

mod arguments;
mod broker;
mod compression;
mod exit;
mod faults;
mod health;
mod host;
mod listen;
mod load;
mod network;
pub mod origin;
mod secrets;
mod security;
mod show;
mod static_token;
mod telemetry;
mod units;

use std::net::SocketAddr;
use std::time::Duration;

pub use broker::{Broker, BrokerKind, BrokerUrl, Resume};
pub use compression::Compression;
pub use exit::Exit;
pub use host::{Host, authority};
pub use listen::{Address, Addresses};
pub use load::{ConfigError, most_descriptors};
pub use network::Network;
pub use security::{Authentication, ClientAddress, Jwt, Proxy, Tls};
use serde::{Deserialize, Serialize};
pub use static_token::StaticToken;
pub use telemetry::{SecretHeader, Telemetry};

/// All settings, by section.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The public listener.
    pub listen: Listen,
    /// The admin listener: health checks.
    pub admin: Admin,
    /// The log.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// Encryption.
    pub tls: Tls,
    /// Proxies between the clients and this server.
    pub proxy: Proxy,
    /// Which web pages may connect.
    pub origin: Origin,
    /// The upgrade.
    pub handshake: Handshake,
    /// Who is let in beside those whom the program knows.
    pub authentication: Authentication,
    /// JSON Web Tokens.
    pub jwt: Jwt,
    /// How much of everything.
    pub limits: Limits,
    /// How much of everything in a second.
    pub rates: Rates,
    /// How long for everything.
    pub timeouts: Timeouts,
    /// Pings.
    pub heartbeat: Heartbeat,
    /// Compressed messages.
    pub compression: Compression,
    /// What happens to messages that are none.
    pub messages: Messages,
    /// How servers share topics.
    pub broker: Broker,
    /// What clients that return get.
    pub resume: Resume,
    /// The way out.
    pub drain: Drain,
}

/// `[listen]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Listen {
    /// The public listener's address, or a list of several: `127.0.0.1:8080`, `localhost:8080`, `unix:/run/app.sock`,
    /// `systemd`. Port 0 takes a free one. Default `127.0.0.1:8080`.
    pub address: Addresses,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)).into(),
        }
    }
}

/// `[admin]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Admin {
    /// Whether there is an admin listener. Default true.
    pub enabled: bool,
    /// Its address and port, never to be reached from outside; port 0 takes a free one. Default `127.0.0.1:9090`.
    pub address: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            enabled: true,
            address: SocketAddr::from(([127, 0, 0, 1], 9090)),
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Log {
    /// What is logged at least. Default `info`.
    pub level: LogLevel,
    /// How a line looks. Default `text`.
    pub format: LogFormat,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Faults of the server.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And start, stop and addresses.
    #[default]
    Info,
    /// And every connection.
    Debug,
    /// And everything.
    Trace,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[origin]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Origin {
    /// Origins that may connect beside the server's own host: `https://app.example.com`, or with any labels before it
    /// `https://*.preview.example.com`. Clients that send no Origin are no browsers and pass. Default none.
    pub allow: Vec<String>,
    /// Names of this server beside those of the document, by which pages of the same host reach it: `chat.example.com`,
    /// `*.example.com`. Pages of a name that is neither are refused with 421, or DNS rebinding would let them in. Default
    /// none.
    pub hosts: Vec<String>,
}

/// `[handshake]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Handshake {
    /// How a page in a browser learns that it may not connect, and why. Clients that send no Origin get an answer of HTTP.
    /// Default `http`.
    pub refusal: RefusalForm,
}

/// How a page in a browser learns that it may not connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusalForm {
    /// By the status of HTTP, which no page can read: its code is 1006 whatever was wrong.
    #[default]
    Http,
    /// By the upgrade, and at once a Close frame: 401 is 4401, 403 is 4403, 503 is 1013.
    Close,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at once; more get 503. Default: 90 % of the process's descriptors.
    pub max_connections: usize,
    /// Connections at once from one address, or from one IPv6 network of 64 bits; more get 503. 0 is no limit. Behind a
    /// proxy set `proxy`, or all clients are one address. Default 256.
    pub connections_per_address: usize,
    /// Connections at once of one principal, by its `id`; more get 503. 0 is no limit. Default 0.
    pub connections_per_principal: usize,
    /// Bytes of a request's line and headers; more get 431. Default 16 KiB.
    #[serde(with = "units::size")]
    pub head_size: usize,
    /// Headers of a request; more get 431. Default 64.
    pub headers: usize,
    /// Bytes of a received message; more close with 1009. Default 64 KiB.
    #[serde(with = "units::size")]
    pub message_size: usize,
    /// Frames of a received message; more close with 1008. Default 128.
    pub message_fragments: usize,
    /// Messages that may wait to be sent to one connection; 0 is no limit but that of bytes. Default 0.
    pub send_queue_messages: usize,
    /// Bytes that may wait to be sent to one connection, with what it takes to keep them; a single larger message passes
    /// alone. What is published may find up to four times as much for `send_queue_patience`. Default 1 MiB.
    #[serde(with = "units::size")]
    pub send_queue_size: usize,
    /// How long the send queue may be over its bounds before a published message finds it full, where `send_queue_full` is
    /// `disconnect`. Default 5 s.
    #[serde(with = "units::duration")]
    pub send_queue_patience: Duration,
    /// Bytes that may wait on all connections together; beyond it those for which most waits are closed with 1013. Default 256 MiB.
    #[serde(with = "units::size")]
    pub send_queue_memory: usize,
    /// What is done for a published message that finds the send queue full. Default `disconnect`.
    pub send_queue_full: SendQueueFull,
}

/// What is done for a published message that finds the send queue full. A handler's own `send` waits for room instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SendQueueFull {
    /// The connection reads too slowly: it is closed with 1013 behind what is queued, so that its client knows that it has
    /// missed something.
    #[default]
    Disconnect,
    /// The oldest published messages are dropped to make room. What the handler itself sent is never dropped.
    DropOldest,
    /// Of the messages of the same topic only the new one is kept, for states of which only the latest counts; where
    /// that makes no room, as `drop_oldest`.
    KeepLatest,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: load::descriptors() / 10 * 9,
            connections_per_address: 256,
            connections_per_principal: 0,
            head_size: 16 * 1024,
            headers: 64,
            message_size: 64 * 1024,
            message_fragments: 128,
            send_queue_messages: 0,
            send_queue_size: 1 << 20,
            send_queue_patience: Duration::from_secs(5),
            send_queue_memory: 256 << 20,
            send_queue_full: SendQueueFull::default(),
        }
    }
}

/// `[rates]`: what one connection may send in a second; 0 is no limit. Who sends more is closed with 1008.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Rates {
    /// Messages. Default 50.
    pub messages: u64,
    /// Bytes on the wire; one message of the largest size always passes. Default 256 KiB.
    #[serde(with = "units::size")]
    pub bytes: usize,
    /// Pings, pongs that nobody asked for, and Close frames. Default 5.
    pub control_frames: u64,
    /// How many seconds' worth may come at once after a pause. Default 2.
    pub burst: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages: 50,
            bytes: 256 * 1024,
            control_frames: 5,
            burst: 2,
        }
    }
}

/// `[timeouts]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the connection to the end of the request's head; longer gets 408. Default 10 s.
    #[serde(with = "units::duration")]
    pub request_head: Duration,
    /// The TLS handshake. Default 5 s.
    #[serde(with = "units::duration")]
    pub tls_handshake: Duration,
    /// Authentication and the handler's `connect` together; longer gets 503. Default 10 s.
    #[serde(with = "units::duration")]
    pub authentication: Duration,
    /// From the upgrade to the end of the first message, where `authentication.first_message` is set; longer closes with 4408.
    /// Default 10 s.
    #[serde(with = "units::duration")]
    pub first_message: Duration,
    /// From a message's first byte to its last; longer closes with 1008. Default 30 s.
    #[serde(with = "units::duration")]
    pub message: Duration,
    /// How long no message need come or go before the connection is closed with 1001; `0s` is for ever, since pings
    /// tell the living from the dead. Default `0s`.
    #[serde(with = "units::duration")]
    pub idle: Duration,
    /// How old a connection may get before it is closed with 1012, as by a drain: what is queued leaves, and a handler is heard
    /// out. Each is up to a quarter younger, so that those made together do not end together. `0s` is for ever. Default `0s`.
    #[serde(with = "units::duration")]
    pub age: Duration,
    /// How long a handler may take with one message before it is dropped and the connection closed with 1011; `0s` is
    /// for ever. Default 60 s.
    #[serde(with = "units::duration")]
    pub handler: Duration,
    /// How long output may be stuck because the peer does not read. Default 5 s.
    #[serde(with = "units::duration")]
    pub write_stall: Duration,
    /// From the wish to close to our Close frame, and from there to the peer's and the end of TCP. Default 5 s.
    #[serde(with = "units::duration")]
    pub close: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request_head: Duration::from_secs(10),
            tls_handshake: Duration::from_secs(5),
            authentication: Duration::from_secs(10),
            first_message: Duration::from_secs(10),
            message: Duration::from_secs(30),
            idle: Duration::ZERO,
            age: Duration::ZERO,
            handler: Duration::from_secs(60),
            write_stall: Duration::from_secs(5),
            close: Duration::from_secs(5),
        }
    }
}

/// `[heartbeat]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Time between pings; each is up to a quarter shorter, so that connections do not ping in step. Default 25 s.
    #[serde(with = "units::duration")]
    pub interval: Duration,
    /// How long after a ping something must have arrived. Default 10 s.
    #[serde(with = "units::duration")]
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(25),
            timeout: Duration::from_secs(10),
        }
    }
}

/// `[messages]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Messages {
    /// What happens to a message that does not decode, unless the handler decides. Default `close`.
    pub invalid: InvalidMessage,
}

/// What happens to a message that does not decode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InvalidMessage {
    /// The connection is closed: 1007 for bad JSON, 1008 for an unknown or invalid message.
    #[default]
    Close,
    /// It is logged and dropped.
    Ignore,
}

/// `[drain]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Drain {
    /// From SIGTERM, when `/readyz` turns to 503, until connections are closed: the time a load balancer needs to
    /// notice. SIGINT skips it. Default 5 s.
    #[serde(with = "units::duration")]
    pub grace: Duration,
    /// From the end of the grace until what is left is cut. Default 30 s.
    #[serde(with = "units::duration")]
    pub deadline: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
        }
    }
}
