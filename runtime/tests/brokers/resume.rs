//! Clients that come back get all that they missed, or are told that they do not.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::delivery::{joined, publish, said};
use super::server::{Broker, Kind};
use crate::support::client::Client;
use crate::support::{TestServer, within};

const RESUME: &str = "[resume]\nchannels = [\"room\"]\nmessages = 50\n[limits]\nsend_queue_messages = 10000\nsend_queue_size = \"16 MiB\"\n";

/// A client as a person would write it: it remembers where it is.
struct Resuming {
    client: Client,
    position: Value,
    /// The position that the next message leads to.
    next: Option<Value>,
}

impl Resuming {
    async fn connect(address: SocketAddr, position: &Value) -> (Self, Option<bool>) {
        let value = match position {
            Value::String(position) => format!("{position}:a"),
            _ => String::new(),
        };
        let path = format!("/rooms/1?wsgen_resume={value}");
        let mut client = Client::connect(address, &path).await;
        client.send(r#"{"type":"join","topic":"a"}"#).await;
        let greeting = control(&client.text().await).unwrap();
        assert_eq!(greeting["topic"], "a");
        let recovered = greeting.get("recovered").map(|yes| yes.as_bool().unwrap());
        let position = greeting["position"].clone();
        let resuming = Self {
            client,
            position,
            next: None,
        };
        (resuming, recovered)
    }

    /// The text of the next published message; answers of the handler are passed over.
    async fn text(&mut self) -> String {
        loop {
            let text = self.client.text().await;
            match control(&text) {
                Some(control) => self.next = Some(control["next"].clone()),
                None => {
                    let Some(next) = self.next.take() else {
                        assert_eq!(text, said("joined"));
                        continue;
                    };
                    self.position = next;
                    let message: Value = serde_json::from_str(&text).unwrap();
                    return message["text"].as_str().unwrap().to_owned();
                }
            }
        }
    }
}

fn control(text: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(text).unwrap();
    value.get_mut("wsgen").map(Value::take)
}

/// What every broker can do: come back to the same server.
async fn comes_back_to(one: &TestServer, publisher: &mut Client) {
    let (mut client, recovered) = Resuming::connect(one.address, &Value::Null).await;
    assert_eq!(recovered, None);
    publish(publisher, "a", "first").await;
    assert_eq!(client.text().await, "first");
    let position = client.position.clone();
    drop(client);
    for text in ["second", "third"] {
        publish(publisher, "a", text).await;
    }
    publisher.send(r#"{"type":"say","text":"done"}"#).await;
    assert_eq!(publisher.text().await, said("done"));
    // Twice, since recovering takes nothing away.
    for _ in 0..2 {
        let (mut client, recovered) = Resuming::connect(one.address, &position).await;
        assert_eq!(recovered, Some(true));
        assert_eq!(client.text().await, "second");
        let halfway = client.position.clone();
        assert_eq!(client.text().await, "third");
        publish(publisher, "a", "live").await;
        assert_eq!(client.text().await, "live");
        let (mut client, recovered) = Resuming::connect(one.address, &halfway).await;
        assert_eq!(recovered, Some(true));
        assert_eq!(client.text().await, "third");
        // For the second round, it is as it was.
        if client.text().await == "live" {
            break;
        }
    }
}

/// Too long ago, or of another epoch.
async fn is_told_that_it_is_too_late(one: &TestServer, publisher: &mut Client) {
    let (client, _) = Resuming::connect(one.address, &Value::Null).await;
    let position = client.position.clone();
    drop(client);
    let mut witness = joined(one.client().await, "a").await;
    for number in 0..51 {
        publish(publisher, "a", &number.to_string()).await;
    }
    // All have come to this server.
    while witness.text().await != said("50") {}
    let of_another_epoch = Value::from("abc.1");
    let nonsense = Value::from("nonsense");
    for position in [position, of_another_epoch, nonsense] {
        let (mut client, recovered) = Resuming::connect(one.address, &position).await;
        assert_eq!(recovered, Some(false), "{position}");
        publish(publisher, "a", "live").await;
        assert_eq!(client.text().await, "live");
    }
}

#[tokio::test]
async fn in_memory_the_missed_messages_come() {
    let server = TestServer::with(RESUME).await;
    comes_back_to(&server, &mut server.client().await).await;
    let recovered = server.metric("wsgen_recoveries_total{recovered=\"true\"}");
    assert!(recovered.await >= 2.0);
}

#[tokio::test]
async fn in_memory_it_is_told_what_is_too_late() {
    let server = TestServer::with(RESUME).await;
    is_told_that_it_is_too_late(&server, &mut server.client().await).await;
    let lost = server.metric("wsgen_recoveries_total{recovered=\"false\"}");
    assert_eq!(lost.await, 3.0);
}

#[tokio::test]
async fn nobody_is_told_positions_who_does_not_ask() {
    let server = TestServer::with(RESUME).await;
    let mut member = joined(server.client().await, "a").await;
    publish(&mut server.client().await, "a", "plain").await;
    assert_eq!(member.text().await, said("plain"));
    // Nor on a channel that has no history.
    let server = TestServer::start().await;
    let client = Client::connect(server.address, "/rooms/1?wsgen_resume=").await;
    let mut member = joined(client, "a").await;
    publish(&mut server.client().await, "a", "plain").await;
    assert_eq!(member.text().await, said("plain"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis() {
    let Some(broker) = Broker::start(Kind::Redis).await else {
        return;
    };
    let (one, other) = (broker.server(RESUME).await, broker.server(RESUME).await);
    comes_back_to(&one, &mut one.client().await).await;
    comes_back_to(&one, &mut other.client().await).await;
    is_told_that_it_is_too_late(&one, &mut other.client().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_nats_only_the_same_server_recovers() {
    let Some(broker) = Broker::start(Kind::Nats).await else {
        return;
    };
    let (one, other) = (broker.server(RESUME).await, broker.server(RESUME).await);
    comes_back_to(&one, &mut one.client().await).await;
    let (client, _) = Resuming::connect(one.address, &Value::Null).await;
    let (_, recovered) = Resuming::connect(other.address, &client.position).await;
    assert_eq!(recovered, Some(false));
    is_told_that_it_is_too_late(&one, &mut one.client().await).await;
}

/// The hard one: a client that keeps moving between servers while two publish misses nothing and gets nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis_a_moving_client_loses_nothing() {
    const COUNT: usize = 400;
    let Some(broker) = Broker::start(Kind::Redis).await else {
        return;
    };
    let settings = RESUME.replace("messages = 50", "messages = 2000");
    let servers = [
        broker.server(&settings).await,
        broker.server(&settings).await,
    ];
    let (mut client, _) = Resuming::connect(servers[0].address, &Value::Null).await;
    let mut publishers = tokio::task::JoinSet::new();
    for (name, server) in servers.iter().enumerate() {
        let mut publisher = server.client().await;
        publishers.spawn(async move {
            for number in 0..COUNT {
                publish(&mut publisher, "a", &format!("{name} {number}")).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            publisher.close().await;
        });
    }
    let mut next = [0, 0];
    let mut moves = 0;
    while next != [COUNT, COUNT] {
        for _ in 0..20 {
            let text = within(client.text()).await;
            let (name, number) = text.split_once(' ').unwrap();
            let name: usize = name.parse().unwrap();
            assert_eq!(
                number,
                next[name].to_string(),
                "of {name} after {moves} moves"
            );
            next[name] += 1;
            if next == [COUNT, COUNT] {
                break;
            }
        }
        moves += 1;
        let server = &servers[moves % 2];
        let (moved, recovered) = Resuming::connect(server.address, &client.position).await;
        assert_eq!(
            recovered,
            Some(true),
            "at {} after {moves} moves",
            client.position
        );
        client = moved;
    }
    assert!(moves > 20);
    while let Some(done) = publishers.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis_a_restart_begins_a_new_epoch_and_what_is_known_is_not_lost() {
    let Some(mut broker) = Broker::start(Kind::Redis).await else {
        return;
    };
    let (one, other) = (broker.server(RESUME).await, broker.server(RESUME).await);
    let mut publisher = one.client().await;
    let (mut client, _) = Resuming::connect(one.address, &Value::Null).await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(client.text().await, "before");
    let before = client.position.clone();
    broker.kill();
    while one.admin_page("/readyz").await.contains("\nready") {}
    // It gets what is said here, and knows that it could not resume from there.
    publish(&mut publisher, "a", "without").await;
    assert_eq!(client.text().await, "without");
    assert_eq!(client.position, Value::Null);
    assert!(broker.start_again().await);
    super::server::is_ready(&one).await;
    super::server::is_ready(&other).await;
    for server in [&one, &other] {
        let (_, recovered) = Resuming::connect(server.address, &before).await;
        assert_eq!(recovered, Some(false));
    }
    let (mut client, _) = Resuming::connect(other.address, &Value::Null).await;
    publish(&mut publisher, "a", "after").await;
    while client.text().await != "after" {}
    assert!(client.position.is_string());
}
