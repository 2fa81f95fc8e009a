//! Brokers to test with: real servers on free ports of loopback, ended with the test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::support::{TestServer, within};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Redis,
    Nats,
}

/// A broker of one test.
pub struct Broker {
    pub kind: Kind,
    port: u16,
    folder: PathBuf,
    running: Option<Child>,
}

impl Broker {
    /// Starts one; `None`, visibly, where it is not installed, unless the slow tests are asked for: then it must be there.
    pub async fn start(kind: Kind) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let name = format!("wsgen-broker-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut broker = Self {
            kind,
            port,
            folder,
            running: None,
        };
        broker.start_again().await.then_some(broker)
    }

    /// Starts it on the same port; whether it is installed.
    pub async fn start_again(&mut self) -> bool {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Kind::Redis => Command::new("redis-server"),
            Kind::Nats => Command::new("nats-server"),
        };
        match self.kind {
            Kind::Redis => command
                .args(["--bind", "127.0.0.1", "--port", &port])
                .args(["--save", "", "--appendonly", "no"])
                .arg("--dir")
                .arg(&self.folder),
            Kind::Nats => command.args(["-a", "127.0.0.1", "-p", &port]),
        };
        let started = command
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

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Settings of a server that uses it, and these.
    pub fn settings(&self, more: &str) -> String {
        let (kind, scheme) = match self.kind {
            Kind::Redis => ("redis", "redis"),
            Kind::Nats => ("nats", "nats"),
        };
        let port = self.port;
        format!(
            "[broker]\nkind = \"{kind}\"\nurl = \"{scheme}://127.0.0.1:{port}\"\npresence_ttl = \"1500ms\"\n{more}"
        )
    }

    /// A server that uses it, connected.
    pub async fn server(&self, more: &str) -> TestServer {
        let server = TestServer::with(&self.settings(more)).await;
        is_ready(&server).await;
        server
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Waits until a server is connected to its broker.
pub async fn is_ready(server: &TestServer) {
    within(async {
        while !server
            .admin_page("/readyz")
            .await
            .trim_end()
            .ends_with("\nready")
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
