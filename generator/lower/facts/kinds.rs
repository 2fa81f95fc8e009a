//! Types of JSON by the names that schemas have for them, and the parts of schemas.

use crate::conformance::meant_type;
use crate::document::{Kind, Node};
use crate::model::JsonKind;

/// The names in a `type`, as they are meant.
pub(super) fn names_of_types(value: Node<'_>) -> Vec<&str> {
    match value.as_str() {
        Some(name) => vec![meant(name)],
        None => value.items().filter_map(Node::as_str).map(meant).collect(),
    }
}

fn meant(name: &str) -> &str {
    meant_type(name).unwrap_or(name)
}

/// The type of JSON of a value that is not null, by the name that `type` has for it.
pub(super) fn kind_named(name: &str) -> Option<JsonKind> {
    Some(match name {
        "integer" | "number" => JsonKind::Number,
        "object" => JsonKind::Object,
        "array" => JsonKind::Array,
        "string" => JsonKind::String,
        "boolean" => JsonKind::Boolean,
        _ => return None,
    })
}

/// The members of a list of schemas such as `allOf`.
pub(super) fn members<'a>(
    schema: Node<'a>,
    keyword: &str,
) -> impl DoubleEndedIterator<Item = Node<'a>> + use<'a> {
    let members: Vec<Node<'a>> = schema
        .get(keyword)
        .map(|list| list.items().collect())
        .unwrap_or_default();
    members.into_iter()
}

/// The type of JSON of a value.
pub(super) fn kind_of(value: Node<'_>) -> JsonKind {
    match value.kind() {
        Kind::Null => JsonKind::Null,
        Kind::Bool(_) => JsonKind::Boolean,
        Kind::Number(_) => JsonKind::Number,
        Kind::String(_) => JsonKind::String,
        Kind::Array => JsonKind::Array,
        Kind::Object => JsonKind::Object,
    }
}
