//! How one of several messages, or of the alternatives of a union, is told from the others.

use std::borrow::Cow;

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
    pub values: Vec<(TagValue, VariantId)>,
    /// Why it is taken for the tag.
    pub evidence: Evidence,
}

/// A value of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TagValue {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
    /// Any other value without parts, as JSON writes it: `true`, `null`, `1.5`.
    Other(String),
}

impl TagValue {
    /// The value as generated code sees it: without the quotes of a string.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) | Self::Other(text) => Cow::Borrowed(text),
            Self::Integer(number) => Cow::Owned(number.to_string()),
        }
    }

    /// The value as JSON writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::String(text) => serde_json::Value::from(text.as_str()).to_string(),
            other => other.text().into_owned(),
        }
    }
}

impl From<&str> for TagValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<i64> for TagValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for TagValue {
    fn from(value: bool) -> Self {
        Self::Other(value.to_string())
    }
}

impl From<Literal> for TagValue {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::String(text) => Self::String(text),
            Literal::Integer(number) => Self::Integer(number),
        }
    }
}

/// Why a property is taken for a tag, the most certain first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The user says so.
    Settings,
    /// The schemas say so: by constants or a discriminator.
    Schema,
    /// The examples of the messages have different values there.
    Examples,
    /// What is written beside the property: its description, its default or an extension.
    Words,
    /// The property is called like a tag, and the messages have names.
    Names,
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
    /// The payload is an object with one of these keys, none of which has to be there.
    AnyKey(Vec<String>),
    /// The payload has one of these values at this path, as a tag has it.
    Value(Vec<String>, Vec<TagValue>),
    /// The payload is a list with such an item at this position.
    Item(usize, ItemShape),
}

/// What an item of a list is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemShape {
    /// It is of one of these JSON types.
    Kinds(Vec<JsonKind>),
    /// It is one of these values.
    Values(Vec<TagValue>),
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
