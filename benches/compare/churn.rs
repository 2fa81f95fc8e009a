//! What it costs to come and go: handshake, Close, end of the connection.

use std::io;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Connection;
use crate::peers::Peer;
use crate::process::Server;
use crate::report::Table;
use crate::statistics::Figure;
use crate::traffic::Effort;

/// Clients that come and go at once.
const CLIENTS: usize = 16;

/// Microseconds of each server's processor for a connection from its handshake to its end.
pub(crate) async fn measure(peers: &[Peer], effort: Effort) -> io::Result<Vec<(Peer, Figure)>> {
    let mut servers = Vec::new();
    for &peer in peers {
        let server = Server::start(peer)?;
        turn(&server, effort.turn).await?;
        servers.push((peer, server, Vec::new()));
    }
    for _ in 0..effort.rounds {
        for (_, server, taken) in &mut servers {
            taken.push(turn(server, effort.turn).await?);
        }
    }
    let figures = servers.into_iter();
    Ok(figures
        .filter_map(|(peer, _, taken)| Some((peer, Figure::of(taken)?)))
        .collect())
}

async fn turn(server: &Server, turn: Duration) -> io::Result<f64> {
    let before = server.processor_time()?;
    let (start, address) = (Instant::now(), server.address);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(async move {
            let mut connections = 0;
            while connections == 0 || start.elapsed() < turn {
                let connection = Connection::open(address, "/echo", 0).await?;
                connection.close().await?;
                connections += 1;
            }
            Ok::<_, io::Error>(connections)
        });
    }
    let mut connections = 0;
    while let Some(done) = clients.join_next().await {
        connections += done.map_err(io::Error::other)??;
    }
    let taken = server.processor_time()? - before;
    Ok(taken.as_nanos() as f64 / 1000.0 / f64::from(connections))
}

/// One row.
pub(crate) fn table(figures: &[(Peer, Figure)]) -> Table {
    let heads = figures.iter().map(|(peer, _)| peer.title().to_owned());
    let mut table = Table::new(std::iter::once("µs a connection".to_owned()).chain(heads));
    let cells = figures
        .iter()
        .map(|(_, figure)| format!("{:.0} ± {:.0}", figure.median, figure.spread));
    table.row(std::iter::once("handshake to end".to_owned()).chain(cells));
    table
}
