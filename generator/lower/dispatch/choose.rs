//! The way to each of several alternatives.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use crate::model::{Dispatch, Evidence, ItemShape, JsonKind, Shape, Tag, TagValue, VariantId};

use super::candidate::Candidates;
use super::evidence::suggested;
use super::profile::{Item, MAX_COMPARED, Profile};
use super::tag_names::fame;

/// What the user says: the property, and its values for some of the alternatives.
pub(in super::super) type Decided = (Vec<String>, Vec<(TagValue, VariantId)>);

/// A property that the document itself names as the one to look at.
#[derive(Debug)]
pub(in super::super) struct Discriminator {
    /// Its name.
    pub(in super::super) property: String,
    /// The value for each alternative, where one is mapped or implied by the schema's name.
    pub(in super::super) values: HashMap<VariantId, Vec<TagValue>>,
}

/// Finds the way to each alternative: by what the user decided, by a discriminating property, then by what is left of their
/// shapes; where all this leaves some, by what the document suggests. A message is also known by properties that it need
/// not have, which would refuse an alternative of a schema that is right without them.
pub(in super::super) fn choose(
    candidates: &Candidates<'_>,
    decided: Option<&Decided>,
    discriminator: Option<&Discriminator>,
    are_messages: bool,
) -> Dispatch {
    if let Some(tag) = decided.map(|decided| decided_tag(candidates, decided)) {
        return complete(candidates, Some(tag));
    }
    if let Some(discriminator) = discriminator {
        let tag = declared_tag(candidates, discriminator);
        let undeclared = untagged(candidates, Some(&tag));
        if !tag.values.is_empty() {
            // Nobody guesses by keys where the document says what to look at.
            return Dispatch {
                tag: Some(tag),
                ambiguous: undeclared,
                ..Dispatch::default()
            };
        }
    }
    let certain = certain(candidates);
    if certain.ambiguous.is_empty() {
        return named_by_examples(candidates, &nested(&certain)).unwrap_or(certain);
    }
    let guesses = suggested(candidates, &certain.ambiguous);
    let guesses = guesses
        .into_iter()
        .map(|tag| complete(candidates, Some(tag)));
    let best = guesses.min_by_key(|guess| guess.ambiguous.len());
    let mut best = match best {
        Some(best) if best.ambiguous.len() < certain.ambiguous.len() => best,
        _ => certain,
    };
    if are_messages {
        let (by_own_keys, ambiguous) = split_by_own_keys(candidates, &best);
        best.shapes.extend(by_own_keys);
        best.ambiguous = ambiguous;
    }
    best
}

/// The alternatives known by keys of which one has all of another's and more: without a key of its own, a value of the one is
/// taken for the other.
fn nested(dispatch: &Dispatch) -> Vec<VariantId> {
    let known = dispatch.shapes.iter();
    let known: Vec<(HashSet<&String>, VariantId)> = known
        .filter_map(|(shape, id)| match shape {
            Shape::Keys(keys) => Some((keys.iter().collect(), *id)),
            _ => None,
        })
        .collect();
    if known.len() > MAX_COMPARED {
        return Vec::new();
    }
    let is_nested = |(keys, id): &(HashSet<&String>, VariantId)| {
        let mut others = known.iter().filter(|(_, other)| other != id);
        others.any(|(other, _)| keys.is_subset(other) || keys.is_superset(other))
    };
    let nested = known.iter().filter(|known| is_nested(known));
    nested.map(|(_, id)| *id).collect()
}

/// Knows alternatives of nested keys by a property at which the examples of each have its own name, if there is one.
fn named_by_examples(candidates: &Candidates<'_>, nested: &[VariantId]) -> Option<Dispatch> {
    if nested.is_empty() {
        return None;
    }
    let is_named = |id: &VariantId, tag: &Tag| {
        let mut values = tag
            .values
            .iter()
            .filter(|(_, other)| other == id)
            .peekable();
        values.peek().is_some() && values.all(|(value, _)| candidates[id].is_called(&value.text()))
    };
    let tags = suggested(candidates, nested).into_iter();
    let tags = tags.filter(|tag| {
        tag.evidence <= Evidence::Examples && nested.iter().all(|id| is_named(id, tag))
    });
    let mut found = tags.map(|tag| complete(candidates, Some(tag)));
    found.find(|dispatch| dispatch.ambiguous.is_empty())
}

/// Knows what is left by constants at another property than the tag.
fn split_by_value(
    candidates: &Candidates<'_>,
    tag: Option<&Tag>,
    rest: &[VariantId],
) -> (Vec<(Shape, VariantId)>, Vec<VariantId>) {
    if tag.is_none() || rest.len() > MAX_COMPARED {
        return (Vec::new(), rest.to_vec());
    }
    let paths: IndexSet<&Vec<String>> = rest
        .iter()
        .flat_map(|id| candidates[id].profile.constants.keys())
        .collect();
    // The values that an alternative has to have at a property, and no other of the rest can have there.
    let own = |path: &Vec<String>, id: &VariantId| {
        let profile = &candidates[id].profile;
        let values = profile.constants.get(path)?;
        let distinct = rest.iter().filter(|other| *other != id).all(|other| {
            let other = &candidates[other].profile;
            match other.constants.get(path) {
                Some(others) => values.iter().all(|value| !others.contains(value)),
                None => !other.properties.contains(&path[0]),
            }
        });
        (distinct && profile.required.contains(&path[0])).then(|| values.clone())
    };
    let best = paths
        .into_iter()
        .rev()
        .max_by_key(|path| rest.iter().filter(|id| own(path, id).is_some()).count());
    let mut shapes = Vec::new();
    let mut left = Vec::new();
    for id in rest {
        match best.and_then(|path| Some((path, own(path, id)?))) {
            Some((path, values)) => shapes.push((Shape::Value(path.clone(), values), *id)),
            None => left.push(*id),
        }
    }
    (shapes, left)
}

/// Knows objects that nothing else tells apart by properties that no other of them has, required or not; all or none.
fn split_by_own_keys(
    candidates: &Candidates<'_>,
    dispatch: &Dispatch,
) -> (Vec<(Shape, VariantId)>, Vec<VariantId>) {
    const MOST_KEYS: usize = 8;
    let left = &dispatch.ambiguous;
    let nothing = || (Vec::new(), left.clone());
    if left.len() < 2 || left.len() > MAX_COMPARED {
        return nothing();
    }
    let mut shapes = Vec::new();
    for id in left {
        let profile = &candidates[id].profile;
        let others = left.iter().filter(|other| *other != id);
        let others: Vec<&Profile> = others.map(|other| &candidates[other].profile).collect();
        let is_object = |profile: &Profile| profile.kinds.iter().eq([&JsonKind::Object]);
        let own = profile.declared.iter().filter(|key| {
            let mut others = others.iter();
            others.all(|other| !other.properties.contains(*key))
        });
        let own: Vec<String> = own.take(MOST_KEYS).cloned().collect();
        if own.is_empty() || !is_object(profile) {
            return nothing();
        }
        shapes.push((Shape::AnyKey(own), *id));
    }
    (shapes, Vec::new())
}

/// The way to each alternative by what the schemas say.
fn certain(candidates: &Candidates<'_>) -> Dispatch {
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
    let rest = untagged(candidates, dispatch.tag.as_ref());
    if let [only] = rest[..] {
        dispatch.shapes.push((
            only_shape(&candidates[&only].profile, dispatch.tag.is_some()),
            only,
        ));
        return dispatch;
    }
    let (by_value, rest) = split_by_value(candidates, dispatch.tag.as_ref(), &rest);
    let (by_kind, rest) = split_by_kind(candidates, &rest);
    let (by_items, rest) = split_by_items(candidates, &rest);
    let (by_keys, ambiguous) = split_by_keys(candidates, &rest);
    dispatch.shapes.extend(by_value);
    dispatch.shapes.extend(by_kind);
    dispatch.shapes.extend(by_items);
    dispatch.shapes.extend(by_keys);
    dispatch.ambiguous = ambiguous;
    dispatch
}

/// The tag that the user decided on; a value that the user gives to one alternative is no other's.
fn decided_tag(candidates: &Candidates<'_>, (path, decided): &Decided) -> Tag {
    let mut tag = tag_on(candidates, path, Presence::Assumed);
    tag.values.retain(|(value, id)| {
        !decided
            .iter()
            .any(|(own, target)| own == value || target == id)
    });
    tag.values.splice(0..0, decided.iter().cloned());
    tag.evidence = Evidence::Settings;
    tag
}

/// The tag that `discriminator` declares; a value that two alternatives have leads to neither.
fn declared_tag(candidates: &Candidates<'_>, discriminator: &Discriminator) -> Tag {
    let path = vec![discriminator.property.clone()];
    let mut values: Vec<(TagValue, VariantId)> = Vec::new();
    for (&id, candidate) in candidates {
        let constants = candidate.profile.constants.get(&path);
        let own = constants.or_else(|| discriminator.values.get(&id));
        values.extend(own.into_iter().flatten().map(|value| (value.clone(), id)));
    }
    let owners = |value: &TagValue| values.iter().filter(|(other, _)| other == value).count();
    let distinct = values.iter().filter(|(value, _)| owners(value) == 1);
    Tag {
        values: distinct.cloned().collect(),
        path,
        evidence: Evidence::Schema,
    }
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
    let mut owners: HashMap<&TagValue, VariantId> = HashMap::new();
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
        evidence: Evidence::Schema,
    };
    if presence == Presence::Required && covered(&tag).len() < candidates.len() {
        tag.values
            .retain(|(_, id)| candidates[id].profile.required.contains(&path[0]));
    }
    tag
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

/// Orders lists so that each is known by an item that none of the later ones can have there; the last is any other list.
fn split_by_items(
    candidates: &Candidates<'_>,
    rest: &[VariantId],
) -> (Vec<(Shape, VariantId)>, Vec<VariantId>) {
    let is_list = |id: &VariantId| candidates[id].profile.kinds.iter().eq([&JsonKind::Array]);
    let (mut lists, mut others): (Vec<VariantId>, Vec<VariantId>) =
        rest.iter().partition(|id| is_list(id));
    let may_be_list = |id: &VariantId| {
        let kinds = &candidates[id].profile.kinds;
        kinds.is_empty() || kinds.contains(&JsonKind::Array)
    };
    if lists.len() < 2 || lists.len() > MAX_COMPARED || others.iter().any(may_be_list) {
        return (Vec::new(), rest.to_vec());
    }
    let mut shapes = Vec::new();
    while lists.len() > 1 {
        let found = lists.iter().enumerate().find_map(|(index, id)| {
            let later = lists.iter().filter(|other| *other != id);
            let later: Vec<&Profile> = later.map(|other| &candidates[other].profile).collect();
            Some((index, known_item(&candidates[id].profile, &later)?))
        });
        let Some((index, (position, shape))) = found else {
            others.extend(lists);
            return (shapes, others);
        };
        shapes.push((Shape::Item(position, shape), lists.remove(index)));
    }
    let last = lists.into_iter();
    shapes.extend(last.map(|id| (Shape::Kinds(vec![JsonKind::Array]), id)));
    (shapes, others)
}

/// The item by which a list is known among others, with its position.
fn known_item(list: &Profile, others: &[&Profile]) -> Option<(usize, ItemShape)> {
    let all = others.iter().chain([&list]);
    let longest = all.map(|profile| profile.items.positions.len()).max()?;
    let positions = || 0..longest.max(1);
    let differs = |position: usize, differ: fn(&Item, &Item) -> bool| {
        let item = list.items.at(position);
        others
            .iter()
            .all(|other| differ(item, other.items.at(position)))
    };
    let by_value = positions().find(|&position| differs(position, differ_in_value));
    let by_kind = || positions().find(|&position| differs(position, differ_in_kind));
    match by_value {
        Some(position) => {
            let values = list.items.at(position).values.clone()?;
            Some((position, ItemShape::Values(values)))
        }
        None => {
            let position = by_kind()?;
            let kinds = list.items.at(position).kinds.iter().copied();
            Some((position, ItemShape::Kinds(kinds.collect())))
        }
    }
}

/// Whether an item has a few values, none of which the other can be.
fn differ_in_value(item: &Item, other: &Item) -> bool {
    match (&item.values, &other.values) {
        (Some(values), Some(others)) => values.iter().all(|value| !others.contains(value)),
        (Some(_), None) => differ_in_kind(item, other),
        (None, _) => false,
    }
}

fn differ_in_kind(item: &Item, other: &Item) -> bool {
    !item.kinds.is_empty() && !other.kinds.is_empty() && item.kinds.is_disjoint(&other.kinds)
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
