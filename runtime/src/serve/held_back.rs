//! A connection while HTTP is spoken on it: input comes from the socket, output is kept here.
//!
//! hyper answers some requests before anybody else sees them. What it would write is looked at first, and leaves in one
//! write.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket, and what was to be written to it: an answer, of which there is one for each connection.
pub(crate) struct HeldBack<S> {
    pub(crate) socket: S,
    pub(crate) output: Vec<u8>,
}

impl<S> HeldBack<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self {
            socket,
            output: Vec::new(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeldBack<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, into)
    }
}

impl<S: Unpin> AsyncWrite for HeldBack<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
