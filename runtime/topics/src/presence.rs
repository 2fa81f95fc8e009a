//! Who wants to be seen on a topic, here and on other servers.
//!
//! Each server knows its own members for sure, and holds a copy of the others' for topics on which it has members that
//! want to be seen. Copies are made by asking, kept by what the others tell, and made anew when something may have been
//! missed. There is no list at the broker that could outlive a server: who gives no sign of life is forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::broker::{NodeId, Present};
use crate::event::Member;

#[derive(Debug, Default)]
pub(crate) struct Presence {
    ours: BTreeMap<u64, Arc<Present>>,
    others: BTreeMap<(NodeId, u64), Arc<Present>>,
    /// Lists of other servers of which the last part has not come.
    arriving: BTreeMap<NodeId, Vec<Present>>,
    /// Servers that have not yet said who of theirs is there.
    awaited: BTreeSet<NodeId>,
}

/// Who came and who left.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub joined: Vec<Member>,
    pub left: Vec<Member>,
}

impl Presence {
    pub(crate) fn members(&self, us: NodeId) -> Vec<Member> {
        let ours = self.ours.values().map(|present| member(us, present));
        let others = self.others.iter();
        let others = others.map(|((node, _), present)| member(*node, present));
        ours.chain(others).collect()
    }

    /// Our own members.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Present> {
        self.ours.values().map(|present| &**present)
    }

    pub(crate) fn is_empty_here(&self) -> bool {
        self.ours.is_empty()
    }

    /// One of ours comes.
    pub(crate) fn join(&mut self, present: Arc<Present>) {
        self.ours.insert(present.connection, present);
    }

    /// One of ours leaves; who it was, if it wanted to be seen.
    pub(crate) fn leave(&mut self, connection: u64) -> Option<Arc<Present>> {
        self.ours.remove(&connection)
    }

    /// These servers have been asked who is there.
    pub(crate) fn ask(&mut self, peers: impl Iterator<Item = NodeId>) {
        self.awaited = peers.collect();
    }

    /// Whether everybody that was asked has answered.
    pub(crate) fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }

    /// A member of another server came.
    pub(crate) fn came(&mut self, node: NodeId, present: Present) -> Change {
        let present = Arc::new(present);
        let joined = vec![member(node, &present)];
        self.others.insert((node, present.connection), present);
        Change {
            joined,
            left: Vec::new(),
        }
    }

    /// A member of another server left.
    pub(crate) fn left(&mut self, node: NodeId, connection: u64) -> Change {
        let left = self.others.remove(&(node, connection));
        let left = left.iter().map(|present| member(node, present)).collect();
        Change {
            left,
            joined: Vec::new(),
        }
    }

    /// A part of the list of another server's members.
    pub(crate) fn here(
        &mut self,
        node: NodeId,
        first: bool,
        last: bool,
        members: Vec<Present>,
    ) -> Change {
        let mut all = self.arriving.remove(&node).unwrap_or_default();
        if first {
            all.clear();
        }
        all.extend(members);
        if last {
            return self.replace(node, all);
        }
        self.arriving.insert(node, all);
        Change::default()
    }

    fn replace(&mut self, node: NodeId, all: Vec<Present>) -> Change {
        // Who asked gets the list, and need not be told that those came who were there before.
        let is_first = self.awaited.remove(&node);
        let mut before: BTreeMap<_, _> = self.of(node).collect();
        let mut change = Change::default();
        for present in all {
            let present = Arc::new(present);
            if before.remove(&present.connection).is_none() && !is_first {
                change.joined.push(member(node, &present));
            }
            self.others.insert((node, present.connection), present);
        }
        for (connection, present) in before {
            self.others.remove(&(node, connection));
            change.left.push(member(node, &present));
        }
        change
    }

    /// Another server is gone.
    pub(crate) fn gone(&mut self, node: NodeId) -> Change {
        self.arriving.remove(&node);
        self.replace(node, Vec::new())
    }

    fn of(&self, node: NodeId) -> impl Iterator<Item = (u64, Arc<Present>)> {
        let range = self.others.range((node, 0)..=(node, u64::MAX));
        range.map(|((_, connection), present)| (*connection, present.clone()))
    }
}

fn member(node: NodeId, present: &Arc<Present>) -> Member {
    Member {
        node,
        present: present.clone(),
    }
}
