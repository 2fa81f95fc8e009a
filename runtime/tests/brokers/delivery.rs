//! What is published on one server reaches the members of all, in order, once.

use super::server::{Broker, Kind, is_ready};
use super::{everywhere, on, on_each_broker};
use crate::process::Process;
use crate::support::client::Client;

everywhere! {
    members_of_all_servers_get_it,
    on_two_order_holds_and_nothing_comes_twice,
    on_three_order_holds_and_nothing_comes_twice,
    topics_are_their_own,
    members_leave_and_come_back,
}

on_each_broker! {
    another_prefix_is_another_world,
    a_server_that_is_too_slow_tells_the_gap,
    a_burst_after_a_pause_is_whole_or_a_gap,
}

on!(on_nats_alone, Nats, what_is_too_large_for_it_is_a_gap);

const JOIN: &str = r#"{"type":"join","topic":"a"}"#;

/// What a handler says of topic `a` when it is told of a gap.
pub const MISSED: &str = "something of a was missed";

pub async fn member(server: &Process, topic: &str) -> Client {
    joined(server.client().await, topic).await
}

pub async fn joined(mut client: Client, topic: &str) -> Client {
    client
        .send(format!(r#"{{"type":"join","topic":"{topic}"}}"#))
        .await;
    assert_eq!(client.text().await, said("joined"));
    client
}

pub fn said(text: &str) -> String {
    format!(r#"{{"type":"said","text":"{text}"}}"#)
}

pub async fn publish(client: &mut Client, topic: &str, text: &str) {
    client
        .send(format!(
            r#"{{"type":"silently","topic":"{topic}","text":"{text}"}}"#
        ))
        .await;
}

async fn members_of_all_servers_get_it(broker: Broker) {
    let servers = broker.servers(3, "").await;
    let mut members = Vec::new();
    for server in &servers {
        for _ in 0..2 {
            members.push(member(server, "a").await);
        }
    }
    for (number, server) in servers.iter().enumerate() {
        let mut publisher = server.client().await;
        publisher
            .send(format!(
                r#"{{"type":"publish","topic":"a","text":"{number}"}}"#
            ))
            .await;
        assert_eq!(publisher.text().await, said("published to 2"));
        for member in &mut members {
            assert_eq!(member.text().await, said(&number.to_string()));
        }
    }
}

async fn on_two_order_holds_and_nothing_comes_twice(broker: Broker) {
    order_holds_and_nothing_comes_twice(&broker.servers(2, "").await).await;
}

async fn on_three_order_holds_and_nothing_comes_twice(broker: Broker) {
    order_holds_and_nothing_comes_twice(&broker.servers(3, "").await).await;
}

async fn order_holds_and_nothing_comes_twice(servers: &[Process]) {
    const COUNT: usize = 300;
    let mut members = Vec::new();
    for server in servers {
        members.push(member(server, "a").await);
    }
    let mut publishers = tokio::task::JoinSet::new();
    for name in ["x", "y", "z"] {
        for server in servers {
            let mut publisher = server.client().await;
            let name = format!("{name}{}", server.address.port());
            publishers.spawn(async move {
                for number in 0..COUNT {
                    publish(&mut publisher, "a", &format!("{name} {number}")).await;
                }
                // It closes when all has been handled.
                publisher.close().await;
            });
        }
    }
    let publishing = 3 * servers.len();
    for member in &mut members {
        let mut last = std::collections::HashMap::new();
        for _ in 0..publishing * COUNT {
            let text = member.text().await;
            let (_, text) = text.rsplit_once("\":\"").unwrap();
            let (name, number) = text.trim_end_matches("\"}").split_once(' ').unwrap();
            let number: usize = number.parse().unwrap();
            let before = last.insert(name.to_owned(), number);
            assert_eq!(before.map_or(0, |before| before + 1), number, "{name}");
        }
        assert_eq!(last.len(), publishing);
    }
    while let Some(done) = publishers.join_next().await {
        done.unwrap();
    }
    // Nothing comes after the last.
    publish(&mut servers[0].client().await, "a", "the end").await;
    for member in &mut members {
        assert_eq!(member.text().await, said("the end"));
    }
}

async fn topics_are_their_own(broker: Broker) {
    let servers = broker.servers(2, "").await;
    let mut a = member(&servers[0], "a").await;
    let mut b = member(&servers[0], "b").await;
    let mut publisher = servers[servers.len() - 1].client().await;
    for (topic, text) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
        publish(&mut publisher, topic, text).await;
    }
    assert_eq!(a.text().await, said("1"));
    assert_eq!(a.text().await, said("4"));
    assert_eq!(b.text().await, said("2"));
}

async fn another_prefix_is_another_world(broker: Broker) {
    let (here, elsewhere) = (
        broker.server("").await,
        broker.server("prefix = \"elsewhere\"").await,
    );
    let mut member_here = member(&here, "a").await;
    let mut stranger = member(&elsewhere, "a").await;
    publish(&mut here.client().await, "a", "ours").await;
    publish(&mut elsewhere.client().await, "a", "mine").await;
    assert_eq!(member_here.text().await, said("ours"));
    assert_eq!(stranger.text().await, said("mine"));
    // By then the others' would have come.
    publish(&mut here.client().await, "a", "the end").await;
    publish(&mut elsewhere.client().await, "a", "my end").await;
    assert_eq!(member_here.text().await, said("the end"));
    assert_eq!(stranger.text().await, said("my end"));
}

async fn members_leave_and_come_back(broker: Broker) {
    let servers = broker.servers(2, "").await;
    let mut member = member(&servers[0], "a").await;
    let mut publisher = servers[servers.len() - 1].client().await;
    for round in 0..20 {
        let text = format!("round {round}");
        publish(&mut publisher, "a", &text).await;
        // What was published while it was away may come, if it takes its time.
        while member.text().await != said(&text) {}
        member.send(r#"{"type":"leave","topic":"a"}"#).await;
        assert_eq!(member.text().await, said("left"));
        publish(&mut publisher, "a", "nobody is there").await;
        member.send(JOIN).await;
        while member.text().await != said("joined") {}
    }
}

/// The broker cuts off who does not take what it has for them: NATS calls that a slow consumer.
async fn a_server_that_is_too_slow_tells_the_gap(mut broker: Broker) {
    let (patience, cut_off) = match broker.kind {
        Kind::Nats => {
            let settings = broker.file("nats.conf", "max_pending: 2MB\nwrite_deadline: \"1s\"");
            (vec!["-c".to_owned(), settings], "Slow Consumer Detected")
        }
        _ => {
            let limit = "--client-output-buffer-limit pubsub 2mb 2mb 1".split(' ');
            let limit = limit.map(str::to_owned).collect();
            (limit, "overcoming of output buffer limits")
        }
    };
    broker.restart_with(patience).await;
    let (one, slow) = (broker.server("").await, broker.server("").await);
    let (mut here, mut there) = (member(&one, "a").await, member(&slow, "a").await);
    let mut publisher = one.client().await;
    slow.signal("-STOP");
    let text = "x".repeat(60_000);
    let mut published = 0;
    // How much the sockets between hold is the system's affair: 32 MiB and more on some.
    while !broker.has_logged(cut_off) {
        assert!(published < 5000, "300 MB, and nobody is cut off");
        publish(&mut publisher, "a", &text).await;
        assert_eq!(here.text().await, said(&text));
        published += 1;
    }
    slow.signal("-CONT");
    let mut received = 0;
    loop {
        let message = there.text().await;
        if message == said(MISSED) {
            break;
        }
        received += usize::from(message == said(&text));
    }
    assert!(received < published, "nothing was missed");
    assert!(slow.metric("wsgen_broker_gaps_total").await >= 1.0);
    assert_eq!(one.metric("wsgen_broker_dropped_total").await, 0.0);
    // And it is back.
    is_ready(&slow).await;
    publish(&mut publisher, "a", "after").await;
    while there.text().await != said("after") {}
}

/// What came while a server did not run comes all at once when it does: more than the client of NATS keeps for a subject
/// before it calls it a slow consumer.
async fn a_burst_after_a_pause_is_whole_or_a_gap(broker: Broker) {
    // Less than may wait for the broker.
    const COUNT: usize = 15_000;
    let (one, slow) = (broker.server("").await, broker.server("").await);
    let mut there = member(&slow, "a").await;
    let mut publisher = one.client().await;
    slow.signal("-STOP");
    for number in 0..COUNT {
        publish(&mut publisher, "a", &number.to_string()).await;
    }
    publisher.send(r#"{"type":"say","text":"done"}"#).await;
    assert_eq!(publisher.text().await, said("done"));
    assert_eq!(one.metric("wsgen_broker_dropped_total").await, 0.0);
    slow.signal("-CONT");
    let (mut next, mut is_whole) = (0, true);
    while !(is_whole && next == COUNT) {
        let text = there.text().await;
        if text == said(MISSED) {
            assert!(slow.metric("wsgen_broker_gaps_total").await >= 1.0);
            break;
        }
        let number = (next..COUNT).find(|number| text == said(&number.to_string()));
        let number = number.unwrap_or_else(|| panic!("{text} after {next}"));
        is_whole &= number == next;
        next = number + 1;
    }
}

async fn what_is_too_large_for_it_is_a_gap(mut broker: Broker) {
    let settings = broker.file("nats.conf", "max_payload: 16384");
    broker.restart_with(["-c".to_owned(), settings]).await;
    let (one, other) = (broker.server("").await, broker.server("").await);
    let (mut here, mut there) = (member(&one, "a").await, member(&other, "a").await);
    let mut publisher = one.client().await;
    let large = "x".repeat(20_000);
    publish(&mut publisher, "a", &large).await;
    publish(&mut publisher, "a", "small").await;
    assert_eq!(here.text().await, said(&large));
    assert_eq!(here.text().await, said("small"));
    assert_eq!(there.text().await, said("small"));
    assert_eq!(there.text().await, said(MISSED));
    assert_eq!(one.metric("wsgen_broker_dropped_total").await, 1.0);
}
