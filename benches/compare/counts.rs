//! What a message costs in counts that repeat: instructions in user space (callgrind), and system calls (strace).

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::client::{self, Extent, load};
use crate::peers::Peer;
use crate::process::Server;
use crate::report::Table;
use crate::traffic::Cell;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Instructions,
    SystemCalls,
}

/// Messages between which the instructions are compared.
const FEW: usize = 2_000;
const MANY: usize = 10_000;

/// The same for servers that fill 128 KiB with zeros for each read, which takes minutes where instructions are counted.
const FEW_READS: usize = 200;
const MANY_READS: usize = 2_000;

impl Counted {
    /// How many a message takes; `None` where `peer` cannot be counted.
    pub(crate) async fn measure(self, cell: Cell, peer: Peer) -> io::Result<Option<f64>> {
        let Some(path) = cell.traffic.path(peer) else {
            return Ok(None);
        };
        match self {
            // Node's instructions are mostly those of its compiler.
            Self::Instructions if peer == Peer::Node => Ok(None),
            Self::Instructions => {
                // What a start, the handshakes and the end take is in both, and falls out.
                let [few, many] = match peer {
                    Peer::Axum | Peer::Tungstenite => [FEW_READS, MANY_READS],
                    _ => [FEW, MANY],
                };
                let (few, least) = instructions(cell, peer, path, few).await?;
                let (many, most) = instructions(cell, peer, path, many).await?;
                Ok(Some((most - least) / (many - few)))
            }
            Self::SystemCalls => system_calls(cell, peer, path).await.map(Some),
        }
    }

    /// A row for each cell.
    pub(crate) fn table(self, peers: &[Peer], cells: &[(Cell, Vec<Option<f64>>)]) -> Table {
        let first = match self {
            Self::Instructions => "instructions a message",
            Self::SystemCalls => "system calls a message",
        };
        let heads = peers.iter().map(|peer| peer.title());
        let mut table = Table::new(std::iter::once(first).chain(heads));
        for (cell, counts) in cells {
            let counts = counts.iter().map(|count| match (self, count) {
                (_, None) => "–".to_owned(),
                (Self::Instructions, Some(count)) => format!("{count:.0}"),
                (Self::SystemCalls, Some(count)) => format!("{count:.2}"),
            });
            table.row(std::iter::once(cell.title()).chain(counts));
        }
        table
    }
}

/// Bursts of each sender that come to `messages` together.
fn bursts(cell: Cell, messages: usize) -> Extent {
    Extent::Bursts(messages.div_ceil(cell.depth * cell.connections))
}

/// How many messages there were, and how many instructions the server's process took from its start to its end.
async fn instructions(
    cell: Cell,
    peer: Peer,
    path: &str,
    messages: usize,
) -> io::Result<(f64, f64)> {
    let callgrind = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
    ];
    let server = Server::start_under(&callgrind, peer)?;
    let mut open = client::open_all(server.address, path, cell.connections).await?;
    let burst = Arc::new(cell.traffic.burst(peer, cell.depth));
    let messages = load(cell.traffic, bursts(cell, messages), &mut open, &burst).await?;
    let said = server.end()?;
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    let collected =
        collected.ok_or_else(|| io::Error::other(format!("callgrind failed: {said}")))?;
    Ok((messages as f64, collected))
}

async fn system_calls(cell: Cell, peer: Peer, path: &str) -> io::Result<f64> {
    let server = Server::start(peer)?;
    let mut open = client::open_all(server.address, path, cell.connections).await?;
    let burst = Arc::new(cell.traffic.burst(peer, cell.depth));
    let mut strace = Command::new("strace")
        .args(["-f", "-c", "-p", &server.id().to_string()])
        .stderr(Stdio::piped())
        .spawn()?;
    let errors = strace.stderr.take();
    let mut errors = BufReader::new(errors.ok_or_else(|| io::Error::other("no output"))?);
    // It says so once it watches.
    errors.read_line(&mut String::new())?;
    let messages = load(cell.traffic, bursts(cell, MANY), &mut open, &burst).await?;
    Command::new("kill")
        .args(["-INT", &strace.id().to_string()])
        .status()?;
    let said = io::read_to_string(errors)?;
    strace.wait()?;
    let total = said
        .lines()
        .find(|line| line.trim_end().ends_with(" total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse::<f64>().ok());
    let calls = calls.ok_or_else(|| io::Error::other(format!("strace failed: {said}")))?;
    Ok(calls / messages as f64)
}
