//! From the addresses of the settings to listeners.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use wsgen_config::{Address, Addresses};

use crate::listen::accept::{Accept, descriptor};
use crate::listen::socket::Socket;
#[cfg(unix)]
use crate::listen::{systemd, unix};
use crate::start_error::StartError;

/// Whose address is not known: what comes by a Unix socket has none.
pub(crate) const NOWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// A public listener.
pub(crate) struct Listener {
    socket: ListeningSocket,
    /// Where it is, for the log.
    pub(crate) place: String,
}

enum ListeningSocket {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(
        UnixListener,
        #[allow(dead_code, reason = "removes the file when dropped")] Option<unix::OwnFile>,
    ),
}

impl Listener {
    /// Its address with the real port, unless it is a Unix socket.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            ListeningSocket::Tcp(_, address) => Some(*address),
            #[cfg(unix)]
            ListeningSocket::Unix(..) => None,
        }
    }

    /// Whether it is an address of this machine for itself, as developers use it.
    pub(crate) fn is_on_loopback(&self) -> bool {
        self.address()
            .is_some_and(|address| address.ip().to_canonical().is_loopback())
    }

    /// Whether only this machine reaches it.
    pub(crate) fn is_local(&self) -> bool {
        self.address().is_none() || self.is_on_loopback()
    }

    fn tcp(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self {
            socket: ListeningSocket::Tcp(listener, address),
            place: address.to_string(),
        })
    }
}

impl Accept for Listener {
    type Socket = Socket;

    async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match &self.socket {
            ListeningSocket::Tcp(listener, _) => {
                let (socket, peer) = listener.accept().await?;
                Ok((Socket::Plain(socket), peer))
            }
            #[cfg(unix)]
            ListeningSocket::Unix(listener, _) => {
                let (socket, _) = listener.accept().await?;
                Ok((Socket::Unix(socket), NOWHERE))
            }
        }
    }

    fn descriptor(socket: &Socket) -> usize {
        match socket {
            Socket::Plain(socket) => descriptor(socket),
            #[cfg(unix)]
            Socket::Unix(socket) => descriptor(socket),
            // A listener makes no other.
            _ => 0,
        }
    }
}

/// Binds them all; `key` is the setting that names them.
///
/// # Errors
/// The first that cannot be bound: which, and why.
pub(crate) async fn bind_all(
    addresses: &Addresses,
    key: &str,
) -> Result<Vec<Listener>, StartError> {
    let mut listeners = Vec::new();
    for address in addresses.iter() {
        let fault =
            |error: io::Error| StartError(format!("cannot listen on {address} ({key}): {error}"));
        match address {
            Address::Ip(ip) => {
                let listener = TcpListener::bind(ip).await.and_then(Listener::tcp);
                listeners.push(listener.map_err(fault)?);
            }
            Address::Name(name, port) => listeners.extend(bind_name(name, *port, key).await?),
            #[cfg(unix)]
            Address::Unix(path) => {
                let (listener, file) = unix::bind(path).await.map_err(fault)?;
                listeners.push(Listener {
                    socket: ListeningSocket::Unix(listener, Some(file)),
                    place: address.to_string(),
                });
            }
            #[cfg(unix)]
            Address::Systemd => listeners.extend(passed(key)?),
            // Sockets of Unix elsewhere.
            _ => return Err(fault(io::ErrorKind::Unsupported.into())),
        }
    }
    Ok(listeners)
}

/// Listens on each address of a name; with port 0 on the same port of each.
async fn bind_name(name: &str, mut port: u16, key: &str) -> Result<Vec<Listener>, StartError> {
    let resolved = tokio::net::lookup_host((name, port)).await;
    let resolved = resolved
        .map_err(|error| StartError(format!("cannot resolve {name}:{port} ({key}): {error}")))?;
    let mut listeners: Vec<Listener> = Vec::new();
    let mut absent = None;
    for mut address in resolved {
        address.set_port(port);
        let is_bound = |listener: &Listener| listener.address() == Some(address);
        if listeners.iter().any(is_bound) {
            continue;
        }
        match TcpListener::bind(address).await.and_then(Listener::tcp) {
            Ok(listener) => {
                port = listener.address().map_or(port, |address| address.port());
                listeners.push(listener);
            }
            // `localhost` names an address of IPv6 where there is none, in many a container.
            Err(error) if is_absent(&error) => absent = Some((address, error)),
            Err(error) => {
                return Err(StartError(format!(
                    "cannot listen on {address}, an address of {name} ({key}): {error}"
                )));
            }
        }
    }
    match absent {
        Some((address, error)) if listeners.is_empty() => Err(StartError(format!(
            "cannot listen on {address}, an address of {name} ({key}): {error}"
        ))),
        Some((address, error)) => {
            tracing::warn!(%address, %error, "this machine does not have an address of {name}: not listening there");
            Ok(listeners)
        }
        None if listeners.is_empty() => Err(StartError(format!("{name} ({key}) has no address"))),
        None => Ok(listeners),
    }
}

/// Whether the machine does not have this address, or none of its kind.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        // `EAFNOSUPPORT`, which has no kind.
        || cfg!(target_os = "linux") && error.raw_os_error() == Some(97)
}

/// The listeners that systemd passes.
#[cfg(unix)]
fn passed(key: &str) -> Result<Vec<Listener>, StartError> {
    let fault = |fault: io::Error| {
        StartError(format!(
            "cannot take the sockets of systemd ({key}): {fault}"
        ))
    };
    let mut listeners = Vec::new();
    for socket in systemd::sockets().map_err(fault)? {
        let listener = match socket {
            systemd::Passed::Tcp(socket) => TcpListener::from_std(socket).and_then(Listener::tcp),
            systemd::Passed::Unix(socket) => {
                let place = socket.local_addr().ok().and_then(|address| {
                    address
                        .as_pathname()
                        .map(|path| format!("unix:{}", path.display()))
                });
                UnixListener::from_std(socket).map(|listener| Listener {
                    // The file is systemd's.
                    socket: ListeningSocket::Unix(listener, None),
                    place: place.unwrap_or_else(|| "unix:(unnamed)".to_owned()),
                })
            }
        };
        listeners.push(listener.map_err(fault)?);
    }
    match listeners.is_empty() {
        false => Ok(listeners),
        true => Err(StartError(format!(
            "{key} says \"systemd\", and systemd passes no socket: start the service by its .socket unit"
        ))),
    }
}
