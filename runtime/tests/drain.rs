//! The way out.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::support::TestServer;

#[tokio::test]
async fn health_and_readiness() {
    let server = TestServer::with("[drain]\ngrace = \"20s\"").await;
    assert!(
        server
            .admin_page("/healthz")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    assert!(
        server
            .admin_page("/readyz")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    assert!(
        server
            .admin_page("/else")
            .await
            .starts_with("HTTP/1.1 404 ")
    );
    server.stop();
    // In the grace: not ready, but still serving.
    while !server
        .admin_page("/readyz")
        .await
        .starts_with("HTTP/1.1 503 ")
    {}
    assert!(
        server
            .admin_page("/healthz")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    server.still_echoes().await;
}

#[tokio::test]
async fn every_connection_is_closed_with_1012() {
    let mut server = TestServer::start().await;
    let mut clients = [
        server.client().await,
        server.client().await,
        server.client().await,
    ];
    server.stop();
    for client in &mut clients {
        assert_eq!(
            client.closed().await,
            (1012, "the server restarts".to_owned())
        );
        assert_eq!(server.ended().await.code, Some(1012));
    }
    let address = server.address;
    server.stopped().await;
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_handler_in_flight_is_answered_first() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"wait"}"#).await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"waiting"}"#);
    let mut other = server.client().await;
    server.stop();
    // The drain has begun.
    assert_eq!(other.closed().await.0, 1012);
    server.gate.notify_one();
    assert_eq!(client.text().await, r#"{"type":"said","text":"done"}"#);
    assert_eq!(client.closed().await.0, 1012);
    server.stopped().await;
}

#[tokio::test]
async fn what_hangs_is_cut_at_the_deadline() {
    let server = TestServer::with("[drain]\ndeadline = \"300ms\"").await;
    let mut client = server.client().await;
    client.send(r#"{"type":"wait"}"#).await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"waiting"}"#);
    let begin = Instant::now();
    server.stop();
    server.stopped().await;
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
}
