//! What is lost while a broker is away, counted: [`what_an_outage_costs`] prints the table of `docs/scaling.md`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::delivery::{MISSED, joined, publish, said};
use super::on_each_broker;
use super::server::{Broker, Kind, is_ready};
use crate::process::{Process, slow_tests};
use crate::support::client::Client;

on_each_broker! {
    a_short_death_costs_no_server_much,
    a_broker_that_hangs_costs_no_server_much,
}

const SERVERS: usize = 3;

/// Between two messages of a publisher; each server has one.
const PACE: Duration = Duration::from_millis(10);

/// What a member gets when all of a server's messages have come.
const END: &str = "end";

/// How a broker is away.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Killed,
    Hung,
}

/// What a member has got of each server's messages, and of its handler.
struct Received {
    by: [Vec<Instant>; SERVERS],
    is_told: bool,
}

/// What an outage cost.
struct Losses {
    /// By each server.
    published: [usize; SERVERS],
    members: Vec<Received>,
    /// When the broker was back.
    back: Instant,
}

impl Losses {
    /// How many messages of the others the member of a server has missed.
    fn of(&self, server: usize) -> usize {
        let others = (0..SERVERS).filter(|other| *other != server);
        let missed =
            others.map(|other| self.published[other] - self.members[server].by[other].len());
        missed.sum()
    }

    fn worst(&self) -> usize {
        (0..SERVERS).map(|server| self.of(server)).max().unwrap()
    }

    fn best(&self) -> usize {
        (0..SERVERS).map(|server| self.of(server)).min().unwrap()
    }

    /// From the broker's return until the last server had something of each other.
    fn until_all_hear(&self) -> Duration {
        let pairs = (0..SERVERS).flat_map(|to| (0..SERVERS).map(move |from| (to, from)));
        let heard = pairs.filter(|(to, from)| to != from).map(|(to, from)| {
            let mut arrivals = self.members[to].by[from].iter();
            let first = arrivals.find(|arrival| **arrival > self.back);
            first.map_or(Duration::MAX, |first| *first - self.back)
        });
        heard.max().unwrap()
    }

    /// No member has missed something of its own server, or something of another without being told.
    fn hold_what_is_promised(&self) {
        for (server, member) in self.members.iter().enumerate() {
            assert_eq!(member.by[server].len(), self.published[server]);
            assert!(
                self.of(server) == 0 || member.is_told,
                "a gap that is not told"
            );
        }
    }
}

/// Messages of all servers while the broker is away for so long.
async fn outage(broker: &mut Broker, settings: &str, fault: Fault, away: Duration) -> Losses {
    let servers = broker.servers(SERVERS, settings).await;
    let mut members = JoinSet::new();
    for (number, server) in servers.iter().enumerate() {
        let member = joined(server.client().await, "a").await;
        members.spawn(async move { (number, receive(member).await) });
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut publishers = JoinSet::new();
    for (number, server) in servers.iter().enumerate() {
        let publisher = server.client().await;
        let stopped = stopped.clone();
        publishers
            .spawn(async move { (number, keep_publishing(publisher, number, stopped).await) });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    match fault {
        Fault::Killed => broker.kill(),
        Fault::Hung => broker.hang(),
    }
    tokio::time::sleep(away).await;
    match fault {
        Fault::Killed => assert!(broker.start_again().await),
        Fault::Hung => broker.go_on(),
    }
    let back = Instant::now();
    all_are_ready(&servers).await;
    // What is published from now on must arrive, late or not.
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.send_replace(true);
    let mut losses = Losses {
        published: [0; SERVERS],
        members: Vec::new(),
        back,
    };
    while let Some(published) = publishers.join_next().await {
        let (number, published) = published.unwrap();
        losses.published[number] = published;
    }
    let mut received: Vec<_> = members.join_all().await;
    received.sort_by_key(|(number, _)| *number);
    losses.members = received.into_iter().map(|(_, received)| received).collect();
    losses
}

async fn all_are_ready(servers: &[Process]) {
    for server in servers {
        is_ready(server).await;
    }
}

/// Publishes at [`PACE`] until told to stop; how many.
async fn keep_publishing(
    mut publisher: Client,
    number: usize,
    stopped: tokio::sync::watch::Receiver<bool>,
) -> usize {
    let mut pace = tokio::time::interval(PACE);
    for count in 0.. {
        if *stopped.borrow() {
            publish(&mut publisher, "a", &format!("{number} {END}")).await;
            return count;
        }
        publish(&mut publisher, "a", &format!("{number} {count}")).await;
        pace.tick().await;
    }
    unreachable!("it is stopped before that")
}

/// All that comes until the end of each server's; each in order and once.
async fn receive(mut member: Client) -> Received {
    let mut received = Received {
        by: Default::default(),
        is_told: false,
    };
    let (mut next, mut ends) = ([0; SERVERS], 0);
    while ends < SERVERS {
        let text = member.text().await;
        if text == said(MISSED) {
            received.is_told = true;
            continue;
        }
        let (_, text) = text.rsplit_once("\":\"").unwrap();
        let (server, number) = text.trim_end_matches("\"}").split_once(' ').unwrap();
        let server: usize = server.parse().unwrap();
        if number == END {
            ends += 1;
            continue;
        }
        let number: usize = number.parse().unwrap();
        assert!(
            number >= next[server],
            "{number} of {server} after {next:?}"
        );
        next[server] = number + 1;
        received.by[server].push(Instant::now());
    }
    received
}

/// Killed and soon started again: those who come back last miss no more than those who come back first.
async fn a_short_death_costs_no_server_much(broker: Broker) {
    costs_no_server_much(broker, Fault::Killed, Duration::from_secs(1)).await;
}

/// Long enough that all give it up, and that it is silent for longer than another server may be.
async fn a_broker_that_hangs_costs_no_server_much(broker: Broker) {
    costs_no_server_much(broker, Fault::Hung, Duration::from_secs(5)).await;
}

async fn costs_no_server_much(mut broker: Broker, fault: Fault, away: Duration) {
    let losses = outage(&mut broker, "", fault, away).await;
    losses.hold_what_is_promised();
    let lost: Vec<usize> = (0..SERVERS).map(|server| losses.of(server)).collect();
    // What was on its way, also on a busy machine.
    assert!(losses.worst() <= 50, "{lost:?} of {:?}", losses.published);
    let silent = losses.until_all_hear();
    assert!(silent < Duration::from_millis(1500), "{silent:?}");
}

/// Prints the table, and with `WSGEN_UPDATE=1` puts it into `docs/scaling.md`. Every row holds what is promised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_outage_costs() {
    if !slow_tests() {
        return;
    }
    let mut table = "| broker | away | published | lost by the best server | by the worst | all hear each other after |\n\
        | --- | --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let log = "[resume]\nchannels = [\"room\"]\nmessages = 10000\n";
    for (title, kind, settings) in [
        ("Redis", Kind::Redis, ""),
        ("Redis, with a log", Kind::Redis, log),
        ("NATS", Kind::Nats, ""),
    ] {
        for (fault, away) in [
            (Fault::Killed, Duration::from_millis(300)),
            (Fault::Killed, Duration::from_secs(10)),
            (Fault::Hung, Duration::from_secs(2)),
            (Fault::Hung, Duration::from_secs(10)),
        ] {
            let mut broker = Broker::start(kind).await.expect("it is installed");
            let losses = outage(&mut broker, settings, fault, away).await;
            let fault = format!("{fault:?}").to_lowercase();
            let row = format!(
                "| {title} | {fault} for {} s | {} | {} | {} | {:.2} s |",
                away.as_secs_f64(),
                losses.published.iter().sum::<usize>(),
                losses.best(),
                losses.worst(),
                losses.until_all_hear().as_secs_f64()
            );
            eprintln!("{row}");
            losses.hold_what_is_promised();
            writeln!(table, "{row}").unwrap();
        }
    }
    if std::env::var_os("WSGEN_UPDATE").is_some() {
        write(&table);
    }
}

/// Puts the table between its marks.
fn write(table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scaling.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- outages -->").unwrap();
    let (_, after) = rest.split_once("<!-- /outages -->").unwrap();
    let page = format!("{before}<!-- outages -->\n\n{table}\n<!-- /outages -->{after}");
    std::fs::write(path, page).unwrap();
}
