//! A generated server in this process.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wsgen_runtime::{Config, Server};

use super::client::request;
use super::within;

/// A server on free ports of the loopback interface; it ends with the test.
pub struct Running {
    pub address: SocketAddr,
    admin: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Running {
    pub async fn start(server: Server) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), server).await
    }

    /// At this address, where another one has been before.
    pub async fn start_at(address: SocketAddr, server: Server) -> Self {
        let mut config = Config::default();
        config.listen.address = address.into();
        config.admin.address = SocketAddr::from(([127, 0, 0, 1], 0));
        config.drain.grace = Duration::ZERO;
        let listening = server.bind(config).await.unwrap();
        let (address, admin) = (listening.address(), listening.admin_address().unwrap());
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(listening.run_until(async move {
            // Stopped on purpose or because the test is over.
            let _ = stopped.await;
        }));
        Self {
            address,
            admin,
            stop,
            done,
        }
    }

    /// Begins the drain; the handle is done when the server is.
    pub fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.done
    }

    /// The answer to a GET on the admin port, status line first.
    pub async fn admin_page(&self, path: &str) -> String {
        let get = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        request(self.admin, &get).await
    }
}

/// Waits until a stopped server is done.
pub async fn done(server: JoinHandle<()>) {
    within(server).await.unwrap();
}
