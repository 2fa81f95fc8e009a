//! The servers that are compared: each echoes text at `/echo` and orders at `/typed`, and spreads text at `/fanout`.
//!
//! Written as the documentation of each library shows it, with as little around it as works.

mod actix;
mod axum;
mod by_hand;
mod fastwebsockets;
mod floor;
mod order;
pub(crate) mod spread;
mod tokio_websockets;
mod tungstenite;
mod wsgen;

pub(crate) use by_hand::PATH as BY_HAND_PATH;

use std::io::{self, Read};

use clap::ValueEnum;
use tokio::net::{TcpListener, TcpStream};

/// The largest message that any of the servers takes, in bytes.
const LARGEST_MESSAGE: usize = 2 * 1024 * 1024;

/// Notes that may wait for a slow member of a fan-out; none is slow here.
const WAITING_NOTES: usize = 4096;

/// A server to measure.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Peer {
    /// Bare sockets that send back what they read: what the system costs.
    Floor,
    /// A project that wsgen has generated.
    Wsgen,
    /// The same, by another build of this program: `WSGEN_BENCH_BEFORE` says where that is.
    WsgenBefore,
    /// The same, with a handler that decodes and encodes by hand; only for typed messages.
    WsgenByHand,
    Axum,
    /// `tokio-tungstenite` as it is.
    Tungstenite,
    /// `tokio-tungstenite` with a read buffer of 4 KiB.
    TungsteniteSmall,
    Fastwebsockets,
    TokioWebsockets,
    Actix,
    /// `ws` under Node.
    Node,
    /// The bare sockets and wsgen by TLS; only for the cells that ask for it.
    FloorTls,
    WsgenTls,
    /// With permessage-deflate; only for the cells that ask for it.
    WsgenCompressed,
    NodeCompressed,
}

impl Peer {
    /// All of them, in the order of the tables.
    pub(crate) const ALL: [Self; 11] = [
        Self::Floor,
        Self::Wsgen,
        Self::WsgenBefore,
        Self::WsgenByHand,
        Self::Axum,
        Self::Tungstenite,
        Self::TungsteniteSmall,
        Self::TokioWebsockets,
        Self::Fastwebsockets,
        Self::Actix,
        Self::Node,
    ];

    /// Those that are compared by TLS.
    pub(crate) const ENCRYPTED: [Self; 2] = [Self::FloorTls, Self::WsgenTls];

    /// Those that are compared with and without compression.
    pub(crate) const COMPRESSED: [Self; 4] = [
        Self::Wsgen,
        Self::WsgenCompressed,
        Self::Node,
        Self::NodeCompressed,
    ];

    pub(crate) fn is_compressed(self) -> bool {
        matches!(self, Self::WsgenCompressed | Self::NodeCompressed)
    }

    pub(crate) fn is_encrypted(self) -> bool {
        Self::ENCRYPTED.contains(&self)
    }

    /// Whether it only sends back what comes.
    pub(crate) fn is_floor(self) -> bool {
        matches!(self, Self::Floor | Self::FloorTls)
    }

    /// What the command line calls it.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The heading of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Floor => "bare sockets",
            Self::Wsgen => "wsgen",
            Self::WsgenBefore => "wsgen before",
            Self::WsgenByHand => "wsgen, decoded by hand",
            Self::Axum => "axum",
            Self::Tungstenite => "tokio-tungstenite",
            Self::TungsteniteSmall => "tokio-tungstenite, 4 KiB buffer",
            Self::TokioWebsockets => "tokio-websockets",
            Self::Fastwebsockets => "fastwebsockets",
            Self::Actix => "actix-ws",
            Self::Node => "Node `ws`",
            Self::FloorTls => "bare sockets",
            Self::WsgenTls => "wsgen",
            Self::WsgenCompressed => "wsgen, compressed",
            Self::NodeCompressed => "Node `ws`, compressed",
        }
    }
}

/// Serves until standard input ends; says the port on standard output first.
pub(crate) fn serve(peer: Peer) -> io::Result<()> {
    if peer == Peer::Actix {
        end_with_input();
        return actix::serve();
    }
    run(async {
        match peer {
            Peer::Floor => floor::serve(listen().await?).await,
            Peer::FloorTls => floor::serve_encrypted(listen().await?).await,
            Peer::Wsgen | Peer::WsgenBefore | Peer::WsgenByHand => {
                wsgen::serve(wsgen::settings()).await
            }
            Peer::WsgenTls => wsgen::serve(wsgen::encrypted()).await,
            Peer::WsgenCompressed => wsgen::serve(wsgen::compressed()).await,
            Peer::Axum => axum::serve(listen().await?).await,
            Peer::Tungstenite => tungstenite::serve(listen().await?, tungstenite::AS_IT_IS).await,
            Peer::TungsteniteSmall => tungstenite::serve(listen().await?, tungstenite::SMALL).await,
            Peer::Fastwebsockets => fastwebsockets::serve(listen().await?).await,
            Peer::TokioWebsockets => tokio_websockets::serve(listen().await?).await,
            Peer::Actix | Peer::Node | Peer::NodeCompressed => {
                Err(io::Error::other("it has a runtime of its own"))
            }
        }
    })
}

/// Serves one topic to many, perhaps beside other servers that share a broker.
pub(crate) fn serve_spread(broker: Option<&str>) -> io::Result<()> {
    run(spread::serve(broker))
}

fn run(server: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    end_with_input();
    // As `#[tokio::main]` does.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(server)
}

/// The process that started this one holds the other end: no server outlives it.
fn end_with_input() {
    std::thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
}

/// Listens on a free port and says which.
async fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say_port(listener.local_addr()?.port());
    Ok(listener)
}

fn say_port(port: u16) {
    println!("{port}");
}

/// Gives every connection a task.
async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        tokio::spawn(serve(socket));
    }
}
