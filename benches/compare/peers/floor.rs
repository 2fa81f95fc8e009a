//! Bare sockets: what comes in goes out, and no frame is looked at.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::encrypted::{self, Accepted};

/// Any answer will do.
const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// Those who get everything that is sent at `/fanout`.
type Members = Arc<Mutex<Vec<Arc<TcpStream>>>>;

pub(super) async fn serve(listener: TcpListener) -> io::Result<()> {
    let members = Members::default();
    super::accept(listener, |socket| {
        let members = members.clone();
        async move {
            let _ = converse(socket, &members).await;
        }
    })
    .await
}

/// The same by TLS, without the fan-out.
pub(super) async fn serve_encrypted(listener: TcpListener) -> io::Result<()> {
    let acceptor = encrypted::acceptor()?;
    super::accept(listener, |socket| {
        let acceptor = acceptor.clone();
        async move {
            let _ = async {
                let mut socket: Accepted = acceptor.accept(socket).await?;
                let mut buffer = vec![0; 64 * 1024];
                shake_hands(&mut socket, &mut buffer).await?;
                echo(socket, &mut buffer).await
            }
            .await;
        }
    })
    .await
}

async fn converse(mut socket: TcpStream, members: &Members) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    shake_hands(&mut socket, &mut buffer).await?;
    if buffer.starts_with(b"GET /fanout ") {
        return spread(socket, members, &mut buffer).await;
    }
    echo(socket, &mut buffer).await
}

async fn shake_hands(
    socket: &mut (impl AsyncRead + AsyncWrite + Unpin),
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut length = 0;
    while !buffer[..length].ends_with(b"\r\n\r\n") {
        match socket.read(&mut buffer[length..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => length += read,
        }
    }
    socket.write_all(SWITCHING).await?;
    socket.flush().await
}

async fn echo(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    buffer: &mut [u8],
) -> io::Result<()> {
    // Closed by the client's Close frame, whose first byte is no other frame's.
    loop {
        let length = socket.read(buffer).await?;
        if length == 0 || buffer[0] == 0x88 {
            return Ok(());
        }
        socket.write_all(&buffer[..length]).await?;
        socket.flush().await?;
    }
}

/// Writes to all from one task: no queue and no wake-up between.
async fn spread(socket: TcpStream, members: &Members, buffer: &mut [u8]) -> io::Result<()> {
    let socket = Arc::new(socket);
    let lock = || members.lock().unwrap_or_else(PoisonError::into_inner);
    lock().push(socket.clone());
    loop {
        socket.readable().await?;
        let length = match socket.try_read(buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        for member in lock().iter() {
            // There is always room: the members read everything before the next is sent.
            let _ = member.try_write(&buffer[..length]);
        }
    }
    lock().retain(|member| !Arc::ptr_eq(member, &socket));
    Ok(())
}
