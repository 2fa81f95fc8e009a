//! A connection's bytes, in the clear or by TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

/// The socket of a connection.
pub(crate) enum Socket {
    /// Bytes as they are.
    Plain(TcpStream),
    /// The same from this machine.
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    /// Bytes by TLS. Boxed, since it is twenty times the size.
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    /// Bytes in memory, for the tests of handlers.
    Memory(DuplexStream),
    /// What the application has upgraded, whatever is below.
    #[cfg(feature = "tower")]
    Upgraded(hyper_util::rt::TokioIo<hyper::upgrade::Upgraded>),
}

impl Socket {
    /// Sends what is written at once: without it a reply waits for the peer's delayed acknowledgement.
    pub(crate) fn send_at_once(&self) {
        match self {
            Self::Plain(socket) => {
                // A fault shows again at the first read.
                let _ = socket.set_nodelay(true);
            }
            #[cfg(unix)]
            Self::Unix(_) => {}
            Self::Memory(_) => {}
            #[cfg(feature = "tls")]
            Self::Tls(_) => {}
            #[cfg(feature = "tower")]
            Self::Upgraded(_) => {}
        }
    }

    /// The certificate that the client has shown and that is verified, DER.
    pub(crate) fn certificate(&self) -> Option<Bytes> {
        match self {
            Self::Plain(_) | Self::Memory(_) => None,
            #[cfg(unix)]
            Self::Unix(_) => None,
            #[cfg(feature = "tls")]
            Self::Tls(socket) => {
                let first = socket.get_ref().1.peer_certificates()?.first()?;
                Some(Bytes::copy_from_slice(first))
            }
            #[cfg(feature = "tower")]
            Self::Upgraded(_) => None,
        }
    }
}

/// Calls the same method of whichever socket it is.
macro_rules! forward {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).$method($($argument),*),
            Self::Memory(socket) => Pin::new(socket).$method($($argument),*),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).$method($($argument),*),
            #[cfg(feature = "tls")]
            Self::Tls(socket) => Pin::new(socket.as_mut()).$method($($argument),*),
            #[cfg(feature = "tower")]
            Self::Upgraded(socket) => Pin::new(socket).$method($($argument),*),
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        forward!(self.poll_read(cx, into))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(self.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forward!(self.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self.poll_shutdown(cx))
    }
}

/// Writes the last that a connection gets, and closes it. A client that does not hang up within `deadline` is cut off.
pub(crate) async fn say_goodbye(
    deadline: Duration,
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    last_words: &[u8],
) {
    let end = async {
        // Whoever is gone needs no answer.
        let _ = socket.write_all(last_words).await;
        end_gracefully(socket).await;
    };
    let _ = tokio::time::timeout(deadline, end).await;
}

/// Closes a socket so that what was written last arrives: a socket closed with unread input is reset, and the reset
/// overtakes the output. So the peer's end is awaited; put a deadline around it.
pub(crate) async fn end_gracefully(mut socket: impl AsyncRead + AsyncWrite + Unpin) {
    let mut dropped = [0; 4096];
    if socket.shutdown().await.is_ok() {
        while socket
            .read(&mut dropped)
            .await
            .is_ok_and(|length| length > 0)
        {}
    }
}
