//! The way out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::support::chance::Chance;
use crate::support::endpoint::RECORDS;
use crate::support::wire::{End, Wire};
use crate::support::{TestServer, within};

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

/// How often another moment is tried: `WSGEN_DRAINS`, or a few times.
fn drains() -> u64 {
    std::env::var("WSGEN_DRAINS").map_or(12, |drains| drains.parse().unwrap())
}

/// Each time with other clients, some of which come or go at that moment.
#[tokio::test]
async fn whatever_the_moment_what_was_answered_was_handled_once() {
    let first: u64 = std::env::var("WSGEN_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut seen = Outcomes::default();
    for seed in first..first + drains() {
        if let Err(what) = drained_at_some_moment(seed, &mut seen).await {
            panic!("WSGEN_SEED={seed} WSGEN_DRAINS=1: {what}");
        }
    }
    eprintln!("{seen:?}");
    // Or the moments were none.
    assert!(seen.answered > 0 && seen.restarts > 0, "{seen:?}");
}

/// What happened in all cases together.
#[derive(Debug, Default)]
struct Outcomes {
    answered: usize,
    handled: usize,
    /// Connections by how they ended.
    restarts: usize,
    own: usize,
    never_open: usize,
}

/// What one client has seen.
#[derive(Debug)]
struct Seen {
    /// The requests that were answered, in the order of their replies.
    answered: Vec<u64>,
    end: Parting,
}

#[derive(Debug, PartialEq)]
enum Parting {
    /// There was no upgrade.
    NeverOpen(End),
    /// The server began it.
    Servers(End),
    /// The client sent a Close frame, and read this.
    Own(End),
    /// The client hung up.
    HungUp,
}

/// Requests of one client are numbered from this times its own number.
const REQUESTS: u64 = 1_000_000;

async fn drained_at_some_moment(seed: u64, outcomes: &mut Outcomes) -> Result<(), String> {
    const CLIENTS: u64 = 16;
    let mut chance = Chance::new(seed);
    let name = format!("wsgen-drain-{}-{seed}", std::process::id());
    let records = std::env::temp_dir().join(name);
    std::fs::write(&records, "").unwrap();
    let grace = chance.below(2) * chance.below(40);
    let settings = format!(
        "[rates]\nmessages = 0\nbytes = 0\n[compression]\nenabled = true\n[drain]\ngrace = \"{grace}ms\"\n"
    );
    let environment = [(RECORDS, records.to_str().unwrap())];
    let mut server = Process::start_in(&environment, &settings, 1024);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let chance = Chance::new(seed * CLIENTS + client);
        let address = server.address;
        clients.spawn(async move { (client, ask_until_the_end(address, client, chance).await) });
    }
    tokio::time::sleep(Duration::from_micros(chance.below(120_000))).await;
    server.signal("-TERM");
    let clients = within(clients.join_all()).await;
    let status = server.exited().await;
    let handled = std::fs::read_to_string(&records).unwrap();
    std::fs::remove_file(&records).unwrap();
    if !status.success() {
        return Err(format!("the server ended with {status}"));
    }
    let mut times = BTreeMap::new();
    for number in handled.lines() {
        *times.entry(number.parse().unwrap()).or_insert(0) += 1;
    }
    outcomes.handled += times.len();
    for (client, seen) in clients {
        let own = client * REQUESTS..(client + 1) * REQUESTS;
        let handled: Vec<(u64, u32)> = times.range(own).map(|(k, v)| (*k, *v)).collect();
        holds(&seen, &handled)
            .map_err(|what| format!("client {client}: {what}: {seen:?}, handled: {handled:?}"))?;
        outcomes.answered += seen.answered.len();
        match seen.end {
            Parting::NeverOpen(_) => outcomes.never_open += 1,
            Parting::Servers(_) => outcomes.restarts += 1,
            Parting::Own(_) | Parting::HungUp => outcomes.own += 1,
        }
    }
    Ok(())
}

/// The property, for one client and what was handled of its requests, with how many times.
fn holds(seen: &Seen, handled: &[(u64, u32)]) -> Result<(), &'static str> {
    if handled.iter().any(|(_, times)| *times != 1) {
        return Err("a request was handled more than once");
    }
    let handled: Vec<u64> = handled.iter().map(|(number, _)| *number).collect();
    if !handled.starts_with(&seen.answered) {
        return Err("what was answered is not what was handled first");
    }
    match &seen.end {
        // Who is sent away was answered all that was begun.
        Parting::Servers(End::Closed(1012)) if handled == seen.answered => Ok(()),
        Parting::Servers(End::Closed(1012)) => Err("a request was handled and not answered"),
        // It was open, and its own end may meet the server's.
        Parting::Own(End::Closed(1000 | 1012)) | Parting::HungUp => Ok(()),
        Parting::NeverOpen(End::Gone) => Ok(()),
        Parting::NeverOpen(End::Refused(head)) if head.starts_with("HTTP/1.1 503 ") => Ok(()),
        _ => Err("neither 1012 nor an end of its own"),
    }
}

/// Sends requests, some of which take a while, one or several at once, until the server or chance ends it.
async fn ask_until_the_end(address: SocketAddr, client: u64, mut chance: Chance) -> Seen {
    // Some come in the middle of it.
    if chance.once_in(3) {
        tokio::time::sleep(Duration::from_micros(chance.below(150_000))).await;
    }
    let mut answered = Vec::new();
    let mut wire = match Wire::open(address, chance.once_in(2)).await {
        Ok(wire) => wire,
        Err(end) => {
            let end = Parting::NeverOpen(end);
            return Seen { answered, end };
        }
    };
    let is_patient = chance.once_in(2);
    let end = loop {
        let some = requests(client, &mut chance, answered.len());
        if let Err(end) = ask(&mut wire, &some, &mut answered).await {
            break Parting::Servers(end);
        }
        if !is_patient && chance.once_in(6) {
            // Without waiting for some.
            let requests = requests(client, &mut chance, answered.len());
            if let Err(end) = wire.send_all(&requests).await {
                break Parting::Servers(end);
            }
            break match chance.once_in(2) {
                true => Parting::HungUp,
                false => Parting::Own(wire.close().await),
            };
        }
    };
    Seen { answered, end }
}

/// One request or some, of a client that was answered so many.
fn requests(client: u64, chance: &mut Chance, answered: usize) -> Vec<String> {
    let count = match chance.once_in(2) {
        true => 1,
        false => chance.below(8),
    };
    let first = client * REQUESTS + answered as u64;
    let request = |number| {
        let millis = chance.below(2) * chance.below(10);
        format!(r#"{{"type":"record","number":{number},"millis":{millis}}}"#)
    };
    (first..first + count).map(request).collect()
}

/// Sends requests and waits for their replies.
async fn ask(wire: &mut Wire, requests: &[String], answered: &mut Vec<u64>) -> Result<(), End> {
    wire.send_all(requests).await?;
    for _ in requests {
        answered.push(wire.text().await?.parse().unwrap());
    }
    Ok(())
}
