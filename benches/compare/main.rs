//! Servers compared: what a message, a connection and a handshake cost them.
//!
//! `cargo run --release -p wsgen-benches --features peers --bin compare` starts each server in a process of its own on one
//! processor, loads them in turn from the other, and prints tables. `--write` puts them into `docs/performance.md`, and
//! those of `scaling` into `docs/scaling.md`.

mod broker;
mod builds;
mod churn;
mod client;
mod counts;
mod drawing;
mod encrypted;
mod frames;
mod growth;
mod memory;
mod peers;
mod plan;
mod process;
mod report;
mod run;
mod scaling;
mod statistics;
mod traffic;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures generated servers beside servers written by hand")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    plan: plan::Plan,
}

#[derive(Subcommand)]
enum Command {
    /// Is one of the servers: says its port and serves until standard input ends.
    Serve { peer: peers::Peer },
    /// Is a server with one topic for many, which shares the broker at this address, if there is one.
    Spread { broker: Option<String> },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Serve { peer }) => peers::serve(peer),
        Some(Command::Spread { broker }) => peers::serve_spread(broker.as_deref()),
        None => plan::run(&arguments.plan),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
