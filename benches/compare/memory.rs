//! What an idle connection holds of its server's memory: after the handshake, after a message, after a burst.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{self, Extent, load};
use crate::frames::Traffic;
use crate::peers::Peer;
use crate::process::Server;
use crate::report::Table;

/// What comes before a look, and what it is called.
const STAGES: [(&str, Option<(usize, usize)>); 3] = [
    ("the handshake", None),
    ("one message of 20 B", Some((20, 1))),
    ("16 messages of 1 KiB at once", Some((1024, 16))),
];

/// Bytes for each connection of `peer`, by stage; before each look the connections are left alone for `rest`.
pub(crate) async fn measure(
    peer: Peer,
    connections: usize,
    rest: Duration,
) -> io::Result<Vec<usize>> {
    let server = Server::start(peer)?;
    // What the first connections make once for all is not theirs.
    let mut warm = client::open_all(server.address, "/echo", 100).await?;
    if peer.is_compressed() {
        let one = Traffic::Echo(1024).burst(peer, 1);
        client::length_for_all(warm.get_mut(..1).unwrap_or_default(), &one).await?;
    }
    let empty = server.memory()?;
    let mut open = client::open_all(server.address, "/echo", connections).await?;
    let mut held = Vec::new();
    for (_, sent) in STAGES {
        if let Some((size, depth)) = sent {
            let traffic = Traffic::Echo(size);
            let mut burst = traffic.burst(peer, depth);
            if peer.is_compressed() {
                let one = traffic.burst(peer, 1);
                let first = open.get_mut(..1).unwrap_or_default();
                burst.received = depth * client::length_for_all(first, &one).await?;
            }
            let burst = Arc::new(burst);
            // A few at a time: the memory of many bursts at once is no connection's own.
            let mut done = Vec::with_capacity(open.len());
            while !open.is_empty() {
                let mut some = open.split_off(open.len().saturating_sub(64));
                load(traffic, Extent::Bursts(1), &mut some, &burst).await?;
                done.append(&mut some);
            }
            open = done;
        }
        tokio::time::sleep(rest).await;
        held.push(server.memory()?.saturating_sub(empty) / connections);
    }
    drop(warm);
    Ok(held)
}

/// A row for each stage.
pub(crate) fn table(connections: usize, held: &[(Peer, Vec<usize>)]) -> Table {
    let heads = held.iter().map(|(peer, _)| peer.title().to_owned());
    let first = format!("KB a connection, {connections} open, after");
    let mut table = Table::new(std::iter::once(first).chain(heads));
    for (index, (stage, _)) in STAGES.iter().enumerate() {
        let figures = held.iter().map(|(_, bytes)| {
            bytes.get(index).map_or_else(String::new, |bytes| {
                format!("{:.1}", *bytes as f64 / 1000.0)
            })
        });
        table.row(std::iter::once((*stage).to_owned()).chain(figures));
    }
    table
}
