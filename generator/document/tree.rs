//! All values of a file, as they are kept.

use std::ops::Range;

use serde_json::Number;

/// All values of a file; they refer to each other by index, so that an aliased value is there once.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) elements: Vec<Element>,
    /// `None` for a file that could not be read.
    pub(super) root: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Element {
    pub(super) span: Range<u32>,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(Box<str>),
    Array(Box<[u32]>),
    Object(Object),
}

#[derive(Debug)]
pub(super) struct Object {
    members: Box<[Member]>,
    /// Indices into `members` sorted by key; empty for objects small enough to search one by one.
    by_key: Box<[u32]>,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: Box<str>,
    /// The place of the key.
    pub(super) span: Range<u32>,
    /// Index of the value.
    pub(super) value: u32,
}

impl Object {
    /// Objects with more members than this are searched by bisection.
    const SMALL: usize = 8;

    /// Takes members whose keys are all different.
    pub(super) fn new(members: Vec<Member>) -> Object {
        let mut by_key = Vec::new();
        if members.len() > Object::SMALL {
            by_key.extend(0..members.len() as u32);
            by_key.sort_unstable_by_key(|&index| &members[index as usize].key);
        }
        Object {
            members: members.into(),
            by_key: by_key.into(),
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<&Member> {
        if self.by_key.is_empty() {
            return self.members.iter().find(|member| &*member.key == key);
        }
        let found = self
            .by_key
            .binary_search_by_key(&key, |&index| &self.members[index as usize].key)
            .ok()?;
        Some(&self.members[self.by_key[found] as usize])
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }
}
