//! What one member of a topic has got of each publisher, and whether it was told of what it has not.

use std::collections::{BTreeMap, BTreeSet};

/// A published message says `m ROUND SERVER PUBLISHER NUMBER PADDING`, the end of a publisher
/// `e ROUND SERVER PUBLISHER COUNT`.
#[derive(Default)]
pub struct Ledger {
    /// Of which server it is a member.
    server: u64,
    /// What it was there for from the beginning: this round and those after it, if any.
    since: Option<u64>,
    /// By publisher: the number that comes next.
    next: BTreeMap<Publisher, u64>,
    /// Publishers that have said their last.
    ended: BTreeSet<Publisher>,
    is_told: bool,
    /// Messages of other servers that never came.
    lost: u64,
    got: u64,
}

/// Round, server and number of a publisher.
pub type Publisher = (u64, u64, u64);

impl Ledger {
    pub fn new(server: usize) -> Self {
        Self {
            server: server as u64,
            ..Self::default()
        }
    }

    /// Of a member that is there before the first round begins.
    pub fn from_the_first(server: usize) -> Self {
        Self {
            since: Some(0),
            ..Self::new(server)
        }
    }

    /// Enters what has come; what is wrong with it.
    pub fn enter(&mut self, text: &str) -> Result<(), String> {
        if text == "something of a was missed" {
            self.is_told = true;
            return Ok(());
        }
        let mut words = text.split(' ');
        let kind = words.next();
        let mut number = || words.next()?.parse::<u64>().ok();
        let (Some("m" | "e"), Some(round), Some(server), Some(publisher), Some(number)) =
            (kind, number(), number(), number(), number())
        else {
            return Ok(());
        };
        // The last word of a publisher is said again and again.
        if self.since.is_some_and(|since| round < since) {
            return Ok(());
        }
        let publisher = (round, server, publisher);
        let next = self.next.get(&publisher).copied();
        if let Some(next) = next.or(self.since.map(|_| 0)) {
            self.gap(publisher, next, number)?;
        }
        if kind == Some("m") {
            self.got += 1;
            self.next.insert(publisher, number + 1);
        } else {
            self.ended.insert(publisher);
            self.next.insert(publisher, number);
        }
        Ok(())
    }

    /// `number` has come where `next` was to.
    fn gap(&mut self, publisher: Publisher, next: u64, number: u64) -> Result<(), String> {
        if number < next {
            return Err(format!(
                "{number} of publisher {publisher:?} came after {}: twice, or out of order",
                next - 1
            ));
        }
        if number > next && publisher.1 == self.server {
            return Err(format!(
                "{next} to {number} of publisher {publisher:?} were lost on the publisher's own server"
            ));
        }
        self.lost += number - next;
        Ok(())
    }

    /// How many publishers of a round have ended.
    pub fn ended(&self, round: u64) -> usize {
        let of_round = self.ended.iter().filter(|publisher| publisher.0 == round);
        of_round.count()
    }

    /// Begins a new account; how many messages came and how many were lost, of which the member must have been told.
    pub fn settle(&mut self) -> Result<(u64, u64), String> {
        let next = Self {
            server: self.server,
            since: self.since.map(|since| since + 1),
            ..Self::default()
        };
        let settled = std::mem::replace(self, next);
        if settled.lost > 0 && !settled.is_told {
            return Err(format!(
                "{} messages of other servers were lost, and the member was not told",
                settled.lost
            ));
        }
        Ok((settled.got, settled.lost))
    }
}

#[test]
fn what_comes_twice_or_is_lost_untold_is_a_fault() {
    let entered = |mut ledger: Ledger, texts: &[&str]| {
        texts.iter().try_for_each(|text| ledger.enter(text))?;
        ledger.settle()
    };
    let of = || Ledger::new(0);
    assert_eq!(
        entered(of(), &["m 0 1 0 7 x", "m 0 1 0 8 ", "e 0 1 0 9 "]),
        Ok((2, 0))
    );
    assert!(
        entered(of(), &["m 0 1 0 7 ", "m 0 1 0 7 "]).is_err(),
        "twice"
    );
    assert!(
        entered(of(), &["m 0 1 0 7 ", "m 0 1 0 6 "]).is_err(),
        "order"
    );
    assert!(
        entered(of(), &["m 0 1 0 7 ", "m 0 1 0 9 "]).is_err(),
        "untold"
    );
    assert!(
        entered(of(), &["m 0 1 0 7 ", "e 0 1 0 9 "]).is_err(),
        "the last"
    );
    let missed = "something of a was missed";
    assert_eq!(
        entered(of(), &["m 0 1 0 7 ", missed, "m 0 1 0 9 "]),
        Ok((2, 1))
    );
    let own = entered(of(), &["m 0 0 0 7 ", missed, "m 0 0 0 9 "]);
    assert!(own.is_err(), "of its own server nothing is missed");
    let first = entered(Ledger::from_the_first(0), &["m 0 1 0 1 "]);
    assert!(first.is_err(), "the first");
}
