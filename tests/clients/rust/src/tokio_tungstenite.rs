use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Error, Message as Native};

use crate::{Agreed, Ask, Client, Message, Outcome, Refused};

pub struct Connection(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client for Connection {
    const LACKS: &[&str] = &["deflate"];

    async fn open(ask: Ask) -> Outcome<(Self, Agreed)> {
        let mut request = ask.url.into_client_request()?;
        for (name, value) in ask.headers {
            request.headers_mut().insert(name, value.parse()?);
        }
        let (socket, response) = connect_async(request).await.map_err(refusal)?;
        let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let agreed = Agreed {
            protocol: header("sec-websocket-protocol"),
            extensions: header("sec-websocket-extensions"),
        };
        Ok((Self(socket), agreed))
    }

    async fn send(&mut self, message: Message) -> Outcome {
        let message = match message {
            Message::Text(text) => Native::Text(text.into()),
            Message::Binary(bytes) => Native::Binary(bytes.into()),
            Message::Ping(bytes) => Native::Ping(bytes.into()),
            Message::Pong(bytes) => Native::Pong(bytes.into()),
            Message::Close(code, reason) => Native::Close(Some(CloseFrame {
                code: code.into(),
                reason: reason.into(),
            })),
        };
        Ok(self.0.send(message).await?)
    }

    async fn receive(&mut self) -> Outcome<Message> {
        Ok(match self.0.next().await.ok_or("the end")?? {
            Native::Text(text) => Message::Text(text.to_string()),
            Native::Binary(bytes) => Message::Binary(bytes.into()),
            Native::Ping(bytes) => Message::Ping(bytes.into()),
            Native::Pong(bytes) => Message::Pong(bytes.into()),
            Native::Close(Some(close)) => Message::Close(close.code.into(), close.reason.to_string()),
            other => return Err(format!("{other:?}").into()),
        })
    }

    async fn fragments(&mut self, texts: [&str; 3]) -> Outcome {
        for (i, text) in texts.into_iter().enumerate() {
            let data = if i == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(text.to_owned(), OpCode::Data(data), i == 2);
            self.0.send(Native::Frame(frame)).await?;
        }
        Ok(())
    }
}

fn refusal(error: Error) -> Box<dyn std::error::Error> {
    match error {
        Error::Http(response) => Refused(response.status().as_u16()).into(),
        other => other.into(),
    }
}
