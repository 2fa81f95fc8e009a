//! How one message of a route is told from the others.

use serde_json::Value;
use wsgen::model::{
    Content, Evidence, ItemShape, JsonKind, MessageSet, Shape, TagValue, VariantId,
};

/// What it is known by.
pub(super) enum TellsApart {
    /// It comes in binary frames.
    Binary,
    /// The value of a property is one of these.
    Property {
        property: String,
        values: Vec<Value>,
        /// Why it is taken for the tag.
        evidence: Evidence,
    },
    /// Any text frame is it.
    Text,
    /// The payload is of one of these types of JSON.
    Kinds(Vec<&'static str>),
    /// The payload has all of these properties.
    Keys(Vec<String>),
    /// The payload has one of these properties, none of which is required.
    AnyKey(Vec<String>),
    /// It is a list with such an item at this position.
    Item(usize, Vec<String>),
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
            let evidence = tag.evidence;
            return TellsApart::Property {
                property,
                values,
                evidence,
            };
        }
    }
    let shape = dispatch.shapes.iter().find(|(_, target)| *target == index);
    match shape.map(|(shape, _)| shape) {
        Some(Shape::Any) if set.variants[index].content == Content::Text => TellsApart::Text,
        Some(Shape::Kinds(kinds)) => TellsApart::Kinds(kinds.iter().map(kind_name).collect()),
        Some(Shape::Keys(keys)) => TellsApart::Keys(keys.clone()),
        Some(Shape::AnyKey(keys)) => TellsApart::AnyKey(keys.clone()),
        Some(Shape::Value(path, values)) => TellsApart::Property {
            property: path.join("."),
            values: values.iter().map(value).collect(),
            evidence: Evidence::Schema,
        },
        Some(Shape::Item(position, shape)) => TellsApart::Item(*position, item(shape)),
        Some(Shape::Any) | None => TellsApart::Alone,
    }
}

fn value(value: &TagValue) -> Value {
    serde_json::from_str(&value.to_json()).unwrap_or_else(|_| value.text().into())
}

/// What an item is, in words.
fn item(shape: &ItemShape) -> Vec<String> {
    match shape {
        ItemShape::Kinds(kinds) => kinds
            .iter()
            .map(|kind| kind_name(kind).to_owned())
            .collect(),
        ItemShape::Values(values) => values.iter().map(TagValue::to_json).collect(),
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
