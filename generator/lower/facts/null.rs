//! Whether null is a value.

use crate::conformance::is_nullable;
use crate::document::{Kind, Node};

use super::kinds::names_of_types;

/// What is said of null.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Null {
    /// Something allows it by name.
    pub(super) granted: bool,
    /// Something allows other values only.
    pub(super) refused: bool,
}

impl Null {
    /// What the keywords of a schema say, `nullable` aside.
    pub(super) fn said_by(schema: Node<'_>) -> Self {
        let kinds = schema.get("type").map(names_of_types);
        let constant = schema.get("const");
        let values = schema.get("enum");
        let alternatives = schema.get("oneOf").or_else(|| schema.get("anyOf"));
        let said = [
            kinds.map(|names| names.contains(&"null")),
            constant.map(is_null),
            values.map(|values| values.items().any(is_null)),
        ];
        let refuses = |schema| Self::said_by(schema).refused && !is_nullable(schema);
        let among: Vec<Node<'_>> = alternatives.into_iter().flat_map(Node::items).collect();
        Self {
            granted: said.contains(&Some(true))
                || among.iter().any(|&schema| is_null_schema(schema)),
            refused: said.contains(&Some(false))
                || (!among.is_empty() && among.into_iter().all(refuses)),
        }
    }
}

/// Whether a schema allows null and nothing else.
pub(super) fn is_null_schema(schema: Node<'_>) -> bool {
    let names_null = |node: Node<'_>| node.as_str() == Some("null");
    schema.get("type").is_some_and(|kind| {
        names_null(kind) || (kind.items().count() == 1 && kind.items().all(names_null))
    }) || schema.get("const").is_some_and(is_null)
}

pub(super) fn is_null(value: Node<'_>) -> bool {
    matches!(value.kind(), Kind::Null)
}
