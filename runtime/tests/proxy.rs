//! Whose connection it is, and how many each may have.

use crate::support::TestServer;
use crate::support::raw::{FIN, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;

/// The status of an upgrade with `headers`, and the connection.
async fn knock(server: &TestServer, before: &[u8], headers: &str) -> (String, Raw) {
    let mut raw = Raw::connect(server.address).await;
    raw.send(before).await;
    raw.send(upgrade("/rooms/1", headers).as_bytes()).await;
    let head = raw.head().await;
    (head[9..12].to_owned(), raw)
}

/// Who the handler thinks it is.
async fn peer(mut raw: Raw) -> String {
    raw.send(&frame(FIN | TEXT, br#"{"type":"peer"}"#)).await;
    raw.text().await
}

const X_FORWARDED_FOR: &str =
    "[proxy]\naddress = \"x-forwarded-for\"\ntrusted = [\"127.0.0.0/8\"]\n";
const PROXY_PROTOCOL: &str = "[proxy]\naddress = \"proxy-protocol\"\ntrusted = [\"127.0.0.1\"]\n";
const ONE_EACH: &str = "[limits]\nconnections_per_address = 1\n";

#[tokio::test]
async fn one_address_cannot_take_all_the_room() {
    let server = TestServer::with("[limits]\nconnections_per_address = 3").await;
    let witness = Witness::of(&server).await;
    let first = server.raw().await;
    let second = server.raw().await;
    let answer = server.request(&upgrade("/rooms/1", "")).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5\r\n"),
        "{answer}"
    );
    drop(first);
    while knock(&server, b"", "").await.0 != "101" {}
    drop(second);
    witness.unharmed().await;
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_address() {
    let server = TestServer::with(&format!("{X_FORWARDED_FOR}{ONE_EACH}")).await;
    let (status, raw) = knock(&server, b"", "X-Forwarded-For: 6.6.6.6, 203.0.113.1\r\n").await;
    assert_eq!(status, "101");
    // What the client itself wrote in front changes nothing.
    let (status, _) = knock(&server, b"", "X-Forwarded-For: 7.7.7.7, 203.0.113.1\r\n").await;
    assert_eq!(status, "503");
    let (status, _) = knock(&server, b"", "X-Forwarded-For: 203.0.113.2\r\n").await;
    assert_eq!(status, "101");
    assert!(peer(raw).await.contains("203.0.113.1:0"));
}

#[tokio::test]
async fn anybody_elses_word_is_not_believed() {
    let server = TestServer::with(
        "[proxy]\naddress = \"x-forwarded-for\"\ntrusted = [\"10.0.0.0/8\"]\n[limits]\nconnections_per_address = 2\n",
    )
    .await;
    let witness = Witness::of(&server).await;
    let (status, raw) = knock(&server, b"", "X-Forwarded-For: 203.0.113.1\r\n").await;
    assert_eq!(status, "101");
    assert!(peer(raw).await.contains("127.0.0.1:"));
    witness.unharmed().await;
    // And without settings nobody's.
    let server = TestServer::start().await;
    let (_, raw) = knock(
        &server,
        b"",
        "X-Forwarded-For: 203.0.113.1\r\nForwarded: for=203.0.113.1\r\n",
    )
    .await;
    assert!(peer(raw).await.contains("127.0.0.1:"));
}

#[tokio::test]
async fn the_proxy_protocol_tells_the_address() {
    let server = TestServer::with(PROXY_PROTOCOL).await;
    let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n";
    let (status, raw) = knock(&server, line, "").await;
    assert_eq!(status, "101");
    assert!(peer(raw).await.contains("203.0.113.9:56324"));
}

#[tokio::test]
async fn over_the_limit_the_header_of_a_proxy_is_read_all_the_same() {
    let settings = format!("{PROXY_PROTOCOL}[limits]\nmax_connections = 1");
    let server = TestServer::with(&settings).await;
    let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n";
    let (status, _first) = knock(&server, line, "").await;
    assert_eq!(status, "101");
    assert_eq!(knock(&server, line, "").await.0, "503");
}

#[tokio::test]
async fn a_wrong_or_truncated_proxy_header_is_closed() {
    let settings = format!("{PROXY_PROTOCOL}[timeouts]\nrequest_head = \"300ms\"");
    let server = TestServer::with(&settings).await;
    let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n";
    let mut beside = Raw::connect(server.address).await;
    beside.send(line).await;
    let witness = Witness::over(beside.0, server.admin, "").await;
    for wrong in [
        &b"PROXY TCP4 203.0.113.9 19"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01",
        b"PROXY NONSENSE\r\n",
        b"",
    ] {
        let mut raw = Raw::connect(server.address).await;
        raw.send(wrong).await;
        let mut left = Vec::new();
        // With a reset where it was wrong, since the rest was not read.
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut raw.0, &mut left).await;
        assert_eq!(left, b"", "{wrong:?}");
    }
    assert_eq!(knock(&server, line, "").await.0, "101");
    witness.unharmed().await;
}

#[tokio::test]
async fn only_proxies_may_speak_the_proxy_protocol() {
    let server = TestServer::with(&PROXY_PROTOCOL.replace("127.0.0.1", "10.0.0.0/8")).await;
    let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n";
    assert_eq!(knock(&server, line, "").await.0, "400");
    server.still_echoes().await;
}
