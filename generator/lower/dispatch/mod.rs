//! How one message of a route is told from the others.

mod candidate;
mod choose;
mod decided;
mod evidence;
mod profile;
mod report;
mod spelling;
mod tag_names;

pub(super) use candidate::{Candidate, Candidates};
pub(super) use choose::{Decided, Discriminator, choose};
pub(super) use profile::profile;

use crate::document::Node;
use crate::model::{Content, Dispatch, RouteId, TagValue, VariantId};
use crate::table::Table;

use super::context::Context;
use super::facts::{Facts, gather};
use super::messages::{Message, Messages, MessagesOneWay};
use report::Finding;

/// How the messages of a route are told apart, each way.
pub(super) struct Dispatches {
    pub(super) inbound: Told,
    pub(super) outbound: Told,
}

/// How the messages that go one way are told apart.
#[derive(Default)]
pub(super) struct Told {
    /// How binary frames are packed, where they are.
    pub(super) packing: Option<Content>,
    pub(super) dispatch: Dispatch,
}

/// Decides for each route how its messages are told apart: those that arrive, and for a client those that are sent.
pub(super) fn tell_apart<'a>(
    cx: &mut Context<'_, 'a>,
    messages: &Table<RouteId, Messages<'_, 'a>>,
) -> Table<RouteId, Dispatches> {
    decided::check(cx);
    messages.map(|_, route| {
        let (inbound, finding) = told(cx, &route.inbound);
        if let Some(finding) = finding {
            finding.report(&route.inbound, cx.diagnostics);
        }
        // What only a client cannot tell apart is nothing for the author of the server to read.
        let outbound = match cx.options.client {
            true => told(cx, &route.outbound).0,
            false => Told::default(),
        };
        Dispatches { inbound, outbound }
    })
}

fn told<'a>(
    cx: &mut Context<'_, 'a>,
    messages: &MessagesOneWay<'_, 'a>,
) -> (Told, Option<Finding>) {
    let (packing, binary) = binary(messages);
    let text = messages.entries().filter(|(id, _)| !binary.contains(id));
    let mut inherited = Vec::new();
    let candidates: Candidates<'_> = text
        .map(|(id, message)| {
            let facts = facts_of(cx, message);
            let candidate = candidate(cx, message, &facts);
            inherited.extend(discriminator_value(cx, message, &facts).map(|found| (id, found)));
            (id, candidate)
        })
        .collect();
    let decided = decided::for_route(cx.options, messages);
    let discriminator = inherited_discriminator(&candidates, inherited);
    let mut dispatch = choose(&candidates, decided.as_ref(), discriminator.as_ref(), true);
    let is_binary = binary.len() > 1;
    match binary[..] {
        [only] => dispatch.binary = Some(only),
        ref several => dispatch.ambiguous.extend(several),
    }
    let found = Finding::of(&candidates, &dispatch, is_binary);
    (Told { packing, dispatch }, found)
}

/// How binary frames are packed, and the messages that are not read from JSON because of it: frames do not say how they
/// are written, so only where all are written one way are they read.
fn binary(messages: &MessagesOneWay<'_, '_>) -> (Option<Content>, Vec<VariantId>) {
    let comes_as = |content: Content| {
        let such = messages.entries();
        let such = such.filter(move |(_, message)| message.content == content);
        such.map(|(id, _)| id).collect::<Vec<VariantId>>()
    };
    let ways = [Content::MessagePack, Content::Cbor, Content::Binary];
    let used = ways.into_iter().filter(|way| !comes_as(*way).is_empty());
    match used.collect::<Vec<_>>()[..] {
        [] => (None, Vec::new()),
        [only] if only.is_packed() => (Some(only), Vec::new()),
        _ => (None, ways.into_iter().flat_map(comes_as).collect()),
    }
}

fn facts_of<'a>(cx: &mut Context<'_, 'a>, message: &Message<'_, 'a>) -> Facts<'a> {
    match message.found.message.payload {
        Some(payload) => gather(payload, &cx.resolver, cx.diagnostics),
        None => Facts::default(),
    }
}

/// All that tells a message from others.
fn candidate<'a>(
    cx: &mut Context<'_, 'a>,
    message: &Message<'_, 'a>,
    facts: &Facts<'a>,
) -> Candidate<'a> {
    let found = message.found.message;
    let schema = found
        .payload
        .and_then(|payload| cx.resolver.reference_name(payload));
    let names = [found.name, found.key, found.message_id, found.title, schema];
    let mut examples: Vec<Node<'a>> = found
        .examples
        .iter()
        .filter_map(|example| example.payload)
        .collect();
    let payload = found
        .payload
        .and_then(|payload| cx.resolver.follow_schema(payload, cx.diagnostics));
    if let Some(payload) = payload.filter(|_| examples.is_empty()) {
        examples.extend(payload.get("examples").into_iter().flat_map(Node::items));
        examples.extend(payload.get("example"));
    }
    examples.retain(|example| example.is_object());
    Candidate {
        profile: profile(facts, &cx.resolver, cx.diagnostics),
        names: names.into_iter().flatten().collect(),
        examples,
    }
}

/// The property by which the schema of a message, or one that it consists of, is told from its like, and its values there.
fn discriminator_value<'a>(
    cx: &Context<'_, 'a>,
    message: &Message<'_, 'a>,
    facts: &Facts<'a>,
) -> Option<(&'a str, Vec<TagValue>)> {
    let (property, mapping) = facts.discriminator.filter(|_| facts.choices.is_empty())?;
    let name = cx.resolver.reference_name(message.found.message.payload?)?;
    Some((property, discriminator_values(name, mapping)))
}

/// The values that a discriminator has for the schema of a name: those that are mapped to it, or the name.
pub(super) fn discriminator_values(name: &str, mapping: Option<Node<'_>>) -> Vec<TagValue> {
    let mapped = mapping.into_iter().flat_map(Node::entries);
    let mapped = mapped.filter(|(_, target)| {
        let target = target.as_str().unwrap_or_default();
        target == name || target.rsplit('/').next() == Some(name)
    });
    let values: Vec<TagValue> = mapped
        .map(|(value, _)| TagValue::String(value.to_owned()))
        .collect();
    match values.is_empty() {
        true => vec![TagValue::String(name.to_owned())],
        false => values,
    }
}

/// The discriminator that all messages have from the schemas that they consist of.
fn inherited_discriminator(
    candidates: &Candidates<'_>,
    inherited: Vec<(VariantId, (&str, Vec<TagValue>))>,
) -> Option<Discriminator> {
    let (_, (property, _)) = inherited.first()?;
    let same = inherited.iter().all(|(_, (other, _))| other == property);
    (candidates.len() > 1 && same && inherited.len() == candidates.len()).then(|| Discriminator {
        property: (*property).to_owned(),
        values: inherited
            .iter()
            .map(|(id, (_, values))| (*id, values.clone()))
            .collect(),
    })
}
