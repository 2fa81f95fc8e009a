use futures_util::SinkExt;
use yawc::{CompressionLevel, Frame, HttpRequest, OpCode, Options, WebSocket};

use crate::tap::Tap;
use crate::{Agreed, Ask, Client, Message, Outcome};

pub struct Connection(WebSocket<Tap>);

impl Client for Connection {
    async fn open(ask: Ask) -> Outcome<(Self, Agreed)> {
        let (tap, answer) = Tap::connect(&ask.url).await?;
        let mut request = HttpRequest::builder();
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let options = Options::default().with_limits(2 << 20, 4 << 20);
        let options = match ask.deflate {
            true => options.with_compression_level(CompressionLevel::default()),
            false => options.without_compression(),
        };
        let opened = WebSocket::handshake_with_request(ask.url.parse()?, tap, options, request).await;
        let agreed = answer.agreed()?;
        Ok((Self(opened?), agreed))
    }

    async fn send(&mut self, message: Message) -> Outcome {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
            Message::Ping(bytes) => Frame::ping(bytes),
            Message::Pong(bytes) => Frame::pong(bytes),
            Message::Close(code, reason) => Frame::close(code.into(), reason),
        };
        Ok(self.0.send(frame).await?)
    }

    async fn receive(&mut self) -> Outcome<Message> {
        let frame = self.0.next_frame().await?;
        Ok(match frame.opcode() {
            OpCode::Text => Message::Text(frame.as_str().to_owned()),
            OpCode::Ping => Message::Ping(frame.into_payload().into()),
            OpCode::Pong => Message::Pong(frame.into_payload().into()),
            OpCode::Close => {
                let code = frame.close_code().ok_or("a Close without a code")?;
                let reason = frame.close_reason()?.unwrap_or_default();
                Message::Close(code.into(), reason.to_owned())
            }
            _ => Message::Binary(frame.into_payload().into()),
        })
    }

    async fn fragments(&mut self, [first, second, third]: [&str; 3]) -> Outcome {
        self.0.send(Frame::text(first.to_owned()).with_fin(false)).await?;
        self.0.send(Frame::continuation(second.to_owned()).with_fin(false)).await?;
        Ok(self.0.send(Frame::continuation(third.to_owned())).await?)
    }
}
