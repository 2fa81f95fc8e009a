//! Where a client is in a topic's messages, as it goes over the wire and comes back.

use std::fmt;
use std::str::FromStr;

use wsgen_protocol::Message;

use crate::broker::NodeId;

/// Everything up to here was received: the log's messages up to `offset`, and those of `ahead` that one server sent
/// before the log had them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which log: a new one begins when the old one is lost.
    pub epoch: u64,
    /// The place in it, from 1.
    pub offset: u64,
    /// The server that the client was connected to, and its own last message that is not within `offset`.
    pub ahead: Option<(NodeId, u64)>,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}.{}", self.epoch, self.offset)?;
        match self.ahead {
            None => Ok(()),
            Some((node, sequence)) => write!(formatter, ".{node}.{sequence}"),
        }
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.splitn(5, '.').collect();
        let hexadecimal = |text| u64::from_str_radix(text, 16).map_err(drop);
        let (epoch, offset, ahead) = match parts[..] {
            [epoch, offset] => (epoch, offset, None),
            [epoch, offset, node, sequence] => {
                let sequence = sequence.parse().map_err(drop)?;
                (epoch, offset, Some((NodeId(hexadecimal(node)?), sequence)))
            }
            _ => return Err(()),
        };
        Ok(Self {
            epoch: hexadecimal(epoch)?,
            offset: offset.parse().map_err(drop)?,
            ahead,
        })
    }
}

/// What a client is told before a message: that it is of this topic, and where it is once it has it. `None`: it could
/// not resume from there.
pub(crate) fn announcement(topic: &str, next: Option<Position>) -> Message {
    control(topic, "", "next", next)
}

/// What a client is told when it has joined: where it is, and if it came back, whether it gets all that it missed.
pub(crate) fn greeting(topic: &str, recovered: Option<bool>, at: Option<Position>) -> Message {
    let recovered = match recovered {
        None => "",
        Some(true) => "\"recovered\":true,",
        Some(false) => "\"recovered\":false,",
    };
    control(topic, recovered, "position", at)
}

fn control(topic: &str, more: &str, key: &str, position: Option<Position>) -> Message {
    let topic = serde_json::Value::from(topic);
    let position = position.map_or("null".to_owned(), |position| format!("\"{position}\""));
    format!("{{\"wsgen\":{{\"topic\":{topic},{more}\"{key}\":{position}}}}}").into()
}

/// The query parameter by which a client says that it wants to be told positions, and returns those that it was told:
/// `POSITION:TOPIC`, or empty.
pub(crate) const QUERY_PARAMETER: &str = "wsgen_resume";

/// More positions than this are not looked at.
const MOST_POSITIONS: usize = 64;

/// What a client returned with: its positions by topic. `None` if it does not want to be told any.
pub fn returned<'a>(
    query: impl Iterator<Item = &'a (String, String)>,
) -> Option<Vec<(Box<str>, Option<Position>)>> {
    let mut values = query
        .filter(|(name, _)| name == QUERY_PARAMETER)
        .map(|(_, value)| value)
        .peekable();
    values.peek()?;
    let positions = values.take(MOST_POSITIONS).filter_map(|value| {
        let (position, topic) = value.split_once(':')?;
        // A position that cannot be read is one from which nothing can be recovered.
        Some((topic.into(), position.parse().ok()))
    });
    Some(positions.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_as_they_went() {
        let mut position = Position {
            epoch: u64::MAX,
            offset: 17,
            ahead: None,
        };
        assert_eq!(position.to_string(), "ffffffffffffffff.17");
        assert_eq!(position.to_string().parse(), Ok(position));
        position.ahead = Some((NodeId(255), 3));
        assert_eq!(position.to_string(), "ffffffffffffffff.17.ff.3");
        assert_eq!(position.to_string().parse(), Ok(position));
        for wrong in ["", "1", "x.1", "1.x", "1.2.3", "1.2.3.4.5", "-1.2"] {
            assert_eq!(wrong.parse::<Position>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn topics_are_escaped() {
        assert_eq!(
            announcement("a\"\n", None),
            Message::from(r#"{"wsgen":{"topic":"a\"\n","next":null}}"#)
        );
    }

    #[test]
    fn what_clients_return_with() {
        let query = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect()
        };
        assert_eq!(returned(query(&[("a", "b")]).iter()), None);
        assert_eq!(
            returned(query(&[(QUERY_PARAMETER, "")]).iter()),
            Some(vec![])
        );
        let both = query(&[(QUERY_PARAMETER, "a.1:b:c"), (QUERY_PARAMETER, "x:d")]);
        let position = "a.1".parse().ok();
        assert_eq!(
            returned(both.iter()),
            Some(vec![("b:c".into(), position), ("d".into(), None)])
        );
    }
}
