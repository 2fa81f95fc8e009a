//! How one message of a route is told from the others.

mod choose;
mod profile;

pub(super) use choose::{Candidate, Candidates, Discriminator, choose};
pub(super) use profile::profile;

use crate::diagnostic::{Code, Diagnostics};
use crate::model::{Content, Dispatch, RouteId, VariantId};
use crate::table::Table;

use super::context::Context;
use super::facts::{Facts, gather};
use super::messages::{Message, Messages, MessagesOneWay};

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
    messages.map(|_, route| {
        let (inbound, ambiguity) = told(cx, &route.inbound);
        if let Some(ambiguity) = ambiguity {
            ambiguity.report(&route.inbound, cx.diagnostics);
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
) -> (Told, Option<Ambiguity>) {
    let (packing, binary) = binary(messages);
    let text = messages.entries().filter(|(id, _)| !binary.contains(id));
    let candidates: Candidates<'_> = text
        .map(|(id, message)| {
            let name = message.found.message.name.unwrap_or(&message.name);
            let profile = seen(cx, message);
            (id, Candidate { profile, name })
        })
        .collect();
    let mut dispatch = choose(&candidates, None);
    let is_binary = binary.len() > 1;
    match binary[..] {
        [only] => dispatch.binary = Some(only),
        ref several => dispatch.ambiguous.extend(several),
    }
    let ambiguity = match dispatch.ambiguous[..] {
        [first, second, ..] => Some(Ambiguity {
            first,
            second,
            is_binary,
        }),
        _ => None,
    };
    (Told { packing, dispatch }, ambiguity)
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

fn seen<'a>(cx: &mut Context<'_, 'a>, message: &Message<'_, 'a>) -> profile::Profile {
    let facts = match message.found.message.payload {
        Some(payload) => gather(payload, &cx.resolver, cx.diagnostics),
        None => Facts::default(),
    };
    profile(&facts, &cx.resolver, cx.diagnostics)
}

/// Two messages that nothing tells apart.
struct Ambiguity {
    first: VariantId,
    second: VariantId,
    /// Whether several messages come in binary frames.
    is_binary: bool,
}

impl Ambiguity {
    fn report(&self, messages: &MessagesOneWay<'_, '_>, diagnostics: &mut Diagnostics) {
        let [first, second] = [self.first, self.second].map(|id| &messages[id]);
        let place = |message: &Message<'_, '_>| message.found.message.node.key_location();
        diagnostics
            .warning(
                Code::AmbiguousMessages,
                place(first),
                format!("nothing tells `{}` from `{}`", first.name, second.name),
            )
            .related(place(second), "the other message")
            .help(match self.is_binary {
                true => "binary frames do not say what is in them: let one message or one format come in them; until then they arrive undecoded, by the method `raw`",
                false => "give each message a property with a `const`; until then both arrive undecoded, by the method `raw`",
            });
    }
}
