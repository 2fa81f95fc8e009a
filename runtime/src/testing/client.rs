//! A WebSocket client that can do what the examples of a document need, and no more.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wsgen_protocol::Message;

/// An open connection.
pub(super) struct Client(TcpStream);

impl Client {
    /// Connects; the error has the answer of a server that does not want the connection.
    pub(super) async fn connect(
        address: SocketAddr,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        if head.starts_with(b"HTTP/1.1 101 ") {
            return Ok(Self(stream));
        }
        // The server closes the connection after it has said why.
        stream.read_to_end(&mut head).await?;
        Err(Error::other(String::from_utf8_lossy(&head).into_owned()))
    }

    /// Sends a message as one frame, masked as RFC 6455, section 5.3, asks clients to.
    pub(super) async fn send(&mut self, message: &Message) -> Result<()> {
        const MASK: [u8; 4] = [1, 2, 3, 4];
        let payload = message.as_bytes();
        let mut frame = vec![match message {
            Message::Text(_) => 0x81,
            Message::Binary(_) => 0x82,
        }];
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(length @ 0..=125), _) => frame.push(0x80 | length),
            (_, Ok(length)) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend(MASK);
        let masked = payload.iter().zip(MASK.iter().cycle());
        frame.extend(masked.map(|(byte, mask)| byte ^ mask));
        self.0.write_all(&frame).await
    }

    /// The text of the next frame, which has to be a whole one of at most 64 KiB.
    pub(super) async fn text(&mut self) -> Result<String> {
        let first = self.0.read_u8().await?;
        let length = match self.0.read_u8().await? {
            126 => self.0.read_u16().await?,
            length => u16::from(length),
        };
        let mut payload = vec![0; usize::from(length)];
        self.0.read_exact(&mut payload).await?;
        let text = String::from_utf8_lossy(&payload).into_owned();
        match first {
            0x81 => Ok(text),
            _ => Err(Error::new(
                ErrorKind::InvalidData,
                format!("no text, but {text:?}"),
            )),
        }
    }
}
