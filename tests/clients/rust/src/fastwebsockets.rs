use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, handshake};
use http_body_util::Empty;
use hyper::Request;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::tap::Tap;
use crate::{Agreed, Ask, Client, Message, Outcome};

pub struct Connection(FragmentCollector<TokioIo<Upgraded>>);

impl Client for Connection {
    const LACKS: &[&str] = &["deflate"];

    async fn open(ask: Ask) -> Outcome<(Self, Agreed)> {
        let (tap, answer) = Tap::connect(&ask.url).await?;
        let mut request = Request::get(&ask.url)
            .header("host", url::Url::parse(&ask.url)?.authority())
            .header("upgrade", "websocket")
            .header("connection", "upgrade")
            .header("sec-websocket-key", handshake::generate_key())
            .header("sec-websocket-version", "13");
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(Empty::<Bytes>::new())?;
        let opened = handshake::client(&TokioExecutor::new(), request, tap).await;
        let agreed = answer.agreed()?;
        let (mut socket, _) = opened?;
        socket.set_max_message_size(2 << 20);
        // A Close that it answers by itself it does not hand out.
        socket.set_auto_close(false);
        Ok((Self(FragmentCollector::new(socket)), agreed))
    }

    async fn send(&mut self, message: Message) -> Outcome {
        let frame = match message {
            Message::Text(text) => Frame::text(Payload::Owned(text.into())),
            Message::Binary(bytes) => Frame::binary(Payload::Owned(bytes)),
            Message::Ping(bytes) => Frame::new(true, OpCode::Ping, None, Payload::Owned(bytes)),
            Message::Pong(bytes) => Frame::pong(Payload::Owned(bytes)),
            Message::Close(code, reason) => Frame::close(code, reason.as_bytes()),
        };
        Ok(self.0.write_frame(frame).await?)
    }

    async fn receive(&mut self) -> Outcome<Message> {
        let frame = self.0.read_frame().await?;
        let bytes = frame.payload.to_vec();
        Ok(match frame.opcode {
            OpCode::Text => Message::Text(String::from_utf8(bytes)?),
            OpCode::Binary | OpCode::Continuation => Message::Binary(bytes),
            OpCode::Ping => Message::Ping(bytes),
            OpCode::Pong => Message::Pong(bytes),
            OpCode::Close => {
                let (code, reason) = bytes.split_first_chunk().ok_or("a Close without a code")?;
                Message::Close(u16::from_be_bytes(*code), str::from_utf8(reason)?.to_owned())
            }
        })
    }

    async fn fragments(&mut self, texts: [&str; 3]) -> Outcome {
        for (i, text) in texts.into_iter().enumerate() {
            let opcode = if i == 0 { OpCode::Text } else { OpCode::Continuation };
            let payload = Payload::Owned(text.into());
            self.0.write_frame(Frame::new(i == 2, opcode, None, payload)).await?;
        }
        Ok(())
    }
}
