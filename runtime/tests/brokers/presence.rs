//! Who is there, on all servers.

use std::sync::Arc;
use std::time::Instant;

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Credential, Principal, Unauthorized};

use super::delivery::said;
use super::on_each_broker;
use super::server::{Broker, is_ready};
use crate::process::Process;
use crate::support::client::Client;
use crate::support::{TestServer, within};

on_each_broker! {
    everybody_sees_everybody,
    members_of_a_killed_server_are_gone,
    a_principal_is_kicked_everywhere,
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
    let (one, other) = (broker.server("").await, broker.server("").await);
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
    let one = broker.server("").await;
    let process = Process::start(&broker.settings(""), 256);
    process.is_ready().await;
    let mut ada = one.client().await;
    enter(&mut ada, "ada").await;
    let mut bob = Client::connect(process.address, "/rooms/1").await;
    enter(&mut bob, "bob").await;
    assert_eq!(ada.text().await, said("bob came"));
    process.signal("-KILL");
    let killed = Instant::now();
    assert_eq!(ada.text().await, said("bob left"));
    // The TTL is 1.5 s, and looked at three times in it.
    assert!(killed.elapsed().as_secs() < 5, "{:?}", killed.elapsed());
    assert_eq!(seen(&mut ada).await, said("ada"));
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

async fn a_principal_is_kicked_everywhere(broker: Broker) {
    let start = async || {
        let settings = broker.settings("");
        let server = TestServer::build(&settings, |server| {
            server.authenticate(Arc::new(Trusting), NAME)
        });
        let server = server.await;
        is_ready(&server).await;
        server
    };
    let (one, other) = (start().await, start().await);
    let connect = async |server: &TestServer, name: &str| {
        Client::connect(server.address, &format!("/rooms/1?name={name}")).await
    };
    let mut evil = [connect(&one, "evil").await, connect(&other, "evil").await];
    let mut good = [connect(&one, "good").await, connect(&other, "good").await];
    good[0].send(r#"{"type":"kick","text":"evil"}"#).await;
    for evil in &mut evil {
        assert_eq!(evil.closed().await, (4001, "enough of you".to_owned()));
    }
    for good in &mut good {
        good.send(r#"{"type":"say","text":"still here"}"#).await;
        assert_eq!(within(good.text()).await, said("still here"));
    }
}
