//! How many deliveries one CPU-second buys: one topic with 1,000 members on 1, 2 and 3 servers, and a naive loop over
//! connections beside it.
//!
//! `cargo run --release --features redis --example fanout -- redis://127.0.0.1:6379`; without an address there is one
//! server only. Linux, since it reads `/proc`.

use std::error::Error as StdError;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wsgen_runtime::codegen::Endpoint;
use wsgen_runtime::{Config, Context, Error, Handshake, Message, Reject, Sender, Server};

const MEMBERS: usize = 1000;
const ROUNDS: usize = 100;
const MESSAGES_A_ROUND: usize = 20;
/// Text, so that a frame is the payload and two bytes before it.
const PAYLOAD: usize = 120;
const FRAME: usize = PAYLOAD + 2;

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", how, url] => serve(how, url).await,
        [] => compare("").await,
        [url] => compare(url).await,
        _ => Err("expected at most the address of a Redis".into()),
    }
}

async fn compare(url: &str) -> Outcome<()> {
    println!("{MEMBERS} members, {PAYLOAD} bytes, {MESSAGES_A_ROUND} messages at once");
    println!("| servers | deliveries per CPU-second | deliveries per second |\n|---|---|---|");
    measure("naive loop", "naive", "", 1).await?;
    measure("1, in memory", "topic", "", 1).await?;
    if !url.is_empty() {
        for servers in 1..=3 {
            measure(&format!("{servers}, Redis"), "topic", url, servers).await?;
        }
    }
    Ok(())
}

async fn measure(title: &str, how: &str, url: &str, servers: usize) -> Outcome<()> {
    let mut running = Vec::new();
    for _ in 0..servers {
        running.push(Running::start(how, url)?);
    }
    let mut members = Vec::new();
    for number in 0..MEMBERS {
        members.push(connect(running[number % servers].address).await?);
    }
    // The members on other servers are there when the first round has reached them all.
    let mut publisher = connect(running[0].address).await?;
    round(&mut publisher, &mut members).await?;
    let (cpu, begin) = (cpu_seconds(&running)?, Instant::now());
    for _ in 0..ROUNDS {
        round(&mut publisher, &mut members).await?;
    }
    let (cpu, wall) = (cpu_seconds(&running)? - cpu, begin.elapsed().as_secs_f64());
    let deliveries = (ROUNDS * MESSAGES_A_ROUND * (MEMBERS + 1)) as f64;
    println!(
        "| {title} | {:.0} | {:.0} |",
        deliveries / cpu,
        deliveries / wall
    );
    Ok(())
}

/// Has messages published, and waits until everybody has them.
async fn round(publisher: &mut TcpStream, members: &mut [TcpStream]) -> Outcome<()> {
    // A masked text frame, with a mask of zeros.
    publisher
        .write_all(&[0x81, 0x82, 0, 0, 0, 0, b'g', b'o'])
        .await?;
    let mut frames = vec![0; FRAME * MESSAGES_A_ROUND];
    for member in members {
        let read = member.read_exact(&mut frames);
        tokio::time::timeout(Duration::from_secs(20), read).await??;
    }
    publisher.read_exact(&mut frames).await?;
    Ok(())
}

async fn connect(address: SocketAddr) -> Outcome<TcpStream> {
    let mut socket = TcpStream::connect(address).await?;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await?);
    }
    // Says that it has joined.
    socket.read_exact(&mut [0; 2 + 6]).await?;
    Ok(socket)
}

/// A server in a process of its own, ended when dropped.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(how: &str, url: &str) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", how, url])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        // Its first line; it writes no other.
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self { child, address })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the servers have used so far, in seconds of a processor.
fn cpu_seconds(running: &[Running]) -> Outcome<f64> {
    let mut ticks = 0.0;
    for server in running {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no /proc")?;
        for field in fields.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<f64>()?;
        }
    }
    // Linux counts in hundredths.
    Ok(ticks / 100.0)
}

async fn serve(how: &str, url: &str) -> Outcome<()> {
    let broker = match url {
        "" => String::new(),
        _ => format!("[broker]\nkind = \"redis\"\nurl = \"{url}\"\nprefix = \"fanout\"\n"),
    };
    let config = Config::from_toml(&format!(
        "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\nenabled = false\n[limits]\nconnections_per_address = 0\n{broker}"
    ))?;
    let server = match how {
        "naive" => Server::new("fanout").route("/", Naive::default()),
        _ => Server::new("fanout").route("/", Topic),
    };
    let listening = server.bind(config).await?;
    println!("{}", listening.address());
    listening.run_until(std::future::pending()).await;
    Ok(())
}

/// Publishes on a topic.
struct Topic;

impl Endpoint for Topic {
    const CHANNEL: &'static str = "topic";
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, (), Message>) -> Result<(), Error> {
        cx.join("everybody").await;
        cx.send("joined").await
    }

    async fn receive(&self, cx: &mut Context<'_, (), Message>, _: Message) -> Result<(), Error> {
        for _ in 0..MESSAGES_A_ROUND {
            cx.publish("everybody", "x".repeat(PAYLOAD));
        }
        Ok(())
    }
}

/// Sends to every connection for itself, each time encoded anew.
#[derive(Default)]
struct Naive(Mutex<Vec<Sender<Message>>>);

impl Naive {
    fn senders(&self) -> MutexGuard<'_, Vec<Sender<Message>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoint for Naive {
    const CHANNEL: &'static str = "naive";
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, (), Message>) -> Result<(), Error> {
        let sender = cx.sender();
        self.senders().push(sender);
        cx.send("joined").await
    }

    async fn receive(&self, _: &mut Context<'_, (), Message>, _: Message) -> Result<(), Error> {
        for _ in 0..MESSAGES_A_ROUND {
            let senders = self.senders().clone();
            for sender in senders {
                sender.send("x".repeat(PAYLOAD)).await?;
            }
        }
        Ok(())
    }
}
