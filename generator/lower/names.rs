//! What modules, traits and methods are called. Names are given in the order of the document, each once in its scope.

use crate::model::{RouteId, VariantId};
use crate::naming::{ROUTE_NAMES, Scope, type_name, value_name};
use crate::table::Table;

use super::context::Context;
use super::dispatch::Dispatches;
use super::layout::{Group, channel_name};
use super::messages::Messages;

/// What the parts of a route are called.
pub(super) struct Names {
    /// The module, and the stem of its file.
    pub(super) module: String,
    /// The trait that handles a connection.
    pub(super) trait_name: String,
    /// Its channels, in the order of the document.
    pub(super) channels: Vec<ChannelNames>,
}

/// What the parts of a channel are called.
pub(super) struct ChannelNames {
    /// Its module and its trait, where it shares the socket of the route.
    pub(super) own: Option<(String, String)>,
    /// The methods, by the inbound message that each takes.
    pub(super) methods: Vec<(VariantId, String)>,
}

/// Methods of `Handler`, which traits of messages leave alone so that whoever reads handlers sees one thing by one name; and
/// `raw`.
pub(crate) const RESERVED_METHODS: &[&str] = &[
    "background",
    "connect",
    "connected",
    "disconnected",
    "invalid",
    "raw",
    "topic_event",
];

/// Methods that every client has of its own.
pub(super) const CLIENT_METHODS: &[&str] = &["close", "connect", "next", "send"];

/// Modules that every project has, and those that it has with a client.
const MODULES: &[&str] = &["authenticate", "handlers", "messages", "mod", "servers"];
const CLIENT_MODULES: &[&str] = &["client", "targets"];

/// Names the parts of each route. The types have their names already: a type keeps the one that the document gave it.
pub(super) fn give(
    cx: &mut Context<'_, '_>,
    layout: &Table<RouteId, Group>,
    messages: &Table<RouteId, Messages<'_, '_>>,
    dispatch: &Table<RouteId, Dispatches>,
) -> Table<RouteId, Names> {
    let mut modules = Scope::reserving(&match cx.options.client {
        true => [MODULES, CLIENT_MODULES].concat(),
        false => MODULES.to_vec(),
    });
    layout.map(|route, group| {
        let shared = group.channels.len() > 1;
        let module = modules.claim(&[&value_name(&group.label)]);
        let suffix = if shared { "Socket" } else { "Channel" };
        let trait_name = claim_trait(&mut cx.type_names, &group.label, suffix);
        let mut taken = Scope::reserving(RESERVED_METHODS);
        let channels = group.channels.iter().map(|&id| {
            let own = shared.then(|| {
                let name = channel_name(&cx.document.channels[id]);
                let module = modules.claim(&[&value_name(&name)]);
                (module, claim_trait(&mut cx.type_names, &name, "Channel"))
            });
            let ambiguous = &dispatch[route].inbound.dispatch.ambiguous;
            let arriving = messages[route].inbound.entries();
            let told = arriving.filter(|(message, found)| {
                found.found.channel == id && !ambiguous.contains(message)
            });
            let methods = told.map(|(message, found)| {
                let name = found.found.operation_name().unwrap_or(&found.name);
                let name = value_name(name);
                (message, taken.claim(&[&name, &format!("handle_{name}")]))
            });
            ChannelNames {
                own,
                methods: methods.collect(),
            }
        });
        let channels = channels.collect();
        Names {
            module,
            trait_name,
            channels,
        }
    })
}

/// A name for a trait that no type has; `suffix` sets it apart from a type of the same name.
fn claim_trait(names: &mut Scope, name: &str, suffix: &str) -> String {
    let name = type_name(name);
    let suffixed = format!("{name}{suffix}");
    match ROUTE_NAMES.contains(&name.as_str()) {
        true => names.claim_type(&[&suffixed]),
        false => names.claim_type(&[&name, &suffixed]),
    }
}

/// A name for the type of a payload, or of a part of one.
pub(super) fn claim_payload(names: &mut Scope, name: &str) -> String {
    let name = type_name(name);
    names.claim_type(&[&name, &format!("{name}Payload")])
}
