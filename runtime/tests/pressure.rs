//! Peers that read slowly or not at all: memory stays bounded, and the others lose nothing.

use crate::support::TestServer;
use crate::support::raw::{FIN, PING, TEXT, frame};
use crate::support::witness::Witness;

/// Resident memory of this process, in MiB.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096 / (1 << 20)
}

#[tokio::test]
async fn a_handler_that_sends_much_waits_for_a_slow_reader() {
    let mut server = TestServer::with("[timeouts]\nwrite_stall = \"500ms\"").await;
    let witness = Witness::of(&server).await;
    let before = resident();
    let mut raw = server.raw().await;
    // 400 MB that nobody reads.
    raw.send(&frame(
        FIN | TEXT,
        br#"{"type":"flood","count":100000,"size":4000}"#,
    ))
    .await;
    let reason = server.ended().await;
    assert_eq!(
        (reason.code, reason.reason.as_str()),
        (None, "the peer reads nothing")
    );
    assert!(
        resident() < before + 64,
        "{before} MiB before, {} MiB after",
        resident()
    );
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

#[tokio::test]
async fn a_flood_of_unread_pings_stops_itself() {
    let mut server = TestServer::with("[timeouts]\nwrite_stall = \"3s\"").await;
    let witness = Witness::of(&server).await;
    let before = resident();
    let mut raw = server.raw().await;
    let pings = frame(FIN | PING, &[7; 125]).repeat(500);
    // More than the buffers of the system hold in both directions.
    let limit = 30_000_000;
    let sent = raw.send_until_stuck(&pings, limit).await;
    assert!(sent < limit, "the server should stop reading");
    assert!(
        resident() < before + 64,
        "{before} MiB before, {} MiB after",
        resident()
    );
    assert_eq!(server.ended().await.reason, "the peer reads nothing");
    witness.unharmed().await;
}
