//! permessage-deflate (RFC 7692), spoken byte by byte.

use std::net::SocketAddr;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::process::{FAST, Process};
use crate::support::raw::{CLOSE, CONTINUATION, FIN, PING, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;
use crate::support::{TestServer, within};

const ON: &str = "[compression]\nenabled = true\n";
const RSV1: u8 = 0x40;
const OFFER: &str = "permessage-deflate; client_max_window_bits";
const ALONE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The other end, by zlib alone.
struct Deflating {
    raw: Raw,
    agreed: Option<String>,
    compress: Compress,
    decompress: Decompress,
}

impl Deflating {
    async fn connect(server: &TestServer, offer: &str) -> Self {
        Self::at(server.address, offer).await
    }

    async fn at(address: SocketAddr, offer: &str) -> Self {
        let mut raw = Raw::connect(address).await;
        let offer = format!("Sec-WebSocket-Extensions: {offer}\r\n");
        raw.send(upgrade("/rooms/1", &offer).as_bytes()).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let agreed = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
        Self {
            raw,
            agreed: agreed.map(str::to_owned),
            compress: Compress::new(Compression::default(), false),
            decompress: Decompress::new(false),
        }
    }

    /// The code of the Close frame that must come next; then hangs up.
    async fn closed(mut self) -> u16 {
        self.raw.closed().await
    }

    fn keeps(&self, side: &str) -> bool {
        let agreed = self.agreed.as_deref().unwrap();
        !agreed.contains(&format!("{side}_no_context_takeover"))
    }

    fn deflated(&mut self, payload: &[u8]) -> Vec<u8> {
        if !self.keeps("client") {
            self.compress.reset();
        }
        let mut compressed = Vec::with_capacity(payload.len() + 100);
        self.compress
            .compress_vec(payload, &mut compressed, FlushCompress::Sync)
            .unwrap();
        assert_eq!(
            compressed.split_off(compressed.len() - 4),
            [0, 0, 0xFF, 0xFF]
        );
        compressed
    }

    /// Sends a compressed text.
    async fn send(&mut self, payload: impl AsRef<[u8]>) {
        let payload = self.deflated(payload.as_ref());
        self.raw.send(&frame(FIN | RSV1 | TEXT, &payload)).await;
    }

    /// The next text, which must be compressed, and to how many bytes it was.
    async fn text(&mut self) -> (String, usize) {
        let (first, mut payload) = self.raw.frame().await;
        assert_eq!(first, FIN | RSV1 | TEXT, "{payload:?}");
        let length = payload.len();
        if !self.keeps("server") {
            self.decompress.reset(false);
        }
        payload.extend([0, 0, 0xFF, 0xFF]);
        let mut text = Vec::with_capacity(1 << 20);
        self.decompress
            .decompress_vec(&payload, &mut text, FlushDecompress::Sync)
            .unwrap();
        (String::from_utf8(text).unwrap(), length)
    }
}

fn say(text: &str) -> String {
    format!(r#"{{"type":"say","text":"{text}"}}"#)
}

fn said(text: &str) -> String {
    format!(r#"{{"type":"said","text":"{text}"}}"#)
}

#[tokio::test]
async fn messages_are_compressed_both_ways() {
    let server = TestServer::with(ON).await;
    let mut client = Deflating::connect(&server, OFFER).await;
    assert_eq!(client.agreed.as_deref(), Some(ALONE));
    let long = "ab".repeat(1000);
    for _ in 0..3 {
        client.send(say(&long)).await;
        let (text, length) = client.text().await;
        assert_eq!(text, said(&long));
        assert!(length < 100, "{length}");
    }
    // Below the threshold, and what a client has not compressed.
    client.send(say("short")).await;
    assert_eq!(client.raw.text().await, said("short"));
    client
        .raw
        .send(&frame(FIN | TEXT, say("plain").as_bytes()))
        .await;
    assert_eq!(client.raw.text().await, said("plain"));
}

#[tokio::test]
async fn a_compressed_message_may_come_in_fragments_around_a_ping() {
    let server = TestServer::with(ON).await;
    let mut client = Deflating::connect(&server, OFFER).await;
    let payload = client.deflated(say("in pieces").as_bytes());
    let (one, two) = payload.split_at(5);
    let frames = [
        frame(RSV1 | TEXT, one),
        frame(FIN | PING, b""),
        frame(CONTINUATION, two),
        frame(FIN | CONTINUATION, b""),
    ];
    client.raw.send(&frames.concat()).await;
    client.raw.frame().await;
    assert_eq!(client.raw.text().await, said("in pieces"));
}

#[tokio::test]
async fn a_bit_where_none_may_be_is_1002() {
    let server = TestServer::with(ON).await;
    let witness = Witness::of(&server).await;
    for (offer, frames) in [
        ("x-other", frame(FIN | RSV1 | TEXT, b"x")),
        (OFFER, frame(FIN | RSV1 | PING, b"")),
        (OFFER, frame(FIN | RSV1 | CLOSE, b"")),
        (
            OFFER,
            [frame(TEXT, b"{"), frame(FIN | RSV1 | CONTINUATION, b"}")].concat(),
        ),
        (OFFER, frame(FIN | 0x20 | TEXT, b"x")),
    ] {
        let mut client = Deflating::connect(&server, offer).await;
        client.raw.send(&frames).await;
        assert_eq!(client.closed().await, 1002, "{frames:?}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn what_cannot_be_inflated_is_1007() {
    for more in ["", "context_takeover = true\n"] {
        let server = TestServer::with(&format!("{ON}{more}")).await;
        let witness = Witness::of(&server).await;
        let mut client = Deflating::connect(&server, OFFER).await;
        // A block of the reserved kind.
        client
            .raw
            .send(&frame(FIN | RSV1 | TEXT, &[0x07, 1, 2]))
            .await;
        assert_eq!(client.closed().await, 1007);
        let mut client = Deflating::connect(&server, OFFER).await;
        client.send(b"\xFF\xFE is no UTF-8").await;
        assert_eq!(client.closed().await, 1007);
        witness.unharmed().await;
    }
}

#[tokio::test]
async fn a_bomb_is_1009_before_it_is_inflated() {
    let server = TestServer::with(ON).await;
    let witness = Witness::of(&server).await;
    // 16 MiB of one byte come as 16 KiB: as a whole, and in fragments.
    for in_fragments in [false, true] {
        let mut client = Deflating::connect(&server, OFFER).await;
        let bomb = client.deflated(&vec![b'a'; 16 << 20]);
        assert!(bomb.len() < 17_000, "{}", bomb.len());
        let frames = match in_fragments {
            false => frame(FIN | RSV1 | TEXT, &bomb),
            true => [
                frame(RSV1 | TEXT, &bomb[..1000]),
                frame(FIN | CONTINUATION, &bomb[1000..]),
            ]
            .concat(),
        };
        client.raw.send(&frames).await;
        assert_eq!(client.closed().await, 1009);
    }
    // A compressed payload beyond the limit is not waited for.
    let mut client = Deflating::connect(&server, OFFER).await;
    let head = [
        FIN | RSV1 | TEXT,
        0x80 | 127,
        0,
        0,
        0,
        0,
        0,
        1,
        0,
        1,
        1,
        2,
        3,
        4,
    ];
    client.raw.send(&head).await;
    assert_eq!(client.closed().await, 1009);
    // The limit is exact.
    let mut client = Deflating::connect(&server, OFFER).await;
    let room = 64 * 1024 - say("").len();
    client.send(say(&"x".repeat(room))).await;
    assert_eq!(client.text().await.0, said(&"x".repeat(room)));
    client.send(say(&"x".repeat(room + 1))).await;
    assert_eq!(client.closed().await, 1009);
    witness.unharmed().await;
}

#[tokio::test]
async fn rates_count_what_was_inflated() {
    let settings = format!("{ON}[rates]\nbytes = \"64 KiB\"\nburst = 1\nmessages = 0\n");
    let server = TestServer::with(&settings).await;
    let witness = Witness::of(&server).await;
    let mut client = Deflating::connect(&server, OFFER).await;
    // Some 100 bytes each.
    let one = client.deflated(say(&"x".repeat(40_000)).as_bytes());
    assert!(one.len() < 150);
    client.raw.send(&frame(FIN | RSV1 | TEXT, &one)).await;
    client.text().await;
    client.raw.send(&frame(FIN | RSV1 | TEXT, &one)).await;
    let (first, payload) = client.raw.frame().await;
    assert_eq!(first, FIN | CLOSE);
    assert_eq!(payload[2..], *b"too many bytes");
    drop(client);
    witness.unharmed().await;
}

#[tokio::test]
async fn a_context_makes_what_is_alike_smaller_within_the_budget() {
    let settings = format!("{ON}context_takeover = true\ncontext_memory = \"400 KiB\"\n");
    let server = TestServer::with(&settings).await;
    let witness = Witness::of(&server).await;
    let mut first = Deflating::connect(&server, OFFER).await;
    assert_eq!(first.agreed.as_deref(), Some("permessage-deflate"));
    let words: Vec<_> = (0..200)
        .map(|number| (number * number).to_string())
        .collect();
    let text = words.join(" ");
    let mut lengths = Vec::new();
    for _ in 0..3 {
        first.send(say(&text)).await;
        let (answer, length) = first.text().await;
        assert_eq!(answer, said(&text));
        lengths.push(length);
    }
    assert!(lengths[1] * 5 < lengths[0], "{lengths:?}");
    let mut second = Deflating::connect(&server, OFFER).await;
    assert_eq!(second.agreed.as_deref(), Some(ALONE));
    second.send(say(&text)).await;
    assert_eq!(second.text().await.0, said(&text));
    // What one gives back another gets.
    drop(first);
    server
        .metric_becomes("wsgen_connections{channel=\"room\"}", 2.0)
        .await;
    let third = Deflating::connect(&server, OFFER).await;
    assert_eq!(third.agreed.as_deref(), Some("permessage-deflate"));
    drop((second, third));
    witness.unharmed().await;
}

#[tokio::test]
async fn a_published_message_reaches_every_kind_of_member() {
    let server = TestServer::with(&format!("{ON}context_takeover = true\n")).await;
    let plain = "x-other";
    let alone = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let small = "permessage-deflate; server_no_context_takeover; server_max_window_bits=9";
    let mut members = Vec::new();
    for offer in [plain, OFFER, alone, alone, small] {
        let mut member = Deflating::connect(&server, offer).await;
        let join = br#"{"type":"join","topic":"t"}"#;
        member.raw.send(&frame(FIN | TEXT, join)).await;
        assert_eq!(member.raw.text().await, said("joined"));
        members.push(member);
    }
    let numbers: Vec<_> = (0..300).map(|number| (number * 7919).to_string()).collect();
    let text = numbers.join(" ");
    let publish = format!(r#"{{"type":"publish","topic":"t","text":"{text}"}}"#);
    let mut publisher = server.client().await;
    for _ in 0..2 {
        publisher.send(&publish).await;
        for member in &mut members {
            let received = match member.agreed {
                None => member.raw.text().await,
                Some(_) => member.text().await.0,
            };
            assert_eq!(received, said(&text));
        }
    }
}

#[tokio::test]
async fn bytes_are_counted_before_and_after() {
    let server = TestServer::with(ON).await;
    let mut client = Deflating::connect(&server, OFFER).await;
    let (request, answer) = (say(&"y".repeat(5000)), said(&"y".repeat(5000)));
    let compressed = client.deflated(request.as_bytes());
    client.send(&request).await;
    let (_, length) = client.text().await;
    for (name, value) in [
        ("received_bytes", compressed.len()),
        ("received_plain_bytes", request.len()),
        ("sent_bytes", length),
        ("sent_plain_bytes", answer.len()),
    ] {
        let name = format!("wsgen_compression_{name}_total{{channel=\"room\"}}");
        within(server.metric_becomes(&name, value as f64)).await;
    }
}

/// The budget reckons with 392 KiB for a connection: it must be no less than what one takes.
#[tokio::test]
async fn a_context_takes_no_more_than_the_budget_reckons_with() {
    const CONNECTIONS: usize = 100;
    const RECKONED: usize = 392;
    let server = Process::start(&format!("{FAST}{ON}context_takeover = true\n"), 1024);
    let numbers: Vec<_> = (0..5000)
        .map(|number| (number * 7919).to_string())
        .collect();
    let text = numbers.join(" ");
    let exchange = async || {
        let mut client = Deflating::at(server.address, OFFER).await;
        assert_eq!(client.agreed.as_deref(), Some("permessage-deflate"));
        client.send(say(&text)).await;
        assert_eq!(client.text().await.0, said(&text));
        client
    };
    // What the first ones make once for all is not theirs.
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(exchange().await);
    }
    let before = server.resident();
    for _ in 0..CONNECTIONS {
        open.push(exchange().await);
    }
    let grown = server.resident().saturating_sub(before) / CONNECTIONS;
    assert!(
        grown <= RECKONED && grown > RECKONED / 2,
        "{grown} KiB each"
    );
}

#[cfg(feature = "client")]
mod typed_client {
    use wsgen_runtime::client::{Event, Target};
    use wsgen_runtime::codegen::{Decode, DecodeError, Encode, Frame};
    use wsgen_runtime::{EncodeError, Message};

    use super::*;

    /// JSON as it is.
    #[derive(Clone, Debug, PartialEq)]
    struct Json(String);

    impl Encode for Json {
        fn name(&self) -> &'static str {
            "json"
        }

        fn encode(self) -> Result<Message, EncodeError> {
            Ok(self.0.into())
        }
    }

    impl Decode for Json {
        fn name(&self) -> &'static str {
            "json"
        }

        fn read(frame: &Frame) -> Result<Self, DecodeError> {
            let payload = frame.json()?;
            Ok(Self(String::from_utf8_lossy(payload).into_owned()))
        }
    }

    #[tokio::test]
    async fn a_client_compresses_where_the_server_agrees() {
        for (settings, is_agreed) in [
            ("", false),
            (ON, true),
            (
                "[compression]\nenabled = true\ncontext_takeover = true\n",
                true,
            ),
        ] {
            let server = TestServer::with(settings).await;
            let url = format!("ws://{}/rooms/1", server.address);
            let target = Target::new(url).compression(true);
            let client = within(target.connect::<Json, Json>()).await.unwrap();
            for text in ["short".to_owned(), "long ".repeat(2000)] {
                client.send(Json(say(&text))).await.unwrap();
                let answer = within(client.next()).await;
                assert_eq!(answer, Some(Event::Message(Json(said(&text)))));
            }
            let name = "wsgen_compression_received_plain_bytes_total{channel=\"room\"}";
            let counted = if is_agreed {
                say(&"long ".repeat(2000)).len()
            } else {
                0
            };
            within(server.metric_becomes(name, counted as f64)).await;
        }
    }
}
