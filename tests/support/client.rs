//! A WebSocket client that this project did not write, and a socket for what it would not say.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;

use futures_core::Stream;
use futures_sink::Sink;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};

use super::within;

/// A client of tokio-websockets.
pub struct Client(WebSocketStream<TcpStream>);

impl Client {
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        Self::with_headers(address, path, &[]).await
    }

    pub async fn with_headers(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Self {
        within(async {
            let socket = TcpStream::connect(address).await.unwrap();
            let uri = format!("ws://{address}{path}");
            let mut builder = ClientBuilder::new().uri(&uri).unwrap();
            for (name, value) in headers {
                builder = builder
                    .add_header(name.parse().unwrap(), value.parse().unwrap())
                    .unwrap();
            }
            Self(builder.connect_on(socket).await.unwrap().0)
        })
        .await
    }

    /// Sends JSON as text.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text.to_owned())).await;
    }

    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send_message(Message::binary(bytes.to_vec())).await;
    }

    async fn send_message(&mut self, message: Message) {
        within(async {
            let mut socket = Pin::new(&mut self.0);
            poll_fn(|cx| socket.as_mut().poll_ready(cx)).await.unwrap();
            socket.as_mut().start_send(message).unwrap();
            poll_fn(|cx| socket.as_mut().poll_flush(cx)).await.unwrap();
        })
        .await;
    }

    /// The next message, which must be JSON.
    pub async fn receive(&mut self) -> Value {
        let message = self.next().await.expect("the connection is open");
        let text = message.as_text();
        let text = text.unwrap_or_else(|| panic!("a text, not {message:?}"));
        serde_json::from_str(text).unwrap()
    }

    /// Receives until a message of this `type` comes.
    pub async fn receive_type(&mut self, wanted: &str) -> Value {
        loop {
            let message = self.receive().await;
            if message["type"] == wanted {
                return message;
            }
        }
    }

    /// The code of the Close frame that must come next, then the end of TCP.
    pub async fn closed(&mut self) -> u16 {
        self.closed_after("").await
    }

    /// The code of the Close frame that must come next, but for messages of this `type`; then the end of TCP.
    pub async fn closed_after(&mut self, ignored: &str) -> u16 {
        loop {
            let message = self.next().await.expect("a Close frame before the end");
            if let Some((code, _)) = message.as_close() {
                assert!(self.next().await.is_none(), "nothing follows a Close frame");
                return code.into();
            }
            let text = message.as_text().unwrap_or_default();
            let other: Value = serde_json::from_str(text).unwrap();
            assert_eq!(other["type"], ignored, "a Close frame, not {text}");
        }
    }

    /// Closes the connection and waits until the server has agreed.
    pub async fn close(mut self) {
        within(poll_fn(|cx| Pin::new(&mut self.0).poll_close(cx)))
            .await
            .unwrap();
        while self.next().await.is_some() {}
    }

    async fn next(&mut self) -> Option<Message> {
        let next = within(poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx))).await;
        next.map(Result::unwrap)
    }
}

/// Sends a request over plain TCP; what comes back until the server ends the connection.
pub async fn request(address: SocketAddr, request: &str) -> String {
    within(async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    })
    .await
}

/// A correct upgrade request by somebody who wants the answer alone, with more header lines.
pub fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}
