use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{ClientBuilder, CloseCode, Config, Limits, Message as Native, WebSocketStream};

use crate::tap::Tap;
use crate::{Agreed, Ask, Client, Message, Outcome};

pub struct Connection(WebSocketStream<Tap>);

impl Client for Connection {
    const LACKS: &[&str] = &["deflate"];

    async fn open(ask: Ask) -> Outcome<(Self, Agreed)> {
        let (tap, answer) = Tap::connect(&ask.url).await?;
        let limits = Limits::default().max_payload_len(Some(2 << 20));
        let mut builder = ClientBuilder::new().uri(&ask.url)?.limits(limits);
        if ask.small_frames {
            builder = builder.config(Config::default().frame_size(16));
        }
        for (name, value) in ask.headers {
            builder = builder.add_header(name.parse()?, value.parse()?)?;
        }
        let opened = builder.connect_on(tap).await;
        let agreed = answer.agreed()?;
        Ok((Self(opened?.0), agreed))
    }

    async fn send(&mut self, message: Message) -> Outcome {
        let message = match message {
            Message::Text(text) => Native::text(text),
            Message::Binary(bytes) => Native::binary(bytes),
            Message::Ping(bytes) => Native::ping(bytes),
            Message::Pong(bytes) => Native::pong(bytes),
            Message::Close(code, reason) => Native::close(Some(CloseCode::try_from(code)?), &reason),
        };
        Ok(self.0.send(message).await?)
    }

    async fn receive(&mut self) -> Outcome<Message> {
        let message = self.0.next().await.ok_or("the end")??;
        if let Some((code, reason)) = message.as_close() {
            return Ok(Message::Close(code.into(), reason.to_owned()));
        }
        if let Some(text) = message.as_text() {
            return Ok(Message::Text(text.to_owned()));
        }
        let bytes = message.as_payload().to_vec();
        Ok(match (message.is_ping(), message.is_pong()) {
            (true, _) => Message::Ping(bytes),
            (_, true) => Message::Pong(bytes),
            _ => Message::Binary(bytes),
        })
    }
}
