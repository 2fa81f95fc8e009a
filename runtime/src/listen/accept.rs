//! Accepting connections for ever, whatever the system says.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use wsgen_config::most_descriptors;

use crate::observe::metrics::Counter;

/// The pause after a failed accept, doubled up to the second while it goes on failing.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// What sockets come from.
pub(crate) trait Accept {
    type Socket;

    fn accept(&self) -> impl Future<Output = io::Result<(Self::Socket, SocketAddr)>> + Send;

    /// The number of a socket's descriptor. A new one gets the lowest that is free: all below it are in use.
    fn descriptor(socket: &Self::Socket) -> usize;
}

impl Accept for TcpListener {
    type Socket = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept().await
    }

    fn descriptor(socket: &TcpStream) -> usize {
        descriptor(socket)
    }
}

/// Accepts for ever; a fault of the system is waited out, and counted in `errors`. Of the process's descriptors so many
/// are `left` to others.
pub(crate) async fn accept_all<L: Accept>(
    listener: &L,
    errors: &Counter,
    left: usize,
    mut accepted: impl FnMut(L::Socket, SocketAddr),
) {
    let mut pause = BACK_OFF.0;
    let mut spare = SpareDescriptor::new();
    let ours = most_descriptors().map_or(usize::MAX, |most| most.saturating_sub(left));
    loop {
        let error = match listener.accept().await {
            Ok((socket, peer)) if L::descriptor(&socket) < ours => {
                pause = BACK_OFF.0;
                accepted(socket, peer);
                continue;
            }
            Ok(_) => io::Error::from_raw_os_error(OUT_OF_DESCRIPTORS),
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

#[cfg(unix)]
pub(crate) fn descriptor(socket: &impl std::os::fd::AsRawFd) -> usize {
    usize::try_from(socket.as_raw_fd()).unwrap_or_default()
}

/// Elsewhere numbers say nothing.
#[cfg(not(unix))]
pub(crate) fn descriptor<S>(_: &S) -> usize {
    0
}

/// `EMFILE`, which has this number on every Unix, as has `ENFILE`, of all processes.
const OUT_OF_DESCRIPTORS: i32 = 24;

fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | OUT_OF_DESCRIPTORS))
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
