//! Hours of a bad day: two servers that share a Redis, mixed traffic, and faults one after another. `.ci/soak` runs it.
//!
//! It goes by rounds. In each, publishers, requesters, visitors and slow readers are at work while clients are stopped, the
//! broker dies or hangs, and handlers panic; then all of them go, and everything must be as it was after the first round.
//! [`ledger`] holds what each member got against what was published.

mod ledger;
mod traffic;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::brokers::server::{Broker, Kind, is_ready};
use crate::process::Process;
use crate::support::chance::Chance;
use crate::support::wire::{End, Wire};
use crate::support::witness::gauges;
use crate::support::{PATIENCE, within};
use traffic::{Followed, Outcome, Phase, Phases, Tally};

const SERVERS: usize = 2;

/// Of topic `a`, on each server.
const PUBLISHERS: usize = 2;

/// Members of each client process on each server.
const MEMBERS: usize = 4;

/// What the memory of a server may grow by after the warm-up, in any number of rounds, in KiB.
const SLACK: usize = 8 * 1024;

/// glibc's allocator gives back what is freed, or its memory would be that of the largest burst and the most scattered one.
const GIVE_BACK: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "16384"),
    ("MALLOC_TRIM_THRESHOLD_", "65536"),
];

/// Rounds after which memory is what it stays at: the broker has died once, and hung once.
const WARM_UP: u64 = 2;

/// Who is present without clients, and how many members topics have on each server.
const MEMBERS_LEFT: &str = "resident-0 resident-1, a published to 1, s published to 0";

const SETTINGS: &str = "
[rates]
messages = 0
bytes = 0
control_frames = 0
[limits]
connections_per_address = 0
send_queue_patience = \"1s\"
[compression]
enabled = true
context_takeover = true
[heartbeat]
interval = \"1s\"
timeout = \"3s\"
[drain]
grace = \"0s\"
";

/// What [`client`] is run with: the addresses of the servers, the round, and which process it is.
const CLIENT: &str = "WSGEN_TEST_SOAK_CLIENT";

/// Not a test: a process with members of all servers, to be stopped as a whole.
#[tokio::test]
async fn client() {
    let Ok(arguments) = std::env::var(CLIENT) else {
        return;
    };
    let mut words = arguments.split(' ');
    let round: u64 = words.next().unwrap().parse().unwrap();
    let process: usize = words.next().unwrap().parse().unwrap();
    let followed = Followed {
        round,
        publishers: SERVERS * PUBLISHERS,
    };
    let mut members = JoinSet::new();
    for (server, address) in words.enumerate() {
        let address: SocketAddr = address.parse().unwrap();
        for member in 0..MEMBERS {
            let name = format!("member-{process}-{server}-{member}");
            let offers = member % 2 == 0;
            members.spawn(traffic::member(address, server, offers, name, followed));
        }
    }
    let mut tally = Tally::default();
    while let Some(outcome) = members.join_next().await {
        match outcome.unwrap() {
            Ok(one) => tally.merge(one),
            Err(what) => {
                eprintln!("{what}");
                std::process::exit(1);
            }
        }
    }
    for (what, count) in tally.0 {
        println!("tally {count} {what}");
    }
}

/// For as many minutes as `WSGEN_SOAK_MINUTES` says.
#[tokio::test]
async fn nothing_is_left_of_a_bad_day() {
    let Ok(minutes) = std::env::var("WSGEN_SOAK_MINUTES") else {
        eprintln!("skipped: .ci/soak runs it");
        return;
    };
    let minutes: f64 = minutes.parse().expect("WSGEN_SOAK_MINUTES is a number");
    let seed = std::env::var("WSGEN_SEED").map_or(1, |seed| seed.parse().unwrap());
    let end = Instant::now() + Duration::from_secs_f64(60.0 * minutes);
    let mut soak = Soak::start(seed).await;
    let mut rounds = 0;
    // At least one round after the warm-up, or nothing was compared.
    while Instant::now() < end || rounds <= WARM_UP {
        if let Err(what) = soak.round(rounds).await {
            panic!("round {rounds} (WSGEN_SEED={seed}): {what}");
        }
        rounds += 1;
    }
    soak.has_seen_every_fault().await;
    eprintln!(
        "soak: {rounds} rounds; as at the beginning: {:?}",
        soak.baseline
    );
    eprintln!("soak: seen: {:?}", soak.tally.0);
}

/// What a server must come back to.
#[derive(Debug)]
struct State {
    descriptors: usize,
    /// In KiB.
    memory: usize,
}

struct Soak {
    broker: Broker,
    servers: Vec<Process>,
    residents: Vec<mpsc::UnboundedReceiver<Outcome>>,
    /// Of each server, after the warm-up.
    baseline: Vec<State>,
    tally: Tally,
    seed: u64,
}

impl Soak {
    async fn start(seed: u64) -> Self {
        let broker = Broker::start(Kind::Redis).await;
        let broker = broker.expect("redis-server is installed");
        let url = format!("redis://127.0.0.1:{}", broker.port);
        let settings = format!("{SETTINGS}[broker]\nkind = \"redis\"\nurl = \"{url}\"\n");
        let (mut servers, mut residents) = (Vec::new(), Vec::new());
        for number in 0..SERVERS {
            let server = Process::start_in(&GIVE_BACK, &settings, 1024);
            is_ready(&server).await;
            let (tell, rounds) = mpsc::unbounded_channel();
            let publishers = SERVERS * PUBLISHERS;
            tokio::spawn(traffic::resident(server.address, number, publishers, tell));
            servers.push(server);
            residents.push(rounds);
        }
        // What is published from now on is theirs.
        for server in &servers {
            within(async { while members(server).await.unwrap() != MEMBERS_LEFT {} }).await;
        }
        Self {
            broker,
            servers,
            residents,
            baseline: Vec::new(),
            tally: Tally::default(),
            seed,
        }
    }

    async fn round(&mut self, round: u64) -> Result<(), String> {
        let phase = watch::Sender::new(Phase::Traffic);
        let mut clients = JoinSet::new();
        self.begin(round, &phase, &mut clients);
        let processes = [0, 1].map(|number| ClientProcess::start(&self.servers, round, number));
        self.faults(round, &processes).await;
        for server in &self.servers {
            is_ready(server).await;
        }
        // What is published from now on must arrive, late or not.
        tokio::time::sleep(Duration::from_secs(3)).await;
        phase.send_replace(Phase::Ending);
        let mut tally = Tally::default();
        for process in processes {
            tally.merge(process.done().await?);
        }
        for resident in &mut self.residents {
            let outcome = tokio::time::timeout(PATIENCE, resident.recv()).await;
            let outcome = outcome.map_err(|_| "a resident waits for the end of a publisher")?;
            tally.merge(outcome.ok_or("a resident is gone")??);
        }
        phase.send_replace(Phase::Over);
        let outcomes = tokio::time::timeout(2 * PATIENCE, clients.join_all()).await;
        for outcome in outcomes.map_err(|_| "a client does not come to its end")? {
            tally.merge(outcome?);
        }
        eprintln!("soak: round {round}: {:?}", tally.0);
        self.tally.merge(tally);
        self.is_as_it_was(round).await
    }

    /// Who talks to the servers, but for the members.
    fn begin(&self, round: u64, phase: &watch::Sender<Phase>, clients: &mut JoinSet<Outcome>) {
        let mut seed = self.seed.wrapping_mul(1_000_003).wrapping_add(round << 16);
        let mut chance = || {
            seed += 1;
            Chance::new(seed)
        };
        for (number, server) in self.servers.iter().enumerate() {
            let phases = || -> Phases { phase.subscribe() };
            let address = server.address;
            for publisher in 0..PUBLISHERS {
                let id = (round, number as u64, publisher as u64);
                clients.spawn(traffic::publisher(
                    address,
                    ("a", false),
                    id,
                    phases(),
                    chance(),
                ));
            }
            let id = (round, number as u64, PUBLISHERS as u64);
            clients.spawn(traffic::publisher(
                address,
                ("s", true),
                id,
                phases(),
                chance(),
            ));
            for _ in 0..2 {
                clients.spawn(traffic::requester(address, phases(), chance()));
                clients.spawn(traffic::churner(address, phases(), chance()));
            }
            for reads in [true, false] {
                clients.spawn(traffic::slow_reader(
                    address,
                    number,
                    phases(),
                    reads,
                    chance(),
                ));
            }
        }
    }

    /// One client process stops for a moment, the other for longer than a server bears, and the broker is away meanwhile.
    async fn faults(&mut self, round: u64, processes: &[ClientProcess; 2]) {
        let pause = |millis| tokio::time::sleep(Duration::from_millis(millis));
        pause(1500).await;
        processes[0].signal("-STOP");
        pause(700).await;
        processes[0].signal("-CONT");
        processes[1].signal("-STOP");
        pause(500).await;
        match round % 4 {
            0 => self.broker_is_killed(300).await,
            1 => {
                self.broker.hang();
                pause(5500).await;
                self.broker.go_on();
            }
            2 => self.broker_is_killed(3000).await,
            // Twice, the second time while it comes back.
            _ => {
                self.broker_is_killed(100).await;
                pause(200).await;
                self.broker_is_killed(1000).await;
            }
        }
        let stopped = match round % 4 {
            0 => 5500,
            1 => 500,
            2 => 3000,
            _ => 4500,
        };
        pause(stopped).await;
        processes[1].signal("-CONT");
    }

    async fn broker_is_killed(&mut self, millis: u64) {
        self.broker.kill();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        assert!(self.broker.start_again().await);
    }

    /// Waits until all is as it was, but for memory that grew within its bounds; what is not.
    async fn is_as_it_was(&mut self, round: u64) -> Result<(), String> {
        let mut states = Vec::new();
        for number in 0..self.servers.len() {
            states.push(self.settled(number, round).await?);
        }
        self.counters_agree().await?;
        if round + 1 == WARM_UP {
            self.baseline = states;
            return Ok(());
        }
        for (number, (now, before)) in states.iter().zip(&self.baseline).enumerate() {
            if now.memory > before.memory + SLACK {
                return Err(format!(
                    "server {number} had {} KiB of memory after the warm-up, and has {} KiB",
                    before.memory, now.memory
                ));
            }
        }
        Ok(())
    }

    async fn settled(&self, number: usize, round: u64) -> Result<State, String> {
        let server = &self.servers[number];
        let expected_gauges = [
            "wsgen_connections{channel=\"room\"} 1".to_owned(),
            "wsgen_send_queue_bytes 0".to_owned(),
        ];
        let begin = Instant::now();
        loop {
            let members = members(server).await?;
            let mut gauges = gauges(server.admin).await;
            let lag = gauges
                .iter()
                .position(|line| line.starts_with("wsgen_broker_lag_seconds "));
            let lag = lag.map(|lag| gauges.remove(lag));
            let is_behind = lag.is_none_or(|lag| {
                let lag = lag.rsplit_once(' ').unwrap().1.parse::<f64>();
                lag.unwrap() > 1.0
            });
            let descriptors = server.descriptors();
            let most = self.baseline.get(number).map(|state| state.descriptors);
            let faults = [
                (members != MEMBERS_LEFT).then(|| format!("present: {members}")),
                (gauges != expected_gauges).then(|| format!("gauges: {gauges:?}")),
                is_behind.then(|| "the broker lags".to_owned()),
                most.filter(|most| descriptors > *most).map(|most| {
                    format!("descriptors: {most} after the warm-up, now {descriptors}")
                }),
            ];
            let faults: Vec<String> = faults.into_iter().flatten().collect();
            if faults.is_empty() {
                // Memory that was freed goes back, and so do the descriptors of the first look.
                tokio::time::sleep(Duration::from_millis(500)).await;
                let memory = server.anonymous();
                let descriptors = server.descriptors();
                eprintln!(
                    "soak: round {round}: server {number}: {memory} KiB, {descriptors} descriptors"
                );
                return Ok(State {
                    descriptors,
                    memory,
                });
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("server {number}: {}", faults.join("; ")));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the servers count is what was done to them.
    async fn counters_agree(&self) -> Result<(), String> {
        let mut pages = Vec::new();
        for (number, server) in self.servers.iter().enumerate() {
            let page = server.admin_page("/metrics").await;
            let opened = sum(&page, "wsgen_connections_opened_total", "");
            let closed = sum(&page, "wsgen_connections_closed_total", "");
            let open = sum(&page, "wsgen_connections", "");
            if opened - closed != open {
                return Err(format!(
                    "server {number}: {opened} opened, {closed} closed, and {open} are open"
                ));
            }
            pages.push(page);
        }
        let pages = pages.concat();
        for never in [
            "wsgen_accept_errors_total",
            "wsgen_blocked_workers_total",
            "wsgen_handshakes_rejected_total",
            "wsgen_log_lines_dropped_total",
            "wsgen_messages_dropped_total",
        ] {
            let count = sum(&pages, never, "");
            if count != 0.0 {
                return Err(format!("{never} is {count}"));
            }
        }
        let [panics, failures, violations] =
            ["panics", "failures", "violations"].map(|what| self.tally.of(what));
        for (name, label, provoked) in [
            ("wsgen_handler_panics_total", "", panics),
            (CLOSED, "code=\"1011\"", panics + failures),
            (CLOSED, "code=\"1002\"", violations),
        ] {
            let count = sum(&pages, name, label);
            if count != provoked as f64 {
                return Err(format!("{name} {label} is {count} after {provoked}"));
            }
        }
        for way in ["received", "sent"] {
            let name = format!("wsgen_compression_{way}_bytes_total");
            if sum(&pages, &name, "") == 0.0 {
                return Err(format!("nothing compressed was {way}"));
            }
        }
        Ok(())
    }

    /// A soak without its faults shows nothing.
    async fn has_seen_every_fault(&self) {
        for what in [
            "panics",
            "failures",
            "violations",
            "slow reader closed with 1013",
        ] {
            assert!(self.tally.of(what) > 0, "there were no {what}");
        }
        let ends = self.tally.0.keys();
        assert!(
            ends.into_iter().any(|what| what.starts_with("member ")),
            "no stopped client was cut"
        );
        for server in &self.servers {
            let page = server.admin_page("/metrics").await;
            let gaps = sum(&page, "wsgen_broker_gaps_total", "");
            assert!(gaps > 0.0, "a server has not missed its broker");
        }
    }
}

const CLOSED: &str = "wsgen_connections_closed_total";

/// The sum of a metric's lines that have a label.
fn sum(page: &str, name: &str, label: &str) -> f64 {
    let values = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let is_it = rest.starts_with(['{', ' ']) && rest.contains(label);
        is_it.then(|| rest.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
    });
    values.sum()
}

/// Who is present on a server, and how many members its topics have.
async fn members(server: &Process) -> Result<String, String> {
    let members = async {
        let mut wire = Wire::open(server.address, false).await?;
        wire.send(r#"{"type":"seen","topic":"p"}"#).await?;
        let mut members = wire.text().await?;
        for topic in ["a", "s"] {
            let publish = format!(r#"{{"type":"publish","topic":"{topic}","text":"any"}}"#);
            wire.send(&publish).await?;
            members += &format!(", {topic} {}", wire.text().await?);
        }
        wire.close().await;
        Ok(members)
    };
    members
        .await
        .map_err(|end: End| format!("who is a member: {end}"))
}

/// A process with members of all servers, which does not outlive the round.
struct ClientProcess(Option<Child>);

impl ClientProcess {
    fn start(servers: &[Process], round: u64, number: usize) -> Self {
        let mut arguments = format!("{round} {number}");
        for server in servers {
            arguments += &format!(" {}", server.address);
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "soak::client", "--nocapture"])
            .env(CLIENT, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(Some(child.unwrap()))
    }

    fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// What it has seen, once it ends by itself.
    async fn done(mut self) -> Outcome {
        let begin = Instant::now();
        while self.0.as_mut().unwrap().try_wait().unwrap().is_none() {
            if begin.elapsed() > 3 * PATIENCE {
                return Err("a client process does not come to its end".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // It says little: there is room for that in the pipes.
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut tally = Tally::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let line = line.strip_prefix("tally ");
            if let Some((count, what)) = line.and_then(|line| line.split_once(' ')) {
                tally.add(what, count.parse().unwrap());
            }
        }
        Ok(tally)
    }
}

impl Drop for ClientProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
