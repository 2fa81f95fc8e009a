//! Fan-out.

use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

use crate::support::raw::{FIN, Raw, TEXT, frame};
use crate::support::witness::Witness;
use crate::support::{TestServer, within};

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

/// The frames of a burst, as the server sends them.
fn burst(count: usize) -> Vec<u8> {
    let mut frames = Vec::new();
    for number in 0..count {
        let said = format!(r#"{{"type":"said","text":"{number}"}}"#);
        frames.extend([FIN | TEXT, u8::try_from(said.len()).unwrap()]);
        frames.extend(said.as_bytes());
    }
    frames
}

async fn members(server: &TestServer, count: usize) -> Vec<Raw> {
    let mut members = Vec::new();
    for _ in 0..count {
        let mut member = server.raw().await;
        member.send(&frame(FIN | TEXT, JOIN.as_bytes())).await;
        assert_eq!(member.text().await, JOINED);
        members.push(member);
    }
    members
}

#[tokio::test]
async fn whoever_reads_gets_all_of_a_burst_in_order() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    a_burst_arrives(&server).await;
    witness.unharmed().await;
}

/// With a thread on which members read while the handler publishes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_gets_all_of_a_burst_while_it_is_published() {
    let server = TestServer::start().await;
    a_burst_arrives(&server).await;
}

async fn a_burst_arrives(server: &TestServer) {
    const COUNT: usize = 10_000;
    let members = members(server, 100).await;
    let mut publisher = server.raw().await;
    let expected = Arc::new(burst(COUNT));
    let mut reading = JoinSet::new();
    for mut member in members {
        let expected = expected.clone();
        reading.spawn(async move {
            let mut got = vec![0; expected.len()];
            within(member.0.read_exact(&mut got)).await.unwrap();
            assert!(got == *expected);
            member
        });
    }
    let ask = format!(r#"{{"type":"burst","topic":"a","count":{COUNT}}}"#);
    publisher.send(&frame(FIN | TEXT, ask.as_bytes())).await;
    assert_eq!(reading.join_all().await.len(), 100);
}

#[tokio::test]
async fn where_too_much_waits_on_all_connections_the_slowest_are_closed() {
    let settings = "[limits]\nsend_queue_memory = \"1 MiB\"\n[timeouts]\nclose = \"300ms\"";
    let server = TestServer::with(settings).await;
    let witness = Witness::of(&server).await;
    let slow = members(&server, 3).await;
    let mut quick = members(&server, 1).await.remove(0);
    let mut publisher = server.client().await;
    let text = "x".repeat(50_000);
    let publish = format!(r#"{{"type":"publish","topic":"a","text":"{text}"}}"#);
    let closed = r#"wsgen_connections_closed_total{channel="room",code="1013",initiator="server"}"#;
    while server.metric(closed).await == 0.0 {
        publisher.send(&*publish).await;
        publisher.text().await;
        assert!(quick.text().await.ends_with(&format!("{text}\"}}")));
    }
    // None of them had a full queue of its own.
    let slow_consumers = r#"wsgen_slow_consumers_total{channel="room"}"#;
    assert_eq!(server.metric(slow_consumers).await, 0.0);
    drop((slow, quick));
    publisher.close().await;
    witness.unharmed().await;
}

#[tokio::test]
async fn a_burst_over_every_bound_is_cut_behind_what_was_queued() {
    let settings = "[limits]\nsend_queue_size = \"64 KiB\"";
    let server = TestServer::with(settings).await;
    let witness = Witness::of(&server).await;
    let mut member = members(&server, 1).await.remove(0);
    let mut publisher = server.raw().await;
    let ask = frame(FIN | TEXT, br#"{"type":"burst","topic":"a","count":10000}"#);
    publisher.send(&ask).await;
    let mut number = 0;
    let close = loop {
        match member.frame().await {
            (first, text) if first == FIN | TEXT => {
                let said = format!(r#"{{"type":"said","text":"{number}"}}"#);
                assert_eq!(text, said.as_bytes());
                number += 1;
            }
            (_, payload) => break payload,
        }
    };
    assert!(number > 1000, "{number}");
    assert_eq!(close[..2], 1013_u16.to_be_bytes());
    drop((member, publisher));
    witness.unharmed().await;
}
