//! The routes of the model, from what the passes before decided.

use std::collections::HashMap;

use crate::diagnostic::Location;
use crate::document::{Channel, Document, Operation};
use crate::model::{
    self, Definitions, Exchange, Layout, MessageSet, Method, MultiplexedChannel, Reply, Route,
    RouteId, Traffic, Type, Variant, VariantId,
};
use crate::naming::{Scope, type_name};
use crate::table::Table;

use super::addresses::Address;
use super::context::Context;
use super::correlation;
use super::directions::Directions;
use super::dispatch::{Dispatches, Told};
use super::example_request;
use super::layout::Group;
use super::messages::{Message, Messages, MessagesOneWay};
use super::names::{CLIENT_METHODS, ChannelNames, Names};
use super::parameters::Parameters;
use super::security::{Alternatives, Security};
use super::types::Uses;

/// What the passes before decided, each for all routes.
pub(super) struct Parts<'p, 'd, 'a> {
    pub(super) layout: &'p Table<RouteId, Group>,
    pub(super) addresses: &'p [Address],
    pub(super) directions: &'p Table<RouteId, Directions<'d, 'a>>,
    pub(super) messages: &'p Table<RouteId, Messages<'d, 'a>>,
    pub(super) dispatch: &'p Table<RouteId, Dispatches>,
    pub(super) parameters: &'p Table<RouteId, Parameters<'a>>,
    pub(super) uses: &'p Table<RouteId, Uses>,
    pub(super) definitions: &'p Definitions,
    pub(super) names: &'p Table<RouteId, Names>,
    pub(super) security: &'p Security,
}

/// Builds every route.
pub(super) fn lower<'d, 'a>(
    cx: &mut Context<'d, 'a>,
    parts: &Parts<'_, 'd, 'a>,
) -> Table<RouteId, Route> {
    parts
        .layout
        .map(|id, group| route(cx, &parts.of(id, cx.document), group))
}

/// What the passes before decided about one route.
struct OfRoute<'p, 'd, 'a> {
    document: &'d Document<'a>,
    directions: &'p Directions<'d, 'a>,
    messages: &'p Messages<'d, 'a>,
    dispatch: &'p Dispatches,
    parameters: &'p Parameters<'a>,
    uses: &'p Uses,
    definitions: &'p Definitions,
    names: &'p Names,
    security: &'p HashMap<VariantId, Alternatives>,
    authenticated: bool,
}

impl<'p, 'd, 'a> Parts<'p, 'd, 'a> {
    fn of(&self, id: RouteId, document: &'d Document<'a>) -> OfRoute<'p, 'd, 'a> {
        OfRoute {
            document,
            directions: &self.directions[id],
            messages: &self.messages[id],
            dispatch: &self.dispatch[id],
            parameters: &self.parameters[id],
            uses: &self.uses[id],
            definitions: self.definitions,
            names: &self.names[id],
            security: &self.security.methods[id],
            authenticated: self.authenticated(id),
        }
    }

    /// A route's principal is certain where every server with the route asks for credentials.
    fn authenticated(&self, id: RouteId) -> bool {
        let serves = |address: &&Address| address.routes.iter().any(|served| served.route == id);
        let mut serving = self.addresses.iter().filter(serves).peekable();
        let asks = |address: &Address| !self.security.servers[&address.server].is_empty();
        serving.peek().is_some() && serving.all(asks)
    }
}

fn route<'a>(cx: &mut Context<'_, 'a>, parts: &OfRoute<'_, '_, 'a>, group: &Group) -> Route {
    let declared = parts.parameters;
    let parameters = declared.list.map(|id, parameter| {
        let ty = &parts.uses.parameters[id];
        parameter.typed(ty, parts.definitions, cx)
    });
    let place = group.location.clone();
    let place = place.unwrap_or_else(|| cx.document.node.location());
    let layout = layout(parts, group, &place);
    Route {
        module: parts.names.module.clone(),
        trait_name: parts.names.trait_name.clone(),
        label: group.label.clone(),
        path: group.path.clone(),
        docs: match &layout {
            Layout::Single(channel) => channel.docs.clone(),
            Layout::Multiplexed(_) => Vec::new(),
        },
        layout,
        example: example_request::request(&group.path, &parameters),
        parameters,
        path_parameters: declared.path.clone(),
        authenticated: parts.authenticated,
        subprotocols: declared.subprotocols.clone(),
        traffic: traffic(parts),
        place,
    }
}

fn layout(parts: &OfRoute<'_, '_, '_>, group: &Group, place: &Location) -> Layout {
    let channels = group.channels.iter().zip(&parts.names.channels);
    let mut requests = Scope::reserving(CLIENT_METHODS);
    let mut single = None;
    let mut shared = Vec::new();
    for (&id, names) in channels {
        let channel = channel(parts, &parts.document.channels[id], names, &mut requests);
        match &names.own {
            None => single = Some(channel),
            Some((module, trait_name)) => shared.push(MultiplexedChannel {
                module: module.clone(),
                trait_name: trait_name.clone(),
                channel,
            }),
        }
    }
    // Frames of a server without channels come by one that nobody described.
    let undescribed = || model::Channel {
        place: place.clone(),
        name: group.label.clone(),
        docs: Vec::new(),
        methods: Vec::new(),
    };
    match shared.is_empty() {
        true => Layout::Single(single.unwrap_or_else(undescribed)),
        false => Layout::Multiplexed(shared),
    }
}

fn channel(
    parts: &OfRoute<'_, '_, '_>,
    channel: &Channel<'_>,
    names: &ChannelNames,
    requests: &mut Scope,
) -> model::Channel {
    let docs = [channel.title, channel.summary, channel.description];
    let methods = names.methods.iter();
    model::Channel {
        place: channel.node.key_location(),
        name: channel.name.to_owned(),
        docs: docs.into_iter().flatten().map(str::to_owned).collect(),
        methods: methods
            .map(|(id, name)| method(parts, *id, name, requests))
            .collect(),
    }
}

/// The method that takes an inbound message.
fn method(parts: &OfRoute<'_, '_, '_>, id: VariantId, name: &str, requests: &mut Scope) -> Method {
    let message = &parts.messages.inbound[id];
    let operation = message.found.operation();
    let reply = operation.and_then(|operation| reply(parts, operation, name));
    Method {
        place: operation
            .map_or(message.found.message.node, |operation| operation.node)
            .key_location(),
        name: name.to_owned(),
        request: reply
            .as_ref()
            .map(|_| requests.claim(&[name, &format!("request_{name}")])),
        docs: method_docs(message),
        message: id,
        correlation: reply.as_ref().and_then(|reply| {
            correlation::between(id, reply, parts.messages, parts.uses, parts.definitions)
        }),
        reply,
        security: parts.security.get(&id).cloned().unwrap_or_default(),
    }
}

fn reply(parts: &OfRoute<'_, '_, '_>, operation: &Operation<'_>, method: &str) -> Option<Reply> {
    let reply = operation.reply.as_ref()?;
    let wanted = reply.messages.iter();
    let wanted = wanted.map(|&message| &parts.document.channels[reply.channel].messages[message]);
    let messages: Vec<VariantId> = wanted
        .filter_map(|message| parts.directions.outbound.id_of(message))
        .collect();
    match messages[..] {
        [] => None,
        [only] => Some(Reply::One(only)),
        _ => Some(Reply::Choice {
            name: type_name(&format!("{method}_reply")),
            messages,
        }),
    }
}

fn method_docs(message: &Message<'_, '_>) -> Vec<String> {
    let operation = message.found.operation();
    let said = operation.map(|operation| [operation.summary, operation.description]);
    let said = said.into_iter().flatten().flatten();
    let said: Vec<String> = said.map(str::to_owned).collect();
    // What is said of an operation with several messages is true of none of them in particular.
    let shared = operation.is_some_and(|operation| operation.messages.len() > 1);
    let mut docs = match said.is_empty() || (shared && !message.docs.is_empty()) {
        true => message.docs.clone(),
        false => said,
    };
    if docs.is_empty() {
        docs.push(format!("Receives `{}`.", message.name));
    }
    docs.dedup();
    docs
}

fn traffic(parts: &OfRoute<'_, '_, '_>) -> Traffic {
    let (messages, uses, told) = (parts.messages, parts.uses, parts.dispatch);
    if messages.is_empty() {
        return Traffic::Raw;
    }
    Traffic::Typed(Box::new(Exchange {
        inbound: set(&messages.inbound, &uses.inbound, &told.inbound),
        outbound: set(&messages.outbound, &uses.outbound, &told.outbound),
    }))
}

fn set(
    messages: &MessagesOneWay<'_, '_>,
    types: &Table<VariantId, Type>,
    told: &Told,
) -> MessageSet {
    let mut carriers: HashMap<Type, usize> = HashMap::new();
    for ty in types {
        *carriers.entry(ty.bare()).or_default() += 1;
    }
    let variants = messages.map(|id, message| {
        let ty = &types[id];
        Variant {
            place: message.found.message.node.key_location(),
            name: message.name.clone(),
            variant: message.variant.clone(),
            ty: ty.clone(),
            distinct: *ty != Type::Value && carriers.get(&ty.bare()) == Some(&1),
            content: message.content,
            docs: message.docs.clone(),
            examples: message.examples.clone(),
        }
    });
    MessageSet {
        variants,
        packing: told.packing,
        dispatch: told.dispatch.clone(),
    }
}
