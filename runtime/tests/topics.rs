//! Fan-out.

use crate::support::TestServer;

const JOIN: &str = r#"{"type":"join","topic":"a"}"#;
const JOINED: &str = r#"{"type":"said","text":"joined"}"#;

#[tokio::test]
async fn every_member_gets_what_is_published() {
    let mut server = TestServer::start().await;
    let mut members = Vec::new();
    for _ in 0..3 {
        let mut member = server.client().await;
        member.send(JOIN).await;
        assert_eq!(member.text().await, JOINED);
        members.push(member);
    }
    let mut publisher = server.client().await;
    publisher
        .send(r#"{"type":"publish","topic":"a","text":"one"}"#)
        .await;
    assert_eq!(
        publisher.text().await,
        r#"{"type":"said","text":"published to 3"}"#
    );
    for member in &mut members {
        assert_eq!(member.text().await, r#"{"type":"said","text":"one"}"#);
    }

    // One leaves, one disconnects.
    members[0].send(r#"{"type":"leave","topic":"a"}"#).await;
    assert_eq!(members[0].text().await, r#"{"type":"said","text":"left"}"#);
    members[1].close().await;
    server.ended().await;
    publisher
        .send(r#"{"type":"publish","topic":"a","text":"two"}"#)
        .await;
    assert_eq!(
        publisher.text().await,
        r#"{"type":"said","text":"published to 1"}"#
    );
    assert_eq!(members[2].text().await, r#"{"type":"said","text":"two"}"#);
    members[0]
        .send(r#"{"type":"say","text":"nothing before this"}"#)
        .await;
    assert_eq!(
        members[0].text().await,
        r#"{"type":"said","text":"nothing before this"}"#
    );
}

#[tokio::test]
async fn a_slow_member_is_disconnected_and_the_others_lose_nothing() {
    let mut server = TestServer::with("[timeouts]\nwrite_stall = \"10s\"").await;
    let mut slow = server.raw().await;
    slow.send(&crate::support::raw::frame(0x81, JOIN.as_bytes()))
        .await;
    assert_eq!(slow.text().await, JOINED);
    let mut member = server.client().await;
    member.send(JOIN).await;
    assert_eq!(member.text().await, JOINED);

    let mut publisher = server.client().await;
    let text = "x".repeat(50_000);
    let publish = format!(r#"{{"type":"publish","topic":"a","text":"{text}"}}"#);
    let mut slow_is_there = true;
    let mut published = 0;
    while slow_is_there {
        publisher.send(&*publish).await;
        slow_is_there = publisher.text().await.ends_with(r#"to 2"}"#);
        published += 1;
        assert!(
            published < 2000,
            "100 MB and the queue of the slow one is not full"
        );
        // The other one reads, and has everything.
        assert!(member.text().await.ends_with(&format!("{text}\"}}")));
    }
    drop(slow);
    assert_eq!(server.ended().await.code, Some(1013));
}
