//! The names of topics at a broker.

use std::sync::Arc;

/// A topic of a channel, or that of all servers. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// `LENGTH:CHANNEL:TOPIC`, where the length is the channel's in bytes, or `*`.
    name: Arc<str>,
    /// Whether the broker keeps a log of it.
    pub is_logged: bool,
}

impl Key {
    /// A topic of a channel.
    pub fn of_topic(channel: &str, topic: &str, is_logged: bool) -> Self {
        Self {
            name: format!("{}:{channel}:{topic}", channel.len()).into(),
            is_logged,
        }
    }

    /// The topic of all servers.
    pub fn of_servers() -> Self {
        Self {
            name: "*".into(),
            is_logged: false,
        }
    }

    /// Whether it is the topic of all servers.
    pub fn is_of_servers(&self) -> bool {
        &*self.name == "*"
    }

    /// The name by which all servers know the topic; any text.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Channel and topic of a key's name; `None` for that of all servers.
pub(crate) fn channel_and_topic(name: &str) -> Option<(&str, &str)> {
    let (length, rest) = name.split_once(':')?;
    let (channel, topic) = rest.split_at_checked(length.parse().ok()?)?;
    Some((channel, topic.strip_prefix(':')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_topics_do_not_mix() {
        for (channel, topic) in [("room", "a:b"), ("a:b", ""), ("", "x"), ("ü", "ü")] {
            let key = Key::of_topic(channel, topic, false);
            assert_eq!(channel_and_topic(key.name()), Some((channel, topic)));
        }
        assert_ne!(
            Key::of_topic("a", "b:c", false),
            Key::of_topic("a:b", "c", false)
        );
        for wrong in ["*", "", "9:a:b", "1:ab", "x:a:b"] {
            assert_eq!(channel_and_topic(wrong), None, "{wrong}");
        }
    }
}
