//! A server under test, and clients: one that plays by the rules, one that need not.

pub mod chance;
pub mod client;
pub mod endpoint;
pub mod raw;
#[cfg_attr(
    not(all(feature = "nats", feature = "redis")),
    allow(dead_code, reason = "the soak uses the rest of it")
)]
pub mod wire;
pub mod witness;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::Client;
use endpoint::Room;
use raw::Raw;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wsgen_runtime::{CloseReason, Config, Server};

/// Longer than anything here takes, shorter than patience.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Fails a test that hangs.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("this should not take so long")
}

/// A running server with one route, `/rooms/{room}`.
pub struct TestServer {
    pub address: SocketAddr,
    pub addresses: Vec<SocketAddr>,
    pub admin: SocketAddr,
    /// Lets handlers of `{"type":"wait"}` go on.
    pub gate: Arc<Notify>,
    ended: mpsc::UnboundedReceiver<CloseReason>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// A server with these settings (TOML) over the defaults; ports are free ones, the drain has no grace, and without
    /// `[rates]` peers may send as fast as they can.
    pub async fn with(settings: &str) -> Self {
        Self::build(settings, |server| server).await
    }

    pub async fn build(settings: &str, more: impl FnOnce(Server) -> Server) -> Self {
        let mut config = Config::from_toml(settings).unwrap();
        if !settings.contains("[listen]") {
            config.listen.address = "127.0.0.1:0".parse().unwrap();
        }
        config.admin.address = "127.0.0.1:0".parse().unwrap();
        if !settings.contains("grace") {
            config.drain.grace = Duration::ZERO;
        }
        if !settings.contains("[rates]") {
            (config.rates.messages, config.rates.bytes) = (0, 0);
            config.rates.control_frames = 0;
        }
        let gate = Arc::new(Notify::new());
        let (tell, ended) = mpsc::unbounded_channel();
        let server = Server::new("test").hosts(&["test"]).route(
            "/rooms/{room}",
            Room {
                gate: gate.clone(),
                ended: tell,
            },
        );
        let listening = more(server).bind(config).await.unwrap();
        let (address, admin) = (listening.address(), listening.admin_address().unwrap());
        let addresses = listening.addresses().collect();
        let stop = CancellationToken::new();
        let running = tokio::spawn(listening.run_until(stop.clone().cancelled_owned()));
        Self {
            address,
            addresses,
            admin,
            gate,
            ended,
            stop,
            running,
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address, "/rooms/1").await
    }

    /// A connection on which the handshake is done, for frames of all kinds.
    pub async fn raw(&self) -> Raw {
        let mut raw = Raw::connect(self.address).await;
        raw.send(raw::upgrade("/rooms/1", "").as_bytes()).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
        raw
    }

    /// Sends a request and returns head and body of the answer.
    pub async fn request(&self, request: &str) -> String {
        let mut raw = Raw::connect(self.address).await;
        raw.send(request.as_bytes()).await;
        raw.all().await
    }

    /// The status of an admin page.
    pub async fn admin_page(&self, path: &str) -> String {
        let mut raw = Raw::connect(self.admin).await;
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: admin\r\n\r\n").as_bytes())
            .await;
        raw.all().await
    }

    /// The value of a line of `/metrics`, written as there; 0 when there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        let page = self.admin_page("/metrics").await;
        let values = page
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        values.map(|value| value.parse::<f64>().unwrap()).sum()
    }

    /// Waits until `name` has this value.
    pub async fn metric_becomes(&self, name: &str, value: f64) {
        within(async {
            while self.metric(name).await != value {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    /// Waits until no connection is open and nothing is queued: the gauges are where they were.
    pub async fn is_empty(&self) {
        self.metric_becomes("wsgen_connections{channel=\"room\"}", 0.0)
            .await;
        self.metric_becomes("wsgen_send_queue_bytes", 0.0).await;
    }

    /// Why the next connection ended.
    pub async fn ended(&mut self) -> CloseReason {
        within(self.ended.recv()).await.unwrap()
    }

    /// Begins the drain.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(self) {
        within(self.running).await.unwrap();
    }

    /// A second client still gets its echo: the invariant of every fault.
    pub async fn still_echoes(&self) {
        let mut client = self.client().await;
        client.send(r#"{"type":"say","text":"still here"}"#).await;
        assert_eq!(
            client.text().await,
            r#"{"type":"said","text":"still here"}"#
        );
        client.close().await;
    }
}
