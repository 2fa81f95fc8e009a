//! Who talks to the servers: each a task, that ends well or says what was wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::ledger::{Ledger, Publisher};
use crate::support::PATIENCE;
use crate::support::chance::Chance;
use crate::support::raw::{CLOSE, FIN, TEXT, frame};
use crate::support::wire::{End, Wire};

/// What a round is at.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Phase {
    Traffic,
    /// Publishers say how many messages there were, again and again; the others end.
    Ending,
    Over,
}

pub type Phases = watch::Receiver<Phase>;

/// What was seen, counted by what it was.
#[derive(Debug, Default)]
pub struct Tally(pub BTreeMap<String, u64>);

impl Tally {
    pub fn add(&mut self, what: impl Into<String>, count: u64) {
        *self.0.entry(what.into()).or_default() += count;
    }

    pub fn merge(&mut self, other: Self) {
        for (what, count) in other.0 {
            self.add(what, count);
        }
    }

    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }
}

pub type Outcome = Result<Tally, String>;

fn say(text: &str) -> String {
    format!(r#"{{"type":"say","text":"{text}"}}"#)
}

fn join(topic: &str) -> String {
    format!(r#"{{"type":"join","topic":"{topic}"}}"#)
}

fn enter(name: &str) -> String {
    format!(r#"{{"type":"enter","topic":"p","info":"{name}"}}"#)
}

/// Mostly few bytes, and sometimes nearly as many as a message may have.
fn padding(chance: &mut Chance) -> String {
    let length = match chance.below(40) {
        0 => chance.below(60_000),
        1..=8 => chance.below(2000),
        _ => chance.below(60),
    };
    "x".repeat(length as usize)
}

/// Publishes on a topic; each message is answered.
pub async fn publisher(
    address: SocketAddr,
    (topic, is_heavy): (&'static str, bool),
    id: Publisher,
    phases: Phases,
    mut chance: Chance,
) -> Outcome {
    let work = async {
        let mut wire = Wire::open(address, chance.once_in(2)).await?;
        let publish = |kind: &str, number: u64, padding: &str| {
            let (round, server, publisher) = id;
            format!(
                r#"{{"type":"publish","topic":"{topic}","text":"{kind} {round} {server} {publisher} {number} {padding}"}}"#
            )
        };
        let mut number = 0;
        while *phases.borrow() == Phase::Traffic {
            let burst = if !is_heavy && chance.once_in(200) {
                300
            } else {
                1
            };
            let messages: Vec<String> = (0..burst)
                .map(|index| {
                    let padding = match is_heavy {
                        true => "x".repeat(30_000),
                        false => padding(&mut chance),
                    };
                    publish("m", number + index, &padding)
                })
                .collect();
            number += burst;
            for some in messages.chunks(50) {
                wire.send_all(some).await?;
                for _ in some {
                    published(&wire.text().await?)?;
                }
            }
            tokio::time::sleep(Duration::from_millis(10 + chance.below(10))).await;
        }
        while *phases.borrow() < Phase::Over {
            wire.send(&publish("e", number, "")).await?;
            published(&wire.text().await?)?;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        normal(wire.close().await)?;
        let mut tally = Tally::default();
        tally.add("published", number);
        Ok(tally)
    };
    work.await
        .map_err(|end: End| format!("publisher {id:?}: {end}"))
}

fn published(text: &str) -> Result<(), End> {
    match text.starts_with("published to ") {
        true => Ok(()),
        false => Err(End::Wrong(format!("answered with {text}"))),
    }
}

fn normal(end: End) -> Result<(), End> {
    expected(end, 1000)
}

fn expected(end: End, code: u16) -> Result<(), End> {
    match end {
        End::Closed(found) if found == code => Ok(()),
        end => Err(End::Wrong(format!("{end}, not closed with {code}"))),
    }
}

/// Sends requests, several at once, and checks each reply.
pub async fn requester(address: SocketAddr, phases: Phases, mut chance: Chance) -> Outcome {
    let mut tally = Tally::default();
    let work = async {
        let mut wire = Wire::open(address, chance.once_in(2)).await?;
        while *phases.borrow() == Phase::Traffic {
            let texts: Vec<String> = (0..=chance.below(16))
                .map(|_| format!("{} {}", chance.below(1_000_000), padding(&mut chance)))
                .collect();
            let requests: Vec<String> = texts.iter().map(|text| say(text)).collect();
            wire.send_all(&requests).await?;
            for text in &texts {
                let reply = wire.text().await?;
                if reply != *text {
                    return Err(End::Wrong(format!(
                        "asked {text:.40}, answered {reply:.40}"
                    )));
                }
            }
            tally.add("replies", texts.len() as u64);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        normal(wire.close().await)
    };
    work.await.map_err(|end| format!("requester: {end}"))?;
    Ok(tally)
}

/// Connections that come, do something, and go in all kinds of ways.
pub async fn churner(address: SocketAddr, phases: Phases, mut chance: Chance) -> Outcome {
    let mut tally = Tally::default();
    while *phases.borrow() == Phase::Traffic {
        visit(address, &mut chance, &mut tally)
            .await
            .map_err(|end| format!("visitor: {end}"))?;
        tokio::time::sleep(Duration::from_millis(chance.below(60))).await;
    }
    Ok(tally)
}

async fn visit(address: SocketAddr, chance: &mut Chance, tally: &mut Tally) -> Result<(), End> {
    tally.add("visits", 1);
    let mut wire = Wire::open(address, chance.once_in(2)).await?;
    if chance.once_in(2) {
        wire.send_all(&[join("a"), enter("visitor")]).await?;
    }
    for number in 0..chance.below(4) {
        let text = format!("echo {number} {}", padding(chance));
        wire.send(&say(&text)).await?;
        // Topics speak in between.
        while wire.text().await? != text {}
    }
    let until = Instant::now() + Duration::from_millis(chance.below(300));
    while wire.next(until).await?.is_some() {}
    match chance.below(9) {
        0 | 1 => normal(wire.close().await),
        // What was not read makes it a reset.
        2 => Ok(()),
        3 => {
            wire.send(r#"{"type":"panic"}"#).await?;
            tally.add("panics", 1);
            expected(wire.end().await, 1011)
        }
        4 => {
            wire.send(r#"{"type":"fail"}"#).await?;
            tally.add("failures", 1);
            expected(wire.end().await, 1011)
        }
        5 => {
            wire.send(r#"{"type":"close"}"#).await?;
            expected(wire.end().await, 4000)
        }
        // Half a message.
        6 => wire.write(&frame(FIN | TEXT, &[b'x'; 500])[..100]).await,
        // A Close frame that says more than one may.
        7 => {
            wire.write(&frame(FIN | CLOSE, &[3])).await?;
            tally.add("violations", 1);
            expected(wire.end().await, 1002)
        }
        _ => {
            let leave = |topic| format!(r#"{{"type":"leave","topic":"{topic}"}}"#);
            wire.send_all(&[leave("a"), leave("p")]).await?;
            normal(wire.close().await)
        }
    }
}

/// A member of topic `s` that for seconds reads slowly, or nothing, and comes back when the server has had enough of it.
pub async fn slow_reader(
    address: SocketAddr,
    server: usize,
    phases: Phases,
    reads: bool,
    mut chance: Chance,
) -> Outcome {
    let mut tally = Tally::default();
    while *phases.borrow() == Phase::Traffic {
        let mut ledger = Ledger::new(server);
        let slow = async {
            let mut wire = Wire::narrow(address).await?;
            wire.send(&join("s")).await?;
            while *phases.borrow() == Phase::Traffic {
                let until = Duration::from_millis(3000 + chance.below(3000));
                let until = Instant::now() + until;
                while Instant::now() < until && *phases.borrow() == Phase::Traffic {
                    if reads {
                        wire.sip(4096).await?;
                        wire.pong().await?;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                // All that was queued, and then why it is over.
                let until = Instant::now() + Duration::from_secs(2);
                while let Some(text) = wire.next(until).await? {
                    ledger.enter(&text).map_err(End::Wrong)?;
                }
            }
            Ok(())
        };
        match slow.await {
            Ok(()) => {}
            // By which it is told.
            Err(end @ (End::Closed(_) | End::Gone)) => tally.add(format!("slow reader {end}"), 1),
            Err(end) => return Err(format!("slow reader: {end}")),
        }
    }
    Ok(tally)
}

/// Whom a member follows.
#[derive(Clone, Copy)]
pub struct Followed {
    pub round: u64,
    pub publishers: usize,
}

/// A member of topics `a` and `p`, that comes back whenever its connection ends, until each publisher of the round has ended.
pub async fn member(
    address: SocketAddr,
    server: usize,
    offers: bool,
    name: String,
    followed: Followed,
) -> Outcome {
    let mut tally = Tally::default();
    // A round takes a quarter of it.
    let until = Instant::now() + 3 * PATIENCE;
    while Instant::now() < until {
        let end = async {
            let ledger = Ledger::new(server);
            let mut member = Member::join(address, ledger, offers, &name).await?;
            member.follow(followed, &mut tally).await?;
            normal(member.wire.close().await)
        };
        match end.await {
            Ok(()) => return Ok(tally),
            // By which it is told.
            Err(end @ (End::Closed(_) | End::Gone)) => tally.add(format!("member {end}"), 1),
            Err(end) => return Err(format!("{name}: {end}")),
        }
    }
    Err(format!(
        "{name}: connections end again and again: {:?}",
        tally.0
    ))
}

/// The same, which stays for the whole soak, and whose connection never ends; it says how each round was.
pub async fn resident(
    address: SocketAddr,
    server: usize,
    publishers: usize,
    rounds: tokio::sync::mpsc::UnboundedSender<Outcome>,
) {
    let name = format!("resident-{server}");
    let work = async {
        let ledger = Ledger::from_the_first(server);
        let mut member = Member::join(address, ledger, server == 0, &name).await?;
        for round in 0.. {
            let mut tally = Tally::default();
            member
                .follow(Followed { round, publishers }, &mut tally)
                .await?;
            if rounds.send(Ok(tally)).is_err() {
                break;
            }
        }
        Ok(())
    };
    let end: Result<(), End> = work.await;
    if let Err(end) = end {
        let _ = rounds.send(Err(format!("{name}: {end}")));
    }
}

struct Member {
    wire: Wire,
    ledger: Ledger,
    asked: u64,
    answered: u64,
}

impl Member {
    async fn join(
        address: SocketAddr,
        ledger: Ledger,
        offers: bool,
        name: &str,
    ) -> Result<Self, End> {
        let mut wire = Wire::open(address, offers).await?;
        wire.send_all(&[join("a"), enter(name)]).await?;
        Ok(Self {
            wire,
            ledger,
            asked: 0,
            answered: 0,
        })
    }

    /// Until each publisher of a round has ended, and a second more, in which it is told of what is missing.
    async fn follow(&mut self, followed: Followed, tally: &mut Tally) -> Result<(), End> {
        let mut ask = Instant::now();
        let mut done: Option<Instant> = None;
        let begin = Instant::now();
        loop {
            let now = Instant::now();
            if done.is_none() && self.ledger.ended(followed.round) == followed.publishers {
                done = Some(now + Duration::from_secs(1));
            }
            if let Some(done) = done
                && now >= done
            {
                if self.answered == self.asked {
                    break;
                }
                if now > done + PATIENCE {
                    let what = format!("{} asked, {} answered", self.asked, self.answered);
                    return Err(End::Wrong(what));
                }
            }
            if done.is_none() && begin.elapsed() > 3 * PATIENCE {
                let ended = self.ledger.ended(followed.round);
                let what = format!(
                    "the last word of {ended} publishers came, of {}",
                    followed.publishers
                );
                return Err(End::Wrong(what));
            }
            if now >= ask && done.is_none() && self.asked < self.answered + 100 {
                self.wire
                    .send(&say(&format!("echo {}", self.asked)))
                    .await?;
                self.asked += 1;
                ask = now + Duration::from_millis(100);
            }
            let until = now + Duration::from_millis(100);
            if let Some(text) = self.wire.next(until).await? {
                self.hear(&text)?;
            }
        }
        let (got, lost) = self.ledger.settle().map_err(End::Wrong)?;
        tally.add("delivered", got);
        tally.add("lost and told", lost);
        Ok(())
    }

    fn hear(&mut self, text: &str) -> Result<(), End> {
        match text.strip_prefix("echo ") {
            Some(number) if number == self.answered.to_string() => {
                self.answered += 1;
                Ok(())
            }
            Some(number) => Err(End::Wrong(format!(
                "reply {number} came where {} was due",
                self.answered
            ))),
            None => self.ledger.enter(text).map_err(End::Wrong),
        }
    }
}
