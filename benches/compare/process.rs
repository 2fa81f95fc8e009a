//! A server in a process of its own: started, watched from outside, and ended.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::client::Address;
use crate::peers::Peer;

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: Address,
}

/// The processor of the servers and that of the load generator.
const SERVERS: &str = "0";
const GENERATOR: &str = "1";

impl Server {
    /// Starts `peer` and waits until it listens.
    pub(crate) fn start(peer: Peer) -> io::Result<Self> {
        let mut command = vec!["taskset".into(), "-c".into(), SERVERS.into()];
        command.extend(command_line(peer)?);
        Self::spawn(&command, Stdio::inherit(), Some(peer))
    }

    /// Starts a server with one topic for many, which shares the broker at this address, if there is one.
    pub(crate) fn start_spread(broker: Option<&str>) -> io::Result<Self> {
        let this = std::env::current_exe()?;
        let mut command = vec!["taskset".into(), "-c".into(), SERVERS.into(), this.into()];
        command.push("spread".into());
        command.extend(broker.map(OsString::from));
        Self::spawn(&command, Stdio::inherit(), None)
    }

    /// Starts `peer` under another program; what that one says on standard error can be read.
    pub(crate) fn start_under(program: &[&str], peer: Peer) -> io::Result<Self> {
        let mut command: Vec<OsString> = program.iter().map(OsString::from).collect();
        command.extend(command_line(peer)?);
        Self::spawn(&command, Stdio::piped(), Some(peer))
    }

    fn spawn(command: &[OsString], errors: Stdio, peer: Option<Peer>) -> io::Result<Self> {
        let [program, arguments @ ..] = command else {
            return Err(io::Error::other("no command"));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()?;
        let output = child.stdout.take();
        let output = output.ok_or_else(|| io::Error::other("no output"))?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().map_err(io::Error::other)?;
        let address = Address {
            port,
            is_encrypted: peer.is_some_and(Peer::is_encrypted),
            is_compressed: peer.is_some_and(Peer::is_compressed),
        };
        Ok(Self { child, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time of all its threads so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        processor_time(self.id())
    }

    /// Its resident memory, in bytes.
    pub(crate) fn memory(&self) -> io::Result<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        let kilobytes = kilobytes.ok_or_else(|| io::Error::other("no VmRSS"))?;
        Ok(kilobytes.parse::<usize>().map_err(io::Error::other)? * 1024)
    }

    /// Ends it; what it has said on standard error, where that can be read.
    pub(crate) fn end(mut self) -> io::Result<String> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        if let Some(errors) = self.child.stderr.take() {
            said = io::read_to_string(errors)?;
        }
        self.child.wait()?;
        Ok(said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time of all threads of a process so far.
pub(crate) fn processor_time(id: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        let running = statistics.split(' ').next().unwrap_or_default();
        nanoseconds += running.parse::<u64>().map_err(io::Error::other)?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Keeps this process, the load generator, off the servers' processor.
pub(crate) fn pin_generator() -> io::Result<()> {
    run_on(GENERATOR)
}

/// Lets this process, and what it starts, run on both processors, where nothing is loaded.
pub(crate) fn unpin_generator() -> io::Result<()> {
    run_on(&format!("{SERVERS},{GENERATOR}"))
}

fn run_on(processors: &str) -> io::Result<()> {
    let id = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["-p", "-c", processors, &id])
        .stdout(Stdio::null())
        .status()?;
    match pinned.success() {
        true => Ok(()),
        false => Err(io::Error::other(
            "taskset failed: two processors are needed",
        )),
    }
}

/// Whether `peer` is to be measured at all.
pub(crate) fn is_wanted(peer: Peer) -> bool {
    peer != Peer::WsgenBefore || before().is_some()
}

/// Why `peer` cannot be measured here, if it cannot.
pub(crate) fn missing(peer: Peer) -> Option<String> {
    if !matches!(peer, Peer::Node | Peer::NodeCompressed) {
        return None;
    }
    let folder = node_folder();
    let has_node = Command::new("node").arg("--version").output().is_ok();
    (!has_node || !folder.join("node_modules/ws").exists())
        .then(|| "`npm install` in benches/compare/peers first".to_owned())
}

fn command_line(peer: Peer) -> io::Result<Vec<OsString>> {
    if matches!(peer, Peer::Node | Peer::NodeCompressed) {
        let mut command = vec!["node".into(), node_folder().join("ws.mjs").into()];
        command.extend(peer.is_compressed().then(|| "compressed".into()));
        return Ok(command);
    }
    if let (Peer::WsgenBefore, Some(before)) = (peer, before()) {
        return Ok(vec![before, "serve".into(), Peer::Wsgen.name().into()]);
    }
    let this = std::env::current_exe()?;
    Ok(vec![this.into(), "serve".into(), peer.name().into()])
}

/// Another build of this program.
fn before() -> Option<OsString> {
    std::env::var_os("WSGEN_BENCH_BEFORE")
}

fn node_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("compare/peers")
}
