//! What one connection may send, how fast, and how long it may take: beyond it, a Close frame.

use std::time::{Duration, Instant};

use crate::support::TestServer;
use crate::support::raw::{CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame};
use crate::support::witness::Witness;

const SAY: &[u8] = br#"{"type":"say","text":"x"}"#;

fn settings(section: &str, keys: &str) -> String {
    format!("[{section}]\n{keys}")
}

#[tokio::test]
async fn too_many_messages_are_1008() {
    let rates = "messages = 5\nbytes = 0\ncontrol_frames = 0\nburst = 2";
    let mut server = TestServer::with(&settings("rates", rates)).await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | TEXT, SAY).repeat(10)).await;
    for _ in 0..10 {
        raw.text().await;
    }
    raw.send(&frame(FIN | TEXT, SAY).repeat(10)).await;
    assert_eq!(raw.closed().await, 1008);
    assert_eq!(server.ended().await.reason, "too many messages");
    witness.unharmed().await;
}

#[tokio::test]
async fn the_rate_itself_is_allowed_for_ever() {
    let rates = "messages = 50\nbytes = 0\ncontrol_frames = 0\nburst = 1";
    let server = TestServer::with(&settings("rates", rates)).await;
    let mut raw = server.raw().await;
    // Four bursts' worth, at the rate.
    for _ in 0..20 {
        raw.send(&frame(FIN | TEXT, SAY).repeat(10)).await;
        for _ in 0..10 {
            raw.text().await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn messages_that_pile_up_behind_a_handler_are_no_excess() {
    let rates = "messages = 5\nbytes = 0\ncontrol_frames = 0\nburst = 1";
    let server = TestServer::with(&settings("rates", rates)).await;
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | TEXT, br#"{"type":"wait"}"#)).await;
    raw.text().await;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(210)).await;
        raw.send(&frame(FIN | TEXT, SAY)).await;
    }
    server.gate.notify_one();
    for _ in 0..11 {
        raw.text().await;
    }
}

#[tokio::test]
async fn too_many_bytes_are_1008() {
    let config =
        "[limits]\nmessage_size = \"8 KiB\"\n[rates]\nmessages = 0\nbytes = \"16 KiB\"\nburst = 1";
    let mut server = TestServer::with(config).await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    let text = format!(r#"{{"type":"say","text":"{}"}}"#, "x".repeat(7000));
    raw.send(&frame(FIN | TEXT, text.as_bytes()).repeat(2))
        .await;
    raw.text().await;
    raw.text().await;
    raw.send(&frame(FIN | TEXT, text.as_bytes()).repeat(8))
        .await;
    while server.ended().await.reason != "too many bytes" {}
    witness.unharmed().await;
}

#[tokio::test]
async fn one_large_message_passes_a_small_byte_rate() {
    let config = "[limits]\nmessage_size = \"64 KiB\"\n[rates]\nbytes = \"1 KiB\"";
    let server = TestServer::with(config).await;
    let mut raw = server.raw().await;
    let text = format!(r#"{{"type":"say","text":"{}"}}"#, "x".repeat(65_000));
    raw.send(&frame(FIN | TEXT, text.as_bytes())).await;
    assert!(raw.text().await.len() > 65_000);
}

#[tokio::test]
async fn a_flood_of_pings_that_reads_its_pongs_is_1008() {
    let server = TestServer::with("[rates]\nmessages = 0").await;
    let witness = Witness::of(&server).await;
    for opcode in [PING, PONG] {
        let mut raw = server.raw().await;
        raw.send(&frame(FIN | opcode, b"x").repeat(11)).await;
        loop {
            let (first, payload) = raw.frame().await;
            if first == FIN | CLOSE {
                assert_eq!(payload[..2], 1008_u16.to_be_bytes());
                break;
            }
        }
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn pongs_that_were_asked_for_are_free() {
    let config = "[heartbeat]\ninterval = \"20ms\"\n[rates]\ncontrol_frames = 1\nburst = 1";
    let server = TestServer::with(config).await;
    let mut raw = server.raw().await;
    for _ in 0..30 {
        assert_eq!(raw.frame().await, (FIN | PING, vec![]));
        raw.send(&frame(FIN | PONG, b"")).await;
    }
}

#[tokio::test]
async fn fragments_are_limited_and_the_limit_is_exact() {
    let server = TestServer::with("[limits]\nmessage_fragments = 4").await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    // Control frames between fragments are none.
    for (first, payload) in [
        (TEXT, &SAY[..5]),
        (CONTINUATION, b""),
        (FIN | PONG, b""),
        (CONTINUATION, b""),
        (FIN | CONTINUATION, &SAY[5..]),
    ] {
        raw.send(&frame(first, payload)).await;
    }
    assert!(raw.text().await.contains('x'));
    raw.send(&frame(TEXT, b"")).await;
    raw.send(&frame(CONTINUATION, b"").repeat(4)).await;
    assert_eq!(raw.closed().await, 1008);
    witness.unharmed().await;
}

#[tokio::test]
async fn a_message_must_come_to_its_end() {
    let mut server = TestServer::with("[timeouts]\nmessage = \"300ms\"").await;
    let witness = Witness::of(&server).await;
    let whole = frame(FIN | TEXT, SAY);
    for begin in [&frame(TEXT, b"x")[..], &whole[..1], &whole[..9]] {
        let mut raw = server.raw().await;
        let started = Instant::now();
        raw.send(begin).await;
        assert_eq!(raw.closed().await, 1008);
        assert!(started.elapsed() >= Duration::from_millis(300));
        assert_eq!(server.ended().await.reason, "the message takes too long");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn an_idle_connection_is_1001_where_that_is_set() {
    let server = TestServer::with("[timeouts]\nidle = \"400ms\"").await;
    let mut raw = server.raw().await;
    let started = Instant::now();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        raw.send(&frame(FIN | TEXT, SAY)).await;
        raw.text().await;
        // Pings are no activity.
        raw.send(&frame(FIN | PONG, b"")).await;
    }
    let (first, payload) = raw.frame().await;
    assert_eq!(
        (first, &payload[..2]),
        (FIN | CLOSE, &1001_u16.to_be_bytes()[..])
    );
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_handler_that_hangs_is_dropped_at_its_deadline() {
    let mut server = TestServer::with("[timeouts]\nhandler = \"300ms\"").await;
    let witness = Witness::of(&server).await;
    let mut client = server.client().await;
    client.send(r#"{"type":"wait"}"#).await;
    assert!(client.text().await.contains("waiting"));
    assert_eq!(client.closed().await, (1011, "internal error".to_owned()));
    assert_eq!(server.ended().await.code, Some(1011));
    // The same when its peer is long gone.
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | TEXT, br#"{"type":"wait"}"#)).await;
    raw.text().await;
    drop(raw);
    // The connection had ended before.
    assert_eq!(server.ended().await.code, None);
    witness.unharmed().await;
}

#[tokio::test]
async fn a_close_does_not_wait_for_ever_for_a_slow_reader() {
    let config = "[timeouts]\nclose = \"500ms\"\nwrite_stall = \"15s\"";
    let mut server = TestServer::with(config).await;
    let mut raw = server.raw().await;
    raw.send(&frame(
        FIN | TEXT,
        br#"{"type":"flood_and_close","count":2,"size":15000000}"#,
    ))
    .await;
    // Reads, so that output is never stuck for long, but far too slowly.
    let started = Instant::now();
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = tokio::io::AsyncReadExt::read(&mut raw.0, &mut [0; 2000]).await;
        }
    };
    tokio::select! {
        () = trickle => {}
        reason = server.ended() => assert_eq!(reason.reason, "the peer reads too slowly to be closed"),
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn connections_end_by_age_and_not_together() {
    let server = TestServer::with("[timeouts]\nage = \"2s\"").await;
    let mut closing = tokio::task::JoinSet::new();
    let begin = Instant::now();
    for _ in 0..40 {
        let mut raw = server.raw().await;
        closing.spawn(async move {
            let (first, payload) = raw.frame().await;
            let took = begin.elapsed();
            assert_eq!(first, FIN | CLOSE);
            raw.send(&frame(FIN | CLOSE, &payload[..2])).await;
            assert_eq!(raw.all().await, "");
            let code = u16::from_be_bytes([payload[0], payload[1]]);
            (
                took,
                code,
                String::from_utf8(payload[2..].to_vec()).unwrap(),
            )
        });
    }
    let mut ends = closing.join_all().await;
    ends.sort();
    let (first, last) = (ends[0].0, ends[39].0);
    assert!(first >= Duration::from_millis(1500), "{first:?}");
    // That chance puts forty of them into two fifths of the time is as good as impossible.
    assert!(
        last - first >= Duration::from_millis(200),
        "{first:?} {last:?}"
    );
    for (_, code, reason) in ends {
        let expected = (1012, "the connection is old: connect again");
        assert_eq!((code, reason.as_str()), expected);
    }
    server.is_empty().await;
}

#[tokio::test]
async fn an_old_connection_hears_its_handler_out() {
    let mut server = TestServer::with("[timeouts]\nage = \"400ms\"").await;
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | TEXT, br#"{"type":"wait"}"#)).await;
    assert!(raw.text().await.contains("waiting"));
    // Another one, younger, ends while the handler of the first waits.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut other = server.raw().await;
    assert_eq!(other.closed().await, 1012);
    drop(other);
    server.ended().await;
    server.gate.notify_one();
    assert!(raw.text().await.contains("done"));
    assert_eq!(raw.closed().await, 1012);
}
