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
    /// `properties`, references not followed; several schemas where the parts of an `allOf` speak of one property.
    pub(super) properties: IndexMap<&'a str, Vec<Node<'a>>>,
    /// `required`.
    pub(super) required: HashSet<&'a str>,
    /// `additionalProperties`.
    pub(super) additional: Option<Node<'a>>,
    /// `patternProperties`.
    pub(super) patterns: Vec<(&'a str, Node<'a>)>,
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
    /// Each name in `required`, with the place of the keyword.
    pub(super) required_at: Vec<(&'a str, Node<'a>)>,
    /// Keywords that become neither a type nor a rule, with their values.
    pub(super) unexpressed: Vec<(&'a str, Node<'a>)>,
}

/// Gathers what `schema` says.
pub(super) fn gather<'a>(
    schema: Node<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Facts<'a> {
    gather_all(&[schema], resolver, diagnostics)
}

/// Gathers what several schemas say of one value.
pub(super) fn gather_all<'a>(
    schemas: &[Node<'a>],
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Facts<'a> {
    let mut facts = Facts::default();
    for schema in schemas {
        facts.add(*schema, resolver, diagnostics);
    }
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

    /// Whether nothing is said of anything inside the value.
    pub(super) fn is_flat(&self) -> bool {
        self.properties.is_empty()
            && self.alternatives.is_empty()
            && self.positions.is_empty()
            && self.items.is_none()
            && self.additional.is_none()
            && self.patterns.is_empty()
    }

    /// Whether all that is said of the value is said by the alternatives.
    pub(super) fn says_only_alternatives(&self) -> bool {
        self.properties.is_empty()
            && self.required.is_empty()
            && self.items.is_none()
            && self.additional.is_none()
            && self.patterns.is_empty()
    }

    /// Whether `enum` or `const` has null among its values.
    pub(super) fn lists_null(&self) -> bool {
        self.values.iter().flatten().any(|value| is_null(*value))
    }

    /// The types of JSON that the value can have, as far as the keywords tell.
    pub(super) fn json_kinds(&self) -> IndexSet<JsonKind> {
        if !self.kinds.is_empty() {
            return self.kinds.clone();
        }
        let implied = if !self.properties.is_empty()
            || !self.required.is_empty()
            || self.additional.is_some()
            || !self.patterns.is_empty()
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
            if self.is_unexpressed(schema, keyword, value) {
                self.unexpressed.push((keyword, value));
            }
            match keyword {
                "type" => self.add_type(value),
                "nullable" | "x-nullable" => self.nullable |= value.as_bool() == Some(true),
                "properties" => {
                    for (name, property) in value.entries() {
                        let known = self.properties.entry(name).or_default();
                        if known.iter().all(|known| known.id() != property.id()) {
                            known.push(property);
                        }
                    }
                }
                "required" => {
                    for name in value.items().filter_map(Node::as_str) {
                        self.required.insert(name);
                        self.required_at.push((name, value));
                    }
                }
                "additionalProperties" | "unevaluatedProperties" => match value.as_bool() {
                    Some(open) => self.closed |= !open,
                    None => self.additional = self.additional.or(Some(value)),
                },
                "patternProperties" => self.patterns.extend(value.entries()),
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

    /// Whether neither the type nor a rule will say what a keyword of `schema` says, as far as can be told so early.
    fn is_unexpressed(&self, schema: Node<'a>, keyword: &str, value: Node<'a>) -> bool {
        const NEVER: &[&str] = &[
            "contains",
            "dependencies",
            "dependentRequired",
            "dependentSchemas",
            "if",
            "not",
            "unevaluatedItems",
        ];
        let again = |known: Option<Node<'a>>| known.is_some_and(|known| known.id() != value.id());
        let typed = |value: Node<'a>| is_null(value) || literal(value).is_some();
        match keyword {
            "oneOf" | "anyOf" => !self.alternatives.is_empty() || !value.items().any(shapes_type),
            "const" => !typed(value),
            "enum" => !value.items().all(typed),
            "items" if value.as_bool() == Some(false) => schema.get("prefixItems").is_none(),
            "items" if !value.is_array() => again(self.items),
            "additionalProperties" | "unevaluatedProperties" if value.as_bool().is_none() => {
                again(self.additional)
            }
            _ => NEVER.contains(&keyword),
        }
    }

    /// A second `type`, in another part of an `allOf`, narrows the first.
    fn add_type(&mut self, value: Node<'a>) {
        let names: Vec<&str> = match value.as_str() {
            Some(name) => vec![name],
            None => value.items().filter_map(Node::as_str).collect(),
        };
        let nullable = names.contains(&"null");
        let integer = names.contains(&"integer") && !names.contains(&"number");
        let kinds: IndexSet<JsonKind> = names.iter().filter_map(|name| kind_named(name)).collect();
        if self.kinds.is_empty() {
            self.kinds = kinds;
            self.nullable |= nullable;
            self.integer = integer;
            return;
        }
        self.nullable &= nullable;
        self.integer |= integer;
        // Where nothing is left the schema allows no value, which is no type either.
        if kinds.iter().any(|kind| self.kinds.contains(kind)) {
            self.kinds.retain(|kind| kinds.contains(kind));
        }
    }
}

/// The type of JSON of a value that is not null, by the name that `type` has for it.
fn kind_named(name: &str) -> Option<JsonKind> {
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

/// Whether an alternative says something about the type, not only which properties are required.
pub(super) fn shapes_type(alternative: Node<'_>) -> bool {
    const SHAPING: &[&str] = &[
        "$ref",
        "type",
        "properties",
        "allOf",
        "oneOf",
        "anyOf",
        "enum",
        "const",
        "items",
        "additionalProperties",
    ];
    SHAPING
        .iter()
        .any(|keyword| alternative.get(keyword).is_some())
        || members(alternative, "allOf").next().is_some()
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
