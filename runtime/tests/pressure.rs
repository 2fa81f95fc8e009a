//! Peers that read slowly or not at all: memory stays bounded, and the others lose nothing.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;

use crate::process::{FAST, Process};
use crate::support::TestServer;
use crate::support::raw::{FIN, PING, PONG, Raw, TEXT, frame, upgrade};

/// How much a server may grow, in KiB. Each has a process of its own: what other tests take is not its memory.
const GROWTH: usize = 64 * 1024;

fn logging(settings: &str) -> Process {
    let settings = format!("{FAST}[log]\nlevel = \"debug\"\n{settings}");
    Process::start(&settings, 1024)
}

#[tokio::test]
async fn a_handler_that_sends_much_waits_for_a_slow_reader() {
    let server = logging("[timeouts]\nwrite_stall = \"500ms\"");
    let witness = server.witness().await;
    let before = server.resident();
    let mut raw = server.raw().await;
    // 400 MB that nobody reads.
    raw.send(&frame(
        FIN | TEXT,
        br#"{"type":"flood","count":100000,"size":4000}"#,
    ))
    .await;
    server.logs("the peer reads nothing").await;
    let grown = server.resident().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
    witness.unharmed().await;
}

#[tokio::test]
async fn messages_larger_than_the_buffer_arrive_whole() {
    let server = TestServer::start().await;
    let mut raw = server.raw().await;
    for size in [65_500, 70_000, 300_000, 5_000_000] {
        let flood = format!(r#"{{"type":"flood","count":3,"size":{size}}}"#);
        raw.send(&frame(FIN | TEXT, flood.as_bytes())).await;
        for _ in 0..3 {
            let mut length = 0;
            loop {
                let (first, payload) = raw.frame().await;
                length += payload.len();
                if first & FIN != 0 {
                    break;
                }
            }
            assert_eq!(length, size + r#"{"type":"said","text":""}"#.len());
        }
    }
}

/// While the server is stuck in a long message it reads nothing, so that what the peer owes it may be there unread.
#[tokio::test]
async fn a_slow_reader_is_not_taken_for_a_silent_peer() {
    let server = TestServer::with(
        "[heartbeat]\ninterval = \"400ms\"\ntimeout = \"2s\"\n[timeouts]\nmessage = \"2s\"\n\
         [limits]\nmessage_size = \"32 MiB\"\n[rates]\nbytes = 0",
    )
    .await;
    // A window that does not grow, or the system would take all of it.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let mut raw = Raw(socket.connect(server.address).await.unwrap());
    raw.send(upgrade("/rooms/1", "").as_bytes()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    raw.send(&frame(FIN | TEXT, br#"{"type":"join","topic":"slow"}"#))
        .await;
    assert_eq!(raw.text().await, r#"{"type":"said","text":"joined"}"#);
    let size = 24_000_000;
    let text = "x".repeat(size);
    let publish = format!(r#"{{"type":"silently","topic":"slow","text":"{text}"}}"#);
    let publish = frame(FIN | TEXT, publish.as_bytes());
    let (last, before) = publish.split_last().unwrap();
    let mut other = server.raw().await;
    other.send(before).await;
    let say = frame(FIN | TEXT, br#"{"type":"say","text":"here"}"#);
    let (begun, rest) = say.split_at(10);
    raw.send(begun).await;
    assert_eq!(raw.frame().await, (FIN | PING, vec![]));

    other.send(&[*last]).await;
    while raw.0.read_u8().await.unwrap() == FIN | PING {
        assert_eq!(raw.0.read_u8().await.unwrap(), 0);
    }
    raw.send(&[rest, &frame(FIN | PONG, b"")].concat()).await;
    let mut left = 9 + size + r#"{"type":"said","text":""}"#.len();
    let mut taken = vec![0; 1 << 20];
    while left > 0 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let most = left.min(taken.len());
        raw.0.read_exact(&mut taken[..most]).await.unwrap();
        left -= most;
    }
    let answer = loop {
        match raw.frame().await {
            (first, _) if first == FIN | PING => raw.send(&frame(FIN | PONG, b"")).await,
            (_, payload) => break payload,
        }
    };
    assert_eq!(answer, br#"{"type":"said","text":"here"}"#);
}

#[tokio::test]
async fn a_flood_of_unread_pings_stops_itself() {
    let server = logging("[timeouts]\nwrite_stall = \"3s\"");
    let witness = server.witness().await;
    let before = server.resident();
    let mut raw = server.raw().await;
    let pings = frame(FIN | PING, &[7; 125]).repeat(500);
    // More than the buffers of the system hold in both directions.
    let limit = 30_000_000;
    let sent = raw.send_until_stuck(&pings, limit).await;
    assert!(sent < limit, "the server should stop reading");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
    server.logs("the peer reads nothing").await;
    witness.unharmed().await;
}
