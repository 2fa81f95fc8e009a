//! A WebSocket client that can do what the examples of a document need, and no more.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use wsgen_protocol::Message;
use wsgen_protocol::close::close_payload;

/// Opcodes (RFC 6455, section 5.2), and the bit of a frame that ends its message.
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;

/// An open connection.
#[derive(Debug)]
pub(super) struct Client<S>(S);

/// What a server sends.
#[derive(Debug)]
pub(super) enum Received {
    /// A message in one frame.
    Message(Message),
    /// The end, with its code and its reason.
    Close(Option<u16>, String),
    /// What a pong has to repeat.
    Ping(Vec<u8>),
}

impl Client<TcpStream> {
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

    /// The text of the next frame.
    pub(super) async fn text(&mut self) -> Result<String> {
        match self.next().await? {
            Received::Message(Message::Text(text)) => Ok(text.into()),
            other => Err(Error::new(
                ErrorKind::InvalidData,
                format!("no text, but {other:?}"),
            )),
        }
    }
}

impl<S> Client<S> {
    /// On a connection that is a WebSocket.
    pub(super) fn new(stream: S) -> Self {
        Self(stream)
    }
}

impl<S: AsyncWrite + Unpin> Client<S> {
    /// Sends a message as one frame, masked as RFC 6455, section 5.3, asks clients to.
    pub(super) async fn send(&mut self, message: &Message) -> Result<()> {
        let opcode = match message {
            Message::Text(_) => TEXT,
            Message::Binary(_) => BINARY,
        };
        self.send_frame(opcode, message.as_bytes()).await
    }

    /// Begins the end.
    pub(super) async fn close(&mut self, code: u16, reason: &str) -> Result<()> {
        let payload = close_payload(code, reason);
        self.send_frame(CLOSE, &payload).await
    }

    /// Answers a ping.
    pub(super) async fn pong(&mut self, payload: &[u8]) -> Result<()> {
        self.send_frame(PONG, payload).await
    }

    async fn send_frame(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        const MASK: [u8; 4] = [1, 2, 3, 4];
        let mut frame = vec![FINAL | opcode];
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
}

impl<S: AsyncRead + Unpin> Client<S> {
    /// What comes next. A server sends every message in one frame.
    pub(super) async fn next(&mut self) -> Result<Received> {
        loop {
            let first = self.0.read_u8().await?;
            let length = match self.0.read_u8().await? {
                126 => u64::from(self.0.read_u16().await?),
                127 => self.0.read_u64().await?,
                length => u64::from(length),
            };
            let mut payload = vec![0; usize::try_from(length).map_err(Error::other)?];
            self.0.read_exact(&mut payload).await?;
            let text = |payload| {
                String::from_utf8(payload)
                    .map_err(|error| Error::new(ErrorKind::InvalidData, error))
            };
            match first ^ FINAL {
                TEXT => return Ok(Received::Message(Message::from(text(payload)?))),
                BINARY => return Ok(Received::Message(Message::from(payload))),
                CLOSE => {
                    let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    let reason = payload.split_off(payload.len().min(2));
                    return Ok(Received::Close(code, text(reason)?));
                }
                PING => return Ok(Received::Ping(payload)),
                PONG => {}
                _ => {
                    let fault = format!("a frame that begins with {first:#x}");
                    return Err(Error::new(ErrorKind::InvalidData, fault));
                }
            }
        }
    }
}
