//! Violations of the protocol: each gets its Close frame, then a graceful end, and costs nobody else anything.

use crate::support::TestServer;
use crate::support::raw::{CLOSE, CONTINUATION, FIN, PING, TEXT, frame};
use crate::support::witness::Witness;

const RSV1: u8 = 0x40;

#[tokio::test]
async fn every_violation_gets_its_close_frame() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let unmasked = vec![FIN | TEXT, 2, b'h', b'i'];
    let huge = {
        let mut huge = vec![FIN | TEXT, 0x80 | 127];
        huge.extend((1_u64 << 63).to_be_bytes());
        huge.extend([0; 4]);
        huge
    };
    let two = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
    let violations = [
        ("unmasked", unmasked, 1002),
        ("reserved opcode", frame(FIN | 3, b""), 1002),
        ("reserved control opcode", frame(FIN | 11, b""), 1002),
        (
            "compression that was not agreed on",
            frame(FIN | RSV1 | TEXT, b"x"),
            1002,
        ),
        ("long ping", frame(FIN | PING, &[0; 126]), 1002),
        ("fragmented ping", frame(PING, b""), 1002),
        ("orphan continuation", frame(FIN | CONTINUATION, b"x"), 1002),
        (
            "interleaved data",
            two(frame(TEXT, b"x"), frame(FIN | TEXT, b"x")),
            1002,
        ),
        ("length 2^63", huge, 1009),
        ("one byte of Close", frame(FIN | CLOSE, b"x"), 1002),
        (
            "reserved close code",
            frame(FIN | CLOSE, &1005_u16.to_be_bytes()),
            1002,
        ),
        (
            "unknown close code",
            frame(FIN | CLOSE, &2999_u16.to_be_bytes()),
            1002,
        ),
        (
            "close reason not UTF-8",
            frame(FIN | CLOSE, &[3, 232, 0xFF]),
            1007,
        ),
        ("text not UTF-8", frame(FIN | TEXT, b"\xFF"), 1007),
        (
            "text not UTF-8 across fragments",
            two(frame(TEXT, b"\xC3"), frame(FIN | CONTINUATION, b"x")),
            1007,
        ),
        (
            "text that ends within a character, in an empty fragment",
            two(frame(TEXT, b"\xC3"), frame(FIN | CONTINUATION, b"")),
            1007,
        ),
        (
            "a length in more bytes than it needs",
            vec![FIN | TEXT, 0x80 | 126, 0, 1, 0, 0, 0, 0, b'x'],
            1002,
        ),
    ];
    for (name, bytes, code) in violations {
        let mut raw = server.raw().await;
        raw.send(&bytes).await;
        assert_eq!(raw.closed().await, code, "{name}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn the_close_frame_arrives_though_more_input_waits() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    let mut bytes = vec![FIN | TEXT, 2, b'h', b'i'];
    bytes.extend(vec![0; 200_000]);
    raw.send(&bytes).await;
    assert_eq!(raw.closed().await, 1002);
    // The server waits for our end: a reset, which could have overtaken its Close frame, would fail this write.
    raw.send(b"x").await;
    witness.unharmed().await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_told() {
    let mut server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    drop(server.raw().await);
    assert_eq!(server.ended().await.code, None);
    witness.unharmed().await;
}
