//! A client that plays by the rules, or a server by hand for one.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;

use futures_core::Stream;
use futures_sink::Sink;
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};

use super::within;

pub struct Client(WebSocketStream<TcpStream>);

impl Client {
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        within(async {
            let socket = TcpStream::connect(address).await.unwrap();
            let uri = format!("ws://{address}{path}");
            let builder = ClientBuilder::new().uri(&uri).unwrap();
            Self(builder.connect_on(socket).await.unwrap().0)
        })
        .await
    }

    /// The other end of the next connection to `listener`.
    #[cfg(feature = "client")]
    pub async fn accept(listener: &tokio::net::TcpListener) -> Self {
        within(async {
            let (socket, _) = listener.accept().await.unwrap();
            Self(
                tokio_websockets::ServerBuilder::new()
                    .accept(socket)
                    .await
                    .unwrap()
                    .1,
            )
        })
        .await
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into())).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        within(async {
            poll_fn(|cx| Pin::new(&mut self.0).poll_ready(cx))
                .await
                .unwrap();
            Pin::new(&mut self.0).start_send(message).unwrap();
            poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx))
                .await
                .unwrap();
        })
        .await;
    }

    pub async fn next(&mut self) -> Option<Result<Message, tokio_websockets::Error>> {
        within(poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx))).await
    }

    /// The next that is no ping: where a test takes long, the server's heartbeat comes between.
    async fn next_but_pings(&mut self) -> Option<Message> {
        loop {
            let message = self.next().await?.unwrap();
            if !message.is_ping() {
                return Some(message);
            }
        }
    }

    /// The next text; anything else but pings fails the test.
    pub async fn text(&mut self) -> String {
        let message = self.next_but_pings().await;
        let message = message.expect("the connection is open");
        message
            .as_text()
            .unwrap_or_else(|| panic!("no text: {message:?}"))
            .to_owned()
    }

    /// The code and reason of the Close frame that must come next, then the end of TCP.
    pub async fn closed(&mut self) -> (u16, String) {
        let message = self.next_but_pings().await;
        let message = message.expect("a Close frame before the end");
        let (code, reason) = message
            .as_close()
            .unwrap_or_else(|| panic!("no Close: {message:?}"));
        let closed = (code.into(), reason.to_owned());
        assert!(self.next().await.is_none(), "nothing follows a Close frame");
        closed
    }

    pub async fn close(&mut self) {
        within(poll_fn(|cx| Pin::new(&mut self.0).poll_close(cx)))
            .await
            .unwrap();
    }
}
