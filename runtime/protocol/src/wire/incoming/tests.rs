use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{Limits, ServerBuilder};

use super::*;
use crate::close::code;

const FIN: u8 = 0x80;

/// A client's frame as anybody may make one: `first` is FIN, reserved bits and opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        medium @ ..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    frame.extend(masked.map(|(byte, key)| byte ^ key));
    frame
}

fn text(text: &str) -> Received {
    Received::Message(Message::from(text))
}

/// All that comes of `parts`, which arrive one after the other, and the close code of what is wrong with them.
fn all_of<'a>(
    incoming: &mut Incoming,
    parts: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Received>, Option<u16>) {
    let mut all = Vec::new();
    for mut part in parts {
        while !part.is_empty() {
            part = arrive(incoming, part);
            loop {
                match incoming.next(None) {
                    Ok(Some(received)) => {
                        let is_close = matches!(received, Received::Close(..));
                        all.push(received);
                        if is_close {
                            return (all, None);
                        }
                    }
                    Ok(None) => break,
                    Err(violation) => return (all, Some(violation.code())),
                }
            }
        }
    }
    (all, None)
}

/// Adds a part as the owner of a socket does, to the payload of a long frame where that is possible; what is left.
fn arrive<'a>(incoming: &mut Incoming, part: &'a [u8]) -> &'a [u8] {
    match incoming.destination() {
        Some((payload, room)) => {
            let (first, rest) = part.split_at(part.len().min(room));
            payload.extend_from_slice(first);
            rest
        }
        None => {
            incoming.add(part);
            &[]
        }
    }
}

#[test]
fn messages_come_whole_wherever_the_input_is_cut() {
    let long = "ü".repeat(40_000);
    let stream = [
        frame(FIN | 1, b"one"),
        frame(1, b"t"),
        frame(FIN | 9, b"are you there?"),
        frame(0, b"w"),
        frame(FIN, b"o"),
        frame(FIN | 2, &[0xFF; 5000]),
        frame(FIN | 10, b""),
        frame(FIN | 1, long.as_bytes()),
        frame(FIN | 1, b""),
        frame(FIN | 8, b"\x03\xE8bye"),
    ]
    .concat();
    let expected = [
        text("one"),
        Received::Ping(Bytes::from_static(b"are you there?")),
        text("two"),
        Received::Message(Message::from(vec![0xFF; 5000])),
        Received::Pong,
        text(&long),
        text(""),
        Received::Close(Some(1000), "bye".to_owned()),
    ];
    for size in [1, 2, 7, 100, 4096, 65_536, stream.len()] {
        let mut incoming = Incoming::new(Role::Server, 1 << 20, 128);
        let (all, violation) = all_of(&mut incoming, stream.chunks(size));
        assert!(all == expected, "in parts of {size}");
        assert_eq!(violation, None);
        assert!(!incoming.is_under_way());
    }
}

#[test]
fn the_limit_is_of_the_message_and_known_from_the_head() {
    let exact = [frame(1, b"1234"), frame(FIN, b"5678")].concat();
    assert_eq!(
        all_of(&mut Incoming::new(Role::Server, 8, 128), [&*exact]),
        (vec![text("12345678")], None)
    );
    let beyond = [&frame(1, b"1234")[..], &frame(0, b"56789")[..6]].concat();
    assert_eq!(
        all_of(&mut Incoming::new(Role::Server, 8, 128), [&*beyond]),
        (vec![], Some(code::TOO_BIG))
    );
    let huge = [
        0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
    ];
    assert_eq!(
        all_of(&mut Incoming::new(Role::Server, 8, 128), [&huge[..]]),
        (vec![], Some(code::TOO_BIG))
    );
}

#[test]
fn a_length_alone_takes_no_memory() {
    let mut incoming = Incoming::new(Role::Server, 1 << 30, 128);
    let head = [0x82, 0xFF, 0, 0, 0, 0, 0x30, 0, 0, 0, 1, 2, 3, 4];
    assert_eq!(all_of(&mut incoming, [&head[..]]), (vec![], None));
    assert!(incoming.is_under_way());
    assert!(incoming.destination().is_none());
    incoming.add(&[0; 1000]);
    assert_eq!(incoming.next(None), Ok(None));
    let (payload, room) = incoming.destination().unwrap();
    assert_eq!((payload.len(), room), (1000, 4000));
}

#[test]
fn a_small_message_does_not_keep_what_came_with_it() {
    let mut incoming = Incoming::new(Role::Server, 1 << 20, 128);
    let stream = [frame(FIN | 2, b"small"), frame(FIN | 2, &[1; 60_000])].concat();
    incoming.add(&stream);
    let Ok(Some(Received::Message(Message::Binary(small)))) = incoming.next(None) else {
        panic!("no message");
    };
    assert!(small.try_into_mut().unwrap().capacity() < 100);
}

#[test]
fn what_is_large_is_not_kept_by_what_is_small() {
    // Copied, though it is long: it is a small part.
    let mut incoming = Incoming::new(Role::Server, 1 << 20, 128);
    let stream = [frame(FIN | 2, &[1; 1100]), frame(FIN | 2, &[1; 60_000])].concat();
    incoming.add(&stream);
    let Ok(Some(Received::Message(Message::Binary(part)))) = incoming.next(None) else {
        panic!("no message");
    };
    assert!(part.try_into_mut().unwrap().capacity() < 2000);

    // A fragment that is copied to the one before it leaves nothing behind.
    let mut incoming = Incoming::new(Role::Server, 1 << 20, 128);
    let (all, _) = all_of(
        &mut incoming,
        [&*frame(2, b"a"), &*frame(FIN, &[1; 60_000])],
    );
    assert_eq!(all.len(), 1);
    assert_eq!(incoming.input.capacity(), 0);
}

/// A socket from which `parts` arrive, one at each read.
struct Parts(Vec<Vec<u8>>);

impl AsyncRead for Parts {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        while let Some(part) = self.0.first_mut() {
            let length = part.len().min(into.remaining());
            into.put_slice(&part[..length]);
            part.drain(..length);
            if part.is_empty() {
                self.0.remove(0);
            }
            if length > 0 {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Parts {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Beyond all messages here, but not beyond all lengths.
const MAX_BYTES: usize = 1 << 20;

/// What `tokio-websockets`, which is strict, makes of the same input.
fn judged(parts: Vec<Vec<u8>>) -> (Vec<Received>, Option<u16>) {
    use tokio_websockets::Error;
    use tokio_websockets::proto::ProtocolError;

    let limits = Limits::default().max_payload_len(Some(MAX_BYTES));
    let mut engine = ServerBuilder::new().limits(limits).serve(Parts(parts));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut all = Vec::new();
    loop {
        let Poll::Ready(next) = Pin::new(&mut engine).poll_next(&mut cx) else {
            panic!("the socket never waits");
        };
        let message = match next {
            None | Some(Err(Error::Io(_))) => return (all, None),
            Some(Err(Error::Protocol(ProtocolError::InvalidUtf8))) => {
                return (all, Some(code::INVALID_PAYLOAD));
            }
            Some(Err(Error::PayloadTooLong { .. })) => return (all, Some(code::TOO_BIG)),
            Some(Err(_)) => return (all, Some(code::PROTOCOL_ERROR)),
            Some(Ok(message)) => message,
        };
        if let Some((code, reason)) = message.as_close() {
            let code = Some(code.into()).filter(|code| *code != 1005);
            all.push(Received::Close(code, reason.to_owned()));
            return (all, None);
        }
        all.push(if message.is_text() {
            // It forgets to look at a last fragment that is empty and leaves a character cut.
            match ByteString::try_from(Bytes::from(message.into_payload())) {
                Ok(text) => Received::Message(Message::Text(text)),
                Err(_) => return (all, Some(code::INVALID_PAYLOAD)),
            }
        } else if message.is_binary() {
            Received::Message(Message::from(Bytes::from(message.into_payload())))
        } else if message.is_ping() {
            Received::Ping(message.into_payload().into())
        } else {
            Received::Pong
        });
    }
}

fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        8 => Just(&b"a"[..]),
        4 => Just("é€😀".as_bytes()),
        // Halves of characters, which other fragments may complete, and bytes that nothing can.
        2 => Just(&b"\xE2\x82"[..]),
        2 => Just(&b"\xAC"[..]),
        1 => Just(&b"\xF4\x90"[..]),
        1 => Just(&b"\xFF"[..]),
        1 => Just(&[b'x'; 200][..]),
    ];
    vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

/// Mostly frames that may come, in any order, and some that may not.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let opcodes = prop_oneof![
        10 => Just(FIN | 1), 4 => Just(FIN | 2), 6 => Just(1), 2 => Just(2), 8 => Just(0), 8 => Just(FIN),
        3 => Just(FIN | 9), 2 => Just(FIN | 10), 1 => any::<u8>(),
    ];
    let data = (opcodes, payloads()).prop_map(|(first, payload)| frame(first, &payload));
    let codes = prop_oneof![
        Just(1000_u16),
        Just(3000),
        Just(1005),
        Just(1015),
        any::<u16>()
    ];
    let close = (codes, payloads()).prop_map(|(code, reason)| {
        let reason = &reason[..reason.len().min(123)];
        frame(FIN | 8, &[&code.to_be_bytes(), reason].concat())
    });
    prop_oneof![
        20 => data,
        2 => close,
        1 => Just(frame(FIN | 8, b"")),
        1 => Just(frame(FIN | 8, b"x")),
        // Not masked; and the length in more bytes than it needs.
        1 => Just(vec![FIN | 1, 2, b'h', b'i']),
        1 => Just(vec![FIN | 1, 0x80 | 126, 0, 1, 0, 0, 0, 0, b'x']),
        1 => vec(any::<u8>(), 0..30),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn all_input_means_what_another_strict_server_says(
        frames in vec(frames(), 0..8),
        sizes in vec(1..300_usize, 1..10),
    ) {
        // A head that is cut may be refused or waited for, so it gets its end.
        let stream = [frames.concat(), vec![0; 14]].concat();
        let mut parts = Vec::new();
        let mut rest = &stream[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (part, behind) = rest.split_at(rest.len().min(*size));
            parts.push(part.to_vec());
            rest = behind;
        }
        let mut incoming = Incoming::new(Role::Server, MAX_BYTES, usize::MAX);
        let ours = all_of(&mut incoming, parts.iter().map(Vec::as_slice));
        prop_assert_eq!(ours, judged(parts));
    }
}
