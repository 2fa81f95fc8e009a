//! What holds of the alternatives of a value, and what several of them have in common.

use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::model::JsonKind;
use crate::resolve::Resolver;

use super::Facts;
use super::kinds::{kind_of, members};

impl<'a> Facts<'a> {
    /// What holds of an alternative: what it says, and what is said beside it and not noted there.
    pub(in super::super) fn with(
        &self,
        alternative: Node<'a>,
        resolver: &Resolver<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut all = self.clone();
        all.choices.drain(..1);
        all.discriminator = None;
        all.unexpressed.clear();
        all.add(alternative, resolver, diagnostics);
        all
    }

    /// What alternatives of one scalar type have in common, and the rules that only some have, unless one has none.
    pub(in super::super) fn common<'f>(
        kind: JsonKind,
        alternatives: impl Iterator<Item = &'f Self> + Clone,
    ) -> (Self, Vec<(&'a str, Node<'a>)>)
    where
        'a: 'f,
    {
        let has = |facts: &Self, (keyword, value): &(&str, Node<'a>)| {
            let mut rules = facts.rules.iter();
            rules.any(|(other, again)| other == keyword && again.equals(*value))
        };
        let integer = alternatives.clone().all(|facts| facts.integer);
        let is_open = alternatives.clone().any(|facts| {
            facts.rules.is_empty() && facts.values.is_none() && facts.integer == integer
        });
        let all = alternatives.clone().flat_map(|facts| &facts.rules).copied();
        let (rules, others): (Vec<_>, Vec<_>) =
            all.partition(|rule| alternatives.clone().all(|facts| has(facts, rule)));
        let common = Self {
            kinds: [kind].into(),
            integer,
            rules,
            ..Self::default()
        };
        (common, if is_open { Vec::new() } else { others })
    }

    /// The only type of JSON that the value can have, if it is one without parts.
    pub(in super::super) fn scalar_kind(&self) -> Option<JsonKind> {
        const SCALARS: &[JsonKind] = &[JsonKind::Boolean, JsonKind::Number, JsonKind::String];
        let kinds = match &self.values {
            Some(values) => values.iter().map(|value| kind_of(*value)).collect(),
            None if self.choices.is_empty() => self.json_kinds(),
            None => return None,
        };
        let only = kinds.iter().find(|_| kinds.len() == 1)?;
        SCALARS.contains(only).then_some(*only)
    }

    /// Whether the alternatives in a list become types, each with each of the choices so far.
    pub(super) fn is_choice(&self, alternatives: Node<'_>) -> bool {
        const MAX_COMBINED: usize = 64;
        let others: usize = self.choices.iter().map(Vec::len).product();
        let combined = others.saturating_mul(alternatives.items().len());
        shapes(alternatives) && (self.choices.is_empty() || combined <= MAX_COMBINED)
    }
}

/// Whether one of the alternatives in a list says something about the type.
fn shapes(alternatives: Node<'_>) -> bool {
    alternatives.items().any(shapes_type)
}

/// Whether an alternative says something about the type, not only which properties are required.
fn shapes_type(alternative: Node<'_>) -> bool {
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
