//! What handlers are told about the topics that their connection has joined.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::broker::{NodeId, Present};

/// Something happened on a topic that the connection has joined, other than a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TopicEvent {
    /// Somebody came who wants to be seen, or says something new. Only for those who want to be seen themselves.
    Joined(Arc<str>, Member),
    /// Somebody left, or its server did not give a sign of life for `broker.presence_ttl`.
    Left(Arc<str>, Member),
    /// Messages or events of other servers may be missing, because the broker was away or this connection was too slow:
    /// what the client knows of this topic should be sent anew.
    Missed(Arc<str>),
}

impl TopicEvent {
    /// The topic.
    pub fn topic(&self) -> &str {
        match self {
            Self::Joined(topic, _) | Self::Left(topic, _) | Self::Missed(topic) => topic,
        }
    }
}

impl TopicEvent {
    /// The topic.
    pub fn into_topic(self) -> Arc<str> {
        match self {
            Self::Joined(topic, _) | Self::Left(topic, _) | Self::Missed(topic) => topic,
        }
    }

    /// Whether it is about this connection of this server.
    pub(crate) fn is_of(&self, node: NodeId, connection: u64) -> bool {
        match self {
            Self::Joined(_, member) | Self::Left(_, member) => {
                member.node == node && member.present.connection == connection
            }
            Self::Missed(_) => false,
        }
    }
}

/// A connection that has joined a topic and wants to be seen there. Cheap to clone.
#[derive(Clone)]
pub struct Member {
    /// The server that it is connected to.
    pub node: NodeId,
    /// What is known of it.
    pub present: Arc<Present>,
}

impl Member {
    /// Tells the members of all servers apart; a connection has the same on all topics.
    pub fn id(&self) -> String {
        format!("{}-{}", self.node, self.present.connection)
    }

    /// The id of its principal, if the document asks for security.
    pub fn principal(&self) -> Option<&str> {
        self.present.principal.as_deref()
    }

    /// What it said of itself when it joined.
    ///
    /// # Errors
    /// It said something else.
    pub fn info<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.present.info.get())
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Member({})", self.id())
    }
}
