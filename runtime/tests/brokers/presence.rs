//! Who is there, on all servers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Credential, Principal, Unauthorized};

use super::delivery::{MISSED, said};
use super::server::{Broker, Kind, Relay, is_degraded};
use super::{everywhere, on_each_broker};
use crate::support::client::Client;
use crate::support::{TestServer, within};

everywhere! {
    everybody_sees_everybody,
    a_principal_is_kicked_everywhere,
}

on_each_broker! {
    members_of_a_killed_server_are_gone,
    after_an_outage_the_lists_are_right,
}

/// Enters topic `a` as `name`.
async fn enter(client: &mut Client, name: &str) {
    client
        .send(format!(r#"{{"type":"enter","topic":"a","info":"{name}"}}"#))
        .await;
    assert_eq!(client.text().await, said("entered"));
}

async fn seen(client: &mut Client) -> String {
    client.send(r#"{"type":"seen","topic":"a"}"#).await;
    client.text().await
}

async fn everybody_sees_everybody(broker: Broker) {
    let servers = broker.servers(2, "").await;
    let (one, other) = (&servers[0], &servers[servers.len() - 1]);
    let (mut ada, mut bob) = (one.client().await, other.client().await);
    enter(&mut ada, "ada").await;
    assert_eq!(seen(&mut ada).await, said("ada"));
    // Who comes sees all at once, and those who are there are told.
    enter(&mut bob, "bob").await;
    assert_eq!(seen(&mut bob).await, said("ada bob"));
    assert_eq!(ada.text().await, said("bob came"));
    assert_eq!(seen(&mut ada).await, said("ada bob"));
    let mut cleo = other.client().await;
    enter(&mut cleo, "cleo").await;
    assert_eq!(ada.text().await, said("cleo came"));
    assert_eq!(bob.text().await, said("cleo came"));
    // By leaving, and by the end of the connection.
    bob.send(r#"{"type":"leave","topic":"a"}"#).await;
    assert_eq!(bob.text().await, said("left"));
    assert_eq!(ada.text().await, said("bob left"));
    assert_eq!(cleo.text().await, said("bob left"));
    cleo.close().await;
    assert_eq!(ada.text().await, said("cleo left"));
    assert_eq!(seen(&mut ada).await, said("ada"));
}

async fn members_of_a_killed_server_are_gone(broker: Broker) {
    let (one, other) = (broker.server("").await, broker.server("").await);
    let mut ada = one.client().await;
    enter(&mut ada, "ada").await;
    let mut bob = other.client().await;
    enter(&mut bob, "bob").await;
    assert_eq!(ada.text().await, said("bob came"));
    other.signal("-KILL");
    let killed = Instant::now();
    assert_eq!(ada.text().await, said("bob left"));
    let ttl = Duration::from_millis(1500);
    let slack = Duration::from_millis(100);
    assert!(killed.elapsed() < ttl + slack, "{:?}", killed.elapsed());
    assert_eq!(seen(&mut ada).await, said("ada"));
}

/// One server alone is cut off, so that what the other says of its members meanwhile is not even kept for it.
async fn after_an_outage_the_lists_are_right(broker: Broker) {
    let relay = Relay::to(broker.port).await;
    let (one, other) = (broker.server_by(&relay, "").await, broker.server("").await);
    let (mut ada, mut bob) = (one.client().await, other.client().await);
    enter(&mut ada, "ada").await;
    enter(&mut bob, "bob").await;
    assert_eq!(ada.text().await, said("bob came"));
    relay.cut();
    is_degraded(&one).await;
    let mut cleo = other.client().await;
    enter(&mut cleo, "cleo").await;
    bob.close().await;
    assert_eq!(cleo.text().await, said("bob left"));
    assert_eq!(cleo.text().await, said("ada left"));
    relay.mend();
    assert_eq!(cleo.text().await, said("ada came"));
    let mut told = Vec::new();
    while told.len() < 2 {
        let text = ada.text().await;
        if text != said(MISSED) {
            told.push(text);
        }
    }
    told.sort();
    assert_eq!(told, [said("bob left"), said("cleo came")]);
}

/// Takes everybody for who they say they are.
struct Trusting;

impl Authenticate for Trusting {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match credential {
            Credential::ApiKey { key, .. } => Ok(Principal::new(key)),
            _ => Err(Unauthorized),
        }
    }
}

const NAME: &[&[Scheme]] = &[&[Scheme::ApiKey {
    name: "name",
    location: Location::Query("name"),
}]];

/// Servers within this process, since the one who knows everybody is the test's own.
async fn a_principal_is_kicked_everywhere(broker: Broker) {
    let mut servers = Vec::new();
    for _ in 0..if broker.kind == Kind::Memory { 1 } else { 2 } {
        let settings = broker.settings("");
        let server = TestServer::build(&settings, |server| {
            server.authenticate(Arc::new(Trusting), NAME)
        });
        let server = server.await;
        within(async { while server.admin_page("/readyz").await.contains("degraded") {} }).await;
        servers.push(server);
    }
    let mut evil = Vec::new();
    let mut good = Vec::new();
    for server in &servers {
        evil.push(Client::connect(server.address, "/rooms/1?name=evil").await);
        good.push(Client::connect(server.address, "/rooms/1?name=good").await);
    }
    good[0].send(r#"{"type":"kick","text":"evil"}"#).await;
    for evil in &mut evil {
        assert_eq!(evil.closed().await, (4001, "enough of you".to_owned()));
    }
    for good in &mut good {
        good.send(r#"{"type":"say","text":"still here"}"#).await;
        assert_eq!(good.text().await, said("still here"));
    }
}
