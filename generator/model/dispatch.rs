//! How one of several messages, or of the alternatives of a union, is told from the others.

use crate::table::ids;

ids! {
    /// Which message of a set, or which alternative of a union.
    VariantId;
}

/// How a message is told apart from the others of its set, in the order in which it is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dispatch {
    /// The variant for binary frames.
    pub binary: Option<VariantId>,
    /// The property whose value names the message.
    pub tag: Option<Tag>,
    /// What is left without a tag.
    pub shapes: Vec<(Shape, VariantId)>,
    /// Variants that nothing tells apart: their frames arrive undecoded.
    pub ambiguous: Vec<VariantId>,
}

/// A property whose value names the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The property at the top level of the payload, or that property and the one inside it.
    pub path: Vec<String>,
    /// Its values and the variant that each stands for.
    pub values: Vec<(Literal, VariantId)>,
}

/// A property of the payload's outer shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing else is left: any payload.
    Any,
    /// The payload is of one of these JSON types.
    Kinds(Vec<JsonKind>),
    /// The payload is an object with all of these keys.
    Keys(Vec<String>),
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JsonKind {
    /// `{}`
    Object,
    /// `[]`
    Array,
    /// `""`
    String,
    /// `0`
    Number,
    /// `true`
    Boolean,
    /// `null`
    Null,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
}
