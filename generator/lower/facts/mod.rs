//! What a schema says about a value, gathered from the schema itself, its references and its `allOf`.

mod alternatives;
mod kinds;
mod null;

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};

use crate::conformance::{Validator, is_nullable};
use crate::diagnostic::Diagnostics;
use crate::document::{Node, NodeId};
use crate::model::{JsonKind, Literal};
use crate::resolve::Resolver;

use kinds::{kind_named, kind_of, members, names_of_types};
use null::{Null, is_null, is_null_schema};

/// Everything that holds for a value at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts<'a> {
    /// The schemas that were added, references not followed.
    schemas: Vec<Node<'a>>,
    /// These, and all that they consist of.
    visited: HashSet<NodeId>,
    /// Whether there is a `type`.
    typed: bool,
    /// `type`, as a list without null; empty where no keyword says so.
    pub(super) kinds: IndexSet<JsonKind>,
    /// Whether `type` says integer rather than number.
    pub(super) integer: bool,
    /// What is said of null.
    null: Null,
    /// `properties`, references not followed; several schemas where the parts of an `allOf` speak of one property.
    pub(super) properties: IndexMap<&'a str, Vec<Node<'a>>>,
    /// `required`.
    pub(super) required: HashSet<&'a str>,
    /// `additionalProperties`, all of which hold.
    pub(super) additional: Vec<Node<'a>>,
    /// `patternProperties`.
    pub(super) patterns: Vec<(&'a str, Node<'a>)>,
    /// Whether `additionalProperties` is false.
    pub(super) closed: bool,
    /// `items`, all of which hold.
    pub(super) items: Vec<Node<'a>>,
    /// `items` of older drafts or `prefixItems`: one schema for each position.
    pub(super) positions: Vec<Node<'a>>,
    /// Whether an array has exactly as many items as there are positions.
    pub(super) exact: bool,
    /// `const`, or the values of `enum`, as far as the rest allows them.
    pub(super) values: Option<Vec<Node<'a>>>,
    /// `oneOf` and `anyOf`, without null: one of each holds.
    pub(super) choices: Vec<Vec<Node<'a>>>,
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

/// Keywords that become rules.
pub(super) const RULES: &[&str] = &[
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "propertyNames",
    "uniqueItems",
];

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
        self.schemas.push(schema);
        let mut pending = vec![(schema, false)];
        while let Some((node, exempt)) = pending.pop() {
            if !self.visited.insert(node.id()) {
                continue;
            }
            let exempt = self.add_null(node, exempt);
            self.add_keywords(node);
            // The first of `allOf` is looked at first, so that its properties come first.
            let parts = members(node, "allOf").rev();
            pending.extend(parts.map(|part| (part, exempt)));
            if node.get("$ref").is_some()
                && let Some(target) = resolver.follow_schema(node, diagnostics)
            {
                pending.push((target, exempt));
            }
        }
        self.narrow_values(resolver, diagnostics);
    }

    /// Whether null is allowed.
    pub(super) fn nullable(&self) -> bool {
        self.null.granted && !self.null.refused
    }

    /// Leaves of the listed values those that everything else allows, which may be none.
    fn narrow_values(&mut self, resolver: &Resolver<'a>, diagnostics: &mut Diagnostics) {
        let Some(mut values) = self.values.take() else {
            return;
        };
        values.retain(|value| self.allows_kind(*value));
        if !self.rules.is_empty() || !self.choices.is_empty() {
            let mut validator = Validator::new(resolver);
            values.retain(|value| {
                let mut schemas = self.schemas.iter();
                schemas.all(|schema| validator.check(*schema, *value, diagnostics).is_ok())
            });
        }
        self.values = Some(values);
    }

    /// Whether `type` allows a value.
    fn allows_kind(&self, value: Node<'_>) -> bool {
        match kind_of(value) {
            JsonKind::Null => self.nullable(),
            JsonKind::Number
                if self.integer && value.as_f64().is_some_and(|n| n.fract() != 0.0) =>
            {
                false
            }
            kind => self.kinds.is_empty() || self.kinds.contains(&kind),
        }
    }

    /// The literals of `enum` or `const` that are allowed, where all of them are strings or integers (null aside).
    pub(super) fn literals(&self) -> Option<Vec<Literal>> {
        let values = self.values.as_ref()?;
        let literals: Option<Vec<_>> = values
            .iter()
            .filter(|value| !is_null(**value))
            .map(|value| literal(*value))
            .collect();
        // `null` alone is no enumeration; nothing at all is one without values.
        literals.filter(|literals| !literals.is_empty() || values.is_empty())
    }

    /// Whether no value is left.
    pub(super) fn allows_nothing(&self) -> bool {
        self.values.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether `other` says the same of the type of JSON, null aside.
    pub(super) fn is_of_type_of(&self, other: &Self) -> bool {
        self.json_kinds() == other.json_kinds() && self.integer == other.integer
    }

    /// Whether all that is said of the value, its type aside, is said by the alternatives.
    pub(super) fn says_only_alternatives(&self) -> bool {
        self.properties.is_empty()
            && self.required.is_empty()
            && self.items.is_empty()
            && self.additional.is_empty()
            && self.patterns.is_empty()
            && self.rules.is_empty()
            && self.values.is_none()
            && self.choices.len() < 2
    }

    /// Whether nothing but its type is said of the value.
    pub(super) fn says_only_type(&self) -> bool {
        self.says_only_alternatives()
            && self.choices.is_empty()
            && self.positions.is_empty()
            && self.unexpressed.is_empty()
            && !self.closed
    }

    /// Whether `other`, which holds of the same value, adds nothing to what is said here.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let kinds = self.json_kinds();
        let narrows = !other.kinds.is_empty()
            && (kinds.is_empty() || !kinds.is_subset(&other.kinds))
            || (other.integer && !self.integer)
            || (other.null.refused && self.nullable());
        other.says_only_type() && !narrows
    }

    /// The types of JSON that the value can have, as far as the keywords tell.
    pub(super) fn json_kinds(&self) -> IndexSet<JsonKind> {
        if let Some([_, ..]) = self.values.as_deref()
            && self.values.iter().flatten().all(|value| is_null(*value))
        {
            return IndexSet::from([JsonKind::Null]);
        }
        if !self.kinds.is_empty() {
            return self.kinds.clone();
        }
        if self.typed {
            return IndexSet::from([JsonKind::Null]);
        }
        let implied = if !self.properties.is_empty()
            || !self.required.is_empty()
            || !self.additional.is_empty()
            || !self.patterns.is_empty()
            || self.closed
        {
            Some(JsonKind::Object)
        } else if !self.items.is_empty() || !self.positions.is_empty() {
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
        if schema.as_bool() == Some(false) {
            self.allow_nothing();
        }
        for (keyword, value) in schema.entries() {
            if RULES.contains(&keyword) {
                self.rules.push((keyword, value));
            }
            if self.is_unexpressed(schema, keyword, value) {
                self.unexpressed.push((keyword, value));
            }
            match keyword {
                "type" if !is_belied(schema, value) => self.add_type(value),
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
                    None => self.additional.push(value),
                },
                "patternProperties" => self.patterns.extend(value.entries()),
                "items" if value.as_bool() == Some(false) => self.exact = true,
                "items" if !value.is_array() => self.items.push(value),
                "items" | "prefixItems" if self.positions.is_empty() => {
                    self.positions = value.items().collect();
                }
                "additionalItems" => self.exact |= value.as_bool() == Some(false),
                "const" => self.add_values(vec![value]),
                "enum" if value.items().len() > 0 => self.add_values(value.items().collect()),
                "oneOf" | "anyOf" if self.is_choice(value) => {
                    let present = value.items().filter(|schema| !is_null_schema(*schema));
                    self.choices.push(present.collect());
                }
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
        let typed = |value: Node<'a>| is_null(value) || literal(value).is_some();
        match keyword {
            "oneOf" | "anyOf" => !self.is_choice(value),
            "const" => !typed(value),
            "enum" => !value.items().all(typed),
            "items" if value.as_bool() == Some(false) => schema.get("prefixItems").is_none(),
            "items" if !value.is_array() => false,
            "items" | "prefixItems" => !self.positions.is_empty(),
            _ => NEVER.contains(&keyword),
        }
    }

    /// A second `type`, in another part of an `allOf`, narrows the first.
    fn add_type(&mut self, value: Node<'a>) {
        let names = names_of_types(value);
        let integer = names.contains(&"integer") && !names.contains(&"number");
        let kinds: IndexSet<JsonKind> = names.iter().filter_map(|name| kind_named(name)).collect();
        // A name that stands for no type says nothing.
        let unknown = |name: &&str| *name != "null" && kind_named(name).is_none();
        if names.iter().any(unknown) {
            return;
        }
        self.typed = true;
        self.integer |= integer;
        if self.kinds.is_empty() {
            self.kinds = kinds;
        } else if self.kinds.is_disjoint(&kinds) {
            self.allow_nothing();
        } else {
            self.kinds.retain(|kind| kinds.contains(kind));
        }
    }

    /// No value is left: an enumeration without values.
    fn allow_nothing(&mut self) {
        self.values = Some(Vec::new());
    }

    /// A second list of values, in another part of an `allOf`, narrows the first.
    fn add_values(&mut self, listed: Vec<Node<'a>>) {
        let Some(known) = &self.values else {
            self.values = Some(listed);
            return;
        };
        let again: HashSet<Option<Literal>> = listed.iter().map(|value| literal(*value)).collect();
        let both = known
            .iter()
            .filter(|value| again.contains(&literal(**value)));
        self.values = Some(both.copied().collect());
    }

    /// What a schema says of null; nothing of its own or of its parts is against it where it says `nullable`, or
    /// where one around it does, which is what `exempt` says.
    fn add_null(&mut self, schema: Node<'a>, exempt: bool) -> bool {
        let exempt = exempt || is_nullable(schema);
        let says = Null::said_by(schema);
        self.null.granted |= exempt || says.granted;
        self.null.refused |= says.refused && !exempt;
        exempt
    }
}

/// Whether a schema lists values of other types than its `type`, and no others: they say better what is meant, such as
/// numbers that have lost their quotes.
fn is_belied(schema: Node<'_>, kind: Node<'_>) -> bool {
    let constant = schema.get("const");
    let listed = schema.get("enum").into_iter().flat_map(Node::items);
    let mut values = constant.into_iter().chain(listed).peekable();
    let kinds: Vec<Option<JsonKind>> = names_of_types(kind).into_iter().map(kind_named).collect();
    values.peek().is_some() && values.all(|value| !kinds.contains(&Some(kind_of(value))))
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
