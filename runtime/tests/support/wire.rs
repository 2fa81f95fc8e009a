//! One of many clients under load: frames by hand, compressed where that is agreed on, read as fast as the test wants, and
//! every end is told apart.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::PATIENCE;
use super::raw::{CLOSE, FIN, PING, PONG, TEXT, frame, upgrade};

const RSV1: u8 = 0x40;
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// How a connection ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// By a Close frame with this code.
    Closed(u16),
    /// TCP ended, or was reset, without one.
    Gone,
    /// The upgrade was refused with this answer.
    Refused(String),
    /// It goes on, and should not: what is wrong.
    Wrong(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(code) => write!(f, "closed with {code}"),
            Self::Gone => f.write_str("gone"),
            Self::Refused(head) => write!(f, "not upgraded: {head}"),
            Self::Wrong(what) => f.write_str(what),
        }
    }
}

pub struct Wire {
    socket: TcpStream,
    received: Vec<u8>,
    deflate: Option<Deflate>,
}

struct Deflate {
    compress: Compress,
    decompress: Decompress,
    client_keeps: bool,
    server_keeps: bool,
}

impl Wire {
    /// Opens a connection, which offers compression or does not.
    pub async fn open(address: SocketAddr, offers: bool) -> Result<Self, End> {
        let socket = TcpStream::connect(address).await.map_err(|_| End::Gone)?;
        Self::over(socket, offers).await
    }

    /// One for which the system keeps little that is not read.
    pub async fn narrow(address: SocketAddr) -> Result<Self, End> {
        let socket = TcpSocket::new_v4().map_err(|_| End::Gone)?;
        socket.set_recv_buffer_size(4096).map_err(|_| End::Gone)?;
        let socket = socket.connect(address).await.map_err(|_| End::Gone)?;
        Self::over(socket, false).await
    }

    async fn over(socket: TcpStream, offers: bool) -> Result<Self, End> {
        let mut wire = Self {
            socket,
            received: Vec::new(),
            deflate: None,
        };
        let request = upgrade("/rooms/soak", if offers { OFFER } else { "" });
        wire.write(request.as_bytes()).await?;
        let until = Instant::now() + PATIENCE;
        let end = loop {
            if let Some(end) = wire
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                break end + 4;
            }
            if !wire.read(until).await? {
                return Err(End::Wrong("no answer to an upgrade".to_owned()));
            }
        };
        let head: Vec<u8> = wire.received.drain(..end).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        if !head.starts_with("HTTP/1.1 101 ") {
            return Err(End::Refused(head));
        }
        if head.contains("permessage-deflate") {
            wire.deflate = Some(Deflate {
                compress: Compress::new(Compression::fast(), false),
                decompress: Decompress::new(false),
                client_keeps: !head.contains("client_no_context_takeover"),
                server_keeps: !head.contains("server_no_context_takeover"),
            });
        }
        Ok(wire)
    }

    pub async fn send(&mut self, text: &str) -> Result<(), End> {
        let bytes = self.encoded(text);
        self.write(&bytes).await
    }

    /// Sends several in one piece.
    pub async fn send_all(&mut self, texts: &[String]) -> Result<(), End> {
        let mut bytes = Vec::new();
        for text in texts {
            bytes.extend(self.encoded(text));
        }
        self.write(&bytes).await
    }

    fn encoded(&mut self, text: &str) -> Vec<u8> {
        let Some(deflate) = &mut self.deflate else {
            return frame(FIN | TEXT, text.as_bytes());
        };
        if !deflate.client_keeps {
            deflate.compress.reset();
        }
        let mut bytes = Vec::with_capacity(text.len() + 1024);
        deflate
            .compress
            .compress_vec(text.as_bytes(), &mut bytes, FlushCompress::Sync)
            .unwrap();
        assert!(bytes.ends_with(&[0, 0, 0xFF, 0xFF]));
        bytes.truncate(bytes.len() - 4);
        frame(FIN | RSV1 | TEXT, &bytes)
    }

    /// Says that it lives, though it reads little.
    pub async fn pong(&mut self) -> Result<(), End> {
        self.write(&frame(FIN | PONG, b"")).await
    }

    /// Bytes of any kind. That the server takes no more is told by what it has said before, which is to be read.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        match tokio::time::timeout(PATIENCE, self.socket.write_all(bytes)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(End::Wrong("the server reads nothing".to_owned())),
        }
    }

    /// What the next message says, or `None` if none has come by then; pings are answered.
    pub async fn next(&mut self, until: Instant) -> Result<Option<String>, End> {
        loop {
            while let Some((first, payload)) = self.take_frame()? {
                match first {
                    first if first == FIN | PING => {
                        self.write(&frame(FIN | PONG, &payload)).await?
                    }
                    first if first == FIN | PONG => {}
                    first if first == FIN | CLOSE => return Err(closed(&payload)),
                    first if first == FIN | TEXT => return said(payload).map(Some),
                    first if first == FIN | RSV1 | TEXT => {
                        return said(self.inflated(payload)?).map(Some);
                    }
                    first => return Err(End::Wrong(format!("a frame that begins {first:#x}"))),
                }
            }
            if !self.read(until).await? {
                return Ok(None);
            }
        }
    }

    /// The next message, which must come.
    pub async fn text(&mut self) -> Result<String, End> {
        match self.next(Instant::now() + PATIENCE).await? {
            Some(text) => Ok(text),
            None => Err(End::Wrong("what had to come did not".to_owned())),
        }
    }

    /// Closes it, and reads to the answer.
    pub async fn close(mut self) -> End {
        if let Err(end) = self
            .write(&frame(FIN | CLOSE, &1000_u16.to_be_bytes()))
            .await
        {
            return end;
        }
        self.end().await
    }

    /// Reads to the end, which must come.
    pub async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.text().await {
                return end;
            }
        }
    }

    /// Reads a few bytes, if there are any; they are to be understood later.
    pub async fn sip(&mut self, most: usize) -> Result<(), End> {
        let mut some = vec![0; most];
        let read = self.socket.read(&mut some);
        match tokio::time::timeout(Duration::from_millis(1), read).await {
            Ok(Ok(0) | Err(_)) => Err(End::Gone),
            Ok(Ok(length)) => {
                self.received.extend(&some[..length]);
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    /// Reads something; whether it came by then.
    async fn read(&mut self, until: Instant) -> Result<bool, End> {
        let read = self.socket.read_buf(&mut self.received);
        match tokio::time::timeout_at(until, read).await {
            Ok(Ok(0) | Err(_)) => Err(End::Gone),
            Ok(Ok(_)) => Ok(true),
            Err(_) => Ok(false),
        }
    }

    /// First byte and payload of the next frame, if all of it is here.
    fn take_frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, End> {
        let bytes = &self.received;
        let (Some(first), Some(short)) = (bytes.first(), bytes.get(1)) else {
            return Ok(None);
        };
        let (head, length) = match short {
            0..=125 => (2, usize::from(*short)),
            126 if bytes.len() >= 4 => (4, u16::from_be_bytes([bytes[2], bytes[3]]).into()),
            126 => return Ok(None),
            _ => return Err(End::Wrong("a frame over every limit".to_owned())),
        };
        let first = *first;
        if bytes.len() < head + length {
            return Ok(None);
        }
        let payload = bytes[head..head + length].to_vec();
        self.received.drain(..head + length);
        Ok(Some((first, payload)))
    }

    fn inflated(&mut self, mut payload: Vec<u8>) -> Result<Vec<u8>, End> {
        let Some(deflate) = &mut self.deflate else {
            return Err(End::Wrong("compressed without an agreement".to_owned()));
        };
        if !deflate.server_keeps {
            deflate.decompress.reset(false);
        }
        payload.extend([0, 0, 0xFF, 0xFF]);
        let mut text = Vec::with_capacity(256 * 1024);
        deflate
            .decompress
            .decompress_vec(&payload, &mut text, FlushDecompress::Sync)
            .map_err(|error| End::Wrong(format!("compressed data that is none: {error}")))?;
        Ok(text)
    }
}

fn closed(payload: &[u8]) -> End {
    match payload {
        [high, low, ..] => End::Closed(u16::from_be_bytes([*high, *low])),
        _ => End::Closed(1005),
    }
}

/// The text of a message of the server.
fn said(payload: Vec<u8>) -> Result<String, End> {
    let message: Value = serde_json::from_slice(&payload)
        .map_err(|error| End::Wrong(format!("a message that is no JSON: {error}")))?;
    match message["text"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(End::Wrong(format!("an unexpected message: {message}"))),
    }
}
