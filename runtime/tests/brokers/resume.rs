//! Clients that come back get all that they missed, or are told that they do not.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::delivery::{MISSED, joined, publish, said};
use super::server::{Broker, Kind, is_degraded, is_ready};
use super::{everywhere, on};
use crate::process::Process;
use crate::support::client::Client;
use crate::support::within;

everywhere! {
    who_comes_back_to_the_same_server_gets_what_it_missed,
    the_window_is_exact,
    what_is_too_old_is_gone,
    another_epoch_is_another_log,
    what_does_not_fit_the_send_queue_is_not_promised,
    nobody_is_told_positions_who_does_not_ask,
    on_another_server_or_after_its_end,
}

on!(
    on_redis,
    Redis,
    a_client_that_moves_between_two_servers_loses_nothing,
    a_client_that_moves_between_three_servers_loses_nothing,
    a_restart_begins_a_new_epoch_and_what_is_known_is_not_lost,
);

on!(on_nats, Nats, a_restart_begins_a_new_epoch);

const RESUME: &str = "[resume]\nchannels = [\"room\"]\nmessages = 50\n";

/// A client as a person would write it: it remembers where it is.
pub struct Resuming {
    client: Client,
    pub position: Value,
    /// The position that the next message leads to.
    next: Option<Value>,
}

impl Resuming {
    pub async fn connect(address: SocketAddr, position: &Value) -> (Self, Option<bool>) {
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
    pub async fn text(&mut self) -> String {
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

/// All that was published is here when a member has this.
async fn has_come(witness: &mut Client, text: &str) {
    while witness.text().await != said(text) {}
}

async fn who_comes_back_to_the_same_server_gets_what_it_missed(broker: Broker) {
    let servers = broker.servers(2, RESUME).await;
    let one = &servers[0];
    for server in &servers {
        let publisher = &mut server.client().await;
        let (mut client, recovered) = Resuming::connect(one.address, &Value::Null).await;
        assert_eq!(recovered, None);
        publish(publisher, "a", "first").await;
        assert_eq!(client.text().await, "first");
        let position = client.position.clone();
        drop(client);
        let mut witness = joined(one.client().await, "a").await;
        publish(publisher, "a", "second").await;
        publish(publisher, "a", "third").await;
        has_come(&mut witness, "third").await;
        // Twice, since recovering takes nothing away.
        for _ in 0..2 {
            let (mut client, recovered) = Resuming::connect(one.address, &position).await;
            assert_eq!(recovered, Some(true));
            assert_eq!(client.text().await, "second");
            let halfway = client.position.clone();
            assert_eq!(client.text().await, "third");
            let (mut client, recovered) = Resuming::connect(one.address, &halfway).await;
            assert_eq!(recovered, Some(true));
            assert_eq!(client.text().await, "third");
        }
        let (mut client, _) = Resuming::connect(one.address, &position).await;
        publish(publisher, "a", "live").await;
        for expected in ["second", "third", "live"] {
            assert_eq!(client.text().await, expected);
        }
    }
    let recovered = one.metric("wsgen_recoveries_total{recovered=\"true\"}");
    assert!(recovered.await >= 5.0);
}

/// What is kept is 50 messages: who missed 50 gets them all, who missed 51 is told so.
async fn the_window_is_exact(broker: Broker) {
    let servers = broker.servers(2, RESUME).await;
    let (one, publisher) = (&servers[0], &mut servers[servers.len() - 1].client().await);
    let (client, _) = Resuming::connect(one.address, &Value::Null).await;
    let position = client.position.clone();
    drop(client);
    let mut witness = joined(one.client().await, "a").await;
    for number in 0..50 {
        publish(publisher, "a", &number.to_string()).await;
    }
    has_come(&mut witness, "49").await;
    let (mut client, recovered) = Resuming::connect(one.address, &position).await;
    assert_eq!(recovered, Some(true));
    for number in 0..50 {
        assert_eq!(client.text().await, number.to_string());
    }
    publish(publisher, "a", "50").await;
    assert_eq!(client.text().await, "50");
    let (mut client, recovered) = Resuming::connect(one.address, &position).await;
    assert_eq!(recovered, Some(false));
    publish(publisher, "a", "live").await;
    assert_eq!(client.text().await, "live");
    let lost = one.metric("wsgen_recoveries_total{recovered=\"false\"}");
    assert_eq!(lost.await, 1.0);
}

async fn what_is_too_old_is_gone(broker: Broker) {
    let one = &broker.server(&format!("{RESUME}age = \"1s\"")).await;
    let (client, _) = Resuming::connect(one.address, &Value::Null).await;
    let position = client.position.clone();
    drop(client);
    let mut witness = joined(one.client().await, "a").await;
    publish(&mut one.client().await, "a", "old").await;
    has_come(&mut witness, "old").await;
    let (_, recovered) = Resuming::connect(one.address, &position).await;
    assert_eq!(recovered, Some(true));
    // Time is what this is about.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let (mut client, recovered) = Resuming::connect(one.address, &position).await;
    assert_eq!(recovered, Some(false));
    publish(&mut one.client().await, "a", "live").await;
    assert_eq!(client.text().await, "live");
}

async fn another_epoch_is_another_log(broker: Broker) {
    let one = &broker.server(RESUME).await;
    let (client, _) = Resuming::connect(one.address, &Value::Null).await;
    let (epoch, offset) = client.position.as_str().unwrap().split_once('.').unwrap();
    let other = u64::from_str_radix(epoch, 16).unwrap() ^ 1;
    let later = offset.parse::<u64>().unwrap() + 100;
    for position in [
        format!("{other:x}.{offset}"),
        format!("{epoch}.{later}"),
        "nonsense".to_owned(),
    ] {
        let (mut client, recovered) =
            Resuming::connect(one.address, &Value::from(&*position)).await;
        assert_eq!(recovered, Some(false), "{position}");
        publish(&mut one.client().await, "a", "live").await;
        assert_eq!(client.text().await, "live");
    }
}

/// Else it would be closed for being slow, come back, and be closed again.
async fn what_does_not_fit_the_send_queue_is_not_promised(broker: Broker) {
    let settings = broker.settings(RESUME);
    let settings = settings.replace(
        "send_queue_size = \"16 MiB\"",
        "send_queue_size = \"64 KiB\"",
    );
    let one = &Process::start(&settings, 256);
    is_ready(one).await;
    let (client, _) = Resuming::connect(one.address, &Value::Null).await;
    let position = client.position.clone();
    drop(client);
    let mut witness = joined(one.client().await, "a").await;
    let publisher = &mut one.client().await;
    let text = "x".repeat(20_000);
    for _ in 0..3 {
        publish(publisher, "a", &text).await;
        has_come(&mut witness, &text).await;
    }
    let (mut client, recovered) = Resuming::connect(one.address, &position).await;
    assert_eq!(recovered, Some(true));
    for _ in 0..3 {
        assert_eq!(client.text().await, text);
    }
    publish(publisher, "a", &text).await;
    has_come(&mut witness, &text).await;
    let (mut client, recovered) = Resuming::connect(one.address, &position).await;
    assert_eq!(recovered, Some(false));
    publish(publisher, "a", "live").await;
    assert_eq!(client.text().await, "live");
}

async fn nobody_is_told_positions_who_does_not_ask(broker: Broker) {
    let server = broker.server(RESUME).await;
    let mut member = joined(server.client().await, "a").await;
    publish(&mut server.client().await, "a", "plain").await;
    assert_eq!(member.text().await, said("plain"));
    // Nor on a channel that has no history.
    let server = broker.server("").await;
    let client = Client::connect(server.address, "/rooms/1?wsgen_resume=").await;
    let mut member = joined(client, "a").await;
    publish(&mut server.client().await, "a", "plain").await;
    assert_eq!(member.text().await, said("plain"));
}

/// Where the log is at the broker, any server knows it; else only the one where the client was.
async fn on_another_server_or_after_its_end(broker: Broker) {
    let (one, other) = (broker.server(RESUME).await, broker.server(RESUME).await);
    let (mut client, _) = Resuming::connect(one.address, &Value::Null).await;
    let mut witness = joined(other.client().await, "a").await;
    publish(&mut one.client().await, "a", "before").await;
    assert_eq!(client.text().await, "before");
    let position = client.position.clone();
    if broker.kind != Kind::Memory {
        has_come(&mut witness, "before").await;
    }
    one.signal("-KILL");
    publish(&mut other.client().await, "a", "missed").await;
    has_come(&mut witness, "missed").await;
    let recovers = broker.kind == Kind::Redis;
    let new = broker.server(RESUME).await;
    for server in [&other, &new] {
        let (mut client, recovered) = Resuming::connect(server.address, &position).await;
        assert_eq!(recovered, Some(recovers));
        if recovers {
            assert_eq!(client.text().await, "missed");
        }
    }
}

async fn a_client_that_moves_between_two_servers_loses_nothing(broker: Broker) {
    moves(broker, 2).await;
}

async fn a_client_that_moves_between_three_servers_loses_nothing(broker: Broker) {
    moves(broker, 3).await;
}

/// The hard one: a client that keeps moving between servers while all publish misses nothing and gets nothing twice.
async fn moves(broker: Broker, count: usize) {
    const COUNT: usize = 400;
    let settings = RESUME.replace("messages = 50", "messages = 2000");
    let servers = broker.servers(count, &settings).await;
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
    let mut next = vec![0; count];
    let mut moves = 0;
    while next.iter().any(|next| *next != COUNT) {
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
            if next.iter().all(|next| *next == COUNT) {
                break;
            }
        }
        moves += 1;
        let server = &servers[moves % count];
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

async fn a_restart_begins_a_new_epoch_and_what_is_known_is_not_lost(mut broker: Broker) {
    let (one, other) = (broker.server(RESUME).await, broker.server(RESUME).await);
    let mut publisher = one.client().await;
    let (mut client, _) = Resuming::connect(one.address, &Value::Null).await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(client.text().await, "before");
    let before = client.position.clone();
    broker.kill();
    is_degraded(&one).await;
    // It gets what is said here, and knows that it could not resume from there.
    publish(&mut publisher, "a", "without").await;
    assert_eq!(client.text().await, "without");
    assert_eq!(client.position, Value::Null);
    assert!(broker.start_again().await);
    is_ready(&one).await;
    is_ready(&other).await;
    for server in [&one, &other] {
        let (_, recovered) = Resuming::connect(server.address, &before).await;
        assert_eq!(recovered, Some(false));
    }
    let (mut client, _) = Resuming::connect(other.address, &Value::Null).await;
    publish(&mut publisher, "a", "after").await;
    while client.text().await != "after" {}
    assert!(client.position.is_string());
}

async fn a_restart_begins_a_new_epoch(mut broker: Broker) {
    let one = broker.server(RESUME).await;
    let (mut client, _) = Resuming::connect(one.address, &Value::Null).await;
    let before = client.position.clone();
    broker.kill();
    is_degraded(&one).await;
    assert!(broker.start_again().await);
    is_ready(&one).await;
    while client.client.text().await != said(MISSED) {}
    let (_, recovered) = Resuming::connect(one.address, &before).await;
    assert_eq!(recovered, Some(false));
}
