//! What servers say to each other through a broker: a short binary head, then a message as it is, or news in JSON.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use wsgen_protocol::Message;

use super::names::known_name;

/// Frames that begin with anything else are of a later version, and are skipped.
const VERSION: u8 = 1;

/// Version, kind, node and number.
const HEAD: usize = 18;

/// Node and number, as they are in a head: no other message has the same.
#[cfg(feature = "redis")]
pub(super) fn identity(node: NodeId, sequence: u64) -> [u8; 16] {
    let mut identity = [0; 16];
    identity[..8].copy_from_slice(&node.0.to_be_bytes());
    identity[8..].copy_from_slice(&sequence.to_be_bytes());
    identity
}

/// A running server, among those that share a broker: chosen by chance at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u64);

impl NodeId {
    /// A number that no other server has.
    pub fn random() -> Self {
        // The keys of a new `RandomState` are random; 0 is nobody.
        Self(RandomState::new().build_hasher().finish().max(1))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}", self.0)
    }
}

/// One thing that a server says.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Who says it.
    pub node: NodeId,
    /// Grows with every message that the node says on a topic.
    pub sequence: u64,
    pub body: Body,
}

/// What is in a frame.
#[derive(Clone, Debug)]
pub enum Body {
    /// For the members of a topic.
    Message {
        /// The message's name in the document.
        name: &'static str,
        /// What was published.
        message: Message,
    },
    /// For the servers themselves.
    News(News),
}

/// What servers tell each other about their members and themselves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum News {
    /// On the topic of all servers: I live.
    Beat(Beat),
    /// On the topic of all servers: I stop.
    Bye,
    /// On the topic of all servers: close the connections of this principal.
    Kick {
        /// The principal's id.
        principal: String,
        /// The code to close with.
        code: u16,
        /// The reason to close with.
        reason: String,
    },
    /// On the topic of all servers: who of yours is on this topic?
    WhoIsThere {
        /// The [`Key::name`](super::Key::name) of the topic.
        key: String,
    },
    /// On a topic: somebody came, or says something new of itself.
    Came(Present),
    /// On a topic: the member with this connection's number left.
    Left(u64),
    /// On a topic: these of mine are there, and with `last` nobody else. A long list comes in parts.
    Here {
        /// Whether this is the first part of the list.
        first: bool,
        /// Whether this is the last part of the list.
        last: bool,
        /// The members in this part.
        members: Vec<Present>,
    },
}

/// A sign of life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Beat {
    /// How many messages for others were dropped since the server began.
    pub dropped: u64,
    /// The server has just come back, and wants to know who else hears: answers repeat this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<u64>,
}

/// A member that wants to be seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Present {
    /// The number of its connection on its node.
    pub connection: u64,
    /// The id of the member's principal, if there is one.
    pub principal: Option<String>,
    /// What the application says of it, in JSON.
    pub info: Box<serde_json::value::RawValue>,
}

impl Frame {
    pub(crate) fn encode(&self) -> Bytes {
        let room = match &self.body {
            Body::Message { name, message } => 2 + name.len() + message.len(),
            Body::News(_) => 64,
        };
        let mut bytes = BytesMut::with_capacity(HEAD + room);
        let mut head = |kind: u8| {
            bytes.put_u8(VERSION);
            bytes.put_u8(kind);
            bytes.put_u64(self.node.0);
            bytes.put_u64(self.sequence);
        };
        match &self.body {
            Body::Message { name, message } => {
                head(match message {
                    Message::Text(_) => 0,
                    Message::Binary(_) => 1,
                });
                let name = &name.as_bytes()[..name.len().min(usize::from(u16::MAX))];
                bytes.put_u16(name.len() as u16);
                bytes.put_slice(name);
                bytes.put_slice(message.as_bytes());
            }
            Body::News(news) => {
                head(2);
                // Plain data always becomes JSON; if it did not, the others would skip an empty frame.
                bytes.put_slice(&serde_json::to_vec(news).unwrap_or_default());
            }
        }
        bytes.freeze()
    }

    /// `None` for what no server of this version says.
    pub(crate) fn decode(bytes: &Bytes) -> Option<Self> {
        let head = bytes.get(..HEAD)?;
        let (version, kind) = (head[0], head[1]);
        let number = |at: usize| Some(u64::from_be_bytes(head.get(at..at + 8)?.try_into().ok()?));
        let (node, sequence) = (NodeId(number(2)?), number(10)?);
        if version != VERSION {
            return None;
        }
        let body = match kind {
            0 | 1 => {
                let length = bytes.get(HEAD..HEAD + 2)?;
                let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
                let payload = HEAD + 2 + length;
                let name = std::str::from_utf8(bytes.get(HEAD + 2..payload)?).ok()?;
                let payload = bytes.slice(payload..);
                let message = match kind {
                    0 => Message::Text(ByteString::try_from(payload).ok()?),
                    _ => Message::Binary(payload),
                };
                let name = known_name(name);
                Body::Message { name, message }
            }
            2 => Body::News(serde_json::from_slice(&bytes[HEAD..]).ok()?),
            _ => return None,
        };
        Some(Self {
            node,
            sequence,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: Body) -> Frame {
        Frame {
            node: NodeId(7),
            sequence: 9,
            body,
        }
    }

    #[test]
    fn what_is_said_is_understood() {
        let members = vec![Present {
            connection: 3,
            principal: Some("ada".to_owned()),
            info: serde_json::value::RawValue::from_string("{\"a\":1}".to_owned()).unwrap(),
        }];
        for body in [
            Body::Message {
                name: "said",
                message: "grüße".into(),
            },
            Body::Message {
                name: "",
                message: vec![0xff, 0].into(),
            },
            Body::News(News::Beat(Beat {
                dropped: 4,
                asks: Some(u64::MAX),
                answers: vec![7],
            })),
            Body::News(News::Here {
                first: true,
                last: true,
                members,
            }),
        ] {
            let frame = frame(body);
            let decoded = Frame::decode(&frame.encode()).unwrap();
            // JSON values have no equality of their own; their texts have.
            assert_eq!(format!("{decoded:?}"), format!("{frame:?}"));
        }
    }

    #[test]
    fn nonsense_is_skipped() {
        let good = frame(Body::Message {
            name: "said",
            message: "text".into(),
        })
        .encode();
        for end in 0..HEAD + 2 + 4 {
            assert_eq!(Frame::decode(&good.slice(..end)).map(|_| end), None);
        }
        let mut later = good.to_vec();
        later[0] = 2;
        assert!(Frame::decode(&later.into()).is_none());
        let mut no_text = good.to_vec();
        *no_text.last_mut().unwrap() = 0xff;
        assert!(Frame::decode(&no_text.into()).is_none());
    }
}
