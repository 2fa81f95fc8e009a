//! The way to each of several alternatives.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};

use crate::model::{Dispatch, JsonKind, Literal, Shape, Tag, VariantId};

use super::profile::{MAX_COMPARED, Profile};

/// The alternatives to choose from.
pub(in super::super) type Candidates<'n> = IndexMap<VariantId, Candidate<'n>>;

/// An alternative, and all that tells it from others.
pub(in super::super) struct Candidate<'n> {
    /// What can be seen of it.
    pub(in super::super) profile: Profile,
    /// What the document calls it.
    pub(in super::super) name: &'n str,
}

/// A property that the document itself names as the one to look at.
#[derive(Debug)]
pub(in super::super) struct Discriminator {
    /// Its name.
    pub(in super::super) property: String,
    /// The value for each alternative, where one is mapped or implied by the schema's name.
    pub(in super::super) values: HashMap<VariantId, Literal>,
}

/// Properties that commonly name a message, the most telling first.
const TAG_NAMES: &[&str] = &[
    "type", "event", "op", "action", "method", "msg", "kind", "name", "channel",
];

/// Finds the way to each alternative: by a discriminating property, then by what is left of their shapes.
pub(in super::super) fn choose(
    candidates: &Candidates<'_>,
    discriminator: Option<&Discriminator>,
) -> Dispatch {
    if let Some(tag) = discriminator.and_then(|found| declared_tag(candidates, found)) {
        return complete(candidates, Some(tag));
    }
    let strict = complete(candidates, constant_tag(candidates, Presence::Required));
    if strict.ambiguous.is_empty() {
        return strict;
    }
    // Many documents forget to say that the property which names the message is required.
    let lenient = complete(candidates, constant_tag(candidates, Presence::Assumed));
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
fn complete(candidates: &Candidates<'_>, tag: Option<Tag>) -> Dispatch {
    let mut dispatch = Dispatch {
        tag,
        ..Dispatch::default()
    };
    let mut rest = untagged(candidates, dispatch.tag.as_ref());
    if rest.len() > 1 && dispatch.tag.is_none() {
        dispatch.tag = name_tag(candidates, &rest);
        rest = untagged(candidates, dispatch.tag.as_ref());
    }
    if let [only] = rest[..] {
        dispatch.shapes.push((
            only_shape(&candidates[&only].profile, dispatch.tag.is_some()),
            only,
        ));
        return dispatch;
    }
    let (by_kind, rest) = split_by_kind(candidates, &rest);
    let (by_keys, ambiguous) = split_by_keys(candidates, &rest);
    dispatch.shapes.extend(by_kind);
    dispatch.shapes.extend(by_keys);
    dispatch.ambiguous = ambiguous;
    dispatch
}

/// The tag that `discriminator` declares, if it leads to every alternative.
fn declared_tag(candidates: &Candidates<'_>, discriminator: &Discriminator) -> Option<Tag> {
    let mut values = Vec::new();
    let path = vec![discriminator.property.clone()];
    for (&id, candidate) in candidates {
        match candidate.profile.constants.get(&path) {
            Some(literals) => values.extend(literals.iter().map(|literal| (literal.clone(), id))),
            None => values.push((discriminator.values.get(&id)?.clone(), id)),
        }
    }
    let distinct: HashSet<&Literal> = values.iter().map(|(literal, _)| literal).collect();
    (distinct.len() == values.len()).then_some(Tag { path, values })
}

/// The property whose constant values lead to the most alternatives.
fn constant_tag(candidates: &Candidates<'_>, presence: Presence) -> Option<Tag> {
    let paths: IndexSet<&Vec<String>> = candidates
        .values()
        .flat_map(|candidate| candidate.profile.constants.keys())
        .collect();
    paths
        .into_iter()
        .map(|path| tag_on(candidates, path, presence))
        .enumerate()
        // What may be absent, or is a choice of values, names no message that is alone: it would refuse some, or only cost time.
        .filter(|(_, tag)| match candidates.len() {
            1 => tag.values.len() == 1 && all_require(candidates, tag),
            _ => !tag.values.is_empty(),
        })
        .max_by_key(|(position, tag)| {
            (
                covered(tag).len(),
                all_require(candidates, tag),
                Reverse(tag.path.len()),
                tag.path.last().map(|property| fame(property)),
                usize::MAX - position,
            )
        })
        .map(|(_, tag)| tag)
}

/// What a property tells: values that two alternatives share lead to neither, nor does a property that may be absent,
/// unless all alternatives have it.
fn tag_on(candidates: &Candidates<'_>, path: &Vec<String>, presence: Presence) -> Tag {
    let values = || {
        candidates.iter().flat_map(|(&id, candidate)| {
            let literals = candidate.profile.constants.get(path);
            let literals = literals.into_iter().flatten();
            literals.map(move |literal| (literal, id))
        })
    };
    let mut owners: HashMap<&Literal, VariantId> = HashMap::new();
    let mut shared: HashSet<VariantId> = HashSet::new();
    for (literal, id) in values() {
        if let Some(other) = owners.insert(literal, id)
            && other != id
        {
            shared.extend([other, id]);
        }
    }
    let values = values().filter(|(_, id)| !shared.contains(id));
    let values = values.map(|(literal, id)| (literal.clone(), id)).collect();
    let mut tag = Tag {
        path: path.clone(),
        values,
    };
    if presence == Presence::Required && covered(&tag).len() < candidates.len() {
        tag.values
            .retain(|(_, id)| candidates[id].profile.required.contains(&path[0]));
    }
    tag
}

/// The message's name as the value of a bare `type` or `event` property that all of `rest` have.
fn name_tag(candidates: &Candidates<'_>, rest: &[VariantId]) -> Option<Tag> {
    let distinct: HashSet<&str> = rest.iter().map(|id| candidates[id].name).collect();
    let property = TAG_NAMES[..2].iter().find(|property| {
        rest.iter()
            .all(|id| candidates[id].profile.texts.contains(**property))
    })?;
    (distinct.len() == rest.len()).then(|| Tag {
        path: vec![(*property).to_owned()],
        values: rest
            .iter()
            .map(|&id| (Literal::String(candidates[&id].name.to_owned()), id))
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
fn split_by_kind(
    candidates: &Candidates<'_>,
    rest: &[VariantId],
) -> (Vec<(Shape, VariantId)>, Vec<VariantId>) {
    let mut shapes = Vec::new();
    let mut left = Vec::new();
    let mut claims: HashMap<JsonKind, usize> = HashMap::new();
    for kind in rest.iter().flat_map(|id| &candidates[id].profile.kinds) {
        *claims.entry(*kind).or_default() += 1;
    }
    let anything = rest
        .iter()
        .any(|id| candidates[id].profile.kinds.is_empty());
    for &id in rest {
        let kinds = &candidates[&id].profile.kinds;
        let alone = !anything && kinds.iter().all(|kind| claims.get(kind) == Some(&1));
        if alone {
            shapes.push((Shape::Kinds(kinds.iter().copied().collect()), id));
        } else {
            left.push(id);
        }
    }
    (shapes, left)
}

/// Orders what is left so that each is known by a required key that none of the later ones has; the rest is ambiguous.
fn split_by_keys(
    candidates: &Candidates<'_>,
    rest: &[VariantId],
) -> (Vec<(Shape, VariantId)>, Vec<VariantId>) {
    if rest.len() > MAX_COMPARED {
        return (Vec::new(), rest.to_vec());
    }
    let mut left = rest.to_vec();
    let mut shapes = Vec::new();
    loop {
        let next = left.iter().copied().find(|id| {
            let required = &candidates[id].profile.required;
            left.iter().all(|other| {
                let properties = &candidates[other].profile.properties;
                other == id || required.iter().any(|key| !properties.contains(key))
            })
        });
        match next {
            Some(id) if left.len() > 1 => {
                let required = &candidates[&id].profile.required;
                shapes.push((Shape::Keys(required.iter().cloned().collect()), id));
                left.retain(|&other| other != id);
            }
            _ => break,
        }
    }
    match left[..] {
        [only] if !shapes.is_empty() => {
            shapes.push((only_shape(&candidates[&only].profile, true), only));
            (shapes, Vec::new())
        }
        _ => (shapes, left),
    }
}

fn untagged(candidates: &Candidates<'_>, tag: Option<&Tag>) -> Vec<VariantId> {
    let tagged = tag.map(covered).unwrap_or_default();
    let ids = candidates.keys().copied();
    ids.filter(|id| !tagged.contains(id)).collect()
}

fn covered(tag: &Tag) -> HashSet<VariantId> {
    tag.values.iter().map(|(_, id)| *id).collect()
}

fn all_require(candidates: &Candidates<'_>, tag: &Tag) -> bool {
    tag.values
        .iter()
        .all(|(_, id)| candidates[id].profile.required.contains(&tag.path[0]))
}

fn fame(property: &str) -> usize {
    TAG_NAMES
        .iter()
        .rev()
        .position(|name| *name == property)
        .map_or(0, |position| position + 1)
}
