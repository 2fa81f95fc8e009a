//! Connections of the load generator: they count the bytes that come back and look at nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::encrypted;
use crate::frames::{Burst, CLOSE, Traffic};

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open connection.
pub(crate) struct Connection {
    socket: Box<dyn Socket>,
    buffer: Vec<u8>,
}

/// Where a server listens, and what it speaks there.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    pub(crate) port: u16,
    pub(crate) is_encrypted: bool,
    /// Whether it is to compress what it sends.
    pub(crate) is_compressed: bool,
}

/// Bytes both ways, in the clear or by TLS.
trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

impl Connection {
    /// Opens a WebSocket at `path`; the `index` spreads connections over source addresses.
    pub(crate) async fn open(address: Address, path: &str, index: usize) -> io::Result<Self> {
        let Address {
            port,
            is_encrypted,
            is_compressed,
        } = address;
        let offer = match is_compressed {
            true => "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
            false => "",
        };
        let opening = async {
            let socket = TcpSocket::new_v4()?;
            // More than one address has ports for.
            let last = 1 + u8::try_from(index / 20_000).map_err(io::Error::other)?;
            socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
            let socket = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
            socket.set_nodelay(true)?;
            let mut socket: Box<dyn Socket> = match is_encrypted {
                true => Box::new(encrypted::connect(socket).await?),
                false => Box::new(socket),
            };
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
            );
            socket.write_all(request.as_bytes()).await?;
            read_head(&mut socket).await?;
            Ok(Self {
                socket,
                buffer: Vec::new(),
            })
        };
        within_patience(opening).await
    }

    /// Waits for so many bytes.
    pub(crate) async fn receive(&mut self, length: usize) -> io::Result<()> {
        within_patience(receive(&mut self.socket, &mut self.buffer, length)).await
    }

    /// Sends a burst and waits for what comes back.
    pub(crate) async fn exchange(&mut self, burst: &Burst) -> io::Result<()> {
        let (mut read, mut write) = tokio::io::split(&mut self.socket);
        let send = async {
            write.write_all(&burst.sent).await?;
            write.flush().await
        };
        let receive = receive(&mut read, &mut self.buffer, burst.received);
        tokio::try_join!(send, receive).map(|_| ())
    }

    /// Closes as a client should, and waits until the server has closed as well.
    pub(crate) async fn close(mut self) -> io::Result<()> {
        within_patience(async {
            self.socket.write_all(&CLOSE).await?;
            let mut dropped = [0; 256];
            while self.socket.read(&mut dropped).await? > 0 {}
            Ok(())
        })
        .await
    }
}

/// Opens so many connections at `path`.
pub(crate) async fn open_all(
    address: Address,
    path: &str,
    count: usize,
) -> io::Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for index in 0..count {
        connections.push(Connection::open(address, path, index).await?);
    }
    Ok(connections)
}

/// How long a load goes on.
#[derive(Clone, Copy)]
pub(crate) enum Extent {
    /// So long, but for one burst at least.
    Time(Duration),
    /// For so many bursts of each connection that sends.
    Bursts(usize),
}

impl Extent {
    /// Whether a load that began at `start` goes on after so many bursts.
    fn goes_on(self, start: Instant, bursts: usize) -> bool {
        match self {
            Self::Time(time) => bursts == 0 || start.elapsed() < time,
            Self::Bursts(most) => bursts < most,
        }
    }
}

/// Sends bursts over the connections as the traffic asks for; how many messages came back.
pub(crate) async fn load(
    traffic: Traffic,
    extent: Extent,
    connections: &mut Vec<Connection>,
    burst: &Arc<Burst>,
) -> io::Result<usize> {
    match traffic {
        Traffic::Fanout | Traffic::FanoutJson => fan_out(extent, connections, burst).await,
        Traffic::Echo(_) | Traffic::Typed => echo(extent, connections, burst).await,
    }
}

/// Every connection exchanges bursts, one after the other.
async fn echo(
    extent: Extent,
    connections: &mut Vec<Connection>,
    burst: &Arc<Burst>,
) -> io::Result<usize> {
    let start = Instant::now();
    let mut all = JoinSet::new();
    for mut connection in connections.drain(..) {
        let burst = burst.clone();
        all.spawn(async move {
            let mut bursts = 0;
            while extent.goes_on(start, bursts) {
                connection.exchange(&burst).await?;
                bursts += 1;
            }
            Ok::<_, io::Error>((connection, bursts))
        });
    }
    let mut messages = 0;
    while let Some(done) = within_patience(async { Ok(all.join_next().await) }).await? {
        let (connection, bursts) = done.map_err(io::Error::other)??;
        connections.push(connection);
        messages += bursts * burst.messages;
    }
    Ok(messages)
}

/// The first connection sends bursts, each once all have received the one before.
async fn fan_out(
    extent: Extent,
    connections: &mut [Connection],
    burst: &Burst,
) -> io::Result<usize> {
    let start = Instant::now();
    let mut bursts = 0;
    while extent.goes_on(start, bursts) {
        if let Some(publisher) = connections.first_mut() {
            publisher.socket.write_all(&burst.sent).await?;
        }
        for member in &mut *connections {
            let Connection { socket, buffer } = member;
            within_patience(receive(socket, buffer, burst.received)).await?;
        }
        bursts += 1;
    }
    Ok(bursts * burst.messages * connections.len())
}

/// How long the frames are that answer one message to all, which is sent once: compressed, nobody can say before.
pub(crate) async fn length_for_all(
    connections: &mut [Connection],
    message: &Burst,
) -> io::Result<usize> {
    if let Some(publisher) = connections.first_mut() {
        publisher.socket.write_all(&message.sent).await?;
    }
    let mut lengths = Vec::new();
    for member in connections {
        lengths.push(within_patience(frame(&mut member.socket)).await?);
    }
    match &*lengths {
        [first, others @ ..] if others.iter().all(|other| other == first) => Ok(*first),
        _ => Err(io::Error::other("not all get the same")),
    }
}

/// Reads a frame; its length.
async fn frame(socket: &mut (impl AsyncReadExt + Unpin)) -> io::Result<usize> {
    let _opcode = socket.read_u8().await?;
    let short = socket.read_u8().await?;
    let (head, payload) = match short {
        126 => (4, usize::from(socket.read_u16().await?)),
        short => (2, usize::from(short)),
    };
    socket.read_exact(&mut vec![0; payload]).await?;
    Ok(head + payload)
}

async fn receive(
    socket: &mut (impl AsyncReadExt + Unpin),
    buffer: &mut Vec<u8>,
    length: usize,
) -> io::Result<()> {
    // Made by need, so that ten thousand connections have little.
    buffer.resize(length.min(64 * 1024), 0);
    let mut left = length;
    while left > 0 {
        let room = left.min(buffer.len());
        match socket.read(&mut buffer[..room]).await? {
            0 => return Err(io::Error::other("the server has closed the connection")),
            read => left -= read,
        }
    }
    Ok(())
}

/// Reads up to the end of the answer's head, byte by byte: what follows is not the head's.
async fn read_head(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await?);
    }
    match head.starts_with(b"HTTP/1.1 101 ") {
        true => Ok(()),
        false => Err(io::Error::other(
            String::from_utf8_lossy(&head).into_owned(),
        )),
    }
}

async fn within_patience<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.map_err(|_| io::Error::other("no answer for a minute"))?
}
