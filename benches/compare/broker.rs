//! Redis and NATS, started for a measurement on the load generator's processor.

use std::io;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process;

/// A kind of broker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Redis,
    Nats,
}

impl Kind {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Redis => "Redis",
            Self::Nats => "NATS",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Redis => "redis-server",
            Self::Nats => "nats-server",
        }
    }
}

/// A running broker.
pub(crate) struct Broker {
    child: Child,
    pub(crate) url: String,
}

impl Broker {
    /// Starts one on a free port and waits until it listens; `None`, with a word, where it is not installed.
    pub(crate) fn start(kind: Kind) -> io::Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let text = port.to_string();
        let arguments: &[&str] = match kind {
            Kind::Redis => &[
                "--bind",
                "127.0.0.1",
                "--port",
                &text,
                "--save",
                "",
                "--appendonly",
                "no",
            ],
            Kind::Nats => &["-a", "127.0.0.1", "-p", &text],
        };
        let started = Command::new(kind.program())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match started {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                eprintln!("skipped: {}: it is not installed", kind.program());
                return Ok(None);
            }
            started => started?,
        };
        let scheme = kind.title().to_lowercase();
        let broker = Self {
            child,
            url: format!("{scheme}://127.0.0.1:{port}"),
        };
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("the broker does not listen"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(broker))
    }

    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        process::processor_time(self.child.id())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
