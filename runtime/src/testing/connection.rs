//! A client's end of a connection in memory.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use tokio::io::{DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use wsgen_protocol::Message;

use super::client::{Client, Received};
use super::expected::{assert_is, in_time};
use crate::codegen::{Channel, to_json};

/// A client of [`TestServer`](super::TestServer), on the channel `C`. Dropping it hangs up.
pub struct Connection<C> {
    writer: Arc<Mutex<Writer>>,
    received: mpsc::UnboundedReceiver<Received>,
    /// Reads while the test does something else, so that a server never waits for its client.
    reader: JoinHandle<()>,
    channel: PhantomData<fn() -> C>,
}

type Writer = Client<WriteHalf<DuplexStream>>;

impl<C: Channel> Connection<C> {
    /// On a connection that is a WebSocket.
    pub(super) fn new(stream: DuplexStream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let writer = Arc::new(Mutex::new(Client::new(writer)));
        let (to, received) = mpsc::unbounded_channel();
        Self {
            reader: tokio::spawn(read(Client::new(reader), writer.clone(), to)),
            writer,
            received,
            channel: PhantomData,
        }
    }

    /// Sends a message of the document as JSON in a text frame: a payload of the generated module `messages`.
    ///
    /// # Panics
    /// When it cannot be written as JSON, or the connection is closed.
    pub async fn send(&mut self, payload: &impl Serialize) {
        match to_json(payload) {
            Ok(message) => self.send_frame(message).await,
            Err(error) => panic!("the message cannot be sent: {error}"),
        }
    }

    /// Sends a text or binary message as it is.
    ///
    /// # Panics
    /// When the connection is closed.
    pub async fn send_frame(&mut self, message: impl Into<Message>) {
        let sent = self.writer.lock().await.send(&message.into()).await;
        if let Err(error) = sent {
            panic!("the connection is closed: {error}");
        }
    }

    /// The next message.
    ///
    /// # Panics
    /// When the connection is closed, or nothing comes for 20 s.
    pub async fn receive(&mut self) -> Message {
        match in_time("a message", self.received.recv()).await {
            Some(Received::Message(message)) => message,
            Some(other) => panic!("no message, but {other:?}"),
            None => panic!("no message: the connection is gone"),
        }
    }

    /// Waits for the next message, which has to be this one.
    ///
    /// # Panics
    /// When another one comes, or none.
    pub async fn expect(&mut self, message: impl Into<C::Outbound>) {
        let received = self.receive().await;
        assert_is(&received, message.into());
    }

    /// Closes the connection, and waits for the server's end of it, whatever comes before: its code, if there is one, and its
    /// reason. The code is the one given here unless the server has closed the connection before.
    ///
    /// # Panics
    /// When that does not come within 20 s.
    pub async fn close(&mut self, code: u16, reason: &str) -> (Option<u16>, String) {
        // Where it is closed already, that is what was wanted.
        let _ = self.writer.lock().await.close(code, reason).await;
        loop {
            match in_time("the end", self.received.recv()).await {
                Some(Received::Close(code, reason)) => return (code, reason),
                Some(_) => {}
                None => return (None, String::new()),
            }
        }
    }

    /// Waits for the server's end of the connection: its code, if there is one, and its reason.
    ///
    /// # Panics
    /// When a message comes before, or nothing for 20 s.
    pub async fn closed(&mut self) -> (Option<u16>, String) {
        match in_time("the end", self.received.recv()).await {
            Some(Received::Close(code, reason)) => (code, reason),
            Some(other) => panic!("no end, but {other:?}"),
            None => (None, String::new()),
        }
    }
}

impl<C> fmt::Debug for Connection<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl<C> Drop for Connection<C> {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Keeps what comes, and answers pings.
async fn read(
    mut reader: Client<ReadHalf<DuplexStream>>,
    writer: Arc<Mutex<Writer>>,
    to: mpsc::UnboundedSender<Received>,
) {
    // At an error the connection is gone, and whoever waits for a message sees that.
    while let Ok(received) = reader.next().await {
        match received {
            Received::Ping(payload) => {
                let _ = writer.lock().await.pong(&payload).await;
            }
            received => drop(to.send(received)),
        }
    }
}
