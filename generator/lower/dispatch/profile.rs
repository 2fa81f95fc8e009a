//! What can be seen of an alternative from outside.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::Diagnostics;
use crate::document::{Kind, Node};
use crate::model::{JsonKind, TagValue};
use crate::resolve::Resolver;

use super::super::facts::{Facts, gather_all};
use super::tag_names::is_tag_name;

/// What can be seen of an alternative from outside.
#[derive(Debug, Default)]
pub(in super::super) struct Profile {
    /// Types of JSON that it can have; empty where anything goes.
    pub(super) kinds: IndexSet<JsonKind>,
    /// Properties with a fixed value, or one of a few, by the path that leads to them.
    pub(super) constants: IndexMap<Vec<String>, Vec<TagValue>>,
    /// Properties that may hold any string, and what is written beside them.
    pub(super) texts: IndexMap<Vec<String>, Hints>,
    /// Properties that must be there.
    pub(super) required: IndexSet<String>,
    /// All properties that are declared.
    pub(super) properties: HashSet<String>,
    /// The same in the order of the document; empty where it has alternatives itself.
    pub(super) declared: Vec<String>,
    /// What can be seen of the items, where it can be a list.
    pub(super) items: Items,
}

/// What is written beside a property that may hold any string.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// The values that it is said to have.
    pub(super) said: Vec<String>,
}

/// What can be seen of the items of a list.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Those that have positions of their own.
    pub(super) positions: Vec<Item>,
    /// All others.
    pub(super) others: Item,
}

/// What can be seen of an item.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Types of JSON that it can have; empty where anything goes.
    pub(super) kinds: IndexSet<JsonKind>,
    /// Its only values, where it has a few.
    pub(super) values: Option<Vec<TagValue>>,
}

impl Items {
    /// The item at a position.
    pub(super) fn at(&self, position: usize) -> &Item {
        self.positions.get(position).unwrap_or(&self.others)
    }
}

/// More alternatives than these are not compared with each other key by key: nobody means that many to be told apart so.
pub(super) const MAX_COMPARED: usize = 32;

/// Positions of a list after these are not looked at.
const MAX_POSITIONS: usize = 16;

/// What is longer than this is no name of a message.
const LONGEST_WORD: usize = 64;

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
        self.texts.retain(|name, _| other.texts.contains_key(name));
        self.items = Items::default();
        self.declared.clear();
        self.required.retain(|name| other.required.contains(name));
        self.properties.extend(other.properties);
        self
    }

    /// Whether a property is not declared, and may be there.
    pub(super) fn is_open(&self, path: &[String]) -> bool {
        match path {
            [property] => !self.properties.contains(property),
            _ => false,
        }
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
        declared: facts
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
    profile.items = items(facts, resolver, diagnostics);
    for (name, schemas) in &facts.properties {
        let property = gather_all(schemas, resolver, diagnostics);
        let by_pattern = || schemas.iter().find_map(|schema| pattern_literal(*schema));
        if let Some(literals) = fixed(&property).or_else(by_pattern) {
            profile.constants.insert(vec![(*name).to_owned()], literals);
        } else if property.kinds.len() == 1 && property.kinds.contains(&JsonKind::String) {
            profile
                .texts
                .insert(vec![(*name).to_owned()], hints(schemas));
        }
        for (inner, schemas) in &property.properties {
            let path = || vec![(*name).to_owned(), (*inner).to_owned()];
            if is_tag_name(inner)
                && schemas
                    .iter()
                    .any(|schema| schema.get("type").and_then(Node::as_str) == Some("string"))
            {
                profile.texts.insert(path(), hints(schemas));
            }
            // Looked at only where it says so itself: this is done for every property of every message.
            let says = |schema: &Node<'_>| schema.get("const").or(schema.get("enum")).is_some();
            if property.required.contains(inner)
                && schemas.iter().any(says)
                && let Some(literals) = fixed(&gather_all(schemas, resolver, diagnostics))
            {
                profile.texts.shift_remove(&path());
                profile.constants.insert(path(), literals);
            }
        }
    }
    profile
}

/// The only values of a property; one that can be null names nothing then.
fn fixed(property: &Facts<'_>) -> Option<Vec<TagValue>> {
    let values = property.values.as_ref()?;
    let is_null = |value: &Node<'_>| matches!(value.kind(), Kind::Null);
    let only_null = !values.is_empty() && values.iter().all(is_null);
    if property.nullable() && !only_null {
        return None;
    }
    let values = values.iter().filter(|value| only_null || !is_null(value));
    values.map(|value| TagValue::of(*value)).collect()
}

/// What can be seen of the items of a list.
fn items<'a>(facts: &Facts<'a>, resolver: &Resolver<'a>, diagnostics: &mut Diagnostics) -> Items {
    let item = |schemas: &[Node<'a>], diagnostics: &mut Diagnostics| {
        let facts = gather_all(schemas, resolver, diagnostics);
        let mut kinds = facts.json_kinds();
        if facts.nullable() && !kinds.is_empty() {
            kinds.insert(JsonKind::Null);
        }
        Item {
            kinds,
            values: fixed(&facts),
        }
    };
    let positions = facts.positions.iter().take(MAX_POSITIONS);
    Items {
        positions: positions
            .map(|schema| item(&[*schema], diagnostics))
            .collect(),
        others: match &facts.items[..] {
            [] => Item::default(),
            all => item(all, diagnostics),
        },
    }
}

/// What is written beside a property of strings: its default, an extension, an example, and what its description quotes.
fn hints(schemas: &[Node<'_>]) -> Hints {
    let mut said = Vec::new();
    for schema in schemas {
        let words = schema.entries().filter(|(keyword, _)| {
            matches!(*keyword, "default" | "example") || keyword.starts_with("x-")
        });
        said.extend(words.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
        if let Some([only]) = schema
            .get("examples")
            .map(|list| list.items().collect::<Vec<_>>())
            .as_deref()
        {
            said.extend(only.as_str().map(str::to_owned));
        }
        for keyword in ["description", "title"] {
            let quoted = schema.get(keyword).and_then(Node::as_str).map(quoted);
            if let Some([only]) = quoted.as_deref() {
                said.push(only.clone());
            }
        }
    }
    said.retain(|word| !word.is_empty() && word.len() <= LONGEST_WORD && !word.contains(' '));
    said.dedup();
    Hints { said }
}

/// The words in quotes of a text, each once.
fn quoted(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '`', '\'', '“']) {
        let quote = rest[start..].chars().next().unwrap_or('"');
        let end = if quote == '“' { '”' } else { quote };
        // An apostrophe inside a word opens nothing.
        let inside = rest[..start]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        rest = &rest[start + quote.len_utf8()..];
        if inside && quote == '\'' {
            continue;
        }
        let Some((word, after)) = rest.split_once(end) else {
            continue;
        };
        if !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
        rest = after;
    }
    found
}

/// `^x$` is a constant in disguise.
fn pattern_literal(schema: Node<'_>) -> Option<Vec<TagValue>> {
    let pattern = schema.get("pattern")?.as_str()?;
    let text = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | ' '));
    plain.then(|| vec![TagValue::String(text.to_owned())])
}
