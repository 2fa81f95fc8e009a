//! Handlers that fail, and peers that fall silent.

use wsgen_runtime::codegen::Endpoint;
use wsgen_runtime::{Context, Error, Handshake, Reject, Topics};

use crate::support::TestServer;
use crate::support::endpoint::{Inbound, Outbound};
use crate::support::raw::{FIN, PING, PONG, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;

#[tokio::test]
async fn a_panic_costs_its_own_connection_only() {
    let mut server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut bystander = server.client().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"panic"}"#).await;
    assert_eq!(client.closed().await, (1011, "internal error".to_owned()));
    assert_eq!(server.ended().await.code, Some(1011));
    bystander.send(r#"{"type":"say","text":"alive"}"#).await;
    assert_eq!(bystander.text().await, r#"{"type":"said","text":"alive"}"#);
    drop(bystander);
    witness.unharmed().await;
}

#[tokio::test]
async fn an_error_shows_the_peer_nothing() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"fail"}"#).await;
    assert_eq!(client.closed().await, (1011, "internal error".to_owned()));
}

#[tokio::test]
async fn what_is_not_implemented_keeps_the_connection() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"later"}"#).await;
    client.send(r#"{"type":"say","text":"on"}"#).await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"on"}"#);
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_cut() {
    let mut server =
        TestServer::with("[heartbeat]\ninterval = \"100ms\"\ntimeout = \"200ms\"").await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    assert_eq!(raw.frame().await, (FIN | PING, vec![]));
    let reason = server.ended().await;
    assert_eq!(
        (reason.code, reason.reason.as_str()),
        (None, "the peer answers no ping")
    );
    witness.unharmed().await;
}

#[tokio::test]
async fn a_peer_that_is_silent_after_a_flood_is_pinged_as_well() {
    let settings = "[heartbeat]\ninterval = \"300ms\"\n[rates]\nmessages = 0\nbytes = 0";
    let server = TestServer::with(settings).await;
    let mut raw = Raw::connect(server.address).await;
    // More than a session handles at its first turn.
    let say = frame(FIN | TEXT, br#"{"type":"say","text":"x"}"#);
    let at_once = [upgrade("/rooms/1", "").into_bytes(), say.repeat(200)].concat();
    raw.send(&at_once).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    for _ in 0..200 {
        assert_eq!(raw.text().await, r#"{"type":"said","text":"x"}"#);
    }
    assert_eq!(raw.frame().await, (FIN | PING, vec![]));
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays() {
    let server = TestServer::with("[heartbeat]\ninterval = \"50ms\"\ntimeout = \"150ms\"").await;
    let mut raw = server.raw().await;
    for _ in 0..8 {
        assert_eq!(raw.frame().await, (FIN | PING, vec![]));
        raw.send(&frame(FIN | PONG, b"")).await;
    }
    raw.send(&frame(FIN | TEXT, br#"{"type":"say","text":"here"}"#))
        .await;
    loop {
        if let (0x81, payload) = raw.frame().await {
            assert_eq!(payload, br#"{"type":"said","text":"here"}"#);
            break;
        }
    }
}

#[tokio::test]
async fn a_peer_in_the_middle_of_a_frame_is_not_silent() {
    let server = TestServer::with("[heartbeat]\ninterval = \"50ms\"\ntimeout = \"100ms\"").await;
    let mut raw = server.raw().await;
    let text = "x".repeat(1000);
    let message = frame(
        FIN | TEXT,
        format!(r#"{{"type":"say","text":"{text}"}}"#).as_bytes(),
    );
    // No pong can come before the frame is whole.
    let (begin, end) = message.split_at(message.len() - 8);
    raw.send(begin).await;
    for byte in end {
        assert_eq!(raw.frame().await, (FIN | PING, vec![]));
        raw.send(&[*byte]).await;
    }
    let said = format!(r#"{{"type":"said","text":"{text}"}}"#);
    loop {
        match raw.frame().await {
            (first, _) if first == FIN | PING => {}
            (first, payload) => {
                assert_eq!((first, payload), (FIN | TEXT, said.into_bytes()));
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_handler_that_takes_long_is_not_taken_for_a_silent_peer() {
    let server = TestServer::with("[heartbeat]\ninterval = \"50ms\"\ntimeout = \"100ms\"").await;
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | TEXT, br#"{"type":"wait"}"#)).await;
    assert_eq!(raw.text().await, r#"{"type":"said","text":"waiting"}"#);
    // Pings go on beside the handler, and so do their pongs.
    for _ in 0..6 {
        assert_eq!(raw.frame().await, (FIN | PING, vec![]));
        raw.send(&frame(FIN | PONG, b"")).await;
    }
    server.gate.notify_one();
    assert_eq!(raw.text().await, r#"{"type":"said","text":"done"}"#);
}

#[tokio::test]
async fn a_peer_that_ignores_close_is_cut() {
    let mut server = TestServer::with("[timeouts]\nclose = \"200ms\"").await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | TEXT, br#"{"type":"close"}"#)).await;
    assert_eq!(raw.text().await, r#"{"type":"said","text":"last words"}"#);
    assert_eq!(raw.frame().await.0, 0x88);
    // No answer; the server ends TCP all the same.
    let _ = tokio::io::AsyncReadExt::read(&mut raw.0, &mut [0]).await;
    assert_eq!(server.ended().await.code, Some(4000));
    witness.unharmed().await;
}

/// An endpoint that nothing good comes of.
struct Doomed;

impl Endpoint for Doomed {
    const CHANNEL: &'static str = "doomed";
    const SUBPROTOCOLS: &'static [&'static str] = &[];
    type Session = ();
    type Inbound = Inbound;
    type Outbound = Outbound;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        panic!("in connect")
    }

    async fn receive(&self, _: &mut Context<'_, (), Outbound>, _: Inbound) -> Result<(), Error> {
        Ok(())
    }

    async fn background(&self, _: Topics<Outbound>) {
        panic!("in background")
    }
}

#[tokio::test]
async fn a_panic_in_connect_or_in_background_costs_nobody_else_anything() {
    let server = TestServer::build("", |server| server.route("/doomed", Doomed)).await;
    let witness = Witness::of(&server).await;
    let panics = "wsgen_handler_panics_total{channel=\"doomed\"}";
    server.metric_becomes(panics, 1.0).await;
    for _ in 0..3 {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade("/doomed", "").as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut raw.0, &mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(!answer.contains(" 101 "), "{answer}");
    }
    witness.unharmed().await;
}
