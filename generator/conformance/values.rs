//! Single values as JSON Schema sees them.

use super::type_names::meant_type;
use regex_lite::{Regex, RegexBuilder};

use crate::document::Node;

/// Whether a schema says that null is allowed beside what it says otherwise.
pub(crate) fn is_nullable(schema: Node<'_>) -> bool {
    ["nullable", "x-nullable"]
        .iter()
        .any(|keyword| schema.get(keyword).and_then(Node::as_bool) == Some(true))
}

/// Whether a value is of a type, by the name that is meant; `None` for a type that does not exist.
pub(super) fn is_of(value: Node<'_>, name: &str) -> Option<bool> {
    Some(match meant_type(name)? {
        "null" => value.is_null(),
        "boolean" => value.as_bool().is_some(),
        "number" => value.as_f64().is_some(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "string" => value.as_str().is_some(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => return None,
    })
}

/// A type in words.
pub(super) fn describe(name: &str) -> &str {
    match name {
        "boolean" => "a boolean",
        "number" => "a number",
        "integer" => "an integer",
        "string" => "a string",
        "array" => "an array",
        "object" => "an object",
        other => other,
    }
}

/// The first item that an earlier one is equal to; of long lists only the beginning is looked at.
pub(super) fn repeated(list: Node<'_>) -> Option<Node<'_>> {
    const LOOKED_AT: usize = 200;
    let items: Vec<Node<'_>> = list.items().take(LOOKED_AT).collect();
    let mut indices = 1..items.len();
    let found =
        indices.find(|&index| items[..index].iter().any(|&one| one.equals(items[index])))?;
    Some(items[found])
}

/// A pattern, unless it is of a dialect that cannot be matched in linear time or is larger than anyone writes.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    const MAX_PATTERN: usize = 1_000;
    const MAX_PROGRAM: usize = 100_000;
    if pattern.len() > MAX_PATTERN {
        return None;
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_PROGRAM)
        .build()
        .ok()
}

/// A short value as it is written, or what it is.
pub(super) fn excerpt(value: Node<'_>) -> String {
    const LONGEST: usize = 40;
    let text = value.to_json().to_string();
    if text.len() <= LONGEST {
        format!("`{text}`")
    } else {
        value.describe().to_owned()
    }
}
