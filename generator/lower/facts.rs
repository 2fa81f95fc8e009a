//! What a schema says about a value, gathered from the schema itself, its references and its `allOf`.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::Diagnostics;
use crate::document::{Kind, Node};
use crate::model::{JsonKind, Literal};
use crate::resolve::Resolver;

use super::checks::RULES;

/// Everything that holds for a value at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts<'a> {
    /// `type`, as a list; empty where no keyword says so.
    pub(super) kinds: IndexSet<JsonKind>,
    /// Whether `type` says integer rather than number.
    pub(super) integer: bool,
    /// Whether null is allowed beside what the rest says.
    pub(super) nullable: bool,
    /// `properties`, references not followed.
    pub(super) properties: IndexMap<&'a str, Node<'a>>,
    /// `required`.
    pub(super) required: HashSet<&'a str>,
    /// `additionalProperties`, or the first of `patternProperties`.
    pub(super) additional: Option<Node<'a>>,
    /// Whether `additionalProperties` is false.
    pub(super) closed: bool,
    /// `items`, or `items`/`prefixItems` as a list.
    pub(super) items: Option<Node<'a>>,
    /// `items` of older drafts or `prefixItems`: one schema for each position.
    pub(super) positions: Vec<Node<'a>>,
    /// Whether an array has exactly as many items as there are positions.
    pub(super) exact: bool,
    /// `const`, or the values of `enum`.
    pub(super) values: Option<Vec<Node<'a>>>,
    /// `oneOf` or `anyOf`.
    pub(super) alternatives: Vec<Node<'a>>,
    /// `discriminator`: the property, and the mapping from values to schemas.
    pub(super) discriminator: Option<(&'a str, Option<Node<'a>>)>,
    /// `format`.
    pub(super) format: Option<&'a str>,
    /// `minimum`.
    pub(super) minimum: Option<f64>,
    /// Keywords that ask for more than a type, with their values.
    pub(super) rules: Vec<(&'a str, Node<'a>)>,
}

/// Gathers what `schema` says.
pub(super) fn gather<'a>(
    schema: Node<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Facts<'a> {
    let mut facts = Facts::default();
    facts.add(schema, resolver, diagnostics);
    facts
}

impl<'a> Facts<'a> {
    /// Adds what another schema says of the same value.
    pub(super) fn add(
        &mut self,
        schema: Node<'a>,
        resolver: &Resolver<'a>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut visited = HashSet::new();
        let mut pending = vec![schema];
        while let Some(node) = pending.pop() {
            if !visited.insert(node.id()) {
                continue;
            }
            self.add_keywords(node);
            // The first of `allOf` is looked at first, so that its properties come first.
            pending.extend(members(node, "allOf").rev());
            if node.get("$ref").is_some()
                && let Some(target) = resolver.follow_schema(node, diagnostics)
            {
                pending.push(target);
            }
        }
    }

    /// The literals of `enum` or `const`, where all of them are strings or integers (null aside).
    pub(super) fn literals(&self) -> Option<Vec<Literal>> {
        let values = self.values.as_ref()?;
        let literals: Option<Vec<_>> = values
            .iter()
            .filter(|value| !is_null(**value))
            .map(|value| literal(*value))
            .collect();
        literals.filter(|literals| !literals.is_empty())
    }

    /// The types of JSON that the value can have, as far as the keywords tell.
    pub(super) fn json_kinds(&self) -> IndexSet<JsonKind> {
        if !self.kinds.is_empty() {
            return self.kinds.clone();
        }
        let implied = if !self.properties.is_empty()
            || !self.required.is_empty()
            || self.additional.is_some()
            || self.closed
        {
            Some(JsonKind::Object)
        } else if self.items.is_some() || !self.positions.is_empty() {
            Some(JsonKind::Array)
        } else {
            None
        };
        match (implied, &self.values) {
            (Some(kind), _) => IndexSet::from([kind]),
            (None, Some(values)) => values.iter().map(|value| kind_of(*value)).collect(),
            (None, None) => IndexSet::new(),
        }
    }

    fn add_keywords(&mut self, schema: Node<'a>) {
        for (keyword, value) in schema.entries() {
            if RULES.contains(&keyword) {
                self.rules.push((keyword, value));
            }
            match keyword {
                "type" => self.add_type(value),
                "nullable" | "x-nullable" => self.nullable |= value.as_bool() == Some(true),
                "properties" => {
                    for (name, property) in value.entries() {
                        self.properties.entry(name).or_insert(property);
                    }
                }
                "required" => self.required.extend(value.items().filter_map(Node::as_str)),
                "additionalProperties" | "unevaluatedProperties" => match value.as_bool() {
                    Some(open) => self.closed |= !open,
                    None => self.additional = self.additional.or(Some(value)),
                },
                "patternProperties" => {
                    self.additional = self
                        .additional
                        .or_else(|| value.entries().next().map(|(_, schema)| schema));
                }
                "items" if value.is_array() => self.positions = value.items().collect(),
                "items" if value.as_bool() == Some(false) => self.exact = true,
                "items" => self.items = self.items.or(Some(value)),
                "prefixItems" => self.positions = value.items().collect(),
                "additionalItems" => self.exact |= value.as_bool() == Some(false),
                "const" => self.values = Some(vec![value]),
                "enum" if self.values.is_none() => self.values = Some(value.items().collect()),
                "oneOf" | "anyOf" => self.alternatives.extend(value.items()),
                "discriminator" => {
                    self.discriminator = self.discriminator.or_else(|| discriminator(value))
                }
                "format" => self.format = self.format.or(value.as_str()),
                "minimum" => self.minimum = self.minimum.or(value.as_f64()),
                _ => {}
            }
        }
        let bound = |keyword| schema.get(keyword).and_then(Node::as_u64);
        if !self.positions.is_empty()
            && bound("minItems") == bound("maxItems")
            && bound("minItems") == u64::try_from(self.positions.len()).ok()
        {
            self.exact = true;
        }
    }

    fn add_type(&mut self, value: Node<'a>) {
        let names: Vec<&str> = match value.as_str() {
            Some(name) => vec![name],
            None => value.items().filter_map(Node::as_str).collect(),
        };
        for name in names {
            match name {
                "null" => self.nullable = true,
                "integer" => {
                    self.integer = true;
                    self.kinds.insert(JsonKind::Number);
                }
                "number" => {
                    self.integer = false;
                    self.kinds.insert(JsonKind::Number);
                }
                "object" => {
                    self.kinds.insert(JsonKind::Object);
                }
                "array" => {
                    self.kinds.insert(JsonKind::Array);
                }
                "string" => {
                    self.kinds.insert(JsonKind::String);
                }
                "boolean" => {
                    self.kinds.insert(JsonKind::Boolean);
                }
                _ => {}
            }
        }
    }
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

/// Whether a schema allows null and nothing else.
pub(super) fn is_null_schema(schema: Node<'_>) -> bool {
    let names_null = |node: Node<'_>| node.as_str() == Some("null");
    schema.get("type").is_some_and(|kind| {
        names_null(kind) || (kind.items().count() == 1 && kind.items().all(names_null))
    }) || schema.get("const").is_some_and(is_null)
}

fn discriminator<'a>(value: Node<'a>) -> Option<(&'a str, Option<Node<'a>>)> {
    match value.as_str() {
        Some(property) => Some((property, None)),
        None => value
            .get("propertyName")
            .and_then(Node::as_str)
            .map(|property| (property, value.get("mapping"))),
    }
}

fn literal(value: Node<'_>) -> Option<Literal> {
    value
        .as_str()
        .map(|text| Literal::String(text.to_owned()))
        .or_else(|| value.as_i64().map(Literal::Integer))
}

fn is_null(value: Node<'_>) -> bool {
    matches!(value.kind(), Kind::Null)
}

fn kind_of(value: Node<'_>) -> JsonKind {
    match value.kind() {
        Kind::Null => JsonKind::Null,
        Kind::Bool(_) => JsonKind::Boolean,
        Kind::Number(_) => JsonKind::Number,
        Kind::String(_) => JsonKind::String,
        Kind::Array => JsonKind::Array,
        Kind::Object => JsonKind::Object,
    }
}
