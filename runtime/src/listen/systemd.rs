//! What systemd passes to a service, and what it wants to be told. Without systemd nothing of this happens.

#[cfg(unix)]
use std::io;
#[cfg(unix)]
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::net::UnixListener;

#[cfg(unix)]
use listenfd::ListenFd;

/// A socket that systemd listens on for us (sd_listen_fds(3)).
#[cfg(unix)]
pub(crate) enum Passed {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The sockets that are passed to this process, which are taken once.
///
/// # Errors
/// A socket of another kind.
#[cfg(unix)]
pub(crate) fn sockets() -> io::Result<Vec<Passed>> {
    let mut passed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..passed.len() {
        let socket = match passed.take_tcp_listener(index) {
            Ok(socket) => socket.map(Passed::Tcp),
            Err(_) => passed.take_unix_listener(index)?.map(Passed::Unix),
        };
        sockets.extend(socket);
    }
    for socket in &sockets {
        match socket {
            Passed::Tcp(socket) => socket.set_nonblocking(true)?,
            Passed::Unix(socket) => socket.set_nonblocking(true)?,
        }
    }
    Ok(sockets)
}

/// Tells systemd that the service listens (`Type=notify`).
pub(crate) fn ready() {
    #[cfg(unix)]
    tell(sd_notify::NotifyState::Ready);
}

/// Tells systemd that the service is on its way out.
pub(crate) fn stopping() {
    #[cfg(unix)]
    tell(sd_notify::NotifyState::Stopping);
}

#[cfg(unix)]
fn tell(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd cannot be told how far this service is (NOTIFY_SOCKET)");
    }
}
