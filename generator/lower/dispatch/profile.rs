//! What can be seen of an alternative from outside.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::model::{JsonKind, Literal};
use crate::resolve::Resolver;

use super::super::facts::{Facts, gather_all};

/// What can be seen of an alternative from outside.
#[derive(Debug, Default)]
pub(in super::super) struct Profile {
    /// Types of JSON that it can have; empty where anything goes.
    pub(super) kinds: IndexSet<JsonKind>,
    /// Properties with a fixed value, or one of a few, by the path that leads to them.
    pub(super) constants: IndexMap<Vec<String>, Vec<Literal>>,
    /// Properties that may hold any string.
    pub(super) texts: IndexSet<String>,
    /// Properties that must be there.
    pub(super) required: IndexSet<String>,
    /// All properties that are declared.
    pub(super) properties: HashSet<String>,
}

/// More alternatives than these are not compared with each other key by key: nobody means that many to be told apart so.
pub(super) const MAX_COMPARED: usize = 32;

/// Looks at an alternative from outside; where it has alternatives itself, at what these have in common.
pub(in super::super) fn profile<'a>(
    facts: &Facts<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Profile {
    match &facts.choices[..] {
        [alternatives, ..] if (1..=MAX_COMPARED).contains(&alternatives.len()) => {
            let inner = alternatives.iter().map(|&alternative| {
                let all = facts.with(alternative, resolver, diagnostics);
                single_profile(&all, resolver, diagnostics)
            });
            let mut common = inner.reduce(Profile::common).unwrap_or_default();
            common.add_null(facts);
            common
        }
        _ => single_profile(facts, resolver, diagnostics),
    }
}

impl Profile {
    /// What can be seen of two alternatives that lead to one type.
    fn common(mut self, other: Self) -> Self {
        match self.kinds.is_empty() || other.kinds.is_empty() {
            true => self.kinds.clear(),
            false => self.kinds.extend(other.kinds),
        }
        self.constants.retain(|path, literals| {
            let again = other.constants.get(path);
            for literal in again.into_iter().flatten() {
                if !literals.contains(literal) {
                    literals.push(literal.clone());
                }
            }
            again.is_some()
        });
        self.texts.retain(|name| other.texts.contains(name));
        self.required.retain(|name| other.required.contains(name));
        self.properties.extend(other.properties);
        self
    }

    fn add_null(&mut self, facts: &Facts<'_>) {
        if facts.nullable() && !self.kinds.is_empty() {
            self.kinds.insert(JsonKind::Null);
        }
    }
}

fn single_profile<'a>(
    facts: &Facts<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Profile {
    let mut profile = Profile {
        kinds: facts.json_kinds(),
        properties: facts
            .properties
            .keys()
            .map(|&name| name.to_owned())
            .collect(),
        // In the order of the document: a set of required keys has none of its own.
        required: facts
            .properties
            .keys()
            .filter(|name| facts.required.contains(**name))
            .map(|&name| name.to_owned())
            .collect(),
        ..Profile::default()
    };
    let mut undeclared: Vec<&str> = facts
        .required
        .iter()
        .copied()
        .filter(|name| !facts.properties.contains_key(name))
        .collect();
    undeclared.sort_unstable();
    profile
        .required
        .extend(undeclared.into_iter().map(str::to_owned));
    profile.add_null(facts);
    for (name, schemas) in &facts.properties {
        let property = gather_all(schemas, resolver, diagnostics);
        let by_pattern = || schemas.iter().find_map(|schema| pattern_literal(*schema));
        if let Some(literals) = fixed(&property).or_else(by_pattern) {
            profile.constants.insert(vec![(*name).to_owned()], literals);
        } else if property.kinds.len() == 1 && property.kinds.contains(&JsonKind::String) {
            profile.texts.insert((*name).to_owned());
        }
        for (inner, schemas) in &property.properties {
            // Looked at only where it says so itself: this is done for every property of every message.
            let says = |schema: &Node<'_>| schema.get("const").or(schema.get("enum")).is_some();
            if property.required.contains(inner)
                && schemas.iter().any(says)
                && let Some(literals) = fixed(&gather_all(schemas, resolver, diagnostics))
            {
                let path = vec![(*name).to_owned(), (*inner).to_owned()];
                profile.constants.insert(path, literals);
            }
        }
    }
    profile
}

/// The only values of a property; one that can be null names nothing then.
fn fixed(property: &Facts<'_>) -> Option<Vec<Literal>> {
    property.literals().filter(|_| !property.nullable())
}

/// `^x$` is a constant in disguise.
fn pattern_literal(schema: Node<'_>) -> Option<Vec<Literal>> {
    let pattern = schema.get("pattern")?.as_str()?;
    let text = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | ' '));
    plain.then(|| vec![Literal::String(text.to_owned())])
}
