//! Brokers to test with, real ones on free ports of loopback that end with the test, and servers that use them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::process::Process;
use crate::support::within;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// None: servers are alone.
    Memory,
    Redis,
    Nats,
}

/// A broker's own log, in its folder.
const LOG: &str = "broker.log";

/// A broker of one test.
pub struct Broker {
    pub kind: Kind,
    pub port: u16,
    folder: PathBuf,
    /// Arguments beyond the usual.
    more: Vec<String>,
    running: Option<Child>,
}

impl Broker {
    /// Starts one; `None`, visibly, where it is not installed, unless the slow tests are asked for: then it must be there.
    pub async fn start(kind: Kind) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let name = format!("wsgen-broker-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut broker = Self {
            kind,
            port,
            folder,
            more: Vec::new(),
            running: None,
        };
        broker.start_again().await.then_some(broker)
    }

    /// Ends it, and starts it with these arguments as well.
    pub async fn restart_with(&mut self, more: impl IntoIterator<Item = String>) {
        self.kill();
        self.more = more.into_iter().collect();
        assert!(self.start_again().await);
    }

    /// Starts it on the same port; whether it is installed.
    pub async fn start_again(&mut self) -> bool {
        let mut command = match self.kind {
            Kind::Memory => return true,
            Kind::Redis => Command::new("redis-server"),
            Kind::Nats => Command::new("nats-server"),
        };
        let port = self.port.to_string();
        match self.kind {
            Kind::Redis => command
                .args(["--bind", "127.0.0.1", "--port", &port])
                .args(["--save", "", "--appendonly", "no"])
                .args(["--logfile", LOG, "--dir"])
                .arg(&self.folder),
            _ => command.args(["-a", "127.0.0.1", "-p", &port, "-l", LOG]),
        };
        let started = command
            .args(&self.more)
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => self.running = Some(child),
            Err(error) if std::env::var_os("WSGEN_SLOW_TESTS").is_some() => {
                panic!("{:?} does not start: {error}", self.kind)
            }
            Err(error) => {
                eprintln!("skipped: no {:?} here: {error}", self.kind);
                return false;
            }
        }
        within(async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        true
    }

    /// Puts a file into its folder; where it is.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Whether its own log has a line with these words.
    pub fn has_logged(&self, words: &str) -> bool {
        let log = std::fs::read_to_string(self.folder.join(LOG)).unwrap();
        log.contains(words)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Has it hang, with its connections open.
    pub fn hang(&self) {
        self.signal("-STOP");
    }

    /// Has it go on after that.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.running.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Settings of a server that uses it, and these, which begin within `[broker]`.
    pub fn settings(&self, more: &str) -> String {
        self.settings_at(&self.url(self.port), more)
    }

    fn url(&self, port: u16) -> String {
        match self.kind {
            Kind::Memory => String::new(),
            Kind::Redis => format!("redis://127.0.0.1:{port}"),
            Kind::Nats => format!("nats://127.0.0.1:{port}"),
        }
    }

    /// The same with another address of it.
    pub fn settings_at(&self, url: &str, more: &str) -> String {
        let kind = match self.kind {
            Kind::Memory => "memory",
            Kind::Redis => "redis",
            Kind::Nats => "nats",
        };
        format!(
            "{WITHOUT_LIMITS}[broker]\nkind = \"{kind}\"\nurl = \"{url}\"\npresence_ttl = \"1500ms\"\n{more}"
        )
    }

    /// A server that uses it, connected.
    pub async fn server(&self, more: &str) -> Process {
        let server = Process::start(&self.settings(more), 1024);
        is_ready(&server).await;
        server
    }

    /// A server that is connected to it by a relay.
    pub async fn server_by(&self, relay: &Relay, more: &str) -> Process {
        let server = Process::start(&self.settings_at(&self.url(relay.port), more), 1024);
        is_ready(&server).await;
        server
    }

    /// So many servers, or the one that there can be.
    pub async fn servers(&self, count: usize, more: &str) -> Vec<Process> {
        let count = if self.kind == Kind::Memory { 1 } else { count };
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(self.server(more).await);
        }
        servers
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Peers may send as fast as they can, and read late.
const WITHOUT_LIMITS: &str = "
[rates]
messages = 0
bytes = 0
control_frames = 0
[drain]
grace = \"0s\"
[limits]
send_queue_messages = 100000
send_queue_size = \"16 MiB\"
";

/// Waits until a server is connected to its broker.
pub async fn is_ready(server: &Process) {
    says(server, "ready").await;
}

/// Waits until a server knows that it is not, which does not make it one to be sent elsewhere.
pub async fn is_degraded(server: &Process) {
    says(server, "degraded: no connection to the broker").await;
}

async fn says(server: &Process, what: &str) {
    within(async {
        loop {
            let page = server.admin_page("/readyz").await;
            assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
            if page.trim_end().ends_with(&format!("\n{what}")) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A way to the broker that can be cut.
pub struct Relay {
    port: u16,
    is_open: watch::Sender<bool>,
}

impl Relay {
    pub async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_open, open) = watch::channel(true);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut open = open.clone();
                tokio::spawn(async move {
                    if !*open.borrow() {
                        return;
                    }
                    let mut far = TcpStream::connect(("127.0.0.1", broker)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { port, is_open }
    }

    pub fn cut(&self) {
        self.is_open.send_replace(false);
    }

    pub fn mend(&self) {
        self.is_open.send_replace(true);
    }
}
