//! A client that says whatever a test wants, byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::within;

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
pub const FIN: u8 = 0x80;

/// A correct upgrade request, with more header lines.
pub fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

/// A masked frame; `first` is FIN, RSV and opcode.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    let mask = [1, 2, 3, 4];
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

pub struct Raw<S = TcpStream>(pub S);

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(within(TcpStream::connect(address)).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub async fn send(&mut self, bytes: &[u8]) {
        within(self.0.write_all(bytes)).await.unwrap();
    }

    /// Sends `bytes` again and again until the peer takes no more; how many went out.
    pub async fn send_until_stuck(&mut self, bytes: &[u8], limit: usize) -> usize {
        let mut sent = 0;
        while sent < limit {
            match tokio::time::timeout(
                Duration::from_millis(300),
                self.0.write(&bytes[sent % bytes.len()..]),
            )
            .await
            {
                Ok(Ok(length)) => sent += length,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        sent
    }

    /// A response's head, with the empty line.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(self.0.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Everything until the peer ends, which must not be a reset.
    pub async fn all(&mut self) -> String {
        let mut all = Vec::new();
        within(self.0.read_to_end(&mut all)).await.unwrap();
        String::from_utf8(all).unwrap()
    }

    /// First byte and payload of the next frame.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        within(async {
            let [first, length] = [
                self.0.read_u8().await.unwrap(),
                self.0.read_u8().await.unwrap(),
            ];
            let length = match length {
                126 => self.0.read_u16().await.unwrap() as usize,
                127 => self.0.read_u64().await.unwrap() as usize,
                short => short as usize,
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.unwrap();
            (first, payload)
        })
        .await
    }

    /// The code of the Close frame that must come next, and then the end, without a reset.
    pub async fn closed(&mut self) -> u16 {
        let (first, payload) = self.frame().await;
        assert_eq!(first, FIN | CLOSE, "a Close frame, not {payload:?}");
        assert_eq!(self.all().await, "", "nothing follows a Close frame");
        u16::from_be_bytes([payload[0], payload[1]])
    }

    /// The text frame that must come next.
    pub async fn text(&mut self) -> String {
        let (first, payload) = self.frame().await;
        assert_eq!(first, FIN | TEXT);
        String::from_utf8(payload).unwrap()
    }
}
