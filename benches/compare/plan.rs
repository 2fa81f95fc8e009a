//! What is measured, in what order, and where the results go.

use std::io;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::counts::Counted;
use crate::drawing::Bars;
use crate::frames::Traffic;
use crate::peers::Peer;
use crate::process::{self, is_wanted, missing};
use crate::report::{self, Table};
use crate::traffic::{Cell, Cost, Effort};
use crate::{builds, churn, growth, memory, scaling, traffic};

/// The command line.
#[derive(Args)]
pub(crate) struct Plan {
    /// What to measure; everything without it.
    #[arg(long, value_delimiter = ',')]
    cells: Vec<Section>,
    /// Which servers; all without it. The bare sockets are always among them.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// How often each server has its turn.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// How long a turn takes, in milliseconds.
    #[arg(long, default_value_t = 400)]
    turn: u64,
    /// Only shows that everything still works, in seconds.
    #[arg(long)]
    smoke: bool,
    /// Puts the results into docs/performance.md.
    #[arg(long)]
    write: bool,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Section {
    Echo,
    Typed,
    Fanout,
    Compression,
    Tls,
    Connections,
    Memory,
    Churn,
    Scaling,
    Instructions,
    SystemCalls,
    Generator,
    Builds,
}

impl Section {
    fn cells(self, smoke: bool) -> Vec<Cell> {
        let cell = |traffic, depth, connections| Cell {
            traffic,
            depth,
            connections,
        };
        let bothways = |traffic| [cell(traffic, 1, 64), cell(traffic, 16, 64)];
        match self {
            Self::Echo if smoke => vec![
                cell(Traffic::Echo(20), 16, 4),
                cell(Traffic::Echo(1 << 20), 1, 2),
            ],
            Self::Echo => {
                let sizes = [20, 125, 1 << 10, 16 << 10].into_iter();
                let mut cells: Vec<Cell> = sizes
                    .flat_map(|size| bothways(Traffic::Echo(size)))
                    .collect();
                cells.push(cell(Traffic::Echo(1 << 20), 1, 64));
                cells
            }
            Self::Typed if smoke => vec![cell(Traffic::Typed, 2, 4)],
            Self::Typed => bothways(Traffic::Typed).to_vec(),
            Self::Fanout if smoke => vec![cell(Traffic::Fanout, 2, 10)],
            Self::Fanout => {
                let members = [1, 10, 100, 1000].into_iter();
                members
                    .flat_map(|members| {
                        [
                            cell(Traffic::Fanout, 1, members),
                            cell(Traffic::Fanout, 16, members),
                        ]
                    })
                    .collect()
            }
            Self::Compression if smoke => vec![cell(Traffic::FanoutJson, 2, 10)],
            Self::Compression => vec![
                cell(Traffic::FanoutJson, 1, 100),
                cell(Traffic::FanoutJson, 1, 1000),
                cell(Traffic::FanoutJson, 16, 1000),
            ],
            Self::Tls if smoke => vec![cell(Traffic::Echo(20), 2, 4)],
            Self::Tls => [20, 1 << 10, 16 << 10]
                .into_iter()
                .flat_map(|size| bothways(Traffic::Echo(size)))
                .collect(),
            Self::Connections => {
                let counts = if smoke { [2, 4] } else { [100, 10_000] };
                counts
                    .map(|connections| cell(Traffic::Echo(20), 1, connections))
                    .to_vec()
            }
            Self::Instructions | Self::SystemCalls if smoke => vec![cell(Traffic::Echo(20), 16, 4)],
            Self::Instructions | Self::SystemCalls => vec![
                cell(Traffic::Echo(20), 1, 16),
                cell(Traffic::Echo(20), 16, 16),
                cell(Traffic::Echo(1024), 16, 16),
                cell(Traffic::Typed, 16, 16),
                cell(Traffic::Fanout, 1, 100),
                cell(Traffic::Fanout, 16, 100),
            ],
            Self::Memory | Self::Churn | Self::Scaling | Self::Generator | Self::Builds => {
                Vec::new()
            }
        }
    }

    /// The page in `docs/` that it is a part of.
    fn page(self) -> &'static str {
        match self {
            Self::Scaling => "scaling.md",
            _ => "performance.md",
        }
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Measures and reports.
pub(crate) fn run(plan: &Plan) -> io::Result<()> {
    let peers = peers(plan);
    let sections = match &*plan.cells {
        // Both need a program that may not be there.
        [] if plan.smoke => vec![
            Section::Echo,
            Section::Typed,
            Section::Fanout,
            Section::Compression,
            Section::Tls,
            Section::Connections,
            Section::Memory,
            Section::Churn,
            Section::Scaling,
        ],
        [] => Section::value_variants().to_vec(),
        some => some.to_vec(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for &section in &sections {
        match section {
            Section::Generator | Section::Builds => process::unpin_generator()?,
            _ => process::pin_generator()?,
        }
        let text = runtime.block_on(measure(section, &peers, plan))?;
        println!("## {}\n\n{text}", section.name());
        if plan.write {
            report::write_section(section.page(), &section.name(), &format!("\n{text}\n"))?;
        }
    }
    if plan.write {
        for page in ["performance.md", "scaling.md"] {
            if sections.iter().any(|section| section.page() == page) {
                report::write_section(page, "machine", &format!("{}\n", report::machine()))?;
            }
        }
    }
    Ok(())
}

/// Those that are wanted and can be had, the bare sockets first.
fn peers(plan: &Plan) -> Vec<Peer> {
    let wanted =
        |peer: &Peer| plan.peers.is_empty() || *peer == Peer::Floor || plan.peers.contains(peer);
    let can_be_had = |peer: &Peer| match missing(*peer) {
        Some(reason) => {
            eprintln!("skipped: {}: {reason}", peer.title());
            false
        }
        None => true,
    };
    Peer::ALL
        .into_iter()
        .filter(wanted)
        .filter(|peer| is_wanted(*peer))
        .filter(can_be_had)
        .collect()
}

async fn measure(section: Section, peers: &[Peer], plan: &Plan) -> io::Result<String> {
    let effort = match plan.smoke {
        true => Effort {
            rounds: 1,
            turn: Duration::ZERO,
        },
        false => Effort {
            rounds: plan.rounds,
            turn: Duration::from_millis(plan.turn),
        },
    };
    match section {
        Section::Echo | Section::Typed | Section::Fanout | Section::Tls => {
            let peers = match section {
                Section::Tls => &Peer::ENCRYPTED,
                _ => peers,
            };
            let mut cells = Vec::new();
            for cell in section.cells(plan.smoke) {
                eprintln!("{} …", cell.title());
                cells.push((cell, traffic::measure(cell, peers, effort).await?));
            }
            if plan.write {
                report::write_drawing(&section.name(), &bars(section, &cells).svg())?;
            }
            Ok(traffic::table(peers, &cells).markdown())
        }
        Section::Compression => {
            let peers: Vec<Peer> = Peer::COMPRESSED
                .into_iter()
                .filter(|peer| missing(*peer).is_none())
                .collect();
            let mut cells = Vec::new();
            for cell in section.cells(plan.smoke) {
                eprintln!("{} …", cell.title());
                cells.push((cell, traffic::measure(cell, &peers, effort).await?));
            }
            let costs = traffic::table(&peers, &cells).markdown();
            let (connections, rest) = match plan.smoke {
                true => (20, Duration::ZERO),
                false => (5_000, Duration::from_secs(5)),
            };
            let ours = [Peer::Wsgen, Peer::WsgenCompressed];
            let memory = memory_table(connections, &ours, rest).await?.markdown();
            Ok(format!("{costs}\n{memory}"))
        }
        Section::Connections => {
            let cells = section.cells(plan.smoke);
            let mut grown = Vec::new();
            for peer in without_by_hand(peers) {
                eprintln!("more connections, {} …", peer.title());
                grown.push(traffic::grow(peer, &cells, effort).await?);
            }
            Ok(traffic::growth_table(&cells, &grown).markdown())
        }
        Section::Memory => {
            let (counts, rest): (&[usize], _) = match plan.smoke {
                true => (&[20], Duration::ZERO),
                false => (&[5_000, 10_000], Duration::from_secs(5)),
            };
            let mut text = Vec::new();
            for &connections in counts {
                text.push(memory_table(connections, peers, rest).await?.markdown());
            }
            Ok(text.join("\n"))
        }
        Section::Churn => {
            eprintln!("churn …");
            let peers = without_by_hand(peers);
            Ok(churn::table(&churn::measure(&peers, effort).await?).markdown())
        }
        Section::Scaling => {
            let (members, counts): (usize, &[usize]) = match plan.smoke {
                true => (6, &[1000]),
                false => (1000, &[1000, 10_000, 100_000]),
            };
            let capacity = scaling::capacity(members, effort).await?.markdown();
            Ok(format!(
                "{capacity}\n{}",
                scaling::topics(counts).await?.markdown()
            ))
        }
        Section::Instructions => counts(Counted::Instructions, section, peers, plan).await,
        Section::SystemCalls => counts(Counted::SystemCalls, section, peers, plan).await,
        Section::Generator => Ok(growth::measure(plan.smoke)?.markdown()),
        Section::Builds => Ok(builds::measure()?.markdown()),
    }
}

async fn memory_table(connections: usize, peers: &[Peer], rest: Duration) -> io::Result<Table> {
    let mut held = Vec::new();
    for peer in without_by_hand(peers) {
        eprintln!("{connections} idle connections, {} …", peer.title());
        held.push((peer, memory::measure(peer, connections, rest).await?));
    }
    Ok(memory::table(connections, &held))
}

async fn counts(
    counted: Counted,
    section: Section,
    peers: &[Peer],
    plan: &Plan,
) -> io::Result<String> {
    let mut cells = Vec::new();
    for cell in section.cells(plan.smoke) {
        eprintln!("{}: {} …", section.name(), cell.title());
        let mut counts = Vec::new();
        for &peer in peers {
            counts.push(counted.measure(cell, peer).await?);
        }
        cells.push((cell, counts));
    }
    Ok(counted.table(peers, &cells).markdown())
}

/// It is the same server as wsgen's where nothing is decoded.
fn without_by_hand(peers: &[Peer]) -> Vec<Peer> {
    peers
        .iter()
        .copied()
        .filter(|peer| *peer != Peer::WsgenByHand)
        .collect()
}

fn bars(section: Section, cells: &[(Cell, Vec<Cost>)]) -> Bars {
    let groups = cells.iter().map(|(cell, costs)| {
        let bars = costs
            .iter()
            .map(|cost| (cost.peer.title().to_owned(), cost.ratio.median));
        (cell.title(), bars.collect())
    });
    Bars {
        title: format!(
            "{}: processor time for a message, as a multiple of bare sockets (less is better)",
            section.name()
        ),
        groups: groups.collect(),
    }
}
