use futures_util::{SinkExt, StreamExt};
use reqwest_websocket::{Error, HandshakeError, Message as Native, Upgrade, WebSocket};

use crate::{Agreed, Ask, Client, Message, Outcome, Refused};

pub struct Connection(WebSocket);

impl Client for Connection {
    const LACKS: &[&str] = &["deflate", "fragments"];

    async fn open(ask: Ask) -> Outcome<(Self, Agreed)> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut request = client.get(&ask.url);
        let mut protocols = Vec::new();
        for (name, value) in ask.headers {
            match name {
                "sec-websocket-protocol" => protocols = value.split(", ").map(str::to_owned).collect(),
                _ => request = request.header(name, value),
            }
        }
        let response = request.upgrade().protocols(protocols).send().await?;
        let socket = response.into_websocket().await.map_err(refusal)?;
        let protocol = socket.protocol().map(str::to_owned);
        Ok((Self(socket), Agreed { protocol, extensions: None }))
    }

    async fn send(&mut self, message: Message) -> Outcome {
        let message = match message {
            Message::Text(text) => Native::Text(text),
            Message::Binary(bytes) => Native::Binary(bytes.into()),
            Message::Ping(bytes) => Native::Ping(bytes.into()),
            Message::Pong(bytes) => Native::Pong(bytes.into()),
            Message::Close(code, reason) => Native::Close { code: code.into(), reason },
        };
        Ok(self.0.send(message).await?)
    }

    async fn receive(&mut self) -> Outcome<Message> {
        Ok(match self.0.next().await.ok_or("the end")?? {
            Native::Text(text) => Message::Text(text),
            Native::Binary(bytes) => Message::Binary(bytes.into()),
            Native::Ping(bytes) => Message::Ping(bytes.into()),
            Native::Pong(bytes) => Message::Pong(bytes.into()),
            Native::Close { code, reason } => Message::Close(code.into(), reason),
        })
    }
}

fn refusal(error: Error) -> Box<dyn std::error::Error> {
    match error {
        Error::Handshake(HandshakeError::UnexpectedStatusCode(status)) => Refused(status.as_u16()).into(),
        other => other.into(),
    }
}
