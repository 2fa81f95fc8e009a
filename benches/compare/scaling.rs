//! What a processor delivers of one topic with many members, on one server and on several; what topics cost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::broker::{Broker, Kind};
use crate::client::{self, Address, Connection, Extent};
use crate::frames::{self, Burst, Traffic};
use crate::peers::{Peer, spread};
use crate::process::Server;
use crate::report::Table;
use crate::statistics::Figure;
use crate::traffic::Effort;

/// Messages that are published at once.
const DEPTH: usize = 16;

/// How the members are spread.
struct Row {
    title: String,
    path: &'static str,
    broker: Option<Kind>,
    servers: usize,
    members: usize,
}

fn rows(members: usize) -> Vec<Row> {
    let row = |title: String, path, broker, servers, members| Row {
        title,
        path,
        broker,
        servers,
        members,
    };
    let mut rows = vec![
        row(
            "1, a loop over connections".to_owned(),
            spread::LOOP,
            None,
            1,
            members,
        ),
        row("1, memory".to_owned(), spread::TOPIC, None, 1, members),
        row(
            format!("1, memory, {} members", 10 * members),
            spread::TOPIC,
            None,
            1,
            10 * members,
        ),
    ];
    for kind in [Kind::Redis, Kind::Nats] {
        for servers in 1..=3 {
            let title = format!("{servers}, {}", kind.title());
            rows.push(row(title, spread::TOPIC, Some(kind), servers, members));
        }
    }
    rows
}

/// Deliveries for each CPU-second of the servers.
pub(crate) async fn capacity(members: usize, effort: Effort) -> io::Result<Table> {
    let heads = [
        "servers",
        "deliveries for a CPU-second",
        "of a loop's",
        "broker, µs a message",
    ];
    let mut table = Table::new(heads);
    let mut of_loop = None;
    for row in rows(members) {
        eprintln!("{} …", row.title);
        let Some((deliveries, broker)) = measure(&row, effort).await? else {
            continue;
        };
        let of_loop = *of_loop.get_or_insert(deliveries.median);
        table.row([
            row.title,
            format!("{:.0} ± {:.0}", deliveries.median, deliveries.spread),
            format!("{:.2}", deliveries.median / of_loop),
            broker.map_or_else(|| "–".to_owned(), |broker| format!("{:.1}", broker.median)),
        ]);
    }
    Ok(table)
}

/// Deliveries for a CPU-second of the servers, and microseconds of the broker's for a message; `None` without the broker.
async fn measure(row: &Row, effort: Effort) -> io::Result<Option<(Figure, Option<Figure>)>> {
    let broker = match row.broker {
        None => None,
        Some(kind) => match Broker::start(kind)? {
            None => return Ok(None),
            started => started,
        },
    };
    let url = broker.as_ref().map(|broker| &*broker.url);
    let servers: io::Result<Vec<Server>> = (0..row.servers)
        .map(|_| Server::start_spread(url))
        .collect();
    let servers = servers?;
    let mut members = Vec::with_capacity(row.members);
    for number in 0..row.members {
        let address = servers[number % row.servers].address;
        members.push(joined(address, row.path, number).await?);
    }
    let burst = Arc::new(Traffic::Fanout.burst(Peer::Wsgen, DEPTH));
    let (mut deliveries, mut broker_time) = (Vec::new(), Vec::new());
    for round in 0..=effort.rounds {
        let before = (processor_time(&servers)?, time_of(broker.as_ref())?);
        let count = load(effort.turn, &mut members, &burst).await?;
        let after = (processor_time(&servers)?, time_of(broker.as_ref())?);
        // The first turn warms up.
        if round > 0 || effort.rounds == 0 {
            deliveries.push(count as f64 / (after.0 - before.0).as_secs_f64());
            let published = (count / row.members) as f64;
            broker_time.push((after.1 - before.1).as_secs_f64() * 1e6 / published);
        }
    }
    let broker_time = broker.and_then(|_| Figure::of(broker_time));
    Ok(Figure::of(deliveries).map(|deliveries| (deliveries, broker_time)))
}

async fn load(
    turn: Duration,
    members: &mut Vec<Connection>,
    burst: &Arc<Burst>,
) -> io::Result<usize> {
    client::load(Traffic::Fanout, Extent::Time(turn), members, burst).await
}

/// A connection that gets what is published from now on.
async fn joined(address: Address, path: &str, number: usize) -> io::Result<Connection> {
    let mut connection = Connection::open(address, path, number).await?;
    connection.receive(frames::length_of(spread::DONE)).await?;
    Ok(connection)
}

fn processor_time(servers: &[Server]) -> io::Result<Duration> {
    servers.iter().map(Server::processor_time).sum()
}

fn time_of(broker: Option<&Broker>) -> io::Result<Duration> {
    broker.map_or(Ok(Duration::ZERO), Broker::processor_time)
}

/// What so many topics cost that one connection joins, and leaves.
pub(crate) async fn topics(counts: &[usize]) -> io::Result<Table> {
    let heads = [
        "topics",
        "ns to join one",
        "bytes for one",
        "ns to leave one",
    ];
    let mut table = Table::new(heads);
    for &count in counts {
        eprintln!("{count} topics …");
        let server = Server::start_spread(None)?;
        let mut connection = Connection::open(server.address, spread::TOPICS, 0).await?;
        let request = Burst::of(&count.to_string(), spread::DONE);
        let before = (server.processor_time()?, server.memory()?);
        connection.exchange(&request).await?;
        let joined = (server.processor_time()?, server.memory()?);
        connection.exchange(&request).await?;
        let left = server.processor_time()?;
        let each = |time: Duration| format!("{:.0}", time.as_nanos() as f64 / count as f64);
        table.row([
            count.to_string(),
            each(joined.0 - before.0),
            (joined.1.saturating_sub(before.1) / count).to_string(),
            each(left - joined.0),
        ]);
    }
    Ok(table)
}
