//! Processor time for each message: the servers take turns, and every turn is compared with the bare sockets' turn.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{self, Connection, Extent, load};
use crate::frames::{Burst, Traffic};
use crate::peers::Peer;
use crate::process::Server;
use crate::report::Table;
use crate::statistics::Figure;

/// One measurement: what is sent, how many messages at once, over how many connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) traffic: Traffic,
    pub(crate) depth: usize,
    pub(crate) connections: usize,
}

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How often each server has its turn.
    pub(crate) rounds: usize,
    /// How long a turn takes.
    pub(crate) turn: Duration,
}

/// What a server costs in a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) peer: Peer,
    /// Nanoseconds of its processor for each message.
    pub(crate) nanoseconds: Figure,
    /// The same as a multiple of what the bare sockets take.
    pub(crate) ratio: Figure,
}

impl Cell {
    /// For the first column of a table.
    pub(crate) fn title(&self) -> String {
        let Self {
            traffic,
            depth,
            connections,
        } = self;
        match traffic {
            Traffic::Echo(bytes @ ..1024) => format!("{bytes} B, {depth} at once"),
            Traffic::Echo(bytes @ ..0x10_0000) => format!("{} KiB, {depth} at once", bytes >> 10),
            Traffic::Echo(bytes) => format!("{} MiB, {depth} at once", bytes >> 20),
            Traffic::Typed => format!("JSON of 200 B, {depth} at once"),
            Traffic::Fanout => format!("to {connections}, {depth} at once"),
            Traffic::FanoutJson => format!("JSON of 1 KiB to {connections}, {depth} at once"),
        }
    }
}

/// A server under load, and what it took so far.
struct Contender {
    peer: Peer,
    server: Server,
    connections: Vec<Connection>,
    burst: Arc<Burst>,
    cell: Cell,
    /// Nanoseconds for each message, by round.
    taken: Vec<f64>,
}

impl Contender {
    async fn enter(cell: Cell, peer: Peer, path: &str) -> io::Result<Self> {
        let server = Server::start(peer)?;
        let mut connections = client::open_all(server.address, path, cell.connections).await?;
        let mut burst = cell.traffic.burst(peer, cell.depth);
        if peer.is_compressed() {
            let one = cell.traffic.burst(peer, 1);
            let length = client::length_for_all(&mut connections, &one).await?;
            if 2 * length > one.sent.len() {
                return Err(io::Error::other("nothing was compressed"));
            }
            burst.received = cell.depth * length;
        }
        Ok(Self {
            peer,
            server,
            connections,
            burst: Arc::new(burst),
            cell,
            taken: Vec::new(),
        })
    }

    async fn turn(&mut self, turn: Duration) -> io::Result<()> {
        let before = self.server.processor_time()?;
        let extent = Extent::Time(turn);
        let messages = load(
            self.cell.traffic,
            extent,
            &mut self.connections,
            &self.burst,
        )
        .await?;
        let taken = self.server.processor_time()? - before;
        self.taken.push(taken.as_nanos() as f64 / messages as f64);
        Ok(())
    }
}

/// What each of `peers` costs in `cell`; the bare sockets come first and are always among them.
pub(crate) async fn measure(cell: Cell, peers: &[Peer], effort: Effort) -> io::Result<Vec<Cost>> {
    let mut contenders = Vec::new();
    for &peer in peers {
        if let Some(path) = cell.traffic.path(peer) {
            contenders.push(Contender::enter(cell, peer, path).await?);
        }
    }
    compete(contenders, effort).await
}

/// What each of `cells` costs `peer`, as a multiple of the first.
pub(crate) async fn grow(peer: Peer, cells: &[Cell], effort: Effort) -> io::Result<Vec<Cost>> {
    let mut contenders = Vec::new();
    for &cell in cells {
        if let Some(path) = cell.traffic.path(peer) {
            contenders.push(Contender::enter(cell, peer, path).await?);
        }
    }
    compete(contenders, effort).await
}

/// Gives each its turns; the first is what the others are compared with.
async fn compete(mut contenders: Vec<Contender>, effort: Effort) -> io::Result<Vec<Cost>> {
    for contender in &mut contenders {
        // The first turn warms up.
        contender.turn(effort.turn).await?;
        contender.taken.clear();
    }
    for _ in 0..effort.rounds {
        for contender in &mut contenders {
            contender.turn(effort.turn).await?;
        }
    }
    let [floor, ..] = &*contenders else {
        return Ok(Vec::new());
    };
    let costs = contenders.iter().filter_map(|contender| {
        let rounds = contender.taken.iter().zip(&floor.taken);
        Some(Cost {
            peer: contender.peer,
            nanoseconds: Figure::of(contender.taken.iter().copied())?,
            ratio: Figure::of(rounds.map(|(taken, floor)| taken / floor))?,
        })
    });
    Ok(costs.collect())
}

/// A row for each cell: nanoseconds of the first, which are mostly the bare sockets, and multiples of them for the others.
pub(crate) fn table(peers: &[Peer], cells: &[(Cell, Vec<Cost>)]) -> Table {
    let columns: Vec<Peer> = peers
        .iter()
        .copied()
        .filter(|peer| {
            cells
                .iter()
                .any(|(cell, _)| cell.traffic.path(*peer).is_some())
        })
        .collect();
    let heads = columns.iter().enumerate().map(|(index, peer)| match index {
        0 => format!("{}, ns", peer.title()),
        _ => peer.title().to_owned(),
    });
    let mut table = Table::new(std::iter::once("messages".to_owned()).chain(heads));
    for (cell, costs) in cells {
        let figures = columns.iter().enumerate().map(|(index, peer)| {
            let cost = costs.iter().find(|cost| cost.peer == *peer);
            cost.map_or_else(
                || "–".to_owned(),
                |cost| match index {
                    0 => shown(cost.nanoseconds, 0),
                    _ => shown(cost.ratio, 2),
                },
            )
        });
        table.row(std::iter::once(cell.title()).chain(figures));
    }
    table
}

/// A row for each peer: nanoseconds in the first cell, multiples of them in the others.
pub(crate) fn growth_table(cells: &[Cell], grown: &[Vec<Cost>]) -> Table {
    let heads = cells.iter().enumerate().map(|(index, cell)| match index {
        0 => format!("{} connections, ns", cell.connections),
        _ => format!("{} connections", cell.connections),
    });
    let mut table = Table::new(std::iter::once("a message".to_owned()).chain(heads));
    for costs in grown {
        if let [first, others @ ..] = &**costs {
            let figures = others.iter().map(|cost| shown(cost.ratio, 2));
            let ahead = [first.peer.title().to_owned(), shown(first.nanoseconds, 0)];
            table.row(ahead.into_iter().chain(figures));
        }
    }
    table
}

fn shown(figure: Figure, digits: usize) -> String {
    format!("{:.digits$} ± {:.digits$}", figure.median, figure.spread)
}
