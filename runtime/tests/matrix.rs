//! The rows of the fault matrix that have no better place. `docs/fault-matrix.md` has them all.

use std::io::Write;
use std::sync::{Arc, Mutex};

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Credential, Principal, Unauthorized};

use crate::support::TestServer;
use crate::support::raw::{CLOSE, CONTINUATION, FIN, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;

#[tokio::test]
async fn a_header_of_64_kib_is_431() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let head = upgrade(
        "/rooms/1",
        &format!("X-Long: {}\r\n", "x".repeat(64 * 1024)),
    );
    let answer = server.request(&head).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    witness.unharmed().await;
}

#[tokio::test]
async fn a_body_on_an_upgrade_is_400() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    for body in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        let answer = server.request(&upgrade("/rooms/1", body)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn compression_that_is_offered_is_not_agreed_on() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut raw = Raw::connect(server.address).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    raw.send(upgrade("/rooms/1", offer).as_bytes()).await;
    let head = raw.head().await.to_ascii_lowercase();
    assert!(
        head.starts_with("http/1.1 101 ") && !head.contains("extensions"),
        "{head}"
    );
    raw.send(&frame(FIN | 0x40 | TEXT, b"x")).await;
    assert_eq!(raw.closed().await, 1002);
    witness.unharmed().await;
}

#[tokio::test]
async fn ten_thousand_empty_fragments_are_1008() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    let fragments = [frame(TEXT, b""), frame(CONTINUATION, b"").repeat(10_000)].concat();
    raw.send(&fragments).await;
    assert_eq!(raw.closed().await, 1008);
    witness.unharmed().await;
}

#[tokio::test]
async fn data_after_close_is_not_handled() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut raw = server.raw().await;
    let close = frame(FIN | CLOSE, &1000_u16.to_be_bytes());
    let late = frame(FIN | TEXT, br#"{"type":"panic"}"#);
    raw.send(&[close, late].concat()).await;
    let (first, payload) = raw.frame().await;
    assert_eq!(
        (first, &payload[..]),
        (FIN | CLOSE, &1000_u16.to_be_bytes()[..])
    );
    // The server ends TCP, perhaps with a reset, since it has not read everything.
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut raw.0, &mut rest).await;
    assert_eq!(rest, b"");
    let panics = "wsgen_handler_panics_total{channel=\"room\"}";
    assert_eq!(server.metric(panics).await, 0.0);
    witness.unharmed().await;
}

#[tokio::test]
async fn json_of_depth_10_000_is_an_invalid_message() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for message in [
            deep.clone(),
            format!(r#"{{"type":"say","text":{deep}}}"#),
            format!(r#"{{"ignored":{deep},"type":"say","text":"x"}}"#),
        ] {
            let mut client = server.client().await;
            client.send(message).await;
            let code = match client.next().await.unwrap().unwrap() {
                message if message.is_text() => 0,
                message => message.as_close().unwrap().0.into(),
            };
            assert!([0, 1007, 1008].contains(&code), "{code}");
        }
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn a_slow_reader_among_a_hundred_costs_the_others_nothing() {
    let server = TestServer::with("[timeouts]\nwrite_stall = \"15s\"").await;
    let witness = Witness::of(&server).await;
    let join = r#"{"type":"join","topic":"a"}"#;
    let mut members = Vec::new();
    for _ in 0..99 {
        let mut member = server.client().await;
        member.send(join).await;
        member.text().await;
        members.push(member);
    }
    let mut slow = server.raw().await;
    slow.send(&frame(FIN | TEXT, join.as_bytes())).await;
    slow.text().await;
    let mut publisher = server.client().await;
    let mut number = 0;
    let slow_consumers = "wsgen_slow_consumers_total{channel=\"room\"}";
    while server.metric(slow_consumers).await == 0.0 {
        for _ in 0..10 {
            number += 1;
            let text = format!("{number:>50000}");
            let publish = format!(r#"{{"type":"publish","topic":"a","text":"{text}"}}"#);
            publisher.send(publish).await;
            publisher.text().await;
            for member in &mut members {
                assert!(member.text().await.ends_with(&format!(" {number}\"}}")));
            }
        }
        assert!(number < 2000, "the slow one is never noticed");
    }
    drop((members, slow, publisher));
    witness.unharmed().await;
}

/// A log of this thread, at the level that says most.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Until the guard is dropped. Tests run their tasks on their own thread.
    fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_handler_that_is_cut_is_named_in_the_log() {
    let (lines, _guard) = Lines::capture();
    let server = TestServer::with("[drain]\ndeadline = \"50ms\"").await;
    let mut client = server.client().await;
    client.send(r#"{"type":"wait"}"#).await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"waiting"}"#);
    server.stop();
    server.stopped().await;
    let log = lines.text();
    let fields: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("dropped before its end"))
        .collect();
    let [line] = fields.as_slice() else {
        panic!("{log}");
    };
    for field in ["channel=\"room\"", "handler=\"inbound\"", " connection="] {
        assert!(line.contains(field), "{field}: {line}");
    }
}

const fn key(location: Location) -> Scheme {
    Scheme::ApiKey {
        name: "key",
        location,
    }
}

const SCHEMES: &[&[Scheme]] = &[
    &[Scheme::Bearer { name: "jwt" }],
    &[key(Location::Query("token"))],
    &[key(Location::Cookie("session"))],
];

struct Guard;

impl Authenticate for Guard {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        tracing::info!(?credential, "judging");
        match credential {
            Credential::Bearer { token, .. } if token == "canary-right" => Ok(Principal::new("a")),
            Credential::ApiKey { key, .. } if key == "canary-right" => Ok(Principal::new("b")),
            _ => Err(Unauthorized),
        }
    }
}

#[tokio::test]
async fn a_token_is_in_no_log_and_no_metric() {
    let (lines, _guard) = Lines::capture();
    let server =
        TestServer::build("", |server| server.authenticate(Arc::new(Guard), SCHEMES)).await;
    let let_in = "Authorization: Bearer canary-right\r\n";
    let witness = Witness::with(server.address, server.admin, let_in).await;
    for secret in ["canary-right", "canary-wrong"] {
        for (path, headers) in [
            (
                "/rooms/1".to_owned(),
                format!("Authorization: Bearer {secret}\r\n"),
            ),
            (
                "/rooms/1".to_owned(),
                format!("Sec-WebSocket-Protocol: bearer, bearer.{secret}\r\n"),
            ),
            (
                "/rooms/1".to_owned(),
                format!("Cookie: session={secret}\r\n"),
            ),
            (format!("/rooms/1?token={secret}"), String::new()),
            (
                format!("/rooms/1?after={secret}&token={secret}"),
                String::new(),
            ),
            (format!("/else?token={secret}"), String::new()),
        ] {
            let mut raw = Raw::connect(server.address).await;
            raw.send(upgrade(&path, &headers).as_bytes()).await;
            let head = raw.head().await;
            assert!(!head.contains("canary"), "{head}");
        }
    }
    let metrics = server.admin_page("/metrics").await;
    assert!(!metrics.contains("canary"), "{metrics}");
    witness.unharmed().await;
    let log = lines.text();
    assert!(log.contains("judging") && log.contains("closed"), "{log}");
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn whatever_a_peer_sends_one_event_is_one_line() {
    let (lines, _guard) = Lines::capture();
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let evil = "%0Afake%20line\u{1b}[31m";
    for request in [
        upgrade(&format!("/{evil}"), ""),
        upgrade(&format!("/rooms/1?after={evil}"), ""),
        upgrade("/rooms/1", "X-Evil: a\x1b[31mb\x07\r\n"),
        upgrade("/rooms/1", "Origin: http://a\tb\r\n"),
        upgrade("/rooms/1", "X-Evil: a\n fake line\r\n"),
        "GET \0 \x1b HTTP/1.1\r\n\r\n".to_owned(),
    ] {
        let mut raw = Raw::connect(server.address).await;
        raw.send(request.as_bytes()).await;
        assert!(!raw.head().await.contains('\x1b'));
    }
    for message in [
        "{\"type\":\"a\\nfake line\\u001b[31m\"}",
        "\u{1b}[31m\nfake line",
    ] {
        let mut client = server.client().await;
        client.send(message).await;
        let _ = client.next().await;
    }
    let mut raw = server.raw().await;
    let mut close = 4000_u16.to_be_bytes().to_vec();
    close.extend(b"a\nfake line\x1b[31m");
    raw.send(&frame(FIN | CLOSE, &close)).await;
    for line in lines.text().lines() {
        let is_event = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]
            .iter()
            .any(|level| line.contains(level));
        assert!(is_event && !line.chars().any(char::is_control), "{line:?}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn idle_connections_to_the_admin_listener_keep_nobody_out() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(Raw::connect(server.admin).await);
    }
    for _ in 0..3 {
        let ready = server.admin_page("/readyz").await;
        assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    }
    assert_eq!(idle[0].all().await, "", "the oldest is closed");
    witness.unharmed().await;
}
