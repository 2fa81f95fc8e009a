//! How one message of a route is told from the others.

use serde_json::Value;
use wsgen::model::{Content, JsonKind, Literal, MessageSet, Shape, VariantId};

/// What it is known by.
pub(super) enum TellsApart {
    /// It comes in binary frames.
    Binary,
    /// The value of a property is one of these.
    Property {
        property: String,
        values: Vec<Value>,
    },
    /// Any text frame is it.
    Text,
    /// The payload is of one of these types of JSON.
    Kinds(Vec<&'static str>),
    /// The payload has all of these properties.
    Keys(Vec<String>),
    /// There is no other, or nothing else is left.
    Alone,
    /// Nothing: it arrives undecoded.
    Nothing,
}

/// What a message of a set is known by.
pub(super) fn tells_apart(set: &MessageSet, index: VariantId) -> TellsApart {
    let dispatch = &set.dispatch;
    if dispatch.binary == Some(index) {
        return TellsApart::Binary;
    }
    if dispatch.ambiguous.contains(&index) {
        return TellsApart::Nothing;
    }
    if let Some(tag) = &dispatch.tag {
        let own = tag.values.iter().filter(|(_, target)| *target == index);
        let values: Vec<Value> = own.map(|(literal, _)| value(literal)).collect();
        if !values.is_empty() {
            let property = tag.path.join(".");
            return TellsApart::Property { property, values };
        }
    }
    let shape = dispatch.shapes.iter().find(|(_, target)| *target == index);
    match shape.map(|(shape, _)| shape) {
        Some(Shape::Any) if set.variants[index].content == Content::Text => TellsApart::Text,
        Some(Shape::Kinds(kinds)) => TellsApart::Kinds(kinds.iter().map(kind_name).collect()),
        Some(Shape::Keys(keys)) => TellsApart::Keys(keys.clone()),
        Some(Shape::Any) | None => TellsApart::Alone,
    }
}

fn value(literal: &Literal) -> Value {
    match literal {
        Literal::String(text) => text.as_str().into(),
        Literal::Integer(number) => (*number).into(),
    }
}

fn kind_name(kind: &JsonKind) -> &'static str {
    match kind {
        JsonKind::Object => "object",
        JsonKind::Array => "array",
        JsonKind::String => "string",
        JsonKind::Number => "number",
        JsonKind::Boolean => "boolean",
        JsonKind::Null => "null",
    }
}
