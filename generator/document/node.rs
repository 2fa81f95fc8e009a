//! The values of a file, each with its place in the text.

use std::ops::Range;

use serde_json::Number;

use super::file::SourceFile;
use super::tree::{Element, Member, Value};
use crate::place::{FileId, Location};

/// A value of a document, borrowed from the file that it is in.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    file: &'a SourceFile,
    index: u32,
    /// The member of an object by which the value was reached.
    member: Option<&'a Member>,
}

/// Tells the values of a run apart: two mentions of one anchored or referred-to value are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    file: FileId,
    index: u32,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind<'a> {
    /// `null`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(&'a Number),
    /// A string.
    String(&'a str),
    /// A list: see [`Node::items`].
    Array,
    /// A mapping: see [`Node::entries`] and [`Node::get`].
    Object,
}

impl<'a> Node<'a> {
    /// Which value of the run this is.
    pub fn id(self) -> NodeId {
        NodeId {
            file: self.file.id(),
            index: self.index,
        }
    }

    /// The file that the value is in.
    pub fn file(self) -> &'a SourceFile {
        self.file
    }

    /// The place of the value.
    pub fn location(self) -> Location {
        self.at(&self.element().span)
    }

    /// The place of the key where the value is a member of an object, else of the value.
    pub fn key_location(self) -> Location {
        self.member
            .map_or_else(|| self.location(), |member| self.at(&member.span))
    }

    /// The key of a member of an object.
    pub fn key(self) -> Option<&'a str> {
        self.member.map(|member| &*member.key)
    }

    /// What the value is.
    pub fn kind(self) -> Kind<'a> {
        match &self.element().value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(value) => Kind::Number(value),
            Value::String(value) => Kind::String(value),
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }

    /// What the value is, in words that fit into "expected …, found …".
    pub fn describe(self) -> &'static str {
        match self.kind() {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }

    /// The member of an object with this key.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        match &self.element().value {
            Value::Object(object) => object.find(key).map(|member| self.member(member)),
            _ => None,
        }
    }

    /// The item of an array with this index.
    pub fn item(self, index: usize) -> Option<Node<'a>> {
        match &self.element().value {
            Value::Array(items) => items.get(index).map(|&index| self.child(index)),
            _ => None,
        }
    }

    /// The members of an object in the order of the text, merged ones last; nothing for other values.
    pub fn entries(self) -> impl ExactSizeIterator<Item = (&'a str, Node<'a>)> {
        let members = match &self.element().value {
            Value::Object(object) => object.members(),
            _ => &[],
        };
        members
            .iter()
            .map(move |member| (&*member.key, self.member(member)))
    }

    /// The items of an array; nothing for other values.
    pub fn items(self) -> impl ExactSizeIterator<Item = Node<'a>> {
        let items = match &self.element().value {
            Value::Array(items) => &**items,
            _ => &[],
        };
        items.iter().map(move |&index| self.child(index))
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'a str> {
        match self.kind() {
            Kind::String(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a number, if it is a whole one in range.
    pub fn as_u64(self) -> Option<u64> {
        self.as_number().and_then(Number::as_u64)
    }

    /// The value of a number, if it is a whole one in range.
    pub fn as_i64(self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The value of a number, rounded where it has more digits than a double.
    pub fn as_f64(self) -> Option<f64> {
        self.as_number().and_then(Number::as_f64)
    }

    /// The text of `$ref` of an object that is a reference.
    pub fn reference(self) -> Option<&'a str> {
        self.get("$ref").and_then(Node::as_str)
    }

    /// The place of the text of `$ref` of a reference, else of the value.
    pub fn reference_location(self) -> Location {
        self.get("$ref").unwrap_or(self).location()
    }

    /// Whether two values are the same, wherever they are written; the order of members counts for nothing.
    pub fn equals(self, other: Node<'_>) -> bool {
        match (self.kind(), other.kind()) {
            (Kind::Array, Kind::Array) => {
                self.items().len() == other.items().len()
                    && self
                        .items()
                        .zip(other.items())
                        .all(|(one, another)| one.equals(another))
            }
            (Kind::Object, Kind::Object) => {
                let same = |(key, value): (&str, Node<'_>)| {
                    other.get(key).is_some_and(|another| value.equals(another))
                };
                self.entries().len() == other.entries().len() && self.entries().all(same)
            }
            // `1` and `1.0` are the same number.
            (Kind::Number(one), Kind::Number(another)) => {
                one == another
                    || ((one.is_f64() || another.is_f64()) && one.as_f64() == another.as_f64())
            }
            (one, another) => one == another,
        }
    }

    /// Whether the value is null.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether the value is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether the value is an array.
    pub fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// A copy of the value, references and all.
    pub fn to_json(self) -> serde_json::Value {
        match self.kind() {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(value) => value.into(),
            Kind::Number(value) => value.clone().into(),
            Kind::String(value) => value.into(),
            Kind::Array => self.items().map(Node::to_json).collect(),
            Kind::Object => self
                .entries()
                .map(|(key, value)| (key, value.to_json()))
                .collect(),
        }
    }

    /// The JSON pointer (RFC 6901) of the value in its file; of an aliased one, where the text is.
    pub fn pointer(self) -> String {
        self.file.pointer_at(&self.location().span)
    }

    fn element(self) -> &'a Element {
        &self.file.tree().elements[self.index as usize]
    }

    fn as_number(self) -> Option<&'a Number> {
        match self.kind() {
            Kind::Number(value) => Some(value),
            _ => None,
        }
    }

    fn member(self, member: &'a Member) -> Node<'a> {
        Node {
            file: self.file,
            index: member.value,
            member: Some(member),
        }
    }

    fn child(self, index: u32) -> Node<'a> {
        Node {
            file: self.file,
            index,
            member: None,
        }
    }

    fn at(self, span: &Range<u32>) -> Location {
        Location {
            file: self.file.id(),
            span: span.start as usize..span.end as usize,
        }
    }
}

impl SourceFile {
    /// Its value, unless it could not be read.
    pub fn root(&self) -> Option<Node<'_>> {
        Some(Node {
            file: self,
            index: self.tree().root?,
            member: None,
        })
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.file.name(), self.pointer())
    }
}
