//! The question of a container's health check, asked by the program itself: images need no other for it.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::Admin;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the admin listener of a server on this machine whether it is ready.
///
/// # Errors
/// It is not, or nobody answers.
pub(crate) fn check(admin: &Admin) -> Result<(), String> {
    if !admin.enabled {
        return Err("admin.enabled is false: nobody is there to be asked".to_owned());
    }
    let address = reachable(admin.address);
    match status(address) {
        Ok(head) if head.starts_with(b"HTTP/1.1 200 ") => Ok(()),
        Ok(_) => Err(format!(
            "the server at {address} (admin.address) is not ready"
        )),
        Err(error) => Err(format!("no answer from {address} (admin.address): {error}")),
    }
}

/// The begin of the answer.
fn status(address: SocketAddr) -> io::Result<[u8; 13]> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut head = [0; 13];
    socket.read_exact(&mut head)?;
    Ok(head)
}

/// What listens on all addresses is reached on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What is said to somebody who answers so, on all addresses.
    fn answered(answer: &'static [u8]) -> Result<(), String> {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let admin = Admin {
            enabled: true,
            address: listener.local_addr().unwrap(),
        };
        let answering = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 1024]).unwrap();
            socket.write_all(answer).unwrap();
        });
        let checked = check(&admin);
        answering.join().unwrap();
        checked
    }

    #[test]
    fn only_200_is_healthy() {
        assert_eq!(answered(b"HTTP/1.1 200 OK\r\n\r\n"), Ok(()));
        let fault = answered(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err();
        assert!(fault.contains("is not ready"), "{fault}");
        assert!(
            answered(b"")
                .unwrap_err()
                .contains("no answer from 127.0.0.1:")
        );
    }
}
