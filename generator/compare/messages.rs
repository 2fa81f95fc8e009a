//! The messages of a route, each way, and the methods that take them.

use std::collections::{HashMap, HashSet};

use crate::model::{
    Constant, Definition, Exchange, MessageSet, Method, Reply, Route, TagValue, Traffic, Type,
    Types, Variant, VariantId,
};

use super::comparison::{Comparison, Direction, Subject, quoted};
use super::kind::Kind;

/// Messages without a partner of their name are compared with each other by shape up to this number of pairs.
const MAX_GUESSES: usize = 64;

impl Comparison<'_> {
    pub(super) fn messages(&mut self, old: &Route, new: &Route) {
        let (Traffic::Typed(before), Traffic::Typed(after)) = (&old.traffic, &new.traffic) else {
            return;
        };
        let inbound = self.direction(
            &before.inbound,
            &after.inbound,
            Direction::Inbound,
            &new.path,
        );
        let outbound = self.direction(
            &before.outbound,
            &after.outbound,
            Direction::Outbound,
            &new.path,
        );
        self.methods((old, before), (new, after), &inbound, &outbound);
    }

    /// Compares the messages that go one way; gives the new index of each old message that is still there.
    fn direction(
        &mut self,
        old: &MessageSet,
        new: &MessageSet,
        direction: Direction,
        path: &str,
    ) -> HashMap<VariantId, VariantId> {
        let pairs = self.pair(old, new, direction);
        let partners: HashMap<VariantId, VariantId> = pairs
            .iter()
            .map(|(before, after)| (*after, *before))
            .collect();
        let (added, removed, way) = match direction {
            Direction::Inbound => (Kind::InboundMessageAdded, Kind::InboundMessageRemoved, "to"),
            Direction::Outbound => (
                Kind::OutboundMessageAdded,
                Kind::OutboundMessageRemoved,
                "from",
            ),
        };
        for (index, variant) in new.variants.entries() {
            match partners.get(&index) {
                Some(&before) => {
                    self.message(&old.variants[before], variant, direction);
                    self.known_by((old, before), (new, index));
                }
                None => {
                    let message = format!("message `{}` {way} {path} is new", variant.name);
                    self.report(added, &variant.place, message);
                }
            }
        }
        for (index, variant) in old.variants.entries() {
            if !pairs.contains_key(&index) {
                let message = format!("message `{}` {way} {path} is gone", variant.name);
                self.report_gone(removed, &variant.place, message);
            }
        }
        pairs
    }

    /// Which message is which: by name, else by what it is known by on the wire.
    fn pair(
        &self,
        old: &MessageSet,
        new: &MessageSet,
        direction: Direction,
    ) -> HashMap<VariantId, VariantId> {
        let names: HashMap<&str, VariantId> =
            indices(new, |variant| variant.variant.as_str()).collect();
        let mut pairs: HashMap<VariantId, VariantId> =
            indices(old, |variant| variant.variant.as_str())
                .filter_map(|(name, before)| Some((before, *names.get(name)?)))
                .collect();
        let gone = old.variants.ids().filter(|id| !pairs.contains_key(id));
        let gone: Vec<VariantId> = gone.collect();
        let mut added: Vec<VariantId> = {
            let taken: HashSet<VariantId> = pairs.values().copied().collect();
            let ids = new.variants.ids();
            ids.filter(|id| !taken.contains(id)).collect()
        };
        if gone.len() * added.len() > MAX_GUESSES {
            return pairs;
        }
        for before in gone {
            let same =
                |after: &VariantId| self.same_on_the_wire((old, before), (new, *after), direction);
            if let Some(position) = added.iter().position(same) {
                pairs.insert(before, added.remove(position));
            }
        }
        pairs
    }

    /// Whether a message that has another name now is still what clients know.
    fn same_on_the_wire(
        &self,
        (old, before): (&MessageSet, VariantId),
        (new, after): (&MessageSet, VariantId),
        direction: Direction,
    ) -> bool {
        let (was, is) = (&old.variants[before], &new.variants[after]);
        let constants = (
            constant(&was.ty, &self.old.types),
            constant(&is.ty, &self.new.types),
        );
        if let (Some(was), Some(is)) = constants {
            return was == is;
        }
        // By its name alone nobody can tell what the server sends.
        if direction == Direction::Outbound || tag(old, before) != tag(new, after) {
            return false;
        }
        let mut types = Comparison::new(self.old, self.new);
        let subject = Subject::new(String::new(), &is.place);
        types.types(&was.ty, &is.ty, &subject, direction);
        types.pending_types();
        let named = [Kind::TypeRenamed, Kind::Description];
        was.content == is.content
            && types
                .changes
                .iter()
                .all(|change| named.contains(&change.kind))
    }

    fn message(&mut self, old: &Variant, new: &Variant, direction: Direction) {
        let name = format!("message `{}`", new.name);
        if old.variant != new.variant {
            let message = format!("message `{}` is called `{}`", old.name, new.name);
            self.report(Kind::MessageRenamed, &new.place, message);
        }
        if old.content != new.content {
            let message = format!("the payload of {name} is written in another way");
            self.report(Kind::MessageEncoding, &new.place, message);
            return;
        }
        self.description(&name, old.docs == new.docs, &new.place);
        if old.examples != new.examples {
            let message = format!("the examples of {name} changed");
            self.report(Kind::Examples, &new.place, message);
        }
        let subject = Subject::new(format!("`{}`", new.name), &new.place);
        self.types(&old.ty, &new.ty, &subject, direction);
    }

    /// A value that names the message: one that is a constant of its type is compared with the type.
    fn known_by(
        &mut self,
        (old, before): (&MessageSet, VariantId),
        (new, after): (&MessageSet, VariantId),
    ) {
        let (was, is) = (&old.variants[before], &new.variants[after]);
        if constant(&was.ty, &self.old.types).is_some()
            || constant(&is.ty, &self.new.types).is_some()
        {
            return;
        }
        if let (Some((was, by)), Some((is, now))) = (tag(old, before), tag(new, after))
            && (was != is || by.iter().any(|value| !now.contains(value)))
        {
            let variant = &new.variants[after];
            let (by, now) = (words(&by), words(&now));
            let message = format!(
                "message `{}` was known by {was} {by}, it is by {is} {now}",
                variant.name
            );
            self.report(Kind::MessageTag, &variant.place, message);
        }
    }

    fn methods(
        &mut self,
        (old, before): (&Route, &Exchange),
        (new, after): (&Route, &Exchange),
        inbound: &HashMap<VariantId, VariantId>,
        outbound: &HashMap<VariantId, VariantId>,
    ) {
        let old_methods: HashMap<VariantId, &Method> = old
            .methods()
            .map(|method| (method.message, method))
            .collect();
        let new_methods: HashMap<VariantId, &Method> = new
            .methods()
            .map(|method| (method.message, method))
            .collect();
        let mut pairs: Vec<(VariantId, VariantId)> =
            inbound.iter().map(|(old, new)| (*old, *new)).collect();
        pairs.sort_unstable_by_key(|(_, new)| *new);
        for (was, is) in pairs {
            let name = &after.inbound.variants[is].name;
            match (old_methods.get(&was), new_methods.get(&is)) {
                (Some(method), Some(now)) => {
                    let documented =
                        before.inbound.variants[was].docs == after.inbound.variants[is].docs;
                    if documented {
                        let subject = format!("the operation with `{name}`");
                        self.description(&subject, method.docs == now.docs, &now.place);
                    }
                    self.method(method, now, name);
                    self.reply((method, before), (now, after), outbound, name);
                }
                (Some(method), None) => {
                    let message = format!(
                        "`{name}` arrives undecoded: method `{}` is gone",
                        method.name
                    );
                    let place = &after.inbound.variants[is].place;
                    self.report(Kind::MethodRemoved, place, message);
                }
                (None, Some(now)) => {
                    let message = format!(
                        "`{name}` no longer arrives undecoded: implement `{}`",
                        now.name
                    );
                    self.report(Kind::MethodAdded, &now.place, message);
                }
                (None, None) => {}
            }
        }
    }

    fn method(&mut self, old: &Method, new: &Method, message: &str) {
        if old.name != new.name {
            let message = format!("method `{}` is called `{}`", old.name, new.name);
            self.report(Kind::MethodRenamed, &new.place, message);
        }
        let subject = format!("sending `{message}`");
        self.security(&subject, &old.security, &new.security, &new.place);
    }

    fn reply(
        &mut self,
        (old, before): (&Method, &Exchange),
        (new, after): (&Method, &Exchange),
        outbound: &HashMap<VariantId, VariantId>,
        name: &str,
    ) {
        let (was, is) = (answers(old), answers(new));
        let still: Vec<VariantId> = was
            .iter()
            .filter_map(|index| outbound.get(index).copied())
            .collect();
        let same = still.len() == was.len()
            && is.len() == was.len()
            && is.iter().all(|index| still.contains(index));
        if same {
            return;
        }
        let names = |ids: &[VariantId], exchange: &Exchange| {
            quoted(
                ids.iter()
                    .map(|id| exchange.outbound.variants[*id].name.as_str()),
            )
        };
        let (was, is) = (names(was, before), names(is, after));
        match (was.is_empty(), is.is_empty()) {
            (true, _) => {
                let message = format!("`{name}` is answered by {is}");
                self.report(Kind::ReplyAdded, &new.place, message);
            }
            (false, true) => {
                let message = format!("`{name}` is no longer answered, it was by {was}");
                self.report(Kind::ReplyRemoved, &new.place, message);
            }
            (false, false) => {
                let message = format!("`{name}` is answered by {is}, it was by {was}");
                self.report(Kind::ReplyChanged, &new.place, message);
            }
        }
    }
}

fn indices<'m, K>(
    set: &'m MessageSet,
    key: impl Fn(&'m Variant) -> K,
) -> impl Iterator<Item = (K, VariantId)> {
    let keyed = set.variants.entries();
    keyed.map(move |(index, variant)| (key(variant), index))
}

fn answers(method: &Method) -> &[VariantId] {
    method.reply.as_ref().map_or(&[], Reply::messages)
}

/// The constant property of a message's type.
fn constant<'m>(ty: &Type, types: &'m Types) -> Option<&'m Constant> {
    let Type::Named(id) = ty.unchecked() else {
        return None;
    };
    match &types.get(*id).definition {
        Definition::Struct { tag, .. } => tag.as_ref(),
        _ => None,
    }
}

/// The property whose value names a message, and its values.
fn tag(set: &MessageSet, index: VariantId) -> Option<(String, Vec<&TagValue>)> {
    let tag = set.dispatch.tag.as_ref()?;
    let own = tag.values.iter().filter(|(_, target)| *target == index);
    let values: Vec<&TagValue> = own.map(|(literal, _)| literal).collect();
    (!values.is_empty()).then_some((tag.path.join("."), values))
}

fn words(values: &[&TagValue]) -> String {
    // The spellings of a name are a dozen.
    const MOST: usize = 3;
    let word = |value: &&TagValue| format!("`{}`", value.text());
    let shown = values.iter().take(MOST).map(word).collect::<Vec<_>>();
    match values.len() > MOST {
        true => format!("{} or another spelling", shown.join(" or ")),
        false => shown.join(" or "),
    }
}
