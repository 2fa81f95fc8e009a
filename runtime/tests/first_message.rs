//! A credential that comes in the first message.

use std::sync::Arc;

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Config, Credential, Nobody, Principal, Server, Unauthorized};

use crate::support::TestServer;
use crate::support::raw::{CLOSE, FIN, PING, PONG, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;

const BINARY: u8 = 2;
const LATER: &str = "[authentication]\nfirst_message = \"token\"\n";
const SAY: &[u8] = br#"{"type":"say","text":"hi"}"#;
const SAID: &str = r#"{"type":"said","text":"hi"}"#;
const RIGHT: &[u8] = br#"{"type":"authenticate","token":"right"}"#;

const BEARER_OR_KEY: &[&[Scheme]] = &[
    &[Scheme::Bearer { name: "jwt" }],
    &[Scheme::ApiKey {
        name: "key",
        location: Location::Query("key"),
    }],
];

/// Knows one token.
struct Guard;

impl Authenticate for Guard {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match &credential {
            Credential::Bearer { token, .. } if token == "right" => Ok(Principal::new("ada")),
            Credential::Bearer { token, .. } if token == "panic" => panic!("on demand"),
            Credential::ApiKey { key, .. } if key == "right" => Ok(Principal::new("device")),
            _ => Err(Unauthorized),
        }
    }
}

async fn guarded(settings: &str) -> TestServer {
    TestServer::build(&format!("{LATER}{settings}"), |server| {
        server.authenticate(Arc::new(Guard), BEARER_OR_KEY)
    })
    .await
}

/// A client that is upgraded and has shown nothing.
async fn stranger(server: &TestServer, path: &str) -> Raw {
    let mut raw = Raw::connect(server.address).await;
    raw.send(upgrade(path, "").as_bytes()).await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    raw
}

/// The code and the reason of the Close frame that comes next, and then the end.
async fn refused(raw: &mut Raw) -> (u16, String) {
    let (first, payload) = raw.frame().await;
    assert_eq!(first, FIN | CLOSE, "{payload:?}");
    raw.send(&frame(FIN | CLOSE, &payload[..2])).await;
    assert_eq!(raw.all().await, "");
    let code = u16::from_be_bytes([payload[0], payload[1]]);
    (code, String::from_utf8(payload[2..].to_vec()).unwrap())
}

async fn witness(server: &TestServer) -> Witness {
    let let_in = "Authorization: Bearer right\r\n";
    Witness::with(server.address, server.admin, let_in).await
}

#[tokio::test]
async fn the_first_message_opens_the_connection_and_is_no_message_of_it() {
    let server = guarded("").await;
    let witness = witness(&server).await;
    let mut raw = stranger(&server, "/rooms/1").await;
    raw.send(&frame(FIN | PING, b"there?")).await;
    // Nothing else came before, and the connection is none yet.
    assert_eq!(raw.frame().await, (FIN | PONG, b"there?".to_vec()));
    let open = "wsgen_connections{channel=\"room\"}";
    assert_eq!(server.metric(open).await, 1.0, "the witness");
    // What comes behind it is handled, in order, a message cut in two as well.
    let said = frame(FIN | TEXT, SAY);
    let input = [&frame(FIN | TEXT, RIGHT)[..], &said, &said[..9]].concat();
    raw.send(&input).await;
    assert_eq!(raw.text().await, SAID);
    raw.send(&said[9..]).await;
    assert_eq!(raw.text().await, SAID);
    assert_eq!(server.metric(open).await, 2.0);
    let received = "wsgen_messages_received_total{channel=\"room\",message=\"(invalid)\"}";
    assert_eq!(server.metric(received).await, 0.0);
    drop(raw);
    witness.unharmed().await;
}

#[tokio::test]
async fn it_may_come_with_the_handshake() {
    let server = guarded("").await;
    let mut raw = Raw::connect(server.address).await;
    let request = upgrade("/rooms/1", "").into_bytes();
    let frames = [
        frame(FIN | PING, b""),
        frame(FIN | TEXT, RIGHT),
        frame(FIN | TEXT, SAY),
    ];
    raw.send(&[request, frames.concat()].concat()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(raw.frame().await.0, FIN | PONG);
    assert_eq!(raw.text().await, SAID);
}

#[tokio::test]
async fn what_is_no_credential_is_told_in_a_close_frame() {
    let server = guarded("[limits]\nmessage_size = \"1 KiB\"\n").await;
    let witness = witness(&server).await;
    let long = format!(r#"{{"token":"{}"}}"#, "x".repeat(2000));
    for (first, message, code) in [
        (TEXT, &br#"{"token":"wrong"}"#[..], 4401),
        (TEXT, br#"{"token":""}"#, 4401),
        (TEXT, br#"{"token":7}"#, 4400),
        (TEXT, br#"{"tokens":"right"}"#, 4400),
        (TEXT, br#"["right"]"#, 4400),
        (TEXT, b"right", 4400),
        (TEXT, SAY, 4400),
        (BINARY, RIGHT, 4400),
        (TEXT, long.as_bytes(), 1009),
        (TEXT, b"\xff", 1007),
        (TEXT, br#"{"token":"panic"}"#, 1011),
    ] {
        let mut raw = stranger(&server, "/rooms/1").await;
        // What comes behind is not handled.
        let input = [frame(FIN | first, message), frame(FIN | TEXT, SAY)].concat();
        raw.send(&input).await;
        let (found, reason) = refused(&mut raw).await;
        assert_eq!(
            found,
            code,
            "{}: {reason}",
            String::from_utf8_lossy(message)
        );
    }
    let mut raw = stranger(&server, "/rooms/secret").await;
    raw.send(&frame(FIN | TEXT, RIGHT)).await;
    assert_eq!(refused(&mut raw).await, (4403, "not here".to_owned()));
    let mut raw = stranger(&server, "/rooms/1").await;
    raw.send(&frame(FIN | CLOSE, &1000_u16.to_be_bytes())).await;
    assert_eq!(raw.closed().await, 1000);
    let unauthorized = "wsgen_handshakes_rejected_total{reason=\"unauthorized\"}";
    assert_eq!(server.metric(unauthorized).await, 2.0);
    witness.unharmed().await;
}

#[tokio::test]
async fn who_says_nothing_is_closed() {
    let server = guarded("[timeouts]\nfirst_message = \"300ms\"\n").await;
    let witness = witness(&server).await;
    let mut silent = stranger(&server, "/rooms/1").await;
    let mut slow = stranger(&server, "/rooms/1").await;
    slow.send(&frame(FIN | TEXT, RIGHT)[..20]).await;
    let mut pinging = stranger(&server, "/rooms/1").await;
    pinging.send(&frame(FIN | PING, b"")).await;
    assert_eq!(pinging.frame().await.0, FIN | PONG);
    for raw in [&mut silent, &mut slow, &mut pinging] {
        let (code, reason) = refused(raw).await;
        assert_eq!(code, 4408, "{reason}");
    }
    let overdue = "wsgen_handshakes_rejected_total{reason=\"first_message\"}";
    assert_eq!(server.metric(overdue).await, 3.0);
    witness.unharmed().await;
}

#[tokio::test]
async fn who_shows_something_at_once_is_judged_at_once() {
    let server = guarded("").await;
    for (path, header, status) in [
        ("/rooms/1?key=right", "", "101"),
        ("/rooms/1", "Authorization: Bearer right\r\n", "101"),
        (
            "/rooms/1",
            "Sec-WebSocket-Protocol: bearer, right\r\n",
            "101",
        ),
        ("/rooms/1?key=wrong", "", "401"),
        ("/rooms/1", "Authorization: Bearer wrong\r\n", "401"),
        (
            "/rooms/1",
            "Sec-WebSocket-Protocol: bearer, wrong\r\n",
            "401",
        ),
    ] {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade(path, header).as_bytes()).await;
        let head = raw.head().await;
        assert_eq!(&head[9..12], status, "{path} {header}");
        if status == "101" {
            raw.send(&frame(FIN | TEXT, SAY)).await;
            assert_eq!(raw.text().await, SAID);
        }
    }
    // Without the setting nothing is awaited.
    let server = TestServer::build("", |server| {
        server.authenticate(Arc::new(Guard), BEARER_OR_KEY)
    })
    .await;
    let answer = server.request(&upgrade("/rooms/1", "")).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn who_is_awaited_takes_a_place_and_ends_with_the_server() {
    let server = guarded("[limits]\nmax_connections = 1\n").await;
    let mut raw = stranger(&server, "/rooms/1").await;
    let answer = server.request(&upgrade("/rooms/1", "")).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    server.stop();
    assert_eq!(refused(&mut raw).await.0, 1012);
    server.stopped().await;
}

#[tokio::test]
async fn one_principal_has_its_share() {
    let server = guarded("[limits]\nconnections_per_principal = 1\n").await;
    let mut first = stranger(&server, "/rooms/1").await;
    first
        .send(&[frame(FIN | TEXT, RIGHT), frame(FIN | TEXT, SAY)].concat())
        .await;
    assert_eq!(first.text().await, SAID);
    let mut second = stranger(&server, "/rooms/1").await;
    second.send(&frame(FIN | TEXT, RIGHT)).await;
    assert_eq!(refused(&mut second).await.0, 1013);
}

#[tokio::test]
async fn compression_that_was_agreed_on_goes_on_behind_it() {
    let server = guarded("[compression]\nenabled = true\n").await;
    let mut raw = Raw::connect(server.address).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    raw.send(upgrade("/rooms/1", offer).as_bytes()).await;
    let head = raw.head().await;
    assert!(
        head.contains("Sec-WebSocket-Extensions: permessage-deflate"),
        "{head}"
    );
    raw.send(&frame(FIN | TEXT, RIGHT)).await;
    let text = "x".repeat(5000);
    let say = format!(r#"{{"type":"say","text":"{text}"}}"#);
    raw.send(&frame(FIN | TEXT, say.as_bytes())).await;
    let (first, payload) = raw.frame().await;
    assert_eq!(first, FIN | 0x40 | TEXT, "RSV1: compressed");
    assert!(payload.len() < 200, "{}", payload.len());
}

#[tokio::test]
async fn a_document_whose_schemes_take_no_token_stops_the_start() {
    let mut config = Config::from_toml(LATER).unwrap();
    config.listen.address = "127.0.0.1:0".parse().unwrap();
    config.admin.enabled = false;
    let server = Server::new("test").authenticate(Arc::new(Nobody), &BEARER_OR_KEY[1..]);
    let fault = server.bind(config).await.err().unwrap().to_string();
    assert!(
        fault.contains("authentication.first_message is set"),
        "{fault}"
    );
}
