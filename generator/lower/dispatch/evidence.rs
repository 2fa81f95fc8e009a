//! What a document suggests about the property that names a message, where its schemas do not say it.

use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};

use crate::document::{Kind, Node};
use crate::model::{Evidence, Tag, TagValue, VariantId};

use super::candidate::{Candidate, Candidates};
use super::profile::Hints;
use super::spelling::{name_words, spellings, stem};
use super::tag_names::{fame, is_tag_name};

/// Kinds of evidence, the strongest first.
const KINDS: &[Evidence] = &[
    Evidence::Schema,
    Evidence::Examples,
    Evidence::Words,
    Evidence::Names,
];

/// More alternatives than these are not compared by what is suggested.
const MAX_GUESSED: usize = 512;

/// The tags that are suggested, the most likely first; `rest` is what nothing else tells apart.
pub(super) fn suggested(candidates: &Candidates<'_>, rest: &[VariantId]) -> Vec<Tag> {
    if candidates.len() > MAX_GUESSED {
        return Vec::new();
    }
    let mut paths: IndexSet<Vec<String>> = IndexSet::new();
    for id in rest {
        let candidate = &candidates[id];
        paths.extend(candidate.profile.texts.keys().cloned());
        paths.extend(candidate.profile.constants.keys().cloned());
        let examples = candidate
            .examples
            .iter()
            .flat_map(|example| example.entries());
        paths.extend(examples.map(|(key, _)| vec![key.to_owned()]));
    }
    let mut tags: Vec<Tag> = paths
        .iter()
        .filter_map(|path| suggested_on(candidates, path, rest))
        .collect();
    // Stable: the first of the document goes before those that are as likely.
    tags.sort_by_key(|tag| {
        let covered: HashSet<VariantId> = tag.values.iter().map(|(_, id)| *id).collect();
        let name = tag.path.last().map_or(0, |name| fame(name));
        (
            std::cmp::Reverse(covered.len()),
            tag.path.len(),
            std::cmp::Reverse(name),
        )
    });
    tags
}

/// What is suggested of one property: for each alternative the strongest evidence that no other alternative contradicts.
fn suggested_on(candidates: &Candidates<'_>, path: &[String], rest: &[VariantId]) -> Option<Tag> {
    let mut chosen: IndexMap<VariantId, (Evidence, Vec<TagValue>)> = IndexMap::new();
    for &kind in KINDS {
        let values: Vec<(VariantId, Vec<TagValue>)> = candidates
            .iter()
            .map(|(&id, candidate)| (id, values(candidate, path, kind)))
            .collect();
        let distinct = distinct(&values);
        for (id, values) in values {
            let own: Vec<TagValue> = values
                .into_iter()
                .filter(|value| distinct.get(&*value.text()) == Some(&id))
                .collect();
            let taken = |value: &TagValue| {
                let others = chosen.iter().filter(|(other, _)| **other != id);
                others
                    .clone()
                    .any(|(_, (_, values))| values.contains(value))
            };
            // A value of a schema stays its own, whatever is suggested for others.
            let own: Vec<TagValue> = own.into_iter().filter(|value| !taken(value)).collect();
            if !own.is_empty() && !chosen.contains_key(&id) {
                chosen.insert(id, (kind, own));
            }
        }
    }
    let told = rest.iter().filter(|id| chosen.contains_key(*id)).count();
    if told == 0 || told + 1 < rest.len() {
        return None;
    }
    let evidence = chosen.values().map(|(evidence, _)| *evidence).max()?;
    let mut tag = Tag {
        path: path.to_vec(),
        values: Vec::new(),
        evidence,
    };
    for id in candidates.keys() {
        let values = chosen.get(id).map(|(_, values)| values);
        let values = values.into_iter().flatten();
        tag.values.extend(values.map(|value| (value.clone(), *id)));
    }
    Some(tag)
}

/// Which alternative alone has a value.
fn distinct(values: &[(VariantId, Vec<TagValue>)]) -> HashMap<String, VariantId> {
    let mut owners: HashMap<String, VariantId> = HashMap::new();
    let mut shared: HashSet<String> = HashSet::new();
    for (id, values) in values {
        for value in values {
            let other = owners.insert(value.text().into_owned(), *id);
            if other.is_some_and(|other| other != *id) {
                shared.insert(value.text().into_owned());
            }
        }
    }
    owners.retain(|value, _| !shared.contains(value));
    owners
}

/// The values that evidence of one kind gives a property of an alternative; none that its schema rules out.
fn values(candidate: &Candidate<'_>, path: &[String], kind: Evidence) -> Vec<TagValue> {
    let [.., property] = path else {
        return Vec::new();
    };
    let profile = &candidate.profile;
    let allowed = profile.constants.get(path);
    let hints = profile.texts.get(path);
    if allowed.is_none() && hints.is_none() && !profile.is_open(path) {
        return Vec::new();
    }
    let shown = shown(candidate, path);
    let found: Vec<TagValue> = match kind {
        Evidence::Schema => allowed.cloned().unwrap_or_default(),
        Evidence::Examples => {
            let plausible = is_tag_name(property)
                || shown.iter().all(|value| candidate.is_called(&value.text()));
            if plausible { shown.clone() } else { Vec::new() }
        }
        Evidence::Names if is_tag_name(property) && (hints.is_some() || allowed.is_some()) => {
            match allowed {
                // One of the values that the schema lists.
                Some(allowed) => {
                    let own = allowed
                        .iter()
                        .filter(|value| candidate.is_called(&value.text()));
                    own.cloned().collect()
                }
                None => candidate.spellings(),
            }
        }
        Evidence::Words if is_tag_name(property) => hints.map(words).unwrap_or_default(),
        _ => Vec::new(),
    };
    let contradicted = kind > Evidence::Examples
        && !shown.is_empty()
        && !shown.iter().any(|value| found.contains(value));
    let mut found = found;
    found.retain(|value| allowed.is_none_or(|allowed| allowed.contains(value)));
    if contradicted { Vec::new() } else { found }
}

/// The values that the examples have at a property, if all of them have one that can name a message.
fn shown(candidate: &Candidate<'_>, path: &[String]) -> Vec<TagValue> {
    const LONGEST: usize = 64;
    let mut values = Vec::new();
    for example in &candidate.examples {
        let found = path
            .iter()
            .try_fold(*example, |node, key| node.get(key))
            .and_then(TagValue::of);
        match found {
            Some(value) if value.text().len() <= LONGEST && !value.text().contains(' ') => {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            _ => return Vec::new(),
        }
    }
    values
}

/// The value that the words around a property give.
fn words(hints: &Hints) -> Vec<TagValue> {
    let value = |text: &String| TagValue::String(text.clone());
    let said = hints.said.iter();
    said.map(value).collect()
}

impl TagValue {
    /// A value of a document that can be the value of a tag.
    pub(super) fn of(node: Node<'_>) -> Option<Self> {
        Some(match node.kind() {
            Kind::String(_) => Self::String(node.as_str()?.to_owned()),
            Kind::Bool(_) | Kind::Null => Self::Other(node.to_json().to_string()),
            Kind::Number(_) => match node.as_i64() {
                Some(number) => Self::Integer(number),
                None => Self::Other(node.to_json().to_string()),
            },
            Kind::Array | Kind::Object => return None,
        })
    }
}

impl Candidate<'_> {
    /// Whether a text is one of its names in some spelling.
    pub(super) fn is_called(&self, text: &str) -> bool {
        let words = name_words(text);
        let mut own = self.names.iter().map(|name| name_words(name));
        !words.is_empty() && own.any(|name| name == words || stem(&name) == words)
    }

    /// Its names in the spellings that a property may have.
    fn spellings(&self) -> Vec<TagValue> {
        let mut found: IndexSet<String> = IndexSet::new();
        for name in &self.names {
            found.insert((*name).to_owned());
            let words = name_words(name);
            found.extend(spellings(&words));
            found.extend(spellings(stem(&words)));
        }
        found.into_iter().map(TagValue::String).collect()
    }
}

/// The property by which alternatives that nothing tells apart would most likely be known: one that all of them have.
pub(super) fn likely_tag(candidates: &Candidates<'_>, ids: &[VariantId]) -> Vec<String> {
    let profiles = ids.iter().filter_map(|id| candidates.get(id));
    let shared = |path: &&Vec<String>| {
        profiles.clone().all(|candidate| {
            let profile = &candidate.profile;
            profile.texts.contains_key(*path) || profile.constants.contains_key(*path)
        })
    };
    let first = profiles.clone().next();
    let paths = first.into_iter().flat_map(|candidate| {
        let profile = &candidate.profile;
        profile.texts.keys().chain(profile.constants.keys())
    });
    let named = paths
        .filter(shared)
        .filter(|path| path.last().is_some_and(|name| is_tag_name(name)));
    let best = named.max_by_key(|path| path.last().map(|name| fame(name)));
    best.cloned().unwrap_or_else(|| vec!["type".to_owned()])
}
