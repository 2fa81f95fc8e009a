//! What goes on while a handler waits: control frames are answered at once, messages wait for their turn.
//!
//! The handler of `wait` waits for the test, so that what arrives before the test lets it go has not waited for it.

use crate::support::raw::{CLOSE, FIN, PING, PONG, Raw, TEXT, frame};
use crate::support::witness::Witness;
use crate::support::{TestServer, within};

const WAITING: &str = r#"{"type":"said","text":"waiting"}"#;
const DONE: &str = r#"{"type":"said","text":"done"}"#;

fn text(json: &str) -> Vec<u8> {
    frame(FIN | TEXT, json.as_bytes())
}

fn say(text_: &str) -> Vec<u8> {
    text(&format!(r#"{{"type":"say","text":"{text_}"}}"#))
}

fn close(code: u16) -> Vec<u8> {
    frame(FIN | CLOSE, &code.to_be_bytes())
}

/// A connection whose handler waits for the gate.
async fn waiting(server: &TestServer) -> Raw {
    let mut raw = server.raw().await;
    raw.send(&text(r#"{"type":"wait"}"#)).await;
    assert_eq!(raw.text().await, WAITING);
    raw
}

#[tokio::test]
async fn a_ping_is_answered_beside_a_handler() {
    let server = TestServer::start().await;
    let mut raw = waiting(&server).await;
    raw.send(&frame(FIN | PING, b"now")).await;
    assert_eq!(raw.frame().await, (FIN | PONG, b"now".to_vec()));
    server.gate.notify_one();
    assert_eq!(raw.text().await, DONE);
}

#[tokio::test]
async fn messages_wait_for_their_turn_in_order_and_pings_behind_them_do_not() {
    let server = TestServer::start().await;
    let mut raw = waiting(&server).await;
    raw.send(&[say("a"), say("b"), frame(FIN | PING, b"1")].concat())
        .await;
    assert_eq!(raw.frame().await, (FIN | PONG, b"1".to_vec()));
    raw.send(&[say("c"), frame(FIN | PING, b"2")].concat())
        .await;
    assert_eq!(raw.frame().await, (FIN | PONG, b"2".to_vec()));
    server.gate.notify_one();
    assert_eq!(raw.text().await, DONE);
    raw.send(&say("d")).await;
    for expected in ["a", "b", "c", "d"] {
        let expected = format!(r#"{{"type":"said","text":"{expected}"}}"#);
        assert_eq!(raw.text().await, expected);
    }
}

#[tokio::test]
async fn a_close_is_answered_beside_a_handler_which_goes_on() {
    let mut server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut raw = waiting(&server).await;
    raw.send(&close(4321)).await;
    assert_eq!(raw.closed().await, 4321);
    assert_eq!(
        server.metric("wsgen_connections{channel=\"room\"}").await,
        2.0,
        "the handler still runs: its connection counts"
    );
    server.gate.notify_one();
    assert_eq!(server.ended().await.code, Some(4321));
    witness.unharmed().await;
}

#[tokio::test]
async fn what_came_before_a_close_is_handled() {
    let mut server = TestServer::start().await;
    let mut raw = waiting(&server).await;
    raw.send(&[say("a"), say("b"), close(1000)].concat()).await;
    assert_eq!(raw.closed().await, 1000);
    server.gate.notify_one();
    assert_eq!(server.ended().await.code, Some(1000));
    let received = "wsgen_messages_received_total{channel=\"room\",message=\"inbound\"}";
    assert_eq!(server.metric(received).await, 3.0);
}

#[tokio::test]
async fn a_handler_can_know_that_the_peer_has_closed_or_is_gone() {
    let mut server = TestServer::start().await;
    for gone in [false, true] {
        let mut raw = server.raw().await;
        raw.send(&text(r#"{"type":"linger"}"#)).await;
        assert_eq!(raw.text().await, r#"{"type":"said","text":"lingering"}"#);
        match gone {
            false => {
                raw.send(&close(1001)).await;
                assert_eq!(raw.closed().await, 1001);
            }
            true => drop(raw),
        }
        within(server.gate.notified()).await;
        let code = (!gone).then_some(1001);
        assert_eq!(server.ended().await.code, code);
    }
}

#[tokio::test]
async fn a_handler_can_know_of_the_drain() {
    let mut server = TestServer::start().await;
    let mut raw = server.raw().await;
    raw.send(&text(r#"{"type":"linger"}"#)).await;
    assert_eq!(raw.text().await, r#"{"type":"said","text":"lingering"}"#);
    server.stop();
    within(server.gate.notified()).await;
    assert_eq!(raw.frame().await.0, FIN | CLOSE);
    raw.send(&close(1012)).await;
    assert_eq!(server.ended().await.code, Some(1012));
}

#[tokio::test]
async fn a_violation_beside_a_handler_is_answered_at_once() {
    let mut server = TestServer::start().await;
    let mut raw = waiting(&server).await;
    raw.send(&frame(FIN | 0x40 | TEXT, b"{}")).await;
    let (first, payload) = raw.frame().await;
    assert_eq!(
        (first, &payload[..2]),
        (FIN | CLOSE, &1002_u16.to_be_bytes()[..])
    );
    server.gate.notify_one();
    assert_eq!(server.ended().await.code, Some(1002));
}

#[tokio::test]
async fn a_flood_beside_a_handler_is_bounded_and_handled_in_order() {
    const MIB: usize = 1024 * 1024;
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut raw = waiting(&server).await;
    let message = say(&"x".repeat(1000));
    // What the server does not read fills the sockets' buffers, and the peer stops itself.
    let sent = raw.send_until_stuck(&message, 64 * MIB).await;
    assert!(sent < 64 * MIB, "{sent} bytes were taken");
    let whole = sent / message.len();
    server.gate.notify_one();
    // Each text is a frame of its own, with a head of two or four bytes.
    let answer = r#"{"type":"said","text":""}"#.len() + 1000;
    let expected = DONE.len() + 2 + whole * (answer + 4);
    let mut answers = vec![0; expected];
    within(tokio::io::AsyncReadExt::read_exact(
        &mut raw.0,
        &mut answers,
    ))
    .await
    .unwrap();
    drop(raw);
    witness.unharmed().await;
}
