//! A connection that remembers the server's answer to the handshake, for clients that keep it to themselves.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::{io, str};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::{Agreed, Outcome, Refused};

pub struct Tap {
    socket: TcpStream,
    answer: Answer,
}

#[derive(Clone, Default)]
pub struct Answer(Arc<Mutex<Vec<u8>>>);

impl Tap {
    /// Connects to the host of a URL.
    pub async fn connect(url: &str) -> Outcome<(Self, Answer)> {
        let url = url::Url::parse(url)?;
        let address = (url.host_str().unwrap(), url.port().unwrap());
        let socket = TcpStream::connect(address).await?;
        let answer = Answer::default();
        Ok((Self { socket, answer: answer.clone() }, answer))
    }
}

impl Answer {
    /// What the server agreed to, or its refusal.
    pub fn agreed(&self) -> Outcome<Agreed> {
        let bytes = self.0.lock().unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no answer")?;
        let head = str::from_utf8(&bytes[..end])?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        if status != 101 {
            return Err(Refused(status).into());
        }
        let header = |wanted: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            headers.find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then(|| value.to_owned()))
        };
        Ok(Agreed {
            protocol: header("sec-websocket-protocol"),
            extensions: header("sec-websocket-extensions"),
        })
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        let mut answer = self.answer.0.lock().unwrap();
        if answer.len() < 4096 {
            answer.extend_from_slice(&buf.filled()[before..]);
        }
        read
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
