//! Any bytes that come from a broker are what a server has said or are skipped, and what is kept of them is bounded.
//!
//! Another reading of the wire format, below, says the same; what is understood is written as it was; what a server can say
//! is understood.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use wsgen_runtime::fuzzing::{Cluster, Said, Saying, place, read_log, topic_and_frame, understood};

/// What stands for names that are too long or too many.
const OTHER: &str = "(other)";

/// How much the server keeps.
const MESSAGES: usize = 8;
const MEMORY: usize = 4096;

#[derive(Arbitrary, Debug)]
enum Input {
    Frame(Vec<u8>),
    Message { node: u64, sequence: u64, is_text: bool, name: String, payload: Vec<u8> },
    News { node: u64, sequence: u64, news: News },
    Redis(Vec<u8>),
    Place { epoch: u64, offset: u64, frame: Vec<u8> },
    Nats(Vec<u8>),
    Log(Log),
    Cluster(Vec<Event>),
}

#[derive(Arbitrary, Debug)]
enum News {
    Beat { dropped: u64, asks: Option<u64>, answers: Vec<u64> },
    Bye,
    Kick { principal: String, code: u16, reason: String },
    WhoIsThere { key: String },
    WhoIsHere,
    Came(Present),
    Left(u64),
    Here { first: bool, last: bool, members: Vec<Present> },
    /// Any JSON.
    Json(String),
}

#[derive(Arbitrary, Debug)]
struct Present {
    connection: u64,
    principal: Option<String>,
    info: String,
}

#[derive(Arbitrary, Debug)]
struct Log {
    epoch: String,
    top: i64,
    ages: Vec<u32>,
    frames: Vec<Frame>,
}

#[derive(Arbitrary, Debug)]
enum Frame {
    Message { node: u8, sequence: u8, payload: Vec<u8> },
    News { node: u8, news: News },
    Raw(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Event {
    Redis { topic: Topic, place: Option<(u8, u64)>, frame: Frame },
    Near { epoch: u8, offset: u8, frame: Frame },
    Nats { topic: Topic, frame: Frame },
    RawRedis(Vec<u8>, Vec<u8>),
    RawNats(Vec<u8>),
    Log { epoch: u8, top: u8, frames: Vec<Frame> },
    RawLog(Log),
    LoseConnection,
}

#[derive(Arbitrary, Debug)]
enum Topic {
    Ours,
    Unknown,
    OfServers,
    Named(String),
}

fuzz_target!(|input: Input| match input {
    Input::Frame(bytes) => frame(&bytes.into()),
    Input::Message { node, sequence, is_text, name, payload } => {
        message(node, sequence, is_text, &name, &payload);
    }
    Input::News { node, sequence, news } => self::news(node, sequence, &news),
    Input::Redis(payload) => from_redis(&payload),
    Input::Place { epoch, offset, frame } => at_place(epoch, offset, &frame),
    Input::Nats(payload) => from_nats(&payload.into()),
    Input::Log(log) => self::log(&log),
    Input::Cluster(events) => cluster(&events),
});

/// Both readings say the same.
fn frame(bytes: &Bytes) {
    let found = understood(bytes);
    match (&found, read(bytes)) {
        (Some((said, _)), Some(Read::Message(expected))) => is_same(said, &expected),
        (Some((Said { node, sequence, saying: Saying::News(news) }, again)), Some(Read::News(head, text))) => {
            assert_eq!((*node, *sequence), head);
            // Members that it does not know are left out, and what is missing may be written: that is understood again.
            let (said, same) = understood(again).expect("what a server says is understood");
            assert_eq!(said.saying, Saying::News(news.clone()));
            assert_eq!(same, again);
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok());
        }
        (None, None | Some(Read::News(..))) => {}
        (found, _) => panic!("{found:?}"),
    }
    if let Some((Said { saying: Saying::Text(name, _) | Saying::Binary(name, _), .. }, again)) = &found
        && name != OTHER
    {
        assert_eq!(again, bytes);
    }
}

fn is_same(said: &Said, expected: &Said) {
    let (mut expected, said) = (expected.clone(), said.clone());
    if let (
        Saying::Text(expected, _) | Saying::Binary(expected, _),
        Saying::Text(name, _) | Saying::Binary(name, _),
    ) = (&mut expected.saying, &said.saying)
        && name == OTHER
    {
        OTHER.clone_into(expected);
    }
    assert_eq!(said, expected);
}

enum Read<'a> {
    Message(Said),
    News((u64, u64), &'a str),
}

/// A frame by its description: version, kind, node, number; then the name with its length and the payload, or JSON.
fn read(bytes: &[u8]) -> Option<Read<'_>> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    if bytes.len() < 18 || bytes[0] != 1 {
        return None;
    }
    let (node, sequence) = (number(&bytes[2..10]), number(&bytes[10..18]));
    let rest = &bytes[18..];
    if bytes[1] == 2 {
        return Some(Read::News((node, sequence), std::str::from_utf8(rest).ok()?));
    }
    if rest.len() < 2 || bytes[1] > 2 {
        return None;
    }
    let length = number(&rest[..2]) as usize;
    let name = std::str::from_utf8(rest.get(2..2 + length)?).ok()?.to_owned();
    let payload = &rest[2 + length..];
    let is_text = bytes[1] == 0;
    if is_text && std::str::from_utf8(payload).is_err() {
        return None;
    }
    let payload = Bytes::copy_from_slice(payload);
    let saying = match is_text {
        true => Saying::Text(name, payload),
        false => Saying::Binary(name, payload),
    };
    Some(Read::Message(Said { node, sequence, saying }))
}

fn written(kind: u8, node: u64, sequence: u64, rest: &[&[u8]]) -> Bytes {
    let head = [&[1, kind][..], &node.to_be_bytes(), &sequence.to_be_bytes()].concat();
    [head, rest.concat()].concat().into()
}

fn written_message(kind: u8, node: u64, sequence: u64, name: &str, payload: &[u8]) -> Bytes {
    let length = (name.len() as u16).to_be_bytes();
    written(kind, node, sequence, &[&length, name.as_bytes(), payload])
}

fn message(node: u64, sequence: u64, is_text: bool, name: &str, payload: &[u8]) {
    let bytes = written_message(u8::from(!is_text), node, sequence, name, payload);
    frame(&bytes);
    let is_right = !is_text || std::str::from_utf8(payload).is_ok();
    assert_eq!(understood(&bytes).is_some(), is_right);
}

fn news(node: u64, sequence: u64, news: &News) {
    let text = news.text();
    let bytes = written(2, node, sequence, &[text.as_bytes()]);
    frame(&bytes);
    if matches!(news, News::Json(_)) {
        return;
    }
    let (said, _) = understood(&bytes).expect("what a server says is understood");
    let Saying::News(found) = said.saying else {
        panic!("{said:?}");
    };
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
    assert_eq!(value(&found), value(&text));
}

impl News {
    fn text(&self) -> String {
        let value = match self {
            Self::Beat { dropped, asks, answers } => {
                let mut beat = json!({ "dropped": dropped });
                if let Some(asks) = asks {
                    beat["asks"] = json!(asks);
                }
                if !answers.is_empty() {
                    beat["answers"] = json!(answers);
                }
                json!({ "Beat": beat })
            }
            Self::Bye => json!("Bye"),
            Self::Kick { principal, code, reason } => {
                json!({ "Kick": { "principal": principal, "code": code, "reason": reason } })
            }
            Self::WhoIsThere { key } => json!({ "WhoIsThere": { "key": key } }),
            Self::WhoIsHere => json!({ "WhoIsThere": { "key": "4:room:t" } }),
            Self::Came(present) => json!({ "Came": present.value() }),
            Self::Left(connection) => json!({ "Left": connection }),
            Self::Here { first, last, members } => {
                let members: Vec<Value> = members.iter().map(Present::value).collect();
                json!({ "Here": { "first": first, "last": last, "members": members } })
            }
            Self::Json(text) => return text.clone(),
        };
        value.to_string()
    }
}

impl Present {
    fn value(&self) -> Value {
        json!({ "connection": self.connection, "principal": self.principal, "info": self.info })
    }
}

impl Frame {
    fn bytes(&self) -> Bytes {
        match self {
            Self::Message { node, sequence, payload } => {
                written_message(1, (*node).into(), (*sequence).into(), "said", payload)
            }
            Self::News { node, news } => written(2, (*node).into(), 0, &[news.text().as_bytes()]),
            Self::Raw(bytes) => bytes.clone().into(),
        }
    }
}

/// A place is only what a script has written: an epoch, an offset, a space.
fn from_redis(payload: &[u8]) {
    let Some(((epoch, offset), length)) = place(payload) else {
        return;
    };
    let text = std::str::from_utf8(&payload[..length]).expect("a place is text");
    let (first, second) = text.strip_suffix(' ').and_then(|text| text.split_once('.')).expect("it has two parts");
    assert_eq!(u64::from_str_radix(first, 16), Ok(epoch));
    assert_eq!(second.parse(), Ok(offset));
    // No script counts further, or from 0.
    assert!((1..=1 << 53).contains(&offset));
}

fn at_place(epoch: u64, offset: u64, frame: &[u8]) {
    let payload = [format!("{epoch:x}.{offset} ").as_bytes(), frame].concat();
    from_redis(&payload);
    if (1..=1 << 53).contains(&offset) {
        let length = payload.len() - frame.len();
        assert_eq!(place(&payload), Some(((epoch, offset), length)));
    }
    // Frames begin with no such character.
    assert_eq!(place(&[&[1], frame].concat()), None);
}

fn from_nats(payload: &Bytes) {
    let found = topic_and_frame(payload);
    let Some((topic, frame)) = found else {
        return;
    };
    let length = (topic.len() as u32).to_be_bytes();
    assert_eq!([&length, topic.as_bytes(), &frame].concat(), **payload);
}

/// A log is the messages behind the last frame that is none, up to its top.
fn log(log: &Log) {
    let frames: Vec<Vec<u8>> = log.frames.iter().map(|frame| frame.bytes().to_vec()).collect();
    let ages: Vec<i64> = log.ages.iter().map(|age| i64::from(*age)).collect();
    let Some(found) = read_log(log.epoch.as_bytes(), log.top, &ages, &frames) else {
        return;
    };
    assert_eq!(u64::from_str_radix(&log.epoch, 16), Ok(found.epoch));
    assert_eq!(i64::try_from(found.top), Ok(log.top));
    assert!(found.newest.len() as u64 <= found.top, "more than there can be");
    assert_eq!(ages.len(), frames.len(), "it cannot be told which is which");
    let messages = frames.iter().rev().map_while(|frame| match read(frame) {
        Some(Read::Message(said)) => Some((said.node, said.sequence)),
        _ => None,
    });
    let mut messages: Vec<(u64, u64)> = messages.collect();
    messages.reverse();
    assert_eq!(found.newest, messages);
}

/// Whatever comes, in whatever order: the server goes on, and keeps no more than it may.
fn cluster(events: &[Event]) {
    let cluster = Cluster::new(MESSAGES, MEMORY).expect("a server with a broker");
    for event in events {
        match event {
            Event::Redis { topic, place, frame } => {
                let place = place.map(|(epoch, offset)| format!("{epoch:x}.{offset} "));
                let payload = [place.unwrap_or_default().as_bytes(), &frame.bytes()].concat();
                cluster.from_redis(format!("wsgen:t:{}", topic.name()).as_bytes(), &payload);
            }
            Event::Near { epoch, offset, frame } => {
                let place = format!("{:x}.{} ", epoch % 4, offset % 16);
                let payload = [place.as_bytes(), &frame.bytes()].concat();
                cluster.from_redis(b"wsgen:t:4:room:t", &payload);
            }
            Event::Nats { topic, frame } => {
                let name = topic.name();
                let length = (name.len() as u32).to_be_bytes();
                let payload = [&length, name.as_bytes(), &frame.bytes()].concat();
                cluster.from_nats(&payload.into());
            }
            Event::RawRedis(channel, payload) => cluster.from_redis(channel, payload),
            Event::RawNats(payload) => cluster.from_nats(&payload.clone().into()),
            Event::Log { epoch, top, frames } => {
                let frames: Vec<Vec<u8>> = frames.iter().map(|frame| frame.bytes().to_vec()).collect();
                let (epoch, ages) = (format!("{:x}", epoch % 4), vec![0; frames.len()]);
                cluster.from_log(epoch.as_bytes(), (top % 32).into(), &ages, &frames);
            }
            Event::RawLog(log) => {
                let frames: Vec<Vec<u8>> = log.frames.iter().map(|frame| frame.bytes().to_vec()).collect();
                let ages: Vec<i64> = log.ages.iter().map(|age| i64::from(*age)).collect();
                cluster.from_log(log.epoch.as_bytes(), log.top, &ages, &frames);
            }
            Event::LoseConnection => cluster.lose_connection(),
        }
        assert!(cluster.kept() <= MEMORY, "{} bytes are kept", cluster.kept());
    }
}

impl Topic {
    fn name(&self) -> &str {
        match self {
            Self::Ours => "4:room:t",
            Self::Unknown => "4:room:unknown",
            Self::OfServers => "*",
            Self::Named(name) => name,
        }
    }
}
