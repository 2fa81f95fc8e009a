//! What is published on one server reaches the members of all, in order, once.

use super::on_each_broker;
use super::server::Broker;
use crate::process::Process;
use crate::support::TestServer;
use crate::support::client::Client;

on_each_broker! {
    members_of_all_servers_get_it,
    order_holds_and_nothing_comes_twice,
    topics_are_their_own,
    processes_reach_each_other,
    members_leave_and_come_back,
}

const JOIN: &str = r#"{"type":"join","topic":"a"}"#;

pub async fn member(server: &TestServer, topic: &str) -> Client {
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
    let servers = [
        broker.server("").await,
        broker.server("").await,
        broker.server("").await,
    ];
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

async fn order_holds_and_nothing_comes_twice(broker: Broker) {
    const COUNT: usize = 300;
    let settings = "[limits]\nsend_queue_messages = 10000\nsend_queue_size = \"16 MiB\"";
    let servers = [broker.server(settings).await, broker.server(settings).await];
    let mut members = Vec::new();
    for server in &servers {
        members.push(member(server, "a").await);
    }
    let mut publishers = tokio::task::JoinSet::new();
    for name in ["x", "y", "z"] {
        for server in &servers {
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
    for member in &mut members {
        let mut last = std::collections::HashMap::new();
        for _ in 0..6 * COUNT {
            let text = member.text().await;
            let (_, text) = text.rsplit_once("\":\"").unwrap();
            let (name, number) = text.trim_end_matches("\"}").split_once(' ').unwrap();
            let number: usize = number.parse().unwrap();
            let before = last.insert(name.to_owned(), number);
            assert_eq!(before.map_or(0, |before| before + 1), number, "{name}");
        }
        assert_eq!(last.len(), 6);
    }
    while let Some(done) = publishers.join_next().await {
        done.unwrap();
    }
    // Nothing comes after the last.
    for (member, server) in members.iter_mut().zip(&servers) {
        publish(&mut server.client().await, "a", "the end").await;
        assert_eq!(member.text().await, said("the end"));
        if server.address == servers[0].address {
            continue;
        }
        assert_eq!(member.text().await, said("the end"));
    }
}

async fn topics_are_their_own(broker: Broker) {
    let (one, other) = (broker.server("").await, broker.server("").await);
    let mut a = member(&one, "a").await;
    let mut b = member(&one, "b").await;
    // Another prefix is another world.
    let settings = broker.settings("prefix = \"elsewhere\"");
    let elsewhere = TestServer::with(&settings).await;
    super::server::is_ready(&elsewhere).await;
    let mut stranger = member(&elsewhere, "a").await;
    let mut publisher = other.client().await;
    for (topic, text) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
        publish(&mut publisher, topic, text).await;
    }
    assert_eq!(a.text().await, said("1"));
    assert_eq!(a.text().await, said("4"));
    assert_eq!(b.text().await, said("2"));
    publish(&mut elsewhere.client().await, "a", "mine").await;
    assert_eq!(stranger.text().await, said("mine"));
}

async fn processes_reach_each_other(broker: Broker) {
    let settings = broker.settings("[rates]\nmessages = 0\nbytes = 0");
    let processes = [0, 1, 2].map(|_| Process::start(&settings, 256));
    let mut members = Vec::new();
    for process in &processes {
        process.is_ready().await;
        let client = Client::connect(process.address, "/rooms/1").await;
        members.push(joined(client, "a").await);
    }
    for (number, process) in processes.iter().enumerate() {
        let mut publisher = Client::connect(process.address, "/rooms/1").await;
        for text in ["first", "second"] {
            publish(&mut publisher, "a", &format!("{text} of {number}")).await;
        }
        for member in &mut members {
            assert_eq!(member.text().await, said(&format!("first of {number}")));
            assert_eq!(member.text().await, said(&format!("second of {number}")));
        }
    }
}

async fn members_leave_and_come_back(broker: Broker) {
    let (one, other) = (broker.server("").await, broker.server("").await);
    let mut member = member(&one, "a").await;
    let mut publisher = other.client().await;
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
