//! How one of several messages (or alternatives of a schema) is told from the others.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::model::{Dispatch, JsonKind, Literal, Shape, Tag};
use crate::resolve::Resolver;

use super::facts::{Facts, gather_all};

/// What can be seen of an alternative from outside.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Types of JSON that it can have; empty where anything goes.
    kinds: IndexSet<JsonKind>,
    /// Properties with a fixed value, or one of a few, by the path that leads to them.
    constants: IndexMap<Vec<String>, Vec<Literal>>,
    /// Properties that may hold any string.
    texts: IndexSet<String>,
    /// Properties that must be there.
    required: IndexSet<String>,
    /// All properties that are declared.
    properties: HashSet<String>,
}

/// A property that the document itself names as the one to look at.
#[derive(Debug)]
pub(super) struct Discriminator {
    /// Its name.
    pub(super) property: String,
    /// The value for each alternative, where one is mapped or implied by the schema's name.
    pub(super) values: Vec<Option<Literal>>,
}

/// Properties that commonly name a message, the most telling first.
const TAG_NAMES: &[&str] = &[
    "type", "event", "op", "action", "method", "msg", "kind", "name", "channel",
];

/// More alternatives than these are not compared with each other key by key: nobody means that many to be told apart so.
const MAX_COMPARED: usize = 32;

/// Looks at an alternative from outside; where it has alternatives itself, at what these have in common.
pub(super) fn profile<'a>(
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

/// Finds the way to each alternative: by a discriminating property, then by what is left of their shapes.
pub(super) fn choose(
    profiles: &[Profile],
    names: &[&str],
    discriminator: Option<&Discriminator>,
) -> Dispatch {
    if let Some(tag) = discriminator.and_then(|found| declared_tag(profiles, found)) {
        return complete(profiles, names, Some(tag));
    }
    let strict = complete(profiles, names, constant_tag(profiles, Presence::Required));
    if strict.ambiguous.is_empty() {
        return strict;
    }
    // Many documents forget to say that the property which names the message is required.
    let lenient = complete(profiles, names, constant_tag(profiles, Presence::Assumed));
    match lenient.ambiguous.len() < strict.ambiguous.len() {
        true => lenient,
        false => strict,
    }
}

/// Whether a tag that leads to some of the alternatives has to be required in these.
#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Required,
    Assumed,
}

/// Beside a tag, finds the way to what is left by shapes.
fn complete(profiles: &[Profile], names: &[&str], tag: Option<Tag>) -> Dispatch {
    let mut dispatch = Dispatch {
        tag,
        ..Dispatch::default()
    };
    let mut rest = untagged(profiles.len(), dispatch.tag.as_ref());
    if rest.len() > 1 && dispatch.tag.is_none() {
        dispatch.tag = name_tag(profiles, names, &rest);
        rest = untagged(profiles.len(), dispatch.tag.as_ref());
    }
    if let [only] = rest[..] {
        dispatch
            .shapes
            .push((only_shape(&profiles[only], dispatch.tag.is_some()), only));
        return dispatch;
    }
    let (by_kind, rest) = split_by_kind(profiles, &rest);
    let (by_keys, ambiguous) = split_by_keys(profiles, &rest);
    dispatch.shapes.extend(by_kind);
    dispatch.shapes.extend(by_keys);
    dispatch.ambiguous = ambiguous;
    dispatch
}

/// The tag that `discriminator` declares, if it leads to every alternative.
fn declared_tag(profiles: &[Profile], discriminator: &Discriminator) -> Option<Tag> {
    let mut values = Vec::new();
    let path = vec![discriminator.property.clone()];
    for (index, profile) in profiles.iter().enumerate() {
        match profile.constants.get(&path) {
            Some(literals) => {
                values.extend(literals.iter().map(|literal| (literal.clone(), index)))
            }
            None => values.push((discriminator.values.get(index)?.clone()?, index)),
        }
    }
    let distinct: HashSet<&Literal> = values.iter().map(|(literal, _)| literal).collect();
    (distinct.len() == values.len()).then_some(Tag { path, values })
}

/// The property whose constant values lead to the most alternatives.
fn constant_tag(profiles: &[Profile], presence: Presence) -> Option<Tag> {
    let candidates: IndexSet<&Vec<String>> = profiles
        .iter()
        .flat_map(|profile| profile.constants.keys())
        .collect();
    candidates
        .into_iter()
        .map(|path| tag_on(profiles, path, presence))
        .enumerate()
        // What may be absent, or is a choice of values, names no message that is alone: it would refuse some, or only cost time.
        .filter(|(_, tag)| match profiles {
            [_] => tag.values.len() == 1 && all_require(profiles, tag),
            _ => !tag.values.is_empty(),
        })
        .max_by_key(|(position, tag)| {
            (
                covered(tag).len(),
                all_require(profiles, tag),
                Reverse(tag.path.len()),
                tag.path.last().map(|property| fame(property)),
                usize::MAX - position,
            )
        })
        .map(|(_, tag)| tag)
}

/// What a property tells: values that two alternatives share lead to neither, nor does a property that may be absent,
/// unless all alternatives have it.
fn tag_on(profiles: &[Profile], path: &Vec<String>, presence: Presence) -> Tag {
    let mut owners: HashMap<&Literal, usize> = HashMap::new();
    let mut shared: HashSet<usize> = HashSet::new();
    for (index, profile) in profiles.iter().enumerate() {
        for literal in profile.constants.get(path).into_iter().flatten() {
            if let Some(other) = owners.insert(literal, index)
                && other != index
            {
                shared.extend([other, index]);
            }
        }
    }
    let values = profiles
        .iter()
        .enumerate()
        .filter(|(index, _)| !shared.contains(index))
        .flat_map(|(index, profile)| {
            profile
                .constants
                .get(path)
                .into_iter()
                .flatten()
                .map(move |literal| (literal.clone(), index))
        })
        .collect();
    let mut tag = Tag {
        path: path.clone(),
        values,
    };
    if presence == Presence::Required && covered(&tag).len() < profiles.len() {
        tag.values
            .retain(|(_, index)| profiles[*index].required.contains(&path[0]));
    }
    tag
}

/// The message's name as the value of a bare `type` or `event` property that all of `rest` have.
fn name_tag(profiles: &[Profile], names: &[&str], rest: &[usize]) -> Option<Tag> {
    let distinct: HashSet<&str> = rest.iter().map(|&index| names[index]).collect();
    let property = TAG_NAMES[..2].iter().find(|property| {
        rest.iter()
            .all(|&index| profiles[index].texts.contains(**property))
    })?;
    (distinct.len() == rest.len()).then(|| Tag {
        path: vec![(*property).to_owned()],
        values: rest
            .iter()
            .map(|&index| (Literal::String(names[index].to_owned()), index))
            .collect(),
    })
}

/// A shape for the only alternative without a tag: beside tagged ones it must at least be of the right type.
fn only_shape(profile: &Profile, beside_tagged: bool) -> Shape {
    match (beside_tagged, profile.kinds.first()) {
        (true, Some(JsonKind::Object)) if !profile.required.is_empty() => {
            Shape::Keys(profile.required.iter().cloned().collect())
        }
        (true, Some(_)) => Shape::Kinds(profile.kinds.iter().copied().collect()),
        _ => Shape::Any,
    }
}

/// Splits off the alternatives whose JSON type no other one has.
fn split_by_kind(profiles: &[Profile], rest: &[usize]) -> (Vec<(Shape, usize)>, Vec<usize>) {
    let mut shapes = Vec::new();
    let mut left = Vec::new();
    let mut claims: HashMap<JsonKind, usize> = HashMap::new();
    for kind in rest.iter().flat_map(|&index| &profiles[index].kinds) {
        *claims.entry(*kind).or_default() += 1;
    }
    let anything = rest.iter().any(|&index| profiles[index].kinds.is_empty());
    for &index in rest {
        let kinds = &profiles[index].kinds;
        let alone = !anything && kinds.iter().all(|kind| claims.get(kind) == Some(&1));
        if alone {
            shapes.push((Shape::Kinds(kinds.iter().copied().collect()), index));
        } else {
            left.push(index);
        }
    }
    (shapes, left)
}

/// Orders what is left so that each is known by a required key that none of the later ones has; the rest is ambiguous.
fn split_by_keys(profiles: &[Profile], rest: &[usize]) -> (Vec<(Shape, usize)>, Vec<usize>) {
    if rest.len() > MAX_COMPARED {
        return (Vec::new(), rest.to_vec());
    }
    let mut left = rest.to_vec();
    let mut shapes = Vec::new();
    loop {
        let next = left.iter().copied().find(|&index| {
            left.iter().all(|&other| {
                other == index
                    || profiles[index]
                        .required
                        .iter()
                        .any(|key| !profiles[other].properties.contains(key))
            })
        });
        match next {
            Some(index) if left.len() > 1 => {
                shapes.push((
                    Shape::Keys(profiles[index].required.iter().cloned().collect()),
                    index,
                ));
                left.retain(|&other| other != index);
            }
            _ => break,
        }
    }
    match left[..] {
        [only] if !shapes.is_empty() => {
            shapes.push((only_shape(&profiles[only], true), only));
            (shapes, Vec::new())
        }
        _ => (shapes, left),
    }
}

fn untagged(count: usize, tag: Option<&Tag>) -> Vec<usize> {
    let tagged = tag.map(covered).unwrap_or_default();
    (0..count).filter(|index| !tagged.contains(index)).collect()
}

fn covered(tag: &Tag) -> HashSet<usize> {
    tag.values.iter().map(|(_, index)| *index).collect()
}

fn all_require(profiles: &[Profile], tag: &Tag) -> bool {
    tag.values
        .iter()
        .all(|(_, index)| profiles[*index].required.contains(&tag.path[0]))
}

fn fame(property: &str) -> usize {
    TAG_NAMES
        .iter()
        .rev()
        .position(|name| *name == property)
        .map_or(0, |position| position + 1)
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
