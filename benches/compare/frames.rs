//! What a client sends and what it expects, made before anything is measured.

use crate::peers::{BY_HAND_PATH, Peer};

/// What the messages of a cell are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Traffic {
    /// Text of so many bytes comes back.
    Echo(usize),
    /// An order of 200 bytes is decoded, and encoded again.
    Typed,
    /// Text of 125 bytes reaches all who are connected.
    Fanout,
    /// JSON of 1 KiB does.
    FanoutJson,
}

/// An order of 200 bytes, written as `serde_json` writes it.
const ORDER: &str = r#"{"id":70412345,"symbol":"WSGN","side":"buy","quantity":250,"price":101.25,"placedAt":"2026-03-04T05:06:07.123Z","account":"main-0123456789-abcdef","tags":["day","limit","north","retail","hedge","algo"]}"#;

/// The length of a note of the fan-out, in bytes.
const NOTE: usize = 125;

/// A burst as it goes over the wire.
pub(crate) struct Burst {
    /// What the client writes at once.
    pub(crate) sent: Vec<u8>,
    /// How many bytes come back.
    pub(crate) received: usize,
    /// How many messages it is.
    pub(crate) messages: usize,
}

impl Traffic {
    /// Where `peer` serves it, if it does.
    pub(crate) fn path(self, peer: Peer) -> Option<&'static str> {
        match (self, peer) {
            (Self::Typed, Peer::WsgenByHand) => Some(BY_HAND_PATH),
            (_, Peer::WsgenByHand) => None,
            (Self::Echo(_), _) => Some("/echo"),
            (Self::Typed, _) => Some("/typed"),
            (Self::Fanout | Self::FanoutJson, _) => Some("/fanout"),
        }
    }

    /// `depth` messages in one burst.
    pub(crate) fn burst(self, peer: Peer, depth: usize) -> Burst {
        let payload = match self {
            Self::Echo(length) => "x".repeat(length),
            Self::Typed => ORDER.to_owned(),
            Self::Fanout => "x".repeat(NOTE),
            Self::FanoutJson => prices(),
        };
        let frame = text_frame(payload.as_bytes());
        // A server's frame has no mask, and bare sockets send back what came.
        let mask = if peer.is_floor() { 0 } else { MASK.len() };
        Burst {
            received: (frame.len() - mask) * depth,
            sent: frame.repeat(depth),
            messages: depth,
        }
    }
}

/// 1 KiB of JSON as feeds have it: names that come again, numbers that do not.
fn prices() -> String {
    let prices = (1..17_u32).map(|number| {
        let (price, volume) = (number * 7919 % 10_007, number * 104_729 % 99_991);
        format!(
            r#"{{"symbol":"WSGN{number:02}","side":"buy","price":{price}.25,"volume":{volume}}}"#
        )
    });
    let prices: Vec<String> = prices.collect();
    let text = format!(r#"{{"type":"prices","prices":[{}]}}"#, prices.join(","));
    format!("{text:1024}")
}

impl Burst {
    /// One text that is answered by another.
    pub(crate) fn of(text: &str, answer: &str) -> Self {
        Self {
            sent: text_frame(text.as_bytes()),
            received: length_of(answer),
            messages: 1,
        }
    }
}

/// How long a server's frame of a text is.
pub(crate) fn length_of(text: &str) -> usize {
    text_frame(text.as_bytes()).len() - MASK.len()
}

const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A whole masked text frame (RFC 6455, section 5.2).
fn text_frame(payload: &[u8]) -> Vec<u8> {
    const FINAL_TEXT: u8 = 0x81;
    const MASKED: u8 = 0x80;
    let length = payload.len();
    let mut frame = match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..126), _) => vec![FINAL_TEXT, MASKED | short],
        (_, Ok(medium)) => [&[FINAL_TEXT, MASKED | 126][..], &medium.to_be_bytes()].concat(),
        _ => [
            &[FINAL_TEXT, MASKED | 127][..],
            &(length as u64).to_be_bytes(),
        ]
        .concat(),
    };
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// A masked Close frame without a code.
pub(crate) const CLOSE: [u8; 6] = [0x88, 0x80, MASK[0], MASK[1], MASK[2], MASK[3]];
