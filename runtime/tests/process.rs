//! Rows of the fault matrix that need a process of their own: signals, descriptors, memory.
//!
//! The server is this test binary once more, running [`server`]. The long rows run where `WSGEN_SLOW_TESTS` is set.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use wsgen_runtime::{Config, Server};

use crate::support::client::Client;
use crate::support::endpoint::Room;
use crate::support::raw::{CLOSE, FIN, PING, Raw, TEXT, frame, upgrade};
use crate::support::within;
use crate::support::witness::Witness;

/// Names the settings of a server that is to be run, instead of the tests.
pub const SETTINGS: &str = "WSGEN_TEST_SERVER";

pub fn slow_tests() -> bool {
    let asked = std::env::var_os("WSGEN_SLOW_TESTS").is_some();
    if !asked {
        eprintln!("skipped: set WSGEN_SLOW_TESTS=1 to run it");
    }
    asked
}

/// Not a test: what [`Process::start`] runs.
#[test]
fn server() {
    let Ok(settings) = std::env::var(SETTINGS) else {
        return;
    };
    let (ended, _receiver) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let server = Server::new("test").route("/rooms/{room}", Room { gate, ended });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap();
    let code = runtime.block_on(server.serve(Config::from_toml(&settings).unwrap()));
    // As `main` ends: not before every worker thread does.
    drop(runtime);
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

const WORKERS: usize = 2;

pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    log: std::sync::mpsc::Receiver<String>,
    /// Whether the log is not read any more, for now.
    is_stalled: Arc<AtomicBool>,
}

impl Process {
    /// A server with these settings, and at most so many descriptors.
    pub fn start(settings: &str, descriptors: usize) -> Self {
        Self::start_in(&[], settings, descriptors)
    }

    /// The same with these variables in its environment.
    pub fn start_in(environment: &[(&str, &str)], settings: &str, descriptors: usize) -> Self {
        let ports = "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\naddress = \"127.0.0.1:0\"\n";
        let binary = std::env::current_exe().unwrap();
        let mut child = Command::new("sh")
            .args([
                "-c",
                "ulimit -n $0 && exec \"$1\" --exact process::server --nocapture",
            ])
            .arg(descriptors.to_string())
            .arg(binary)
            .env(SETTINGS, format!("{ports}{settings}"))
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, log) = std::sync::mpsc::channel();
        let is_stalled = Arc::new(AtomicBool::new(false));
        let stalls = is_stalled.clone();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| {
                while stalls.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                tell.send(line)
            })
        });
        let address = |what: &str| loop {
            let line = log.recv_timeout(Duration::from_secs(20)).unwrap();
            if line.contains(what)
                && let Some((_, address)) = line.rsplit_once("address=")
            {
                break address.trim().parse().unwrap();
            }
        };
        let (address, admin) = (address(" listening"), address("admin listening"));
        Self {
            child,
            address,
            admin,
            log,
            is_stalled,
        }
    }

    /// Reads the log no more, so that its pipe fills.
    pub fn stop_reading(&self) {
        self.is_stalled.store(true, Ordering::Relaxed);
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address, "/rooms/1").await
    }

    /// The head and body of an admin page.
    pub async fn admin_page(&self, path: &str) -> String {
        let mut raw = Raw::connect(self.admin).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        raw.send(request.as_bytes()).await;
        raw.all().await
    }

    /// The value of a line of `/metrics`, written as there.
    pub async fn metric(&self, name: &str) -> f64 {
        let page = self.admin_page("/metrics").await;
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for a line of the log, and is it.
    pub async fn logs(&self, words: &str) -> String {
        within(async {
            loop {
                match self.log.try_recv() {
                    Ok(line) if line.contains(words) => break line,
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        })
        .await
    }

    pub async fn exited(&mut self) -> ExitStatus {
        within(async {
            loop {
                match self.child.try_wait().unwrap() {
                    Some(status) => break status,
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        })
        .await
    }

    pub async fn raw(&self) -> Raw {
        let mut raw = Raw::connect(self.address).await;
        raw.send(upgrade("/rooms/1", "").as_bytes()).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
        raw
    }

    async fn still_echoes(&self) {
        let mut client = self.client().await;
        client.send(r#"{"type":"say","text":"x"}"#).await;
        assert_eq!(client.text().await, r#"{"type":"said","text":"x"}"#);
        client.close().await;
    }

    pub async fn witness(&self) -> Witness {
        Witness::with(self.address, self.admin, "").await
    }

    async fn connections(&self) -> f64 {
        self.metric("wsgen_connections{channel=\"room\"}").await
    }

    pub fn descriptors(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(path).unwrap().count()
    }

    /// Resident memory, in KiB.
    pub fn resident(&self) -> usize {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
    }

    /// The same without what is mapped from files: not the code that was run by now.
    #[cfg(all(feature = "redis", feature = "nats"))]
    pub fn anonymous(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No limits of rate, and a short grace.
pub const FAST: &str =
    "[rates]\nmessages = 0\nbytes = 0\ncontrol_frames = 0\n[drain]\ngrace = \"300ms\"\n";

#[tokio::test]
async fn sigterm_under_load_loses_no_answer() {
    let mut server = Process::start(FAST, 1024);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut client = server.client().await;
        clients.spawn(async move {
            for number in 0.. {
                client
                    .send(format!(r#"{{"type":"say","text":"{number}"}}"#))
                    .await;
                let message = client
                    .next()
                    .await
                    .expect("a Close frame before the end")
                    .unwrap();
                match message.as_close() {
                    Some((code, _)) => return (number, u16::from(code)),
                    None => assert_eq!(
                        message.as_text().unwrap(),
                        format!(r#"{{"type":"said","text":"{number}"}}"#)
                    ),
                }
            }
            unreachable!()
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.signal("-TERM");
    while let Some(ended) = within(clients.join_next()).await {
        let (answered, code) = ended.unwrap();
        assert_eq!(code, 1012);
        assert!(answered > 10, "no load: {answered} messages");
    }
    assert!(server.exited().await.success());
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_second_sigterm_ends_it_at_once() {
    let mut server = Process::start(&FAST.replace("300ms", "60s"), 1024);
    let _open = server.raw().await;
    server.signal("-TERM");
    // Still in its grace.
    server.still_echoes().await;
    // Two signals before the first one is looked at are one.
    let mut said = std::iter::from_fn(|| server.log.recv_timeout(Duration::from_secs(20)).ok());
    assert!(said.any(|line| line.contains("draining")));
    let begin = Instant::now();
    server.signal("-TERM");
    // It cut the one that is open.
    assert_eq!(server.exited().await.code(), Some(1));
    assert!(begin.elapsed() < Duration::from_secs(5));
    // To its end, which is there since the process is gone.
    assert!(server.log.iter().any(|line| line.contains("second signal")));
}

/// A handler that holds its worker thread.
async fn block(server: &Process, millis: u64) -> Raw {
    let mut raw = server.raw().await;
    let block = format!(r#"{{"type":"block","millis":{millis}}}"#);
    raw.send(&frame(FIN | TEXT, block.as_bytes())).await;
    raw
}

/// Handlers that hold the worker threads, one of which the log has named.
async fn block_all(server: &Process) -> Vec<Raw> {
    let mut blocked = Vec::new();
    // More than there are threads: which one gets which is not ours to say.
    for _ in 0..4 * WORKERS {
        blocked.push(server.raw().await);
    }
    for raw in &mut blocked {
        raw.send(&frame(FIN | TEXT, br#"{"type":"block","millis":60000}"#))
            .await;
    }
    let line = server.logs("handler=block").await;
    assert!(line.contains("WARN"), "{line}");
    assert!(line.contains("channel=\"room\""), "{line}");
    assert!(line.contains("spawn_blocking"), "{line}");
    blocked
}

#[tokio::test]
async fn handlers_that_block_do_not_outlive_the_deadline() {
    let settings = format!("{FAST}deadline = \"500ms\"");
    let mut server = Process::start(&settings, 1024);
    let _blocked = block_all(&server).await;
    let begin = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.exited().await.code(), Some(1));
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_second_sigterm_ends_it_though_handlers_block() {
    let mut server = Process::start(FAST, 1024);
    let _blocked = block_all(&server).await;
    server.signal("-TERM");
    // Two signals before the first one is looked at are one, and no line says that it was: the drain cannot begin.
    let begin = Instant::now();
    while server.child.try_wait().unwrap().is_none() && begin.elapsed() < Duration::from_secs(10) {
        server.signal("-TERM");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.exited().await.code(), Some(1));
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn one_handler_that_blocks_does_not_outlive_the_deadline() {
    let settings = format!("{FAST}deadline = \"500ms\"");
    let mut server = Process::start(&settings, 1024);
    let _blocked = block(&server, 60_000).await;
    server.logs("handler=block").await;
    let begin = Instant::now();
    server.signal("-TERM");
    server.logs("cutting what is left").await;
    server.logs("a handler holds its thread").await;
    assert_eq!(server.exited().await.code(), Some(1));
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_handler_that_blocks_is_counted_once_and_others_are_not() {
    let server = Process::start(FAST, 1024);
    let witness = server.witness().await;
    let mut blocked = block(&server, 2500).await;
    assert_eq!(blocked.text().await, r#"{"type":"said","text":"blocked"}"#);
    let mut short = block(&server, 500).await;
    assert_eq!(short.text().await, r#"{"type":"said","text":"blocked"}"#);
    assert_eq!(
        server
            .metric("wsgen_blocked_workers_total{channel=\"room\"}")
            .await,
        1.0
    );
    drop((blocked, short));
    witness.unharmed().await;
}

/// More lines than a pipe holds, of all levels, and nobody reads them.
#[tokio::test]
async fn a_reader_of_the_log_that_stalls_stops_nobody() {
    let settings = format!("{FAST}deadline = \"1s\"\n[log]\nlevel = \"debug\"");
    let mut server = Process::start(&settings, 1024);
    let witness = server.witness().await;
    server.stop_reading();
    for _ in 0..50 {
        let mut raws = Vec::new();
        for _ in 0..20 {
            raws.push(server.raw().await);
        }
        for raw in &mut raws {
            raw.send(&frame(FIN | TEXT, br#"{"type":"fail"}"#)).await;
            assert_eq!(raw.frame().await.0, FIN | CLOSE);
        }
    }
    assert!(server.metric("wsgen_log_lines_dropped_total").await > 0.0);
    witness.unharmed().await;
    // Its end is not held up either.
    let begin = Instant::now();
    server.signal("-TERM");
    assert!(server.exited().await.success());
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn running_out_of_descriptors_is_survived() {
    let settings = format!("{FAST}[limits]\nmax_connections = 1000\n[timeouts]\nclose = \"300ms\"");
    let server = Process::start(&settings, 64);
    let witness = server.witness().await;
    let mut open = Vec::new();
    let mut hung_up_on = 0;
    for _ in 0..100 {
        let mut raw = Raw::connect(server.address).await;
        raw.send(upgrade("/rooms/1", "").as_bytes()).await;
        let mut first = [0];
        // One that is not served is told so by the end, and need not wait for a deadline.
        match within(tokio::io::AsyncReadExt::read(&mut raw.0, &mut first)).await {
            Ok(1) => open.push(raw),
            _ => hung_up_on += 1,
        }
    }
    assert!(
        open.len() > 20 && hung_up_on > 20,
        "{} open, {hung_up_on} not",
        open.len()
    );
    assert!(
        server
            .log
            .try_iter()
            .any(|line| line.contains("cannot accept connections"))
    );
    drop(open);
    // With the descriptors back it goes on, a moment of back-off later.
    within(async {
        loop {
            let mut raw = Raw::connect(server.address).await;
            let _ =
                tokio::io::AsyncWriteExt::write_all(&mut raw.0, upgrade("/rooms/1", "").as_bytes())
                    .await;
            if let Ok(1) = tokio::io::AsyncReadExt::read(&mut raw.0, &mut [0]).await {
                break;
            }
        }
    })
    .await;
    witness.unharmed().await;
}

#[tokio::test]
async fn without_descriptors_the_admin_listener_answers_all_the_same() {
    let settings = format!("{FAST}[limits]\nmax_connections = 1000\n[timeouts]\nclose = \"300ms\"");
    let server = Process::start(&settings, 64);
    let witness = server.witness().await;
    let mut open = Vec::new();
    loop {
        let mut raw = Raw::connect(server.address).await;
        let _ = raw.0.write_all(upgrade("/rooms/1", "").as_bytes()).await;
        match within(raw.0.read(&mut [0])).await {
            Ok(1) => open.push(raw),
            _ => break,
        }
    }
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(Raw::connect(server.admin).await);
        let ready = server.admin_page("/readyz").await;
        assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
        assert!(server.metric("wsgen_accept_errors_total").await >= 1.0);
    }
    drop((idle, open));
    witness.unharmed().await;
}

#[tokio::test]
async fn a_flood_of_unread_pings_costs_less_than_4_mib() {
    let settings = format!("{FAST}[timeouts]\nwrite_stall = \"15s\"");
    let server = Process::start(&settings, 1024);
    let witness = server.witness().await;
    let before = server.resident();
    let mut raw = server.raw().await;
    let pings = frame(FIN | PING, &[7; 125]).repeat(500);
    let sent = raw.send_until_stuck(&pings, 50_000_000).await;
    assert!(sent < 50_000_000, "the server should stop reading");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB for {sent} bytes of pings");
    drop(raw);
    witness.unharmed().await;
}

#[tokio::test]
async fn connecting_and_closing_leaks_nothing() {
    let count = if slow_tests() { 20_000 } else { 1000 };
    let server = Process::start(FAST, 1024);
    let witness = server.witness().await;
    let round = async |count: usize| {
        for number in 0..count {
            let mut raw = server.raw().await;
            raw.send(&frame(FIN | TEXT, br#"{"type":"join","topic":"a"}"#))
                .await;
            raw.text().await;
            if number % 2 == 0 {
                raw.send(&frame(FIN | 8, &1000_u16.to_be_bytes())).await;
                raw.frame().await;
            }
        }
        within(async { while server.connections().await > 1.0 {} }).await;
    };
    round(500).await;
    let before = (server.descriptors(), server.resident());
    round(count).await;
    let after = (server.descriptors(), server.resident());
    assert!(
        after.0 <= before.0 + 2,
        "descriptors: {before:?}, then {after:?}"
    );
    assert!(
        after.1 < before.1 + 2048,
        "memory: {before:?}, then {after:?}"
    );
    witness.unharmed().await;
}

/// Connections that have had a large message cost no more than before, once they are idle.
#[tokio::test]
async fn after_a_burst_idle_connections_are_small_again() {
    const CONNECTIONS: usize = 500;
    let settings = format!("{FAST}[limits]\nconnections_per_address = 0");
    let server = Process::start(&settings, 1024);
    let witness = server.witness().await;
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        open.push(server.raw().await);
    }
    let say = format!(r#"{{"type":"say","text":"{}"}}"#, "x".repeat(60 * 1024));
    let large = frame(FIN | TEXT, say.as_bytes());
    let before = server.resident();
    for raw in &mut open {
        raw.send(&large).await;
    }
    for raw in &mut open {
        assert!(raw.text().await.len() > 60 * 1024);
    }
    let burst = server.resident();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = server.resident();
    let each = after.saturating_sub(before) / CONNECTIONS;
    assert!(
        each <= 10,
        "{before} KiB before, {burst} KiB in the burst, {after} KiB after: {each} KiB for each connection"
    );
    drop(open);
    witness.unharmed().await;
}
