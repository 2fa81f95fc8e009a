//! What `/metrics` shows.

use crate::support::TestServer;
use crate::support::raw::{FIN, TEXT, frame, upgrade};
use crate::support::witness::Witness;

const SAY: &str = r#"{"type":"say","text":"hi"}"#;

#[tokio::test]
async fn messages_bytes_and_connections_are_counted() {
    let server = TestServer::start().await;
    let mut raw = server.raw().await;
    let say = frame(FIN | TEXT, SAY.as_bytes());
    for _ in 0..3 {
        raw.send(&say).await;
        raw.text().await;
    }
    for (name, value) in [
        ("wsgen_connections{channel=\"room\"}", 1.0),
        ("wsgen_connections_opened_total{channel=\"room\"}", 1.0),
        (
            "wsgen_messages_received_total{channel=\"room\",message=\"inbound\"}",
            3.0,
        ),
        (
            "wsgen_messages_sent_total{channel=\"room\",message=\"said\"}",
            3.0,
        ),
        (
            "wsgen_bytes_received_total{channel=\"room\"}",
            3.0 * say.len() as f64,
        ),
        // Without the mask.
        (
            "wsgen_bytes_sent_total{channel=\"room\"}",
            3.0 * (say.len() as f64 - 3.0),
        ),
        // `connected` is one as well.
        (
            "wsgen_handler_duration_seconds_count{channel=\"room\"}",
            4.0,
        ),
    ] {
        server.metric_becomes(name, value).await;
    }
    drop(raw);
    server.is_empty().await;
    let lost = "wsgen_connections_closed_total{channel=\"room\",code=\"none\",initiator=\"peer\"}";
    server.metric_becomes(lost, 1.0).await;
}

#[tokio::test]
async fn what_goes_wrong_is_counted() {
    let server = TestServer::start().await;
    for message in [r#"{"type":"panic"}"#, "{"] {
        let mut client = server.client().await;
        client.send(message).await;
        client.closed().await;
    }
    for (name, value) in [
        ("wsgen_handler_panics_total{channel=\"room\"}", 1.0),
        (
            "wsgen_messages_received_total{channel=\"room\",message=\"(invalid)\"}",
            1.0,
        ),
        (
            "wsgen_connections_closed_total{channel=\"room\",code=\"1011\",initiator=\"server\"}",
            1.0,
        ),
        (
            "wsgen_connections_closed_total{channel=\"room\",code=\"1007\",initiator=\"server\"}",
            1.0,
        ),
    ] {
        server.metric_becomes(name, value).await;
    }
    for (request, reason) in [
        (upgrade("/else", ""), "path"),
        (upgrade("/rooms/secret", ""), "handler"),
        (upgrade("/rooms/1?after=x", ""), "parameter"),
        (upgrade("/rooms/1", "Origin: null\r\n"), "origin"),
        (upgrade("/rooms/1", "Content-Length: 1\r\n"), "body"),
        ("nonsense\r\n\r\n".to_owned(), "malformed"),
    ] {
        server.request(&request).await;
        let name = format!("wsgen_handshakes_rejected_total{{reason=\"{reason}\"}}");
        server.metric_becomes(&name, 1.0).await;
    }
}

#[tokio::test]
async fn a_slow_consumer_is_counted_and_kept_where_messages_may_be_dropped() {
    let config = "[limits]\nsend_queue_messages = 4\nsend_queue_full = \"drop_oldest\"\n[timeouts]\nwrite_stall = \"15s\"";
    let server = TestServer::with(config).await;
    let join = r#"{"type":"join","topic":"a"}"#;
    let mut slow = server.raw().await;
    slow.send(&frame(FIN | TEXT, join.as_bytes())).await;
    slow.text().await;
    let mut publisher = server.client().await;
    let dropped = "wsgen_messages_dropped_total{channel=\"room\"}";
    let publish = |text: &str| format!(r#"{{"type":"publish","topic":"a","text":"{text}"}}"#);
    let large = publish(&"x".repeat(60_000));
    while server.metric(dropped).await == 0.0 {
        for _ in 0..20 {
            publisher.send(&*large).await;
            publisher.text().await;
        }
    }
    assert!(
        server
            .metric("wsgen_slow_consumers_total{channel=\"room\"}")
            .await
            > 0.0
    );
    publisher.send(publish("the latest")).await;
    // It reads on, has lost some, and gets the last.
    while !slow.text().await.contains("the latest") {}
}

#[tokio::test]
async fn of_a_topic_of_states_a_slow_reader_gets_the_latest() {
    let config = "[limits]\nsend_queue_messages = 4\nsend_queue_full = \"keep_latest\"\n[timeouts]\nwrite_stall = \"15s\"";
    let server = TestServer::with(config).await;
    let witness = Witness::of(&server).await;
    let mut slow = server.raw().await;
    for topic in ["a", "b"] {
        let join = format!(r#"{{"type":"join","topic":"{topic}"}}"#);
        slow.send(&frame(FIN | TEXT, join.as_bytes())).await;
        slow.text().await;
    }
    let mut publisher = server.client().await;
    let publish = |topic: &str, text: &str| {
        format!(r#"{{"type":"publish","topic":"{topic}","text":"{text}"}}"#)
    };
    let large = publish("a", &"x".repeat(60_000));
    let dropped = "wsgen_messages_dropped_total{channel=\"room\"}";
    while server.metric(dropped).await == 0.0 {
        for _ in 0..20 {
            publisher.send(&*large).await;
            publisher.text().await;
        }
    }
    let before = server.metric(dropped).await;
    publisher.send(publish("b", "the state of b")).await;
    publisher.text().await;
    for number in 0..20 {
        publisher
            .send(publish("a", &format!("state {number} of a")))
            .await;
        publisher.text().await;
    }
    assert!(server.metric(dropped).await >= before + 19.0);
    // Nothing of another topic had to go for them.
    while !slow.text().await.contains("the state of b") {}
    let mut states = Vec::new();
    while !states
        .last()
        .is_some_and(|state: &String| state.contains("state 19 of a"))
    {
        states.push(slow.text().await);
    }
    assert!(states.len() < 4, "{states:?}");
    drop((slow, publisher));
    witness.unharmed().await;
}

#[tokio::test]
async fn the_page_says_what_it_is() {
    let server = TestServer::start().await;
    let page = server.admin_page("/metrics").await;
    assert!(
        page.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{page}"
    );
}
