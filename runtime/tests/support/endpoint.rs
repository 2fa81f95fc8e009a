//! The endpoint under test, written as `wsgen` would generate it, with handlers that can misbehave on demand.

use std::io::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};
use wsgen_runtime::codegen::{self, Decode, DecodeError, Encode, Endpoint, Frame};
use wsgen_runtime::{
    CloseReason, EncodeError, Error, Handshake, Message, Reject, TopicEvent, Topics,
};

pub struct Room {
    pub gate: Arc<Notify>,
    pub ended: mpsc::UnboundedSender<CloseReason>,
}

pub struct Member {
    pub room: String,
}

#[derive(Deserialize)]
pub struct Text {
    pub text: String,
}

#[derive(Deserialize)]
pub struct Topic {
    pub topic: String,
}

#[derive(Deserialize)]
pub struct Enter {
    pub topic: String,
    pub info: String,
}

#[derive(Deserialize)]
pub struct Publish {
    pub topic: String,
    pub text: String,
}

#[derive(Deserialize)]
pub struct Flood {
    pub count: usize,
    pub size: usize,
}

#[derive(Deserialize)]
pub struct Block {
    pub millis: u64,
}

#[derive(Deserialize)]
pub struct Burst {
    pub topic: String,
    pub count: usize,
}

#[derive(Deserialize)]
pub struct Record {
    pub number: u64,
    pub millis: u64,
}

pub enum Inbound {
    Block(Block),
    Burst(Burst),
    Say(Text),
    Record(Record),
    Where,
    Peer,
    Guarded,
    Wait,
    Linger,
    Panic,
    Fail,
    Later,
    Close,
    Join(Topic),
    Leave(Topic),
    Enter(Enter),
    Seen(Topic),
    Kick(Text),
    Silently(Publish),
    Publish(Publish),
    Flood(Flood),
    FloodAndClose(Flood),
}

#[derive(Serialize)]
pub struct Said {
    pub r#type: &'static str,
    pub text: String,
}

pub enum Outbound {
    Said(Said),
}

fn said(text: impl Into<String>) -> Said {
    Said {
        r#type: "said",
        text: text.into(),
    }
}

impl From<Said> for Outbound {
    fn from(message: Said) -> Self {
        Self::Said(message)
    }
}

impl Decode for Inbound {
    fn read(frame: &Frame) -> Result<Self, DecodeError> {
        let payload = frame.json()?;
        match codegen::tag(payload, "type")?.as_deref() {
            Some("block") => codegen::from_json(payload).map(Self::Block),
            Some("burst") => codegen::from_json(payload).map(Self::Burst),
            Some("say") => codegen::from_json(payload).map(Self::Say),
            Some("record") => codegen::from_json(payload).map(Self::Record),
            Some("where") => Ok(Self::Where),
            Some("peer") => Ok(Self::Peer),
            Some("guarded") => Ok(Self::Guarded),
            Some("wait") => Ok(Self::Wait),
            Some("linger") => Ok(Self::Linger),
            Some("panic") => Ok(Self::Panic),
            Some("fail") => Ok(Self::Fail),
            Some("later") => Ok(Self::Later),
            Some("close") => Ok(Self::Close),
            Some("join") => codegen::from_json(payload).map(Self::Join),
            Some("leave") => codegen::from_json(payload).map(Self::Leave),
            Some("enter") => codegen::from_json(payload).map(Self::Enter),
            Some("seen") => codegen::from_json(payload).map(Self::Seen),
            Some("kick") => codegen::from_json(payload).map(Self::Kick),
            Some("silently") => codegen::from_json(payload).map(Self::Silently),
            Some("publish") => codegen::from_json(payload).map(Self::Publish),
            Some("flood") => codegen::from_json(payload).map(Self::Flood),
            Some("flood_and_close") => codegen::from_json(payload).map(Self::FloodAndClose),
            found => Err(DecodeError::unknown(found)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Block(_) => "block",
            _ => "inbound",
        }
    }
}

impl Encode for Outbound {
    fn encode(self) -> Result<Message, EncodeError> {
        match self {
            Self::Said(message) => codegen::to_json(&message),
        }
    }

    fn name(&self) -> &'static str {
        "said"
    }
}

/// Names the file in which handled requests are recorded.
pub const RECORDS: &str = "WSGEN_TEST_RECORDS";

/// Notes that a request is handled; the file outlives the process.
fn record(number: u64) {
    let path = std::env::var_os(RECORDS).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
}

type Context<'a> = wsgen_runtime::Context<'a, Member, Outbound>;

impl Endpoint for Room {
    const CHANNEL: &'static str = "room";
    const SUBPROTOCOLS: &'static [&'static str] = &["chat.v2", "chat.v1"];
    type Session = Member;
    type Inbound = Inbound;
    type Outbound = Outbound;

    async fn connect(&self, handshake: Handshake) -> Result<Member, Reject> {
        let room: String = handshake.path("room")?;
        let after: Option<i64> = handshake.query("after")?;
        if room == "secret" {
            return Err(Reject::forbidden("not here"));
        }
        assert_ne!(room, "panic", "on demand");
        Ok(Member {
            room: format!("{room} after {after:?}"),
        })
    }

    async fn receive(&self, cx: &mut Context<'_>, message: Inbound) -> Result<(), Error> {
        match message {
            Inbound::Block(Block { millis }) => {
                std::thread::sleep(std::time::Duration::from_millis(millis));
                cx.send(said("blocked")).await
            }
            Inbound::Burst(Burst { topic, count }) => {
                for number in 0..count {
                    cx.publish(&topic, said(number.to_string()));
                }
                Ok(())
            }
            Inbound::Say(Text { text }) => cx.send(said(text)).await,
            Inbound::Record(Record { number, millis }) => {
                record(number);
                tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
                cx.send(said(number.to_string())).await
            }
            Inbound::Where => {
                let room = cx.session.room.clone();
                cx.send(said(room)).await
            }
            Inbound::Peer => {
                let peer = cx.peer();
                cx.send(said(peer.to_string())).await
            }
            Inbound::Guarded => {
                cx.require(&[&["jwt", "key"], &["admin"]])?;
                cx.send(said("allowed")).await
            }
            Inbound::Wait => {
                cx.send(said("waiting")).await?;
                self.gate.notified().await;
                cx.send(said("done")).await
            }
            Inbound::Linger => {
                cx.send(said("lingering")).await?;
                cx.closed().await;
                assert!(cx.is_closing());
                self.gate.notify_one();
                Ok(())
            }
            Inbound::Panic => panic!("on demand"),
            Inbound::Fail => Err(std::io::Error::other("a secret of the server").into()),
            Inbound::Later => Err(Error::not_implemented("later")),
            Inbound::Close => {
                cx.send(said("last words")).await?;
                cx.close(4000, "enough");
                Ok(())
            }
            Inbound::Join(Topic { topic }) => {
                cx.join(&topic).await;
                cx.send(said("joined")).await
            }
            Inbound::Leave(Topic { topic }) => {
                cx.leave(&topic);
                cx.send(said("left")).await
            }
            Inbound::Publish(Publish { topic, text }) => {
                let members = cx.publish(&topic, said(text));
                cx.send(said(format!("published to {members}"))).await
            }
            Inbound::Enter(Enter { topic, info }) => {
                cx.join_as(&topic, &info).await?;
                cx.send(said("entered")).await
            }
            Inbound::Seen(Topic { topic }) => {
                let seen = cx.seen(&topic).into_iter();
                let mut seen: Vec<String> = seen.map(|one| one.info().unwrap()).collect();
                seen.sort();
                cx.send(said(seen.join(" "))).await
            }
            Inbound::Kick(Text { text }) => {
                cx.topics().kick(&text, 4001, "enough of you");
                Ok(())
            }
            Inbound::Silently(Publish { topic, text }) => {
                cx.publish_except_self(&topic, said(text));
                Ok(())
            }
            Inbound::Flood(Flood { count, size }) => {
                for _ in 0..count {
                    cx.send(said("x".repeat(size))).await?;
                }
                Ok(())
            }
            Inbound::FloodAndClose(Flood { count, size }) => {
                for _ in 0..count {
                    cx.send(said("x".repeat(size))).await?;
                }
                cx.close(1000, "done");
                Ok(())
            }
        }
    }

    async fn topic_event(&self, cx: &mut Context<'_>, event: TopicEvent) -> Result<(), Error> {
        let text = match event {
            TopicEvent::Joined(_, member) => format!("{} came", member.info::<String>()?),
            TopicEvent::Left(_, member) => format!("{} left", member.info::<String>()?),
            TopicEvent::Missed(topic) => format!("something of {topic} was missed"),
            other => format!("{other:?}"),
        };
        cx.send(said(text)).await
    }

    async fn disconnected(&self, _: Member, reason: CloseReason, _: &Topics<Outbound>) {
        let _ = self.ended.send(reason);
    }
}
