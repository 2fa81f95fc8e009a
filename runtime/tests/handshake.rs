//! What a request needs to become a WebSocket.

use crate::support::TestServer;
use crate::support::client::Client;
use crate::support::raw::{FIN, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;

const SAY: &str = r#"{"type":"say","text":"hi"}"#;
const SAID: &str = r#"{"type":"said","text":"hi"}"#;

#[tokio::test]
async fn parameters_arrive_typed_and_decoded() {
    let server = TestServer::start().await;
    let mut client = Client::connect(server.address, "/rooms/a%2Fb%20c?after=-7&other=x").await;
    client.send(r#"{"type":"where"}"#).await;
    assert_eq!(
        client.text().await,
        r#"{"type":"said","text":"a/b c after Some(-7)"}"#
    );
}

#[tokio::test]
async fn a_parameter_that_does_not_parse_is_400() {
    let server = TestServer::start().await;
    let answer = server.request(&upgrade("/rooms/1?after=soon", "")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("query parameter after: an integer"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_handler_may_refuse() {
    let server = TestServer::start().await;
    let answer = server.request(&upgrade("/rooms/secret", "")).await;
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("not here\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn unknown_paths_are_404() {
    let server = TestServer::start().await;
    for path in ["/", "/rooms", "/rooms/", "/rooms/1/more", "/else"] {
        let answer = server
            .request(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"))
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 404 ") && answer.contains("\r\n\r\nnot found: "),
            "{path}: {answer}"
        );
    }
    assert!(
        server
            .request(&upgrade("/else", ""))
            .await
            .starts_with("HTTP/1.1 404 ")
    );
}

#[tokio::test]
async fn each_fault_has_its_status() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let good = upgrade("/rooms/1", "");
    let faults = [
        (good.replace("GET ", "PUT "), "405"),
        (good.replace("HTTP/1.1", "HTTP/1.0"), "505"),
        (good.replace("Host: test\r\n", ""), "400"),
        (
            good.replace("Host: test\r\n", "Host: test\r\nHost: other\r\n"),
            "400",
        ),
        (good.replace("Upgrade: websocket\r\n", ""), "426"),
        (good.replace("keep-alive, Upgrade", "keep-alive"), "426"),
        (good.replace("Version: 13", "Version: 8"), "426"),
        (good.replace("Sec-WebSocket-Version: 13\r\n", ""), "426"),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), "400"),
        (
            good.replace("dGhlIHNhbXBsZSBub25jZQ==", "not base64, not at all"),
            "400",
        ),
        (upgrade("/rooms/1", "Content-Length: 3\r\n") + "abc", "400"),
        (upgrade("/rooms/%FF", ""), "400"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ];
    for (request, status) in faults {
        let answer = server.request(&request).await;
        assert!(
            answer
                .lines()
                .next()
                .unwrap()
                .contains(&format!(" {status} ")),
            "{request}\n{answer}"
        );
        let lower = answer.to_ascii_lowercase();
        assert!(!lower.contains("sec-websocket-accept"), "{answer}");
    }
    witness.unharmed().await;
}

/// Clients compare whole lines: OkHttp and arduinoWebSockets `Connection`, others the names' case.
#[tokio::test]
async fn the_answer_that_switches_is_that_of_the_rfc() {
    let server = TestServer::start().await;
    for (offer, agreed) in [
        ("", ""),
        (
            "Sec-WebSocket-Protocol: x, chat.v1\r\n",
            "Sec-WebSocket-Protocol: chat.v1\r\n",
        ),
    ] {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade("/rooms/1", offer).as_bytes()).await;
        assert_eq!(
            raw.head().await,
            format!(
                "HTTP/1.1 101 Switching Protocols\r\n\
                 Upgrade: websocket\r\n\
                 Connection: Upgrade\r\n\
                 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
                 {agreed}\r\n"
            )
        );
    }
}

#[tokio::test]
async fn a_wrong_version_is_told_the_right_one() {
    let server = TestServer::start().await;
    let answer = server
        .request(&upgrade("/rooms/1", "").replace("Version: 13", "Version: 12"))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 426 ") && answer.contains("sec-websocket-version: 13\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn foreign_origins_are_403() {
    let server = TestServer::with("[origin]\nallow = [\"https://app.example.com\"]").await;
    let witness = Witness::of(&server).await;
    for origin in ["http://test", "https://test:443", "https://app.example.com"] {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade("/rooms/1", &format!("Origin: {origin}\r\n")).as_bytes())
            .await;
        assert!(raw.head().await.starts_with("HTTP/1.1 101 "), "{origin}");
    }
    for origin in [
        "null",
        "https://evil.example",
        "http://test.evil.example",
        "http://eviltest",
        "http://test:81",
        "https://app.example.com.evil",
    ] {
        let answer = server
            .request(&upgrade("/rooms/1", &format!("Origin: {origin}\r\n")))
            .await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{origin}: {answer}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    let long = upgrade(
        "/rooms/1",
        &format!("X-Long: {}\r\n", "x".repeat(17 * 1024)),
    );
    assert!(server.request(&long).await.starts_with("HTTP/1.1 431 "));
    let many = upgrade("/rooms/1", &"X-Many: x\r\n".repeat(65));
    assert!(server.request(&many).await.starts_with("HTTP/1.1 431 "));
    witness.unharmed().await;
}

#[tokio::test]
async fn slow_heads_and_silent_sockets_are_closed() {
    let server = TestServer::with("[timeouts]\nrequest_head = \"200ms\"").await;
    let witness = Witness::of(&server).await;
    let mut silent = Raw::connect(server.address).await;
    let mut slow = Raw::connect(server.address).await;
    slow.send(b"GET /rooms/1 HTTP/1.1\r\nHost:").await;
    assert!(slow.all().await.starts_with("HTTP/1.1 408 "));
    assert!(silent.all().await.starts_with("HTTP/1.1 408 "));
    witness.unharmed().await;
}

#[tokio::test]
async fn subprotocols_are_negotiated_from_the_clients_list() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    for (offer, answer) in [("x, chat.v1, chat.v2", Some("chat.v1")), ("x", None)] {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade("/rooms/1", &format!("Sec-WebSocket-Protocol: {offer}\r\n")).as_bytes())
            .await;
        let head = raw.head().await;
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        assert_eq!(found, answer, "{head}");
        assert!(!head.contains("extensions"), "{head}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn a_frame_sent_with_the_handshake_is_delivered() {
    let server = TestServer::start().await;
    let mut raw = Raw::connect(server.address).await;
    let mut bytes = upgrade("/rooms/1", "").into_bytes();
    bytes.extend(frame(FIN | TEXT, SAY.as_bytes()));
    bytes.extend(&frame(FIN | TEXT, SAY.as_bytes())[..9]);
    raw.send(&bytes).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(raw.text().await, SAID);
    raw.send(&frame(FIN | TEXT, SAY.as_bytes())[9..]).await;
    assert_eq!(raw.text().await, SAID);
}

#[tokio::test]
async fn connections_over_the_limit_are_503() {
    let mut server = TestServer::with("[limits]\nmax_connections = 3").await;
    let witness = Witness::of(&server).await;
    let mut first = server.client().await;
    let second = server.client().await;
    let answer = server.request(&upgrade("/rooms/1", "")).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5\r\n"),
        "{answer}"
    );
    first.close().await;
    server.ended().await;
    // The place is free once the connection's task has ended, a moment after `disconnected`.
    loop {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade("/rooms/1", "").as_bytes()).await;
        if raw.head().await.starts_with("HTTP/1.1 101 ") {
            break;
        }
    }
    drop(second);
    witness.unharmed().await;
}
