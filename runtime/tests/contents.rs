//! Text and binary frames on one socket, and a handler that answers what is no message.

use std::net::SocketAddr;

use tokio_websockets::Message as Frames;
use wsgen_runtime::codegen::{self, Decode, Endpoint, Frame};
use wsgen_runtime::{
    Bytes, Config, Context, DecodeError, Error, Handshake, Message, Reject, Server,
};

use crate::support::client::Client;

/// As generated for a channel with audio in binary frames and a control message in JSON.
enum Inbound {
    Audio(Bytes),
    Start(serde_json::Value),
}

impl Decode for Inbound {
    fn read(frame: &Frame) -> Result<Self, DecodeError> {
        if !frame.is_text() {
            return Ok(Self::Audio(frame.bytes().clone()));
        }
        let payload = frame.bytes();
        match codegen::tag(payload, "type")?.as_deref() {
            Some("start") => codegen::from_json(payload).map(Self::Start),
            found => Err(DecodeError::unknown(found)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Audio(_) => "audio",
            Self::Start(_) => "start",
        }
    }
}

struct Speech;

impl Endpoint for Speech {
    const CHANNEL: &'static str = "speech";
    type Session = ();
    type Inbound = Inbound;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn receive(
        &self,
        cx: &mut Context<'_, (), Message>,
        message: Inbound,
    ) -> Result<(), Error> {
        match message {
            Inbound::Audio(bytes) => cx.send(Message::from(bytes)).await,
            Inbound::Start(value) => cx.send(Message::from(value["language"].to_string())).await,
        }
    }

    async fn invalid(
        &self,
        cx: &mut Context<'_, (), Message>,
        error: DecodeError,
    ) -> Result<(), Error> {
        cx.send(Message::from(error.to_string())).await
    }
}

#[tokio::test]
async fn binary_audio_goes_beside_control_messages_and_what_is_neither_is_answered() {
    let mut config = Config::default();
    config.admin.address = SocketAddr::from(([127, 0, 0, 1], 0));
    config.listen.address = config.admin.address.into();
    let server = Server::new("test").route("/", Speech);
    let listening = server.bind(config).await.unwrap();
    let address = listening.address();
    let running = tokio::spawn(listening.run_until(std::future::pending()));

    let mut client = Client::connect(address, "/").await;
    client.send(r#"{"type":"start","language":"en"}"#).await;
    assert_eq!(client.text().await, "\"en\"");
    // Bytes that are JSON as well are audio all the same.
    for audio in [&b"\x00\xff\x80"[..], br#"{"type":"start"}"#] {
        client.send_message(Frames::binary(audio)).await;
        let message = client.next().await.unwrap().unwrap();
        assert!(message.is_binary());
        assert_eq!(&**message.as_payload(), audio);
    }
    client.send(r#"{"type":"stop"}"#).await;
    assert_eq!(client.text().await, "unknown message \"stop\"");
    client.send("{").await;
    assert!(client.text().await.starts_with("malformed: "));
    client.send(r#"{"type":"start","language":"de"}"#).await;
    assert_eq!(client.text().await, "\"de\"");
    running.abort();
}
