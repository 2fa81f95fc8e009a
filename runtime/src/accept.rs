//! Accepting connections for ever, whatever the system says.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::metrics::Counter;

/// The pause after a failed accept, doubled up to the second while it goes on failing.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// What sockets come from.
pub(crate) trait Accept {
    type Socket;

    fn accept(&self) -> impl Future<Output = io::Result<(Self::Socket, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Socket = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept().await
    }
}

/// Accepts for ever; a fault of the system is waited out, and counted in `errors`.
pub(crate) async fn accept_all<L: Accept>(
    listener: &L,
    errors: &Counter,
    accepted: impl Fn(L::Socket, SocketAddr),
) {
    let mut pause = BACK_OFF.0;
    let mut spare = SpareDescriptor::new();
    loop {
        let error = match listener.accept().await {
            Ok((socket, peer)) => {
                pause = BACK_OFF.0;
                accepted(socket, peer);
                continue;
            }
            Err(error) => error,
        };
        // The client was faster; nothing is wrong with the listener.
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
        ) {
            continue;
        }
        errors.add(1);
        tracing::warn!(%error, "cannot accept connections; trying again");
        if is_out_of_descriptors(&error) {
            spare.hang_up(listener).await;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACK_OFF.1);
    }
}

/// `EMFILE` and `ENFILE`, which have these numbers on every Unix.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// A descriptor that is given up when there is no other: with it, clients that wait to be accepted are hung up on, so
/// that they try another server instead of waiting for their own deadline.
struct SpareDescriptor(Option<File>);

impl SpareDescriptor {
    fn new() -> Self {
        // Where there is no such file, clients just wait.
        Self(File::open("/dev/null").ok())
    }

    /// Accepts and closes what waits now.
    async fn hang_up(&mut self, listener: &impl Accept) {
        if self.0.take().is_some() {
            let accept_now = async { while listener.accept().await.is_ok() {} };
            // What does not come at once is not waiting.
            let _ = tokio::time::timeout(Duration::from_millis(1), accept_now).await;
        }
        *self = Self::new();
    }
}
