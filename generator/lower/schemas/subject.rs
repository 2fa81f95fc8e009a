//! What is lowered: the schemas of one value, under the name that its type would have.

use crate::diagnostic::{Diagnostics, Location};
use crate::document::{Node, NodeId};
use crate::resolve::Resolver;

/// The schemas of one value.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    /// The first of them, without the bare references that lead to it.
    pub(super) node: Node<'a>,
    /// What to call its type.
    pub(super) name: String,
    /// All of them.
    schemas: Vec<Node<'a>>,
    /// What tells it from others; empty where it is only a part of one.
    key: Vec<NodeId>,
}

impl<'a> Subject<'a> {
    /// What `schemas` lead to, called `name` unless a reference names it; `None` where they lead nowhere.
    pub(super) fn of(
        schemas: &[Node<'a>],
        name: &str,
        resolver: &Resolver<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let named = match schemas {
            [only] if is_bare(*only) => resolver.reference_name(*only),
            _ => None,
        };
        let schemas: Vec<Node<'a>> = schemas
            .iter()
            .filter_map(|schema| match is_bare(*schema) {
                true => resolver.follow_schema(*schema, diagnostics),
                false => Some(*schema),
            })
            .collect();
        Some(Self {
            node: *schemas.first()?,
            name: named.unwrap_or(name).to_owned(),
            key: schemas.iter().map(|schema| schema.id()).collect(),
            schemas,
        })
    }

    /// One part of a value: nothing else leads to it.
    pub(super) fn part(node: Node<'a>, name: String) -> Self {
        Self {
            node,
            name,
            schemas: vec![node],
            key: Vec::new(),
        }
    }

    /// What tells it from others.
    pub(super) fn key(&self) -> &[NodeId] {
        &self.key
    }

    pub(super) fn place(&self) -> Location {
        self.node.key_location()
    }

    /// What the first of the schemas that says something in words says.
    pub(super) fn docs(&self) -> Vec<String> {
        let mut words = self.schemas.iter().map(|schema| docs(*schema));
        words.find(|docs| !docs.is_empty()).unwrap_or_default()
    }
}

/// `title`, then `description`.
pub(in super::super) fn docs(node: Node<'_>) -> Vec<String> {
    ["title", "description"]
        .iter()
        .filter_map(|keyword| node.get(keyword)?.as_str())
        .map(str::to_owned)
        .collect()
}

/// The schema that another one is made of: the only part of an `allOf` beside which nothing is said (a type and null aside).
pub(super) fn only_part(schema: Node<'_>) -> Option<Node<'_>> {
    let mut telling = schema
        .entries()
        .filter(|(keyword, _)| *keyword != "type" && !is_annotation(keyword));
    match (telling.next(), telling.next()) {
        (Some(("allOf", parts)), None) if parts.items().len() == 1 => parts.item(0),
        _ => None,
    }
}

/// Whether nothing is said beside a reference that makes another type of it.
fn is_bare(reference: Node<'_>) -> bool {
    let mut keywords = reference.entries().map(|(keyword, _)| keyword);
    keywords.all(|keyword| keyword == "$ref" || is_annotation(keyword))
}

/// Whether a keyword says nothing of a value, or nothing that changes its type but for null.
fn is_annotation(keyword: &str) -> bool {
    const ANNOTATIONS: &[&str] = &[
        "$comment",
        "$id",
        "$schema",
        "default",
        "deprecated",
        "description",
        "example",
        "examples",
        "externalDocs",
        "nullable",
        "readOnly",
        "summary",
        "title",
        "writeOnly",
    ];
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}
