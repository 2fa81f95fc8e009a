//! Servers, a broker and clients that come and go, in any order: no client gets a message twice or out of order, and what it
//! does not get it is told of.
//!
//! The servers' part is the runtime's: what they keep of a topic, and the positions that clients return with. The broker and
//! the clients are a model. A broker with a log does what the scripts for Redis do; one without is like NATS.

#![no_main]

use std::collections::{BTreeSet, VecDeque};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use wsgen_runtime::fuzzing::{Arrived, Id, Log, Missed, Topic, returned, rewritten};

const SERVERS: usize = 3;
const CLIENTS: usize = 3;

#[derive(Arbitrary, Debug)]
struct Input {
    has_log: bool,
    /// How many messages the broker and the servers keep, one fewer than this.
    keep: u8,
    steps: Vec<Step>,
    query: Vec<(bool, String)>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Publish { server: u8 },
    /// What a server has published reaches the broker.
    Say { server: u8 },
    /// What the broker has said reaches a server.
    Hear { server: u8 },
    /// A server asks for the part of the log that it needs.
    Read { server: u8 },
    /// It is given what was read, perhaps after messages that came later.
    CatchUp { server: u8 },
    Disconnect { server: u8 },
    Connect { server: u8 },
    /// Nobody has used the log for so long that it is over.
    Expire,
    /// The broker begins anew.
    Restart,
    Join { client: u8, server: u8 },
    Leave { client: u8 },
    /// Everything gets through.
    Settle,
    /// A client makes up a position.
    Forge { server: u8, position: Forged },
}

#[derive(Arbitrary, Debug)]
enum Forged {
    Text(String),
    Near { epoch: u8, offset: u8, ahead: Option<(u8, u8)> },
    Numbers { offset: u64, ahead: Option<(u64, u64)> },
}

struct World {
    has_log: bool,
    keep: usize,
    servers: Vec<Server>,
    clients: Vec<Client>,
    broker: Broker,
    published: Vec<Id>,
}

struct Server {
    number: u64,
    topic: Topic,
    is_connected: bool,
    /// The log is to be read, or was asked for.
    is_astray: bool,
    is_reading: bool,
    answer: Option<Log>,
    outgoing: VecDeque<Id>,
    incoming: VecDeque<Heard>,
    last: u64,
    /// What its members have, or will never get and were told so.
    known: BTreeSet<Id>,
}

enum Heard {
    Message(Option<(u64, u64)>, Id),
    Log(Log),
}

#[derive(Default)]
struct Client {
    at: Option<usize>,
    /// Where it is, as it was told.
    position: Option<String>,
    /// What the state has that it began with.
    baseline: BTreeSet<Id>,
    received: BTreeSet<Id>,
    last: [u64; SERVERS],
}

struct Broker {
    epoch: u64,
    /// All that is in the log, and that was.
    log: Vec<Id>,
    past: Vec<Id>,
}

fuzz_target!(|input: Input| {
    positions_come_back(&input.query);
    let mut world = World::new(input.has_log, usize::from(input.keep % 8) + 1);
    for step in &input.steps {
        world.take(step);
        for server in &world.servers {
            let (used, most) = server.topic.memory();
            assert!(used <= most);
        }
    }
    world.end();
});

/// What can be read of a query is what was written there.
fn positions_come_back(query: &[(bool, String)]) {
    let query: Vec<(String, String)> = query
        .iter()
        .map(|(is_ours, value)| {
            let name = if *is_ours { "wsgen_resume" } else { "other" };
            (name.to_owned(), value.clone())
        })
        .collect();
    let is_wanted = query.iter().any(|(name, _)| name == "wsgen_resume");
    let found = returned(&query);
    assert_eq!(found.is_some(), is_wanted);
    let found = found.unwrap_or_default();
    assert!(found.len() <= 64);
    for (topic, position) in found {
        let is_there = query.iter().any(|(_, value)| {
            value.strip_suffix(&topic).and_then(|rest| rest.strip_suffix(':')).is_some_and(|text| {
                !text.contains(':') && rewritten(text) == position
            })
        });
        assert!(is_there, "{topic:?} at {position:?}");
        if let Some(position) = position {
            assert_eq!(rewritten(&position).as_ref(), Some(&position));
        }
    }
}

impl World {
    fn new(has_log: bool, keep: usize) -> Self {
        let server = |index: usize| {
            let number = index as u64 + 1;
            Server {
                number,
                topic: Topic::new(number, keep, (!has_log).then_some(1000 + number)),
                is_connected: true,
                is_astray: has_log,
                is_reading: false,
                answer: None,
                outgoing: VecDeque::new(),
                incoming: VecDeque::new(),
                last: 0,
                known: BTreeSet::new(),
            }
        };
        Self {
            has_log,
            keep,
            servers: (0..SERVERS).map(server).collect(),
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            broker: Broker { epoch: 1, log: Vec::new(), past: Vec::new() },
            published: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        let server = |number: &u8| usize::from(*number) % SERVERS;
        let client = |number: &u8| usize::from(*number) % CLIENTS;
        match step {
            Step::Publish { server: number } => self.publish(server(number)),
            Step::Say { server: number } => self.say(server(number)),
            Step::Hear { server: number } => self.hear(server(number)),
            Step::Read { server: number } => self.read(server(number)),
            Step::CatchUp { server: number } => self.catch_up(server(number)),
            Step::Disconnect { server: number } => self.disconnect(server(number)),
            Step::Connect { server: number } => self.connect(server(number)),
            Step::Expire => {
                // Whoever is connected has long heard all.
                self.drain();
                self.broker.begin_anew();
            }
            Step::Restart => {
                (0..SERVERS).for_each(|index| self.disconnect(index));
                self.broker.begin_anew();
            }
            Step::Join { client: number, server: at } => self.join(client(number), server(at)),
            Step::Leave { client: number } => self.clients[client(number)].at = None,
            Step::Settle => self.settle(),
            Step::Forge { server: number, position } => self.forge(server(number), position),
        }
    }

    fn publish(&mut self, index: usize) {
        let server = &mut self.servers[index];
        server.last += 1;
        let id = (server.number, server.last);
        let position = server.topic.publish(server.last);
        server.outgoing.push_back(id);
        self.published.push(id);
        self.deliver(index, id, position);
    }

    /// All members of a server get a message.
    fn deliver(&mut self, index: usize, id: Id, position: Option<String>) {
        assert!(self.servers[index].known.insert(id), "server {index} delivers {id:?} twice");
        for client in self.clients.iter_mut().filter(|client| client.at == Some(index)) {
            client.receive(id, position.clone());
        }
    }

    /// Only who has read what it needs says something.
    fn say(&mut self, index: usize) {
        let server = &mut self.servers[index];
        if !server.is_connected || server.is_astray || server.is_reading {
            return;
        }
        let Some(id) = server.outgoing.pop_front() else {
            return;
        };
        self.broker.log.push(id);
        let place = self.has_log.then_some((self.broker.epoch, self.broker.log.len() as u64));
        for server in self.servers.iter_mut().filter(|server| server.is_connected) {
            server.incoming.push_back(Heard::Message(place, id));
        }
    }

    fn hear(&mut self, index: usize) {
        let server = &mut self.servers[index];
        match server.incoming.pop_front() {
            None => {}
            Some(Heard::Message(place, id)) => match server.topic.arrive(place, id) {
                Arrived::Delivered(position) => self.deliver(index, id, position),
                Arrived::Nothing => {}
                Arrived::Astray => server.is_astray = true,
            },
            Some(Heard::Log(log)) => server.answer = Some(log),
        }
    }

    fn catch_up(&mut self, index: usize) {
        let server = &mut self.servers[index];
        let Some(log) = server.answer.take() else {
            return;
        };
        server.is_reading = false;
        let is_new = server.topic.track_from().is_none();
        let (delivered, has_hole) = server.topic.catch_up(log);
        for (id, position) in delivered {
            self.deliver(index, id, Some(position));
        }
        if has_hole || is_new {
            self.is_told(index);
        }
    }

    /// The members of a server know that they miss something: of all that is over, and of the log up to where the server is.
    fn is_told(&mut self, index: usize) {
        let server = &mut self.servers[index];
        server.known.extend(&self.broker.past);
        let mut up_to = self.broker.log.len();
        if self.has_log {
            let position = server.topic.position();
            let place = position.as_deref().and_then(place);
            let (epoch, offset) = place.expect("a server on track has a position");
            up_to = match epoch == self.broker.epoch {
                true => offset as usize,
                // The log has begun anew since it was read.
                false => 0,
            };
        }
        server.known.extend(&self.broker.log[..up_to]);
        for client in self.clients.iter_mut().filter(|client| client.at == Some(index)) {
            client.received.clear();
            client.baseline = server.known.clone();
        }
    }

    fn read(&mut self, index: usize) {
        let server = &mut self.servers[index];
        if server.is_connected && server.is_astray && !server.is_reading {
            (server.is_astray, server.is_reading) = (false, true);
            let log = self.broker.read(server.topic.track_from(), self.keep);
            server.incoming.push_back(Heard::Log(log));
        }
    }

    fn disconnect(&mut self, index: usize) {
        let server = &mut self.servers[index];
        if std::mem::take(&mut server.is_connected) {
            server.incoming.clear();
            (server.is_astray, server.is_reading, server.answer) = (false, false, None);
            server.topic.lose_track();
        }
    }

    fn connect(&mut self, index: usize) {
        let server = &mut self.servers[index];
        if std::mem::replace(&mut server.is_connected, true) {
            return;
        }
        if self.has_log {
            server.is_astray = true;
        } else {
            server.topic.begin_anew();
            self.is_told(index);
        }
    }

    /// A client connects to a server, with its position if it has one.
    fn join(&mut self, number: usize, index: usize) {
        if self.clients[number].at.is_some() {
            return;
        }
        if let Some(position) = self.clients[number].position.clone() {
            match self.missed(index, &position) {
                Missed::These(missed) => {
                    self.clients[number].at = Some(index);
                    for (id, position) in missed {
                        self.clients[number].receive(id, Some(position));
                    }
                    return;
                }
                Missed::Wait => return,
                Missed::Before(_) | Missed::Unknown => {}
            }
        }
        let server = &self.servers[index];
        // Where the server is on its way to a position, it has the client wait.
        if let Some(position) = server.topic.position() {
            self.clients[number] = Client {
                at: Some(index),
                position: Some(position),
                baseline: server.known.clone(),
                ..Client::default()
            };
        }
    }

    /// What a server makes of a position, with what it reads of the log.
    fn missed(&self, index: usize, position: &str) -> Missed {
        let server = &self.servers[index];
        match server.topic.missed(position, None) {
            Missed::Before(after) if self.has_log && server.is_connected => {
                let log = self.broker.read(Some(after), self.keep);
                server.topic.missed(position, Some(log))
            }
            Missed::Before(_) => Missed::Unknown,
            other => other,
        }
    }

    fn forge(&self, index: usize, position: &Forged) {
        let ahead_of = |ahead: Option<(u64, u64)>| {
            ahead.map_or(String::new(), |(node, number)| format!(".{node:x}.{number}"))
        };
        let position = match position {
            Forged::Text(text) => text.clone(),
            Forged::Near { epoch, offset, ahead } => {
                let ahead = ahead.map(|(node, number)| (node.into(), number.into()));
                format!("{epoch:x}.{offset}{}", ahead_of(ahead))
            }
            Forged::Numbers { offset, ahead } => {
                format!("{:x}.{offset}{}", self.broker.epoch, ahead_of(*ahead))
            }
        };
        self.missed(index, &position);
    }

    /// What is on its way to those who are connected arrives.
    fn drain(&mut self) {
        loop {
            let mut is_done = true;
            for index in 0..SERVERS {
                self.read(index);
                while !self.servers[index].incoming.is_empty() {
                    is_done = false;
                    self.hear(index);
                }
                is_done &= self.servers[index].answer.is_none();
                self.catch_up(index);
                is_done &= !self.servers[index].is_astray;
            }
            if is_done {
                return;
            }
        }
    }

    /// All are connected, and what was published arrives.
    fn settle(&mut self) {
        (0..SERVERS).for_each(|index| self.connect(index));
        self.drain();
        for index in 0..SERVERS {
            while !self.servers[index].outgoing.is_empty() {
                self.say(index);
                self.drain();
            }
        }
    }

    /// Nobody waits for anything: what a client does not have, it was told of.
    fn end(&mut self) {
        self.settle();
        for number in 0..CLIENTS {
            self.join(number, number % SERVERS);
            if self.clients[number].at.is_none() {
                // Who has waited in vain is told that nobody knows.
                self.clients[number].position = None;
                self.join(number, number % SERVERS);
            }
            let client = &self.clients[number];
            assert!(client.at.is_some(), "client {number} cannot join");
            for id in &self.published {
                let is_there = client.received.contains(id) || client.baseline.contains(id);
                assert!(is_there, "client {number} misses {id:?}, and does not know");
            }
        }
        for server in &self.servers {
            assert!(server.topic.position().is_some());
        }
    }
}

impl Client {
    fn receive(&mut self, id: Id, position: Option<String>) {
        assert!(!self.baseline.contains(&id), "{id:?} is in the state already");
        assert!(self.received.insert(id), "{id:?} comes twice");
        let last = &mut self.last[id.0 as usize - 1];
        assert!(*last < id.1, "{id:?} comes after number {last}");
        *last = id.1;
        self.position = position;
    }
}

impl Broker {
    /// A log of another epoch, without messages.
    fn begin_anew(&mut self) {
        self.epoch += 1;
        self.past.append(&mut self.log);
    }

    /// What is kept after an offset of an epoch: all where that epoch is over, nothing where there is none.
    fn read(&self, after: Option<(u64, u64)>, keep: usize) -> Log {
        let top = self.log.len();
        let after = match after {
            None => top,
            Some((epoch, offset)) if epoch == self.epoch => {
                usize::try_from(offset).unwrap_or(usize::MAX).min(top)
            }
            Some(_) => 0,
        };
        Log {
            epoch: self.epoch,
            top: top as u64,
            newest: self.log[after.max(top.saturating_sub(keep))..].to_vec(),
        }
    }
}

/// Epoch and offset of a position.
fn place(position: &str) -> Option<(u64, u64)> {
    let mut parts = position.split('.');
    let epoch = u64::from_str_radix(parts.next()?, 16).ok()?;
    Some((epoch, parts.next()?.parse().ok()?))
}
